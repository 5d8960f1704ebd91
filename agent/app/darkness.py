"""Tells when tonight is dark, and what the Moon does then: what a dashboard shows while nothing runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.mqtt.bodies import DarknessBody
from agent.sky.altitudes import NAUTICAL
from agent.sky.ephemeris import MOON, moon
from agent.sky.nights import dark_window, next_solar_noon, night_of, sun_events, windows_above
from agent.targets import Site

LOOK_EVERY_S = 3600.0  # a machine may have slept across the noon


class Darkness:
    """Says one site's night anew after each solar noon. `run` is its one task."""

    def __init__(self, site: Site, clock: Clock, say: Callable[[DarknessBody], None]) -> None:
        self._site = site
        self._clock = clock
        self._say = say

    async def run(self) -> None:
        """Tell it for ever."""
        zone, ends = ZoneInfo(self._site.timezone), None
        while True:
            now = self._clock.now()
            if ends is None or now >= ends:
                self._say(await asyncio.to_thread(darkness, self._site, now))
                ends = next_solar_noon(now, self._site, zone)
            await self._clock.sleep(max(1.0, min(LOOK_EVERY_S, (ends - now).total_seconds())))


def darkness(site: Site, now: datetime) -> DarknessBody:
    """Return the night that an instant belongs to; dark is the Sun below -12°, as deep-sky imaging needs."""
    zone = ZoneInfo(site.timezone)
    night = night_of(now, site, zone)
    sun, dark = sun_events(site, night), dark_window(site, night, NAUTICAL)
    moonlit = windows_above(MOON, site, dark.start, dark.end, 0.0) if dark is not None else ()
    middle = dark.start + (dark.end - dark.start) / 2 if dark is not None else now

    def told(at: datetime | None) -> str | None:
        return at.astimezone(zone).isoformat(timespec="seconds") if at is not None else None

    return {
        "night": night.isoformat(),
        "sunset": told(sun.sunset),
        "dark_from": told(dark.start if dark else None),
        "dark_until": told(dark.end if dark else None),
        "sunrise": told(sun.sunrise),
        "moon_percent": round(moon(site, middle).illumination * 100),
        "moonlit_s": round(sum(window.seconds for window in moonlit)),
        "moon_from": told(moonlit[0].start if moonlit else None),
        "moon_until": told(moonlit[-1].end if moonlit else None),
    }
