"""Lists of other programs in ToDo/: sessions are made of them, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.store import disk
from agent.store.folders import Folder
from agent.store.store import SessionStore
from tests.importing import samples

from .support import HandClock, drop, names, text
from .support import session as a_session


def settle(store: SessionStore, clock: HandClock, seconds: float = 11) -> None:
    """Look, wait until a list counts as whole, and look again."""
    store.scan()
    clock.seconds += seconds
    store.scan()


def note(root: Path, name: str, folder: Folder = Folder.ERROR, suffix: str = ".reason.txt") -> str:
    return (root / folder.value / f"{name}{suffix}").read_text()


@pytest.mark.parametrize("name", [name for name in samples.FILES if name[:6] not in {"garden", "uptoni"}])
def test_a_list_becomes_sessions_that_are_queued_and_goes_to_done(
    name: str, store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, name, samples.FILES[name])
    settle(store, clock)
    made = names(root, Folder.TO_DO)
    assert made
    assert {f"{one.session_id}.json" for one in store.scan().added} == set(made)
    assert (root / "Done" / name).read_bytes() == samples.FILES[name]
    assert not (root / "ToDo" / name).exists()
    told = note(root, name, Folder.DONE, ".imported.txt")
    assert all(one in told for one in made)


def test_a_list_is_left_until_it_is_whole(store: SessionStore, root: Path, clock: HandClock) -> None:
    whole = samples.FILES["list.csv"]
    for size in (0, 60, len(whole) - 3, len(whole)):
        drop(root, "list.csv", whole[:size])
        settle(store, clock, 9)
        assert names(root, Folder.TO_DO) == []
    clock.seconds += 2
    store.scan()
    assert names(root, Folder.TO_DO) == ["list-1-M-31.json", "list-2-M-33.json"]


def test_a_line_that_cannot_be_used_is_told_in_error_and_the_others_wait(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    data = b"name,ra,dec\nM 31,0.7123,41.269\nM 33,1.5641,-30.66\nNowhere,,\n"
    drop(root, "autumn.csv", data)
    store.scan()
    clock.seconds += 11
    (rejected,) = store.scan().broken
    assert rejected.name == "autumn.csv"
    assert names(root, Folder.TO_DO) == ["autumn-1-M-31.json"]
    assert (root / "Error/autumn.csv").read_bytes() == data
    told = note(root, "autumn.csv")
    for said in ("line 3: ", "sign of the declination", "line 4: ", "autumn-1-M-31.json", "Take those out"):
        assert said in told


def test_a_list_that_comes_back_makes_no_session_twice(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "list.csv", samples.FILES["list.csv"])
    settle(store, clock)
    store.scan()
    store.claim("list-1-M-31")
    drop(root, "list.csv", samples.FILES["list.csv"])
    settle(store, clock)
    assert names(root, Folder.TO_DO) == ["list-2-M-33.json"]
    assert sorted(path.name for path in (root / "Done").glob("*.csv")) == ["list--2.csv", "list.csv"]


def test_another_session_of_that_name_is_never_overwritten(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "list-1-M-31.json", a_session("mine"))
    drop(root, "list.csv", samples.FILES["list.csv"])
    settle(store, clock)
    assert names(root, Folder.TO_DO) == ["list-1-M-31--2.json", "list-1-M-31.json", "list-2-M-33.json"]
    assert json.loads((root / "ToDo/list-1-M-31.json").read_bytes()) == a_session("mine")


def test_the_values_are_those_of_the_defaults_in_the_folder(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    (root / "defaults.json").write_bytes(text(a_session(time="23:00:00")))
    drop(root, "list.csv", samples.FILES["list.csv"])
    settle(store, clock)
    body = json.loads((root / "ToDo/list-1-M-31.json").read_bytes())["command"]
    assert body["setup_camera"] == a_session()["command"]["setup_camera"]
    assert body["id_command"] == {
        "uuid": "list-1-M-31",
        "description": "M 31 Andromeda Galaxy",
        "process": "wait",
        "date": "2026-11-22",
        "time": "23:00:00",
        "max_retries": 2,
        "group": "list",
    }
    assert body["goto_manual"] == {
        "do_action": True,
        "target": "M 31",
        "ra_coord": "00:42:44.00",
        "dec_coord": "+41:16:09.0",
        "wait_after": 30,
    }


def test_defaults_that_are_no_session_are_told(store: SessionStore, root: Path, clock: HandClock) -> None:
    (root / "defaults.json").write_bytes(b"{}")
    drop(root, "list.csv", samples.FILES["list.csv"])
    settle(store, clock)
    assert names(root, Folder.TO_DO) == []
    assert "The template defaults.json has no section" in note(root, "list.csv")


def test_a_horizon_is_told_as_the_setting_it_becomes(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "garden.hrz", samples.FILES["garden.hrz"])
    settle(store, clock)
    assert "Set conditions.horizon to: 0:15, 90:30.5, 180:12, 270:5" in note(root, "garden.hrz")
    assert (root / "Error/garden.hrz").exists()


def test_a_target_that_moves_is_gone_to_by_its_body_or_refused(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "bodies.json", samples.FILES["uptonight-bodies-report.json"])
    settle(store, clock)
    (made,) = names(root, Folder.TO_DO)
    body = json.loads((root / "ToDo" / made).read_bytes())["command"]
    assert body["goto_solar"]["target"] == "Jupiter"
    assert "goto_manual" not in body
    assert "C/2023 A3 moves" in note(root, "bodies.json")


def test_a_disk_that_is_full_keeps_the_list_and_it_is_tried_again(
    store: SessionStore, root: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(root, "list.csv", samples.FILES["list.csv"])
    create = disk.create

    def full(folder: Path, name: str, data: bytes) -> Path:
        if name.startswith("list-2"):
            raise OSError(28, "No space left on device")
        return create(folder, name, data)

    with monkeypatch.context() as patched:
        patched.setattr(disk, "create", full)
        settle(store, clock)
    assert (root / "ToDo/list.csv").exists()
    assert names(root, Folder.TO_DO) == ["list-1-M-31.json"]
    clock.seconds += 29
    store.scan()
    assert (root / "ToDo/list.csv").exists()
    clock.seconds += 2
    store.scan()
    assert names(root, Folder.TO_DO) == ["list-1-M-31.json", "list-2-M-33.json"]
    assert (root / "Done/list.csv").exists()


def test_a_file_that_is_no_list_becomes_one_when_it_is_written_at_last(
    store: SessionStore, root: Path, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    drop(root, "list.csv", b"")
    (root / "ToDo/folder.csv").mkdir()
    settle(store, clock)
    drop(root, "list.csv", samples.FILES["list.csv"])
    settle(store, clock)
    assert names(root, Folder.TO_DO) == ["list-1-M-31.json", "list-2-M-33.json"]
    assert (root / "ToDo/folder.csv").is_dir()


def test_a_sequence_larger_than_any_session_is_imported_too(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "night.json", {**samples.NINA, "Notes": "x" * 300_000})
    settle(store, clock)
    assert names(root, Folder.TO_DO) == ["M-42.json"]
    assert names(root, Folder.DONE) == ["night.json"]
