"""A night in which everything happens: files, submissions, verbs, clouds, lost links, stops and kills."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.soak.mortal import Life
from tests.soak.world import RUBBISH, World, night_session, subject_of
from tests.support.scheduler_time import scheduler_reads

NAMES = ("a.json", "b.json", "c.json", "Å b.json")
DEEDS = 70
MEAN_PAUSES_S = (15.0, 60.0, 240.0)  # a night is a hectic one, or a calmer one
WEATHER_TTL_S = 3600
LOOK_EVERY_S = 1.0
STOP_LIMIT_S = 2.0  # a cloud's stop has to be at the telescope within a second; it takes one to stop
WEATHER = {"policy": "wait", "inputs": ["roof"], "ttl_s": WEATHER_TTL_S, "clear_for_min": 5}

Deed = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class Chaos:
    """What was done in one night, and what has to come of it."""

    world: World
    rng: random.Random
    asked: dict[str, int] = field(default_factory=dict)  # subject -> frames, of every session ever made
    expected: set[str] = field(default_factory=set)  # subjects that must be on disk, each once
    removed: set[str] = field(default_factory=set)  # taken away by a person
    submitting: dict[str, asyncio.Task[dict[str, Any]]] = field(default_factory=dict)
    safe: bool = True
    told: Life | None = None  # the one that last heard of the weather
    mean_pause_s: float = 0.0

    def __post_init__(self) -> None:
        self.mean_pause_s = self.rng.choice(MEAN_PAUSES_S)

    async def pause(self) -> None:
        """Let some time go by."""
        await self.world.clock.sleep(self.rng.expovariate(1 / self.mean_pause_s))

    # -- files ------------------------------------------------------------------------------------------

    async def drop(self) -> None:
        name = self.rng.choice(NAMES)
        with self._agent_stands_still():
            if not self.world.path("ToDo", name).exists():
                self.world.drop(name, self._new())

    async def drop_rubbish(self) -> None:
        path = self.world.path("ToDo", f"{RUBBISH}-{self.rng.randint(0, 9)}.json")
        path.write_text(self.rng.choice(["", "{", "[]", '{"command": 3}', '{"command": {"id_command": {}}}']))

    async def change(self) -> None:
        with self._agent_stands_still():
            if (path := self._any_file()) is not None and self._take_away(path):
                self.world.drop(path.name, self._new())

    async def remove(self) -> None:
        with self._agent_stands_still():
            if (path := self._any_file()) is not None and self._take_away(path):
                path.unlink()

    # -- MQTT -------------------------------------------------------------------------------------------

    async def submit(self) -> None:
        document = self._new()
        subject = subject_of(document)
        if self.rng.random() < 0.5:
            document["session_id"] = self.rng.choice([f"id-{subject}", "Å b"]) + f"-{subject}"
        self.submitting[subject] = asyncio.create_task(self._submit_often(document, subject))

    async def _submit_often(self, document: dict[str, Any], subject: str) -> dict[str, Any]:
        answer = await self.world.submit(document, subject)
        for _ in range(self.rng.randint(0, 2)):
            await self.pause()
            self.world.say("scope/session/submit", {**document, "request_id": subject})
        return answer

    async def order(self) -> None:
        verb = self.rng.choice(["pause", "resume", "resume", "skip", "abort", "stop_after_this", "end_night"])
        self.world.say("scope/command", {"command": verb, "request_id": "v"})
        if verb in ("stop_after_this", "end_night", "pause"):
            await self.pause()
            self.world.say("scope/command", {"command": "resume", "request_id": "v"})

    async def order_waiting(self) -> None:
        verb = self.rng.choice(["run", "remove", "reschedule"])
        path = self._any_file()
        if path is not None:
            at = self.world.clock.now() + timedelta(minutes=self.rng.randint(-5, 60))
            self.world.say(
                "scope/command",
                {"command": verb, "request_id": "v", "session_id": path.stem, "at": at.isoformat()},
            )

    # -- weather and link -------------------------------------------------------------------------------

    async def cloud(self) -> None:
        self.safe = False
        self._report_weather()

    async def clear(self) -> None:
        self.safe = True
        self._report_weather()

    async def cut(self) -> None:
        if self.world.telescope.online:
            self.world.telescope.cut()
            await self.world.clock.sleep(self.rng.expovariate(1 / 60))
            self.world.telescope.restore()

    # -- lives ------------------------------------------------------------------------------------------

    async def kill(self) -> None:
        if self.world.life is not None:
            self.world.life.kill()

    async def stop(self) -> None:
        await self.world.end_life()

    # -- inside -----------------------------------------------------------------------------------------

    def deeds(self) -> list[Deed]:
        """What may happen, as often as it shall."""
        common = [
            self.drop,
            self.submit,
            self.submit,
            self.change,
            self.remove,
            self.order,
            self.order_waiting,
        ]
        return [*common, self.drop, self.cloud, self.clear, self.cut, self.kill, self.stop, self.drop_rubbish]

    async def stay_alive(self) -> None:
        """Start the agent again and again."""
        while True:
            if self.world.life is not None and self.world.life.dead:
                await self.world.bury()
            if self.world.life is None:
                await self.world.clock.sleep(self.rng.choice([2.0, 30.0, 600.0]))
                await self.world.begin_life(self._some_life())
                self._report_weather()
            await self.world.clock.sleep(1)

    def _some_life(self) -> Life:
        match self.rng.randint(0, 3):
            case 0:
                return Life(at_call=self.rng.randint(1, 300))
            case 1:
                return Life(at_step=self.rng.randint(1, 3000))
            case _:
                return Life()

    def _new(self) -> dict[str, Any]:
        subject = f"s{len(self.asked) + 1}"
        self.asked[subject] = frames = self.rng.randint(1, 9)
        self.expected.add(subject)
        more: dict[str, Any] = {"priority": self.rng.randint(0, 2)}
        if self.rng.random() < 0.3:
            at = self.world.clock.now() + timedelta(hours=1, minutes=self.rng.randint(-10, 90))  # local time
            more |= {"date": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M:%S}"}
        if self.rng.random() < 0.2:
            more["on_error"] = "retry"
        return night_session(subject, frames, **more)

    def _any_file(self) -> Path | None:
        files = [path for path in self.world.files("ToDo") if not path.name.startswith(RUBBISH)]
        return self.rng.choice(files) if files else None

    def _take_away(self, path: Path) -> bool:
        subject = subject_of(json.loads(path.read_bytes()))
        if subject in self.submitting and not self.submitting[subject].done():
            return False  # it may be sent again, and would then be written again
        self.expected.discard(subject)
        self.removed.add(subject)
        return True

    def _agent_stands_still(self) -> contextlib.AbstractContextManager[Any]:
        """What a person does to a file is one deed, between two of the agent's."""
        station = self.world.station
        return station.store._lock if station is not None else contextlib.nullcontext()

    async def tell_weather(self) -> None:
        """Say it again and again, as a weather station does."""
        while True:
            self._report_weather()
            await self.world.clock.sleep(WEATHER_TTL_S / 3)

    def _report_weather(self) -> None:
        self.told = self.world.life if self.world.listens else None
        level = {} if self.safe else {"level": "warning"}
        self.world.say("safety/input/roof", {"safe": self.safe, "ttl": WEATHER_TTL_S, **level})

    async def stay_dry(self) -> None:
        """It never exposes in a rain that a living agent was told of, once its telescope is there."""
        since: float | None = None
        able_life: Life | None = None
        while True:
            life, now = self.world.life, self.world.clock.monotonic()
            able = life is not None and not life.dead and self.told is life and self.world.telescope.online
            if self.safe or not able:
                since = None
            elif since is None or life is not able_life:
                since, able_life = now, life
            elif now - since > STOP_LIMIT_S:
                assert not self.world.telescope.exposes, f"it exposes in the rain\n{self.world.story()}"
            await self.world.clock.sleep(LOOK_EVERY_S)


