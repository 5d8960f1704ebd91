"""Plays a script: the whole agent, its driver and its page, simulated telescopes on sockets, MQTT and files.

All of it in simulated time; what the agent says and what truly happened is left for the judge.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from agent.clock import LoopClock
from agent.telescope.simulator.history import FrameTaken
from tests.safety.mortal_rig import MortalRig, full_disk
from tests.safety.rig import PARIS, on_the_wire
from tests.soak.campaign import dialects
from tests.soak.campaign.script import Event, Script
from tests.soak.mortal import Life
from tests.support.stepped_clock import SteppedClock

ANSWER_LIMIT_S = 30.0  # whoever submits sends again after that long without an answer
SETTLE_LIMIT_H = 90.0
BETWEEN_LOOKS_S = 60.0
DAMAGING = ("reboot", "low-battery")  # what they cost is not the agent's fault
_LATE_S = 3.0  # the machine that plays may be busy
_DOCUMENT = "application/json"


@dataclass
class Wish:
    """A session that somebody made, and what became of their asking."""

    event: Event
    accepted: bool = False
    answer: Mapping[str, Any] | None = None
    removed: bool = False

    @property
    def subject(self) -> str:
        return str(self.event.with_["subject"])

    @property
    def wanted(self) -> Mapping[str, Any]:
        return self.event.with_


class Defects(logging.Handler):
    """Keeps what was logged with a traceback: no part may fail in a way nobody thought of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.name.startswith(("agent", "asyncio")):
            self.found.append(logging.Formatter("%(name)s %(message)s").format(record)[-3000:])


