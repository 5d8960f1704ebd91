"""The plan of a station's night as MQTT and the page tell it: of what waits, as its dispatcher has it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date

from agent.app.candidate import FORCED, GOES_ON, Candidate
from agent.app.tonight import NoSiteError, tonight
from agent.planner.night import NightPlan
from agent.sky.nights import coming_night
from agent.station.station import Station

MOST = 50  # sessions that a plan tells of


def waiting_candidates(station: Station) -> list[Candidate]:
    """Return the sessions that wait, the first ones of many."""
    return [
        Candidate(
            waiting.session_id,
            waiting.document,
            waiting.plan,
            waiting.start,
            waiting.closes,
            min(waiting.seen, waiting.began or waiting.seen),
            waiting.taken,
            GOES_ON if waiting.resume else FORCED if waiting.forced else 0,
            waiting.rests_until,
        )
        for waiting in station.dispatcher.queue[:MOST]
        if waiting.plan is not None
    ]


async def station_night(
    station: Station, candidates: Iterable[Candidate], night: date | None = None
) -> NightPlan:
    """Return the plan of a night (default: the coming one), beside what runs there; AgentError."""
    if station.site is None:
        raise NoSiteError
    planning, now = station.planning, station.clock.now()
    wanted = night or coming_night(station.site, now)
    latest = planning.latest
    return await asyncio.to_thread(
        tonight,
        station.site,
        candidates,
        station.defaults(),
        now,
        zone=station.zone,
        night=wanted,
        running=planning.running(),
        known=latest.order if latest is not None and latest.night == wanted else (),
        valid=planning.valid(),
        rules=planning.rules,
    )
