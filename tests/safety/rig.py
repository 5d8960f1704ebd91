"""A whole agent on simulated telescopes, with sockets, files and MQTT in memory, all of which outlive it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from agent.app.building import Drivers, Wanted
from agent.app.run import run_agent
from agent.clock import Clock, LoopClock
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.port import Publication, matches
from agent.settings import Settings
from agent.targets import Site
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfOptions, DwarfTelescope
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.interface import ConnectionChanged, ConnectionState
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import FrameTaken, MotorMoved, Powered, ShutterClosed, ShutterOpened
from tests.support.invariant import LATE_S, LIMIT_S, at_rest_or_told, exposes
from tests.support.scheduler_time import scheduler_reads

DUSK = datetime(2026, 1, 15, 18, 0, tzinfo=UTC)
PARIS = Site(48.85, 2.35, 35.0, "Europe/Paris")
GENERATIONS = ("v2", "v3")
STOP_LIMIT_S = 27.0  # a stopping agent is gone after 25 s, and a little
FOLDED = (317.0, 169.0)  # where either firmware's pitch motor stands when the telescope is parked
_PITCH = 2
_GIVE_UP_S = 180.0  # an agent that does not end for that long hangs
_REPORT_EVERY_S = 600.0
_SOON_S = 30.0  # what takes longer is looked for every second only
BEGINS = (Cmd.GOTO_DEEP_SKY, Cmd.GOTO_SOLAR_SYSTEM, Cmd.START_CAPTURE, Cmd.START_WIDE_CAPTURE, Cmd.CALIBRATE)


@dataclass(frozen=True, slots=True)
class Said:
    """One message, and when it was published."""

    at: datetime
    topic: str
    payload: bytes

    @property
    def body(self) -> Any:
        """What it says: JSON, or words."""
        try:
            return json.loads(self.payload)
        except ValueError:
            return self.payload.decode("utf-8", "replace")


class TimedBroker(MemoryBroker):
    """Remembers when each message was published."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, list[Said]] = {}

    def accept(self, publication: Publication, response_topic: str = "", *, dup: bool = False) -> None:
        said = Said(self._clock.now(), publication.topic, publication.payload)
        self._said.setdefault(publication.topic, []).append(said)
        super().accept(publication, response_topic, dup=dup)

    def said(self, topic_filter: str) -> list[Said]:
        """Everything published on matching topics, in order."""
        found = [said for topic, said in self._said.items() if matches(topic_filter, topic)]
        return found[0] if len(found) == 1 else sorted(chain.from_iterable(found), key=lambda one: one.at)


