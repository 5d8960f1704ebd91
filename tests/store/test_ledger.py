from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.store import disk
from agent.store.errors import NoSpaceError, StoreError
from agent.store.journal import JournalFile, Journals
from agent.store.ledger import REDELIVERY, Ledger, body_hash, submission_key

from .support import START, HandClock
from .test_moves import _full


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.json"


def test_a_repeated_submission_is_known_after_its_session_ended_and_the_agent_restarted(
    path: Path, clock: HandClock
) -> None:
    first = Ledger(path, clock)
    assert first.find("k") is None
    first.record("k", session_id="tonight", request_id="r1", body_hash="h")
    first.settle("tonight", "completed", ended_at=START + timedelta(hours=1))
    again = Ledger(path, clock).find("k")
    assert again is not None
    assert (again.session_id, again.request_id) == ("tonight", "r1")
    assert again.outcome == "completed"
    assert again.ended_at == START + timedelta(hours=1)


def test_an_open_submission_is_found_by_its_session(path: Path, clock: HandClock) -> None:
    ledger = Ledger(path, clock)
    ledger.record("k1", session_id="a")
    ledger.record("k2", session_id="b")
    ledger.settle("a", "failed", ended_at=START)
    assert ledger.settle("a", "completed", ended_at=START) is None, "a submission has exactly one result"
    outcomes = {key: entry.outcome for key in ("k1", "k2") if (entry := Ledger(path, clock).find(key))}
    assert outcomes == {"k1": "failed", "k2": ""}
    entry = ledger.by_session("a")
    assert entry is not None
    assert (entry.outcome, entry.ended_at) == ("failed", START)
    assert (entry.request_id, entry.body_hash, entry.at) == ("", "", START)
    ledger.record("k3", session_id="a")
    assert (ledger.by_session("a") or entry).key == "k3", "the newest"
    ledger.forget("k2")
    ledger.forget("k2")
    assert Ledger(path, clock).find("k2") is None
    assert Ledger(path, clock).find("k1") == entry


def test_the_ledger_stays_small_and_never_drops_what_is_open(path: Path, clock: HandClock) -> None:
    ledger = Ledger(path, clock, limit=3, keep=timedelta(days=7))
    ledger.record("open", session_id="open")
    for number in range(5):
        ledger.record(f"k{number}", session_id=f"s{number}")
        ledger.settle(f"s{number}", "completed", ended_at=START)
    stored = [entry["key"] for entry in json.loads(path.read_bytes())["entries"]]
    assert stored == ["open", "k3", "k4"]
    clock.seconds = timedelta(days=8).total_seconds()
    ledger.record("new", session_id="new")
    assert ledger.find("k4") is None
    assert ledger.find("open") is not None
    assert ledger.find("new") is not None


def test_what_is_forgotten_is_older_than_seven_days_or_not_of_the_newest_five_hundred(
    path: Path, clock: HandClock
) -> None:
    def entry(number: int) -> dict[str, Any]:
        key = {"key": f"k{number}", "session_id": f"s{number}", "request_id": "", "body_hash": ""}
        return {**key, "at": START.isoformat(), "outcome": "completed"}

    path.parent.mkdir()
    path.write_text(json.dumps({"version": 2, "entries": [entry(number) for number in range(501)]}))
    ledger = Ledger(path, clock)
    clock.seconds = timedelta(days=7).total_seconds()
    ledger.record("open", session_id="open")
    assert [ledger.find(f"k{number}") is not None for number in (0, 1, 2)] == [False, False, True]
    clock.seconds += 1
    ledger.settle("open", "completed", ended_at=START)
    assert [ledger.find(key) is not None for key in ("k2", "k500", "open")] == [False, False, True]


def test_a_broken_ledger_that_cannot_be_set_aside_is_an_error_in_words(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"{")
    monkeypatch.setattr(disk, "move", _full)
    with pytest.raises(NoSpaceError, match="Cannot set the broken ledger aside: no space left"):
        Ledger(path, clock).find("k")


def test_a_ledger_that_cannot_be_read_or_written_is_an_error_in_words(path: Path, clock: HandClock) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"Cannot read the ledger of submissions: .*ledger\.json"):
        Ledger(path, clock).find("k")
    path.rmdir()
    ledger = Ledger(path, clock)
    assert ledger.find("k") is None
    path.mkdir()
    with pytest.raises(StoreError, match=r"Cannot write the ledger of submissions: .*ledger\.json"):
        ledger.record("k", session_id="a")


