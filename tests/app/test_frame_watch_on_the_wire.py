"""A cloud that only the frames show: told, waited out where that is wanted, and no session ended by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from agent.telescope.simulator import SimulatedDwarf, sky
from agent.telescope.simulator.card import Card, SessionFolder
from agent.telescope.simulator.history import Focused
from tests.app.conftest import Observatory, session
from tests.app.test_archive_on_the_wire import Archive
from tests.support.small_sensors import small_sensors

small_pictures = small_sensors  # in the place of the fixture of that name
LONG = {"do_action": True, "exposure": "10", "gain": 80, "count": 90}


def cloudy(place: Observatory, policy: str | None, clouds_s: float) -> list[dict[str, Any]]:
    """A session of 90 frames; after about 30 a cloud comes for so long. Return what was said of the sky."""
    conditions = {"do_action": True, "watch_frames": policy} if policy else None
    place.drop("a.json", session(setup_camera=LONG, conditions=conditions))

    async def work(sim: SimulatedDwarf) -> None:
        await place.until(
            lambda: bool(place.said("progress")) and place.said("progress")[-1]["frames"]["taken"] > 30
        )
        number = sim.faults.add("stacks-fewer:every=1")
        await place.clock.sleep(clouds_s)
        sim.faults.remove(number)
        await place.sessions_ended(1)

    Archive(place, what="stacked").night(work)
    return [one for one in place.said("event") if one["event_type"].startswith("sky_")]


def test_a_cloud_is_told_and_its_end(observatory: Callable[..., Observatory]) -> None:
    place = observatory()
    said = cloudy(place, None, 200)
    assert [one["event_type"] for one in said] == ["sky_degraded", "sky_recovered"]
    assert said[0]["sudden"]
    assert said[0]["usual"] == 1
    assert place.results[0]["frames"]["taken"] == 90
    assert place.results[0]["waits"] == []


def test_a_session_that_is_to_pause_takes_its_frames_after_the_cloud(
    observatory: Callable[..., Observatory],
) -> None:
    place = observatory()
    said = cloudy(place, "pause", 1500)
    result = place.results[0]
    assert said[0]["event_type"] == "sky_degraded"
    assert result["result"] == "completed"
    assert {wait["reason"] for wait in result["waits"]} == {"sky"}
    assert sum(wait["seconds"] for wait in result["waits"]) == pytest.approx(1800, rel=0.05)
    assert result["frames"]["taken"] == 90
    assert result["frames"]["stacked"] >= 60  # without the pause, all behind the cloud's beginning were lost


@pytest.mark.soak
def test_a_sky_that_stays_bad_is_paused_for_no_longer_than_sessions_wait(
    observatory: Callable[..., Observatory],
) -> None:
    place = observatory(conditions={"max_wait_min": 20})
    cloudy(place, "pause", 36_000)
    result = place.results[0]
    assert result["result"] == "completed"
    assert sum(wait["seconds"] for wait in result["waits"]) == pytest.approx(600, rel=0.1)


@pytest.mark.soak
def test_a_cloud_is_not_focused_away(observatory: Callable[..., Observatory]) -> None:
    place = observatory()
    said = cloudy(place, "refocus", 200)
    assert [one["event_type"] for one in said] == ["sky_degraded", "sky_recovered"]
    assert "focused again" not in place.results[0]["message"]


@pytest.mark.usefixtures("frames_are_measured")
def test_a_focus_that_drifts_is_seen_in_the_frames_and_mended(
    observatory: Callable[..., Observatory], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numpy", reason="the extra `quality` is not installed")
    pytest.importorskip("sep", reason="the extra `quality` is not installed")
    from tests.support.star_fields import Conditions, StarField, fits

    place, field = observatory(), StarField(3)
    drifts_at: list[datetime] = []
    mended: list[Any] = []

    def frame(card: Card, session: SessionFolder, _seed: int, number: int) -> tuple[bytes, str]:
        soft = drifts_at and session.written[number] > drifts_at[0] and not mended
        return fits(field.expose(Conditions(defocus=4 if soft else 0))), "image/fits"

    monkeypatch.setattr(Card, "_frame", frame)
    monkeypatch.setattr(Card, "_fits_size", lambda *_of, planes: sky.fits_bytes(640, 360))
    shot = {"do_action": True, "exposure": "60", "gain": 80, "count": 45}
    place.drop(
        "a.json", session(setup_camera=shot, conditions={"do_action": True, "watch_frames": "refocus"})
    )

    async def work(sim: SimulatedDwarf) -> None:
        await place.until(
            lambda: bool(place.said("progress")) and place.said("progress")[-1]["frames"]["taken"] > 20
        )
        drifts_at.append(place.clock.now())
        before = len(sim.history.of(Focused))
        await place.until(lambda: len(sim.history.of(Focused)) > before)
        mended.append(True)
        await place.sessions_ended(1)

    Archive(place, what="stacked").night(work)
    said = [one for one in place.said("event") if one["event_type"].startswith("sky_")]
    assert [(one["event_type"], one["reasons"]) for one in said] == [
        ("sky_degraded", ["focus"]),
        ("sky_recovered", []),
    ]
    assert "focus that drifts" in said[0]["message"]
    assert place.results[0]["result"] == "completed"
    assert place.results[0]["frames"]["taken"] == 45
    assert "focused again: the frames got worse" in place.results[0]["message"]


@pytest.mark.soak
def test_nothing_is_said_where_nobody_wants_to_know(observatory: Callable[..., Observatory]) -> None:
    assert cloudy(observatory(), "ignore", 300) == []
