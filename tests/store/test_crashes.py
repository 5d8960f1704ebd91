"""Power cuts and disk errors at every single call that changes the disk, in every operation of the store."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from agent.events import Outcome
from agent.store.errors import StoreError
from agent.store.folders import Folder, reason_path
from agent.store.store import SessionStore
from tests.support.tables import sliced

from .faults import FaultyDisk, PowerCut
from .support import FOLDERS, START, HandClock, drop, open_store, result, session

pytestmark = pytest.mark.usefixtures("unsynced")

Step = Callable[[SessionStore], object]


@dataclass(frozen=True)
class Scenario:
    """What was done before the fault, what is done while it strikes, and the sessions it may create."""

    before: tuple[Step, ...]
    during: Step
    running: bool = False
    creates: int = 0


def claim(store: SessionStore) -> object:
    return store.claim("m31")


def broken_file(store: SessionStore) -> object:
    path = store.tree[Folder.TO_DO] / "broken.json"
    path.write_bytes(
        json.dumps({"command": {"id_command": {"description": "broken"}, "goto_solar": 7}}).encode()
    )
    return store.scan()


def later_scan(store: SessionStore) -> object:
    clock = store._clock
    assert isinstance(clock, HandClock)
    clock.seconds += 60
    return store.scan()


SCENARIOS = {
    "claim": Scenario((), claim),
    "completed": Scenario((claim,), lambda store: store.finish("m31", result("m31")), running=True),
    "failed": Scenario(
        (claim,), lambda store: store.finish("m31", result("m31", Outcome.FAILED)), running=True
    ),
    "skipped": Scenario((), lambda store: store.finish("m31", result("m31", Outcome.SKIPPED))),
    "put back": Scenario((claim,), lambda store: store.put_back("m31", "later"), running=True),
    "add": Scenario((), lambda store: store.add("m31", session("added")), creates=1),
    "reschedule": Scenario((), lambda store: store.reschedule("m31", START + timedelta(hours=3))),
    "reject": Scenario((broken_file,), later_scan),
    "recover": Scenario(
        (claim, lambda store: store.finish("m31", result("m31"))), lambda store: store.recover()
    ),
    "prepare": Scenario((claim,), lambda store: store.tree.prepare(), running=True),
}


def sessions_on_disk(root: Path) -> Counter[str]:
    """Parse every session file and count the sessions by what tells them apart, over all folders.

    An empty file that was explained is the trace of a cut submission on a disk without exclusive rename.
    """
    found: Counter[str] = Counter()
    for folder in FOLDERS:
        for path in (root / folder.value).glob("*.json"):
            explained = reason_path(path).exists() and path.stat().st_size == 0
            if not path.name.startswith(".") and not explained:
                found[json.loads(path.read_bytes())["command"]["id_command"]["description"]] += 1
    return found


def arranged(root: Path, scenario: Scenario) -> SessionStore:
    """Make a tree with a session, and a file of the same name already in every other folder."""
    store = open_store(root, HandClock())
    for folder in (Folder.CURRENT, Folder.DONE, Folder.ERROR):
        drop(root, "m31.json", session(f"older in {folder}", process="ended", result=True), folder)
    drop(root, "m31.json", session("the session"))
    store.scan()
    for step in scenario.before:
        step(store)
    return store


@pytest.mark.parametrize(("name", "exclusive"), sliced(list(SCENARIOS), [True, False]))
def test_a_power_cut_at_any_call_leaves_every_session_once_and_whole(
    tmp_path: Path, name: str, exclusive: bool
) -> None:
    scenario = SCENARIOS[name]
    cut = True
    number = 0
    while cut:
        number += 1
        root = tmp_path / str(number)
        store = arranged(root, scenario)
        before = sessions_on_disk(root)
        faults = FaultyDisk(number, power_cut=True, exclusive=exclusive)
        with faults.installed(), contextlib.suppress(PowerCut):
            scenario.during(store)
        cut = faults.failed
        store.close()
        if exclusive:
            _assert_kept(root, before, scenario, f"{name}, at once after call {number}")
        _assert_recovered(root, before, scenario, f"{name}, restarted after call {number}")
    assert number > 2, "the fault must have struck"


@pytest.mark.parametrize(("name", "exclusive"), sliced(list(SCENARIOS), [True, False]))
def test_a_disk_error_at_any_call_loses_nothing_and_can_be_tried_again(
    tmp_path: Path, name: str, exclusive: bool
) -> None:
    scenario = SCENARIOS[name]
    failed = True
    number = 0
    while failed:
        number += 1
        root = tmp_path / str(number)
        store = arranged(root, scenario)
        before = sessions_on_disk(root)
        faults = FaultyDisk(number, power_cut=False, exclusive=exclusive)
        raised = False
        with faults.installed():
            try:
                scenario.during(store)
            except StoreError:
                raised = True
        failed = faults.failed
        _assert_kept(root, before, scenario, f"{name}, error at call {number}")
        if raised and store.get("m31") is not None:
            scenario.during(store)
            _assert_kept(root, before, scenario, f"{name}, again after call {number}")
        store.close()
        _assert_recovered(root, before, scenario, f"{name}, restarted after call {number}")


def test_a_power_cut_during_recovery_is_recovered_from(tmp_path: Path) -> None:
    number = 0
    cut = True
    while cut:
        number += 1
        root = tmp_path / str(number)
        open_store(root, HandClock()).close()
        drop(root, "ended.json", session("ended", process="ended", result=True), Folder.CURRENT)
        drop(root, "wait.json", session("wait"), Folder.CURRENT)
        drop(root, "run.json", session("run", process="pending"), Folder.CURRENT)
        before = sessions_on_disk(root)
        faults = FaultyDisk(number, power_cut=True)
        store = open_store(root, HandClock())
        with faults.installed(), contextlib.suppress(PowerCut):
            store.recover()
        cut = faults.failed
        store.close()
        again = open_store(root, HandClock())
        assert [one.session_id for one in again.recover()] == ["run"]
        assert [one.session_id for one in again.scan().added] == ["wait"]
        assert sessions_on_disk(root) == before
        again.close()
    assert number > 2


def _assert_kept(root: Path, before: Counter[str], scenario: Scenario, when: str) -> None:
    found = sessions_on_disk(root)
    added = found - before
    assert not before - found, f"lost {when}"
    assert sum(added.values()) <= scenario.creates, f"doubled {when}: {added}"


def _assert_recovered(root: Path, before: Counter[str], scenario: Scenario, when: str) -> None:
    clock = HandClock()
    store = open_store(root, clock)
    running = {one.document.target for one in store.recover()}
    changes = store.scan()
    clock.seconds = 60.0
    later = store.scan()
    waiting = {one.document.target for one in changes.added}
    assert not running & waiting, f"twice {when}"
    assert not (changes.waiting and later.waiting), f"stuck {when}"
    if not scenario.running:
        assert "the session" not in running or scenario.during is claim, when
    _assert_kept(root, before, scenario, when)
    leftovers = [path for path in root.rglob("*") if path.name.endswith(".tmp")]
    assert not leftovers, when
    store.close()
