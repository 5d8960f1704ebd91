"""What can be wrong, as values, and the root of every error the agent raises on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps something from being done; a warning is worth knowing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, or worth knowing, that a person can act on.

    `code` is a stable lower_snake_case word for machines, `message` one sentence, `hint` the remedy ("" when
    there is none). `path` is the place: a JSON pointer inside a session (without its `command` wrapper) or a
    request, or where a setting was set ("config.yaml, mqtt.port"); "" for the whole.
    """

    code: str
    message: str
    hint: str = ""
    path: str = ""
    severity: Severity = Severity.ERROR

    @property
    def placed(self) -> str:
        """The message after its place, whose last word it does not say again."""
        if not self.path:
            return self.message
        key = self.path.rpartition("/")[2]
        return f"{self.path}: {self.message.removeprefix(f'{key}: ')}"

    def __str__(self) -> str:
        return f"{self.placed} {self.hint}".rstrip()


class AgentError(Exception):
    """A `Problem` that is raised; `message` names the place."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def problem(self, path: str = "") -> Problem:
        """Return the error as a value; `path` is its place."""
        return Problem(self.code, self.message, self.hint, path)


def warning(code: str, message: str, hint: str = "", path: str = "") -> Problem:
    """Return a problem that is only worth knowing."""
    return Problem(code, message, hint, path, Severity.WARNING)


def errors_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems that keep something from being done."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def warnings_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems that are only worth knowing."""
    return tuple(problem for problem in problems if problem.severity is Severity.WARNING)
