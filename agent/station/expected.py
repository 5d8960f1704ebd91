"""When a session that waits will really begin, as far as it is known, and why not before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.events import Reason
from agent.schedule.waiting import Waiting
from agent.station.station import Station
from agent.telescope.interface import ConnectionState

_AT_ONCE = timedelta(minutes=1)
_AWAY = (ConnectionState.CONNECTING, ConnectionState.HELD_BY_OTHER)


@dataclass(frozen=True, slots=True)
class Expected:
    """`at` is aware UTC, None when nobody knows; `why` a sentence, "" when it is the session's own start."""

    at: datetime | None
    why: str = ""

    def words(self, now: datetime, zone: ZoneInfo) -> str:
        """Return it in words for people at the site: "It starts at 20:31.", and why."""
        begins = "" if self.at is None else f"It starts {instant_words(self.at, now, zone)}."
        return f"{begins} {self.why}".strip()


def instant_words(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return an instant as people at the site say it: "at once", "at 20:31", "on 2026-03-13 at 20:31"."""
    if at <= now + _AT_ONCE:
        return "at once"
    local = at.astimezone(zone)
    same_day = local.date() == now.astimezone(zone).date()
    return f"at {local:%H:%M}" if same_day else f"on {local:%Y-%m-%d at %H:%M}"


def undoing(over: str, until: datetime) -> str:
    """Return why and until when (local time) a night is over, and how to have it go on."""
    return f"{over.rstrip('.')}. It is over until {until:%H:%M}; `dwarf-agent resume` undoes it."


def expected(station: Station, waiting: Waiting) -> Expected:
    """Return when a waiting session begins, by the plan as it is now."""
    now, plan, name = station.clock.now(), station.planning.latest, waiting.session_id
    block = next(iter(plan.blocks_of(name)), None) if plan is not None else None
    over = station.night.judgement()
    if over is not None and over.until is not None and (block is None or block.start < over.until):
        return Expected(None, undoing(over.message, over.until.astimezone(station.zone)))
    if waiting.due(now) and station.telescope.connection in _AWAY:
        late = _late(station, waiting)
        return Expected(None, f"It starts as soon as the telescope answers. {late}".rstrip())
    if plan is not None and waiting.brief.waits_for is not None and waiting.due(now):
        foreseen = plan.waits.get(name)
        until = foreseen.until if foreseen is not None and foreseen.message == waiting.brief.note else None
        return Expected(until, waiting.brief.note)
    if block is not None:
        planned = f"The plan has it then: {block.why}."
        return Expected(max(block.start, now), _why(station, waiting, block.start, planned))
    if plan is not None and (left := plan.left_of(name)) is not None:
        # "The session starts on …" says again what `at` says, or when it was to start and will not.
        if left.reason is Reason.SCHEDULE and left.start is not None:
            return Expected(left.start, _why(station, waiting, left.start, ""))
        return Expected(left.start, left.message)
    return Expected(max(waiting.due_at or now, now), _late(station, waiting))


async def expected_of_new(station: Station, waiting: Waiting, ahead: Sequence[Waiting]) -> Expected:
    """Return when a session that has just come can begin at the soonest, before any plan has it."""
    now, over = station.clock.now(), station.night.judgement()
    if over is not None:
        return expected(station, waiting)
    soonest = await asyncio.to_thread(station.planning.soonest, waiting, now)
    if soonest is None:
        return Expected(None, "No night of the next year has time and sky for it.")
    running = station.running  # which may be itself by now
    others = running is not None and running.waiting.session_id != waiting.session_id
    busy = others or any(one.due(soonest) for one in ahead)
    wanted = max(waiting.due_at or now, now)
    why = station.planning.objection(waiting, wanted) if soonest > wanted + _AT_ONCE else ""
    if soonest <= now + _AT_ONCE and (hindrance := station.gate.hindrance(waiting, now)):
        return Expected(None, hindrance)
    if busy and not why and soonest <= now + _AT_ONCE:
        return Expected(None, "Others have their turn before it.")
    return Expected(soonest, why or _late(station, waiting))


def _why(station: Station, waiting: Waiting, at: datetime, otherwise: str) -> str:
    wanted = max(waiting.due_at or waiting.seen, station.clock.now())
    if at <= wanted + _AT_ONCE:
        return _late(station, waiting)
    return station.planning.objection(waiting, wanted) or otherwise


def _late(station: Station, waiting: Waiting) -> str:
    """What is to be said of a session whose start is over."""
    now, start = station.clock.now(), waiting.start
    waits_for_it = waiting.due_at == start and not waiting.resume and not waiting.forced
    if start is None or not waits_for_it or start >= now - _AT_ONCE:
        return ""
    return f"Its start, {start.astimezone(station.zone):%Y-%m-%d %H:%M}, is over."
