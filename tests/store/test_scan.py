from __future__ import annotations

import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Problem, warning
from agent.store.errors import FolderMissingError
from agent.store.folders import Folder, reason_path
from agent.store.store import SessionStore

from .support import HandClock, drop, names, open_store, session, text


def test_a_whole_file_is_known_at_the_first_look(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json")
    changes = store.scan()
    assert [found.session_id for found in changes.added] == ["m31"]
    assert changes.added[0].folder is Folder.TO_DO
    assert changes.added[0].document.target == "M 31"
    assert not store.scan().added


def test_a_changed_file_is_changed_and_a_touched_one_is_not(store: SessionStore, root: Path) -> None:
    path = drop(root, "m31.json")
    first = store.scan().added[0]
    os.utime(path, ns=(1, 1))
    assert not store.scan().changed
    drop(root, "m31.json", session("M 33"))
    changed = store.scan().changed
    assert [(one.session_id, one.document.target) for one in changed] == [("m31", "M 33")]
    assert changed[0].first_seen == first.first_seen


def test_a_removed_file_is_removed_and_a_renamed_one_is_another_session(
    store: SessionStore, root: Path
) -> None:
    path = drop(root, "a.json")
    drop(root, "b.json")
    store.scan()
    path.unlink()
    (root / "ToDo/b.json").rename(root / "ToDo/c.json")
    changes = store.scan()
    assert set(changes.removed) == {"a", "b"}
    assert [one.session_id for one in changes.added] == ["c"]


def test_a_file_that_is_still_written_waits_until_it_is_whole(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    whole = text(session())
    for size in (0, 10, 200, len(whole) - 1):
        drop(root, "m31.json", whole[:size])
        changes = store.scan()
        assert changes.waiting == ("m31.json",)
        assert not changes.added
        assert not changes.broken
        clock.seconds += 9
    drop(root, "m31.json", whole)
    assert [one.session_id for one in store.scan().added] == ["m31"]


def test_a_file_that_stays_broken_goes_to_error_unchanged_with_the_reason(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "half.json", b'{"command": {')
    store.scan()
    clock.seconds = 9.0
    assert store.scan().waiting == ("half.json",)
    clock.seconds = 10.0
    (broken,) = store.scan().broken
    assert broken.path == root / "Error/half.json"
    assert broken.path.read_bytes() == b'{"command": {'
    assert broken.failure.code == "not_json"
    assert "line 1" in reason_path(broken.path).read_text()
    assert not store.scan().broken


def test_an_invalid_session_names_place_and_remedy(store: SessionStore, root: Path, clock: HandClock) -> None:
    raw = session()
    raw["command"]["goto_manual"]["ra_coord"] = "83.8"
    drop(root, "orion.json", raw)
    assert store.scan().waiting == ("orion.json",)
    clock.seconds = 2.0
    (broken,) = store.scan().broken
    reason = reason_path(broken.path).read_text()
    assert "/goto_manual/ra_coord" in reason
    assert "move it back into ToDo" in reason


def test_a_broken_file_that_is_corrected_in_time_is_taken(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "a.json", b"[]")
    store.scan()
    clock.seconds = 1.5
    drop(root, "a.json", b"{}")
    assert store.scan().waiting == ("a.json",)
    clock.seconds = 3.0
    assert store.scan().waiting == ("a.json",), "the change began a new time of grace"
    drop(root, "a.json")
    assert [one.session_id for one in store.scan().added] == ["a"]


def test_a_session_that_becomes_invalid_is_removed_and_explained(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    drop(root, "a.json")
    store.scan()
    drop(root, "a.json", {"command": {"id_command": {"process": "ended"}}})
    assert store.scan().waiting == ("a.json",)
    clock.seconds = 2.0
    changes = store.scan()
    assert changes.removed == ("a",)
    assert changes.broken[0].session_id == "a"


def test_the_telescopes_own_check_decides_too(root: Path, clock: HandClock) -> None:
    def examine(document: object) -> list[Problem]:
        if getattr(document, "target", "") == "M 33":
            return [
                Problem("unknown_exposure", "There is no exposure of 15 s.", path="/setup_camera/exposure")
            ]
        return [warning("note", "Fine.")]

    store = open_store(root, clock, examine=examine)
    drop(root, "m31.json")
    drop(root, "m33.json", session("M 33"))
    (added,) = store.scan().added
    assert [problem.code for problem in added.problems] == ["note"]
    clock.seconds = 2.0
    assert store.scan().broken[0].failure.code == "unknown_exposure"
    store.close()


def test_a_check_that_crashes_costs_one_file_only(root: Path, clock: HandClock) -> None:
    def examine(document: object) -> list[Problem]:
        if getattr(document, "target", "") == "M 33":
            raise ZeroDivisionError
        return []

    store = open_store(root, clock, examine=examine)
    drop(root, "a.json", session("M 33"))
    drop(root, "b.json")
    assert [one.session_id for one in store.scan().added] == ["b"]
    clock.seconds = 2.0
    assert store.scan().broken[0].failure.code == "check_failed"
    store.close()


def test_what_is_no_plain_file_is_explained_and_stops_nobody(
    store: SessionStore, root: Path, clock: HandClock
) -> None:
    inbox = root / "ToDo"
    (inbox / "folder.json").mkdir()
    (inbox / "link.json").symlink_to(root / "elsewhere.json")
    os.mkfifo(inbox / "pipe.json")
    drop(root, "huge.json", b" " * 300_000)
    drop(root, "latin.json", '{"command": {"id_command": {"description": "é"}}}'.encode("latin-1"))
    drop(root, "good.json")
    assert [one.session_id for one in store.scan().added] == ["good"]
    clock.seconds = 10.0
    broken = {one.name: one.failure.code for one in store.scan().broken}
    assert broken == {
        "folder.json": "not_a_file",
        "link.json": "not_a_file",
        "pipe.json": "not_a_file",
        "huge.json": "too_large",
        "latin.json": "not_utf8",
    }
    assert names(root, Folder.TO_DO) == ["good.json"]
    assert all(reason_path(root / "Error" / name).exists() for name in broken)


def test_a_file_that_may_not_be_read_is_explained(
    store: SessionStore, root: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(root, "secret.json")
    drop(root, "good.json")
    real = os.open

    def refusing(path: object, *args: int, **kwargs: int) -> int:
        if str(path).endswith("secret.json"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *args, **kwargs)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(os, "open", refusing)
    assert [one.session_id for one in store.scan().added] == ["good"]
    clock.seconds = 10.0
    (broken,) = store.scan().broken
    assert broken.failure.code == "unreadable"
    assert "Permission denied" in broken.failure.message


def test_a_broken_file_that_cannot_be_moved_is_told_once_and_left(
    store: SessionStore, root: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(root, "bad.json", b"[]")
    store.scan()
    clock.seconds = 2.0
    with monkeypatch.context() as patch:
        patch.setattr("agent.store.disk.rename_exclusive", _refuse)
        (broken,) = store.scan().broken
        assert broken.path == root / "ToDo/bad.json"
        clock.seconds = 60.0
        assert not store.scan().broken
    drop(root, "bad.json", b"[1]")
    store.scan()
    clock.seconds = 70.0
    assert store.scan().broken[0].path == root / "Error/bad.json"


def test_odd_names_get_safe_ids_that_stay_apart(store: SessionStore, root: Path) -> None:
    odd = ["M 31 Ünï #1.json", "M 31 Ünï +1.json", "银河.json", "UPPER.JSON", "a.b.json", "con.json"]
    for name in odd:
        drop(root, name)
    (root / "ToDo" / os.fsdecode(b"caf\xe9.json")).write_bytes(text(session()))
    added = store.scan().added
    ids = [one.session_id for one in added]
    assert len(set(ids)) == len(odd) + 1
    assert all(one.isascii() and not set(one) & set("/+# ") for one in ids)
    for one in ids:
        claimed = store.claim(one)
        claimed.document.name.encode()
        assert store.put_back(one, "test").session_id == one
    assert not store.scan().added


def test_other_files_are_left_alone_and_mentioned_once(
    store: SessionStore, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("notes.txt", ".hidden.json", "m31.json.part"):
        drop(root, name, b"x")
    for _ in range(3):
        assert store.scan() == type(store.scan())()
    assert sorted(record.getMessage().split()[0] for record in caplog.records) == [
        "m31.json.part",
        "notes.txt",
    ]


def test_a_folder_that_vanishes_removes_no_session(store: SessionStore, root: Path) -> None:
    drop(root, "a.json")
    store.scan()
    root.rename(root.with_name("away"))
    with pytest.raises(FolderMissingError, match="mounted"):
        store.scan()
    root.with_name("away").rename(root)
    assert not store.scan().removed
    assert store.get("a") is not None


def test_pending_in_the_inbox_waits_again(store: SessionStore, root: Path) -> None:
    path = drop(root, "a.json", session(process="pending"))
    (added,) = store.scan().added
    assert added.document.runnable
    assert json.loads(path.read_bytes())["command"]["id_command"]["process"] == "wait"
    assert not store.scan().changed


def test_a_limited_scan_goes_on_where_it_stopped(store: SessionStore, root: Path) -> None:
    for number in range(25):
        drop(root, f"s{number:02}.json")
    seen: list[str] = []
    while True:
        changes = store.scan(limit=10)
        seen += [one.session_id for one in changes.added]
        if not changes.more:
            break
        assert len(changes.added) == 10
    assert seen == [f"s{number:02}" for number in range(25)]


def test_a_limited_scan_lists_the_folder_once_and_again_after_a_while(
    store: SessionStore, root: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listing thousands for each few that are read would take longer than reading them."""
    for number in range(30):
        drop(root, f"s{number:02}.json")
    listings = []
    scandir = os.scandir

    def counted(path: Path) -> Any:
        listings.append(path)
        return scandir(path)

    monkeypatch.setattr("agent.store.watch.os.scandir", counted)
    assert len(store.scan(limit=10).added) == 10
    (root / "ToDo/s15.json").unlink()  # between two slices
    drop(root, "s16.json", session("M 33"))
    second = store.scan(limit=10)
    assert listings == [root / "ToDo"]
    assert {one.session_id for one in second.added} == {f"s{number}" for number in range(10, 21)} - {"s15"}
    assert {one.document.target for one in second.added} == {"M 31", "M 33"}
    clock.seconds += 3
    drop(root, "a.json")
    third = store.scan(limit=10)
    assert listings == [root / "ToDo"] * 2
    assert [one.session_id for one in third.added] == ["a", *(f"s{number}" for number in range(21, 30))]
    assert (third.more, third.changed, third.removed) == (False, (), ())


def test_five_thousand_sessions_and_a_hundred_troubles(root: Path, clock: HandClock) -> None:
    store = open_store(root, clock)
    whole = text(session())
    inbox = root / "ToDo"
    for number in range(5000):
        (inbox / f"s{number:04}.json").write_bytes(whole)
    for number in range(50):
        drop(root, f"broken{number}.json", [number])
        drop(root, f"half{number}.json", whole[: 20 + number])
    reads = _count_reads(store)
    added = 0
    while True:
        changes = store.scan(limit=500)
        added += len(changes.added)
        if not changes.more:
            break
    store.scan()
    assert len(reads) == 5100, "each file is read once"
    assert added == 5000
    assert len(changes.waiting) == 100
    clock.seconds = 10.0
    assert len(store.scan().broken) == 100
    assert len(names(root, Folder.ERROR)) == 100
    reads.clear()
    (inbox / "s0007.json").write_bytes(text(session("M 33")))
    changed = [one.session_id for _ in range(6) for one in store.scan().changed]
    assert changed == ["s0007"], "a file changed in place is found within a few looks"
    assert reads == ["s0007.json"], "what did not change is not read"
    store.close()


def _count_reads(store: SessionStore) -> list[str]:
    reads: list[str] = []
    reader = store._reader
    real = reader.read

    def counting(path: Path, stamp: object) -> object:
        reads.append(path.name)
        return real(path, stamp)  # type: ignore[arg-type]

    reader.read = counting  # type: ignore[method-assign, assignment]
    return reads


def _refuse(*_: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")
