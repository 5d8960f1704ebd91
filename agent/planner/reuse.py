"""What of an opening need not be done again, because what an earlier session did is still valid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.planner.request import Request, Reusable
from agent.planner.timeline import Piece
from agent.session.steps import FOCUS, StepKind
from agent.sky.nights import Interval

Valid = Mapping[StepKind, datetime]
"""Since when a telescope is calibrated, and focused in a way."""


def valid_after(piece: Piece, valid: Valid, night: Interval) -> Valid:
    """Return what is valid after a block."""
    request, holds = piece.job.request, dict(valid)
    begin = datetime.fromtimestamp(piece.start, UTC)
    _does(_needed(request, holds, begin, night), holds, begin)
    return {} if request.parks and not piece.cut else holds


def openings(
    pieces: Iterable[Piece], asked: Mapping[str, Request], valid: Valid, night: Interval
) -> Mapping[str, Request]:
    """Return each session as its first piece opens it, with what by then has to be done; pieces in time."""
    found: dict[str, Request] = {}
    for piece in pieces:
        whole = replace(piece, job=replace(piece.job, request=asked[piece.job.request.session_id]))
        request, begin = whole.job.request, datetime.fromtimestamp(piece.start, UTC)
        if request.session_id not in found:
            found[request.session_id] = request.opening_with(_needed(request, valid, begin, night))
        valid = valid_after(whole, valid, night)
    return found


def _needed(request: Request, valid: Valid, begin: datetime, night: Interval) -> list[StepKind]:
    return [one.kind for one in request.reusable if not _spared(one, valid.get(one.kind), begin, night)]


def _spared(one: Reusable, since: datetime | None, begin: datetime, night: Interval) -> bool:
    if since is None:
        return False
    return since in night if one.hours is None else begin - since < timedelta(hours=one.hours)


def _does(kinds: Collection[StepKind], holds: dict[StepKind, datetime], at: datetime) -> None:
    for kind in kinds:
        if kind in FOCUS:  # one way to focus does not stand for another
            for other in FOCUS:
                holds.pop(other, None)
        holds[kind] = at
