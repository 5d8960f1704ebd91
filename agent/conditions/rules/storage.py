"""Enough room for the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from agent.conditions.moment import Moment
from agent.conditions.requirements import Requirements
from agent.conditions.rule import About
from agent.reasons import Reason
from agent.verdict import Verdict


@dataclass(frozen=True, slots=True)
class StorageRule:
    """At least `minimum_gb` free on the telescope."""

    minimum_gb: float
    about: ClassVar[About] = About(
        name="storage",
        asks="at least this many GB free on the telescope",
        reasons=(Reason.STORAGE,),
        set_by="`min_free_gb`",
        order=4,
    )

    @classmethod
    def required(cls, requirements: Requirements) -> Self | None:
        limit = requirements.min_free_gb
        return None if limit is None else cls(limit)

    def check(self, moment: Moment) -> Verdict:
        free = moment.telemetry.storage_free_gb
        if free is None:
            return Verdict(False, Reason.STORAGE, "The telescope has not told its free storage.")
        if free >= self.minimum_gb:
            return Verdict(True, Reason.STORAGE, f"{free:.1f} GB are free on the telescope.")
        message = (
            f"Only {free:.1f} GB are free on the telescope, below the limit of {self.minimum_gb:g} GB. "
            "Delete old pictures there."
        )
        return Verdict(False, Reason.STORAGE, message, final=moment.running)


RULE = StorageRule
