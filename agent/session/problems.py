"""What is wrong with a session document, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.errors import AgentError


class Severity(StrEnum):
    """An error keeps the session from running; a warning is worth knowing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a document.

    `path` is a JSON pointer inside the session ("/setup_camera/exposure", "" for the whole), without
    the `command` wrapper; `code` a stable word; `message` one sentence; `hint` the remedy ("" when none).
    """

    path: str
    code: str
    message: str
    severity: Severity = Severity.ERROR
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{place}{self.message} {self.hint}".rstrip()


class BadValueError(ValueError):
    """A value that cannot be read. `at` names the key inside the section when that is not clear."""

    def __init__(self, message: str, *, code: str = "invalid_value", hint: str = "", at: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.at = at


class InvalidSessionError(AgentError):
    """A session that cannot run as it is written; `problems` has every reason, warnings included."""

    code = "invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        found = errors_of(self.problems)
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        first = found[0] if found else Problem("", "invalid", "The session cannot be used.")
        place = f"{first.path}: " if first.path else ""
        super().__init__(f"{place}{first.message}{more}", hint=first.hint)


def errors_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems that keep a session from running."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def warnings_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems that are only worth knowing."""
    return tuple(problem for problem in problems if problem.severity is Severity.WARNING)


def warning(path: str, code: str, message: str, hint: str = "") -> Problem:
    """Return a warning."""
    return Problem(path, code, message, Severity.WARNING, hint)
