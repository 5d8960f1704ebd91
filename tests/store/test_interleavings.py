"""Whatever users and the agent do, in any order, with restarts between: every session is once, and whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.events import Outcome
from agent.store.errors import SessionChangedError, UnknownSessionError
from agent.store.folders import Folder
from agent.store.store import SessionStore
from tests.support.chance import often

from .faults import FaultyDisk, PowerCut
from .support import FOLDERS, HandClock, drop, open_store, result, session, text

NAMES = st.sampled_from(["a.json", "b.json", "Å b.json"])
PICK = st.integers(0, 5)


class Interleavings(RuleBasedStateMachine):
    """A user with a file manager, and the agent; `expected` are the sessions that must exist, each once."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(os, "fsync", lambda _handle: None)
        self.clock = HandClock()
        self.store = open_store(self.root, self.clock)
        self.count = 0
        self.expected: set[str] = set()

    def teardown(self) -> None:
        self.store.close()
        self.patch.undo()
        shutil.rmtree(self.root)

    def _new(self) -> str:
        self.count += 1
        self.expected.add(f"s{self.count}")
        return f"s{self.count}"

    def _pick(self, pick: int, *folders: Folder) -> str | None:
        ids = [one.session_id for one in self.store.sessions() if one.folder in folders]
        return ids[pick % len(ids)] if ids else None

    @rule(name=NAMES)
    def user_drops_a_file(self, name: str) -> None:
        if not (self.root / "ToDo" / name).exists():
            drop(self.root, name, session(self._new()))

    @rule(name=NAMES)
    def user_deletes_a_file(self, name: str) -> None:
        path = self.root / "ToDo" / name
        with contextlib.suppress(FileNotFoundError, ValueError):
            self.expected.discard(json.loads(path.read_bytes())["command"]["id_command"]["description"])
            path.unlink()

    @rule(name=NAMES, invalid=st.booleans())
    def user_drops_a_bad_file(self, name: str, invalid: bool) -> None:
        if not (self.root / "ToDo" / name).exists():
            raw = session(self._new())
            raw["command"]["goto_manual"]["ra_coord"] = "99" if invalid else "1"
            drop(self.root, name, raw)

    @rule(seconds=st.sampled_from([0.0, 3.0, 20.0]), limit=st.sampled_from([None, 1]))
    def scan(self, seconds: float, limit: int | None) -> None:
        self.clock.seconds += seconds
        self.store.scan(limit)

    @rule(pick=PICK)
    def claim(self, pick: int) -> None:
        if session_id := self._pick(pick, Folder.TO_DO):
            with contextlib.suppress(UnknownSessionError, SessionChangedError):
                assert self.store.claim(session_id).folder is Folder.CURRENT

    @rule(pick=PICK, outcome=st.sampled_from(Outcome), running=st.booleans())
    def finish(self, pick: int, outcome: Outcome, running: bool) -> None:
        if session_id := self._pick(pick, Folder.CURRENT if running else Folder.TO_DO):
            with contextlib.suppress(UnknownSessionError):
                self.store.finish(session_id, result(session_id, outcome))

    @rule(pick=PICK)
    def put_back(self, pick: int) -> None:
        if session_id := self._pick(pick, Folder.CURRENT):
            self.store.put_back(session_id, "later")

    @rule(name=st.sampled_from(["a", "b", "c"]))
    def add(self, name: str) -> None:
        self.store.add(name, session(self._new()))

    @rule(pick=PICK)
    def reschedule(self, pick: int) -> None:
        if session_id := self._pick(pick, Folder.TO_DO):
            with contextlib.suppress(UnknownSessionError, SessionChangedError):
                self.store.reschedule(session_id, self.clock.now())

    @rule()
    def restart(self) -> None:
        self._restart()

    @rule(pick=PICK, at=st.integers(1, 8))
    def power_cut_while_finishing(self, pick: int, at: int) -> None:
        session_id = self._pick(pick, Folder.CURRENT, Folder.TO_DO)
        if session_id:
            faults = FaultyDisk(at, power_cut=True)
            with faults.installed(), contextlib.suppress(PowerCut, UnknownSessionError):
                self.store.finish(session_id, result(session_id))
            self._restart()

    def _restart(self) -> None:
        self.store.close()
        self.store = open_store(self.root, self.clock)
        self.store.recover()

    @invariant()
    def every_session_is_once_and_whole(self) -> None:
        found: Counter[str] = Counter()
        for folder in FOLDERS:
            for path in (self.root / folder.value).glob("*.json"):
                found[json.loads(path.read_bytes())["command"]["id_command"]["description"]] += 1
        assert found == Counter(self.expected)

    @invariant()
    def what_is_known_is_on_disk_once(self) -> None:
        known = [(one.folder, one.name) for one in self.store.sessions()]
        assert len(known) == len(set(known))


Interleavings.TestCase.settings = settings(
    max_examples=often(40), stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestInterleavings = Interleavings.TestCase


def test_a_file_that_grows_byte_by_byte_is_taken_once_and_only_whole(tmp_path: Path) -> None:
    store = open_store(tmp_path, HandClock())
    data = text(session())
    path = drop(tmp_path, "m31.json", b"")
    taken: list[SessionStore | str] = []
    for size in range(0, len(data) + 1, 7):
        path.write_bytes(data[:size])
        changes = store.scan()
        assert not changes.broken
        taken += [one.session_id for one in changes.added]
        assert not taken
    path.write_bytes(data)
    assert [one.session_id for one in store.scan().added] == ["m31"]
    store.close()
