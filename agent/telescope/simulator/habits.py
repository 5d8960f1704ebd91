"""Where sources contradict each other on what V3 firmware does: each reading is a habit to choose from.

Every field is one question; its first answer is the default. Who says what is in docs/protocol.md.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import product
from typing import Literal, get_args

from agent.errors import AgentError


class HabitError(AgentError):
    """A habit that cannot be read."""

    code = "habit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """One telescope's habits. V2 firmware has none of them."""

    foreign_ids: Literal["swallowed", "refused"] = "swallowed"
    """A parameter id of another mode: answered 0 without effect, or -1."""
    same_mode: Literal["answered", "silent"] = "answered"
    """16402 into the mode it is in."""
    go_live: Literal["leaves_mode", "leaves_mode_after_capture"] = "leaves_mode"
    """11010 with nothing to finish: whether the mode is left all the same."""
    missing_darks: Literal["refused", "late", "silent"] = "refused"
    """No fitting dark: 11005 answers -11503; or 0, and -11503 a second after; or 0, and no frame comes."""
    goto_needed: Literal["refused", "warned"] = "refused"
    """11005 without a goto: -11513 and nothing starts, or -11513 and the capture runs."""
    album: Literal["type_6", "type_4", "list_4"] = "type_6"
    """Which request to the album lists deep-sky sessions."""
    charging: Literal["one_is_battery", "one_is_slow"] = "one_is_battery"
    """15202: state 1 is told on battery (2 when charging), or while charging slowly (0 on battery)."""
    calibration_end: Literal["stopped", "idle"] = "stopped"
    """15210 ends with 3, or with 3 and then 0."""
    solar_ids: Literal["own_mode", "deep_sky"] = "own_mode"
    """Whose parameter ids count in the modes of Sun, Moon and planets."""
    stop_eq: Literal["silent", "answered"] = "silent"
    """11019."""
    infinity_focus: Literal["slow", "fast"] = "slow"
    """15004 {1} tells its states by 15278 or by 15280."""

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Habits:
        """Build from names and answers as texts; HabitError says what is known."""
        answers = _answers()
        for name, answer in texts.items():
            if name not in answers:
                raise HabitError(f"There is no habit '{name}'.", hint=f"Known: {', '.join(sorted(answers))}.")
            if answer not in answers[name]:
                known = " or ".join(answers[name])
                raise HabitError(f"The habit '{name}' is {known}, not '{answer}'.")
        return cls(**texts)  # type: ignore[arg-type]  # names and answers are checked above

    @classmethod
    def all(cls, *names: str) -> list[Habits]:
        """Return every combination of the answers to these questions, the rest at their defaults."""
        answers = _answers()
        return [
            cls.from_texts(dict(zip(names, chosen, strict=True)))
            for chosen in product(*(answers[name] for name in names))
        ]

    @classmethod
    def one_by_one(cls) -> list[Habits]:
        """Return the defaults, and each answer that is not the default, one at a time."""
        others = [{name: answer} for name, answers in _answers().items() for answer in answers[1:]]
        return [cls(), *(cls.from_texts(one) for one in others)]

    def __str__(self) -> str:
        unusual = [
            f"{one.name}={getattr(self, one.name)}"
            for one in fields(self)
            if getattr(self, one.name) != one.default
        ]
        return ",".join(unusual) or "defaults"


def _answers() -> dict[str, tuple[str, ...]]:
    return {name: get_args(hint) for name, hint in typing.get_type_hints(Habits).items()}
