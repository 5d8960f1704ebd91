"""What a session records can be played back to a driver, and holds nobody's secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.wire.envelope import Packet
from agent.telescope.interface import CameraSettings, CaptureEnd, CaptureReport, Identity, Telescope
from agent.telescope.simulator import Recording, ReplayedDwarf
from agent.telescope.simulator.catalogue import identity
from tests.contract.stage import BASEL, ORION, Contract, Place, Stage
from tests.contract.transports import BYTE_BY_BYTE, DOUBLING, PERFECT, Transport

SETTINGS = CameraSettings(exposure=120, gain=80, filter=1, binning=1, format="TIFF", count=3)
SERIAL = "S3R1AL"
SECRETS = ("devicePwd", "staWifiName", "staWifiPwd", "macAddress", "deviceName", "sn")

Told = tuple[Identity | None, CameraSettings, float, CaptureReport, str | None]


async def session(telescope: Telescope) -> Told:
    await telescope.take_control()
    await telescope.go_live()
    await telescope.apply(Camera.TELE, SETTINGS)
    held = await telescope.read(Camera.TELE)
    await telescope.auto_focus()
    error = await telescope.solve_eq(BASEL)
    await telescope.calibrate(BASEL)
    await telescope.goto(ORION, BASEL)
    await telescope.start_capture(Camera.TELE)
    report = await telescope.follow_capture(Camera.TELE)
    await telescope.go_live()
    return telescope.identity, held, error.azimuth, report, telescope.telemetry.tracking


def record(contract: Contract, path: Path, generation: str, transport: Transport = PERFECT) -> Told:
    async def story(stage: Stage) -> Told:
        return await session(stage.telescope)

    return contract.play(
        story,
        generation=generation,
        transport=transport,
        record=path,
        serial=SERIAL,
        name="ROOF TELESCOPE",
    )


@pytest.mark.parametrize(
    ("generation", "transport"),
    [("v2", PERFECT), ("v2", DOUBLING), ("v3", PERFECT), ("v3", BYTE_BY_BYTE)],
    ids=str,
)
def test_a_recorded_session_can_be_run_again_on_its_recording(
    contract: Contract, tmp_path: Path, generation: str, transport: Transport
) -> None:
    path = tmp_path / "night.jsonl"
    lived = record(contract, path, generation, transport)
    assert lived[1] == SETTINGS
    assert (lived[3].taken, lived[3].end) == (3, CaptureEnd.FINISHED)

    async def again() -> tuple[Told, list[tuple[int, int]]]:
        clock = contract.kind.clock()
        async with ReplayedDwarf(Recording.read(path), clock) as replayed:
            telescope = contract.kind.make(Place("127.0.0.1", replayed.port, replayed.http_port), clock)
            await telescope.open()
            async with clock.timeout(300):
                await telescope.wait_connected()
            told = await session(telescope)
            await telescope.close()
            return told, replayed.unknown

    (who, *rest), unknown = contract.kind.run(again())
    assert unknown == []
    assert rest == list(lived[1:])
    assert who is not None
    assert lived[0] is not None
    assert (who.model, who.firmware, who.generation) == (
        lived[0].model,
        lived[0].firmware,
        lived[0].generation,
    )
    assert who.serial != SERIAL


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_recording_names_no_network_no_password_no_serial_and_no_exact_place(
    contract: Contract, tmp_path: Path, generation: str
) -> None:
    path = tmp_path / "night.jsonl"

    async def story(stage: Stage) -> dict[str, str]:
        await session(stage.telescope)
        assert stage.telescope.identity is not None
        assert stage.telescope.identity.serial == SERIAL
        return identity(stage.sim.device)

    known = contract.play(story, generation=generation, record=path, serial=SERIAL, name="ROOF TELESCOPE")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    frames = [Packet.decode(bytes.fromhex(line["hex"])) for line in lines if "hex" in line]
    assert {11000, 11002, 11005, 15208, 15209} <= {frame.cmd for frame in frames}
    assert any(line.get("http") == "POST /deviceInfo" for line in lines)
    everything = path.read_text(encoding="utf-8") + "".join(
        frame.data.decode("latin-1") + frame.client_id for frame in frames
    )
    for secret in (known[key] for key in SECRETS):
        assert len(secret) >= 6
        assert secret not in everything
    assert "47.5" not in everything
