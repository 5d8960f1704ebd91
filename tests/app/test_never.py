"""Whatever files, people, weather, links and clocks do: no goto near the Sun, no capture past dawn."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.sky.ephemeris import SUN, equatorial, separation
from agent.targets import Site, SkyTarget, SolarBody, SolarTarget
from tests.app.conftest import Observatory, session
from tests.sky.formulas import sun_altitude
from tests.support.chance import often
from tests.support.fake_telescope import FakeTelescope
from tests.support.virtual_loop import run_virtual

SITES = (Site(48.85, 2.35), Site(-33.9, 151.2), Site(69.65, 18.96), Site(0.0, -78.5))
MONTHS = (3, 6, 12)
STARTS = tuple(
    datetime(2026, month, 21, hour, tzinfo=UTC) for month in (3, 6, 12) for hour in range(0, 24, 4)
)
SUN_LIMIT = 20.0
REALLY_UP = -0.9  # degrees of the Sun's centre; the agent is stricter
DAWN = -6.0
LOOK_EVERY_S = 60.0
GRACE_S = 180.0  # a capture may take this long to stop; the telescope closes its stack
PLACES = ("beside", "beside", "high", "high", "high", "moon", "mercury", "venus", "jupiter", "sun")
SKIES = ("safe", "safe", "warning", "alert")
VERBS = ("pause", "resume", "skip", "abort", "end_night", "stop_after_this")

offsets = st.integers(-240, 1500)  # minutes from the moment the file appears


@dataclass(frozen=True)
class Act:
    """One thing that happens, some minutes after the one before."""

    after_min: int
    kind: str
    what: Any = None


wishes = st.fixed_dictionaries(
    {
        "where": st.sampled_from(PLACES),
        "apart_h": st.floats(-2.5, 2.5),  # of right ascension from the Sun
        "dec": st.floats(-60, 80),
        "start": st.none() | st.none() | offsets,
        "frames": st.sampled_from([60, 999, 999]),  # the long ones take four hours and a half
        "sun_filter": st.booleans(),
        "retry": st.booleans(),
        "on_lost": st.sampled_from([None, "pause", "end", "ignore"]),
    }
)
acts = st.one_of(
    st.builds(Act, st.integers(0, 300), st.just("file"), wishes),
    st.builds(Act, st.integers(0, 300), st.just("file"), wishes),
    st.builds(Act, st.integers(0, 120), st.just("verb"), st.sampled_from(VERBS)),
    st.builds(Act, st.integers(0, 120), st.just("run"), st.integers(0, 5)),
    st.builds(Act, st.integers(0, 120), st.just("goto"), wishes),
    st.builds(
        Act, st.integers(0, 120), st.just("weather"), st.sampled_from(["safe", "safe", "warning", "alert"])
    ),
    st.builds(Act, st.integers(0, 60), st.just("cut"), st.integers(1, 500)),
    st.builds(Act, st.integers(0, 300), st.just("restart"), st.integers(0, 600)),
    st.builds(Act, st.integers(0, 300), st.just("clock"), st.integers(-120, 240)),
)


@dataclass
class Watcher(FakeTelescope):
    """A telescope that remembers every goto with its instant, and what is wrong with it."""

    site: Site = SITES[0]
    place: Observatory | None = None
    filter_by_hand: bool = False
    wrong: list[str] = field(default_factory=list)

    async def goto(self, target: SkyTarget | SolarTarget, site: Site | None) -> None:
        now = self.clock.now()
        if isinstance(target, SolarTarget) and target.body is SolarBody.SUN:
            self._check_sun()
        elif sun_altitude(self.site, now) > REALLY_UP and self.distance(target) < SUN_LIMIT:
            self.wrong.append(f"{now}: goto {target.name}, {self.distance(target):.1f} degrees from the Sun")
        await super().goto(target, site)

    def distance(self, target: SkyTarget | SolarTarget) -> float:
        """Degrees from the Sun now."""
        return separation(target, SUN, self.site, self.clock.now())

    def _check_sun(self) -> None:
        assert self.place is not None
        running = self.place.stations["scope"].running
        solar = running.waiting.document.goto_solar if running is not None else None
        declared = solar is not None and solar.sun_filter if running is not None else self.filter_by_hand
        if not (declared and self.place.settings.conditions.allow_sun):
            self.wrong.append("goto the Sun without filter or permission")


async def watch(telescope: Watcher) -> None:
    """Look once a minute at what is captured."""
    dark: set[str] = set()
    late_since: float | None = None
    assert telescope.place is not None
    while True:
        now, station = telescope.clock.now(), telescope.place.stations.get("scope")
        running = station.running if station is not None else None
        name = running.waiting.session_id if running is not None else ""
        height = sun_altitude(telescope.site, now)
        if name and height < DAWN - 0.1:
            dark.add(name)
        target = telescope.gotos[-1] if telescope.gotos else None
        exposed = any(capture.running for capture in telescope.captures) and telescope.online
        bright = isinstance(target, SolarTarget) and target.body in {SolarBody.SUN, SolarBody.MOON}
        is_sun = isinstance(target, SolarTarget) and target.body is SolarBody.SUN
        past = exposed and not bright and height > DAWN + 0.1 and name in dark
        near = exposed and not is_sun and target is not None and height > REALLY_UP
        near = near and telescope.distance(target) < SUN_LIMIT
        if past or near:
            late_since = telescope.clock.monotonic() if late_since is None else late_since
            if telescope.clock.monotonic() - late_since > GRACE_S:
                telescope.wrong.append(f"{now}: {name} captures {'past dawn' if past else 'near the Sun'}")
        else:
            late_since = None
        await telescope.clock.sleep(LOOK_EVERY_S)


def document(wish: dict[str, Any], telescope: Watcher) -> dict[str, Any]:
    """A session of that wish, as of now."""
    now = telescope.clock.now()
    goto: dict[str, Any] = {"goto_manual": None}
    match wish["where"]:
        case "sun":
            goto["goto_solar"] = {"do_action": True, "target": "Sun", "sun_filter": wish["sun_filter"]}
        case "beside" | "high":
            ra, dec = place_of(wish, telescope)
            goto["goto_manual"] = {"do_action": True, "target": "A field", "ra_coord": ra, "dec_coord": dec}
        case body:
            goto["goto_manual"] = {"do_action": True, "target": body}
    book: dict[str, Any] = {"on_error": "retry" if wish["retry"] else None}
    if wish["start"] is not None:
        book["date"] = (now + timedelta(minutes=wish["start"])).isoformat(timespec="seconds")
    lost = {"do_action": True, "on_lost": wish["on_lost"]} if wish["on_lost"] else None
    shot = {"do_action": True, "exposure": "15", "gain": 80, "count": wish["frames"]}
    return session(id_command=book, conditions=lost, setup_camera=shot, **goto)


def place_of(wish: dict[str, Any], telescope: Watcher) -> tuple[float, float]:
    sun = equatorial(SUN, telescope.site, telescope.clock.now())
    if wish["where"] == "high":
        return (sun.ra_hours + 12 + wish["apart_h"]) % 24, wish["dec"]
    return (sun.ra_hours + wish["apart_h"]) % 24, max(-80.0, min(80.0, sun.dec_degrees + wish["dec"] / 8))


async def story(root: Path, site: Site, start: datetime, allow_sun: bool, told: list[Act]) -> Watcher:
    """Let it all happen, and a day and a half pass."""
    where = {"latitude": site.latitude, "longitude": site.longitude, "timezone": "UTC"}
    place = Observatory(
        root,
        start,
        site=where,
        conditions={"allow_sun": allow_sun},
        weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 3600, "clear_for_min": 5},
        poll_seconds=120,
    )
    telescope = Watcher(place.clock, site=site, place=place)
    place.telescope = telescope
    watching = asyncio.create_task(watch(telescope))
    weather: dict[str, Any] = {"safe": True}

    async def reports() -> None:
        while True:
            place.say("safety/input/roof", {**weather, "ttl": 3600})
            await place.clock.sleep(1200)

    reporting = asyncio.create_task(reports())
    rest = list(told)
    names: list[str] = []
    end = 36 * 3600.0
    while place.clock.monotonic() < end:
        telescope.online = True
        pause = 0
        async with place.open():
            while place.clock.monotonic() < end:
                if not rest:
                    await place.clock.sleep(end - place.clock.monotonic())
                    break
                act = rest.pop(0)
                await place.clock.sleep(act.after_min * 60)
                if act.kind == "restart":
                    pause = act.what * 60
                    break
                await happen(act, place, telescope, weather, names)
        place.stations.clear()
        await place.clock.sleep(pause)
    for task in (watching, reporting):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return telescope


async def happen(
    act: Act, place: Observatory, telescope: Watcher, weather: dict[str, Any], names: list[str]
) -> None:
    match act.kind:
        case "file":
            names.append(f"s{len(names)}")
            place.drop(f"{names[-1]}.json", document(act.what, telescope))
        case "verb":
            place.say("scope/command", act.what)
        case "run" if names:
            place.say("scope/command", {"command": "run", "session_id": names[act.what % len(names)]})
        case "goto":
            ra, dec = place_of(act.what, telescope)
            place.say("scope/set/armed", "ON")
            await place.clock.sleep(1)
            telescope.filter_by_hand = act.what["sun_filter"]
            where = {"target": "Sun"} if act.what["where"] == "sun" else {"ra": ra, "dec": dec}
            place.say("scope/command", {"command": "goto", "sun_filter": act.what["sun_filter"], **where})
        case "weather":
            weather.clear()
            weather |= {"safe": True} if act.what == "safe" else {"safe": False, "level": act.what}
            place.say("safety/input/roof", {**weather, "ttl": 3600})
        case "cut":
            telescope.cut()
            await place.clock.sleep(act.what * 60)
            telescope.restore()
        case "clock":
            place.clock._start += timedelta(minutes=act.what)  # somebody sets the machine's clock


def check(site: Site, start: datetime, allow_sun: bool, told: list[Act]) -> None:
    with tempfile.TemporaryDirectory() as root:
        telescope = run_virtual(story(Path(root), site, start, allow_sun, told))
    assert telescope.wrong == []


cases = given(
    st.sampled_from(SITES), st.sampled_from(STARTS), st.booleans(), st.lists(acts, min_size=3, max_size=12)
)
slowly = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=often(6, few=3), **slowly)
@cases
def test_never_a_goto_near_the_sun_nor_a_capture_past_dawn(
    site: Site, start: datetime, allow_sun: bool, told: list[Act]
) -> None:
    check(site, start, allow_sun, told)
