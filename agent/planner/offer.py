"""What a telescope would do with a session, as its own plan has it, and which of several does best."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from agent.planner.plan import PlannedNight
from agent.planner.request import Request

_WHOLE = 0.98  # of the light that is wanted: a frame or two more or less makes no difference


@dataclass(frozen=True, slots=True)
class Offer:
    """A telescope's night with a session: from when to when, and the light that the night gains by it.

    `night` None: never, as far as is known. `wanted_s` is the light of the whole session, `queued_s` what
    waits there already. `absent`: the telescope would be needed soon, and cannot be reached.
    """

    telescope: str
    night: date | None
    starts: datetime | None = None
    ends: datetime | None = None
    light_s: float = 0.0
    wanted_s: float = 0.0
    queued_s: float = 0.0
    absent: bool = False

    @property
    def whole(self) -> bool:
        """Whether the session gets done in that night, and takes no light from others."""
        return self.light_s >= _WHOLE * self.wanted_s


def best_first(offers: Iterable[Offer]) -> list[Offer]:
    """Return the offers, that of the telescope on which it ends best at the head; equals stay in order."""
    return sorted(offers, key=_rank)


def better_night(one: Offer, than: Offer) -> bool:
    """Whether an offer is worth moving a session that has its place: an earlier night, a telescope there."""
    return _rank(one)[:2] < _rank(than)[:2]


def offer_of(
    telescope: str, request: Request, plan: PlannedNight, before: PlannedNight, others: Iterable[Request]
) -> Offer:
    """Return the offer of the plan with a session, beside the one without it; `others` are in both."""
    wishes = {one.session_id: one for one in others}
    queued_s = sum(one.light_s for one in wishes.values())
    gained_s = _light_s(plan, {**wishes, request.session_id: request}) - _light_s(before, wishes)
    blocks, left = plan.blocks_of(request.session_id), plan.left_of(request.session_id)
    if blocks:
        start, end = blocks[0].start, blocks[-1].end
        return Offer(telescope, plan.night, start, end, gained_s, request.light_s, queued_s)
    if left is None or left.night is None:
        return Offer(telescope, None, wanted_s=request.light_s, queued_s=queued_s)
    start_then = left.start or plan.span.end
    end_then = start_then + timedelta(seconds=request.duration_s)
    return Offer(telescope, left.night, start_then, end_then, request.light_s, request.light_s, queued_s)


def _light_s(plan: PlannedNight, wishes: dict[str, Request]) -> float:
    total = 0.0
    for block in plan.blocks:
        wish = wishes.get(block.session_id)
        if wish is not None and wish.frames:
            total += wish.light_s * min(1.0, block.frames / wish.frames)
    return total


def _rank(offer: Offer) -> tuple[date, bool, bool, float, datetime, float]:
    never = datetime.max.replace(tzinfo=UTC)
    return (
        offer.night or date.max,
        offer.absent,
        not offer.whole,
        0.0 if offer.whole else -offer.light_s,
        offer.ends or never,
        offer.queued_s,
    )
