"""Enough room for the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.conditions.moment import Moment, Verdict
from agent.events import Reason


@dataclass(frozen=True, slots=True)
class StorageRule:
    """At least `minimum_gb` free on the telescope."""

    minimum_gb: float
    name: ClassVar[str] = "storage"
    cost: ClassVar[int] = 1
    foreseeable: ClassVar[bool] = False

    def check(self, moment: Moment) -> Verdict:
        free = moment.telemetry.storage_free_gb
        if free is None:
            return Verdict(self.name, False, Reason.STORAGE, "The telescope has not told its free storage.")
        if free >= self.minimum_gb:
            return Verdict(self.name, True, Reason.STORAGE, f"{free:.1f} GB are free on the telescope.")
        message = (
            f"Only {free:.1f} GB are free on the telescope, below the limit of {self.minimum_gb:g} GB. "
            "Delete old pictures there."
        )
        return Verdict(self.name, False, Reason.STORAGE, message, final=moment.running)