@dataclass
class Rig:
    """One night with an agent that can be begun, stopped and begun again. `sim` is the first telescope."""

    root: Path
    clock: Clock
    broker: TimedBroker
    sims: dict[str, SimulatedDwarf]
    settings: Settings
    wrap: Callable[[str, DwarfTelescope], Any]
    port: Callable[[], MemoryPort]
    weather: dict[str, Any] | None = None
    links: list[tuple[datetime, str, ConnectionState]] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    agent: asyncio.Task[int] | None = None
    killed: bool = False
    begin_limit_s: float = 60.0
    pages: list[str] = field(default_factory=list)  # where the page was said to be

    @property
    def sim(self) -> SimulatedDwarf:
        return next(iter(self.sims.values()))

    @property
    def unseen(self) -> bool:
        """Whether nobody lives who could stop a telescope or tell of it."""
        return self.killed

    # -- the agent --------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start the agent; return when everything is subscribed."""
        heard = len(self.broker.published)
        self.stop, self.killed = asyncio.Event(), False
        self.agent = self.start(
            run_agent(
                self.settings,
                clock=self.clock,
                stop=self.stop,
                drivers=Drivers(native=self.driver),
                port=self.port(),
                page_told=self.pages.append,
            )
        )
        await self.until(lambda: self.serves(heard), self.begin_limit_s)
        self.report()

    def serves(self, heard: int) -> bool:
        """Whether the last thing was said that is said at a start, after so many messages."""
        last = f"dwarf/{list(self.sims)[-1]}/safety"
        return any(one.topic == last for one in self.broker.published[heard:])

    def start(self, work: Any) -> asyncio.Task[int]:
        return asyncio.create_task(work, name="agent")

    def driver(self, wanted: Wanted) -> Any:
        own = wanted.own
        options = DwarfOptions(
            model=own.model,
            client_id=wanted.client_id,
            keep_control=own.keep_control,
            rest_when_released=not own.keep_control,
        )
        address = DwarfAddress(own.host, own.port, own.http_port, own.card_port)
        telescope = DwarfTelescope(address, options=options, clock=wanted.clock, rng=random.Random(1))

        def hear(event: object) -> None:
            if isinstance(event, ConnectionChanged):
                self.links.append((self.clock.now(), own.id, event.state))

        telescope.listen(hear)
        return self.wrap(own.id, telescope)

    async def end(self) -> float:
        """SIGTERM; return how many seconds the agent took to be gone."""
        assert self.agent is not None
        began = self.clock.monotonic()
        self.stop.set()
        await self.gone()
        return self.clock.monotonic() - began

    async def gone(self) -> None:
        """Return when the agent is gone, which it has to be at some time."""
        assert self.agent is not None
        agent, self.agent = self.agent, None
        done, _ = await asyncio.wait({agent}, timeout=_GIVE_UP_S)
        if not done:
            agent.cancel()
            raise AssertionError(f"the agent has not ended for {_GIVE_UP_S:g} s")
        assert agent.result() == 0

    # -- what people and Home Assistant do --------------------------------------------------------------

    def folder(self, name: str, telescope: str = "") -> Path:
        return (self.root / telescope if len(self.sims) > 1 else self.root) / name

    def drop(self, name: str, document: dict[str, Any], telescope: str = "") -> None:
        folder = self.folder("ToDo", telescope)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(document), encoding="utf-8")

    def files(self, name: str, telescope: str = "") -> list[str]:
        return sorted(path.name for path in self.folder(name, telescope).glob("*.json"))

    def say(self, topic: str, body: Any) -> None:
        self.broker.publish(f"dwarf/{topic}", body if isinstance(body, str) else json.dumps(body))

    def command(self, verb: str, **more: Any) -> datetime:
        """Give a command, with the verb as its request id; return when."""
        self.say("scope/command", {"command": verb, "request_id": verb, **more})
        return self.clock.now()

    def rain(self, level: str = "warning") -> datetime:
        """Tell of rain from now on; return when."""
        self.weather = {"safe": False, "reason": "rain", "level": level}
        self.report()
        return self.clock.now()

    def clear(self) -> None:
        """Tell of a clear sky from now on."""
        self.weather = {"safe": True, "reason": "clear"}
        self.report()

    def silence(self) -> None:
        """Tell nothing of the weather from now on."""
        self.weather = None

    async def keep_reporting(self) -> None:
        """Say the weather again and again, for ever."""
        while True:
            await self.clock.sleep(_REPORT_EVERY_S)
            self.report()

    def report(self) -> None:
        """Tell the weather, unless nobody does."""
        if self.weather is not None:
            self.say("safety/input/roof", {"ttl": 2 * _REPORT_EVERY_S, **self.weather})

    # -- what was said ----------------------------------------------------------------------------------

    def said(self, topic: str, since: datetime | None = None) -> list[Said]:
        """Messages below the first telescope's topic."""
        found = self.broker.said(f"dwarf/scope/{topic}")
        return [one for one in found if since is None or one.at >= since]

    def results(self, telescope: str = "scope") -> dict[str, dict[str, Any]]:
        """The results by session."""
        return {one.body["session_id"]: one.body for one in self.broker.said(f"dwarf/{telescope}/result/+")}

    def answers(self, request_id: str) -> list[Said]:
        """The answers to a command, in order."""
        return [one for one in self.said("command/response") if one.body["request_id"] == request_id]

    def final(self, request_id: str) -> Said | None:
        """The last word on a command, None before it."""
        found = [one for one in self.answers(request_id) if one.body["status"] != "accepted"]
        return found[-1] if found else None

    @property
    def status(self) -> dict[str, Any]:
        found = self.said("status")
        return dict(found[-1].body) if found else {}

    # -- what is true -----------------------------------------------------------------------------------

    @property
    def exposes(self) -> bool:
        return exposes(self.sim)

    def asked(self, *commands: Cmd, since: datetime | None = None) -> list[datetime]:
        """When the telescope was asked for one of these, heard or not."""
        received = (one for one in self.sim.received if one.cmd in commands)
        return [one.at for one in received if since is None or one.at >= since]

    def begun(self, since: datetime) -> list[str]:
        """What was begun after that instant: gotos, calibrations, captures."""
        return [Cmd(one.cmd).name for one in self.sim.received if one.cmd in BEGINS and one.at > since]

    def stops(self, since: datetime) -> list[datetime]:
        """When the capture was asked to stop."""
        return self.asked(Cmd.STOP_CAPTURE, Cmd.FAST_STOP_CAPTURE, since=since)

    def closed(self, since: datetime) -> datetime | None:
        """When the shutter closed."""
        return next((one.at for one in self.sim.history.of(ShutterClosed) if one.at >= since), None)

    def parked(self, since: datetime | None = None) -> list[datetime]:
        """Each time the barrel came to lie in the body."""
        moves = self.sim.history.of(MotorMoved)
        folded = (one.at for one in moves if one.motor == _PITCH and one.position in FOLDED)
        return [at for at in folded if since is None or at >= since]

    def switched_off(self) -> list[datetime]:
        """Each time the telescope went off."""
        return [one.at for one in self.sim.history.of(Powered) if one.state == "off"]

    def connected(self, since: datetime) -> datetime | None:
        """When the link came up after that instant."""
        up = (at for at, _, state in self.links if state is ConnectionState.CONNECTED and at >= since)
        return next(up, None)

    # -- waiting ----------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], object], seconds: float, every_s: float = 0.25) -> None:
        """Wait for it; AssertionError when it does not come true in time, or the agent ends by itself."""
        began = self.clock.monotonic()
        while not condition():
            if self.agent is not None and self.agent.done() and not (self.killed or self.stop.is_set()):
                raise AssertionError(f"the agent ended by itself: {self.agent.exception()!r}")
            waited = self.clock.monotonic() - began
            assert waited < seconds, f"not within {seconds:g} s; status {self.status}"
            await self.clock.sleep(every_s if waited < _SOON_S else max(every_s, 1))

    async def captures(self, frames: int = 4) -> None:
        """Wait until so many frames were taken of the capture that runs."""

        def taken() -> bool:
            opened = self.sim.history.of(ShutterOpened)
            since = opened[-1].at if opened else None
            shots = [one for one in self.sim.history.of(FrameTaken) if since is not None and one.at > since]
            return len(shots) >= frames and self.exposes

        await self.until(taken, 1800, every_s=1)

    async def loses_the_link(self, seconds: float) -> datetime:
        """Cut the link for so long; return when, five seconds later."""
        at = self.clock.now()
        self.sim.faults.add(f"drop-link:refuse_s={seconds:g}")
        await self.clock.sleep(5)
        assert self.links[-1][2] is not ConnectionState.CONNECTED
        return at


