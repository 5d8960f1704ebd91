"""What is proposed for a free stretch: up, dark, clear of the horizon, and not spoilt by the Moon."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from agent.sky.ephemeris import altitude
from agent.sky.horizon import HorizonMask
from agent.sky.nights import Interval
from agent.web.best import LOWEST, best_for
from agent.web.draw.timeline import gaps
from tests.web.conftest import PARIS
from tests.web.test_drawing import D3, night

VIEW = dataclasses.replace(night(), horizon=None)
FREE = gaps(VIEW)[0]


def test_every_proposal_is_high_all_the_time_and_the_best_comes_first() -> None:
    found = best_for(VIEW, FREE, D3)
    assert len(found) == 20
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        assert FREE.start <= one.good.start < one.good.end <= FREE.end
        for at in (one.good.start, one.good.end):
            assert altitude(one.known.target, PARIS, at) >= LOWEST
    assert len({one.known.name for one in found}) == 20


def test_a_wall_all_around_leaves_nothing() -> None:
    walled = dataclasses.replace(VIEW, horizon=HorizonMask.parse("0:89"))
    assert best_for(walled, FREE, D3) == ()


def test_nothing_is_proposed_for_the_day_or_for_no_time() -> None:
    noon = Interval(VIEW.bounds.start, VIEW.bounds.start.replace(hour=13))
    assert best_for(VIEW, noon, D3) == ()
    assert best_for(VIEW, Interval(FREE.start, FREE.start), D3) == ()


def test_a_full_moon_puts_clusters_before_nebulae() -> None:
    up = (VIEW.bounds,)
    lit = dataclasses.replace(VIEW, moon_illumination=1.0, moon_up=up)
    dark = dataclasses.replace(VIEW, moon_illumination=0.0, moon_up=up)

    def clusters(view: object) -> int:
        return sum("cluster" in one.known.kind for one in best_for(view, FREE, D3)[:8])  # type: ignore[arg-type]

    assert clusters(lit) > clusters(dark)
    assert not any(one.moonlight for one in best_for(dark, FREE, D3))


@pytest.mark.parametrize("shift_s", [1, 30])
def test_the_same_question_a_moment_later_costs_nothing(shift_s: int) -> None:
    best_for(VIEW, FREE, D3)
    later = Interval(FREE.start + timedelta(seconds=shift_s), FREE.end)
    assert best_for(VIEW, later, D3) is best_for(VIEW, FREE, D3)
