"""Why a session has its turn, why it ends, and why it has none: the true reason, with the date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.conditions.moment import clock_words
from agent.conditions.rule import SkyRule
from agent.conditions.rules.above_horizon import AboveHorizonRule
from agent.conditions.rules.altitude import AltitudeRule
from agent.conditions.rules.dawn import DawnRule
from agent.conditions.rules.twilight import TwilightRule
from agent.planner.plan import Left, Wait
from agent.planner.request import Request
from agent.planner.timeline import Job, Piece
from agent.planner.windows import Window, blocking, first_room, never_holds, next_window, sky_of, windows_of
from agent.reasons import Reason
from agent.sky.ephemeris import sun
from agent.sky.nights import Interval, culmination
from agent.targets import Site, Target

_NAMES = 3  # sessions that one sentence names
_SECOND = timedelta(seconds=1)


class Words:
    """What there is to say about the sessions of one plan."""

    def __init__(
        self,
        jobs: Mapping[str, Job],
        pieces: Sequence[Piece],
        runs: str,
        site: Site | None,
        zone: ZoneInfo,
        span: Interval,
        now: datetime,
        least_block_s: float,
    ) -> None:
        self._jobs = jobs
        self._pieces = pieces
        self._runs = runs
        self._site = site
        self._zone = zone
        self._span = span
        self._now = now
        self._least_block_s = least_block_s

    # -- a block ----------------------------------------------------------------------------------------

    def why(self, piece: Piece) -> str:
        """Return why a session has its turn then, as a clause."""
        request = piece.job.request
        if any(
            one is not piece and one.start < piece.start and _id(one) == _id(piece) for one in self._pieces
        ):
            return f"it goes on with {request.frames} frames"
        if request.rank > 1:
            return "it was interrupted and goes on"
        if request.rank == 1:
            return "a person wants it now"
        rivals = [job.request for job in self._jobs.values() if self._wants(job, piece)]
        if any(request.priority > rival.priority for rival in rivals):
            return f"its priority is {request.priority}"
        if piece.job.named is not None and abs(piece.start - piece.job.named) < 1:
            return "it is its start time"
        if rivals and piece.job.stretches and piece.job.loses > self._span.end.timestamp():
            return "it is its turn"
        if rivals and piece.job.stretches:
            return f"it loses its window at {self._clock(_instant(piece.job.loses))}"
        return "nothing else can run then"

    def ends(self, piece: Piece) -> str:
        """Return what ends a block before its session is done, as a clause."""
        request, end = piece.job.request, _instant(piece.end)
        if request.end is not None and end >= request.end - _SECOND:
            return "its window closes"
        after = next(
            (one for one in self._pieces if one is not piece and 0 <= one.start - piece.end < 1), None
        )
        rule = blocking(request, self._site, end + _SECOND)
        if rule is not None and self._site is not None:
            lost = rule.told(sky_of(request, self._site), end).lost
            return lost[:1].lower() + lost[1:] if lost.startswith(("It ", "The ")) else lost
        return f"session {_id(after)} has its turn" if after is not None else "the night ends"

    # -- no block ---------------------------------------------------------------------------------------

    def left(self, request: Request, pieces: Sequence[Piece]) -> Left:
        """Return why a session (or what is left of it) does not run this night, and when it can."""
        reason, message = self._left_over(request, pieces)
        found = next_window(
            request, self._site, self._zone, self._span.end, request.least_s(self._least_block_s)
        )
        if found is None:
            closes = request.end is not None and request.end <= self._span.end
            if request.end is None:
                message = f"{message} No night of the next year has time for it."
            elif not closes:
                message = f"{message} No night before its window closes has time for it."
            return Left(request.session_id, reason, message, final=True)
        night, window = found
        if reason is not Reason.SCHEDULE:
            message = f"{message} Its next night is that of {night}, from {self._clock(window.start)} on."
        return Left(request.session_id, reason, message, night, window.start)

    def _left_over(self, request: Request, pieces: Sequence[Piece]) -> tuple[Reason, str]:
        if pieces:
            last = pieces[-1]
            when = self._clock(_instant(last.end))
            message = f"{request.frames} frames are left when {self.ends(last)} at {when}."
            return self._reason_at(request, last), message
        if request.start is not None and request.start >= self._span.end:
            return Reason.SCHEDULE, f"The session starts on {self._date_words(request.start)}."
        if request.end is not None and request.end <= self._now:
            return Reason.WINDOW, f"The session's window closed at {self._clock(request.end)}."
        if request.held_until is not None and request.held_until >= self._span.end:
            return Reason.QUEUE, f"It waits until {self._date_words(request.held_until)}."
        windows = windows_of(request, self._site, self._span, self._now)
        least_s = request.least_s(self._least_block_s)
        if any(window.seconds >= least_s for window in windows):
            return Reason.QUEUE, self._crowded_out(windows)
        if windows:
            longest = max(windows, key=lambda one: one.seconds)
            room = f"from {self._clock(longest.start)} to {self._clock(longest.end)} only"
            return self._short(request, longest), f"It could run {room}, which is too short for a block."
        return self._never(request)

    def _crowded_out(self, windows: Sequence[Window]) -> str:
        spans = " and ".join(f"from {self._clock(one.start)} to {self._clock(one.end)}" for one in windows)
        busy = [
            _id(piece)
            for piece in self._pieces
            if any(piece.start < one.end.timestamp() and piece.end > one.start.timestamp() for one in windows)
        ]
        names = list(dict.fromkeys(busy))
        told = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
        return f"It could run {spans}, but the telescope is busy with {told or 'others'}."

    def _short(self, request: Request, window: Window) -> Reason:
        """Return what ends a window too early."""
        rule = blocking(request, self._site, window.end + _SECOND)
        return rule.about.reasons[0] if rule is not None else Reason.WINDOW

    def _never(self, request: Request) -> tuple[Reason, str]:
        """Say which condition leaves nothing of the night."""
        site, opens, closes = self._site, max(self._now, self._span.start), self._span.end
        if request.start is not None:
            opens = max(opens, request.start)
        if request.end is not None:
            closes = min(closes, request.end)
        if site is None or opens >= closes:
            return Reason.WINDOW, "Its own times leave nothing of the night."
        rest = Interval(opens, closes)
        found = never_holds(request, site, rest)
        if found is None:
            return Reason.WINDOW, "When it could run, its own window is not open."
        rule, before = found
        middle = _darkest(site, rest)
        told = rule.told(sky_of(request, site), middle)
        if isinstance(rule, TwilightRule):
            lowest = sun(site, middle).altitude
            message = (
                f"It does not get dark enough: the Sun goes down to {lowest:.0f} degrees, "
                f"the limit is {rule.sun_below:g} (sun_below)."
            )
            return told.reason, message
        if isinstance(rule, DawnRule):
            return told.reason, rule.told(sky_of(request, site), self._now).no
        if isinstance(rule, AltitudeRule) and request.target is not None:
            return told.reason, self._height(rule, request.target, site, rest, before)
        if isinstance(rule, AboveHorizonRule) and request.target is not None:
            highest = _highest(request.target, site, rest)
            up = "is below the horizon while it may run" if highest >= 0 else "never rises here"
            return told.reason, f"{request.target.name} {up}."
        return told.reason, f"While it may run the condition {rule.about.name} never holds: {told.no}"

    def _height(
        self, rule: AltitudeRule, target: Target, site: Site, rest: Interval, before: Sequence[Interval]
    ) -> str:
        """Say that it never gets high enough here, or not in the time that the other conditions leave."""
        name, highest = target.name, _highest(target, site, rest)
        if highest < 0:
            return f"{name} never rises here."
        if highest < rule.minimum:
            return f"{name} never gets above {highest:.0f} degrees here; the minimum is {rule.minimum:g}."
        best = max(culmination(target, site, one.start, one.end).highest for one in before)
        if best < rule.minimum:
            return (
                f"{name} gets no higher than {best:.0f} degrees while it is dark enough and it may run; "
                f"the minimum is {rule.minimum:g}."
            )
        return f"{name} is above its maximum of {rule.maximum:g} degrees while it may run."

    # -- just now ---------------------------------------------------------------------------------------

    def waits(self, request: Request) -> Wait | None:
        """Return why a session that is due does not run now; None when it does."""
        if request.start is not None and request.start > self._now:
            return None
        mine = next((piece for piece in self._pieces if _id(piece) == request.session_id), None)
        until = _instant(mine.start) if mine is not None else None
        if until is not None and until <= self._now:
            return None
        rule = blocking(request, self._site, self._now) if request.rank < 2 else None
        if rule is not None and self._site is not None:
            return self._for_the_sky(rule, request, until)
        if mine is not None:
            if self._runs:
                return Wait(Reason.QUEUE, f"Session {self._runs} runs.", until)
            head = self._pieces[0]
            return Wait(Reason.QUEUE, f"Session {_id(head)} comes first: {self.why(head)}.", until)
        left = self.left(request, [])
        return Wait(left.reason, left.message, left.start)

    def _for_the_sky(self, rule: SkyRule, request: Request, until: datetime | None) -> Wait:
        assert self._site is not None
        told = rule.told(sky_of(request, self._site), self._now)
        least_s = request.least_s(self._least_block_s)
        window = first_room(request, self._site, self._span, self._now, least_s)
        if window is not None:
            message = f"{told.no} Better from {self._clock(window.start)} on."
            return Wait(told.reason, message, until or window.start)
        left = self.left(request, [])
        return Wait(left.reason, left.message, left.start)

    # -- inside -----------------------------------------------------------------------------------------

    def _reason_at(self, request: Request, piece: Piece) -> Reason:
        end = _instant(piece.end)
        if request.end is not None and end >= request.end - _SECOND:
            return Reason.WINDOW
        rule = blocking(request, self._site, end + _SECOND)
        return rule.about.reasons[0] if rule is not None else Reason.QUEUE

    def _wants(self, job: Job, piece: Piece) -> bool:
        """Whether another session could have that block as well."""
        if job.request.session_id == _id(piece):
            return False
        return any(one.start <= piece.start < one.end for one in job.stretches)

    def _clock(self, instant: datetime) -> str:
        return clock_words(instant, self._site) if self._site else f"{instant.astimezone(self._zone):%H:%M}"

    def _date_words(self, instant: datetime) -> str:
        local = instant.astimezone(ZoneInfo(self._site.timezone) if self._site else self._zone)
        return f"{local:%Y-%m-%d} at {local:%H:%M}"


def _id(piece: Piece) -> str:
    return piece.job.request.session_id


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _highest(target: Target, site: Site, rest: Interval) -> float:
    """Return the greatest altitude that a target reaches within a day."""
    return culmination(target, site, rest.start, rest.start + timedelta(days=1)).highest


def _darkest(site: Site, span: Interval) -> datetime:
    """Return the instant of a span at which the Sun stands lowest, to ten minutes."""
    count = max(1, int(span.seconds // 600))
    instants = [span.start + timedelta(seconds=600 * index) for index in range(count + 1)]
    return min(instants, key=lambda instant: sun(site, instant).altitude)
