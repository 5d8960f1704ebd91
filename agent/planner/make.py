"""The plan of a night, made from what waits and what runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from agent.planner.plan import Block, Left, PlannedNight
from agent.planner.request import LEAST_FRAMES, Place, Request, Running, place_of
from agent.planner.reuse import Valid, openings, valid_after
from agent.planner.timeline import Job, Piece, Stretch, best_order, placed
from agent.planner.windows import Window, night_span, windows_of
from agent.planner.words import Words
from agent.sky.nights import Interval, night_of
from agent.targets import Site

LEAST_BLOCK_S = 600.0
_ROUNDS = 3  # in which openings that change who is first come to rest
AFTER_THE_NIGHT = timedelta(hours=6)  # what runs by day may begin before noon and end after it


@dataclass(frozen=True, slots=True)
class _Now:
    """The session that runs, as the first piece; its end may be that of its block."""

    piece: Piece
    rest: Request | None


def make_plan(
    requests: Sequence[Request],
    *,
    site: Site | None,
    zone: ZoneInfo,
    now: datetime,
    night: date | None = None,
    span: Interval | None = None,
    running: Running | None = None,
    known: Sequence[Place] = (),
    least_block_s: float = LEAST_BLOCK_S,
    valid: Valid = MappingProxyType({}),
) -> PlannedNight:
    """Return the plan of a night (default: the one that lasts) from `now` on, for sessions that wait.

    `known` is the `order` of the plan before, which is kept unless another gains something: then sessions
    that are new to it may end the block of what runs, for their start or their priority. `span` replaces
    noon to noon. Calibration and focus are done where what is `valid` now, or what an earlier session does,
    does not do. Instants are aware UTC.
    """
    night = night or night_of(now, site, zone)
    span = span or night_span(site, night, zone)
    begin = max(now, span.start)
    jobs = {one.session_id: _job(one.aligned, site, span, begin, least_block_s) for one in requests}
    asked = {one.session_id: one for one in requests}
    first = None if running is None else _running(running, site, span, begin, list(jobs.values()), known)
    if first is not None and first.rest is not None:
        jobs[first.rest.session_id] = _job(first.rest.aligned, site, span, begin, least_block_s)
        asked[first.rest.session_id] = first.rest
    free_from = begin.timestamp() if first is None else max(begin.timestamp(), first.piece.end)
    free = [(free_from, (span.end + AFTER_THE_NIGHT).timestamp())]
    order = best_order(list(jobs.values()), free, known)
    if first is not None:
        valid = valid_after(first.piece, valid, span)
    pieces = _opened(order, free, asked, valid, span)
    if first is not None:
        pieces = _joined([first.piece, *pieces])
    tonight = [piece for piece in pieces if piece.start < span.end.timestamp()]
    runs = running.request.session_id if running is not None else ""
    words = Words(jobs, tonight, runs, site, zone, span, begin, least_block_s)
    return PlannedNight(
        night,
        span,
        now,
        tuple(_block(piece, words) for piece in tonight),
        tuple(_left(jobs, tonight, words)),
        {one.session_id: wait for one in requests if (wait := words.waits(one)) is not None},
        tuple(place_of(job.request) for job in order),
    )


def _in_time(order: Sequence[Job], free: Sequence[tuple[float, float]]) -> list[Piece]:
    return sorted(placed(order, free).pieces, key=lambda piece: piece.start)


def _opened(
    order: Sequence[Job],
    free: Sequence[tuple[float, float]],
    asked: Mapping[str, Request],
    valid: Valid,
    night: Interval,
) -> list[Piece]:
    """Place them with the openings that each needs after those before it."""
    pieces = _in_time(order, free)
    for _ in range(_ROUNDS):
        found = openings(pieces, asked, valid, night)
        opened = [replace(job, request=found.get(job.request.session_id, job.request)) for job in order]
        if opened == order:
            break
        order, pieces = opened, _in_time(opened, free)
    return pieces


def _job(request: Request, site: Site | None, span: Interval, begin: datetime, least_block_s: float) -> Job:
    longer = Interval(span.start, span.end + AFTER_THE_NIGHT)
    since = begin if request.held_until is None else max(begin, request.held_until)
    if request.rank > 1:
        windows: tuple[Window, ...] = (Window(since, longer.end, longer.end),) if since < longer.end else ()
    else:
        windows = windows_of(request, site, longer, since)
    stretches = tuple(
        Stretch(one.start.timestamp(), one.end.timestamp(), one.begin_by.timestamp(), one.whole)
        for one in windows
    )
    named = request.start.timestamp() if request.start is not None else None
    kept = named is not None and any(one.start <= named < one.end for one in stretches)
    return Job(request, stretches, least_block_s, named if kept else None)


def _running(
    running: Running,
    site: Site | None,
    span: Interval,
    begin: datetime,
    others: Sequence[Job],
    known: Sequence[Place],
) -> _Now:
    """Let what runs go on until it is done, loses the sky, or has to let another one by."""
    request, now = running.request, begin.timestamp()
    longer = Interval(span.start, span.end + AFTER_THE_NIGHT)
    window = next((one for one in windows_of(request, site, longer, begin) if one.start <= begin), None)
    done = now + request.duration_s
    ends = [done]
    if window is not None and request.rank < 1:
        ends.append(window.end.timestamp())
    if running.until is not None:
        ends.append(running.until.timestamp())
    if (
        request.start is None and request.rank == 0
    ):  # one that has a start of its own is not cut for another one
        ends += [cut for cut in _cuts(request, others, known, now) if done - cut > LEAST_BLOCK_S]
    end = max(now, min(ends))
    cut = end < done
    taken = request.within(end - now) if cut else request.captures
    again = replace(request, opening_s=running.again_s)
    rest = replace(again.without(taken), rank=0) if cut else None
    piece = Piece(Job(request, (), 0.0), now, end, taken, cut)
    return _Now(piece, rest if rest is not None and (rest.frames or not request.frames) else None)


def _cuts(request: Request, others: Sequence[Job], known: Sequence[Place], now: float) -> list[float]:
    """When sessions that the plan before did not know want what runs to let them by."""
    cuts, places = [], frozenset(known)
    for job in others:
        higher = job.request.priority > request.priority
        equal = job.request.priority == request.priority and request.start is None
        if place_of(job.request) in places or not job.stretches or not (higher or equal):
            continue
        if job.named is not None and job.named > now:
            cuts.append(job.named)
        elif higher and request.start is None and job.stretches[0].start > now:
            cuts.append(job.stretches[0].start)
    return cuts


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Make one of a session's pieces that follow each other at once: it just goes on."""
    first, *rest = pieces
    if rest and rest[0].job.request.session_id == first.job.request.session_id and rest[0].start <= first.end:
        after = rest.pop(0)
        end = after.end if after.cut else first.end + sum(one.total_s for one in after.taken)
        first = replace(first, end=end, taken=(*first.taken, *after.taken), cut=after.cut)
    return [first, *rest]


