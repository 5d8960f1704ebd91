"""What the agent remembers between its lives carries a version, and what has none is of before and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.fleet.held import Held, HeldSubmissions
from agent.store.durations import Durations
from agent.store.folders import Tree
from agent.store.journal import JournalFile
from agent.store.unreported import Unreported
from agent.telescope.dwarf.models import capabilities_for
from tests.store.support import result

FACTS = {"frames": {"tele": {"taken": 3, "stacked": 2}}}
HELD = Held("h1", {"id_command": {}}, "m42", "r1", "")


def _journal(root: Path) -> tuple[Path, Callable[[], Any]]:
    file = JournalFile(root / "m42.json", "mark")
    file.save(FACTS)
    return file.path, file.load


def _held(root: Path) -> tuple[Path, Callable[[], Any]]:
    held = HeldSubmissions(root)
    held.keep(HELD)
    return root / "h1.json", held.all


def _unreported(root: Path) -> tuple[Path, Callable[[], Any]]:
    unreported = Unreported(Tree(root))
    unreported.note(result("m42"))
    return Tree(root).unreported / "m42.json", unreported.all


def _durations(root: Path) -> tuple[Path, Callable[[], Any]]:
    tree = Tree(root)
    for number in range(3):
        step = {"kind": "calibration", "result": "done", "took_s": 41.0}
        body = {"command": {"id_command": {"dwarf": "D3"}, "result_details": {"steps": [step]}}}
        tree.root.mkdir(exist_ok=True)
        path = tree.root / f"{number}.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        Durations(tree).load()
        durations = Durations(tree)
        durations.load()
        durations.record(path)

    def learned() -> Any:
        again = Durations(tree)
        again.load()
        return dict(again.applied(capabilities_for("D3")).durations.learned)

    return tree.durations, learned


@pytest.mark.parametrize("made", [_journal, _held, _unreported, _durations])
def test_a_state_file_carries_a_version_and_one_without_is_read(
    tmp_path: Path, made: Callable[[Path], tuple[Path, Callable[[], Any]]]
) -> None:
    path, read = made(tmp_path)
    remembered, stored = read(), json.loads(path.read_bytes())
    assert remembered
    assert stored.pop("version") == 1
    before = stored.pop("seconds", stored)  # what was learned of durations stood alone
    path.write_text(json.dumps(before), encoding="utf-8")
    assert read() == remembered
