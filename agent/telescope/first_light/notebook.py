"""The one file of first light: everything that crossed the wire, and what was found, in the order it came.

It is a recording as `run --record` makes them, with lines `{"t", "first_light": ...}` between, which players
of recordings skip. Opened again, it goes on where it ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from agent import __version__
from agent.telescope.dwarf.link.recorder import FORMAT, Recorder
from agent.telescope.first_light.errors import FirstLightError
from agent.telescope.first_light.finding import Finding

_KEY = "first_light"


class Notebook:
    """Findings by check, the last of each. `recorder` takes what crosses the wire while it is open."""

    def __init__(self, findings: dict[str, Finding], about: dict[str, str]) -> None:
        self.findings = findings
        self.about = about  # of the telescope and the program: model, firmware, agent, date
        self.recorder: Recorder | None = None

    @classmethod
    def read(cls, path: Path) -> Notebook:
        """Read a file; FirstLightError when it is none of first light's."""
        findings: dict[str, Finding] = {}
        about: dict[str, str] = {}
        for number, entry in _entries(path):
            noted = entry.get(_KEY)
            if noted is None:
                continue
            try:
                if "about" in noted:
                    about.update({str(key): str(value) for key, value in noted["about"].items()})
                else:
                    findings[str(noted["check"])] = Finding.from_json(noted)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise FirstLightError(f"{path}, line {number}: this is no finding ({error}).") from error
        return cls(findings, about)

    @classmethod
    def open(cls, path: Path, now: Callable[[], datetime]) -> Notebook:
        """Begin a file, or go on with one; FirstLightError when it cannot be written."""
        there = path.exists() and path.stat().st_size > 0
        notebook = cls.read(path) if there else cls({}, {})
        try:
            if there:
                _mend_end(path)
            notebook.recorder = Recorder(path, now, places=False)
        except OSError as error:
            raise FirstLightError(f"The file {path} cannot be written: {error}.") from error
        notebook.describe(agent=__version__, date=f"{now():%Y-%m-%d}")
        return notebook

    def describe(self, **about: str) -> None:
        """Note what this telescope and this program are."""
        self.about.update(about)
        self._note({"about": about})

    def put(self, name: str, finding: Finding) -> None:
        """Note what a check found; it replaces what it found before, unless it found nothing this time."""
        known = self.findings.get(name)
        if known is not None and known.agreement.settled and not finding.agreement.settled:
            return
        self.findings[name] = finding
        self._note({"check": name, **finding.to_json()})

    def close(self) -> None:
        """End the recording."""
        if self.recorder is not None:
            self.recorder.close()

    def _note(self, value: dict[str, object]) -> None:
        if self.recorder is not None:
            self.recorder.note(_KEY, value)


def _mend_end(path: Path) -> None:
    """Take off a last line that was never finished."""
    raw = path.read_bytes()
    if not raw.endswith(b"\n"):
        path.write_bytes(raw[: raw.rfind(b"\n") + 1])


def _entries(path: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FirstLightError(f"The file {path} cannot be read: {error}.") from error
    lines, finished = text.splitlines(), text.endswith("\n")
    found: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            if found and number == len(lines) and not finished:  # cut off in a word: the power went
                break
            entry = None
        if not isinstance(entry, dict) or (not found and entry.get("format") != FORMAT):
            raise FirstLightError(
                f"{path}, line {number}: this is no recording.", hint="Choose another name with --file."
            )
        found.append((number, entry))
    return found
