"""The plan of a night for sessions as they stand in files and queues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from agent.capabilities import Camera
from agent.conditions import Requirements
from agent.conditions.limits import LOWEST
from agent.conditions.moment import clock_words
from agent.errors import AgentError, Problem, warning
from agent.events import Reason
from agent.planner import Place, Request, Running, Valid, request_of
from agent.planner.night import NightPlan, plan_night, sky_cautions
from agent.planner.request import REUSE
from agent.session.document import SessionDocument
from agent.session.plan import Plan, PlannedStep
from agent.session.reuse_rules import ReuseRules
from agent.session.times import start_instant, window_end
from agent.sky.chart import ChartTarget, draw_chart
from agent.sky.chart_shapes import Drawing
from agent.sky.nights import night_bounds, night_of, rise_set_transit, sun_events
from agent.station.repeats import next_night
from agent.targets import Site, SkyTarget, Target

GOES_ON, FORCED = 2, 1  # the ranks of what runs or goes on after a restart, and of what a person wants now
_NEVER = "It does not rise at this site, so the session is not begun."


class NoSiteError(AgentError):
    """Nobody said where the telescope stands."""

    code = "no_site"

    def __init__(self) -> None:
        super().__init__(
            "The night cannot be told, as nobody said where the telescope stands.",
            hint="Set latitude and longitude in the configuration.",
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may run: its plan and its times (aware UTC; a start of None is as soon as possible).

    `seen`, `taken`, `rank` and until when it `rests` are those of a session that waits in a queue.
    """

    session_id: str
    document: SessionDocument
    plan: Plan
    start: datetime | None
    end: datetime | None
    seen: datetime | None = None
    taken: Mapping[Camera, int] | None = None
    rank: int = 0
    rests_until: datetime | None = None


def coming_night(site: Site, now: datetime) -> date:
    """Return the night that lasts, or the one to come once its dawn is over."""
    night = night_of(now, site, ZoneInfo(site.timezone))
    dawn = sun_events(site, night).civil_dawn
    return night + timedelta(days=1) if dawn is not None and now >= dawn else night


def tonight(
    site: Site,
    candidates: Iterable[Candidate],
    requirements: Requirements,
    now: datetime,
    *,
    zone: ZoneInfo,
    night: date | None = None,
    running: Running | None = None,
    known: Sequence[Place] = (),
    valid: Valid = MappingProxyType({}),
    rules: ReuseRules = REUSE,
) -> NightPlan:
    """Return the plan of a night (default: the coming one); ConditionConfigError.

    `valid`: calibration and focus of the telescope; `rules` say for how long they count.
    """
    wanted = night or coming_night(site, now)
    bounds = night_bounds(site, wanted)
    reference = now if now in bounds else bounds.start
    is_now = reference == now  # what is so now is not so in another night
    asked = candidates if is_now else [replace(one, rank=0, rests_until=None) for one in candidates]
    requests = [_request(one, requirements, site, zone, reference, rules) for one in asked]
    runs = running if is_now else None
    least_s = requirements.least_block_s
    return plan_night(
        site,
        wanted,
        requests,
        now=now,
        running=runs,
        known=known,
        least_block_s=least_s,
        valid=valid if is_now else {},
    )


def chart_of(plan: NightPlan, now: datetime) -> Drawing:
    """Return the chart of a planned night."""
    return draw_chart(
        plan.site,
        plan.night,
        [
            ChartTarget(
                one.request.target.name,
                one.request.target,
                tuple(block.interval for block in one.blocks),
                one.left.message if one.left is not None and not one.blocks else "",
                asked.min_altitude,
                asked.max_altitude,
                asked.horizon_mask,
            )
            for one in plan.sessions
            if one.request.target is not None
            for asked in [one.request.conditions.requirements]
        ],
        now=now,
    )


