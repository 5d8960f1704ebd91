"""What a client did that a real telescope of that firmware does not take, whatever came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.errors import AgentError
from agent.telescope.simulator.history import Entry


class HardwareRule(StrEnum):
    """A rule of the hardware, as a sentence."""

    SILENT_COMMAND = "V3 firmware does not answer this command: it is not sent."
    OLD_OPENING = "V3 firmware answers nothing for 30 s after an opening of older firmware: it is not sent."
    ROTATION_HOME = "The rotation of a mini has no home: it is not sent there."


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
