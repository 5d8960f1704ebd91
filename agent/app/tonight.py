"""The plan of a night for sessions as they stand in files and queues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from agent.app.candidate import Candidate
from agent.conditions import Requirements
from agent.errors import AgentError
from agent.planner import Place, Request, Running, Valid, request_of
from agent.planner.night import NightPlan, plan_night
from agent.planner.repeating import next_night
from agent.planner.request import REUSE
from agent.session.reuse_rules import ReuseRules
from agent.session.times import start_instant, window_end
from agent.sky.nights import coming_night, night_bounds
from agent.targets import Site


class NoSiteError(AgentError):
    """Nobody said where the telescope stands."""

    code = "no_site"

    def __init__(self) -> None:
        super().__init__(
            "The night cannot be told, as nobody said where the telescope stands.",
            hint="Set latitude and longitude in the configuration.",
        )


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
