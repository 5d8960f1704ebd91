"""Tonight, in words and numbers: the Sun, the Moon, and for each session its target's way and its chances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from agent.conditions.cautions import Caution, sky_cautions
from agent.conditions.moment import clock_words
from agent.planner.make import LEAST_BLOCK_S, make_plan
from agent.planner.plan import Block, Left, PlannedNight
from agent.planner.request import Place, Request, Running
from agent.planner.reuse import Valid
from agent.planner.windows import windows_of
from agent.reasons import Reason
from agent.sky.altitudes import ASTRONOMICAL, SUNSET_ALTITUDE
from agent.sky.ephemeris import MOON, altaz, moon, separation, sun
from agent.sky.nights import (
    Interval,
    SunEvents,
    culmination,
    dark_window,
    night_bounds,
    sun_events,
    windows_above,
)
from agent.targets import Site, SolarBody, SolarTarget, Target

_WINDS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """A target's way during a stretch of time. Degrees."""

    start: float
    highest: float
    highest_at: datetime
    end: float
    moon_separation: float
    words: str


@dataclass(frozen=True, slots=True)
class SessionNight:
    """One session's night. `left` is what of it does not run, `facts` is None without a target.

    `conflicts` names the sessions that have the time it could run in.
    """

    request: Request
    blocks: tuple[Block, ...]
    left: Left | None
    facts: TargetFacts | None
    cautions: tuple[Caution, ...]
    conflicts: tuple[str, ...]

    @property
    def run(self) -> Interval | None:
        """From its first block's start to its last one's end; None when it does not run."""
        return Interval(self.blocks[0].start, self.blocks[-1].end) if self.blocks else None


@dataclass(frozen=True, slots=True)
class NightPlan:
    """One night at a site; the Moon is told of between sunset and sunrise."""

    site: Site
    night: date
    bounds: Interval
    sun: SunEvents
    dark: Interval | None
    moon_up: tuple[Interval, ...]
    moon_illumination: float
    sessions: tuple[SessionNight, ...]

    def lines(self) -> Iterator[str]:
        """The plan as people read it, in the site's own time."""
        yield f"Night of {self.night.isoformat()} ({self.site.timezone})"
        yield f"  Sun: {self._sun_words()}"
        yield f"  Moon: {self._moon_words()}"
        for one in self.sessions:
            yield from self._session_lines(one)

    def to_json(self) -> dict[str, Any]:
        """The same facts for programs: ISO 8601 instants in the site's zone, degrees, fractions."""
        return {
            "night": self.night.isoformat(),
            "sunset": self._iso(self.sun.sunset),
            "sunrise": self._iso(self.sun.sunrise),
            "dark": self._interval(self.dark),
            "moon": {
                "illumination": round(self.moon_illumination, 2),
                "up": [self._interval(window) for window in self.moon_up],
            },
            "sessions": [self._session_json(one) for one in self.sessions],
        }

    def _sun_words(self) -> str:
        events, site = self.sun, self.site
        if events.sunset is None or events.sunrise is None:
            up = sun(site, self.bounds.start).altitude > SUNSET_ALTITUDE
            day = "it does not set" if up else "it does not rise"
        else:
            day = f"sets {clock_words(events.sunset, site)}, rises {clock_words(events.sunrise, site)}"
        if self.dark is None:
            return f"{day}; no astronomical darkness"
        return f"{day}; fully dark {self._span(self.dark)}"

    def _moon_words(self) -> str:
        lit = f"{self.moon_illumination * 100:.0f} % lit"
        if not self.moon_up:
            return f"{lit}, down all night"
        windows = " and ".join(self._span(window) for window in self.moon_up)
        return f"{lit}, up {windows}"

    def _span(self, interval: Interval) -> str:
        return f"{clock_words(interval.start, self.site)} to {clock_words(interval.end, self.site)}"

    def _session_lines(self, one: SessionNight) -> Iterator[str]:
        request = one.request
        yield f"{request.session_id} ({request.target.name if request.target else 'no target'})"
        if one.blocks:
            yield f"  Runs {' and '.join(self._span(block.interval) for block in one.blocks)}"
        elif one.left is not None:
            yield f"  Will not run: {one.left.message}"
        if cut := self._cut_short(one):
            yield f"  {cut}"
        if one.facts is not None:
            yield f"  {one.facts.words}"
            if not (isinstance(request.target, SolarTarget) and request.target.body is SolarBody.MOON):
                yield f"  {one.facts.moon_separation:.0f}° from the Moon"
        for caution in one.cautions:
            yield f"  Note: {caution.message}"
        if one.conflicts:
            yield f"  Wants the same time as {', '.join(one.conflicts)}"

    def _cut_short(self, one: SessionNight) -> str:
        """What ends it before it is done, and when the rest can run; "" when nothing does."""
        if not one.blocks or not one.blocks[-1].ends:
            return ""
        if one.left is not None:
            return one.left.message
        last = one.blocks[-1]
        return f"It ends at {clock_words(last.end, self.site)} because {last.ends}."

    def _session_json(self, one: SessionNight) -> dict[str, Any]:
        request, left = one.request, one.left
        facts = one.facts and {
            "altitude_start": round(one.facts.start, 1),
            "altitude_highest": round(one.facts.highest, 1),
            "highest_at": self._iso(one.facts.highest_at),
            "altitude_end": round(one.facts.end, 1),
            "moon_separation": round(one.facts.moon_separation, 1),
            "words": one.facts.words,
        }
        return {
            "session_id": request.session_id,
            "target": request.target.name if request.target else None,
            "run": self._interval(one.run),
            "blocks": [self._block_json(block) for block in one.blocks],
            "reason": left.reason.value if left is not None else None,
            "why_not": left.message if left is not None and not one.blocks else "",
            "cut_short": self._cut_short(one),
            "next_night": left.night.isoformat() if left is not None and left.night is not None else None,
            "sky": facts,
            "notes": [
                {"reason": caution.reason.value, "message": caution.message} for caution in one.cautions
            ],
            "conflicts": list(one.conflicts),
        }

    def _block_json(self, block: Block) -> dict[str, Any]:
        return {
            "start": self._iso(block.start),
            "end": self._iso(block.end),
            "frames": block.frames,
            "why": block.why,
            "ends": block.ends,
        }

    def _interval(self, interval: Interval | None) -> list[str | None] | None:
        return [self._iso(interval.start), self._iso(interval.end)] if interval is not None else None

    def _iso(self, instant: datetime | None) -> str | None:
        zone = ZoneInfo(self.site.timezone)
        return instant.astimezone(zone).isoformat(timespec="seconds") if instant is not None else None