@dataclass
class Campaign(MortalRig):
    """A rig on which a script is played."""

    wishes: dict[str, Wish] = field(default_factory=dict)
    broker_away: bool = False
    back_after_s: float = 1.0
    lives: int = 0
    kills: int = 0
    log: list[str] = field(default_factory=list)
    tried: int = 0
    begin_limit_s: float = 1200.0  # the broker may be away
    _full: int = 0
    _asking: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def unseen(self) -> bool:
        return self.killed or self.broker_away or self.agent is None

    @property
    def alive(self) -> bool:
        return self.agent is not None and not self.killed

    def note(self, what: str) -> None:
        """Remember what happened, for the message of a failure."""
        self.log.append(f"{self.clock.now():%d %H:%M:%S} {what}")

    # -- lives --------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start the agent; return when it serves, or is dead."""
        self.lives += 1
        self.note("starts")
        self.pages.clear()
        beginning = asyncio.create_task(super().begin())
        await asyncio.sleep(0)
        if self.broker_away and self.mqtt is not None:
            self.mqtt.cut()
        while not beginning.done() and self.alive and not (self.agent and self.agent.done()):
            await self.clock.sleep(0.25)
        if beginning.done():
            beginning.result()
        else:
            beginning.cancel()
            await asyncio.gather(beginning, return_exceptions=True)

    async def stay_alive(self) -> None:
        """Start the agent again whenever it is gone."""
        while True:
            if self.killed and self.life is not None:
                self.note("is dead")
                self.kills += 1
                await self.bury()
                self.life = None
            if self.agent is not None and self.agent.done() and not self.killed:
                if not self.stop.is_set() or self.agent.result() != 0:
                    raise AssertionError(f"the agent ended by itself: {self.agent!r}")
                self.agent = None
            if self.agent is None:
                await self.clock.sleep(self.back_after_s)
                await self.begin()
            await self.clock.sleep(1)

    async def _kill(self, back_s: float, **how: int) -> None:
        self.back_after_s = back_s
        if how:
            self.next_life = lambda: self._once(Life(**how))
        if self.alive and self.life is not None:
            self.life.kill()

    def _once(self, life: Life) -> Life:
        self.next_life = Life
        return life

    async def _stop(self, back_s: float) -> None:
        if self.alive:
            self.back_after_s = back_s
            self.stop.set()

    # -- sessions -----------------------------------------------------------------------------------------

    async def _session_by_file(self, event: Event) -> None:
        wanted = event.with_
        folder = self.folder("ToDo", wanted["telescope"])
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / wanted["name"]
        if path.exists():
            return
        self.wishes[wanted["subject"]] = Wish(event, accepted=True)
        hidden = folder / f".{path.name}.part"
        hidden.write_bytes(dialects.encoded(self._document(event), wanted["dialect"]))
        hidden.replace(path)

    async def _session_by_mqtt(self, event: Event) -> None:
        wish = self.wishes[event.with_["subject"]] = Wish(event)
        body = self._request(event)
        topic = "session" if wish.wanted.get("shared") else f"{wish.wanted['telescope']}/session"
        while wish.answer is None:
            self.say(f"{topic}/submit", body)
            await self._until_answered(wish, f"dwarf/{topic}/response")
        self._taken(wish)

    async def _until_answered(self, wish: Wish, topic: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_LIMIT_S):
                while wish.answer is None:
                    said = (one.body for one in self.broker.said(topic))
                    wish.answer = next((one for one in said if one.get("request_id") == wish.subject), None)
                    await self.clock.sleep(1)

    async def _session_by_page(self, event: Event) -> None:
        wish = self.wishes[event.with_["subject"]] = Wish(event)
        body = self._request(event)
        path = f"/api/telescopes/{wish.wanted['telescope']}/sessions"
        while wish.answer is None:
            wish.answer = await self._ask_page(path, body)
            await self.clock.sleep(1 if wish.answer else ANSWER_LIMIT_S)
        self._taken(wish)

    async def _ask_page(self, path: str, body: Any) -> Mapping[str, Any] | None:
        if not self.alive or not self.pages:
            return None
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
            timeout = aiohttp.ClientTimeout(total=ANSWER_LIMIT_S)
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.post(self.pages[-1] + path, json=body) as answer,
            ):
                told = await answer.json() if answer.content_type == _DOCUMENT else None
                return told if isinstance(told, dict) and "status" in told else None
        return None

    def _taken(self, wish: Wish) -> None:
        wish.accepted = wish.answer is not None and (
            wish.answer["status"] == "accepted" or bool(wish.answer.get("duplicate"))
        )
        self.note(f"{wish.subject} {'is taken' if wish.accepted else f'is refused: {wish.answer}'}")

    def _request(self, event: Event) -> dict[str, Any]:
        wanted = event.with_
        body = self._document(event) | {"request_id": wanted["subject"]}
        return body | ({"session_id": wanted["session_id"]} if "session_id" in wanted else {})

    def _document(self, event: Event) -> dict[str, Any]:
        start: dict[str, str] = {}
        if "after_s" in event.with_:
            at = self.clock.now() + timedelta(seconds=event.with_["after_s"])
            local = at.astimezone(ZoneInfo(PARIS.timezone))
            start = {"date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M:%S}"}
        return dialects.document(event.with_, start)

    @property
    def _first(self) -> str:
        return next(iter(self.sims))

    # -- what people do -----------------------------------------------------------------------------------

    async def _verb(self, telescope: str, verb: str, way: str, **more: Any) -> None:
        body = {"command": verb, "request_id": f"v{len(self.log)}", **more}
        if way == "page":
            await self._ask_page(f"/api/telescopes/{telescope}/command", body)
        else:
            self.say(f"{telescope}/command", body)

    async def _waiting_verb(self, telescope: str, verb: str, which: int, after_s: int) -> None:
        names = self.files("ToDo", telescope)
        if names:
            at = (self.clock.now() + timedelta(seconds=after_s)).isoformat()
            session = Path(names[which % len(names)]).stem
            await self._verb(telescope, verb, "mqtt", session_id=session, at=at)

    async def _armed_verb(self, telescope: str, verb: str) -> None:
        self.say(f"{telescope}/set/armed_minutes", "5")
        await self.clock.sleep(2)
        await self._verb(telescope, verb, "mqtt", target="M 42", direction="up", seconds=1)

    async def _impatience(self, telescope: str, verbs: list[str]) -> None:
        for verb in verbs:
            await self._verb(telescope, verb, "mqtt")
            await self.clock.sleep(0.3)
        await self.clock.sleep(120)
        await self._verb(telescope, "resume", "mqtt")

    async def _rubbish(self, telescope: str, text: str, number: int) -> None:
        folder = self.folder("ToDo", telescope)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"rubbish-{number}.json").write_text(text)

    async def _junk(self, topic: str, text: str) -> None:
        self.say(f"{self._first}/{topic}", text)

    async def _remove_file(self, telescope: str, which: int) -> None:
        paths = [path for path in self.session_files("ToDo", telescope) if "--" not in path.name]
        if paths:
            path = paths[which % len(paths)]
            if (wish := self.wishes.get(subject_in(path))) is not None and wish.answer is None:
                self.note(f"{path.name} is deleted")
                wish.removed = True
                path.unlink()

    # -- what happens by itself ---------------------------------------------------------------------------

    async def _rain(self, level: str) -> None:
        self.rain(level)

    async def _clear(self) -> None:
        self.clear()

    async def _silence(self, for_s: float) -> None:
        self.silence()
        await self.clock.sleep(for_s)
        self.clear()

    async def _broker(self, away_s: float, forgets: bool) -> None:
        if self.mqtt is None or self.broker_away:
            return
        self.broker_away = True
        self.mqtt.cut()
        if forgets:
            self.broker.retained.clear()
        await self.clock.sleep(away_s)
        self._broker_is_back()
        await self.clock.sleep(2)
        self.report()

    def _broker_is_back(self) -> None:
        self.broker_away = False
        if self.mqtt is not None and self.alive:
            self.mqtt.restore()

    async def _fault(self, telescope: str, fault: str, for_s: float) -> None:
        sim = self.sims.get(telescope)
        if sim is None:
            return
        number = sim.faults.add(fault)
        if fault.startswith("low-battery"):
            await self.clock.sleep(300)
            sim.device.state.body.battery, sim.device.state.body.charging = 90.0, True
        elif for_s:
            await self.clock.sleep(for_s)
            sim.faults.remove(number)

    async def _full_disk(self, for_s: float) -> None:
        if self._full:
            return
        self._full += 1
        with full_disk():
            await self.clock.sleep(for_s)
        self._full -= 1

    async def _clock(self, by_s: float) -> None:
        assert isinstance(self.clock, SteppedClock)
        self.clock.set(self.clock.now() + timedelta(seconds=by_s))

    # -- playing ------------------------------------------------------------------------------------------

    async def perform(self, event: Event) -> None:
        """Do what the event says."""
        of_session = event.deed.startswith("session")
        self.note(f"{event.deed} {event.with_['subject'] if of_session else dict(event.with_)}")
        deed: Callable[..., Coroutine[Any, Any, None]] = getattr(self, f"_{event.deed}")
        self.tried += 1
        await (deed(event) if of_session else deed(**event.with_))

    async def play(self, script: Script) -> None:
        """Begin, let everything happen, bring peace, and wait until all is done."""
        await self.begin()
        living = asyncio.create_task(self.stay_alive(), name="stay alive")
        try:
            began = self.clock.monotonic()
            deeds = []
            for event in script.events:
                await self.clock.sleep(max(0.0, began + event.at_s - self.clock.monotonic()))
                deeds.append(asyncio.create_task(self.perform(event), name=event.deed))
                _raise_from(living)
            asking = [one for one in deeds if one.get_name().startswith("session")]
            await asyncio.gather(*(one for one in deeds if one not in asking))
            await self._peace()
            await asyncio.gather(*asking)
            await self._settled(living)
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)

    async def _peace(self) -> None:
        self.note("peace")
        self.next_life = Life
        for sim in self.sims.values():
            sim.faults.clear()
        self.refused.clear()
        self._broker_is_back()
        self.back_after_s = 1
        await self.clock.sleep(5)
        while not self.alive:
            await self.clock.sleep(1)
        self.clear()
        for telescope in self.sims:
            await self._verb(telescope, "resume", "mqtt")

    async def _settled(self, living: asyncio.Task[None]) -> None:
        began = self.clock.monotonic()
        await self.clock.sleep(BETWEEN_LOOKS_S)  # what was dropped at the very end is yet to be read
        while left := [one for name in self.sims for one in (*self.waiting(name), *self._queued(name))]:
            _raise_from(living)
            if self.clock.monotonic() - began > SETTLE_LIMIT_H * 3600:
                raise AssertionError(f"not settled: {left}; status {self.statuses()}, {self.hardware()}")
            await self.clock.sleep(BETWEEN_LOOKS_S)
        await self.clock.sleep(BETWEEN_LOOKS_S)

    # -- what there is ------------------------------------------------------------------------------------

    def session_files(self, folder: str, telescope: str) -> list[Path]:
        """Session files, without rubbish and half-written ones."""
        found = self.folder(folder, telescope).glob("*")
        return sorted(
            path
            for path in found
            if path.suffix.lower() == ".json" and not path.name.startswith((".", "rubbish"))
        )

    def waiting(self, telescope: str) -> list[Path]:
        """What waits or runs."""
        return self.session_files("ToDo", telescope) + self.session_files("Current", telescope)

    def _queued(self, telescope: str) -> list[str]:
        """What the agent says that waits: some rubbish is a session all the same, which takes nothing."""
        said = self.broker.said(f"dwarf/{telescope}/queue")
        return [one["session_id"] for one in said[-1].body["sessions"]] if said else []

    def statuses(self) -> dict[str, Any]:
        """The last status of each telescope."""
        return {
            name: said[-1].body if (said := self.broker.said(f"dwarf/{name}/status")) else None
            for name in self.sims
        }

    def hardware(self) -> dict[str, Any]:
        """How each telescope truly is."""
        return {name: (sim.power, list(sim.faults.active.values())) for name, sim in self.sims.items()}

    def frames_shot(self) -> int:
        """Frames that all telescopes truly took."""
        return sum(len(sim.history.of(FrameTaken)) for sim in self.sims.values())

    def story(self) -> str:
        """What happened last."""
        return "\n".join(self.log[-80:])


def subject_in(path: Path) -> str:
    """The subject of a session file, in whatever encoding."""
    return subject_of(json.loads(path.read_bytes()))


def subject_of(document: Mapping[str, Any]) -> str:
    """The subject of a session."""
    body = document.get("command", document)
    return str(body.get("goto_manual", {}).get("target", ""))


def _raise_from(task: asyncio.Task[None]) -> None:
    if task.done() and not task.cancelled():
        task.result()


@contextlib.asynccontextmanager
async def staged(script: Script, root: Path) -> AsyncIterator[tuple[Campaign, Defects]]:
    """A rig for that script, and what is logged of defects meanwhile."""
    clock, defects = SteppedClock(script.start), Defects()
    logging.getLogger().addHandler(defects)
    try:
        async with on_the_wire(
            root,
            start=script.start,
            telescopes=tuple(script.telescopes),
            simulated=script.telescopes,
            rig=Campaign,
            clock=clock,
            hardware=LoopClock(script.start),  # nobody sets that one
            late_s=_LATE_S,
            page={"port": 0},
        ) as rig:
            assert isinstance(rig, Campaign)
            yield rig, defects
    finally:
        logging.getLogger().removeHandler(defects)
