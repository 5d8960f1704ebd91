"""The telescope is shared with the phone app: free by day, taken for sessions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest

from agent.capabilities import Camera
from agent.telescope.interface import CameraSettings
from tests.app.conftest import DUSK, Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]


def at(hours: float) -> dict[str, object]:
    start = DUSK + timedelta(hours=hours)
    return {"date": start.strftime("%Y-%m-%d"), "time": start.strftime("%H:%M:%S"), "timezone": "UTC"}


def test_an_idle_telescope_is_freed_and_woken_in_time_for_its_session(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory()
        place.telescope.single_client = True
        place.drop("m42.json", session(id_command=at(3)))
        async with place.open():
            await place.clock.sleep(3600)
            assert place.telescope.resting
            assert place.said("status")[-1]["state"] == "idle"
            await place.until(lambda: bool(place.telescope.gotos))
            assert abs(place.clock.monotonic() - 3 * 3600) < 60
            await place.sessions_ended(1)
            await place.clock.sleep(3600)
            assert place.telescope.resting
        return place

    place = run_virtual(day())
    assert place.results[0]["result"] == "completed"
    assert place.telescope.calls.count("release_control") == 2


def test_an_owner_who_wants_to_keep_control_keeps_it(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory(
            telescopes=[{"id": "scope", "host": "192.0.2.1", "model": "D3", "keep_control": True}]
        )
        async with place.open():
            await place.clock.sleep(7200)
        return place

    assert "release_control" not in run_virtual(day()).telescope.calls


def test_a_telescope_that_is_left_alone_is_there_and_takes_orders(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory()
        place.telescope.single_client = True
        async with place.open():
            await place.clock.sleep(3600)
            assert place.telescope.resting
            place.say("scope/set/armed", "ON")
            place.say("scope/command", "park")
            await place.until(lambda: "park" in place.telescope.calls, hours=0.1)
            await place.clock.sleep(60)
            assert place.said("status")[-1]["state"] == "parked"
            assert not place.telescope.resting
            await place.clock.sleep(600)
            assert place.telescope.resting, "what a person used is freed again"
        return place

    place = run_virtual(day())
    changes = [word for word, _ in itertools.groupby(place.said("availability"))]
    assert changes == ["offline", "online", "offline"], "left alone is not lost"
    assert "offline" not in [status["state"] for status in place.said("status")[1:-1]]
    assert not {event["event_type"] for event in place.said("event")} & {"connection_lost"}


def test_telemetry_of_a_telescope_that_is_left_alone_grows_old(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory()
        place.telescope.single_client = True
        async with place.open():
            await place.clock.sleep(7200)
        return place

    assert len(run_virtual(day()).said("telemetry")) < 8, "said again only while it is heard"


def test_a_telescope_that_is_switched_off_while_left_alone_is_soon_known_to_be_off(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory()
        place.telescope.single_client = True
        async with place.open():
            await place.clock.sleep(3600)
            assert place.said("availability")[-1] == "online"
            place.telescope.online = False
            await place.clock.sleep(120)
            assert place.said("availability")[-1] == "offline"
            assert place.said("status")[-1]["state"] == "offline"
            place.telescope.restore()
            await place.clock.sleep(60)
            assert place.said("availability")[-1] == "online"
        return place

    run_virtual(day())


def test_the_filter_that_is_shown_is_the_one_in_front_of_the_camera(observatory: Make) -> None:
    async def day() -> Observatory:
        place = observatory()
        camera = {"do_action": True, "exposure": "15", "gain": 80, "count": 12, "IRCut": 2}
        async with place.open():
            await place.until(lambda: place.said("settings")[-1]["filter"] == "VIS", hours=0.1)
            place.drop("m42.json", session(setup_camera=camera))
            await place.until(lambda: place.said("progress")[-1]["frames"]["taken"] > 1, hours=1)
            assert place.said("settings")[-1]["filter"] == "Duo-Band"
            assert place.said("status")[-1]["state"] == "imaging"
            await place.sessions_ended(1)
            place.telescope.held.clear()  # a person turns it with the phone app
            place.telescope.cut()
            place.telescope.restore()
            await place.until(lambda: place.said("settings")[-1]["filter"] == "VIS", hours=0.1)
        return place

    run_virtual(day())


def test_a_person_who_stops_everything_breaks_off_the_look_at_the_filter_and_no_more(
    observatory: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def day() -> None:
        place = observatory()
        read, reads = place.telescope.read, []

        async def slow(camera: Camera) -> CameraSettings:
            reads.append(camera)
            await place.clock.sleep(5 if len(reads) == 1 else 0)
            return await read(camera)

        monkeypatch.setattr(place.telescope, "read", slow)
        async with place.open():
            await place.until(lambda: bool(reads), hours=0.1)
            place.say("scope/command", "abort")
            await place.until(lambda: place.said("settings")[-1]["filter"] == "VIS", hours=0.1)
        assert len(reads) == 2

    run_virtual(day())
    assert "defect" not in caplog.text
