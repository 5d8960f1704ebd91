"""How long this telescope really needs: learned from the results in Done/ and Error/, for later estimates.

The file beside the journals only saves reading them all again; without it, it is made anew.
"""

from __future__ import annotations

import json
import logging
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from agent.capabilities import Camera, Capabilities, Learned
from agent.errors import AgentError
from agent.json_in import read_json
from agent.session.document import body_of
from agent.session.steps import StepKind
from agent.store import disk
from agent.store.errors import store_error
from agent.store.folders import Folder, Tree, is_session_name
from agent.telescope.dwarf.models import MODELS
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

LAST = 10  # sessions that count, of each kind
LEAST = 3  # fewer tell less than what the model usually needs
READ = 200  # files that are read to make it anew, the newest first
LONGEST_S = 3600.0  # of a step; what lasted longer was held up
_VERSION = 1  # a file without one is of the time before there were versions: the seconds alone
_LIMIT = 1 << 20  # bytes of a file
_MAD = 1.4826  # of a normal distribution: its standard deviation by its median deviation
_NAMES = {
    StepKind.SET_TIME: "set_time",
    StepKind.GO_LIVE: "go_live",
    StepKind.AUTO_FOCUS: "auto_focus",
    StepKind.INFINITE_FOCUS: "infinite_focus",
    StepKind.EQ_SOLVING: "eq_solving",
    StepKind.CALIBRATION: "calibration",
    StepKind.GOTO_SOLAR: "goto",
    StepKind.GOTO_MANUAL: "goto",
}
_LABELS = {  # of results that were written before they named the kind
    "Set the clock": "set_time",
    "Live view": "go_live",
    "Autofocus": "auto_focus",
    "Infinity focus": "infinite_focus",
    "Polar alignment check": "eq_solving",
    "Calibration": "calibration",
}

Samples = dict[str, dict[str, list[Annotated[float, Field(ge=0, le=LONGEST_S)]]]]
"""Seconds of the last sessions, newest last, by model ("" where a result names none) and what took them."""

_SAMPLES = TypeAdapter(Samples)


class Durations:
    """Owner of what was learned of one telescope's steps. Trouble with its file costs only estimates."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._samples: Samples = {}  # replaced, never changed: it is read while others learn
        self._applied: tuple[Samples, Capabilities, Capabilities] | None = None  # what is asked all night

    def load(self) -> None:
        """Read what was learned before."""
        samples = self._read()
        self._samples = self._made_anew() if samples is None else samples

    def record(self, path: Path) -> bool:
        """Learn from an ended session; return whether an estimate changed by a second."""
        samples = deepcopy(self._samples)
        if not _add(samples, path):
            return False
        before, self._samples = self._samples, samples
        self._save(samples)
        return any(
            abs(one.seconds - (was.seconds if was is not None else -1.0)) >= 1
            for model in samples
            for name, one in _estimates(samples, model).items()
            for was in (_estimates(before, model).get(name),)
        )

    def applied(self, capabilities: Capabilities) -> Capabilities:
        """Return what a model can do, with what is known of this telescope's steps."""
        samples, last = self._samples, self._applied
        if last is not None and last[0] is samples and last[1] is capabilities:
            return last[2]
        learned = _estimates(samples, "") | _estimates(samples, capabilities.model)
        durations = replace(capabilities.durations, learned=learned)
        applied = replace(capabilities, durations=durations) if learned else capabilities
        self._applied = samples, capabilities, applied
        return applied

    @property
    def _path(self) -> Path:
        return self._tree.durations

    def _read(self) -> Samples | None:
        try:
            read = disk.read(self._path, _LIMIT)
            stored = json.loads(read[0] if read else b"")
            versioned = isinstance(stored, dict) and "version" in stored
            return _SAMPLES.validate_python(stored["seconds"] if versioned else stored)
        except (OSError, ValueError, KeyError, RecursionError) as error:
            _LOGGER.debug("What was learned of durations is read anew from the results: %s", error)
            return None

    def _made_anew(self) -> Samples:
        samples: Samples = {}
        for path in reversed(list(islice(self._newest_first(), READ))):
            _add(samples, path)
        return samples

    def _newest_first(self) -> Iterator[Path]:
        found = []
        for folder in (Folder.DONE, Folder.ERROR):
            try:
                paths = [path for path in self._tree[folder].iterdir() if is_session_name(path.name)]
                found += [(path.stat().st_mtime, path) for path in paths]
            except OSError as error:
                _LOGGER.debug("%s cannot be read: %s", folder, error)
        return (path for _, path in sorted(found, reverse=True))

    def _save(self, samples: Samples) -> None:
        try:
            disk.make_folder(self._path.parent)
            disk.write(self._path, json.dumps({"version": _VERSION, "seconds": samples}).encode())
        except OSError as error:
            _LOGGER.debug("%s", store_error(error, "write what was learned of durations", self._path))


def _estimates(samples: Samples, model: str) -> dict[str, Learned]:
    return {name: _learned(each) for name, each in samples.get(model, {}).items() if len(each) >= LEAST}


def _learned(seconds: list[float]) -> Learned:
    middle = median(seconds)
    return Learned(middle, _MAD * median(abs(one - middle) for one in seconds), len(seconds))


def _add(samples: Samples, path: Path) -> bool:
    """Add one session's seconds, the median of each kind; false when it has none."""
    try:
        read = disk.read(path, _LIMIT)
        raw = read_json(read[0]) if read else None
    except (OSError, ValueError, AgentError) as error:
        _LOGGER.debug("Nothing is learned from %s: %s", printable(path.name), error)
        return False
    body = body_of(raw) if isinstance(raw, Mapping) else None
    details = body.get("result_details") if isinstance(body, Mapping) else None
    steps = details.get("steps") if isinstance(details, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(steps, list):
        return False
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for step in steps:
        for name, seconds in _of_step(step) if isinstance(step, Mapping) else ():
            taken[name].append(seconds)
    command = body.get("id_command")
    model = command.get("dwarf") if isinstance(command, Mapping) else None
    own = samples.setdefault(model if model in MODELS else "", {})
    for name, each in taken.items():
        own[name] = [*own.get(name, []), round(median(each), 2)][-LAST:]
    return bool(taken)


def _of_step(step: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """What a step tells: what it is of, and seconds."""
    if step.get("kind") == StepKind.CAPTURE:
        camera = step.get("camera")
        frame_s, exposure_s, setup_s = (
            _seconds(step.get(key)) for key in ("frame_s", "exposure_s", "setup_s")
        )
        if camera not in list(Camera):
            return
        if frame_s is not None and exposure_s is not None:
            yield f"frame_overhead {camera}", max(0.0, frame_s - exposure_s)
        if setup_s is not None:
            yield f"camera_setup {camera}", setup_s
        return
    name, seconds = _name(step), _took(step)
    if name and seconds is not None and step.get("result") == "done":
        yield name, seconds


def _name(step: Mapping[str, Any]) -> str:
    kind, label = step.get("kind"), step.get("step")
    if isinstance(kind, str):
        return next((name for one, name in _NAMES.items() if one.value == kind), "")
    if not isinstance(label, str):
        return ""
    return "goto" if label.startswith("Go to ") else _LABELS.get(label, "")


def _took(step: Mapping[str, Any]) -> float | None:
    if "kind" in step or step.get("attempts") != 1:
        return _seconds(step.get("took_s"))
    try:
        began, ended = (datetime.fromisoformat(step[key]) for key in ("started_at", "ended_at"))
        return _seconds((ended - began).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= LONGEST_S else None
