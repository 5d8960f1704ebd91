"""What the session files of a telescope say of their targets: collected so far, or waiting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from agent.errors import AgentError
from agent.json_in import read_json
from agent.session.document import body_of
from agent.session.jsontext import MAX_BYTES
from agent.store import disk
from agent.store.folders import Folder, Tree, is_session_name


def collected_seconds(tree: Tree) -> dict[str, float]:
    """Return the seconds of exposure that were stacked of each target, named as in its session files.

    Files that say nothing of it count nothing; a mosaic's whole does not, as each of its panes does.
    """
    found: dict[str, float] = defaultdict(float)
    for body in _bodies(tree, Folder.DONE, Folder.ERROR):
        found[_target(body)] += _seconds(body.get("result_details"))
    return {target: seconds for target, seconds in found.items() if target and seconds > 0}


def waiting_targets(tree: Tree) -> set[str]:
    """Return the targets of the sessions that wait or run, named as in their files."""
    return {_target(body) for body in _bodies(tree, Folder.TO_DO, Folder.CURRENT)} - {""}


def _bodies(tree: Tree, *folders: Folder) -> Iterator[dict[str, Any]]:
    for path in (path for folder in folders for path in sorted(tree[folder].glob("*"))):
        if not is_session_name(path.name):
            continue
        try:
            read = disk.read(path, MAX_BYTES)
            body = body_of(read_json(read[0])) if read is not None else None
        except (OSError, AgentError, AttributeError):
            continue
        if isinstance(body, dict):
            yield body


def _target(body: Mapping[str, Any]) -> str:
    for section in ("goto_manual", "goto_solar"):
        goto = body.get(section)
        target = goto.get("target") if isinstance(goto, dict) else None
        if isinstance(target, str):
            return target
    return ""


def _seconds(details: object) -> float:
    if not isinstance(details, dict) or details.get("made_of"):
        return 0.0
    seconds = details.get("integration_s")
    return max(0.0, float(seconds)) if isinstance(seconds, int | float) else 0.0
