"""Which waiting sessions a telescope can carry out by itself, and when: schedules, from plain values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.capabilities import Camera
from agent.conditions import ConditionSet, SunLimitError
from agent.own_schedule import OURS, OwnSchedule, ScheduledTask, in_the_way
from agent.planner import Block, Exposures, Request, make_plan
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
    wanted = [asked for one in sessions.values() if (asked := _request(one)) is not None]
    theirs = [one for one in others if not one.ours]
    found = []
    span, zone = Interval(begins, begins + FARTHEST), ZoneInfo(site.timezone)
    planned = make_plan(wanted, site=site, zone=zone, now=begins, span=span)
    for session_id in dict.fromkeys(block.session_id for block in planned.blocks):  # one task each
        block = planned.blocks_of(session_id)[0]
        schedule = _schedule(telescope, site, sessions[session_id], block)
        if schedule is not None and in_the_way(theirs, schedule.begins, schedule.ends) is None:
            found.append(schedule)
    return tuple(sorted(found, key=lambda one: one.begins))


def whole_minute(instant: datetime) -> datetime:
    """Return the first whole minute that is not before it."""
    seconds = -(-int(instant.timestamp() + 0.999) // 60) * 60
    return datetime.fromtimestamp(seconds, UTC)


def _request(one: Candidate) -> Request | None:
    waiting, found = one.waiting, capture_of(one.waiting)
    if found is None or found[0].count <= one.taken:
        return None
    step, target = found
    exposure_s = step.exposure.seconds if step.exposure is not None else 0.0
    return Request(
        session_id=waiting.session_id,
        target=target,
        conditions=one.conditions,
        opening_s=POINTING_S,
        captures=(Exposures(step.count - one.taken, _frame_s(step), exposure_s),),
        closing_s=60.0,
        start=waiting.start,
        end=waiting.window_end,
        seen=waiting.seen,
        priority=waiting.brief.priority,
    )


def _schedule(telescope: str, site: Site, one: Candidate, block: Block) -> OwnSchedule | None:
    found = capture_of(one.waiting)
    if found is None:
        return None
    step, target = found
    begins = whole_minute(block.start)
    ends = whole_minute(block.end) - (_MINUTE if block.ends else timedelta(0))
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
