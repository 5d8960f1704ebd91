"""End times that came while the agent was away: over at that very instant, each for its own camera alone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.capabilities import Camera
from agent.events import Outcome, Reason
from agent.session.plan import make_plan
from tests.execute import conftest
from tests.execute.conftest import DUSK, Bench, session

BEFORE = DUSK - timedelta(hours=1)
TELE = {"do_action": True, "exposure": "15", "gain": 80, "count": 12, "end_time": "19:00"}  # at DUSK
WIDE = {"do_action": True, "exposure": "10", "gain": 60, "count": 3}


@pytest.fixture
def resumed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A session that began an hour ago; an earlier life of the agent took 5 tele frames."""
    planned = partial(make_plan, begin=BEFORE, zone=ZoneInfo("Europe/Paris"))
    monkeypatch.setattr(conftest, "make_plan", planned)
    bench.journal.facts = {"started_at": BEFORE.isoformat(), "frames": {"tele": {"taken": 5, "stacked": 5}}}
    return bench


def facts(bench: Bench) -> dict[str, Any]:
    assert bench.journal.facts is not None
    return bench.journal.facts


def test_at_the_instant_of_the_last_end_time_the_session_is_over(resumed: Bench) -> None:
    result = resumed.result_of(session(setup_camera=TELE))
    assert (result.outcome, result.reason) == (Outcome.PARTIAL, Reason.WINDOW)
    assert "came while the agent was away" in result.message
    assert "goto" not in resumed.telescope.calls


def test_at_the_instant_of_its_end_time_a_camera_has_what_was_asked_of_it(resumed: Bench) -> None:
    facts(resumed)["frames"]["wide"] = {"taken": 3, "stacked": 3}
    result = resumed.result_of(session(setup_camera=TELE, setup_wide_camera=WIDE))
    assert (result.outcome, result.frames.requested, result.frames.taken) == (Outcome.COMPLETED, 8, 8)
    assert resumed.telescope.gotos == []


def test_the_end_time_of_one_camera_takes_nothing_from_another(resumed: Bench) -> None:
    result = resumed.result_of(session(setup_camera=TELE, setup_wide_camera=WIDE))
    assert (result.outcome, result.frames.requested, result.frames.taken) == (Outcome.COMPLETED, 8, 8)
    assert [(one.camera, one.taken) for one in resumed.telescope.captures] == [(Camera.WIDE, 3)]


def test_what_was_left_open_past_its_end_time_is_counted_before_that_is_all(resumed: Bench) -> None:
    began = DUSK - timedelta(minutes=10)
    left = {"camera": "tele", "started_at": began.isoformat(), "planned": 7, "taken": 2, "stacked": 2}
    facts(resumed)["capture"] = left
    result = resumed.result_of(session(setup_camera=TELE, setup_wide_camera=WIDE))
    tele = result.by_camera["tele"]
    assert (tele.requested, tele.taken) == (7, 7)
