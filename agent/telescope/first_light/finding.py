"""What a check found, as a value that lives in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Agreement(StrEnum):
    """How what was seen stands to what this project believes."""

    AGREES = "agrees"
    VARIANT = "variant"  # the other known reading, which the agent lives with as well
    DIFFERS = "differs"  # neither: the agent does not expect this
    UNCLEAR = "unclear"  # tried, and not found out
    SKIPPED = "skipped"

    @property
    def settled(self) -> bool:
        """Whether the question is answered."""
        return self in (Agreement.AGREES, Agreement.VARIANT, Agreement.DIFFERS)


@dataclass(frozen=True, slots=True)
class Finding:
    """`saw` is one plain sentence, `facts` the numbers behind it, `habits` what the simulator calls it."""

    agreement: Agreement
    saw: str
    facts: Mapping[str, object] = field(default_factory=dict)
    habits: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the finding as plain values."""
        return {
            "agreement": self.agreement.value,
            "saw": self.saw,
            "facts": dict(self.facts),
            "habits": dict(self.habits),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Finding:
        """Read what `to_json` wrote; ValueError for anything else."""
        saw, facts, habits = value.get("saw"), value.get("facts"), value.get("habits")
        if not (isinstance(saw, str) and isinstance(facts, dict) and isinstance(habits, dict)):
            raise ValueError("a finding has saw, facts and habits")  # noqa: TRY004 - one error for all
        return cls(
            Agreement(str(value.get("agreement"))),
            saw,
            facts,
            {str(name): str(answer) for name, answer in habits.items()},
        )


def agrees(saw: str, habits: Mapping[str, str] | None = None, /, **facts: object) -> Finding:
    """As believed."""
    return Finding(Agreement.AGREES, saw, facts, habits or {})


def variant(saw: str, habits: Mapping[str, str], /, **facts: object) -> Finding:
    """The other known reading."""
    return Finding(Agreement.VARIANT, saw, facts, habits)


def differs(saw: str, /, **facts: object) -> Finding:
    """Nothing this project expects."""
    return Finding(Agreement.DIFFERS, saw, facts)


def unclear(saw: str, /, **facts: object) -> Finding:
    """Not found out, and why."""
    return Finding(Agreement.UNCLEAR, saw, facts)


def skipped(why: str) -> Finding:
    """Not tried."""
    return Finding(Agreement.SKIPPED, why)
