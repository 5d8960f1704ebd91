"""What is wrong with the box around a telescope, in a person's words."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from agent.errors import Problem
from agent.events import Lid

WORDS = {
    Lid.OPEN: "open",
    Lid.CLOSED: "closed",
    Lid.BETWEEN: "neither open nor closed",
    Lid.CONTRADICTS: "seen open and closed at once",
    Lid.UNKNOWN: "not seen",
}


def no_mains(mains: bool | None) -> str:
    """Say that there is no mains power, or that nothing tells of it."""
    return "Nothing tells whether there is mains power." if mains is None else "There is no mains power."


@dataclass(frozen=True, slots=True)
class Sight:
    """The box at one moment. `lid` None: there is none; `wanted`: it is to be open.

    `moved_by_others`: it is not where it was seen after it was moved, and not for us to move. The troubles
    are the ends of sentences, "" without any; `unparked` why the telescope is not seen to be parked.
    """

    lid: Lid | None
    wanted: bool
    moved_by_others: bool = False
    unparked: str = ""
    lid_trouble: str = ""
    power_trouble: str = ""
    mains: bool | None = True
    mains_left_s: float | None = None


def problem_of(sight: Sight) -> Problem | None:
    """Return the worst that is wrong, or None."""
    return _of_lid(sight) or _of_power(sight)


def _of_lid(sight: Sight) -> Problem | None:
    match sight.lid:
        case None:
            return None
        case Lid.CONTRADICTS:
            hint = "Look at its switches: one of them does not say the truth."
            return Problem("lid_contradicts", "The lid is seen open and closed at once.", hint)
        case Lid.UNKNOWN:
            hint = "Look after what shows it: it is not opened while nobody sees it."
            return Problem("lid_unknown", "The lid is not seen.", hint)
    lid = WORDS[sight.lid]
    if sight.moved_by_others:
        was = "open for a session" if sight.wanted else "closed"
        hint = "It was not the agent: put it back. An unsafe sky has it closed in any case."
        return Problem("lid_disagrees", f"The lid was {was}, and is {lid}.", hint)
    if sight.lid_trouble and sight.wanted:
        message = f"The lid has not opened: {sight.lid_trouble}."
        return Problem("lid_stuck", message, "Nothing is imaged; the session waits.")
    if sight.lid_trouble:
        return Problem("lid_stuck", f"The lid has not closed: {sight.lid_trouble}.", "Look after it at once.")
    if sight.unparked:
        hint = "Close it by hand, or set lid_first where the lid cannot hit the telescope."
        message = f"The lid stays open: the telescope is not seen to be parked ({sight.unparked})."
        return Problem("lid_waits", message, hint)
    return None


def _of_power(sight: Sight) -> Problem | None:
    if sight.power_trouble:
        message = f"The power is not as it was switched: {sight.power_trouble}."
        return Problem("power_stuck", message, "Look at the plug.")
    if sight.mains_left_s is not None:
        left = f" The night ends in {ceil(sight.mains_left_s / 60)} min." if sight.mains_left_s > 0 else ""
        hint = "Look after what shows it." if sight.mains is None else "It goes on when the power is back."
        return Problem("no_mains", f"{no_mains(sight.mains)}{left}", hint)
    return None
