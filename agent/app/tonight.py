"""The plan of a night for sessions as they stand in files and queues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.conditions import ConditionSet, Requirements
from agent.conditions.forecast import PlannedSession
from agent.conditions.night import NightPlan, plan_night, sky_cautions
from agent.errors import AgentError, Problem, warning
from agent.events import Reason
from agent.session.document import SessionDocument
from agent.session.plan import Plan
from agent.session.times import window_end
from agent.sky.nights import night_of, rise_set_transit, sun_events
from agent.station.repeats import next_night
from agent.targets import Site, SkyTarget, Target

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
    """A session that may run: its plan and its times (aware UTC; a start of None is as soon as possible)."""

    session_id: str
    document: SessionDocument
    plan: Plan
    start: datetime | None
    end: datetime | None


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
) -> NightPlan:
    """Return the plan of a night (default: the coming one); ConditionConfigError."""
    wanted = night or coming_night(site, now)
    sessions = [_planned(one, requirements, site, zone, now) for one in candidates]
    return plan_night(site, wanted, sessions, now=now)


def chart_of(plan: NightPlan, *, min_altitude: float | None = None) -> bytes:
    """Return the altitude chart of a planned night as PNG."""
    from agent.sky.chart import ChartTarget, draw_chart  # megabytes that an idle agent does without

    targets = [
        ChartTarget(one.forecast.session.target.name, one.forecast.session.target, one.forecast.run)
        for one in plan.sessions
        if one.forecast.session.target is not None
    ]
    return draw_chart(plan.site, plan.night, targets, min_altitude=min_altitude)


def sky_problems(plan: Plan, site: Site | None, start: datetime | None, now: datetime) -> Sequence[Problem]:
    """Return warnings of targets below the horizon or in daylight, at the start and at the expected end."""
    if site is None:
        return ()
    hint = "It starts at once; give it a date and time to start later." if start is None else ""
    begin = max(start or now, now)
    end = begin + timedelta(seconds=plan.estimate_s)
    return [
        *_low_panes(plan, site, begin),
        *_cautions(plan, site, begin, end, hint),
    ]


def _low_panes(plan: Plan, site: Site, begin: datetime) -> Iterator[Problem]:
    low = [
        str(pane.number)
        for pane in plan.panes
        if _never_rises(SkyTarget("", pane.ra_hours, pane.dec_degrees), site, begin)
    ]
    if low and len(low) < len(plan.panes):
        which = f"Pane {low[0]} does" if len(low) == 1 else f"Panes {', '.join(low)} do"
        message = f"{which} not rise at this site, and will be missing in the mosaic."
        yield warning("below_horizon", message, path="/mosaic")


def _cautions(plan: Plan, site: Site, begin: datetime, end: datetime, hint: str) -> Iterator[Problem]:
    for step in plan.steps:
        if step.target is None:
            continue
        for caution in sky_cautions(step.target, site, begin, end):
            low = caution.reason is Reason.ALTITUDE
            never = low and _never_rises(step.target, site, begin)
            yield warning(
                "below_horizon" if low else "daylight",
                caution.message,
                _NEVER if never else hint,
                path=f"/{step.section}",
            )


def _never_rises(target: Target, site: Site, start: datetime) -> bool:
    return rise_set_transit(target, site, start, start + timedelta(hours=24)).highest < 0


def _planned(
    one: Candidate, requirements: Requirements, site: Site, zone: ZoneInfo, now: datetime
) -> PlannedSession:
    start, end = one.start, one.end
    if one.document.repeat is not None:
        night = next_night(one.document, zone, site, now, None)
        start = night.start if night is not None else start
        end = window_end(one.document, zone, now, start=start)
    targets, solar = one.plan.goto_targets, one.document.goto_solar
    return PlannedSession(
        session_id=one.session_id,
        target=targets[-1] if targets else None,
        conditions=ConditionSet.of(requirements, one.document.conditions),
        duration_s=one.plan.estimate_s,
        start=start,
        end=end,
        seen=now,
        priority=one.document.id_command.priority,
        sun_filter=solar is not None and solar.sun_filter,
    )
