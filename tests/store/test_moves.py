from __future__ import annotations

import asyncio
import errno
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.clock import LoopClock
from agent.errors import Problem
from agent.events import Outcome, Reason
from agent.session.problems import InvalidSessionError
from agent.store import disk
from agent.store.errors import (
    FolderInUseError,
    NoSpaceError,
    NotWritableError,
    SessionChangedError,
    UnknownSessionError,
)
from agent.store.folders import Folder, reason_path
from agent.store.store import SessionStore

from .faults import PowerCut
from .support import PARIS, START, HandClock, drop, names, open_store, process_in, result, session


@pytest.fixture(params=["exclusive rename", "placeholder"])
def any_disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A disk with Linux' exclusive rename, and one (a network share) that does not know it."""
    if request.param == "placeholder":
        monkeypatch.setattr(disk, "_rename_noreplace", lambda _source, _target: errno.EINVAL)
    return str(request.param)


def test_a_claimed_session_is_pending_in_current(store: SessionStore, root: Path, any_disk: str) -> None:
    drop(root, "m31.json")
    store.scan()
    claimed = store.claim("m31")
    assert claimed.folder is Folder.CURRENT
    written = json.loads((root / "Current/m31.json").read_bytes())["command"]["id_command"]
    assert written["process"] == "pending"
    assert written["nb_try"] == 1
    assert written["starting_date"] == "2026-11-22 21:00:00"
    assert names(root, Folder.TO_DO) == []
    changes = store.scan()
    assert not changes.removed, "what the store does itself is not a change"


@pytest.mark.parametrize(
    ("outcome", "folder"),
    [
        (Outcome.COMPLETED, Folder.DONE),
        (Outcome.PARTIAL, Folder.ERROR),
        (Outcome.FAILED, Folder.ERROR),
        (Outcome.ABORTED, Folder.ERROR),
        (Outcome.SKIPPED, Folder.ERROR),
    ],
)
def test_only_a_completed_session_is_done(
    store: SessionStore, root: Path, outcome: Outcome, folder: Folder, any_disk: str
) -> None:
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    path = store.finish("m31", result("m31", outcome))
    assert path == root / folder.value / "m31.json"
    written = json.loads(path.read_bytes())["command"]
    assert written["id_command"]["process"] == "ended"
    assert written["id_command"]["result"] is (outcome is Outcome.COMPLETED)
    assert written["result_details"]["frames"]["taken"] == 20
    assert names(root, Folder.CURRENT) == []
    assert store.sessions() == []
    found = store.find_ended("m31")
    assert found is not None
    assert found[0] == path


