"""The plan of one station's night, made off the event loop when something it depends on has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from agent.conditions import ConditionSet, Requirements
from agent.errors import AgentError
from agent.events import Event, SessionProgress, SessionStarted, Source
from agent.execute.alignment import Alignment
from agent.execute.orders import EndKind
from agent.planner import Block, Exposures, PlannedNight, Request, Running, Valid, make_plan, request_of
from agent.planner.windows import blocking, next_window, night_span, sky_of, windows_of
from agent.schedule.waiting import Waiting
from agent.session.reuse_rules import ReuseRules
from agent.sky.nights import night_of
from agent.station.ground import Ground

_LOGGER = logging.getLogger(__name__)
_NO_PLACE = (
    "Nobody said where %s stands: sessions wait neither for the dark nor for their target's height, no dawn "
    "ends them, and the Sun counts as up. Set latitude and longitude in the configuration."
)
_RESUMED, _FORCED = 2, 1  # ranks before every priority
_SILENT = timedelta(minutes=2)  # what runs tells its progress more often; longer, and it stands still
_LATE = timedelta(minutes=5)  # by which the end of what runs may move before it is planned again
_AGAIN = timedelta(minutes=1)  # what is held for nobody knows how long is planned from then on


@dataclass(frozen=True, slots=True)
class _Known:
    """A session's request, and what it was made from."""

    waiting: Waiting
    given: tuple[Requirements, ReuseRules]
    request: Request


