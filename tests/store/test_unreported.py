"""Results on their way out, and what an older version left there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agent.store import disk
from agent.store.errors import NoSpaceError
from agent.store.store import SessionStore
from agent.store.unreported import Unreported

from .support import START, HandClock, open_store, result
from .test_moves import _full


def test_a_result_noted_by_the_first_version_is_still_told(root: Path, store: SessionStore) -> None:
    Unreported(store.tree).note(result("old"))
    Unreported(store.tree).note(result("both", ended_at=START))
    store.close()
    before, now = root / ".dwarf-agent/untold", root / ".dwarf-agent/unreported"
    now.rename(before)
    again = open_store(root, HandClock())
    Unreported(again.tree).note(result("both", ended_at=START + timedelta(hours=1)))
    again.close()
    before.mkdir()
    (now / "old.json").rename(before / "old.json")
    (before / "both.json").write_text("older than what this version noted itself")
    again = open_store(root, HandClock())
    assert [one.session.session_id for one in Unreported(again.tree).all()] == ["old", "both"]
    assert not before.exists()
    again.close()


def test_a_text_that_is_no_text_is_noted_escaped(store: SessionStore) -> None:
    Unreported(store.tree).note(result("m31", files=("/Astronomy/\ud83d",)))
    (found,) = Unreported(store.tree).all()
    assert found.files == ("/Astronomy/\\ud83d",)


@pytest.mark.parametrize(
    "spoilt",
    [
        ("2026-11-22T20:10:00Z", "2026-11-22T20:10:00"),  # no offset
        ("2026-11-22T20:10:00Z", "0001-01-01T00:00:00Z"),
        ('"session_id":"m31"', '"session_id":"../../ledger"'),
        ('"outcome":"completed"', '"outcome":"lost"'),
        ("{", ""),
    ],
)
def test_a_spoilt_note_is_said_and_holds_up_no_other(
    store: SessionStore, caplog: pytest.LogCaptureFixture, spoilt: tuple[str, str]
) -> None:
    notes = Unreported(store.tree)
    notes.note(result("good"))
    notes.note(result("m31"))
    path = store.tree.unreported / "m31.json"
    text = path.read_text().replace(" ", "")
    assert spoilt[0] in text
    path.write_text(text.replace(*spoilt, 1))
    assert [one.session.session_id for one in notes.all()] == ["good"]
    assert "m31.json" in caplog.text


def test_what_was_not_told_is_told_in_the_order_of_its_end(store: SessionStore) -> None:
    notes = Unreported(store.tree)
    assert notes.all() == []
    for name, minutes in (("a", 2), ("b", 1), ("c", 3)):
        notes.note(result(name, ended_at=START + timedelta(minutes=minutes)))
    assert [one.session.session_id for one in notes.all()] == ["b", "a", "c"]
    assert notes.all()[0] == result("b", ended_at=START + timedelta(minutes=1))
    notes.forget("a")
    notes.forget("a")
    assert [one.session.session_id for one in notes.all()] == ["b", "c"]


@pytest.mark.parametrize(("year", "told"), [(1999, False), (2000, True), (2100, True), (2101, False)])
def test_no_session_ended_before_2000_or_after_2100(store: SessionStore, year: int, told: bool) -> None:
    notes = Unreported(store.tree)
    notes.note(result("a", started_at=None, ended_at=START.replace(year=year)))
    assert len(notes.all()) == told


def test_a_note_that_the_disk_refuses_is_an_error_in_words(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Unreported(store.tree)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "write", _full)
        with pytest.raises(NoSpaceError, match=r"Cannot note the result: no space left for .*a\.json"):
            notes.note(result("a"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _full)
        with pytest.raises(NoSpaceError, match=r"Cannot forget the result: no space left for .*a\.json"):
            notes.forget("a")
