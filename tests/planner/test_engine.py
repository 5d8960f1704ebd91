"""The plan of a night: what it makes of whole nights, and what holds for every plan."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from agent.planner import Request, Running, make_plan
from tests.planner.nights import Night, nights
from tests.planner.test_reuse import EVENING, ZONE, wants

NIGHTS = nights()


def test_the_nights_reach_what_a_near_optimal_schedule_reaches_whatever_the_files_are_called() -> None:
    ratios = []
    for night in NIGHTS:
        named = night.requests()
        ratios.append(night.ratio(named, night.plan(named)))
        for seed in range(3):
            other = night.requests(Random(seed))
            assert night.ratio(other, night.plan(other)) >= 0.92
    assert min(ratios) >= 0.92
    assert sum(ratios) / len(ratios) >= 0.97


@pytest.mark.parametrize("night", NIGHTS, ids=lambda night: night.facts["name"])
def test_priorities_cost_little_light(night: Night) -> None:
    chance = Random(1)
    requests = [replace(one, priority=chance.choice([0, 0, 5, 10])) for one in night.requests()]
    assert night.ratio(requests, night.plan(requests)) >= 0.92


@pytest.mark.parametrize("night", NIGHTS, ids=lambda night: night.facts["name"])
def test_a_plan_made_again_during_the_night_changes_nothing(night: Night) -> None:
    """What was planned is what is planned when a block ends: with the same facts nothing moves."""
    zone = ZoneInfo(night.site.timezone)
    requests = {one.session_id: one for one in night.requests()}
    plan = night.plan(list(requests.values()))
    first = plan
    for block in first.blocks:
        session = requests[block.session_id]
        left = replace(
            session, captures=(replace(session.captures[0], frames=session.frames - block.frames),)
        )
        requests[block.session_id] = left
        waiting = [one for one in requests.values() if one.frames >= 3]
        plan = make_plan(waiting, site=night.site, zone=zone, now=block.end, known=first.order)
        later = [(one.session_id, one.start) for one in first.blocks if one.start >= block.end]
        assert [one.session_id for one in plan.blocks] == [name for name, _ in later]
        for now, (_, before) in zip(plan.blocks, later, strict=True):
            assert abs((now.start - before).total_seconds()) < 2


def test_what_a_person_wants_now_comes_first_and_of_several_what_is_wanted_most() -> None:
    ranks = {"a": 0, "b": 1, "c": 0, "d": 2, "e": 1}
    requests = [replace(wants(name), rank=rank) for name, rank in ranks.items()]
    plan = make_plan(requests, site=None, zone=ZONE, now=EVENING)
    assert [block.session_id for block in plan.blocks] == ["d", "b", "e", "a", "c"]


def test_what_runs_keeps_its_block_and_lets_a_new_named_start_have_its_time() -> None:
    night = NIGHTS[0]
    zone = ZoneInfo(night.site.timezone)
    requests = night.requests()
    plan = night.plan(requests)
    assert plan.head is not None
    runs = next(one for one in requests if one.session_id == plan.head.session_id)
    now = plan.head.start + timedelta(minutes=10)
    rest = replace(runs, opening_s=0.0, captures=(replace(runs.captures[0], frames=100),))
    running = Running(rest, again_s=runs.opening_s)
    waiting = [one for one in requests if one is not runs]

    def made(*more: Request) -> list[tuple[str, float]]:
        again = make_plan(
            [*waiting, *more], site=night.site, zone=zone, now=now, running=running, known=plan.order
        )
        return [(one.session_id, (one.end - now).total_seconds() / 60) for one in again.blocks[:2]]

    undisturbed = made()
    assert undisturbed[0][0] == runs.session_id
    at_once = replace(waiting[8], session_id="new", priority=9)
    assert made(at_once)[0] == undisturbed[0]  # nobody is cut off for what could have come later too
    named = replace(at_once, start=now + timedelta(minutes=20))
    assert made(named)[0] == (runs.session_id, pytest.approx(20))
    assert made(named)[1][0] == "new"
    low = replace(named, priority=-1)
    assert made(low)[0] == undisturbed[0]


def test_sixty_sessions_are_planned_in_a_moment_once_their_windows_are_known() -> None:
    night = NIGHTS[-1]
    some = night.requests()
    many = [replace(some[n % len(some)], session_id=f"s{n:03}", priority=n % 3) for n in range(60)]
    night.plan(many)
    took = []
    for _ in range(3):
        began = time.process_time()
        night.plan(many)
        took.append(time.process_time() - began)
    assert min(took) < 0.2
