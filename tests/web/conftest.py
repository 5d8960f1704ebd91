"""A page served for an agent of values, and a client that asks it as a browser or a stranger would."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from agent.capabilities import Camera
from agent.clock import SystemClock
from agent.conditions import Requirements
from agent.planner.suggestions import KINDS, Known, Suggestions, smallest_arcmin, suggest
from agent.sky.catalogue import entries, resolve
from agent.sky.nights import Interval, dark_window, night_bounds, sun_events
from agent.targets import Site
from agent.telescope.dwarf.models import capabilities_for
from agent.web.agent import Answer, Body, Facts, FramesTaken, News, SettingUp
from agent.web.door import Door
from agent.web.night import Change, Course, NightRecord, NightView, Row, SessionLeft, SessionRecord
from agent.web.server import PageServer

PARIS = Site(48.8534, 2.3488, 35, "Europe/Paris")
NIGHT = date(2026, 12, 27)
NOW = datetime(2026, 12, 27, 21, 31, tzinfo=UTC)
SMALL = b"\xff\xd8\xff a small picture \xff\xd9"
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
VIEWS = (
    "/tonight",
    "/now",
    "/new",
    "/new?target=M%2031",
    "/nights",
    "/settings",
    "/home-assistant",
    "/watch",
)


COURSE = Course("hfd", ((NOW - timedelta(hours=1), 3.1), (NOW - timedelta(minutes=9), 3.4)))
GOAL: Body = {
    "group": "wall",
    "collected_s": 9000.0,
    "goal_s": 21600.0,
    "percent": 41.7,
    "nights": 1,
    "filters": {"Astro": {"collected_s": 9000.0, "goal_s": 21600.0, "frames": 150}},
}


@cache
def best_of_the_night(**asked: Any) -> Suggestions:
    """What a telescope's list is from the fake agent's now on, or that of a `stretch`."""
    stretch = asked.pop("stretch", None)
    camera = capabilities_for("D3").cameras[Camera.TELE]
    return suggest(
        entries(KINDS, larger_than=smallest_arcmin(camera)),
        site=PARIS,
        night=NIGHT,
        now=NOW,
        requirements=Requirements.model_validate({"min_altitude": 25, **asked}),
        camera=camera,
        known=Known({"NGC 2264": 3600.0}),
        stretch=stretch,
    )


def record(session_id: str, days: int = 0) -> NightRecord:
    """A night that clouds ended, so many days ago."""
    one = SessionRecord(
        session_id=session_id,
        target="M 31",
        outcome="partial",
        reason="weather",
        message="The session's window closed.",
        started=NOW - timedelta(days=1),
        ended=NOW - timedelta(hours=20),
        requested=60,
        taken=44,
        stacked=40,
        integration_s=2400.0,
        waited="",
        picture=True,
    )
    return NightRecord(NIGHT - timedelta(days=days), (one,))


class FakeAgent:
    """An agent whose every word a test can set; it notes what it was asked."""

    def __init__(self) -> None:
        self.target = "M 42"
        self.asked: list[tuple[str, str, bytes, str]] = []
        self.listeners: list[Callable[[News], None]] = []
        self.answer = Answer(True, {"status": "done", "code": "done", "message": "Done.", "hint": ""})
        self.more: dict[str, Body] = {}
        self.jpeg: bytes | None = JPEG
        self.goals: list[Body] = [GOAL]
        self.remains = {"m31": SessionLeft((COURSE,))}
        self.setting_up: SettingUp | None = None
        self.rows: tuple[Row, ...] = (
            self.row("orion", "M 42", "imaging", 20, 22),
            self.row("rosette", "NGC 2237", "planned", 22.2, 24.2),
        )

    @staticmethod
    def row(session_id: str, name: str, state: Any, start_h: float, end_h: float, **more: Any) -> Row:
        midnight = datetime(2026, 12, 27, 0, 0, tzinfo=UTC)
        block = Interval(midnight + timedelta(hours=start_h), midnight + timedelta(hours=end_h))
        values = {
            "target": resolve(name.split(" <")[0]),
            "block": block,
            "total": 60,
            "taken": 36,
            "stacked": 34,
            "exposure_s": 60.0,
            "recipe": ("60 s", "gain 60", "Astro"),
        }
        return Row(session_id=session_id, name=name, state=state, **{**values, **more})

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo("Europe/Paris")

    @property
    def site(self) -> Site | None:
        return PARIS

    def now(self) -> datetime:
        return NOW

    def telescopes(self) -> Sequence[Facts]:
        return [Facts("scope", "Dwarf 3", capabilities_for("D3"))]

    def dashboard(self, telescope: str) -> str:
        return f"title: {telescope}\n"

    def states(self, telescope: str) -> Mapping[str, Body]:
        brief = {"session_id": "rosette", "target": "NGC 2237", "scheduled_for": "2026-12-27T23:06:00+01:00"}
        return {
            "availability": {"state": "online"},
            "status": {
                "state": "imaging",
                "since": "2026-12-27T21:48:00+01:00",
                "step": "Capture 60 × 60 s, tele camera",
                "reason": None,
                "message": "waiting for 60 frames",
                "running": True,
                "session_id": "orion",
                "request_id": None,
                "target": self.target,
                "problem": None,
            },
            "progress": {
                "session_id": "orion",
                "percent": 60.0,
                "frames": {"taken": 36, "stacked": 34, "total": 60},
                "integration_s": 2040.0,
                "remaining_s": 1440,
                "estimated_end": "2026-12-27T22:55:00+01:00",
                "step": {"index": 5, "count": 6, "name": "Capture"},
            },
            "telemetry": {
                "battery": 81,
                "charging": False,
                "temperature": 6.0,
                "storage": {"free_gb": 43.1, "total_gb": 64.0},
                "tracking": "M 42",
                "focus_position": 660,
            },
            "queue": {"count": 1, "next_at": brief["scheduled_for"], "next": brief, "sessions": [brief]},
            "settings": {"scheduler": True, "armed": False, "weather_policy": "wait", "filter": "Astro"},
            "safety": {
                "safe": True,
                "state": "safe",
                "since": "2026-12-27T17:00:00+01:00",
                "sources": {
                    "rain roof": {"safe": True, "level": "clear", "age_s": 12, "reason": ""},
                    "dew": {"safe": False, "level": "warning", "age_s": None, "reason": "no reading"},
                },
            },
            "image_info": {"taken_at": "2026-12-27T22:30:41+01:00", "target": "M 42", "session_id": "orion"},
            **self.more,
        }

    def groups(self, telescope: str) -> Sequence[Body]:
        return self.goals

    def answered_at(self, telescope: str) -> datetime | None:
        return NOW

    def picture(self, telescope: str) -> bytes | None:
        return self.jpeg

    def frames(self, telescope: str) -> FramesTaken:
        return FramesTaken(0, tuple(at not in (19, 28) for at in range(36)), (COURSE,))

    def streams(self, telescope: str) -> Mapping[str, str]:
        return {"tele_jpeg": "http://127.0.0.1:9/mainstream"}

    async def night(self, telescope: str, change: Change | None = None, on: date | None = None) -> NightView:
        rows = self.rows
        if change is not None and change.added is not None:
            rows = (*rows, self.row("+", "M 31", "planned", 24.5, 25.5, fresh=True))
        return NightView(
            site=PARIS,
            night=NIGHT,
            coming=NIGHT,
            now=NOW,
            sun=sun_events(PARIS, NIGHT),
            dark=dark_window(PARIS, NIGHT, -18),
            moon_up=(Interval(NOW, NOW + timedelta(hours=9)),),
            moon_illumination=0.8,
            bounds=night_bounds(PARIS, NIGHT),
            rows=rows,
            sun_below=-12.0,
            min_altitude=25.0,
        )

    def suggestions(self, telescope: str, stretch: Interval) -> Suggestions | None:
        return best_of_the_night(stretch=stretch)

    def listen(self, listener: Callable[[News], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, name: str, body: Body | None = None) -> None:
        for listener in tuple(self.listeners):
            listener(News("scope", name, body or {}))

    async def submit(self, payload: bytes, telescope: str, who: str) -> Answer:
        self.asked.append(("submit", telescope, payload, who))
        return self.answer

    async def command(self, telescope: str, payload: bytes, who: str) -> Answer:
        self.asked.append(("command", telescope, payload, who))
        return self.answer

    async def set_value(self, telescope: str, key: str, payload: bytes, who: str) -> Answer:
        self.asked.append((f"set {key}", telescope, payload, who))
        return self.answer

    async def ask(self, verb: str, payload: bytes, who: str) -> Answer:
        self.asked.append((verb, "", payload, who))
        return self.answer

    async def document(self, telescope: str, session_id: str) -> Mapping[str, Any] | None:
        return None

    async def read_file(self, telescope: str, name: str, data: bytes) -> Body:
        return {"what": "", "sessions": [], "problems": []}

    async def log(self, telescope: str, session_id: str) -> Sequence[tuple[str, str]]:
        return [("22:30", "Frame 36 taken")]

    async def nights(self, telescope: str) -> Sequence[NightRecord]:
        return [record("m31", days=1)]

    async def kept_picture(self, telescope: str, session_id: str, *, small: bool = False) -> bytes | None:
        return (SMALL if small else JPEG) if session_id == "m31" else None

    async def left(self, telescope: str, night: NightRecord) -> Mapping[str, SessionLeft]:
        return self.remains

    async def report(self, telescope: str, night: str) -> str | None:
        return "# Night\n<script>alert(1)</script>" if night == "2026-12-26" else None

    async def report_page(self, telescope: str, night: str) -> str | None:
        return "<!doctype html><title>Night</title>" if night == "2026-12-26" else None

    def settings(self) -> Sequence[tuple[str, str, str]]:
        return [("latitude", "48.85", "config.yaml"), ("mqtt_host", "", "")]

    async def diagnostics(self) -> Body:
        return {"version": "0"}

    def schemas(self) -> Mapping[str, Any]:
        from agent.mqtt.schemas import schemas

        return schemas()


class Page:
    """The served page."""

    def __init__(self, agent: FakeAgent, address: str, session: aiohttp.ClientSession) -> None:
        self.agent = agent
        self.address = address
        self.session = session

    def get(self, path: str, **more: Any) -> Any:
        return self.session.get(self.address + path, allow_redirects=False, **more)

    def post(self, path: str, **more: Any) -> Any:
        return self.session.post(self.address + path, allow_redirects=False, **more)

    def put(self, path: str, **more: Any) -> Any:
        return self.session.put(self.address + path, allow_redirects=False, **more)

    async def text(self, path: str, **more: Any) -> str:
        async with self.get(path, **more) as answer:
            assert answer.status == 200, (path, answer.status, await answer.text())
            return str(await answer.text())


@pytest.fixture
def served() -> Callable[..., contextlib.AbstractAsyncContextManager[Page]]:
    """Serve a page at a door; without one, at a free port of this machine."""

    @contextlib.asynccontextmanager
    async def serve(agent: FakeAgent | None = None, **door: Any) -> AsyncIterator[Page]:
        agent = agent or FakeAgent()
        server = PageServer(agent, Door("127.0.0.1", 0, **door), SystemClock())
        address = await server.start()
        jar = aiohttp.CookieJar(unsafe=True)
        try:
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                yield Page(agent, address, session)
        finally:
            await server.stop()

    return serve
