"""What is raised for a session document that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.errors import AgentError, Problem, errors_of
from agent.targets import Target


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
        summary = summary_of(self.problems)
        super().__init__(summary.message, hint=summary.hint)


class SeveralPlacesError(AgentError):
    """The name of a target that is used for different places."""

    def __init__(self, message: str, places: Sequence[Target], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.places = tuple(places)


def summary_of(problems: Iterable[Problem]) -> Problem:
    """Return the first error for all of them: `message` begins with its place and counts the others."""
    errors = errors_of(problems)
    if not errors:
        return Problem("invalid", "The session cannot be used.")
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Problem(first.code, f"{first.placed}{more}", first.hint)
