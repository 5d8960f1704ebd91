"""The driver with newer firmware as owners meet it: control, other clients, charging, models nobody knows."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.telescope.dwarf.charging import ChargingTrend
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.connection import SILENT_LIMIT_S
from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.dwarf.proto import notify_pb2
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfOptions, DwarfTelescope
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.dwarf.wire.notifications import charging
from agent.telescope.errors import HeldByOtherError
from agent.telescope.interface import CameraSettings, ConnectionChanged, ConnectionState
from tests.support.virtual_loop import run_virtual
from tests.telescope.dwarf.peer import Behaviour, Peer, answer, peer
from tests.telescope.dwarf.support import BASEL, NIGHT, Bench, bench, on_bench
from tests.telescope.simulator.client import client_of

REASONS = ("reason", "empty")


# -- control ----------------------------------------------------------------------------------------------


def test_there_is_no_lock_to_ask_for() -> None:
    async def run(b: Bench) -> None:
        began = b.clock.monotonic()
        await b.telescope.take_control()
        await b.telescope.release_control()
        await b.telescope.take_control()
        assert b.clock.monotonic() - began < 1
        assert 13004 not in [one.cmd for one in b.sim.received]

    on_bench(run)


def test_whoever_only_looks_on_has_no_control() -> None:
    async def run() -> None:
        async with bench(exclusive=False, connect=False) as b:
            await b.connected()
            b.sim.faults.add("take-control:for_s=60")
            await b.clock.sleep(1)
            assert b.telescope.connection is ConnectionState.HELD_BY_OTHER
            with pytest.raises(HeldByOtherError):
                await b.telescope.take_control()
            await b.clock.sleep(60)
            await b.telescope.take_control()

    run_virtual(run())


@pytest.mark.parametrize("occupied", REASONS)
def test_a_telescope_that_the_app_holds_is_held_by_another(occupied: str) -> None:
    async def run() -> None:
        async with bench(connect=False, habits={"occupied": occupied}) as b:
            await b.telescope.close()
            async with client_of(b.sim, client_id="app") as app:
                await app.ask(16405)
                second = b.another()
                seen: list[ConnectionState] = []
                second.listen(lambda one: isinstance(one, ConnectionChanged) and seen.append(one.state))
                await second.open()
                await b.clock.sleep(70)
                assert second.connection is ConnectionState.HELD_BY_OTHER
                assert ConnectionState.CONNECTED not in seen
                assert seen.count(ConnectionState.HELD_BY_OTHER) <= 4  # asked seldom
            async with b.clock.timeout(90):
                await second.wait_connected()
            await second.close()

    run_virtual(run())


@pytest.mark.parametrize("occupied", REASONS)
def test_a_telescope_taken_in_mid_session_is_held_by_another(
    occupied: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(b: Bench) -> None:
        b.sim.faults.add("take-control:for_s=120")
        await b.clock.sleep(5)
        assert b.telescope.connection is ConnectionState.HELD_BY_OTHER
        assert [one.state for one in b.events if isinstance(one, ConnectionChanged)][-1] is (
            ConnectionState.HELD_BY_OTHER
        )
        await b.clock.sleep(240)
        assert b.telescope.connection is ConnectionState.CONNECTED

    on_bench(run, habits={"occupied": occupied})
    assert "Close the phone app" in caplog.text
    assert "on this network" not in caplog.text, "it is there, and answers"


def test_the_link_stands_while_pongs_are_late() -> None:
    async def run(b: Bench) -> None:
        await b.aimed(frames=120)
        await b.telescope.start_capture(Camera.TELE)
        report = await b.telescope.follow_capture(Camera.TELE)
        assert report.taken == 120
        states = [one.state for one in b.events if isinstance(one, ConnectionChanged)]
        assert states == [ConnectionState.CONNECTING, ConnectionState.CONNECTED]

    assert SILENT_LIMIT_S >= 30
    on_bench(run)


@pytest.mark.parametrize(
    ("fault", "said"),
    [("answer-code:command=13001,code=-13301", "-13301"), ("no-answer:command=13001,times=0", "13001")],
)
@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_zone_the_telescope_does_not_know_is_no_failure(
    generation: str, fault: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.set_time(NIGHT, "Europe/Zurich", BASEL)
        assert [one.request.timezone_offset for one in b.sim.received if one.cmd == 13000] == [1.0]

    on_bench(run, fault, generation=generation)
    assert said in caplog.text


# -- charging ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "generation", "told"),
    [
        (0, Generation.V3, False),
        (1, Generation.V3, None),
        (2, Generation.V3, True),
        (0, Generation.V2, False),
        (1, Generation.V2, True),
        (2, Generation.V2, True),
    ],
)
def test_what_the_state_alone_says_of_charging(state: int, generation: Generation, told: bool | None) -> None:
    assert charging(notify_pb2.Charging(state=state), generation).charging is told


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([50], None),
        ([50, 49, 50, 49], None),
        ([50, 49, 48], False),
        ([50, 51], True),
        ([50, 48, 49], False),
        ([50, 48, 50], True),
        ([50, 51, 50, 49], False),
    ],
)
def test_a_doubtful_state_is_decided_by_the_level(levels: list[int], found: bool | None) -> None:
    trend = ChargingTrend()
    trend.level(levels[0])
    trend.told(None)
    for level in levels[1:]:
        trend.told(None)  # said again with every snapshot
        trend.level(level)
    assert trend.charging is found


@given(st.lists(st.integers(0, 100), min_size=1), st.booleans())
def test_what_was_told_plainly_is_believed_whatever_the_level(levels: list[int], told: bool) -> None:
    trend = ChargingTrend()
    trend.told(told)
    for level in levels:
        trend.level(level)
    assert trend.charging is told


@given(st.lists(st.integers(-3, 0), min_size=1, max_size=30))
def test_a_battery_that_only_falls_never_counts_as_charging(falls: list[int]) -> None:
    trend, level = ChargingTrend(), 100
    trend.told(None)
    for fall in falls:
        level += fall
        trend.level(level)
        assert trend.charging is not True
    assert (trend.charging is False) >= (sum(falls[1:]) <= -4)


def test_what_the_level_showed_is_forgotten_with_the_link() -> None:
    trend = ChargingTrend()
    trend.level(50)
    trend.told(None)
    trend.level(51)
    assert trend.charging is True
    trend.forget()
    trend.told(None)
    trend.level(40)  # what it lost meanwhile says nothing of now
    assert trend.charging is None


@pytest.mark.parametrize(
    ("habit", "charges", "at_once", "later"),
    [
        ("one_is_battery", False, None, False),
        ("one_is_battery", True, True, True),
        ("one_is_slow", False, False, False),
        ("one_is_slow", True, None, True),
    ],
)
def test_charging_is_found_out_in_either_reading(
    habit: str, charges: bool, at_once: bool | None, later: bool
) -> None:
    async def run(b: Bench) -> None:
        assert b.telescope.telemetry.charging is at_once
        await b.clock.sleep(3 * 3600)
        assert b.telescope.telemetry.charging is later

    on_bench(run, charging=charges, battery=50.0, habits={"charging": habit})


# -- who it is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "device_id", "word"), [("D3 Plus", 3, "DWARF 3 PLUS"), ("foreign", 9, "STARGAZER")]
)
def test_a_telescope_nobody_knows_is_driven_as_a_dwarf_3_and_said_to_be(
    model: str, device_id: int, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(b: Bench) -> None:
        identity = b.telescope.identity
        assert identity is not None
        assert (identity.model, identity.device_id, identity.name) == ("D3", device_id, word)
        assert str(device_id) in identity.doubt
        assert "driven as a Dwarf 3" in identity.doubt
        b.sim.faults.add("drop-link")
        await b.clock.sleep(60)
        assert b.telescope.connection is ConnectionState.CONNECTED
        await b.aimed(frames=2)
        await b.telescope.start_capture(Camera.TELE)
        assert (await b.telescope.follow_capture(Camera.TELE)).taken == 2

    with caplog.at_level(logging.WARNING):
        on_bench(run, model=model)
    assert caplog.text.count("driven as a Dwarf 3") == 1


def test_a_telescope_nobody_knows_is_driven_with_the_tables_it_gives() -> None:
    async def run(b: Bench) -> None:
        tele = b.telescope.capabilities.cameras[Camera.TELE]
        assert tele.exposures[-1].index == 168  # a Dwarf 3 ends at 165
        assert [one.value for one in tele.filters] == [1, 2]
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=168, gain=40, filter=2, count=1))
        assert (await b.telescope.read(Camera.TELE)).exposure == 168

    on_bench(run, model="foreign")


def test_the_owner_knows_better_what_a_telescope_nobody_knows_is_like() -> None:
    async def run(b: Bench) -> None:
        assert b.telescope.identity is not None
        assert b.telescope.identity.model == "mini"
        assert "driven as a Dwarf mini" in b.telescope.identity.doubt

    on_bench(run, model="foreign", options=DwarfOptions(model="mini"))


@pytest.mark.parametrize("asked", ["record", "record_unknown"])
def test_all_a_telescope_nobody_knows_says_is_in_the_recording(tmp_path: Path, asked: str) -> None:
    record = tmp_path / "new" / "night.jsonl"
    record.parent.mkdir()

    async def run(b: Bench) -> None:
        await b.telescope.go_live()

    on_bench(run, model="foreign", options=DwarfOptions(**{asked: record}))
    told = record.read_text(encoding="utf-8")
    assert "STARGAZER" in told
    assert "getParamAndSetting" in told
    assert told.count('"dir":"in"') >= 2


def test_what_a_known_telescope_says_is_recorded_only_when_asked_for(tmp_path: Path) -> None:
    async def run(b: Bench) -> None:
        await b.telescope.go_live()

    on_bench(run, model="D3", options=DwarfOptions(record_unknown=tmp_path / "unknown.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_the_recording_of_a_telescope_nobody_knows_has_an_end(tmp_path: Path) -> None:
    recorder = Recorder(None, lambda: datetime(2026, 3, 12, tzinfo=UTC))
    for _ in range(3):
        recorder.event("connected")
    path = tmp_path / "Results" / "unknown.jsonl"
    recorder.keep(path, limit_bytes=200)
    for _ in range(50):
        recorder.event("lost")
    recorder.close()
    assert 100 < path.stat().st_size <= 200
    assert path.read_text(encoding="utf-8").count("connected") >= 1


def test_without_http_the_number_in_any_packet_tells_the_model() -> None:
    async def mini_without_notices(far: Peer, socket: ServerConnection) -> None:
        while True:
            packet = await far.read(socket)
            data = b"\x38\x00" if packet.cmd == 16405 else b""
            await answer(socket, packet.cmd, data)

    async def run() -> None:
        async with on_peer(mini_without_notices) as telescope:
            assert telescope.identity is not None
            assert (telescope.identity.model, telescope.identity.device_id) == ("D3", 2)
            assert not telescope.identity.doubt

    run_virtual(run())


def test_a_telescope_that_never_says_what_it_is_does_not_hold_up_the_night() -> None:
    async def nameless(far: Peer, socket: ServerConnection) -> None:
        while True:
            await far.read(socket)  # says nothing at all

    async def run() -> None:
        async with on_peer(nameless) as telescope:
            assert telescope.identity is not None
            assert telescope.identity.model == "D3"
            assert "does not say" in telescope.identity.doubt

    run_virtual(run())


@asynccontextmanager
async def on_peer(behaviour: Behaviour) -> AsyncIterator[DwarfTelescope]:
    """A driver connected to a telescope without HTTP, within two of its minutes."""
    clock = LoopClock(NIGHT)
    async with peer(behaviour) as far:
        telescope = DwarfTelescope(DwarfAddress("127.0.0.1", far.port, 1), clock=clock, rng=random.Random(1))
        await telescope.open()
        try:
            async with clock.timeout(2 * Limits().identify):
                await telescope.wait_connected()
            yield telescope
        finally:
            await telescope.close()


# -- parking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "pitch"), [("D2", 150.5), ("D3", 169.0), ("mini", 183.0)])
def test_each_model_is_parked_where_others_park_it_and_its_rotation_is_left_alone(
    model: str, pitch: float
) -> None:
    async def run(b: Bench) -> None:
        b.sim.state.pointing.homed = False
        await b.telescope.park()
        assert b.sim.state.pointing.pitch == pitch
        moved = [one.request.id for one in b.sim.received if one.cmd in (14001, 14003)]
        assert set(moved) == {2}

    on_bench(run, model=model)