async def chaos_night(seed: int, root: Path) -> Chaos:
    """One such night; AssertionError when a promise is broken."""
    rng = random.Random(seed)
    world = World(root, rng, weather=WEATHER)
    chaos = Chaos(world, rng)
    with scheduler_reads(world.clock):
        await world.begin_life()
        station = asyncio.create_task(chaos.tell_weather())
        living = asyncio.create_task(chaos.stay_alive())
        dry = asyncio.create_task(chaos.stay_dry())
        deeds: list[asyncio.Task[None]] = []
        for _ in range(DEEDS):
            deed = rng.choice(chaos.deeds())
            world.note(deed.__name__)
            deeds.append(asyncio.create_task(deed()))
            await chaos.pause()
            for watch in (living, dry):
                if watch.done():
                    watch.result()
        await asyncio.gather(*deeds)
        world.note("peace")
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        if world.life is not None:
            world.life.kill()
            await world.bury()
        chaos.safe = True
        await world.begin_life()
        chaos._report_weather()
        world.say("scope/command", {"command": "resume", "request_id": "v"})
        await asyncio.gather(*chaos.submitting.values())
        await world.settled()
        await world.end_life()
        for task in (station, dry):
            task.cancel()
        await asyncio.wait({dry})
        if not dry.cancelled():
            dry.result()
    _judge(chaos)
    return chaos


def _judge(chaos: Chaos) -> None:
    world, story = chaos.world, chaos.world.story()
    found = world.look()
    assert found == Counter(dict.fromkeys(chaos.expected, 1)), (
        f"{set(found) ^ chaos.expected} {found}\n{story}"
    )
    said: dict[str, set[str]] = {}
    for body in world.heard("result/+"):
        said.setdefault(body["request_id"] or "", set()).add(json.dumps(body, sort_keys=True))
    for subject, (folder, details) in world.ended().items():
        truly, claimed = world.telescope.frames_of(subject), details["frames"]["taken"]
        facts = f"{subject} of {chaos.asked[subject]}: {folder} {details}\n{story}"
        # of what goes on while nobody can see or stop it, a session that was given up knows less
        assert claimed == truly or (folder == "Error" and claimed < truly), (
            f"{truly} frames were taken of {facts}"
        )
        assert truly <= chaos.asked[subject], facts
        assert (folder == "Done") == (claimed == chaos.asked[subject]), facts
        assert folder == "Done" or details["reason"] or details["error"], facts
    for subject in chaos.submitting:
        results = said.get(subject, set())
        assert len(results) <= 1, f"{subject}: {results}\n{story}"
        assert results or subject in chaos.removed, f"no result was said of {subject}\n{story}"
    assert world.telescope.overlaps == 0, story
    assert not list((world.root / ".dwarf-agent" / "unreported").glob("*"))
    journals = [path.name for path in (world.root / ".dwarf-agent" / "journal").glob("*")]
    assert not journals, f"{journals}\n{story}"
    assert any(folder == "Done" for folder, _ in world.ended().values()), f"nothing was done\n{story}"
