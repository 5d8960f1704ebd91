"""Which waiting sessions a telescope can carry out by itself, and when: schedules, from plain values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.capabilities import Camera
from agent.conditions import ConditionSet, SunLimitError
from agent.conditions.forecast import Forecast, PlannedSession, forecast
from agent.own_schedule import OURS, OwnSchedule, ScheduledTask, in_the_way
from agent.schedule.waiting import Waiting
from agent.session.plan import PlannedStep, StepKind
from agent.sky.ephemeris import fixed
from agent.sky.nights import Interval
from agent.targets import Site, SkyTarget

FARTHEST = timedelta(hours=11, minutes=30)  # telescopes take schedules of up to 12 hours ahead
POINTING_S = 300.0  # the telescope calibrates and points by itself before the first frame
FRAME_OVERHEAD_S = 2.0
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A waiting session, what is required of it, and the frames it already has."""

    waiting: Waiting
    conditions: ConditionSet
    taken: int


def schedule_id(telescope: str, session_id: str) -> str:
    """Return the id under which a telescope keeps a session; always the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"dwarf-agent:{telescope}:{session_id}"))


def capture_of(waiting: Waiting) -> tuple[PlannedStep, SkyTarget] | None:
    """Return what a telescope can take by itself, one tele capture of one fixed place; else None."""
    plan = waiting.plan
    captures = [step for step in plan.steps if step.kind is StepKind.CAPTURE] if plan is not None else []
    targets = plan.goto_targets if plan is not None else ()
    if len(captures) != 1 or len(targets) != 1 or not isinstance(targets[0], SkyTarget):
        return None
    (step,) = captures
    told = step.exposure is not None and step.gain is not None and step.count > 0
    plain = step.mosaic is None and (step.binning is None or step.binning.value == 0)
    return (step, targets[0]) if told and plain and step.camera is Camera.TELE else None


def schedules_for(
    telescope: str,
    site: Site,
    begins: datetime,
    candidates: Sequence[Candidate],
    others: Iterable[OwnSchedule] = (),
) -> tuple[OwnSchedule, ...]:
    """Return what the telescope would do from that instant on, one schedule a session, in whole minutes.

    `others` are those of other clients, whose time is theirs.
    """
    sessions = {one.waiting.session_id: one for one in candidates if capture_of(one.waiting) is not None}
    wanted = [planned for one in sessions.values() if (planned := _planned(one)).duration_s > POINTING_S]
    theirs = [one for one in others if not one.ours]
    found = []
    for foreseen in forecast(site, Interval(begins, begins + FARTHEST), wanted):
        schedule = _schedule(telescope, site, sessions[foreseen.session.session_id], foreseen)
        if schedule is not None and in_the_way(theirs, schedule.begins, schedule.ends) is None:
            found.append(schedule)
    return tuple(sorted(found, key=lambda one: one.begins))


def whole_minute(instant: datetime) -> datetime:
    """Return the first whole minute that is not before it."""
    seconds = -(-int(instant.timestamp() + 0.999) // 60) * 60
    return datetime.fromtimestamp(seconds, UTC)


def _planned(one: Candidate) -> PlannedSession:
    waiting, found = one.waiting, capture_of(one.waiting)
    missing = max(0, found[0].count - one.taken) if found is not None else 0
    return PlannedSession(
        session_id=waiting.session_id,
        target=found[1] if found is not None else None,
        conditions=one.conditions,
        duration_s=POINTING_S + missing * _frame_s(found[0]) + 60 if found is not None and missing else 0.0,
        start=waiting.start,
        end=waiting.window_end,
        seen=waiting.seen,
        priority=waiting.brief.priority,
    )


def _schedule(telescope: str, site: Site, one: Candidate, foreseen: Forecast) -> OwnSchedule | None:
    found = capture_of(one.waiting)
    if foreseen.run is None or found is None:
        return None
    step, target = found
    begins = whole_minute(foreseen.run.start)
    ends = whole_minute(foreseen.run.end) - (_MINUTE if foreseen.cut_short else timedelta(0))
    fits = int(((ends - begins).total_seconds() - POINTING_S) // _frame_s(step))
    frames = min(step.count - one.taken, fits)
    if frames < 1 or step.exposure is None:
        return None
    try:  # nobody would be there to end the tracking when the Sun comes near
        one.conditions.permit_goto(target, site, begins, until=None, sun_filter=False)
    except SunLimitError:
        return None
    name = schedule_id(telescope, one.waiting.session_id)
    place = fixed(target, begins + (ends - begins) / 2, site)  # nobody would be there to follow a comet
    task = ScheduledTask(
        id=f"{name}-1",
        target=target.name,
        begins=begins,
        ends=ends,
        ra_hours=place.ra_hours,
        dec_degrees=place.dec_degrees,
        exposure=step.exposure.index,
        gain=step.gain,
        filter=step.filter.value if step.filter is not None else None,
        frames=frames,
    )
    return OwnSchedule(id=name, name=OURS, begins=begins, ends=ends, tasks=(task,), site=site)


def _frame_s(step: PlannedStep) -> float:
    exposure_s = step.exposure.seconds if step.exposure is not None else 0.0
    return exposure_s + FRAME_OVERHEAD_S
