"""Offers that were made and may be taken up: the next ones count them, or many would come at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from agent.clock import Clock
from agent.planner.offer import Offer

KEPT_S = 3.0  # an offer that is not taken up by then was not the best


@dataclass(frozen=True, slots=True)
class _Promise:
    until: float
    takes: timedelta
    light_s: float


class Promises:
    """Owner of one agent's open offers, by the submission's id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, _Promise] = {}

    def promised(self, submission: str, offer: Offer, among: int) -> Offer:
        """Return an offer as it is behind those that are open, and count it among them.

        One of so many offers counts as that part of a session: it is that likely to be taken up.
        """
        now = self._clock.monotonic()
        self._open = {name: one for name, one in self._open.items() if one.until > now and name != submission}
        later = sum((one.takes for one in self._open.values()), timedelta(0))
        queued_s = offer.queued_s + sum(one.light_s for one in self._open.values())
        if offer.starts is None or offer.ends is None:
            return replace(offer, queued_s=queued_s)
        self._open[submission] = _Promise(
            now + KEPT_S, (offer.ends - offer.starts) / among, offer.wanted_s / among
        )
        return replace(offer, ends=offer.ends + later, queued_s=queued_s)

    def settled(self, submission: str) -> None:
        """It has its place, here or elsewhere."""
        self._open.pop(submission, None)
