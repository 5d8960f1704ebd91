"""What the results of a group gave it: counted once, kept when files move, made anew of the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.events import Frames, Outcome, Reason
from agent.planner.goal_progress import Light
from agent.store.collected import Collected
from agent.store.folders import Folder
from agent.store.store import SessionStore
from agent.telescope.dwarf.models import capabilities_for
from tests.store.support import PARIS, HandClock, drop, names, open_store, result, session


def collected(store: SessionStore) -> Collected:
    """What there is, as the next life of the agent sees it."""
    found = Collected(store.tree, PARIS, None, lambda: capabilities_for("D3"))
    found.catch_up()
    return found


def ended(store: SessionStore, name: str, raw: dict[str, Any], **values: Any) -> Path:
    """A session of the group that ran and has its result."""
    drop(store.tree.root, f"{name}.json", raw)
    store.scan()
    store.claim(name)
    fields: dict[str, Any] = {"by_camera": {"tele": Frames(20, 20, 19)}} | values
    outcome = fields.pop("outcome", Outcome.COMPLETED)
    return store.finish(name, result(name, outcome, **fields))


def grouped(**id_command: Any) -> dict[str, Any]:
    return session(**{"group": "M 31", **id_command})


def of(light: Light) -> tuple[str, Camera, str, int, int, float]:
    return light.group, light.camera, light.filter, light.taken, light.stacked, light.seconds


def test_a_result_is_counted_once_wherever_its_file_is(store: SessionStore) -> None:
    path = ended(store, "m31", grouped())
    first = collected(store)
    assert [of(one) for one in first.all()] == [("M 31", Camera.TELE, "Astro", 20, 19, 285.0)]
    first.add(path)
    elsewhere = path.rename(store.tree[Folder.ERROR] / "other name.json")
    (store.tree[Folder.DONE] / "copy.json").write_bytes(elsewhere.read_bytes())
    assert len(collected(store).all()) == 1
    for file in (elsewhere, store.tree[Folder.DONE] / "copy.json"):
        file.unlink()
    assert len(collected(store).all()) == 1


@pytest.mark.parametrize(
    "spoilt", ["", "{", "[]", '{"collected": [{}]}', '{"collected": 3}', '{"collected": [[]]}']
)
def test_a_note_that_is_spoilt_is_set_aside_and_made_anew(store: SessionStore, spoilt: str) -> None:
    ended(store, "m31", grouped())
    before = collected(store).all()
    store.tree.collected.write_text(spoilt)
    assert collected(store).all() == before
    assert json.loads(store.tree.collected.read_text())["collected"]


def test_only_a_run_of_a_group_counts_and_never_what_sums_others_up(store: SessionStore) -> None:
    ended(store, "alone", session())
    ended(store, "whole", grouped(), made_of=("a", "b"))
    ended(store, "nothing", grouped(), by_camera={"tele": Frames(20, 0, 0)}, outcome=Outcome.FAILED)
    drop(store.tree.root, "never-ran.json", grouped(), Folder.ERROR)
    (store.tree[Folder.DONE] / "garbage.json").write_text('"group" but no session')
    assert collected(store).all() == ()


def both() -> dict[str, Any]:
    raw = grouped()
    raw["command"]["setup_wide_camera"] = {"do_action": True, "exposure": "10", "gain": 80, "count": 5}
    return raw


def test_each_camera_has_its_own_count(store: SessionStore) -> None:
    ended(store, "both", both(), by_camera={"tele": Frames(20, 20, 19), "wide": Frames(5, 5, 4)})
    assert [of(one) for one in collected(store).all()] == [
        ("M 31", Camera.TELE, "Astro", 20, 19, 285.0),
        ("M 31", Camera.WIDE, "", 5, 4, 40.0),
    ]


def test_results_of_before_count_where_one_camera_alone_took_them(store: SessionStore) -> None:
    ended(store, "old", grouped(), by_camera={})
    ended(store, "old-both", both(), by_camera={})
    assert [one.session_id for one in collected(store).all()] == ["old"]


def test_a_mosaic_of_the_telescope_counts_by_its_poorest_pane(store: SessionStore) -> None:
    panes = (Frames(10, 10, 10), Frames(10, 10, 7), Frames(10, 9, 9))
    ended(
        store, "mosaic", grouped(), by_camera={"tele": Frames(30, 29, 26)}, panes=panes, integration_s=390.0
    )
    assert [of(one) for one in collected(store).all()] == [("M 31", Camera.TELE, "Astro", 10, 7, 105.0)]


def test_a_disk_that_refuses_costs_the_note_and_not_the_count(store: SessionStore) -> None:
    found = collected(store)
    path = ended(store, "m31", grouped())
    store.tree.collected.mkdir()
    found.add(path)
    assert len(found.all()) == 1
    store.tree.collected.rmdir()
    found.add(path)  # the next result brings what is owed along
    assert len(json.loads(store.tree.collected.read_text())["collected"]) == 1


NIGHT = {"source": "goal"}


@pytest.mark.parametrize(
    ("id_command", "outcome", "reason", "folder"),
    [
        (NIGHT, Outcome.PARTIAL, Reason.TWILIGHT, Folder.DONE),
        (NIGHT, Outcome.PARTIAL, Reason.WEATHER, Folder.DONE),
        (NIGHT, Outcome.SKIPPED, Reason.WEATHER, Folder.DONE),
        (NIGHT, Outcome.PARTIAL, Reason.TELESCOPE, Folder.ERROR),
        (NIGHT, Outcome.FAILED, Reason.TELESCOPE, Folder.ERROR),
        (NIGHT, Outcome.ABORTED, Reason.USER, Folder.ERROR),
        ({}, Outcome.PARTIAL, Reason.TWILIGHT, Folder.ERROR),
        ({}, Outcome.COMPLETED, None, Folder.DONE),
    ],
)
def test_a_night_of_a_goal_that_the_sky_ended_is_done_also_after_a_crash(
    root: Path,
    clock: HandClock,
    id_command: dict[str, str],
    outcome: Outcome,
    reason: Reason | None,
    folder: Folder,
) -> None:
    store = open_store(root, clock)
    path = ended(store, "m31", grouped(**id_command), outcome=outcome, reason=reason)
    assert path.parent == store.tree[folder]
    store.close()
    path.rename(root / "Current" / "m31.json")  # as if the power went before it moved
    again = open_store(root, clock)
    assert again.recover() == []
    assert names(root, folder) == ["m31.json"]
    again.close()
