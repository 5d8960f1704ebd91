"""What a client did that a real telescope of that firmware does not take, whatever came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.errors import AgentError
from agent.telescope.simulator.history import Entry


class HardwareRule(StrEnum):
    """A rule of the hardware, as a sentence."""

    GOTO_OUTSIDE_MODE = "A goto is taken in the shooting mode of its target alone: that is entered before."
    FOREIGN_PARAMETER = "Parameter ids of another shooting mode have no effect: the mode is entered before."
    MISSING_PARAMETER = "This model neither knows nor answers this parameter: it is not set."
    SILENT_COMMAND = "V3 firmware does not answer this command: it is not sent."
    OLD_OPENING = "V3 firmware answers nothing for 30 s after an opening of older firmware: it is not sent."
    SCHEDULE_LIMITS = "A schedule is for this telescope, in whole minutes, and begins within 12 hours."
    CALIBRATED_IN_MOTION = "Calibrating while tracking fails: 11004 and a pause come first."
    RESET_ROTATION = "The rotation of a mini has no home: its reset (14003, id 1) never completes."
    DARKS_IN_THE_LIGHT = "A Dwarf II has no dark filter: its darks are taken with the cap on."
    IN_THE_DARK = "While dark frames are taken nothing is captured: they are stopped before."
    CAPPED = "With the cap on nothing is seen: it is taken off before focusing, pointing and capturing."
    MOSAIC_SCALES = (
        "A mosaic is 100 to 180 percent of the field along each side, in tens, and not 100 along both."
    )
    START_WHILE_HELD = "A capture that is held for want of darks goes on by 11050, not by another start."


@dataclass(frozen=True, slots=True)
class BrokenRule(Entry):
    """One breach, by whom and with what."""

    rule: HardwareRule
    client_id: str
    detail: str

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.rule.name.lower()}: {self.rule} ({self.detail})"


class BrokenRulesError(AgentError):
    """A client of a strict simulator broke rules of the hardware."""

    code = "broken_rules"

    def __init__(self, broken: list[BrokenRule]) -> None:
        first = broken[0]
        super().__init__(f"{len(broken)} rules of the hardware were broken; first {first}")
        self.broken = broken
