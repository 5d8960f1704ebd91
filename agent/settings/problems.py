"""What can be wrong with the configuration, all of it at once, each with its place and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.errors import AgentError, Problem

_TEXTS = ("message", "hint", "path")


class SettingsError(AgentError):
    """The configuration cannot be used. `problems` lists everything that is wrong with it."""

    code = "settings"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            super().__init__(str(self.problems[0]))
        else:
            listing = "".join(f"\n  - {problem}" for problem in self.problems)
            super().__init__(f"The configuration has {len(self.problems)} problems:{listing}")

    def by_name(self) -> SettingsError:
        """Return the same for where values are asked for by name, not typed after `--set`."""
        return SettingsError(
            [
                replace(one, **{part: getattr(one, part).replace("--set ", "") for part in _TEXTS})
                for one in self.problems
            ]
        )


class CannotEditError(AgentError):
    """The file is left alone; `message` says why."""

    code = "cannot_edit"
