"""Sessions for any telescope of an agent: placed where they end best, spread, and never run twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from agent.errors import AgentError
from agent.events import Frames, Outcome, SessionBrief, SessionResult
from agent.telescope.dwarf.models import capabilities_for
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_page import PAGE, page_of
from tests.support.fake_telescope import FakeTelescope
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
TWO = [
    {"id": "scope", "name": "Balcony", "host": "192.0.2.1", "model": "D3"},
    {"id": "garden", "name": "Garden", "host": "192.0.2.2", "model": "D3"},
]
ANY = {"max_retries": 2, "telescope": "any"}


@pytest.fixture
def place(observatory: Make) -> Observatory:
    found = observatory(telescopes=TWO)
    found.others["192.0.2.2"] = FakeTelescope(found.clock, serial="BEE2")
    return found


def results(place: Observatory) -> dict[str, list[str]]:
    """The sessions that ended on each telescope."""
    ended = [json.loads(one.payload) for one in place.broker.all("dwarf/+/result/+")]
    found: dict[str, list[str]] = {"scope": [], "garden": []}
    for one in ended:
        found[one["telescope"]].append(one["session_id"])
    return found


def everywhere(place: Observatory, folder: str) -> list[str]:
    """The session files of that folder of every telescope, and of the shared one."""
    return sorted(path.name for path in place.root.rglob(f"{folder}/*.json"))


def test_what_is_dropped_into_the_shared_folder_is_spread_and_runs_once(place: Observatory) -> None:
    async def night() -> None:
        for number in range(2):
            place.drop(f"s{number}.json", session(id_command=ANY))
        place.drop("whose.json", session())
        async with place.open():
            await place.until(lambda: sum(map(len, results(place).values())) >= 2, hours=4, every_s=30)

    run_virtual(night())
    ended = results(place)
    assert sorted((*ended["scope"], *ended["garden"])) == ["s0", "s1"]
    assert len(ended["scope"]) == len(ended["garden"]) == 1
    assert place.files("ToDo") == ["whose.json"], "a session that names no telescope is nobody's"
    assert everywhere(place, "Done") == ["s0.json", "s1.json"]


def test_a_submission_for_any_goes_where_it_ends_best_and_the_same_one_again_is_known(
    place: Observatory,
) -> None:
    async def night() -> list[dict[str, Any]]:
        async with place.open():
            for name in ("one", "two", "one"):
                body = {**session(), "session_id": name, "request_id": f"r-{name}"}
                place.say("any/session/submit", body)
                await place.clock.sleep(20)
            await place.until(lambda: sum(map(len, results(place).values())) >= 2, hours=3, every_s=30)
        said = place.broker.all("dwarf/any/session/response")
        return [json.loads(one.payload) for one in said]

    answers = run_virtual(night())
    assert [one["code"] for one in answers] == ["queued", "queued", "duplicate"]
    assert {one["telescope"] for one in answers[:2]} == {"scope", "garden"}
    assert answers[2]["telescope"] == answers[0]["telescope"]
    assert sorted(len(names) for names in results(place).values()) == [1, 1]


def test_a_session_for_a_model_runs_on_one_of_that_model_wherever_it_is_dropped(observatory: Make) -> None:
    place = observatory(telescopes=[TWO[0], {**TWO[1], "model": "mini"}])
    place.others["192.0.2.2"] = FakeTelescope(place.clock, serial="BEE2", tables=capabilities_for("mini"))

    async def night() -> None:
        own = place.root / "Devices_Sessions/Balcony/Astro_Sessions/ToDo"
        own.mkdir(parents=True)
        (own / "small.json").write_text(json.dumps(session(id_command={"telescope": "Dwarf mini"})))
        (own / "nobody.json").write_text(json.dumps(session(id_command={"telescope": "attic"})))
        async with place.open():
            await place.until(lambda: bool(results(place)["garden"]), hours=2, every_s=30)
            assert place.said("status")[-1]["problem"]["code"] == "unknown_telescope"

    run_virtual(night())
    assert results(place) == {"scope": [], "garden": ["small"]}
    assert everywhere(place, "ToDo") == ["nobody.json"]


def test_a_session_leaves_a_telescope_that_is_away_when_its_time_comes(place: Observatory) -> None:
    async def night() -> None:
        async with place.open():
            await place.clock.sleep(60)
            place.others["192.0.2.2"].cut()
            place.telescope.cut()
            place.say("any/session/submit", {**session(), "session_id": "one"})
            await place.clock.sleep(30)
            first = json.loads(place.broker.all("dwarf/any/session/response")[-1].payload)["telescope"]
            back = place.others["192.0.2.2"] if first == "scope" else place.telescope
            back.restore()
            await place.until(lambda: sum(map(len, results(place).values())) >= 1, hours=3, every_s=30)
            assert results(place)[first] == []

    run_virtual(night())
    assert everywhere(place, "Done") == ["one.json"]


def test_panes_of_a_mosaic_for_any_telescope_are_spread_and_make_one_whole(place: Observatory) -> None:
    wanted = session(
        id_command=ANY,
        setup_camera={"do_action": True, "exposure": "15", "gain": 80, "count": 6},
        mosaic={"do_action": True, "rows": 2, "columns": 2},
        goto_manual=NEVER_SETS,
    )

    async def night() -> None:
        for scope in (place.telescope, place.others["192.0.2.2"]):
            assert isinstance(scope, FakeTelescope)
            scope.tables = capabilities_for("D3")
        place.drop("big.json", wanted)
        async with place.open():
            await place.until(lambda: sum(map(len, results(place).values())) >= 5, hours=4, every_s=30)

    run_virtual(night())
    ended = results(place)
    panes = [[name for name in names if "--pane-" in name] for names in ended.values()]
    assert sorted(map(len, panes)) == [2, 2]
    whole = next(
        json.loads(one.payload)
        for one in place.broker.all("dwarf/+/result/+")
        if json.loads(one.payload)["session_id"] == "big"
    )
    assert whole["result"] == "completed"
    assert whole["frames"]["stacked"] == 24


def test_a_session_that_was_taken_by_one_telescope_cannot_be_given_to_another(place: Observatory) -> None:
    async def night() -> None:
        async with place.open():
            scope, garden = place.stations["scope"], place.stations["garden"]
            stored = scope.store.add("one", session(id_command=ANY))
            scope.store.claim(stored.session_id)
            with pytest.raises(AgentError):
                scope.neighbours.give("one", garden.neighbours)
            assert everywhere(place, "Current") == ["one.json"]
            waiting = scope.store.add("two", session(id_command=ANY))
            scope.neighbours.give(waiting.session_id, garden.neighbours)
            with pytest.raises(AgentError):
                scope.store.claim("two")

    run_virtual(night())


def test_the_page_offers_any_of_several_telescopes_and_saves_for_the_best(observatory: Make) -> None:
    place = observatory(telescopes=TWO, **PAGE)
    place.others["192.0.2.2"] = FakeTelescope(place.clock, serial="BEE2")
    form = {"target": "M 81", "exposure": "15", "gain": "80", "much": "frames", "count": "5", "any": "on"}

    async def night() -> tuple[str, list[Any]]:
        async with page_of(place) as browser:
            shown = await browser.get("/new?t=scope")
            return shown, [await browser.ask("POST", "/new/save?t=scope", form) for _ in range(2)]

    shown, answers = run_virtual(night())
    assert 'name="any"' in shown
    assert [status for status, _ in answers] == [200, 200]
    assert {answer["telescope"] for _, answer in answers} == {"scope", "garden"}


def test_with_one_telescope_any_is_that_one_and_another_model_is_refused(observatory: Make) -> None:
    place = observatory()

    async def night() -> None:
        place.drop("one.json", session(id_command=ANY))
        place.drop("small.json", session(id_command={"telescope": "mini"}))
        async with place.open():
            await place.sessions_ended(1, hours=2)
            await place.clock.sleep(60)

    run_virtual(night())
    assert place.files("Done") == ["one.json"]
    assert "small.json" in place.files("Error")


def test_results_of_one_group_count_on_every_telescope(place: Observatory) -> None:
    group = {**ANY, "group": "orion"}

    async def night() -> None:
        async with place.open():
            scope, garden = place.stations["scope"], place.stations["garden"]
            body = session(id_command=group)
            garden.store.add("half", body)
            garden.store.claim("half")
            done = result_of_twelve("half", "garden", place.clock.now())
            garden.collected.add(garden.store.finish("half", done))
            parent = scope.store.add("m42", session(id_command=group, goal={"do_action": True, "frames": 12}))
            lights = scope.neighbours.lights(parent.document)
            assert [(light.group, light.stacked) for light in lights] == [("orion", 12)]
            lone = scope.store.add("lone", session(goal={"do_action": True, "frames": 12}))
            assert scope.neighbours.lights(lone.document) == (), "a session without a group is its own"

    run_virtual(night())


def result_of_twelve(session_id: str, telescope: str, at: datetime) -> SessionResult:
    return SessionResult(
        telescope=telescope,
        session=SessionBrief(session_id, "M 42"),
        outcome=Outcome.COMPLETED,
        ended_at=at,
        frames=Frames(12, 12, 12),
        integration_s=180.0,
    )


@pytest.mark.parametrize("where", ["shared", "own"])
def test_many_that_no_telescope_is_for_do_not_keep_the_others_waiting(place: Observatory, where: str) -> None:
    elsewhere = place.root / "Devices_Sessions/Balcony/Astro_Sessions/ToDo"

    async def night() -> None:
        async with place.open():
            await place.clock.sleep(30)
            folder = place.folder("ToDo") if where == "shared" else elsewhere
            for number in range(12):
                nobodys = session(id_command={"max_retries": 2, "telescope": "mini"})
                (folder / f"a{number:02}.json").write_text(json.dumps(nobodys))
            wish = "any" if where == "shared" else "garden"
            (folder / "z.json").write_text(json.dumps(session(id_command={"telescope": wish})))
            await place.until(lambda: sum(map(len, results(place).values())) >= 1, hours=3, every_s=30)

    run_virtual(night())
    assert [name for names in results(place).values() for name in names] == ["z"]