def long_session(target: str = "M 42", frames: int = 400, **sections: Any) -> dict[str, Any]:
    """A session of hours on M 42's place, changed by the given sections."""
    body: dict[str, Any] = {
        "id_command": {"max_retries": 2},
        "goto_manual": {"do_action": True, "target": target, "ra_coord": 5.59, "dec_coord": -5.39},
        "setup_camera": {"do_action": True, "exposure": "15", "gain": 80, "count": frames},
    }
    body.update(sections)
    return {"command": {key: value for key, value in body.items() if value is not None}}


@contextlib.asynccontextmanager
async def on_the_wire(
    root: Path,
    *,
    generation: str = "v3",
    start: datetime = DUSK,
    site: Site = PARIS,
    telescopes: tuple[str, ...] = ("scope",),
    simulated: Mapping[str, Mapping[str, Any]] | None = None,
    wrap: Callable[[str, DwarfTelescope], Any] = lambda _id, telescope: telescope,
    port: Callable[[MemoryBroker], MemoryPort] = MemoryPort,
    rig: type[Rig] = Rig,
    clock: Clock | None = None,
    hardware: Clock | None = None,
    late_s: float = LATE_S,
    **settings: Any,
) -> AsyncIterator[Rig]:
    """Everything but the agent, which `begin` starts; what still runs at the end is stopped and judged.

    `simulated` holds what is special about a simulator, by telescope; `hardware` is the clock of them all.
    """
    clock = clock or LoopClock(start)
    broker = TimedBroker(clock)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(scheduler_reads(clock))
        sims = {}
        for number, name in enumerate(telescopes):
            options = SimulatorOptions.from_mapping(
                {
                    "generation": generation,
                    "site": site,
                    "calibrated": True,
                    "battery": 90.0,
                    "horizon": False,
                    "seed": number + 1,
                    "strict": True,
                    **(simulated or {}).get(name, {}),
                }
            )
            sims[name] = await stack.enter_async_context(SimulatedDwarf(options, hardware or clock))
        chosen = Settings.model_validate(
            {
                "site": {"latitude": site.latitude, "longitude": site.longitude, "timezone": site.timezone},
                "telescopes": [
                    {
                        "id": name,
                        "host": "127.0.0.1",
                        "port": sim.port,
                        "http_port": sim.http_port,
                        "card_port": sim.card_port or 80,
                        "sessions_dir": str(root / name if len(sims) > 1 else root),
                    }
                    for name, sim in sims.items()
                ],
                "sessions_dir": str(root),
                "poll_seconds": 30,
                "page": {"enabled": False},
                "suggestions": False,
                "weather": {"policy": "wait", "inputs": ["roof"], "ttl_s": 180, "clear_for_min": 5},
                **settings,
                "conditions": {"sun_below": 90, "min_altitude": -90, **settings.get("conditions", {})},
            }
        )
        made = rig(root, clock, broker, sims, chosen, wrap, lambda: port(broker))
        made.clear()
        for name, sim in sims.items():
            await stack.enter_async_context(
                at_rest_or_told(sim, broker, clock, name, nobody=lambda: made.unseen, late_s=late_s)
            )
        reporting = asyncio.create_task(made.keep_reporting())
        try:
            yield made
            if made.agent is not None and not made.killed:
                await made.end()
            await clock.sleep(LIMIT_S + 5)  # what the agent left behind is judged as well
        finally:
            reporting.cancel()
            if made.agent is not None and not made.agent.done():
                made.agent.cancel()
                await asyncio.wait({made.agent}, timeout=_GIVE_UP_S)


def seconds(later: datetime, earlier: datetime) -> float:
    """The seconds between two instants."""
    return (later - earlier) / timedelta(seconds=1)
