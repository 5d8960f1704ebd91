"""What each golden session reads as, and what it becomes when it ends.

After a deliberate change, run `python -m tests.session.golden_files` and read the difference.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.events import Frames, Outcome, SessionBrief, SessionResult, StepReport
from agent.session.document import read_session
from agent.session.writing import with_outcome

FOLDER = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json") if "." not in path.stem)

_START = datetime(2026, 1, 15, 21, 5, tzinfo=UTC)
_END = datetime(2026, 1, 15, 21, 40, 30, tzinfo=UTC)


def source(name: str) -> bytes:
    """Return the session file as somebody else's program wrote it."""
    return (FOLDER / f"{name}.json").read_bytes()


def reading(name: str) -> dict[str, Any]:
    """Return the typed reading as plain values, without what was not given."""
    found = read_session(source(name), name=name)
    document = None
    if found.document is not None:
        values = found.document.model_dump(exclude_defaults=True)
        document = json.loads(json.dumps(values, default=lambda value: value.isoformat()))
    problems = [
        {"severity": problem.severity.value, "path": problem.path, "code": problem.code, "says": str(problem)}
        for problem in found.problems
    ]
    return {"document": document, "problems": problems}


def written(name: str) -> bytes:
    """Return the file after the session ended."""
    result = SessionResult(
        telescope="balcony",
        session=SessionBrief(name, "the target"),
        outcome=Outcome.COMPLETED,
        started_at=_START,
        ended_at=_END,
        frames=Frames(10, 10, 9),
        integration_s=50.0,
        attempts=1,
        steps=(StepReport("go_live", _START, _START, "done"),),
        device="D3",
        firmware="1.2.3",
    )
    raw = read_session(source(name)).raw
    assert raw is not None
    return with_outcome(raw, result, ZoneInfo("Europe/Paris"))


def expected(name: str, kind: str) -> bytes:
    """Return the expectation beside the session: kind is "reading" or "written"."""
    return (FOLDER / f"{name}.{kind}.json").read_bytes()


def _write() -> None:
    for name in NAMES:
        text = json.dumps(reading(name), indent=2, ensure_ascii=False) + "\n"
        (FOLDER / f"{name}.reading.json").write_text(text, encoding="utf-8")
        (FOLDER / f"{name}.written.json").write_bytes(written(name))


if __name__ == "__main__":
    _write()