def _block(piece: Piece, words: Words) -> Block:
    return Block(
        piece.job.request.session_id,
        _instant(piece.start),
        _instant(piece.end),
        sum(one.frames for one in piece.taken),
        words.why(piece),
        words.ends(piece) if piece.cut else "",
    )


def _left(jobs: dict[str, Job], pieces: Sequence[Piece], words: Words) -> list[Left]:
    found = []
    for session_id, job in jobs.items():
        mine = [piece for piece in pieces if piece.job.request.session_id == session_id]
        if not mine:
            found.append(words.left(job.request, []))
            continue
        last, rest = mine[-1], _rest(job.request, mine)
        lost = any(abs(stretch.end - last.end) < 1 for stretch in job.stretches)
        if not last.cut or (lost and job.request.ends_when_lost) or _has_its_end(job.request, last):
            continue
        if rest.frames >= min(LEAST_FRAMES, job.request.frames):
            found.append(words.left(rest, mine))
    return found


def _has_its_end(request: Request, last: Piece) -> bool:
    return request.until_its_end and request.end is not None and last.end > request.end.timestamp() - 1


def _rest(request: Request, pieces: Sequence[Piece]) -> Request:
    for piece in pieces:
        if len(piece.taken) == len(request.captures):
            request = request.without(piece.taken)
    return request


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
