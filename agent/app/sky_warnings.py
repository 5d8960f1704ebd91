"""What a session's targets do in the sky at its times, told before its night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from agent.conditions.cautions import sky_cautions
from agent.conditions.limits import LOWEST
from agent.conditions.moment import clock_words
from agent.errors import Problem, warning
from agent.reasons import Reason
from agent.session.plan import Plan, PlannedStep
from agent.sky.nights import coming_night, culmination, night_bounds, sun_events
from agent.targets import Site, SkyTarget, Target

_NEVER = "It does not rise at this site, so the session is not begun."


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
        if culmination(target, site, begin, until).highest < 0:
            times = f"from {clock_words(begin, site)} to {clock_words(until, site)}"
            hint = "So it is not begun." if closes else "It waits for a night in which it rises."
            message = f"{target.name} is below the horizon {times}."
            yield warning("below_horizon", message, hint, path=f"/{step.section}")


def _highest(target: Target, site: Site, begin: datetime) -> float:
    return culmination(target, site, begin, begin + timedelta(hours=24)).highest


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
