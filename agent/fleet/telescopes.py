"""What a fleet needs of one agent's telescopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agent.planner.goal_progress import Light
from agent.planner.offer import Offer
from agent.requests import Acknowledgement, Submission


class Telescopes(Protocol):
    """The telescopes of one agent, as its fleet sees them."""

    async def known(self, submission: Submission) -> Acknowledgement | None:
        """Return the answer to a submission that one of them has, or had."""

    async def offer(self, submission: Submission) -> Offer | None:
        """Return the best offer; None when none of them can take it."""

    async def submit(self, submission: Submission) -> Acknowledgement:
        """Take it, on the telescope that it names or on the best one."""

    def collected(self) -> Sequence[Light]:
        """Return what all of them collected. It blocks."""
