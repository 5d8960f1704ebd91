"""The telescope's own schedule on the wire: which it takes, and that it carries it out with nobody there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import schedule_pb2 as proto
from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.history import Calibration, FrameTaken, ShutterOpened
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import DUSK, WireClient, client_of, connected, telescope
from tests.telescope.simulator.schedules import schedule, task

MINUTE = timedelta(minutes=1)
SOON, LATER = DUSK + 10 * MINUTE, DUSK + 40 * MINUTE


async def give(client: WireClient, asked: proto.Schedule) -> proto.SyncScheduleAnswer:
    return (await client.ask(16100, proto.GiveSchedule(schedule=asked))).read(proto.SyncScheduleAnswer)


async def kept(client: WireClient) -> list[proto.Schedule]:
    return list((await client.ask(16102)).read(proto.SchedulesAnswer).schedules)


def on_wire(test: Callable[[SimulatedDwarf, WireClient], object], **options: object) -> None:
    async def run() -> None:
        wanted = {"generation": "v3", "horizon": False, **options}
        async with connected(**wanted) as (sim, client):
            await test(sim, client)  # type: ignore[misc]

    run_virtual(run())


def test_a_schedule_is_carried_out_with_nobody_connected() -> None:
    async def run() -> SimulatedDwarf:
        async with telescope(generation="v3", horizon=False, strict=True) as sim:
            async with client_of(sim) as client:
                first = task("one", SOON, SOON + 20 * MINUTE)
                second = task("two", SOON + 20 * MINUTE, LATER, name="M 13", ra=16.695, dec=36.46, count=3)
                assert (await give(client, schedule("a", SOON, LATER, first, second))).code == 0
                (told,) = client.told(15248)
                assert proto.ScheduleChanged.FromString(told) == proto.ScheduleChanged(id="a", state=1)
            await sim.clock.sleep(3600)
            async with client_of(sim) as client:
                (over,) = await kept(client)
                assert (over.state, over.result) == (3, 1)
                assert [one.state for one in over.tasks] == [2, 2]
        return sim

    sim = run_virtual(run())
    assert [(one.target, one.gain, one.frames) for one in sim.history.of(ShutterOpened)] == [
        ("Vega", 60, 2),
        ("M 13", 60, 3),
    ]
    assert len(sim.history.of(FrameTaken)) == 5
    assert len(sim.history.of(Calibration)) == 1
    assert sim.history.of(ShutterOpened)[0].at >= SOON
    assert [one.taken for one in sim.device.card.sessions] == [2, 3]


def test_a_client_hears_of_every_state() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        await give(client, schedule("a", SOON, LATER))
        await client.notice(15248, proto.ScheduleChanged(id="a", state=3, result=1).SerializeToString())
        states = [proto.ScheduleChanged.FromString(data).state for data in client.told(15248)]
        tasks = [proto.ScheduledTaskChanged.FromString(data) for data in client.told(15249)]
        assert states == [1, 2, 3]
        assert [(one.id, one.state) for one in tasks] == [("a-1", 1), ("a-1", 2)]

    on_wire(test)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"device_id": 4}, -16300),
        ({"start": int(SOON.timestamp()) + 1}, -16301),
        ({"end": int(SOON.timestamp())}, -16301),
        ({"start": int((DUSK + timedelta(hours=13)).timestamp()), "end": 2**31}, -16301),
    ],
)
def test_a_schedule_outside_the_limits_is_refused_and_written_down(change: dict[str, int], code: int) -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        asked = schedule("a", SOON, LATER)
        for field, value in change.items():
            setattr(asked, field, value)
        assert (await give(client, asked)).code == code
        assert [one.rule.name for one in sim.broken_rules] == ["SCHEDULE_LIMITS"]
        assert await kept(client) == []

    on_wire(test)


def test_a_schedule_begins_within_twelve_hours() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        near, far = DUSK + timedelta(hours=12), DUSK + timedelta(hours=12, minutes=1)
        assert (await give(client, schedule("far", far, far + 30 * MINUTE))).code == -16308
        assert (await give(client, schedule("near", near, near + 30 * MINUTE))).code == 0

    on_wire(test)


def test_two_schedules_never_want_the_same_time_unless_one_replaces_the_other() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        await give(client, schedule("a", SOON, LATER))
        refused = await give(client, schedule("b", LATER - MINUTE, LATER + 30 * MINUTE))
        assert (refused.code, list(refused.conflicts), refused.can_replace) == (-16302, ["a"], True)
        request = proto.GiveSchedule(schedule=schedule("b", LATER - MINUTE, LATER + 30 * MINUTE))
        answer = (await client.ask(16105, request)).read(proto.ReplaceScheduleAnswer)
        assert (answer.code, [one.id for one in answer.replaced]) == (0, ["a"])
        assert [one.id for one in await kept(client)] == ["b"]
        assert (await give(client, schedule("a", SOON, LATER - MINUTE))).code == 0

    on_wire(test)


@pytest.mark.parametrize(
    ("habit", "told", "gain"), [("displayed", 60, 60), ("index", 18, 60), ("index", 60, 200)]
)
def test_the_gain_is_told_by_its_number_or_by_its_index(habit: str, told: int, gain: int) -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        only = task("one", SOON, LATER, gainIndex=told)
        await give(client, schedule("a", SOON, LATER, only))
        await client.notice(15248, proto.ScheduleChanged(id="a", state=3, result=1).SerializeToString())
        assert [one.gain for one in sim.history.of(ShutterOpened)] == [gain]

    on_wire(test, habits={"schedule_gain": habit})


def test_while_it_shoots_others_are_told_that_it_is_busy() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        await give(client, schedule("a", SOON, LATER, task("one", SOON, LATER, count=99)))
        await sim.clock.sleep(900)
        assert sim.state.capturing()
        capture = (await client.ask(11005, astro.StartCapture())).read(astro.StartCaptureAnswer)
        assert capture.code == -11501
        assert await client.code(11002, astro.GotoDeepSky(ra=5.0, dec=10.0, target_name="x")) == -11501
        assert (await give(client, schedule("a", SOON, LATER))).code == -16307
        assert (await client.ask(16108, proto.NameSchedule(id="a"))).read(
            proto.NamedScheduleAnswer
        ).code == -16307

    on_wire(test)


def test_a_task_whose_time_finds_the_telescope_at_work_fails_as_busy() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        await give(client, schedule("a", SOON, LATER))
        await sim.clock.sleep(595)
        await client.send(11000, astro.Calibrate(lon=7.6, lat=47.5))
        await client.notice(15248, proto.ScheduleChanged(id="a", state=3, result=3).SerializeToString())
        (only,) = (await kept(client))[0].tasks
        assert (only.state, only.code) == (3, -16309)
        assert sim.history.of(ShutterOpened) == []

    on_wire(test)


def test_a_cancelled_schedule_shoots_no_more() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        await give(client, schedule("a", SOON, LATER, task("one", SOON, LATER, count=99)))
        await give(client, schedule("b", LATER, LATER + 30 * MINUTE))
        await sim.clock.sleep(900)
        for name in "ab":
            answer = await client.ask(16101, proto.NameSchedule(id=name))
            assert answer.read(proto.NamedScheduleAnswer).code == 0
        await sim.clock.sleep(7200)
        assert not sim.state.capturing()
        first, second = await kept(client)
        assert (first.state, first.tasks[0].state) == (3, 4)
        assert (second.state, second.tasks[0].state) == (0, 4)
        assert len(sim.history.of(ShutterOpened)) == 1
        assert (await client.ask(16101, proto.NameSchedule(id="c"))).read(
            proto.NamedScheduleAnswer
        ).code == -16311

    on_wire(test)


def test_a_locked_schedule_wants_its_password() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        await give(client, schedule("a", SOON, LATER))
        await client.ask(16107, proto.NameSchedule(id="a", password="sesame"))
        for password, code in (("", -16306), ("sesame", 0)):
            answer = await client.ask(16108, proto.NameSchedule(id="a", password=password))
            assert answer.read(proto.NamedScheduleAnswer).code == code
        assert await kept(client) == []

    on_wire(test)


def test_a_restart_leaves_the_schedules_and_interrupts_what_was_under_way() -> None:
    async def run() -> None:
        async with telescope(generation="v3", horizon=False) as sim:
            async with client_of(sim) as client:
                first = task("one", SOON, SOON + 20 * MINUTE, count=60)
                second = task("two", SOON + 20 * MINUTE, LATER)
                await give(client, schedule("a", SOON, LATER, first, second))
            await sim.clock.sleep(900)
            sim.faults.add("reboot:down_s=60")
            await sim.clock.sleep(3600)
            async with client_of(sim) as client:
                (only,) = await kept(client)
            assert [(one.state, one.code) for one in only.tasks] == [(4, -16310), (2, 0)]
            assert (only.state, only.result) == (3, 2)

    run_virtual(run())


def test_a_stopped_capture_interrupts_its_task() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        await give(client, schedule("a", SOON, LATER, task("one", SOON, LATER, count=99)))
        await sim.clock.sleep(900)
        assert await client.code(11006) == 0
        await client.notice(15248, proto.ScheduleChanged(id="a", state=3, result=3).SerializeToString())
        (only,) = (await kept(client))[0].tasks
        assert only.state == 4

    on_wire(test)


def test_older_firmware_has_no_schedule() -> None:
    async def test(sim: SimulatedDwarf, client: WireClient) -> None:
        answer = (await client.ask(16102)).read(proto.SchedulesAnswer)
        assert answer.code == -1

    on_wire(test, generation="v2")