def sky_problems(
    plan: Plan, site: Site | None, start: datetime | None, now: datetime, closes: datetime | None = None
) -> Sequence[Problem]:
    """Return warnings of targets that never get high enough, and of what is down at its times.

    A deep-sky target waits for the dark and for its height, so of that nothing need be said while it rises
    before the session's window `closes`, or in the night that it is for.
    """
    if site is None:
        return ()
    begin = max(start or now, now)
    end = begin + timedelta(seconds=plan.estimate_s)
    return [
        *_low_panes(plan, site, begin),
        *(problem for step in plan.steps for problem in _step_problems(step, site, start, begin, end)),
        *(_down_all_night(plan, site, begin, closes) if start is not None else ()),
    ]


def _low_panes(plan: Plan, site: Site, begin: datetime) -> Iterator[Problem]:
    places = {pane.number: SkyTarget("", pane.ra_hours, pane.dec_degrees) for pane in plan.panes}
    low = [str(number) for number, place in places.items() if _highest(place, site, begin) < 0]
    if low and len(low) < len(plan.panes):
        which = f"Pane {low[0]} does" if len(low) == 1 else f"Panes {', '.join(low)} do"
        message = f"{which} not rise at this site, and will be missing in the mosaic."
        yield warning("below_horizon", message, path="/mosaic")


def _down_all_night(plan: Plan, site: Site, begin: datetime, closes: datetime | None) -> Iterator[Problem]:
    """Warn of fixed targets that rise here, but not between the session's start and its end or the dawn."""
    night = coming_night(site, begin)
    until = closes or sun_events(site, night).civil_dawn or night_bounds(site, night).end
    for step in plan.steps:
        target = step.target
        if until <= begin or not isinstance(target, SkyTarget) or _highest(target, site, begin) < 0:
            continue
        if rise_set_transit(target, site, begin, until).highest < 0:
            times = f"from {clock_words(begin, site)} to {clock_words(until, site)}"
            hint = "So it is not begun." if closes else "It waits for a night in which it rises."
            message = f"{target.name} is below the horizon {times}."
            yield warning("below_horizon", message, hint, path=f"/{step.section}")


def _highest(target: Target, site: Site, begin: datetime) -> float:
    return rise_set_transit(target, site, begin, begin + timedelta(hours=24)).highest


def _step_problems(
    step: PlannedStep, site: Site, start: datetime | None, begin: datetime, end: datetime
) -> Iterator[Problem]:
    target, path = step.target, f"/{step.section}"
    if target is None:
        return
    highest = _highest(target, site, begin)
    if highest < 0:
        message = f"{target.name} is below the horizon at {clock_words(begin, site)}."
        yield warning("below_horizon", message, _NEVER, path=path)
    elif isinstance(target, SkyTarget):
        if highest < LOWEST:
            message = f"{target.name} never gets above {highest:.0f} degrees here."
            yield warning("low", message, "Set min_altitude in its conditions to image it.", path=path)
    else:
        hint = "It starts at once; give it a date and time to start later." if start is None else ""
        for caution in sky_cautions(target, site, begin, end):
            code = "below_horizon" if caution.reason is Reason.ALTITUDE else "daylight"
            yield warning(code, caution.message, hint, path=path)


def _request(
    one: Candidate,
    requirements: Requirements,
    site: Site,
    zone: ZoneInfo,
    reference: datetime,
    rules: ReuseRules,
) -> Request:
    """What a session wants of a night; of one without a date, at its times of that night."""
    start, end, command = one.start if one.rank == 0 else None, one.end, one.document.id_command
    if one.document.repeat is not None:
        night = next_night(one.document, zone, site, reference, None)
        start = night.start if night is not None else start
        end = window_end(one.document, zone, reference, start=start)
    elif command.date is None and command.time is not None and one.rank == 0:
        start = start_instant(one.document, zone, one.seen or reference)
    return request_of(
        one.session_id,
        one.document,
        one.plan,
        requirements,
        site,
        start=start,
        end=end,
        seen=one.seen or reference,
        taken=one.taken,
        rank=one.rank,
        held_until=one.rests_until,
        rules=rules,
    )
