"""A list of another program that is dropped into ToDo/, through the night."""

from __future__ import annotations

from collections.abc import Callable

from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.importing import samples
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
NORTH = "name,ra,dec\nM 81,9.9258,69.0653\nM 82,9.9313,69.6797\n"


def test_a_list_is_imaged_in_its_order_with_the_defaults_of_the_folder(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("north.csv", NORTH)
        (place.root / "Astro_Sessions/defaults.json").write_bytes(
            samples.text(session(goto_manual=NEVER_SETS))
        )
        async with place.open():
            await place.sessions_ended(2)
        return place

    place = run_virtual(night())
    assert [(one["target"], one["result"], one["frames"]["requested"]) for one in place.results] == [
        ("M 81", "completed", 12),
        ("M 82", "completed", 12),
    ]
    assert [round(goto.ra_hours, 3) for goto in place.telescope.gotos] == [9.926, 9.931]
    assert place.files("Done") == [
        "north-1-M-81.json",
        "north-2-M-82.json",
        "north.csv",
        "north.csv.imported.txt",
    ]
    assert place.files("ToDo") == place.files("Error") == []


def test_what_cannot_be_used_of_a_list_is_told_and_the_rest_runs(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            place.drop("north.csv", NORTH.replace("69.6797", "-69.6797"))
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["target"], result["result"]) == ("M 81", "completed")
    (rejected,) = [one for one in place.said("event") if one["event_type"] == "session_rejected"]
    assert "line 3: M 82 stands at" in rejected["error"]["message"]
    assert "north.csv" in place.files("Error")
    assert "sign of the declination" in (place.folder("Error") / "north.csv.reason.txt").read_text()


def test_a_session_beside_a_list_is_not_held_up(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            place.drop("broken.esl", samples.EKOS[:300])
            place.drop("m81.json", session(goto_manual=NEVER_SETS))
            await place.sessions_ended(1)
            await place.until(lambda: "broken.esl" in place.files("Error"))
        return place

    place = run_virtual(night())
    assert place.results[0]["result"] == "completed"
    reason = (place.folder("Error") / "broken.esl.reason.txt").read_text()
    assert "This is a scheduler list of Ekos (KStars), and it cannot be read: It is not XML" in reason
