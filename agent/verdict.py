"""Whether something may happen now, and if not, why: what the rules, the gate and the queue answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agent.reasons import Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes, or no with its reason and a sentence.

    `until` is when the answer may change by itself (None: not known, or not before the planned end).
    `final` means that waiting will not help. `rule` names the condition that answered, "" when none did.
    """

    allowed: bool
    reason: Reason | None = None
    message: str = ""
    until: datetime | None = None
    final: bool = False
    rule: str = ""


YES = Verdict(True)


def against(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return those that say no, the worst first: a final no before one that may change."""
    return tuple(sorted((one for one in verdicts if not one.allowed), key=lambda one: not one.final))


def merged(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what several verdicts say together: yes when all do, else no with the worst one's reason.

    Of a final no only the sentences that make it final are told. `until` is when all that is known to be
    against it may be over; for a yes, when the first of them may become a no.
    """
    said = tuple(verdicts)
    blocking = against(said)
    known = [one.until for one in blocking or said if one.until is not None]
    if not blocking:
        return Verdict(True, until=min(known, default=None))
    final = [one for one in blocking if one.final]
    return Verdict(
        False,
        blocking[0].reason,
        " ".join(one.message for one in final or blocking),
        max(known, default=None),
        final=bool(final),
        rule=blocking[0].rule,
    )
