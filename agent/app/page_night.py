"""The night as the page shows it. The one place that knows which plan there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from agent.app.candidate import Candidate
from agent.app.instrument import views
from agent.app.station_night import station_night, waiting_candidates
from agent.app.tonight import NoSiteError
from agent.capabilities import Camera
from agent.clock import aware_instant
from agent.errors import AgentError, errors_of
from agent.planner.night import NightPlan, SessionNight
from agent.session.document import SessionDocument, read_session, with_id_command
from agent.session.plan import Plan, StepKind
from agent.session.problems import InvalidSessionError
from agent.session.times import start_instant
from agent.sky.catalogue import resolve
from agent.sky.nights import Interval, coming_night
from agent.station.station import Station
from agent.targets import Target
from agent.web.agent import Body
from agent.web.night import Change, NightView, Row, State

BACK, AHEAD = timedelta(days=400), timedelta(days=7)
DRAFT = "\N{HEAVY PLUS SIGN}"  # what a session is called that has no file yet
_PLANNED_SINCE = timedelta(minutes=1)  # what runs is planned from a moment later on
_UNFINISHED = frozenset({"failed", "skipped", "aborted", "partial"})

Began = Callable[[str, str], datetime | None]


async def night_view(
    station: Station, states: dict[str, Body], began: Began, change: Change | None = None
) -> NightView:
    """Return tonight at a station, as it would be with `change`; AgentError without a site."""
    now = station.clock.now()
    changed, change = change is not None, change or Change()
    running = _running_row(station, states, began, now)
    candidates = list(_candidates(station, change, now))
    plan = await station_night(station, candidates)
    before = await _runs(station) if changed else {}
    ended = await asyncio.to_thread(station.results.rows, plan.night)
    by_id = {one.session_id: one for one in candidates}
    rows = [_ended_row(row) for row in ended if not taken_back(row)]
    for one in plan.sessions:
        candidate = by_id.get(one.request.session_id)
        if candidate is not None:
            rows.append(_row(station, one, candidate, fresh=_is_fresh(candidate, change)))
        elif running is not None:
            more = tuple(block.interval for block in one.blocks if block.start > now + _PLANNED_SINCE)
            rows.append(replace(running, more=more))
    return replace(_view(station, plan, rows, now), before=before)


async def _runs(station: Station) -> dict[str, Interval | None]:
    """When each session that waits runs tonight, as things are."""
    plan = await station_night(station, waiting_candidates(station))
    return {one.request.session_id: one.blocks[0].interval if one.blocks else None for one in plan.sessions}


def coming(station: Station) -> date:
    """The night that lasts at a station, or comes next; NoSiteError."""
    if station.site is None:
        raise NoSiteError
    return coming_night(station.site, station.clock.now())


async def other_night(station: Station, on: date) -> NightView:
    """Return a night that is over, as it went, or a later one, as it is planned; AgentError too far away."""
    now, tonights = station.clock.now(), coming(station)
    if not tonights - BACK <= on <= tonights + AHEAD:
        message = f"The night of {on.isoformat()} is too far away."
        raise AgentError(message, code="invalid", hint=f"Nights are planned {AHEAD.days} days ahead.")
    candidates = list(_candidates(station, Change(), now)) if on > tonights else []
    plan = await _later(station, candidates, tonights, on)
    by_id = {one.session_id: one for one in candidates}
    ended = await asyncio.to_thread(station.results.rows, on)
    rows = [_ended_row(row) for row in ended if not taken_back(row)]
    rows += [
        _row(station, one, candidate, fresh=False)
        for one in plan.sessions
        if (candidate := by_id.get(one.request.session_id)) is not None
    ]
    return _view(station, plan, rows, now)


async def _later(station: Station, candidates: Sequence[Candidate], first: date, on: date) -> NightPlan:
    """Plan a later night for what the nights before it leave."""
    left, night = list(candidates), min(first, on)
    while True:
        plan = await station_night(station, left, night)
        if night == on:
            return plan
        done = {one.request.session_id for one in plan.sessions if one.blocks and one.left is None}
        left = [one for one in left if one.session_id not in done or one.document.repeat is not None]
        night += timedelta(days=1)


def _view(station: Station, plan: NightPlan, rows: list[Row], now: datetime) -> NightView:
    defaults = station.defaults()
    far = plan.bounds.end + timedelta(days=1)
    rows.sort(key=lambda row: (row.block.start if row.block else far, row.name))
    return NightView(
        site=plan.site,
        night=plan.night,
        coming=coming(station),
        now=now,
        sun=plan.sun,
        dark=plan.dark,
        moon_up=plan.moon_up,
        moon_illumination=plan.moon_illumination,
        bounds=plan.bounds,
        rows=tuple(rows),
        sun_below=defaults.sun_below if defaults.sun_below is not None else 0.0,
        min_altitude=defaults.min_altitude or 0.0,
        horizon=defaults.horizon_mask,
    )


def _candidates(station: Station, change: Change, now: datetime) -> Iterable[Candidate]:
    """The sessions that wait, with what would be changed."""
    for one in waiting_candidates(station):
        if one.session_id == change.in_place_of:
            continue
        yield _changed(one, change)
    if change.added is not None:
        document, plan, start = draft(station, change.added, now)
        yield Candidate(change.in_place_of or DRAFT, document, plan, start, plan.ends_at)


def _changed(one: Candidate, change: Change) -> Candidate:
    if (priority := change.priorities.get(one.session_id)) is not None:
        who = one.document.id_command.model_copy(update={"priority": priority})
        one = replace(one, document=one.document.model_copy(update={"id_command": who}))
    if one.session_id == change.moved and change.start is not None:
        return replace(one, start=change.start, rank=0, rests_until=None)
    return one


def draft(station: Station, body: object, now: datetime) -> tuple[SessionDocument, Plan, datetime | None]:
    """Read and plan a document that is no file yet; InvalidSessionError with everything that is wrong."""
    if not isinstance(body, dict):
        raise AgentError("A session is a JSON object.", code="invalid")
    reading = read_session(with_id_command(body), resolve=resolve)
    if reading.document is None:
        raise InvalidSessionError(reading.problems)
    problems = tuple(station.intake.examine(reading.document))
    if errors_of(problems):
        raise InvalidSessionError(problems)
    start = start_instant(reading.document, station.zone, now)
    plan = station.intake.plan(reading.document, start or now)
    if plan is None:
        raise AgentError("The telescope's model is not known yet.", code="unreachable")
    return reading.document, plan, start


def _is_fresh(one: Candidate, change: Change) -> bool:
    return one.session_id in (DRAFT, change.moved, change.in_place_of)


def _row(station: Station, one: SessionNight, candidate: Candidate, *, fresh: bool) -> Row:
    session_id, left = one.request.session_id, one.left
    waiting = station.dispatcher.find(session_id)
    waits_for = waiting.brief.waits_for if waiting is not None else None
    note = waiting.brief.note if waiting is not None else ""
    first, *more = (block.interval for block in one.blocks) if one.blocks else (None,)
    state: State = "not_tonight" if first is None else "waiting" if waits_for else "planned"
    reason = waits_for if first is not None else left.reason if left is not None else None
    notes = [caution.message for caution in one.cautions]
    if one.blocks and (ends := one.blocks[-1].ends):
        notes.append(left.message if left is not None else f"It ends then because {ends}.")
    if fresh:
        notes += _camera_notes(station, one, candidate)
    return replace(
        _of_plan(candidate.plan, candidate.document),
        session_id=session_id,
        state=state,
        block=first,
        more=tuple(one for one in more if one is not None),
        reason=reason.value if reason is not None else "",
        sentence=note if first is not None else left.message if left is not None else "",
        notes=tuple(notes),
        min_altitude=one.request.conditions.requirements.min_altitude or 0.0,
        starts=left.start if left is not None and first is None else one.request.start,
        fresh=fresh,
    )


def _camera_notes(station: Station, one: SessionNight, candidate: Candidate) -> list[str]:
    """What the cameras make of a session that is being made: its field turns, its target does not fit."""
    capabilities = station.capabilities()
    if capabilities is None:
        return []
    seen = views(candidate.plan, capabilities, station.site, one.run)
    return [f"{problem.message} {problem.hint}".strip() for view in seen for problem in view.problems()]


def _of_plan(plan: Plan, document: SessionDocument) -> Row:
    """What a row says of any session: its name, its target, and how it is taken."""
    captures = [step for step in plan.steps if step.kind is StepKind.CAPTURE]
    first = next((step for step in captures if step.camera is Camera.TELE), captures[0] if captures else None)
    recipe = [] if first is None else [first.exposure.name + " s"] if first.exposure else []
    if first is not None and first.gain is not None:
        recipe.append(f"gain {first.gain}")
    if first is not None and first.filter is not None:
        recipe.append(first.filter.name)
    targets = plan.goto_targets
    return Row(
        session_id=document.name,
        name=document.target,
        state="planned",
        target=targets[-1] if targets else None,
        total=plan.frames_requested,
        exposure_s=first.exposure_s if first is not None else 0.0,
        recipe=tuple(recipe),
        priority=document.id_command.priority,
    )


def _running_row(station: Station, states: dict[str, Body], began: Began, now: datetime) -> Row | None:
    running = station.running
    if running is None:
        return None
    waiting = station.intake.planned(running.waiting)
    progress, status = states.get("progress", {}), states.get("status", {})
    frames = progress.get("frames", {}) if progress.get("session_id") == waiting.session_id else {}
    plan = waiting.plan
    start = began(station.id, waiting.session_id) or now
    left = plan.estimate_s if plan is not None else 0.0
    end = aware_instant(progress.get("estimated_end")) if frames else None
    end = max(end or start + timedelta(seconds=left), now)
    base = _of_plan(plan, waiting.document) if plan is not None else None
    row = base or Row(session_id=waiting.session_id, name=waiting.brief.target, state="imaging")
    return replace(
        row,
        session_id=waiting.session_id,
        state="paused" if status.get("state") == "paused" else "imaging",
        block=Interval(start, end),
        reason=str(status.get("reason") or ""),
        sentence=str(status.get("message") or ""),
        taken=int(frames.get("taken", 0)),
        stacked=int(frames.get("stacked", 0)),
        total=int(frames.get("total", 0)) or row.total,
    )


def taken_back(row: dict[str, str]) -> bool:
    """Whether a person took a session out before it began: nothing of the night."""
    return row.get("outcome") == "skipped" and row.get("reason") == "user" and not row.get("started_at")


def _ended_row(row: dict[str, str]) -> Row:
    started, ended = aware_instant(row.get("started_at")), aware_instant(row.get("ended_at"))
    block = Interval(started, ended) if started is not None and ended is not None else None
    exposure = _number(row.get("exposure"))
    recipe = [f"{row['exposure']} s"] if row.get("exposure") else []
    recipe += [f"gain {row['gain']}"] if row.get("gain") else []
    recipe += [row["filter"]] if row.get("filter") else []
    return Row(
        session_id=row.get("session_id", ""),
        name=row.get("target") or row.get("description") or row.get("file", ""),
        state="done",
        target=_target(row.get("target", "")),
        block=block,
        reason=row.get("reason", ""),
        sentence=row.get("message", "") if row.get("outcome") in _UNFINISHED else "",
        taken=int(_number(row.get("frames_taken"))),
        stacked=int(_number(row.get("frames_stacked"))),
        total=int(_number(row.get("frames_requested"))),
        exposure_s=exposure,
        recipe=tuple(recipe),
        outcome=row.get("outcome", ""),
    )


def _target(name: str) -> Target | None:
    try:
        return resolve(name) if name else None
    except AgentError:
        return None


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return 0.0
