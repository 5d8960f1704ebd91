"""A session that was cut off longer than a night ago does not go on: it is counted, and ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

DAY_S = 24 * 3600.0
COUNT = 60


async def cut_off(place: Observatory) -> None:
    """The agent dies in the capture, which the telescope takes to its end."""
    frames = {"do_action": True, "exposure": "15", "gain": 80, "count": COUNT}
    place.drop("a.json", session(setup_camera=frames, shutdown={"do_action": True, "park": True}))
    async with place.open():
        await place.until(lambda: sum(one.taken for one in place.telescope.captures) >= 6)
        place.telescope.cut()  # so that the end of the agent does not reach it
    await place.clock.sleep(DAY_S)
    place.telescope.restore()
    place.telescope.calls.clear()


@pytest.mark.parametrize("away", [False, True])
def test_it_has_every_frame_that_the_telescope_recorded(
    observatory: Callable[..., Observatory], away: bool
) -> None:
    async def night() -> None:
        place = observatory()
        await cut_off(place)
        if away:
            place.telescope.cut()
        async with place.open():
            await place.sessions_ended(1, hours=2)
            (result,) = place.results
            taken = result["frames"]["taken"]
            assert taken == COUNT if not away else 0 < taken < COUNT
            assert (result["result"], result["reason"]) == (
                ("completed", "agent_restarted") if not away else ("partial", "agent_restarted")
            )
            assert result["frames"]["requested"] == COUNT
            assert place.files("ToDo") == place.files("Current") == []
            assert not {"goto", "start_capture", "park"} & set(place.telescope.calls)

    run_virtual(night())


def test_what_still_captures_is_stopped_and_counted(observatory: Callable[..., Observatory]) -> None:
    async def night() -> None:
        place = observatory()
        place.telescope.runs_on = 100_000
        await cut_off(place)
        (capture,) = place.telescope.captures
        assert capture.running
        async with place.open():
            await place.sessions_ended(1, hours=2)
            assert not capture.running
            assert place.results[0]["frames"]["taken"] == capture.taken

    run_virtual(night())
