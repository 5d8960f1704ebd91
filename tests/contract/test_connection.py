"""Finding out who it is, holding it and letting it go, what it tells unasked, and several at once."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import ConnectionClosed

from agent.capabilities import Camera
from agent.telescope.dwarf.models import capabilities_for
from agent.telescope.dwarf.proto import system_pb2
from agent.telescope.errors import HeldByOtherError, RefusedError, UnreachableError
from agent.telescope.interface import (
    CameraSettings,
    CaptureProgress,
    ConnectionChanged,
    ConnectionState,
    TelemetryReport,
)
from agent.telescope.simulator.history import MotorMoved, Powered, ShutterClosed
from tests.contract.stage import BASEL, ORION, Contract, Stage, staged
from tests.contract.transports import BYTE_BY_BYTE, DOUBLING, DROPPING, SLOW, Transport
from tests.telescope.simulator.client import client_of

both = pytest.mark.parametrize("generation", ["v2", "v3"])


@pytest.mark.parametrize(
    ("generation", "model", "transport"),
    [
        ("v2", "D2", BYTE_BY_BYTE),
        ("v2", "D3", SLOW),
        ("v2", "mini", DOUBLING),
        ("v3", "D2", SLOW),
        ("v3", "D3", DOUBLING),
        ("v3", "mini", BYTE_BY_BYTE),
    ],
    ids=str,
)
def test_it_says_who_it_is_and_what_it_can_do(
    contract: Contract, generation: str, model: str, transport: Transport
) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        identity = telescope.identity
        assert identity is not None
        assert (identity.model, identity.generation.lower()) == (model, generation)
        assert identity.serial == "C0FFEE42"
        assert identity.firmware
        assert telescope.connection is ConnectionState.CONNECTED
        assert ConnectionState.CONNECTED in [
            event.state for event in stage.events if isinstance(event, ConnectionChanged)
        ]
        assert set(telescope.streams) == {"tele", "wide", "tele_jpeg", "wide_jpeg"}
        assert all("127.0." in address for address in telescope.streams.values())
        await telescope.apply(Camera.TELE, CameraSettings(count=5))
        known, told = capabilities_for(model), telescope.capabilities
        for camera in Camera:
            mine, theirs = known.cameras[camera], told.cameras[camera]
            assert theirs.exposures == mine.exposures
            assert set(theirs.gains) <= set(mine.gains)
            assert len(theirs.gains) >= 10 or theirs.gains == mine.gains
            assert set(theirs.filters) <= set(mine.filters)
            assert bool(theirs.filters) is bool(mine.filters)
            assert theirs.binnings == (mine.binnings if (generation, model) != ("v3", "D2") else ())

    contract.play(story, generation=generation, model=model, transport=transport, serial="C0FFEE42")


@both
def test_control_is_taken_given_back_and_taken_again(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        for _ in range(2):
            await stage.telescope.take_control()
            await stage.telescope.release_control()

    contract.play(story, generation=generation)


@both
def test_while_another_holds_it_commands_say_so_and_afterwards_they_work(
    contract: Contract, generation: str
) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        await telescope.take_control()
        stage.sim.faults.add("take-control:for_s=300")
        await stage.clock.sleep(5)
        for command in (
            telescope.take_control,
            telescope.go_live,
            telescope.auto_focus,
            lambda: telescope.goto(ORION, BASEL),
            lambda: telescope.start_capture(Camera.TELE),
        ):
            with pytest.raises(HeldByOtherError):
                await command()
        assert telescope.connection is ConnectionState.HELD_BY_OTHER
        assert telescope.telemetry.host is (False if generation == "v2" else None)  # newer firmware hangs up
        assert stage.received(11010, 15004, 11002, 11005) == []
        await stage.clock.sleep(400)
        await stage.connected()
        await telescope.take_control()
        await telescope.go_live()
        assert telescope.connection is ConnectionState.CONNECTED
        assert telescope.telemetry.host is True

    contract.play(story, generation=generation)


def test_a_telescope_that_turns_clients_away_is_held_until_it_takes_one(contract: Contract) -> None:
    async def story(stage: Stage) -> None:
        await stage.clock.sleep(5)
        assert stage.telescope.connection is ConnectionState.HELD_BY_OTHER
        with pytest.raises(HeldByOtherError):
            await stage.telescope.take_control()
        assert stage.network.connections < 4  # it is not stormed
        await stage.connected()
        await stage.telescope.take_control()

    contract.play(story, "occupied:times=2", generation="v3", connect=False)


def test_on_newer_firmware_the_second_client_waits_for_the_first(contract: Contract) -> None:
    async def story(stage: Stage) -> None:
        await stage.telescope.take_control()
        other = asyncio.create_task(stage.another())
        await stage.clock.sleep(90)
        assert not other.done()
        await stage.telescope.close()
        second = await other
        await second.take_control()
        assert second.telemetry.host is True

    contract.play(story, generation="v3", exclusive=True)


def test_the_phone_app_gets_the_telescope_when_it_was_let_go_and_not_before(contract: Contract) -> None:
    lock = system_pb2.SetMasterLock(lock=True)

    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        await telescope.take_control()
        async with client_of(stage.sim, client_id="phone") as app:
            await app.ask(13004, lock)
            assert app.told(15223)[-1] == b"\x08\x01\x10\x01"  # a slave, and the lock is held
            await telescope.go_live()
            await telescope.release_control()
            await app.ask(13004, lock)
            assert app.told(15223)[-1] == b"\x10\x01"  # host, and the lock is held
            await stage.clock.sleep(1)
            assert telescope.connection is ConnectionState.HELD_BY_OTHER
            with pytest.raises(HeldByOtherError):
                await telescope.take_control()
        await stage.clock.sleep(1)
        await telescope.take_control()
        await telescope.go_live()
        assert telescope.connection is ConnectionState.CONNECTED

    contract.play(story, generation="v2")


def test_the_phone_app_gets_newer_firmware_when_we_have_gone_and_not_before(contract: Contract) -> None:
    async def story(stage: Stage) -> None:
        await stage.telescope.take_control()
        async with client_of(stage.sim, client_id="phone") as app:
            with pytest.raises(ConnectionClosed):
                await app.ask(16405)
            assert app.socket.close_code == 4409
        await stage.telescope.go_live()
        await stage.telescope.close()
        async with client_of(stage.sim, client_id="phone") as app:
            await app.ask(16405)
            await stage.telescope.open()
            await stage.clock.sleep(60)
            assert stage.telescope.connection is ConnectionState.HELD_BY_OTHER
            with pytest.raises(HeldByOtherError):
                await stage.telescope.take_control()
        await stage.connected()
        await stage.telescope.take_control()

    contract.play(story, generation="v3")


@both
def test_time_zone_and_place_arrive(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.telescope.set_time(stage.clock.now(), "America/St_Johns", BASEL)
        (time,) = [one.request for one in stage.sim.received if one.cmd == 13000]
        assert time.timestamp == int(stage.clock.now().timestamp())
        assert time.timezone_offset == -3.5
        assert stage.sim.state.timezone == "America/St_Johns"
        assert abs(stage.sim.state.time_offset.total_seconds()) < 2
        if generation == "v3":
            assert stage.sim.state.site is not None
            assert (stage.sim.state.site.latitude, stage.sim.state.site.longitude) == (47.5, 7.6)
        with pytest.raises(RefusedError, match="Middle/Earth"):
            await stage.telescope.set_time(stage.clock.now(), "Middle/Earth", None)

    contract.play(story, generation=generation, site=None)


@pytest.mark.parametrize(
    ("generation", "transport"),
    [("v2", DOUBLING), ("v3", BYTE_BY_BYTE), ("v2", SLOW), ("v3", DROPPING)],
    ids=str,
)
def test_telemetry_is_the_truth_told_once(contract: Contract, generation: str, transport: Transport) -> None:
    async def story(stage: Stage) -> None:
        stage.sim.faults.add("low-battery:percent=31")
        stage.sim.faults.add("storage-full:available_gb=7")
        stage.sim.faults.add("overheating:temperature_c=44")
        await stage.clock.sleep(900)
        await stage.connected()
        body, told = stage.sim.state.body, stage.telescope.telemetry
        assert told.battery == pytest.approx(body.battery, abs=1)
        # with newer firmware the level decides, and a link that breaks makes it forget
        unknown = generation == "v3" and transport.lasts is not None
        assert told.charging is False or (unknown and told.charging is None)
        assert told.temperature == pytest.approx(body.temperature + body.heat, abs=1.5)
        assert (told.storage_free_gb, told.storage_total_gb) == (7, body.total_gb)
        assert told.focus_position == stage.sim.state.focus.position
        assert told.host is True
        reports = [event.telemetry for event in stage.events if isinstance(event, TelemetryReport)]
        assert reports[-1] == told
        assert all(one != other for one, other in itertools.pairwise(reports))
        assert len(reports) < 900 / 4

    contract.play(story, generation=generation, transport=transport)


@both
def test_counts_of_a_capture_only_grow(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.captured(2)
        counts = [event.taken for event in stage.events if isinstance(event, CaptureProgress)]
        assert counts == sorted(counts)
        assert (1 in counts, counts[-1]) == (True, 2)

    contract.play(story, generation=generation)


@both
def test_restarting_and_switching_off_are_expected(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.telescope.reboot()
        await stage.clock.sleep(5)
        assert stage.telescope.connection is ConnectionState.CONNECTING
        with pytest.raises(UnreachableError):
            await stage.telescope.go_live()
        await stage.connected()
        await stage.telescope.shutdown()
        await stage.clock.sleep(5)
        assert stage.sim.power == "off"
        assert [one.state for one in stage.sim.history.of(Powered)] == ["rebooting", "on", "off"]
        await stage.clock.sleep(600)
        assert stage.telescope.connection is ConnectionState.CONNECTING

    contract.play(story, generation=generation)


@both
def test_parking_folds_it(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.captured(2)
        await stage.telescope.park()
        assert not stage.sim.state.pointing.tracking
        assert [(one.motor, one.position) for one in stage.sim.history.of(MotorMoved)] == [
            (2, 317 if generation == "v2" else 169)
        ]

    contract.play(story, generation=generation)


def test_several_telescopes_in_one_process_share_nothing(contract: Contract) -> None:
    async def run() -> None:
        clock = contract.kind.clock()
        kinds = [("v2", "D2", 2), ("v3", "D3", 3), ("v3", "mini", 4)]
        async with AsyncExitStack() as stack:
            stages = [
                await stack.enter_async_context(
                    staged(contract.kind, generation=generation, model=model, clock=clock)
                )
                for generation, model, _ in kinds
            ]
            reports = await asyncio.gather(
                *(stage.captured(frames) for stage, (_, _, frames) in zip(stages, kinds, strict=True))
            )
            assert [report.taken for report in reports] == [2, 3, 4]
            for stage, (_, model, frames) in zip(stages, kinds, strict=True):
                assert stage.telescope.capabilities.model == model
                assert [one.taken for one in stage.sim.history.of(ShutterClosed)] == [frames]
                stage.sim.faults.add("low-battery:percent=9")
                await stage.clock.sleep(1)
                assert [one.telescope.telemetry.battery == 9 for one in stages].count(True) == (
                    stages.index(stage) + 1
                )

    contract.kind.run(run())


def test_closing_is_harmless_at_any_time(contract: Contract) -> None:
    async def story(stage: Stage) -> None:
        focusing = asyncio.create_task(stage.telescope.auto_focus())
        await stage.clock.sleep(3)
        await stage.telescope.close()
        await stage.telescope.close()
        with pytest.raises(UnreachableError):
            await focusing
        assert stage.telescope.connection is ConnectionState.CLOSED
        with pytest.raises(UnreachableError):
            await stage.telescope.auto_focus()

    contract.play(story, generation="v3")


def test_a_telescope_that_is_not_there_is_waited_for_without_a_storm(contract: Contract) -> None:
    async def story(stage: Stage) -> None:
        stage.network.refusing = True
        stage.network.cut()
        await stage.clock.sleep(3600)
        assert stage.telescope.connection is ConnectionState.CONNECTING
        told = [event for event in stage.events if isinstance(event, ConnectionChanged)]
        assert len(told) < 200
        stage.network.refusing = False
        await stage.connected()

    contract.play(story, generation="v3")
