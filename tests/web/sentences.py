"""Every form of a sentence that the agent can say on its page, read from its source.

`python -m tests.web.sentences de` prints those that a language does not have yet, for its `said`.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

AGENT = Path(str(files("agent")))
SPEAKING = (
    *("app", "conditions", "execute", "planner", "schedule", "session", "station"),
    *("archive/fetch.py", "archive/lock.py", "archive/removal.py", "archive/words.py"),
    *("fleet/fleet.py", "fleet/placing.py", "group_progress.py", "json_in.py"),
    *("mqtt/inbox.py", "mqtt/parsing.py", "mqtt/publisher.py", "mqtt/refusals.py", "mqtt/service.py"),
    *("sky/catalogue/errors.py", "sky/catalogue/small_bodies.py", "sky/horizon.py"),
    *("store/documents.py", "store/drafts.py", "store/errors.py", "store/journal.py"),
    *("store/lists.py", "store/registry.py", "store/store.py", "store/recovery.py"),
    *("telescope/errors.py", "telescope/interface.py", "telescope/time_zone.py", "telescope/dwarf/commands"),
    *("telescope/dwarf/completion.py", "telescope/dwarf/device.py", "telescope/dwarf/greeting.py"),
    *("telescope/dwarf/generation.py", "telescope/dwarf/generation_v2.py"),
    *("telescope/dwarf/generation_v3.py", "telescope/dwarf/link/connection.py"),
    *("telescope/dwarf/models.py", "telescope/dwarf/parameters.py", "telescope/dwarf/schedules.py"),
    *("telescope/dwarf/shooting_mode.py", "telescope/dwarf/state.py", "telescope/dwarf/telescope.py"),
    *("telescope/dwarf/wire/code_table.py", "telescope/dwarf/wire/codes.py", "telescope/time_zone.py"),
    *("web/api.py", "web/guard.py", "web/live.py", "web/stream.py", "web/views"),
    "settings",
)
ELSEWHERE = frozenset(
    {
        *("planner/night.py", "planner/merit_words.py", "planner/suggestion_words.py"),  # texts of a terminal
        *("session/text.py", "session/schema.py", "session/fields.py", "session/other_files.py"),
        *("session/writing.py", "session/jsontext.py", "session/pane_sessions.py", "station/neighbours.py"),
        *("app/opening.py", "app/download.py", "app/diagnostics.py", "app/folders.py"),
        "settings/manifest.py",
        *("conditions/safety/entities.py", "conditions/safety/mapping.py", "station/planning.py"),
    }
)
_TECHNICAL = re.compile(
    r"-src |frame-ancestors|=\(|filename=|max-age|charset=|^(event|# )|--set|DWARF Agent|^Value error"
)
_WORDS = re.compile(r"[A-Za-z]{2,}[,:;.']?[ ]?[A-Za-z{(\d\"']")
_PROGRAMS = re.compile(r"[\\*^]|%s|%d|^  ")  # patterns, log lines, layouts


def sources() -> Iterator[Path]:
    """The files that speak on the page."""
    for name in SPEAKING:
        path = AGENT / name
        for one in [path] if path.suffix else sorted(path.rglob("*.py")):
            if one.relative_to(AGENT).as_posix() not in ELSEWHERE:
                yield one


@cache
def forms() -> dict[str, str]:
    """Each form, values as {1}, {2}..., with the place of its first use."""
    found: dict[str, str] = {}
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        silent = _silent(tree)
        for form, line in _forms(tree, silent):
            found.setdefault(form, f"{path.relative_to(AGENT)}:{line}")
    return found


def _silent(tree: ast.AST) -> set[int]:
    """What is not said on the page: docstrings, what the log is told, what rules say in the documentation."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
        if isinstance(node, ast.Call):
            of = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            if isinstance(of, ast.Name) and of.id in ("_LOGGER", "About", "Field", "re", "AssertionError"):
                found.add(id(node))
    return found


def _forms(node: ast.AST, silent: set[int]) -> Iterator[tuple[str, int]]:
    if id(node) in silent:
        return
    if isinstance(node, ast.Constant | ast.JoinedStr):
        form = form_of(node)
        if (
            " " in form.strip()
            and _WORDS.search(form)
            and not _PROGRAMS.search(form)
            and not _TECHNICAL.search(form)
        ):
            yield form, node.lineno
        return
    for child in ast.iter_child_nodes(node):
        yield from _forms(child, silent)


def form_of(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a literal, its values as {1}, {2}..."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    text, count = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            count += 1
            text += f"{{{count}}}"
    return text


def main() -> None:
    """Print what a language does not say yet."""
    file = AGENT / "web" / "words" / f"{sys.argv[1]}.json"
    said = json.loads(file.read_text(encoding="utf-8")).get("said", {})
    missing = {form: "" for form in forms() if form not in said}
    sys.stdout.write(json.dumps(missing, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
