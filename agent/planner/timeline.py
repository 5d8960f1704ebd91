"""Who has the telescope when, for one order of sessions, and which order is best. Seconds throughout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.planner.request import Exposures, Place, Request, place_of

TRIES = 600  # orders that the look-ahead tries at most; each takes longer the more sessions there are
TRIES_OF_ALL = 9000  # sessions it places at most in all of them
GAIN_S = 60.0  # of light: an order that gains less is not worth changing
_LATE_S = 3600.0  # a named start that comes an hour late is lost
_IDLE_COSTS = 2.0  # idling is worse than being late: nobody knows how long the sky stays clear
_BLOCK_COSTS_S = 120.0  # what another goto is like: as bad as a minute of idling


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window in seconds; see `windows.Window`."""

    start: float
    end: float
    begin_by: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A session to be placed. `named` is a start that somebody named and the sky allows; None without one."""

    request: Request
    stretches: tuple[Stretch, ...]
    least_block_s: float
    named: float | None = None

    @property
    def tier(self) -> tuple[int, int]:
        """What comes before everything else about it."""
        return self.request.rank, self.request.priority

    @property
    def loses(self) -> float:
        """When it loses its last window."""
        return self.stretches[-1].end if self.stretches else float("inf")


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of a session, and what of its captures it takes. `cut`: something ends it too early."""

    job: Job
    start: float
    end: float
    taken: tuple[Exposures, ...]
    cut: bool

    @property
    def light_s(self) -> float:
        """Seconds of open shutter."""
        return sum(one.light_s for one in self.taken)


