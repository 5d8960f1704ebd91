"""The driver and the telescope's own schedules: learnt on each connection, followed, given and taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.own_schedule import OURS, OwnSchedule, ScheduledTask, ScheduleState, TaskState, in_the_way
from agent.telescope.dwarf.proto import schedule_pb2 as proto
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.schedules import GainReading, gain_reading, read_schedules
from agent.telescope.errors import RefusedError, TelescopeError
from agent.telescope.interface import SchedulesReport
from agent.telescope.simulator.history import ShutterOpened
from tests.telescope.dwarf.support import BASEL, NIGHT, Bench, on_bench
from tests.telescope.simulator.client import client_of
from tests.telescope.simulator.schedules import schedule, task

MINUTE = timedelta(minutes=1)
SOON, LATER = NIGHT + 10 * MINUTE, NIGHT + 40 * MINUTE
ORION = {"name": "M 42", "ra": 5.588, "dec": -5.39}


def wanted(**task_changes: object) -> OwnSchedule:
    only = ScheduledTask(
        id="t",
        target="M 42",
        begins=SOON,
        ends=LATER,
        ra_hours=5.588,
        dec_degrees=-5.39,
        exposure=156,
        gain=60,
        filter=1,
        frames=2,
    )
    only = replace(only, **task_changes)  # type: ignore[arg-type]
    return OwnSchedule(id="s", name=OURS, begins=SOON, ends=LATER, tasks=(only,), site=BASEL)


async def app_gives(made: Bench, asked: proto.Schedule) -> None:
    """The phone app leaves a schedule; its `name` is its own."""
    async with client_of(made.sim, client_id="app") as app:
        answer = await app.ask(16100, proto.GiveSchedule(schedule=asked))
        assert answer.read(proto.SyncScheduleAnswer).code == 0


def app_task(**more: object) -> proto.ScheduledTask:
    return task("t", SOON, LATER, **{**ORION, **more})


def test_what_the_app_left_is_known_soon_after_connecting_and_followed_to_its_end() -> None:
    async def test(made: Bench) -> None:
        await app_gives(made, schedule("a", SOON, LATER, app_task()))
        await made.telescope.open()
        await made.connected()
        await made.clock.sleep(5)
        (known,) = made.telescope.schedules
        assert (known.name, known.state, known.begins, known.ends) == (
            "Night a",
            ScheduleState.WAITING,
            SOON,
            LATER,
        )
        (only,) = known.tasks
        assert (only.target, only.gain, only.exposure, only.frames) == ("M 42", 60, 156, 2)
        await made.clock.sleep(3600)
        told = [event.schedules[0] for event in made.events if isinstance(event, SchedulesReport)]
        states = [(one.state, one.tasks[0].state) for one in told]
        assert states == [
            (ScheduleState.WAITING, TaskState.WAITING),
            (ScheduleState.IMAGING, TaskState.IMAGING),
            (ScheduleState.OVER, TaskState.DONE),
        ]

    on_bench(test, connect=False, model="D3")


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
def test_a_schedule_is_given_carried_out_without_us_and_counted_in_the_album(model: str) -> None:
    async def test(made: Bench) -> None:
        await made.telescope.give_schedule(wanted())
        await made.telescope.close()
        await made.clock.sleep(3600)
        (opened,) = made.sim.history.of(ShutterOpened)
        assert (opened.target, opened.gain, opened.exposure_s, opened.frames) == ("M 42", 60, 15.0, 2)
        other = made.another()
        await other.open()
        await other.wait_connected()
        await made.clock.sleep(5)
        assert [one.state for one in other.schedules] == [ScheduleState.OVER]
        await other.close()

    on_bench(test, model=model)


@pytest.mark.parametrize(("model", "usual"), [("D2", 0), ("D3", 1), ("mini", 1)])
def test_without_a_filter_it_gets_one_that_the_model_has_under_the_stars(model: str, usual: int) -> None:
    async def test(made: Bench) -> list[int]:
        await made.telescope.give_schedule(wanted(filter=None))
        await made.clock.sleep(3600)
        return [one.filter for one in made.sim.history.of(ShutterOpened)]

    assert on_bench(test, model=model) == [usual]


@pytest.mark.parametrize("habit", ["displayed", "index"])
def test_the_meaning_of_the_gain_is_learnt_from_what_the_app_left(habit: str) -> None:
    async def test(made: Bench) -> None:
        left = task(
            "t", LATER, LATER + 30 * MINUTE, gainName="80", gainIndex=80 if habit == "displayed" else 24
        )
        await app_gives(made, schedule("a", LATER, LATER + 30 * MINUTE, left))
        await made.clock.sleep(5)
        await made.telescope.give_schedule(wanted())
        await made.clock.sleep(1500)
        assert [one.gain for one in made.sim.history.of(ShutterOpened)] == [60]

    on_bench(test, habits={"schedule_gain": habit}, exclusive=False)


def test_a_schedule_taken_back_is_gone_also_while_it_runs() -> None:
    async def test(made: Bench) -> None:
        for pause_s in (60, 1200):
            await made.telescope.give_schedule(wanted(frames=90))
            await made.clock.sleep(pause_s)
            if made.sim.state.capturing():
                with pytest.raises(TelescopeError):
                    await made.telescope.give_schedule(wanted())
            await made.telescope.take_back_schedule("s")
            await made.clock.sleep(30)
            assert not made.sim.state.capturing()
            assert list(made.sim.device.schedules) == []
            assert made.telescope.schedules == ()
        await made.telescope.take_back_schedule("never given")

    on_bench(test)


def test_a_conflict_is_refused_by_name() -> None:
    async def test(made: Bench) -> str:
        await app_gives(made, schedule("a", LATER - MINUTE, LATER + 30 * MINUTE))
        with pytest.raises(RefusedError) as caught:
            await made.telescope.give_schedule(wanted())
        return caught.value.code

    assert on_bench(test, exclusive=False) == "schedule_conflict"


def test_a_gain_the_telescope_has_not_is_refused() -> None:
    async def test(made: Bench) -> None:
        left = task("t", LATER, LATER + 30 * MINUTE, gainName="80", gainIndex=24)
        await app_gives(made, schedule("a", LATER, LATER + 30 * MINUTE, left))
        await made.clock.sleep(5)
        with pytest.raises(RefusedError, match="gain 61"):
            await made.telescope.give_schedule(wanted(gain=61))

    on_bench(test, exclusive=False)


def test_older_firmware_is_asked_nothing_and_refuses() -> None:
    async def test(made: Bench) -> None:
        await made.clock.sleep(60)
        with pytest.raises(RefusedError):
            await made.telescope.give_schedule(wanted())
        await made.telescope.take_back_schedule("s")
        assert not [one for one in made.sim.received if one.module == 13]
        assert made.telescope.schedules == ()

    on_bench(test, generation="v2")


@pytest.mark.parametrize(
    "fault", [f"deaf:command={Cmd.GET_SCHEDULES}", f"no-answer:command={Cmd.GET_SCHEDULES}"]
)
def test_silence_about_schedules_keeps_nothing_else_waiting(fault: str) -> None:
    async def test(made: Bench) -> float:
        began = made.clock.monotonic()
        await made.aimed()
        return made.clock.monotonic() - began

    undisturbed = on_bench(lambda made: test(made))
    assert on_bench(test, fault) == pytest.approx(undisturbed, abs=5)


def test_a_lost_link_is_asked_again() -> None:
    async def test(made: Bench) -> None:
        await made.clock.sleep(5)
        made.sim.faults.add("drop-link:refuse_s=30")
        await app_gives_later(made)
        await made.clock.sleep(120)
        assert [one.name for one in made.telescope.schedules] == ["Night a"]

    async def app_gives_later(made: Bench) -> None:
        made.sim.device.schedules.put(schedule("a", SOON, LATER), made.clock.now())

    on_bench(test)


def test_what_has_the_telescope_between_two_instants() -> None:
    now = NIGHT
    later = OwnSchedule(id="b", name="b", begins=LATER, ends=LATER + 30 * MINUTE)
    runs = replace(later, id="a", begins=now - MINUTE, ends=now, state=ScheduleState.IMAGING)
    over = replace(later, id="o", begins=now, state=ScheduleState.OVER)
    assert in_the_way([over, later], now, LATER) is None
    assert in_the_way([over, later], now, LATER + MINUTE) is later
    assert in_the_way([later, runs], now, now) is runs
    assert in_the_way([replace(later, begins=now)], now, now) is not None


TEXTS = st.text(max_size=30) | st.sampled_from(["60", "18", "1e999", "-", "NaN"])
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.lists(st.integers(), max_size=2)
KEYS = st.sampled_from(["name", "ra", "dec", "startTime", "endTime", "gainIndex", "gainName", "count"])
NUMBERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@given(params=st.dictionaries(KEYS, VALUES) | TEXTS, start=NUMBERS, state=st.integers(-5, 9), name=TEXTS)
def test_whatever_stands_in_a_schedule_is_read(params: object, start: int, state: int, name: str) -> None:
    text = json.dumps(params) if isinstance(params, dict) else str(params)
    only = proto.ScheduledTask(id="t", params=text, state=state)
    answer = proto.SchedulesAnswer(
        schedules=[proto.Schedule(id="s", name=name, start=start, end=start, state=state, tasks=[only])]
    )
    (found,) = read_schedules(answer)
    assert datetime(1970, 1, 1, tzinfo=UTC) <= found.begins
    assert found.tasks[0].frames >= 0
    assert gain_reading(answer, OURS) in {None, *GainReading}


@pytest.mark.parametrize(
    ("pairs", "reading"),
    [
        ([], None),
        ([(0, "0")], None),
        ([(60, "60"), (80, "80")], GainReading.DISPLAYED),
        ([(18, "60")], GainReading.INDEX),
        ([(18, "60"), (80, "80")], None),
    ],
)
def test_the_gain_reading_needs_tasks_that_agree(
    pairs: list[tuple[int, str]], reading: GainReading | None
) -> None:
    tasks = [task("t", SOON, LATER, gainIndex=number, gainName=name) for number, name in pairs]
    answer = proto.SchedulesAnswer(schedules=[proto.Schedule(id="s", name="app", tasks=tasks)])
    assert gain_reading(answer, OURS) is reading
    ours = proto.SchedulesAnswer(schedules=[proto.Schedule(id="s", name=OURS, tasks=tasks)])
    assert gain_reading(ours, OURS) is None
