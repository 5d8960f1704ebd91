"""Faults: reading them, and what each does to a client and to the hardware."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidMessage

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import camera_pb2 as camera
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.simulator import (
    FAULTS,
    Fault,
    FaultError,
    SimulatorOptions,
    fault_from_json,
    parse_fault,
)
from agent.telescope.simulator.faultbox import FaultBox
from agent.telescope.simulator.faults import Busy, DropLink, GotoFails, SlowAnswers
from agent.telescope.simulator.history import FrameTaken, Powered, ShutterClosed
from tests.support.chance import often
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import WireClient, client_of, connected, telescope
from tests.telescope.simulator.test_night import IDLE, ORION, RUNNING, STOPPED, ready

# -- reading ----------------------------------------------------------------------------------------------


def test_a_fault_is_read_from_its_text() -> None:
    assert parse_fault("drop-link:frame=2,refuse_s=10") == DropLink(frame=2, refuse_s=10.0)
    assert parse_fault(" busy : times = 3 ") == Busy(times=3)
    assert parse_fault("goto_fails:late=no,code=-11500") == GotoFails(late=False, code=-11500)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("explode", "There is no fault 'explode'. Known: "),
        ("busy:often=3", "unknown 'often'. It takes times, command."),
        ("busy:times", "'times' is not key=value"),
        ("busy:times=many", "times is a whole number, not 'many'"),
        ("slow-answers:seconds=-1", "seconds is not below 0"),
        ("slow-answers:seconds=nan", "seconds is a finite number"),
        ("goto-fails:late=perhaps", "late is true or false, not 'perhaps'"),
        ("", "There is no fault ''"),
    ],
)
def test_a_fault_that_cannot_be_read_says_why(text: str, complaint: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_fault(text)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("kind", FAULTS.values(), ids=FAULTS.keys())
def test_every_fault_survives_its_json_form_and_explains_itself(kind: type[Fault]) -> None:
    fault = kind()
    assert fault_from_json(fault.to_json()) == fault
    assert kind.help


@settings(deadline=None, max_examples=often(200))
@given(
    st.text()
    | st.sampled_from(sorted(FAULTS)).flatmap(lambda name: st.text().map(lambda rest: f"{name}:{rest}"))
)
def test_reading_a_fault_never_fails_otherwise(text: str) -> None:
    try:
        fault = parse_fault(text)
    except FaultError:
        return
    assert fault_from_json(fault.to_json()) == fault


def test_a_rule_is_used_up_and_heeds_its_command() -> None:
    box = FaultBox([SlowAnswers(times=2, command=11000, seconds=1)])
    assert box.use(SlowAnswers, 11002) is None
    assert box.use(SlowAnswers, 11000) is not None
    assert box.use(SlowAnswers, 11000) is not None
    assert box.use(SlowAnswers, 11000) is None
    assert box.active == {}


# -- the link ---------------------------------------------------------------------------------------------


async def capture_with(client: WireClient) -> None:
    await client.send(11005)
    await client.notice(15208, RUNNING)


def test_a_link_dropped_at_a_frame_costs_no_frame() -> None:
    async def run() -> tuple[int, int, bool]:
        async with connected() as (sim, client):
            await ready(client, frames=12)
            sim.faults.add("drop-link:frame=2,refuse_s=15")
            await capture_with(client)
            with pytest.raises(ConnectionClosed):
                await client.notice(15208, STOPPED)
            taken_then = len(sim.history.of(FrameTaken))
            with pytest.raises((OSError, InvalidMessage)):
                async with client_of(sim):
                    pass
            await asyncio.sleep(16)
            async with client_of(sim) as again:
                await again.ask(10039)
                await again.notice(15208, STOPPED)
            return taken_then, len(sim.history.of(FrameTaken)), sim.faults.active == {}

    assert run_virtual(run()) == (2, 12, True)


def test_a_half_open_link_stays_up_and_says_nothing() -> None:
    async def run() -> bool:
        async with connected() as (sim, client):
            await client.ask(10039)
            sim.faults.add("half-open")
            await asyncio.sleep(1)
            await client.socket.send("ping")
            pong = await client.socket.ping()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3600):
                    await client.ask(10039)
            assert not pong.done()
            async with client_of(sim) as other:
                await other.ask(10039)
            return client.socket.state.name == "OPEN"

    assert run_virtual(run())


def test_refused_connections_come_through_afterwards() -> None:
    async def run() -> int:
        async with telescope(faults="refuse-connection:times=2") as sim:
            for _ in range(2):
                with pytest.raises((OSError, InvalidMessage)):
                    async with client_of(sim):
                        pass
            async with client_of(sim) as client:
                return await client.code(13500)

    assert run_virtual(run()) == 0


def test_slow_answers_are_late_and_notifications_are_not() -> None:
    async def run() -> tuple[float, float]:
        async with connected(faults="slow-answers:seconds=7,command=13500") as (_, client):
            await client.send(13500)
            echo = await client.notice(15221)
            answer = await client.until(lambda one: one.cmd == 13500)
            return echo.at, answer.at

    echo, answer = run_virtual(run())
    assert answer - echo >= 7


def test_answers_can_come_twice_and_later_again() -> None:
    async def run() -> list[float]:
        async with connected(faults="duplicate-answers:times=1,copies=3,later_s=5") as (_, client):
            await client.send(13500)
            for _ in range(3):
                await client.until(lambda one: one.cmd == 13500)
            return [frame.at for frame in client.frames if frame.cmd == 13500]

    first, second, third = run_virtual(run())
    assert second - first >= 5
    assert third - first >= 5


@pytest.mark.parametrize(
    ("fault", "moved"), [("no-answer:command=11002", True), ("deaf:command=11002", False)]
)
def test_silence_with_and_without_obedience(fault: str, moved: bool) -> None:
    async def run() -> tuple[bool, bool]:
        async with connected(faults=fault, calibrated=True) as (sim, client):
            await client.send(11002, ORION)
            await asyncio.sleep(100)
            await client.ask(10039)
            return any(one.cmd == 11002 for one in client.frames), sim.state.pointing.tracking

    assert run_virtual(run()) == (False, moved)


def test_garbled_and_truncated_frames_are_what_they_say() -> None:
    async def run() -> list[bytes]:
        async with connected() as (sim, client):
            raw: list[bytes] = []
            for fault in (None, "truncated-frames:times=1", "garbled-frames:times=1"):
                if fault is not None:
                    sim.faults.add(fault)
                await client.send(11009)
                frame = await client.socket.recv()
                assert isinstance(frame, bytes)
                raw.append(frame)
            return raw

    good, cut, garbled = run_virtual(run())
    assert cut == good[: len(good) // 2]
    assert garbled != good
    assert len(garbled) == len(good)


def test_missing_pongs_unknown_and_double_notifications() -> None:
    async def run() -> tuple[list[str], list[int]]:
        async with connected(
            faults=["no-pong", "unknown-notifications:command=15221", "duplicate-notifications:command=15221"]
        ) as (_, client):
            await client.socket.send("ping")
            await client.ask(13500)
            return client.texts, [frame.cmd for frame in client.frames]

    assert run_virtual(run()) == ([], [15399, 15221, 15221, 13500])


# -- who controls -----------------------------------------------------------------------------------------


def test_another_client_takes_the_lock_and_gives_it_back() -> None:
    async def run() -> list[notify.HostSlaveMode]:
        async with connected() as (sim, client):
            await client.ask(10039)
            sim.faults.add("take-control:for_s=60")
            await client.notice(15223)
            await client.notice(15223)
            return [notify.HostSlaveMode.FromString(data) for data in client.told(15223)]

    assert [(one.mode, one.lock) for one in run_virtual(run())] == [(0, False), (1, True), (0, False)]


@pytest.mark.parametrize("announced", ["yes", "no"])
def test_who_took_the_lock_is_gone_when_the_telescope_was_off(announced: str) -> None:
    async def run() -> bool:
        async with connected() as (sim, _):
            sim.faults.add("take-control:for_s=3600")
            sim.faults.add(f"power-off:announced={announced}")
            await sim.clock.sleep(10)
            sim.device.start("power", sim.device.power_on())
            await sim.clock.sleep(1)
            async with client_of(sim) as again:
                await again.ask(10039)
                return notify.HostSlaveMode.FromString(again.told(15223)[-1]).mode == 0

    assert run_virtual(run())


def test_an_occupied_telescope_closes_with_its_reason() -> None:
    async def run() -> str:
        async with telescope(faults="occupied:times=1") as sim:
            async with client_of(sim) as client:
                with pytest.raises(ConnectionClosed):
                    await client.until(lambda _: False)
                reason = client.socket.close_reason
            async with client_of(sim) as again:
                await again.ask(10039)
            return reason or ""

    assert run_virtual(run()) == "DEVICE_OCCUPIED"


# -- the hardware -----------------------------------------------------------------------------------------


def test_busy_a_number_of_times() -> None:
    async def run() -> list[int]:
        async with connected(faults="busy:times=2") as (_, client):
            return [await client.code(11000) for _ in range(3)]

    assert run_virtual(run()) == [-11501, -11501, 0]


def test_a_goto_fails_late_and_then_succeeds() -> None:
    async def run() -> tuple[list[int], list[bytes], bool]:
        async with connected(faults="goto-fails:times=1", calibrated=True) as (sim, client):
            await client.send(11002, ORION)
            await client.notice(15211, IDLE)
            answers = [one for one in client.frames if one.cmd == 11002]
            await client.send(11002, ORION)
            await client.notice(15212)
            codes = [astro.StartCaptureAnswer.FromString(one.data).code for one in answers]
            return codes, client.told(15212), sim.state.pointing.tracking

    codes, tracking, tracks = run_virtual(run())
    assert codes == [0, -11505]
    assert len(tracking) == 1
    assert tracks


@pytest.mark.parametrize("fault", ["calibration-fails:times=1", "solving-fails"])
def test_a_calibration_that_fails_says_so_before_it_is_idle(fault: str) -> None:
    async def run() -> tuple[list[tuple[int, bytes]], bool]:
        async with connected(faults=fault) as (sim, client):
            await client.send(11000)
            await client.notice(15210, IDLE)
            told = [(one.cmd, one.data) for one in client.frames if one.cmd in (11000, 15210)]
            return told, sim.state.calibrated

    told, calibrated = run_virtual(run())
    refused = (11000, bytes.fromhex("0890a6ffffffffffffff01"))  # -11504
    assert told.index(refused) == len(told) - 3
    assert not calibrated


def test_a_setting_can_be_swallowed() -> None:
    async def run() -> tuple[int, int]:
        async with connected(faults="setting-ignored:setting=exposure,times=1") as (sim, client):
            await client.ask(10000)
            code = await client.code(10009, camera.SetIndex(index=156))
            return code, sim.state.cameras[0].exposure

    assert run_virtual(run()) == (0, 75)


@pytest.mark.parametrize(
    ("fault", "taken", "stacked", "reason"),
    [
        ("ends-early:at=4", 4, 4, "ended early"),
        ("stacks-fewer:every=2", 6, 3, "finished"),
        ("storage-full:frame=3", 3, 3, "storage full"),
    ],
)
def test_captures_that_end_with_less(fault: str, taken: int, stacked: int, reason: str) -> None:
    async def run() -> ShutterClosed:
        async with connected(faults=fault) as (sim, client):
            await ready(client, frames=6)
            await client.send(11005)
            await client.notice(15208, STOPPED)
            return sim.history.of(ShutterClosed)[0]

    closed = run_virtual(run())
    assert (closed.taken, closed.stacked, closed.reason) == (taken, stacked, reason)


@pytest.mark.parametrize(("fault", "taken"), [("never-ends:at=2", 2), ("never-ends", 3)])
def test_a_capture_that_never_ends_can_still_be_stopped(fault: str, taken: int) -> None:
    async def run() -> ShutterClosed:
        async with connected(faults=fault) as (sim, client):
            await ready(client, frames=3)
            await capture_with(client)
            await asyncio.sleep(3600)
            assert not sim.history.of(ShutterClosed)
            await client.send(11006)
            await client.notice(15208, STOPPED)
            return sim.history.of(ShutterClosed)[0]

    closed = run_virtual(run())
    assert (closed.taken, closed.reason) == (taken, "stopped")


def test_a_reboot_in_the_middle_loses_the_capture_and_comes_back() -> None:
    async def run() -> tuple[list[str], ShutterClosed, bytes | None]:
        async with connected(faults="reboot:frame=2,down_s=30") as (sim, client):
            await ready(client, frames=9)
            await capture_with(client)
            with pytest.raises(ConnectionClosed):
                await client.notice(15208, STOPPED)
            assert client.told(15229)
            await asyncio.sleep(40)
            async with client_of(sim) as again:
                await again.ask(10039)
                running = again.told(15208)
            powered = [one.state for one in sim.history.of(Powered)]
            return powered, sim.history.of(ShutterClosed)[0], running[0] if running else None

    powered, closed, running = run_virtual(run())
    assert powered == ["rebooting", "on"]
    assert (closed.taken, closed.reason) == (2, "lost")
    assert running is None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("overheating:temperature_c=61,after_s=5", "overheated"), ("power-off:after_s=5", "fault")],
)
def test_some_faults_switch_the_telescope_off(fault: str, reason: str) -> None:
    async def run() -> tuple[str, str]:
        async with connected(faults=fault) as (sim, client):
            with pytest.raises(ConnectionClosed):
                await client.until(lambda _: False)
            return sim.power, sim.history.of(Powered)[0].reason

    assert run_virtual(run()) == ("off", reason)


def test_a_low_battery_is_told_and_runs_out() -> None:
    async def run() -> tuple[int, str]:
        async with connected(faults="low-battery:percent=2,after_s=1") as (sim, client):
            told = (await client.notice(15201)).read(notify.Battery).percentage
            with pytest.raises(ConnectionClosed):
                await client.until(lambda _: False)
            return told, sim.history.of(Powered)[0].reason

    assert run_virtual(run()) == (2, "battery empty")


def test_every_fault_is_in_the_manual() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
    assert [name for name in FAULTS if f"`{name}`" not in manual] == []


def test_every_option_is_in_the_manual() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
    assert [one.name for one in fields(SimulatorOptions) if f"`{one.name}`" not in manual] == []