@pytest.mark.parametrize(
    ("at", "ended_at"), [("2026-11-22T20:00:00", None), (START.isoformat(), "2026-11-22T20:00:00")]
)
def test_an_instant_of_nobody_knows_what_zone_breaks_a_ledger(
    path: Path, clock: HandClock, at: str, ended_at: str | None
) -> None:
    names = {"key": "k", "session_id": "a", "request_id": "", "body_hash": "h"}
    path.parent.mkdir()
    path.write_text(json.dumps({"version": 2, "entries": [{**names, "at": at, "ended_at": ended_at}]}))
    assert Ledger(path, clock).find("k") is None
    assert (path.parent / "ledger.broken.json").exists()


def test_the_hash_of_content_is_the_same_in_every_version() -> None:
    assert body_hash({"b": [1, "é"], "a": None}) == "a44633ba036df25280e4fd9ef09da6f5"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"entries": [{"key": 1}]}', b"\xff\xfe", b"[" * 5000]
)
def test_a_broken_ledger_is_kept_aside_and_a_new_one_begins(
    path: Path, clock: HandClock, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    ledger = Ledger(path, clock)
    assert ledger.find("k") is None
    assert (path.parent / "ledger.broken.json").read_bytes() == content
    assert "would run again" in caplog.text
    ledger.record("k", session_id="a")
    assert Ledger(path, clock).find("k") is not None


def test_a_full_disk_remembers_nothing_half(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(path, clock)
    ledger.record("a", session_id="a")
    with monkeypatch.context() as patch:
        patch.setattr(disk, "_write_temporary", _full)
        with pytest.raises(NoSpaceError):
            ledger.record("b", session_id="b")
    assert ledger.find("b") is None
    assert Ledger(path, clock).find("a") is not None


def test_the_key_is_the_session_id_else_the_request_id_and_content_else_each_arrival() -> None:
    body = {"command": {"id_command": {"description": "M 31"}, "count": 3}}
    same = {"command": {"count": 3, "id_command": {"description": "M 31"}}}
    assert body_hash(body) == body_hash(same)
    later = START + timedelta(days=3)
    assert submission_key("a", "r1", "h1", START) == submission_key("a", "r2", "h2", later)
    assert submission_key("", "r1", "h1", START) == submission_key("", "r1", "h1", later)
    assert submission_key("", "r1", "h1", START) != submission_key("", "r1", "h2", START)
    assert submission_key("", "", "h1", START) != submission_key("", "", "h1", later)


def test_content_that_nothing_names_is_the_same_only_for_a_moment(path: Path, clock: HandClock) -> None:
    ledger = Ledger(path, clock)
    ledger.record(submission_key("", "r1", "h", START), session_id="named", body_hash="h")
    assert ledger.redelivered("h") is None
    ledger.record(submission_key("", "", "h", START), session_id="a", body_hash="h")
    clock.seconds = REDELIVERY.total_seconds()
    entry = Ledger(path, clock).redelivered("h")
    assert entry is not None
    assert entry.session_id == "a"
    assert ledger.redelivered("other") is None
    clock.seconds += 1
    assert ledger.redelivered("h") is None


def test_a_ledger_of_the_first_version_is_read_whatever_the_telescope_is_called_now(
    path: Path, clock: HandClock
) -> None:
    old = {"session_id": "m31", "request_id": "", "body_hash": "h", "at": START.isoformat()}
    entry = {"key": "scope/id/m31", "outcome": "completed", **old}
    path.parent.mkdir()
    path.write_text(json.dumps({"version": 1, "entries": [entry]}))
    ledger = Ledger(path, clock)
    found = ledger.find("id/m31")
    assert found is not None
    assert (found.outcome, found.ended_at) == ("completed", None)
    ledger.record("id/m33", session_id="m33")
    assert Ledger(path, clock).find("id/m31") == found
    assert json.loads(path.read_bytes())["version"] == 2


def test_a_journal_remembers_across_restarts_until_cleared(tmp_path: Path) -> None:
    journals = Journals(tmp_path / "journal")
    assert journals.of("m31").load() is None
    journals.of("m31").save({"step": 3, "target": "Ünï"})
    assert Journals(tmp_path / "journal").of("m31").load() == {"step": 3, "target": "Ünï"}
    journals.of("m31").clear()
    journals.of("m31").clear()
    assert journals.of("m31").load() is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"{}", b"\xff", b"[" * 100_000])
def test_a_broken_journal_counts_as_none(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "m31.json"
    path.write_bytes(content)
    assert JournalFile(path).load() is None
    assert "counts as none" in caplog.text


def test_a_journal_that_cannot_be_written_keeps_the_last_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = JournalFile(tmp_path / "m31.json")
    journal.save({"step": 1})
    with monkeypatch.context() as patch:
        patch.setattr(disk, "_write_temporary", _full)
        with pytest.raises(NoSpaceError):
            journal.save({"step": 2})
    assert journal.load() == {"step": 1}
