"""When tonight's sessions would run: the dispatcher's choice, foreseen from time and sky alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.conditions.condition_set import ConditionSet
from agent.conditions.moment import Moment, Window, clock_words
from agent.conditions.rules.window import WindowRule
from agent.events import Reason
from agent.session.fields import OnLost
from agent.sky.nights import Interval
from agent.targets import Site, Target
from agent.verdict import Verdict, merged

_ASK_AGAIN = timedelta(minutes=5)  # for a no without a known end


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSession:
    """A session that may run this night. Instants are aware UTC; `start` None is as soon as possible.

    `seen` orders sessions without a start: when they were handed in.
    """

    session_id: str
    target: Target | None
    conditions: ConditionSet
    duration_s: float
    start: datetime | None = None
    end: datetime | None = None
    seen: datetime | None = None
    priority: int = 0
    sun_filter: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a session would run, or why not. `cut_short` says what ends it before its time, "" if nothing."""

    session: PlannedSession
    run: Interval | None
    reason: Reason | None = None
    why_not: str = ""
    cut_short: str = ""


def forecast(site: Site, night: Interval, sessions: Sequence[PlannedSession]) -> tuple[Forecast, ...]:
    """Walk through the night and choose as the dispatcher does; the answers keep the sessions' order."""
    waiting = list(sessions)
    found: dict[str, Forecast] = {}
    now = night.start
    while waiting and now < night.end:
        answers = {one.session_id: _foresee(one, site, now) for one in waiting}
        for session in [one for one in waiting if _given_up(one, answers[one.session_id], night.start)]:
            waiting.remove(session)
            found[session.session_id] = _no(session, answers[session.session_id])
        ready = [one for one in waiting if answers[one.session_id].allowed]
        if ready:
            chosen = min(ready, key=_turn)
            waiting.remove(chosen)
            found[chosen.session_id] = made = _run(chosen, site, now)
            now = made.run.end if made.run else now
        elif waiting:
            now = min(answers[one.session_id].until or now + _ASK_AGAIN for one in waiting)
    for session in waiting:
        found[session.session_id] = _crowded_out(session, site, night)
    return tuple(found[session.session_id] for session in sessions)


def _run(session: PlannedSession, site: Site, now: datetime) -> Forecast:
    """Let it run until it is done, its window closes, it gets light, or a condition ends it."""
    ends = [(now + timedelta(seconds=session.duration_s), "")]
    deadline = session.conditions.capture_deadline(site, now, session.target)
    if deadline is not None:
        ends.append((deadline, "it gets light"))
    if session.end is not None:
        ends.append((session.end, "its window closes"))
    if session.conditions.on_lost is not OnLost.IGNORE:
        running = session.conditions.foresee(replace(_moment(session, site, now), running=True))
        ends += [
            (verdict.until, f"the condition {verdict.rule} no longer holds")
            for verdict in running
            if verdict.until is not None and verdict.rule != WindowRule.about.name
        ]
    end, why = min(ends, key=lambda item: item[0])
    cut_short = f"It ends at {clock_words(end, site)} because {why}." if why else ""
    return Forecast(session, Interval(now, max(now, end)), cut_short=cut_short)


def _no(session: PlannedSession, verdict: Verdict) -> Forecast:
    message = verdict.message
    if not verdict.final:
        message = f"{message} It waits no longer than {session.conditions.wait_max_s / 60:.0f} minutes."
    return Forecast(session, None, verdict.reason, message)


def _crowded_out(session: PlannedSession, site: Site, night: Interval) -> Forecast:
    """Say why a session is left over: it could run while the telescope is busy, or not at all this night."""
    now = night.start
    first = verdict = _foresee(session, site, now)
    while not verdict.allowed:
        now = verdict.until or now + _ASK_AGAIN
        if now >= night.end:
            return _no(session, first)
        verdict = _foresee(session, site, now)
    could = clock_words(now, site)
    message = f"It could run from {could} on, but the telescope is busy with other sessions."
    return Forecast(session, None, Reason.QUEUE, message)


def _given_up(session: PlannedSession, verdict: Verdict, night_start: datetime) -> bool:
    """Whether it will not run: a final no, or a wait longer than it may be."""
    if verdict.final:
        return True
    if verdict.allowed or verdict.until is None or verdict.reason is Reason.SCHEDULE:
        return False
    start = session.start or night_start
    return verdict.until > start + timedelta(seconds=session.conditions.wait_max_s)


def _foresee(session: PlannedSession, site: Site, now: datetime) -> Verdict:
    return merged(session.conditions.foresee(_moment(session, site, now)))


def _turn(session: PlannedSession) -> tuple[int, float, str]:
    start = session.start or session.seen
    return (-session.priority, start.timestamp() if start else 0.0, session.session_id)


def _moment(session: PlannedSession, site: Site, now: datetime) -> Moment:
    return Moment(
        now=now,
        site=site,
        target=session.target,
        window=Window(session.start or session.seen, session.end),
        duration_s=session.duration_s,
        sun_filter=session.sun_filter,
    )
