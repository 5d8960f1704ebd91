"""The topics that the agents of a fleet share, below one base of their own."""

from __future__ import annotations

from dataclasses import dataclass

from agent.mqtt.port import shared

_SUBSCRIBERS = "dwarf-agents"


@dataclass(frozen=True, slots=True)
class FleetTopics:
    """Every topic of a fleet."""

    base: str

    @property
    def submissions(self) -> str:
        """The filter of what any agent may take; the broker gives each message to one of them."""
        return shared(f"{self.base}/any/session/submit", _SUBSCRIBERS)

    @property
    def responses(self) -> str:
        """Where submitters are answered."""
        return f"{self.base}/any/session/response"

    @property
    def questions(self) -> str:
        """Where all are asked for offers."""
        return f"{self.base}/fleet/question"

    def offers(self, agent: str) -> str:
        """Where an agent is answered by the others."""
        return f"{self.base}/fleet/{agent}/offer"

    def hand_overs(self, agent: str) -> str:
        """Where an agent is given sessions."""
        return f"{self.base}/fleet/{agent}/hand_over"

    def taken(self, agent: str) -> str:
        """Where an agent hears what became of those it gave."""
        return f"{self.base}/fleet/{agent}/taken"

    def collected(self, agent: str) -> str:
        """Where an agent tells what it collected for groups, retained; "+" for all of them."""
        return f"{self.base}/fleet/{agent}/collected"
