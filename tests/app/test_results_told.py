"""A result is told until it is with the broker, whatever becomes of the agent meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual


def test_what_ended_while_the_broker_was_away_is_told_by_the_next_life(
    observatory: Callable[..., Observatory],
) -> None:
    async def lives() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        async with place.open():
            await place.until(lambda: bool(place.telescope.captures))
            place.port.cut()
            await place.until(lambda: place.files("Done") == ["a.json"], every_s=5)
        assert place.results == []
        for _ in range(2):
            async with place.open():
                await place.clock.sleep(60)
        return place

    place = run_virtual(lives())
    assert [(one["session_id"], one["result"]) for one in place.results] == [("a", "completed")]
    assert not list((place.folder(".dwarf-agent") / "unreported").glob("*"))


def test_what_was_told_is_not_kept_to_be_told_again(observatory: Callable[..., Observatory]) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        async with place.open():
            await place.sessions_ended(1)
            await place.clock.sleep(1)
        return place

    place = run_virtual(night())
    assert not list((place.folder(".dwarf-agent") / "unreported").glob("*"))
