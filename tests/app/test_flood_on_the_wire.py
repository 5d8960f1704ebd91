"""A telescope that floods the agent with nonsense in the middle of a capture: the night is as it was."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Iterator

import pytest
from google.protobuf.message import Message

from agent.telescope.dwarf.proto import common_pb2, notify_pb2, param_pb2, schedule_pb2
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.dwarf.wire.commands import Cmd, module_of
from agent.telescope.dwarf.wire.envelope import Packet
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import FrameTaken, ShutterClosed
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.virtual_loop import run_virtual

MOST, LEAST = 2**31 - 1, -(2**31)
LONG = "M 42 " * 20_000
ABSURD: list[tuple[int, Message]] = [
    (15201, notify_pb2.Battery(percentage=LEAST)),
    (15202, notify_pb2.Charging(state=MOST)),
    (15203, notify_pb2.Storage(available_size=LEAST, total_size=MOST)),
    (15208, notify_pb2.CameraOperation(state=99)),
    (15208, notify_pb2.CameraOperation(state=LEAST, camera=MOST)),
    (15209, notify_pb2.StackingProgress(update_count_type=2, current_count=MOST, total_count=MOST)),
    (15209, notify_pb2.StackingProgress(update_count_type=2, current_count=LEAST, stacked_count=LEAST)),
    (15209, notify_pb2.StackingProgress(update_count_type=77, current_count=5, target_name=LONG)),
    (15210, notify_pb2.CalibrationState(state=MOST, plate_solving_times=LEAST)),
    (15211, notify_pb2.GotoState(state=LEAST, target_name=LONG)),
    (15212, notify_pb2.TrackingState(state=1, target_name=LONG)),
    (15243, notify_pb2.BodyTemperature(temperature=MOST)),
    (15248, schedule_pb2.ScheduleChanged(id=LONG, state=MOST)),
    (15256, notify_pb2.CalibrationResult(azi=math.nan, alt=math.inf)),
    (15263, notify_pb2.MosaicProgress(fov_id=MOST, fov_total=MOST, current_count=MOST)),
    (15264, notify_pb2.IntParam(param_id=-1, mode=LEAST, value=MOST)),
    (15288, notify_pb2.LongExposure(total_time=math.inf, exposed_time=math.nan)),
    (15292, notify_pb2.SensorTemperature(camera=MOST, temperature=LEAST)),
]


def nonsense(rng: random.Random) -> Iterator[bytes]:
    """Absurd news, answers that nobody asked for, of every type, and bytes that are nothing."""
    for cmd, message in ABSURD:
        yield Packet(9, cmd, 2, message.SerializeToString(), device_id=2).encode()
    for cmd in Cmd:
        for kind in (0, 1, 3, 77):
            code = common_pb2.ComResponse(code=rng.choice([-1, -11501, -11505, MOST, LEAST]))
            yield Packet(module_of(cmd), cmd, kind, code.SerializeToString(), device_id=2).encode()
    for _ in range(300):
        yield Packet(9, rng.randrange(15_000, 2**31), 2, rng.randbytes(40), device_id=2).encode()
        told = param_pb2.SetIntParam(param_id=rng.randrange(2**63), value=1)
        yield Packet(9, 15264, 2, told.SerializeToString(), device_id=2).encode()
    yield b""
    yield rng.randbytes(100_000)


@pytest.mark.parametrize("generation", ["v3", pytest.param("v2", marks=pytest.mark.soak)])
def test_a_flood_of_nonsense_in_a_capture_changes_no_frame_and_no_word(
    observatory: Callable[..., Observatory], caplog: pytest.LogCaptureFixture, generation: str
) -> None:
    rng = random.Random(7)

    async def night() -> None:
        place = observatory()
        options = SimulatorOptions.from_mapping(
            {"model": "D3", "generation": generation, "site": PARIS, "calibrated": True, "strict": True}
        )
        async with SimulatedDwarf(options, place.clock) as sim:
            address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
            place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
            place.drop("a.json", session())
            async with place.open():
                await place.until(lambda: len(sim.history.of(FrameTaken)) == 3)
                before, begun = place.said("telemetry")[-1], time.process_time()
                published = len(place.broker.all("#"))
                for _ in range(10):
                    for frame in nonsense(rng):
                        await sim.clients.clients[0].connection.send(frame)
                await place.clock.sleep(8)
                assert time.process_time() - begun < 20
                assert len(place.broker.all("#")) - published < 100
                telemetry = place.said("telemetry")[-1]
                known = ("battery", "temperature", "storage")
                assert {key: telemetry[key] for key in known} == {key: before[key] for key in known}
                await place.sessions_ended(1)
            (result,) = place.results
            assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
            assert [(one.taken, one.reason) for one in sim.history.of(ShutterClosed)] == [(12, "finished")]
            assert LONG[:2000] not in str(place.broker.all("#"))

    run_virtual(night())
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []
