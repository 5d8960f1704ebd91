"""Where sources contradict each other on what V3 firmware does: each reading is a habit to choose from.

Every field is one question; its first answer is the default. Who says what is in docs/protocol.md.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any, Literal, get_args

from agent.errors import AgentError


class HabitError(AgentError):
    """A habit that cannot be read."""

    code = "habit"


@dataclass(frozen=True, slots=True)
class Habit:
    """One question with its answers, the default first."""

    name: str
    help: str
    answers: tuple[str, ...]


def _asked(default: str, question: str) -> Any:
    return field(default=default, metadata={"help": question})


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """One telescope's habits. V2 firmware has none of them."""

    foreign_ids: Literal["swallowed", "refused"] = _asked(
        "swallowed", "A parameter id of another mode: answered 0 without effect, or -1."
    )
    same_mode: Literal["answered", "silent"] = _asked("answered", "16402 into the mode it is in.")
    go_live: Literal["leaves_mode", "leaves_mode_after_capture"] = _asked(
        "leaves_mode", "11010 with nothing to finish: whether the mode is left all the same."
    )
    missing_darks: Literal["refused", "late", "silent"] = _asked(
        "refused",
        "No fitting dark: 11005 answers -11503; or 0, and -11503 a second after; or 0, and no frame comes.",
    )
    goto_needed: Literal["refused", "warned"] = _asked(
        "refused", "11005 without a goto: -11513 and nothing starts, or -11513 and the capture runs."
    )
    album: Literal["type_6", "type_4", "list_4"] = _asked(
        "type_6", "Which request to the album lists deep-sky sessions."
    )
    charging: Literal["one_is_battery", "one_is_slow"] = _asked(
        "one_is_battery",
        "15202: state 1 is told on battery (2 when charging), or while charging slowly (0 on battery).",
    )
    lock: Literal["silent", "granted"] = _asked(
        "silent", "Asking for the lock (13004): no word, or 15223 and an answer 0."
    )
    occupied: Literal["reason", "empty"] = _asked(
        "reason", "The close 4409 of a second client: with the words DEVICE_OCCUPIED, or without any."
    )
    calibration_end: Literal["stopped", "idle"] = _asked(
        "stopped", "15210 ends with 3, or with 3 and then 0."
    )
    solar_ids: Literal["own_mode", "deep_sky"] = _asked(
        "own_mode", "Whose parameter ids count in the modes of Sun, Moon and planets."
    )
    stop_eq: Literal["silent", "answered"] = _asked("silent", "Stopping a polar alignment (11019).")
    schedule_gain: Literal["displayed", "index"] = _asked(
        "displayed", "What `gainIndex` in a task of the telescope's own schedule is."
    )
    infinity_focus: Literal["slow", "fast"] = _asked(
        "slow", "Going to infinity (15004 {1}) tells its states by 15278 or by 15280."
    )
    darks_gain: Literal["displayed", "index"] = _asked(
        "displayed", "What the gain of 11021 is: as displayed, or the index in the table of older firmware."
    )
    darks_answer: Literal["taken", "refused"] = _asked(
        "taken", "Taking darks (11021): answered 0, or -5 although they are taken."
    )
    mosaic_counts: Literal["pane", "whole"] = _asked(
        "pane", "Whose frames a mosaic's progress (15263) counts: those of the present pane, or of all."
    )
    mosaic_count: Literal["own", "last_set"] = _asked(
        "own", "Frames per pane of a mosaic: the mosaic count, or the plain count if it was set after it."
    )
    mosaic_mount: Literal["any", "equatorial"] = _asked(
        "any", "A mosaic while the body stands alt-azimuth: taken, or refused with -11528."
    )

    card_index: Literal["exact", "rounded", "none"] = _asked(
        "exact", "The index of the card's folders tells sizes in bytes, rounded (16M), or there is none."
    )
    album_delete: Literal["folder", "item"] = _asked(
        "folder", "Deleting a session in the album: its folder is gone, or only its stacked picture."
    )
    headers: Literal["full", "bare"] = _asked(
        "full", "Headers of FITS files name target, place, exposure and filter, or only the camera."
    )
    ranges: Literal["taken", "ignored"] = _asked(
        "taken", "A file of the card that is asked for from some byte on: from there, or from its beginning."
    )

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Habits:
        """Build from names and answers as texts; HabitError says what is known."""
        known = {habit.name: habit.answers for habit in HABITS}
        for name, answer in texts.items():
            if name not in known:
                raise HabitError(f"There is no habit '{name}'.", hint=f"Known: {', '.join(sorted(known))}.")
            if answer not in known[name]:
                raise HabitError(f"The habit '{name}' is {' or '.join(known[name])}, not '{answer}'.")
        return cls(**texts)  # type: ignore[arg-type]  # names and answers are checked above

    @classmethod
    def all(cls, *names: str) -> list[Habits]:
        """Return every combination of the answers to these questions, the rest at their defaults."""
        asked = [habit for habit in HABITS if habit.name in names]
        return [
            cls.from_texts({habit.name: answer for habit, answer in zip(asked, chosen, strict=True)})
            for chosen in product(*(habit.answers for habit in asked))
        ]

    @classmethod
    def one_by_one(cls) -> list[Habits]:
        """Return the defaults, and each answer that is not the default, one at a time."""
        others = [{habit.name: answer} for habit in HABITS for answer in habit.answers[1:]]
        return [cls(), *(cls.from_texts(one) for one in others)]

    def __str__(self) -> str:
        unusual = [
            f"{one.name}={getattr(self, one.name)}"
            for one in fields(self)
            if getattr(self, one.name) != one.default
        ]
        return ",".join(unusual) or "defaults"


_HINTS = typing.get_type_hints(Habits)
HABITS = tuple(Habit(one.name, one.metadata["help"], get_args(_HINTS[one.name])) for one in fields(Habits))
