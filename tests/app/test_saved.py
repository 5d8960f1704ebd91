"""What the telescope's own records say of a session stands in its result, and in words where it differs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agent.events import Frames, Saved
from agent.execute.records import differences, together
from tests.app.conftest import Observatory, session
from tests.app.test_newer_captures_on_the_wire import WIDE, night
from tests.support.virtual_loop import run_virtual


@pytest.mark.parametrize("wide", [None, WIDE])
def test_the_telescopes_own_records_stand_in_the_result(
    observatory: Callable[..., Observatory], wide: dict[str, object] | None
) -> None:
    place = observatory()
    result, frames = night(place, session(setup_wide_camera=wide))
    assert [one["source"] for one in result["saved"]] == ["album", "shotsInfo.json"]
    assert {(one["taken"], one["stacked"]) for one in result["saved"]} == {(len(frames), len(frames))}
    assert result["saved"][0]["size"] > 1_000_000
    assert "album" not in result["message"]
    (done,) = place.folder("Done").glob("*.json")
    assert json.loads(done.read_text())["command"]["result_details"]["saved"] == result["saved"]


def test_a_record_that_differs_is_told_beside_our_count(observatory: Callable[..., Observatory]) -> None:
    place = observatory()

    async def saved(folder: str) -> tuple[Saved, ...]:
        return (Saved("album", 11, 9, 1000), Saved("shotsInfo.json", 12, 12))

    place.telescope.saved = saved  # type: ignore[method-assign]
    place.drop("a.json", session())

    async def main() -> None:
        async with place.open():
            await place.sessions_ended(1)

    run_virtual(main())
    (result,) = place.results
    assert result["frames"]["taken"] == 12
    assert "the telescope's album has 11 taken and 9 stacked" in result["message"]
    assert "shotsInfo" not in result["message"]


def test_a_record_that_does_not_tell_of_every_folder_says_nothing() -> None:
    both = (Saved("album", 3, 3, 10), Saved("note", 3, 3))
    assert together([both, (Saved("album", 4, 2, 20),)]) == (Saved("album", 7, 5, 30),)
    assert together([]) == ()
    assert differences((Saved("album", 7, 5),), Frames(9, 7, 5)) == []