def plan_night(
    site: Site,
    night: date,
    requests: Sequence[Request],
    *,
    now: datetime | None = None,
    running: Running | None = None,
    known: Sequence[Place] = (),
    least_block_s: float = LEAST_BLOCK_S,
    valid: Valid = MappingProxyType({}),
) -> NightPlan:
    """Gather the facts of a night and plan its sessions, from `now` on if that is within the night."""
    bounds = night_bounds(site, night)
    begin = now if now is not None and now in bounds else bounds.start
    zone = ZoneInfo(site.timezone)
    plan = make_plan(
        requests,
        site=site,
        zone=zone,
        now=begin,
        night=night,
        running=running,
        known=known,
        least_block_s=least_block_s,
        valid=valid,
    )
    told = [*([running.request] if running is not None else []), *requests]
    events = sun_events(site, night)
    down = Interval(events.sunset or bounds.start, events.sunrise or bounds.end)
    middle = down.start + (down.end - down.start) / 2
    return NightPlan(
        site=site,
        night=night,
        bounds=bounds,
        sun=events,
        dark=dark_window(site, night, ASTRONOMICAL),
        moon_up=windows_above(MOON, site, down.start, down.end, SUNSET_ALTITUDE),
        moon_illumination=moon(site, middle).illumination,
        sessions=tuple(_session_night(site, one, plan) for one in told),
    )


@lru_cache(maxsize=128)
def target_facts(target: Target, site: Site, start: datetime, end: datetime) -> TargetFacts:
    """Return a target's way between two instants."""
    first, last = altaz(target, site, start), altaz(target, site, end)
    way = culmination(target, site, start, max(end, start + timedelta(seconds=1)))
    top = altaz(target, site, way.at)
    words = f"{clock_words(start, site)} at {first.altitude:.0f}° in the {_wind(first.azimuth)}"
    if start < way.at < end and way.highest > max(first.altitude, last.altitude) + 0.5:
        words += f", highest {way.highest:.0f}° in the {_wind(top.azimuth)} at {clock_words(way.at, site)}"
    words += f", {clock_words(end, site)} at {last.altitude:.0f}° in the {_wind(last.azimuth)}"
    apart = separation(target, MOON, site, start + (end - start) / 2)
    return TargetFacts(first.altitude, way.highest, way.at, last.altitude, apart, words)


def _session_night(site: Site, request: Request, plan: PlannedNight) -> SessionNight:
    blocks, left = plan.blocks_of(request.session_id), plan.left_of(request.session_id)
    facts: TargetFacts | None = None
    cautions: tuple[Caution, ...] = ()
    if request.target is not None:
        wanted = Interval(blocks[0].start, blocks[-1].end) if blocks else _wanted(request, site, plan)
        facts = target_facts(request.target, site, wanted.start, wanted.end)
        cautions = sky_cautions(request.target, site, wanted.start, wanted.end) if blocks else ()
    rivals = tuple(_rivals(request, site, plan)) if left is not None and left.reason is Reason.QUEUE else ()
    return SessionNight(request, blocks, left, facts, cautions, rivals)


def _rivals(request: Request, site: Site, plan: PlannedNight) -> Iterator[str]:
    """Name the sessions that have the time in which this one could run."""
    windows = windows_of(request, site, plan.span, plan.made_at)
    seen: set[str] = {request.session_id}
    for block in plan.blocks:
        taken = any(block.start < one.end and block.end > one.start for one in windows)
        if taken and block.session_id not in seen:
            seen.add(block.session_id)
            yield block.session_id


def _wanted(request: Request, site: Site, plan: PlannedNight) -> Interval:
    """When it would run if it could: in its first window, else from its start on."""
    windows = windows_of(request, site, plan.span, plan.made_at)
    start = windows[0].start if windows else max(request.start or plan.made_at, plan.made_at)
    return Interval(start, start + timedelta(seconds=request.duration_s))


def _wind(azimuth: float) -> str:
    return _WINDS[round(azimuth / 45) % 8]
