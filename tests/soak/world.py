"""A telescope, a broker and a folder that outlive the agent, and what must be true of them afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.app.building import Drivers
from agent.app.run import run_agent
from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.mqtt.memory import MemoryBroker
from agent.settings import Settings
from agent.station.station import Station
from agent.targets import SkyTarget
from tests.soak.mortal import Life, MortalPort, MortalTelescope, begin
from tests.support.fake_telescope import FakeTelescope

DUSK = datetime(2026, 1, 15, 18, 0, tzinfo=UTC)
FOLDERS = ("ToDo", "Current", "Done", "Error")
RUBBISH = "rubbish"  # files of such names hold no session
POLL_S = 20.0
ANSWER_LIMIT_S = 30.0  # whoever submits sends again after that long without an answer
SETTLE_LIMIT_H = 40.0


@dataclass
class NightTelescope(FakeTelescope):
    """Remembers what each capture was of, and that no two ever ran at once."""

    subjects: list[str] = field(default_factory=list)
    overlaps: int = 0

    async def start_capture(self, camera: Camera, *, without_goto: bool = False) -> None:
        self.overlaps += self.exposes
        await super().start_capture(camera, without_goto=without_goto)
        target = self.gotos[-1]
        self.subjects.append(target.name if isinstance(target, SkyTarget) else "")

    @property
    def exposes(self) -> bool:
        """Whether a capture runs now."""
        return any(capture.running for capture in self.captures)

    def frames_of(self, subject: str) -> int:
        """Frames truly taken of it."""
        pairs = zip(self.subjects, self.captures, strict=True)
        return sum(capture.taken for name, capture in pairs if name == subject)

    def starts_of(self, subject: str) -> int:
        """Captures begun of it."""
        return self.subjects.count(subject)


class World:
    """One night. `begin_life` starts the agent, `end_life` stops it as a service manager does."""

    def __init__(self, root: Path, rng: random.Random, **settings: Any) -> None:
        self.root = root
        self.rng = rng
        self.clock = LoopClock(DUSK)
        self.telescope = NightTelescope(self.clock)
        self.broker = MemoryBroker()
        self.settings = Settings.model_validate(
            {
                "site": {"latitude": 48.85, "longitude": 2.35, "timezone": "Europe/Paris"},
                "conditions": {"sun_below": 90, "min_altitude": -90},
                "telescopes": [{"id": "scope", "host": "192.0.2.1", "model": "D3"}],
                "sessions_dir": str(root),
                "poll_seconds": POLL_S,
                "page": {"enabled": False},
                "suggestions": False,
                **settings,
            }
        )
        self.life: Life | None = None
        self.station: Station | None = None
        self.kills = 0
        self.log: list[str] = []
        self.listens = False  # everything is subscribed: a message that is not retained is heard
        self._stop = asyncio.Event()
        self._agent: asyncio.Task[int] | None = None

    # -- lives ------------------------------------------------------------------------------------------

    async def begin_life(self, life: Life | None = None) -> None:
        """Start the agent; return when it serves (or is dead already)."""
        self.life = life = life or Life()
        self._stop = asyncio.Event()
        ready = asyncio.Event()

        def is_ready(stations: Any) -> None:
            self.station = stations["scope"]
            ready.set()

        life.at_death(lambda: self.note("killed"))
        self.note("starts")
        self.listens = False
        self._agent = begin(
            life,
            run_agent(
                self.settings,
                clock=self.clock,
                ready=is_ready,
                stop=self._stop,
                drivers=Drivers(native=lambda _wanted: MortalTelescope(self.telescope, life)),
                port=MortalPort(self.broker, life),
            ),
        )
        heard = len(self.broker.published)
        await _first(ready.wait(), life.died.wait(), self._agent)
        while not life.dead and not self._agent.done() and not self._listens(heard):
            await self.clock.sleep(0.1)
        self.listens = not life.dead
        if self._agent.done() and not life.dead:
            raise AssertionError(f"the agent ended by itself: {self._agent.result()}")

    def _listens(self, heard: int) -> bool:
        """Whether the last thing was said that is said at a start: everything is subscribed then."""
        return any(one.topic == "dwarf/scope/safety" for one in self.broker.published[heard:])

    async def end_life(self) -> None:
        """SIGTERM."""
        if self._agent is None or self.life is None or self.life.dead:
            return
        self.note("is stopped")
        life, agent = self.life, self._agent
        self._stop.set()
        await _first(life.died.wait(), agent)
        if not life.dead:  # a dead one is buried by whoever finds it
            assert agent.result() == 0
            self._agent = self.life = None

    async def until_dead(self, limit_s: float) -> bool:
        """Wait for the kill; false when the life was shorter than that."""
        assert self.life is not None
        try:
            async with asyncio.timeout(limit_s):
                await self.life.died.wait()
        except TimeoutError:
            return False
        await self.bury()
        return True

    async def bury(self) -> None:
        """Clear away a killed agent; the telescope goes on."""
        assert self.life is not None
        self.kills += 1
        await self.life.bury()
        self.station = self.life = self._agent = None
        self.look()

    # -- what others do ---------------------------------------------------------------------------------

    def say(self, topic: str, body: Any) -> None:
        """Publish as Home Assistant does."""
        self.broker.publish(f"dwarf/{topic}", body if isinstance(body, str) else json.dumps(body))

    def heard(self, topic: str) -> list[dict[str, Any]]:
        """Every object published below the telescope's topic."""
        bodies = [
            json.loads(message.payload or b"null") for message in self.broker.all(f"dwarf/scope/{topic}")
        ]
        return [body for body in bodies if isinstance(body, dict)]

    async def submit(self, document: dict[str, Any], request_id: str) -> dict[str, Any]:
        """Submit until it is answered, as a careful automation does; return the last answer."""
        while True:
            self.say("scope/session/submit", {**document, "request_id": request_id})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_LIMIT_S):
                    while True:
                        for body in self.heard("session/response"):
                            if body.get("request_id") == request_id:
                                return body
                        await self.clock.sleep(1)

    def path(self, folder: str, name: str) -> Path:
        return self.root / folder / name

    def drop(self, name: str, document: dict[str, Any]) -> None:
        """Put a file into ToDo/ as a careful program does."""
        folder = self.root / "ToDo"
        folder.mkdir(parents=True, exist_ok=True)
        hidden = folder / f".{name}.part"
        hidden.write_text(json.dumps(document), encoding="utf-8")
        hidden.replace(folder / name)

    def note(self, what: str) -> None:
        """Remember what happened, for the message of a failure."""
        self.log.append(f"{self.clock.now():%H:%M:%S} {what}")

    # -- what is true -----------------------------------------------------------------------------------

    def files(self, *folders: str) -> list[Path]:
        """Session files in these folders."""
        return [
            path
            for folder in folders
            for path in sorted((self.root / folder).glob("*.json"))
            if path.name[0] != "."
        ]

    def look(self) -> Counter[str]:
        """Every session file parses; return how often each subject is there."""
        found: Counter[str] = Counter()
        for path in self.files(*FOLDERS):
            if not path.name.startswith(RUBBISH):
                found[subject_of(json.loads(path.read_bytes()))] += 1
        return found

    async def settled(self, limit_h: float = SETTLE_LIMIT_H) -> None:
        """Wait until nothing waits and nothing runs."""
        try:
            async with asyncio.timeout(limit_h * 3600):
                while self.files("ToDo", "Current") or (self.station and self.station.running):
                    await self.clock.sleep(30)
        except TimeoutError:
            left = {
                str(path.relative_to(self.root)): path.read_text() for path in self.files("ToDo", "Current")
            }
            status = self.heard("status")[-1:]
            raise AssertionError(f"not settled: {left} {status}\n{self.story()}") from None
        await self.clock.sleep(60)

    def ended(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """subject -> the folder it ended in, and its result_details."""
        return {
            subject_of(document): (path.parent.name, document["command"].get("result_details", {}))
            for path in self.files("Done", "Error")
            if not path.name.startswith(RUBBISH)
            for document in [json.loads(path.read_bytes())]
        }

    def rows(self) -> list[str]:
        """The subjects in the nights' tables, once for every row."""
        found = []
        for table in (self.root / "Results").glob("*.csv"):
            with table.open(encoding="utf-8", newline="") as file:
                found += [row["description"] for row in csv.DictReader(file)]
        return sorted(found)

    def story(self) -> str:
        return "\n".join(self.log[-60:])


def night_session(subject: str, frames: int, **id_command: Any) -> dict[str, Any]:
    """A session on M 42's place, told from others by its target's name."""
    return {
        "command": {
            "id_command": {"max_retries": 2, "description": subject, **id_command},
            "goto_manual": {"do_action": True, "target": subject, "ra_coord": 5.59, "dec_coord": -5.39},
            "setup_camera": {"do_action": True, "exposure": "15", "gain": 80, "count": frames},
        }
    }


def subject_of(document: dict[str, Any]) -> str:
    return str(document["command"]["id_command"]["description"])


async def _first(*waiting: Any) -> None:
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task, given in zip(tasks, waiting, strict=True):
            if task is not given:
                task.cancel()