@dataclass(slots=True)
class Timeline:
    """The pieces of one order, and the free time that is left."""

    free: list[tuple[float, float]]
    pieces: list[Piece] = field(default_factory=list)
    begins: dict[float, tuple[int, int]] = field(default_factory=dict)  # the tier of what begins then

    def place(self, job: Job) -> None:
        """Give a session the earliest free time of its windows, in as many blocks as it needs.

        One that somebody named a start for is cut only for what has a higher priority, unless it would have
        nothing.
        """
        request = job.request
        if request.start is None or self._fill(job, request, cut_for_others=False) is request:
            self._fill(job, request, cut_for_others=True)

    def _fill(self, job: Job, left: Request, *, cut_for_others: bool) -> Request | None:
        """Place blocks; return what is left of the session, None when nothing is."""
        for stretch in job.stretches:
            for gap in self._gaps(stretch):
                duration_s = left.duration_s
                room_s = gap[1] - gap[0]
                needs_s = duration_s if stretch.whole else left.least_s(job.least_block_s)
                cut = duration_s > room_s
                if room_s < needs_s or gap[0] > stretch.begin_by:
                    continue
                others = cut and gap[1] < stretch.end and self.begins.get(gap[1], job.tier) <= job.tier
                if others and not cut_for_others:
                    continue
                taken = left.within(room_s) if cut else left.captures
                self._take(Piece(job, gap[0], gap[1] if cut else gap[0] + duration_s, taken, cut))
                if not cut or (gap[1] >= stretch.end and job.request.ends_when_lost):
                    return None
                left = left.without(taken).aligned
                if left.frames == 0:
                    return None
        return left

    def _gaps(self, stretch: Stretch) -> list[tuple[float, float]]:
        return [
            (max(start, stretch.start), min(end, stretch.end))
            for start, end in self.free
            if start < stretch.end and end > stretch.start
        ]

    def _take(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.begins[piece.start] = piece.job.tier
        for index, (start, end) in enumerate(self.free):
            if start <= piece.start and piece.end <= end:
                rest = [(start, piece.start), (piece.end, end)]
                self.free[index : index + 1] = [part for part in rest if part[1] > part[0]]
                return


Score = tuple[float, ...]


def best_order(jobs: Sequence[Job], free: Sequence[tuple[float, float]], known: Sequence[Place]) -> list[Job]:
    """Return the jobs in the order in which they are to be placed.

    Ranks come first. The order of an earlier plan (`known`) is kept unless another gains something; then
    priority, and who loses its window first. The search is bounded, and the same for the same values.
    """
    ranked = sorted((job for job in jobs if job.request.rank), key=_loses_first)
    rest = [job for job in jobs if not job.request.rank]
    search = _Search(rest, placed(ranked, free).free)
    best: list[Job] | None = None
    worth: Score = ()
    for order in _first_orders(rest, known):
        score = search.score(order)
        if best is None or _better(score, worth):
            best, worth = order, score
    return [*ranked, *(search.improved(best, worth) if best else ())]


def _first_orders(jobs: Sequence[Job], known: Sequence[Place]) -> Iterator[list[Job]]:
    places = {one: place for place, one in enumerate(known)}
    key = {_id(job): _loses_first(job) for job in jobs}
    by_window = sorted(jobs, key=lambda job: key[_id(job)])
    if places:
        order = sorted(
            (job for job in by_window if _place(job) in places), key=lambda job: places[_place(job)]
        )
        for job in by_window:  # what is new comes where it would have come
            if _place(job) not in places:
                earlier = (at for at in reversed(range(len(order))) if key[_id(order[at])] < key[_id(job)])
                order.insert(next(earlier, -1) + 1, job)
        yield order
    yield sorted(jobs, key=_named_first)
    yield by_window
    yield sorted(jobs, key=_least_slack_first)
    yield sorted(
        jobs, key=lambda job: (-job.tier[0], _loses_first(job)[2:])
    )  # where nobody of a higher one loses


def _id(job: Job) -> str:
    return job.request.session_id


def _place(job: Job) -> Place:
    return place_of(job.request)


def _ties(job: Job) -> tuple[float, str]:
    request = job.request
    since = request.start or request.seen
    return (since.timestamp() if since is not None else 0.0), request.session_id


def _before(job: Job) -> tuple[int, int]:
    return -job.tier[0], -job.tier[1]


def _loses_first(job: Job) -> tuple[object, ...]:
    return (*_before(job), job.loses, *_ties(job))


def _named_first(job: Job) -> tuple[object, ...]:
    return (*_before(job), float("inf") if job.named is None else job.named, job.loses, *_ties(job))


def _least_slack_first(job: Job) -> tuple[object, ...]:
    return (*_before(job), job.loses - job.request.duration_s, *_ties(job))


class _Search:
    """Orders tried for one plan."""

    def __init__(self, jobs: Sequence[Job], free: Sequence[tuple[float, float]]) -> None:
        self._free = free
        self._tiers = sorted({job.tier for job in jobs}, reverse=True)
        self._wanted = {_id(job): job.request.light_s for job in jobs}
        self._left = min(TRIES, TRIES_OF_ALL // max(1, len(jobs)))

    def score(self, order: Sequence[Job]) -> Score:
        """Return what an order is worth, in seconds of light: tier by tier, the first counts most."""
        return self._worth(placed(order, self._free))

    def improved(self, order: list[Job], worth: Score) -> list[Job]:
        """Try moves of single sessions and exchanges of two, as long as one gains something."""
        gained = True
        while gained and self._left > 0 and self._short(order):
            gained = False
            for moved in self._moves(order):
                self._left -= 1
                score = self.score(moved)
                if _better(score, worth):
                    order, worth, gained = moved, score, True
                    break
                if self._left <= 0:
                    break
        return order

    def _moves(self, order: list[Job]) -> Iterator[list[Job]]:
        short = {_id(job) for job in self._short(order)}
        for moved in sorted(order, key=lambda job: _id(job) not in short):
            index = order.index(moved)
            for place in range(index):
                yield [*order[:place], moved, *order[place:index], *order[index + 1 :]]
        for index in range(len(order)):
            for other in range(index + 1, len(order)):
                swapped = list(order)
                swapped[index], swapped[other] = swapped[other], swapped[index]
                yield swapped

    def _short(self, order: Sequence[Job]) -> list[Job]:
        """The sessions that an order leaves without some of their light, or late."""
        light: dict[str, float] = {}
        first: dict[str, float] = {}
        for piece in placed(order, self._free).pieces:
            name = _id(piece.job)
            light[name] = light.get(name, 0.0) + piece.light_s
            first.setdefault(name, piece.start)
        return [
            job
            for job in order
            if self._wanted[_id(job)] - light.get(_id(job), 0.0) > GAIN_S
            or (job.named is not None and first.get(_id(job), job.named) > job.named + GAIN_S)
        ]

    def _worth(self, timeline: Timeline) -> Score:
        """Light tier by tier, a higher one's named starts before a lower one's light; then who is let by
        although its priority is lower; then comfort: named starts that come late, idling, gotos."""
        light, late = dict.fromkeys(self._tiers, 0.0), dict.fromkeys(self._tiers, 0.0)
        idle_s, idle_from = 0.0, self._free[0][0] if self._free else 0.0
        seen: set[str] = set()
        pieces = sorted(timeline.pieces, key=lambda one: one.start)
        for place, piece in enumerate(pieces):
            name, tier = _id(piece.job), piece.job.tier
            light[tier] += piece.light_s or 1.0
            if piece.start - idle_from > GAIN_S:
                later = (_could_use(one.job, idle_from, piece.start) for one in pieces[place:])
                idle_s += _IDLE_COSTS * max(0.0, *later)
            idle_from = piece.end
            if name not in seen and piece.job.named is not None:
                late[tier] += min(_LATE_S, max(0.0, piece.start - piece.job.named))
            seen.add(name)
        let_by = sum(1 for place, piece in enumerate(pieces) if self._lets_by(piece, pieces[place + 1 :]))
        above = [worth for tier in self._tiers[:-1] for worth in (light[tier], -late[tier] - idle_s)]
        lost_s = sum(late.values()) + idle_s + _BLOCK_COSTS_S * (len(pieces) - len(seen))
        return (*above, *(light[tier] for tier in self._tiers[-1:]), -_LATE_S * let_by, -lost_s)

    def _lets_by(self, piece: Piece, later: Sequence[Piece]) -> bool:
        """Whether a session of a higher tier, which could run then, runs only after this piece."""
        if piece.job.tier == self._tiers[0]:
            return False
        return any(
            one.job.tier > piece.job.tier
            and any(part.start <= piece.start < part.begin_by for part in one.job.stretches)
            for one in later
        )


def _could_use(job: Job, start: float, end: float) -> float:
    """Return how many seconds of an idle stretch a session that runs later could have used."""
    return max((min(end, one.end) - max(start, one.start) for one in job.stretches), default=0.0)


def placed(order: Sequence[Job], free: Sequence[tuple[float, float]]) -> Timeline:
    """Return the timeline of one order."""
    timeline = Timeline(list(free))
    for job in order:
        timeline.place(job)
    return timeline


def _better(score: Score, than: Score) -> bool:
    for mine, theirs in zip(score, than, strict=True):
        if abs(mine - theirs) > GAIN_S:
            return mine > theirs
    return False
