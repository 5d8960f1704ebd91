"""Sums for long statistics: made from what ended, counted on, kept, and never going down."""

from __future__ import annotations

from collections.abc import Callable

from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual


def test_sums_grow_with_every_session_and_survive_restarts(observatory: Callable[..., Observatory]) -> None:
    place = observatory()

    async def main() -> None:
        for name in ("a", "b"):
            place.drop(f"{name}.json", session())
            place.telescope.online = True
            async with place.open():
                await place.until(lambda: f"{name}.json" in place.files("Done"))  # noqa: B023
                await place.clock.sleep(5)
        for path in place.folder("Done").iterdir():
            path.unlink()
        async with place.open():
            await place.clock.sleep(5)

    run_virtual(main())
    told = place.said("totals")
    assert [one["sessions"] for one in told] == sorted(one["sessions"] for one in told)
    assert told[-1] == {"light_hours": 0.1, "sessions": 2, "completed": 2, "nights": 1}


def test_sums_that_were_lost_are_made_from_the_folders(observatory: Callable[..., Observatory]) -> None:
    place = observatory()
    place.drop("a.json", session())

    async def main() -> None:
        async with place.open():
            await place.sessions_ended(1)
            await place.clock.sleep(5)
        (place.root / "Astro_Sessions" / ".dwarf-agent" / "telescope.json").write_text("{}")
        before = len(place.said("totals"))
        async with place.open():
            await place.until(lambda: len(place.said("totals")) > before)

    run_virtual(main())
    assert place.said("totals")[-1] == {"light_hours": 0.05, "sessions": 1, "completed": 1, "nights": 1}
