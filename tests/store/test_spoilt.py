"""What a power cut can do to the files of a session that runs: the session is never forgotten."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.events import Frames, Outcome
from agent.execute.journal import Journal
from agent.store.folders import Folder
from agent.store.journal import JournalFile
from agent.store.store import SessionStore

from .support import START, HandClock, drop, names, open_store, result, session

FACTS = {"started_at": START.isoformat(), "capture": {"camera": "tele", "started_at": START.isoformat()}}
SPOILT = [b"", b"\x00" * 400, b'{"command": {"id_command": {"desc']


def began(root: Path, name: str = "m31.json") -> SessionStore:
    """A session that runs, with a journal, and an agent that is killed."""
    store = open_store(root, HandClock())
    drop(root, name)
    (added,) = store.scan().added
    store.claim(added.session_id)
    store.journal(added.session_id).save(dict(FACTS))
    store.close()
    return store


@pytest.mark.parametrize("spoilt", [*SPOILT, None])
@pytest.mark.parametrize("name", ["m31.json", "M 31 ünd more.json"])
def test_a_running_session_is_restored_from_its_copy(root: Path, spoilt: bytes | None, name: str) -> None:
    before = began(root, name)
    path = root / "Current" / name
    written = path.read_bytes()
    path.unlink() if spoilt is None else path.write_bytes(spoilt)
    store = open_store(root, HandClock())
    (found,) = store.recover()
    assert not found.lost
    assert found.document.target == "M 31"
    assert store.journal(found.session_id).load() == FACTS
    waiting = store.put_back(found.session_id, "It goes on.")
    assert waiting.session_id == before.sessions()[0].session_id
    asked = json.loads((root / "ToDo" / waiting.name).read_bytes())["command"]
    assert asked["setup_camera"] == json.loads(written)["command"]["setup_camera"]
    assert names(root, Folder.ERROR) == ([] if not spoilt else [name])
    store.close()


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("copy", [*SPOILT, None])
def test_without_its_copy_the_journal_still_tells_that_it_ran(
    root: Path, spoilt: bytes, copy: bytes | None
) -> None:
    began(root)
    (root / "Current/m31.json").write_bytes(spoilt)
    kept = root / ".dwarf-agent/journal/m31.session"
    kept.unlink() if copy is None else kept.write_bytes(copy)
    store = open_store(root, HandClock())
    (found,) = store.recover()
    assert found.lost
    assert store.journal("m31").load() == FACTS
    path = store.finish("m31", result("m31", Outcome.FAILED))
    assert path.parent.name == "Error"
    assert not list((root / ".dwarf-agent/journal").iterdir())
    store.close()


def test_what_never_began_is_no_session_that_ran(root: Path) -> None:
    open_store(root, HandClock()).close()
    drop(root, "placeholder.json", b"", Folder.CURRENT)
    store = open_store(root, HandClock())
    assert store.recover() == []
    assert names(root, Folder.CURRENT) == names(root, Folder.ERROR) == []
    store.close()


@pytest.mark.parametrize("end", ["finish", "put_back"])
def test_a_copy_lives_no_longer_than_its_session_runs(root: Path, end: str) -> None:
    began(root).close()
    store = open_store(root, HandClock())
    store.recover()
    match end:
        case "finish":
            store.finish("m31", result("m31"))
        case _:
            store.put_back("m31", "later")
    assert not list((root / ".dwarf-agent/journal").glob("*.session"))
    store.close()
    if end == "put_back":  # a person takes it out while the agent is off
        (root / "ToDo/m31.json").unlink()
    store = open_store(root, HandClock())
    assert store.recover() == []
    assert not store.scan().added
    store.close()


def test_a_session_that_had_to_take_another_name_keeps_its_id_and_frames(root: Path) -> None:
    open_store(root, HandClock()).close()
    drop(root, "m31.json", session("a stranger", process="pending"), Folder.CURRENT)
    began(root)
    (root / "Current/m31.json").unlink()
    store = open_store(root, HandClock())
    (found,) = store.recover()
    assert (found.session_id, found.name) == ("m31", "m31--2.json")
    assert store.journal("m31").load() == FACTS
    store.close()


@pytest.mark.parametrize("folder", [Folder.TO_DO, Folder.CURRENT, Folder.DONE, Folder.ERROR])
def test_a_folder_that_is_removed_while_the_agent_runs_is_made_again(root: Path, folder: Folder) -> None:
    store = open_store(root, HandClock())
    drop(root, "m31.json")
    store.scan()
    store.claim("m31")
    shutil.rmtree(root / folder.value)
    assert store.finish("m31", result("m31")).parent.name == "Done"
    drop(root, "next.json")
    assert [one.session_id for one in store.scan().added] == ["next"]
    store.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
times = st.sampled_from(
    [START.isoformat(), "2026-11-22T20:00:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00", ""]
)
counts = st.dictionaries(st.sampled_from(["taken", "stacked"]), st.integers() | json_values)
spoilt_facts = st.fixed_dictionaries(
    {},
    optional={
        "started_at": times | json_values,
        "capture": st.fixed_dictionaries(
            {}, optional={"camera": st.just("tele") | json_values, "started_at": times | json_values}
        )
        | json_values,
        "frames": st.dictionaries(st.sampled_from(["tele", "wide"]), counts | json_values) | json_values,
        "failed": json_values,
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoilt_facts)
async def test_no_journal_stops_what_reads_it(tmp_path: Path, facts: dict[str, Any]) -> None:
    path = tmp_path / "m31.json"
    path.write_text(json.dumps({"mark": "", "facts": facts}))
    journal = Journal(JournalFile(path), HandClock())
    await journal.load()
    began, frames = journal.started_at, sum(journal.by_camera.values(), Frames())
    assert began is None or (START + timedelta(days=1) - began) > timedelta()
    assert min(frames.requested, frames.taken, frames.stacked) >= 0
    assert journal.complete in (True, False)
    assert journal.open_capture is None or journal.open_capture[0] is Camera.TELE
    await journal.begin(START, {Camera.TELE: 9})
    journal.capture_progress(3, 2)
    await journal.capture_closed(Camera.TELE, journal.frames(Camera.TELE), None)


def test_sessions_of_one_name_that_ran_are_each_taken_up_once(root: Path) -> None:
    clock = HandClock()
    store = open_store(root, clock)
    for number in (1, 2, 3):  # each is dropped under a name that the one before it has left
        drop(root, "b.json", session(f"s{number}"))
        (new,) = store.scan().added
        if number == 3:
            store.finish("b", result("b"))
        store.claim(new.session_id)
    store.close()
    store = open_store(root, clock)
    running = store.recover()
    assert {one.session_id: one.document.target for one in running} == {"b--2": "s2", "b--3": "s3"}
    assert sorted(names(root, Folder.CURRENT)) == ["b--2.json", "b--3.json"]
    store.close()