class Planning:
    """Owner of one station's plan of the night."""

    def __init__(
        self,
        ground: Ground,
        defaults: Callable[[], Requirements],
        runs: Callable[[], Waiting | None],
        alignment: Alignment,
        reuse: ReuseRules,
    ) -> None:
        self._ground = ground
        self._defaults = defaults
        self._runs = runs
        self._alignment = alignment
        self._reuse = reuse
        self._known: dict[str, _Known] = {}
        self._made_from: object = None
        self._until: datetime | None = None  # the end of the block that runs, where another one follows
        self._progress: SessionProgress | None = None
        self._expected: datetime | None = None  # the end of what runs, as it is planned with
        self.latest: PlannedNight | None = None
        ground.bus.subscribe(self._hear)
        if ground.site is None:
            _LOGGER.warning(_NO_PLACE, ground.id)

    async def plan(self, waiting: Sequence[Waiting], held: Mapping[str, datetime | None]) -> PlannedNight:
        """Return the plan from now on; the one that is there while nothing has changed.

        `held` sessions cannot run now for what nobody can foresee, until an instant (None: not known).
        """
        now, site, zone = self._ground.clock.now(), self._ground.site, self._ground.zone
        night, running = night_of(now, site, zone), self._runs()
        names = {one.session_id for one in (*waiting, *([running] if running is not None else []))}
        self._known = {name: known for name, known in self._known.items() if name in names}
        requests = [request for one in waiting if (request := self.request(one)) is not None]
        facts = (
            tuple(requests),
            tuple(one.due(now) for one in waiting),
            tuple(sorted((name, until or now.min) for name, until in held.items())),
            None if running is None else (running.session_id, self._until, self._expected),
            night,
            self._defaults().least_block_min,
            tuple(sorted(self.valid().items())),
        )
        latest = self.latest
        if latest is not None and facts == self._made_from:
            return latest
        again = now + _AGAIN
        later = {name: max(until, now) if until is not None else again for name, until in held.items()}
        asked = [
            replace(one, held_until=later[one.session_id]) if one.session_id in later else one
            for one in requests
        ]
        self.latest = plan = await asyncio.to_thread(_made, self._maker(now, night), asked)
        self._made_from = facts
        return plan

    async def supposed(self, requests: Sequence[Request]) -> PlannedNight:
        """Return the plan from now on as it would be if these waited, beside what runs."""
        now = self._ground.clock.now()
        night = night_of(now, self._ground.site, self._ground.zone)
        return await asyncio.to_thread(_made, self._maker(now, night), requests)

    def _maker(self, now: datetime, night: date) -> Callable[[Sequence[Request]], PlannedNight]:
        latest = self.latest
        return partial(
            make_plan,
            site=self._ground.site,
            zone=self._ground.zone,
            now=now,
            running=self.running(),
            known=latest.order if latest is not None and latest.night == night else (),
            least_block_s=self._defaults().least_block_s,
            valid=self.valid(),
        )

    @property
    def rules(self) -> ReuseRules:
        """For how long calibration and focus count; without a temperature a focus never does."""
        warmth = self._ground.telescope.telemetry.temperature
        return self._reuse if warmth is not None else replace(self._reuse, focus_kelvin=0.0)

    def valid(self) -> Valid:
        """Since when the telescope is calibrated and focused, as far as that is valid."""
        return self._alignment.valid(self._reuse, self._ground.telescope)

    def began(self, block: Block, follows: Block | None) -> None:
        """A block begins; it ends in time where another session's follows."""
        self.ends(block.end if block.ends and follows is not None else None)
        self._progress = self._expected = None

    def ends(self, until: datetime | None) -> None:
        """What runs ends then, as another one's block begins; None: when it is done."""
        self._until = until

    def running(self) -> Running | None:
        """What is left of the session that runs, by its own pace."""
        waiting = self._runs()
        request = None if waiting is None else self.request(waiting)
        if request is None:
            return None
        rest, now = request, self._ground.clock.now()
        told = self._progress
        if told is not None and told.estimated_end is not None and request.captures:
            left_s = max(0.0, (told.estimated_end - min(now, told.at + _SILENT)).total_seconds())
            frames = max(0, told.frames.requested - told.frames.taken)
            first = request.captures[0]
            frame_s = min(first.frame_s, left_s / frames) if frames else 0.0
            capture = Exposures(frames, frame_s, first.exposure_s)
            captures = (capture,) if frames else ()
            rest = replace(request, opening_s=left_s - frames * frame_s, captures=captures, closing_s=0.0)
        return Running(rest, request.opening_s, self._until)

    def could_run(self, waiting: Waiting, now: datetime) -> bool:
        """Whether time and sky would let a session run."""
        request = self.request(waiting)
        return request is None or blocking(request, self._ground.site, now) is None

    def objection(self, waiting: Waiting, when: datetime) -> str:
        """Return what the sky has against a session at an instant, as a sentence; "" for nothing."""
        request, site = self.request(waiting), self._ground.site
        rule = blocking(request, site, when) if request is not None else None
        return (
            ""
            if request is None or site is None or rule is None
            else rule.told(sky_of(request, site), when).no
        )

    def soonest(self, waiting: Waiting, now: datetime) -> datetime | None:
        """Return when a session could begin if it were alone; None for never. It may take a while."""
        request, site, zone = self.request(waiting), self._ground.site, self._ground.zone
        if request is None or request.rank:
            return now
        found = next_window(request, site, zone, now, request.least_s(self._defaults().least_block_s))
        return None if found is None else max(found[1].start, now)

    def has(self, session_id: str) -> bool:
        """Whether the plan as it is says anything of a session."""
        plan = self.latest
        return plan is not None and bool(plan.blocks_of(session_id) or plan.left_of(session_id))

    def any_due(self, queue: Sequence[Waiting]) -> bool:
        """Whether anything is due for which this night has time, as far as is known."""
        now, plan = self._ground.clock.now(), self.latest
        due = [one.session_id for one in queue if one.due(now)]
        return any(plan is None or plan.left_of(one) is None or plan.blocks_of(one) for one in due)

    async def goes_on(self, waiting: Waiting, now: datetime) -> EndKind:
        """Return how a session that loses the sky now ends: it goes on tonight, another night, or never."""
        return await asyncio.to_thread(self._goes_on, waiting, now)

    def request(self, waiting: Waiting) -> Request | None:
        """Return what a session wants of the night; None when its conditions contradict each other."""
        given = self._defaults(), self.rules
        known = self._known.get(waiting.session_id)
        if known is not None and known.waiting is waiting and known.given == given:
            return known.request
        try:
            request = self._request(waiting, *given)
        except AgentError:
            return None  # the gate ends it
        self._known[waiting.session_id] = _Known(waiting, given, request)
        return request

    # -- inside -----------------------------------------------------------------------------------------

    def _request(self, waiting: Waiting, requirements: Requirements, rules: ReuseRules) -> Request:
        rank = _RESUMED if waiting.resume else _FORCED if waiting.forced else 0
        start = None if rank else waiting.start
        plan, site = waiting.plan, self._ground.site
        if plan is None:
            return Request(
                session_id=waiting.session_id,
                target=None,
                conditions=ConditionSet.of(requirements, waiting.document.conditions),
                start=start,
                end=waiting.closes,
                seen=waiting.seen,
                priority=waiting.brief.priority,
                rank=rank,
                held_until=waiting.rests_until,
            )
        return request_of(
            waiting.session_id,
            waiting.document,
            plan,
            requirements,
            site,
            start=start,
            end=waiting.closes,
            seen=min(waiting.seen, waiting.began or waiting.seen),
            taken=waiting.taken,
            rank=rank,
            held_until=waiting.rests_until,
            rules=rules,
        )

    def _goes_on(self, waiting: Waiting, now: datetime) -> EndKind:
        request = self.request(replace(waiting, resume=False, forced=False))
        site, zone = self._ground.site, self._ground.zone
        if request is None:
            return EndKind.LIMIT
        least_s = request.least_s(self._defaults().least_block_s)
        span = night_span(site, night_of(now, site, zone), zone)
        windows = windows_of(request, site, span, now)
        if any(one.seconds >= least_s for one in windows if one.start > now):
            return EndKind.GIVE_BACK
        if waiting.brief.source is Source.GOAL:
            return EndKind.LIMIT  # its goal has a session of its own for the next night
        later = next_window(request, site, zone, span.end, least_s)
        return EndKind.LIMIT if later is None else EndKind.NEXT_NIGHT

    def _hear(self, event: Event) -> None:
        if event.telescope != self._ground.id:
            return
        if isinstance(event, SessionStarted):
            self._progress = self._expected = None
        elif isinstance(event, SessionProgress):
            self._progress, end = event, event.estimated_end
            if end is not None and (self._expected is None or abs(end - self._expected) > _LATE):
                self._expected = end


def _made(make: Callable[[Sequence[Request]], PlannedNight], asked: Sequence[Request]) -> PlannedNight:
    """Make the plan; a session that cannot be planned keeps no other one from its turn."""
    try:
        return make(asked)
    except Exception:
        _LOGGER.exception("The plan met a defect of the agent; each session is planned by itself")
    sound = []
    for one in asked:
        try:
            make([one])
        except Exception:
            _LOGGER.exception("Session %s cannot be planned", one.session_id)
        else:
            sound.append(one)
    return make(sound)
