"""What people say changes the plan at once, and each session waits for its true reason, with the date."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.app.conftest import Observatory
from tests.app.test_night_scheduling import planned, starts, wants
from tests.app.test_verbs import imaging, tell
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
SKY: dict[str, Any] = {"sun_below": None, "min_altitude": None}
AT_ONCE = 30  # seconds: a plan, and the news of it
NOON = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)


def waits(place: Observatory) -> dict[str, dict[str, Any]]:
    """The queue as it was last told, by session."""
    return {one["session_id"]: one for one in place.said("queue")[-1]["sessions"]}


async def plan_of(place: Observatory) -> dict[str, dict[str, Any]]:
    """What the agent answers when it is asked for its plan."""
    before = len(place.broker.all("dwarf/bridge/response/plan"))
    place.say("bridge/request/plan", {})
    await place.until(lambda: len(place.broker.all("dwarf/bridge/response/plan")) > before, every_s=0.1)
    return planned(place)


def test_what_is_removed_leaves_its_time_to_the_others_at_once(observatory: Make) -> None:
    async def day() -> None:
        place = observatory(start=NOON, conditions=SKY)
        place.drop("all-night.json", wants("M 81", 999, priority=5, time="20:00:00"))
        place.drop("more.json", wants("M 82", 999, priority=5, time="20:00:01"))
        place.drop("crowded.json", wants("M 44", 400, end_time="23:30"))
        async with place.open():
            await place.clock.sleep(60)
            crowded = waits(place)["crowded"]
            told = (await plan_of(place))["crowded"]
            assert (told["reason"], told["run"]) == ("queue", None)
            assert "the telescope is busy with all-night" in told["why_not"]
            assert "M 44" not in told["why_not"]  # its height is not what is against it
            assert crowded["waits_for"] in ("queue", "twilight")
            assert (await tell(place, "remove", session_id="all-night"))["status"] == "done"
            assert (await tell(place, "remove", session_id="more"))["status"] == "done"
            await place.clock.sleep(AT_ONCE)
            note = waits(place)["crowded"]
            assert note["waits_for"] == "twilight"
            assert "Better from 19:5" in note["note"] or "Better from 20:0" in note["note"]
            assert (await plan_of(place))["crowded"]["run"] is not None

    run_virtual(day())


def test_what_is_rescheduled_is_planned_for_its_new_night_at_once_and_says_which(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(start=NOON, conditions=SKY)
        place.drop("a.json", wants("M 81", 60))
        async with place.open():
            await place.clock.sleep(60)
            await tell(place, "reschedule", session_id="a", at="2026-03-15T22:00:00")
            told = (await plan_of(place))["a"]
            assert told["why_not"] == "The session starts on 2026-03-15 at 22:00."
            assert (told["reason"], told["next_night"]) == ("schedule", "2026-03-15")
            await tell(place, "reschedule", session_id="a", at="2026-03-12T22:00:00")
            assert (await plan_of(place))["a"]["run"][0].startswith("2026-03-12T22:00:00")
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert starts(place) == [("a", "22:00")]


def test_a_higher_priority_has_the_night_at_once(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(start=NOON, conditions=SKY)
        place.drop("a.json", wants("M 81", 999, time="20:00:00"))
        place.drop("b.json", wants("M 82", 999, time="20:00:00"))
        async with place.open():
            await place.clock.sleep(60)
            first, second = waits(place)
            for wrong in (None, True, "high", [1], 1.5):
                told = await tell(place, "prioritize", session_id=second, priority=wrong)
                assert (told["status"], told["code"]) == ("error", "invalid"), wrong
            unknown = await tell(place, "prioritize", session_id="nobody", priority=1)
            assert unknown["code"] == "unknown_session"
            told = await tell(place, "prioritize", session_id=second, priority=3)
            assert (told["status"], told["message"]) == ("done", f"Session {second} has priority 3.")
            await place.clock.sleep(AT_ONCE)
            assert list(waits(place)) == [second, first]
            plan = await plan_of(place)
            assert plan[second]["run"] is not None
            body = json.loads((place.folder("ToDo") / f"{second}.json").read_text())["command"]
            assert body["id_command"]["priority"] == 3

    run_virtual(night())


def test_a_start_moved_into_what_runs_ends_its_block_in_time(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(start=NOON, conditions=SKY)
        place.drop("long.json", wants("M 81", 900))
        place.drop("other.json", wants("M 44", 60, date="2026-03-14", time="22:00:00"))
        async with place.open():
            await place.until(imaging(place))
            await tell(place, "reschedule", session_id="other", at="2026-03-12T22:00:00")
            told = await plan_of(place)
            assert told["other"]["run"][0].startswith("2026-03-12T22:00")
            assert told["long"]["blocks"][0]["end"][11:16] == "22:00"
            await place.until(lambda: len(starts(place)) == 3)
        return place

    place = run_virtual(night())
    names = [name for name, _ in starts(place)]
    assert names == ["long", "other", "long"]
    (began,) = [clock for name, clock in starts(place) if name == "other"]
    assert began in ("22:00", "22:01")


def test_after_a_pause_the_others_are_planned_by_what_is_left(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(start=NOON, conditions=SKY)
        place.drop("a.json", wants("M 81", 240, priority=5))
        place.drop("b.json", wants("M 44", 60))
        async with place.open():
            await place.until(imaging(place))
            before = datetime.fromisoformat((await plan_of(place))["b"]["run"][0])
            await tell(place, "pause")
            await place.clock.sleep(3600)
            during = datetime.fromisoformat((await plan_of(place))["b"]["run"][0])
            assert timedelta(minutes=55) < during - before < timedelta(minutes=75)
            await tell(place, "resume")
            await place.until(imaging(place))
            await place.clock.sleep(AT_ONCE)
            after = datetime.fromisoformat((await plan_of(place))["b"]["run"][0])
            await place.sessions_ended(1)
            await place.until(lambda: len(starts(place)) == 2, hours=0.2)
            ended = datetime.fromisoformat(place.results[0]["ended_at"])
            assert abs(after - ended) < timedelta(minutes=3)

    run_virtual(night())


def test_a_session_wanted_now_and_a_higher_priority_come_first_at_once(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory(start=NOON, conditions=SKY)
        for name in ("a", "b", "c"):
            place.drop(f"{name}.json", wants("M 81", 60))
        async with place.open():
            await place.clock.sleep(60)
            order = sorted((run["run"][0], name) for name, run in (await plan_of(place)).items())
            last = order[-1][1]
            place.drop(f"{last}.json", wants("M 81", 60, priority=3))
            await place.clock.sleep(AT_ONCE)
            told = await plan_of(place)
            assert min((run["run"][0], name) for name, run in told.items())[1] == last
            assert told[last]["blocks"][0]["why"] == "its priority is 3"
            middle = order[1][1]
            await tell(place, "run", session_id=middle)
            await place.sessions_ended(3)
        return place

    place = run_virtual(day())
    assert len(starts(place)) == 3


def test_a_submission_of_a_higher_priority_comes_before_what_waits(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(start=NOON, conditions=SKY)
        place.drop("a.json", wants("M 81", 60))
        place.drop("b.json", wants("M 81", 60))
        async with place.open():
            await place.until(imaging(place))
            place.say("scope/session/submit", {"session_id": "now", **wants("M 82", 20, priority=9)})
            await place.clock.sleep(AT_ONCE)
            names = [one["session_id"] for one in place.said("queue")[-1]["sessions"]]
            assert names[0] == "now"
            await place.sessions_ended(3)
        return place

    place = run_virtual(night())
    assert starts(place)[1][0] == "now"


def test_what_waits_behind_one_that_is_removed_while_another_runs_gets_the_true_reason(
    observatory: Make,
) -> None:
    async def night() -> None:
        place = observatory(start=NOON, conditions=SKY)
        place.drop("runs.json", wants("M 81", 240, priority=9, time="20:00:00"))
        place.drop("next.json", wants("M 82", 999, priority=5, time="20:10:00"))
        place.drop("later.json", wants("M 44", 400, end_time="00:30"))
        async with place.open():
            await place.until(imaging(place))
            await place.clock.sleep(AT_ONCE)
            assert waits(place)["later"]["waits_for"] == "queue"
            assert "next" in (await plan_of(place))["later"]["why_not"]
            await tell(place, "remove", session_id="next")
            await place.clock.sleep(AT_ONCE)
            assert (await plan_of(place))["later"]["run"] is not None
            assert "next" not in waits(place)["later"]["note"]

    run_virtual(night())