def test_a_waiting_session_can_end_without_running(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json")
    store.scan()
    skipped = result("m31", Outcome.SKIPPED, started_at=None, reason=Reason.USER, message="Removed by user.")
    assert store.finish("m31", skipped) == root / "Error/m31.json"
    assert names(root, Folder.TO_DO) == []
    assert not store.scan().removed


def test_a_running_session_whose_file_was_deleted_still_gets_its_result(
    store: SessionStore, root: Path
) -> None:
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    (root / "Current/m31.json").unlink()
    assert process_in(store.finish("m31", result("m31"))) == "ended"


def test_a_session_put_back_waits_and_counts_its_tries(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    back = store.put_back("m31", "The phone controls the telescope.")
    assert back.folder is Folder.TO_DO
    assert back.document.runnable
    written = json.loads((root / "ToDo/m31.json").read_bytes())["command"]["id_command"]
    assert written["message"] == "The phone controls the telescope."
    assert store.scan() == type(store.scan())()
    assert store.claim("m31").document.id_command.nb_try == 2


def test_nothing_is_ever_overwritten(store: SessionStore, root: Path, any_disk: str) -> None:
    for folder in (Folder.CURRENT, Folder.DONE, Folder.ERROR):
        drop(root, "m31.json", b"older", folder)
    for outcome in (Outcome.COMPLETED, Outcome.FAILED, Outcome.COMPLETED):
        drop(root, "m31.json")
        store.scan()
        assert store.claim("m31").name == "m31--2.json"
        store.finish("m31", result("m31", outcome))
    for folder in (Folder.CURRENT, Folder.DONE, Folder.ERROR):
        assert (root / folder.value / "m31.json").read_bytes() == b"older"
    assert names(root, Folder.DONE) == ["m31--2.json", "m31--3.json", "m31.json"]
    assert names(root, Folder.ERROR) == ["m31--2.json", "m31.json"]


def test_a_second_file_of_a_running_sessions_name_is_a_session_of_its_own(
    store: SessionStore, root: Path
) -> None:
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    drop(root, "m31.json", session("M 33"))
    (added,) = store.scan().added
    assert added.session_id == "m31--2"
    assert store.finish("m31--2", result("m31--2", Outcome.SKIPPED)).name.startswith("m31")
    assert store.get("m31") is not None
    store.finish("m31", result("m31"))
    assert names(root, Folder.DONE) == ["m31.json"]


@pytest.mark.parametrize("looked", [True, False])
@pytest.mark.parametrize("killed", [True, False])
def test_a_session_that_comes_back_keeps_its_name_and_frames_though_a_newcomer_took_the_name(
    root: Path, clock: HandClock, looked: bool, killed: bool
) -> None:
    store = open_store(root, clock)
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    store.journal("m31").save({"kept": 7})
    drop(root, "m31.json", session("M 33"))
    if looked:
        store.scan()
    if killed:
        store.close()
        store = open_store(root, clock)
        store.recover()
    store.put_back("m31", "later")
    store.scan()
    store.close()
    store = open_store(root, clock)
    store.recover()
    found = {one.session_id: one.document.target for one in store.scan().added}
    assert found == {"m31": "M 31", "m31--2": "M 33"}
    assert store.journal("m31").load() == {"kept": 7}
    store.close()


def test_a_file_deleted_just_before_another_session_takes_its_name_is_gone(
    store: SessionStore, root: Path
) -> None:
    drop(root, "b.json", session("first"))
    store.scan()
    store.claim("b")
    newcomer = drop(root, "b.json", session("second"))
    assert [one.session_id for one in store.scan().added] == ["b--2"]
    newcomer.unlink()
    store.put_back("b", "later")
    assert [one.session_id for one in store.sessions()] == ["b"]
    assert store.scan().removed == ("b--2",)
    assert store.claim("b").document.target == "first"


def test_a_claim_that_was_cut_off_gives_the_session_its_name_back(root: Path, clock: HandClock) -> None:
    store = open_store(root, clock)
    drop(root, "m31.json", session("M 31"), Folder.CURRENT)
    drop(root, "m31.json", session("M 33"))
    store.recover()
    assert {one.session_id: one.document.target for one in store.scan().added} == {
        "m31": "M 31",
        "m31--2": "M 33",
    }
    store.close()


def test_a_session_added_under_a_running_ones_name_has_the_same_id_after_a_restart(
    root: Path, clock: HandClock
) -> None:
    store = open_store(root, clock)
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    assert store.add("m31", session("M 33")).session_id == "m31--2"
    store.finish("m31", result("m31"))
    store.close()
    store = open_store(root, clock)
    assert [one.session_id for one in store.scan().added] == ["m31--2"]
    store.close()


def test_a_file_edited_a_moment_ago_runs_as_it_is_now(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json")
    store.scan()
    drop(root, "m31.json", session("M 33"))
    assert store.claim("m31").document.target == "M 33"


def test_a_file_broken_a_moment_ago_does_not_run(store: SessionStore, root: Path, clock: HandClock) -> None:
    drop(root, "m31.json")
    store.scan()
    drop(root, "m31.json", b'{"command": ')
    with pytest.raises(SessionChangedError):
        store.claim("m31")
    assert names(root, Folder.TO_DO) == ["m31.json"]
    assert store.scan().waiting == ("m31.json",)
    clock.seconds = 10.0
    changes = store.scan()
    assert changes.removed == ("m31",)
    assert len(changes.broken) == 1


def test_a_file_deleted_a_moment_ago_is_unknown(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json").unlink()
    drop(root, "m33.json")
    store.scan()
    (root / "ToDo/m33.json").unlink()
    with pytest.raises(UnknownSessionError):
        store.claim("m33")
    with pytest.raises(UnknownSessionError):
        store.finish("never", result("never"))
    with pytest.raises(UnknownSessionError):
        store.put_back("m33", "")


def test_an_added_session_is_a_file_like_any_other(store: SessionStore, root: Path) -> None:
    added = store.add("tonight", session("M 33")["command"])
    assert added.session_id == "tonight"
    assert list(json.loads((root / "ToDo/tonight.json").read_bytes())) == ["command"]
    assert not store.scan().added
    assert store.add("tonight", session()).session_id == "tonight--2"
    assert names(root, Folder.TO_DO) == ["tonight--2.json", "tonight.json"]
    store.add("../evil", session())
    assert all(path.parent == root / "ToDo" for path in root.rglob("*evil*"))


def test_a_session_that_cannot_run_is_not_added(store: SessionStore, root: Path) -> None:
    raw = session()
    raw["command"]["goto_manual"]["dec_coord"] = "-123"
    with pytest.raises(InvalidSessionError, match="dec_coord"):
        store.add("tonight", raw)
    assert list((root / "ToDo").iterdir()) == []


def test_a_rescheduled_session_has_its_new_start_in_the_file(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json")
    store.scan()
    again = store.reschedule("m31", datetime(2026, 11, 23, 1, 30, tzinfo=UTC))
    written = json.loads((root / "ToDo/m31.json").read_bytes())["command"]["id_command"]
    assert (written["date"], written["time"]) == ("2026-11-23", "02:30:00")
    assert str(again.document.id_command.time) == "02:30:00"
    assert not store.scan().changed


def test_a_start_in_the_hour_that_comes_twice_keeps_its_instant(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json")
    store.scan()
    instant = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    written = store.reschedule("m31", instant).document.id_command
    assert written.time is None
    assert isinstance(written.date, datetime)
    assert written.date == instant


def test_drafts_are_selected_by_moving_and_samples_by_copying(store: SessionStore, root: Path) -> None:
    (root / "samples").mkdir()
    (root / "draft.json").write_text(json.dumps(session()))
    (root / "bad.json").write_text("{}")
    (root / "defaults.json").write_text("{}")
    (root / "samples/moon.json").write_text(json.dumps(session("Moon")))
    assert [draft.name for draft in store.drafts()] == ["bad.json", "draft.json", "samples/moon.json"]
    store.select("draft.json")
    store.select("samples/moon.json")
    with pytest.raises(InvalidSessionError):
        store.select("bad.json")
    with pytest.raises(UnknownSessionError):
        store.select("../ToDo/draft.json")
    assert {one.session_id for one in store.scan().added} == {"draft", "moon"}
    assert not (root / "draft.json").exists()
    assert (root / "samples/moon.json").exists()


def test_a_full_disk_loses_nothing_and_says_so(
    store: SessionStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(root, "m31.json")
    before = path.read_bytes()
    store.scan()
    with monkeypatch.context() as patch:
        patch.setattr(disk, "_write_temporary", _full)
        with pytest.raises(NoSpaceError, match="no space left"):
            store.claim("m31")
        with pytest.raises(NoSpaceError):
            store.add("m33", session())
    assert path.read_bytes() == before
    store.claim("m31")
    with monkeypatch.context() as patch:
        patch.setattr(disk, "_write_temporary", _full)
        with pytest.raises(NoSpaceError):
            store.finish("m31", result("m31"))
        with pytest.raises(NoSpaceError):
            store.put_back("m31", "later")
    assert store.finish("m31", result("m31")).parent.name == "Done"


def test_a_folder_that_cannot_be_written_is_a_clear_error(
    root: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SessionStore(root, clock, zone=PARIS)
    monkeypatch.setattr(disk, "_write_temporary", _read_only)
    with pytest.raises(NotWritableError, match="read-only") as caught:
        store.prepare()
    assert caught.value.hint


def test_two_agents_do_not_share_a_tree(store: SessionStore, root: Path, clock: HandClock) -> None:
    other = SessionStore(root, clock, zone=PARIS)
    with pytest.raises(FolderInUseError, match="Another dwarf-agent"):
        other.prepare()
    store.close()
    other.prepare()
    other.close()


def test_what_was_running_is_handed_out_and_the_rest_is_settled(root: Path, clock: HandClock) -> None:
    open_store(root, clock).close()
    ended = json.loads(json.dumps(session(process="ended", result=True)))
    failed = json.loads(json.dumps(session(process="ended", result=False)))
    drop(root, "running.json", session(process="pending", nb_try=1), Folder.CURRENT)
    drop(root, "claimed.json", session(), Folder.CURRENT)
    drop(root, "ended.json", ended, Folder.CURRENT)
    drop(root, "failed.json", failed, Folder.CURRENT)
    drop(root, "torn.json", b'{"command"', Folder.CURRENT)
    store = open_store(root, clock)
    store.journal("running").save({"kept": 7})
    store.journal("claimed").save({"kept": 1})
    store.journal("gone").save({"kept": 2})
    recovered = store.recover()
    assert [(one.session_id, one.folder) for one in recovered] == [("running", Folder.CURRENT)]
    assert store.journal("running").load() == {"kept": 7}
    assert store.journal("claimed").load() == {"kept": 1}  # put back by a stopping agent, taken again
    assert store.journal("gone").load() is None
    assert names(root, Folder.TO_DO) == ["claimed.json"]
    assert names(root, Folder.DONE) == ["ended.json"]
    assert names(root, Folder.ERROR) == ["failed.json", "torn.json"]
    assert reason_path(root / "Error/torn.json").exists()
    assert [one.session_id for one in store.scan().added] == ["claimed"]
    store.finish("running", result("running", Outcome.FAILED, error=Problem("agent_restarted", "Gone.")))
    assert store.recover() == []
    store.close()


def _full(folder: Path, *_: object, **__: object) -> Path:
    raise OSError(errno.ENOSPC, "No space left on device", str(folder))


def _read_only(folder: Path, *_: object, **__: object) -> Path:
    raise OSError(errno.EROFS, "Read-only file system", str(folder))


def test_a_journal_survives_waiting_and_ends_with_its_session(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    store.journal("m31").save({"kept": 7})
    store.put_back("m31", "The agent stops.")
    store.reschedule("m31", START)
    store.claim("m31")
    assert store.journal("m31").load() == {"kept": 7}
    store.finish("m31", result("m31"))
    drop(root, "m31.json")
    store.scan()
    assert store.journal("m31").load() is None


def test_frames_of_one_target_are_never_credited_to_another(store: SessionStore, root: Path) -> None:
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    store.journal("m31").save({"kept": 7})
    store.put_back("m31", "The agent stops.")
    drop(root, "m31.json", session("M 33"))
    store.scan()
    assert store.journal("m31").load() is None


def test_a_crash_while_finishing_leaves_no_journal_to_the_next_session_of_that_name(
    store: SessionStore, root: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    store.journal("m31").save({"frames": 20})
    with monkeypatch.context() as patch:
        patch.setattr("agent.store.journal.JournalFile.clear", _cut)
        with pytest.raises(PowerCut):
            store.finish("m31", result("m31"))
    store.close()
    drop(root, "m31.json")
    again = open_store(root, clock)
    assert again.recover() == []
    assert [one.session_id for one in again.scan().added] == ["m31"]
    assert again.journal("m31").load() is None
    assert names(root, Folder.DONE) == ["m31.json"]
    again.close()


def test_preparing_clears_a_crashs_leftovers_and_nothing_of_the_users(root: Path, clock: HandClock) -> None:
    open_store(root, clock).close()
    kept = [
        drop(root, "empty.json", b""),
        drop(root, "explained.json", b"", Folder.ERROR),
        drop(root, "explained.json.reason.txt", b"why", Folder.ERROR),
        drop(root, "fixed.json"),
        drop(root, "fixed.json.reason.txt", b"written just before a crash", Folder.ERROR),
        drop(root, ".user.tmp", b"x"),
    ]
    gone = [
        drop(root, "placeholder.json", b"", Folder.DONE),
        drop(root, ".dwarf-agent-7-1.tmp", b"half"),
        drop(root, "long ago.json.reason.txt", b"why", Folder.ERROR),
    ]
    open_store(root, clock).close()
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)


async def test_the_store_works_in_threads_under_the_loops_clock(root: Path) -> None:
    clock = LoopClock(START)
    store = SessionStore(root, clock, zone=PARIS)
    assert clock.now() >= START
    await asyncio.to_thread(store.prepare)
    drop(root, "m31.json")
    assert len((await asyncio.to_thread(store.scan)).added) == 1
    await asyncio.to_thread(store.claim, "m31")
    store.close()


def _cut(_self: object) -> None:
    raise PowerCut


@pytest.mark.parametrize("claimed_before", [True, False])
def test_the_same_file_judged_otherwise_once_the_telescope_is_known_is_no_changed_file(
    root: Path, clock: HandClock, claimed_before: bool
) -> None:
    verdict: list[Problem] = []
    store = open_store(root, clock, examine=lambda _document: verdict)
    drop(root, "m31.json")
    store.scan()
    verdict.append(Problem("not_on_this_camera", "The mini tele camera has no binning setting."))
    if claimed_before:
        assert store.claim("m31").document.target == "M 31"  # whoever runs it asks the telescope's tables
    store.finish("m31", result("m31", Outcome.FAILED))
    assert names(root, Folder.TO_DO) == []
    assert "m31.json" in names(root, Folder.ERROR)
    store.close()
