"""The telescope is shared with the phone app: free by day, taken for sessions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

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
