"""The agent as a Home Assistant add-on: what the Supervisor knows, and staying up whatever is set wrong.

An add-on that ends because of its options is started again, ends again, and tells nobody why. This one stays,
says what is wrong, and goes on by itself once a file that it was pointed to is set right.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from agent.addon.failure_notice import FailureNotice
from agent.addon.supervised_port import Dial, dial, supervised_port
from agent.addon.supervisor import PLACE_FILE, Supervisor, SupervisorError, complete_settings
from agent.clock import Clock
from agent.errors import AgentError, Problem
from agent.mqtt.port import MqttPort
from agent.mqtt.topics import Topics
from agent.settings import Settings, SettingsError
from agent.settings.flat import FLAT_SETTINGS
from agent.settings.loader import ADDON_OPTIONS
from agent.settings.parts import MqttSettings
from agent.settings.text import read_mapping
from agent.signals import stop_on_signals

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T")

RELOAD_S = 10.0  # between two looks at wrong settings
RETRY_S = 60.0  # between two attempts to begin with settings that look right
KEPT = (Path("/config"), Path("/share"), Path("/media"))  # what outlives an update of the add-on

Stations = Mapping[str, Any]  # whatever runs; only `report_of` looks inside
Ready = Callable[[Stations], None]


class Begin(Protocol):
    """Runs the agent with complete settings until told to stop; AgentError when it cannot begin."""

    async def __call__(
        self,
        settings: Settings,
        *,
        port: MqttPort | None,
        ready: Ready,
        stop: asyncio.Event,
        restart: Callable[[], None],
    ) -> int: ...


@dataclass(eq=False)
class AddOn:
    """Runs the agent in an add-on. `load` reads the settings afresh each time; `begin` runs the agent;
    `report_of` says how its stations are.

    `aside` tells the problems while they last, in a way of its own. The other fields are the add-on's own
    places and ways; tests put theirs.
    """

    load: Callable[[], Settings]
    begin: Begin
    report_of: Callable[[Stations], dict[str, Any]]
    supervisor: Supervisor
    clock: Clock
    options: Path = ADDON_OPTIONS
    memory: Path = PLACE_FILE
    kept: tuple[Path, ...] = KEPT
    dial: Dial = dial
    aside: Callable[[tuple[str, ...]], AbstractAsyncContextManager[None]] = lambda _: nullcontext()
    _problems: tuple[str, ...] = field(default=(), init=False)
    _stations: Stations = field(default_factory=dict, init=False)

    def report(self) -> dict[str, Any]:
        """What the health check hears. Wrong settings are no ill health: a restart would not mend them."""
        if self._problems:
            return {"healthy": True, "state": "cannot work", "problem": " ".join(self._problems)}
        return self.report_of(self._stations)

    async def run(self, stop: asyncio.Event | None = None) -> int:
        """Run until told to stop, and return the exit code."""
        stop = stop or asyncio.Event()
        with stop_on_signals(stop):
            await _unless(stop, self._take_back_notice())
        while True:
            with stop_on_signals(stop):
                settings = await self._usable(stop)
            if settings is None:
                return 0
            code = await self._live(settings, stop)
            if code is not None:
                return code

    async def _live(self, settings: Settings, stop: asyncio.Event) -> int | None:
        """Run the agent once and return its exit code; None to begin again."""
        again = False

        def restart() -> None:
            nonlocal again
            again = True
            stop.set()

        port = supervised_port(settings.mqtt, self.supervisor, self.clock, dial=self.dial)
        try:
            code: int = await self.begin(settings, port=port, ready=self._ready, stop=stop, restart=restart)
        except (AgentError, BaseExceptionGroup) as error:
            problems = _sentences(error)
            deadline = self.clock.monotonic() + RETRY_S
            with stop_on_signals(stop):
                await self._notify(problems, settings.mqtt, stop, lambda: self.clock.monotonic() >= deadline)
            return None
        finally:
            self._stations = {}
        if not again:
            return code
        _LOGGER.info("Starting again, as somebody asked for")
        stop.clear()
        return None

    def _ready(self, stations: Stations) -> None:
        self._stations = stations

    async def _usable(self, stop: asyncio.Event) -> Settings | None:
        """Return complete settings, however long it takes to get them; None when told to stop."""
        while not stop.is_set():
            settings, problems = self._read()
            if settings is not None:
                completing = complete_settings(settings, self.supervisor, self.clock, memory=self.memory)
                return await _unless(stop, completing)
            await self._notify(problems, self._broker_of_options(), stop, partial(self._changed, problems))
        return None

    def _changed(self, told: tuple[str, ...]) -> bool:
        return self._read()[1] != told

    def _read(self) -> tuple[Settings | None, tuple[str, ...]]:
        place = f"{self.options}, "
        try:
            settings = self.load()
        except SettingsError as error:
            return None, tuple(str(problem).replace(place, "Option ") for problem in error.problems)
        lost = _lost("sessions_dir", settings.sessions_dir, self.kept)
        lost += _lost("media_dir", settings.media_dir, self.kept)
        return (None, tuple(map(str, lost))) if lost else (settings, ())

    async def _notify(
        self, problems: tuple[str, ...], broker: MqttSettings, stop: asyncio.Event, over: Callable[[], bool]
    ) -> None:
        """Tell the problems until `over` says so."""
        self._problems = problems
        try:
            port = supervised_port(broker, self.supervisor, self.clock, dial=self.dial) or self.dial(broker)
        except AgentError as error:
            _LOGGER.debug("The problem is not told on MQTT: %s", error)
            port = None
        notice = FailureNotice(
            problems,
            port=port,
            topics=Topics(broker.base_topic),
            supervisor=self.supervisor,
            clock=self.clock,
        )
        notice.tell()
        try:
            async with self.aside(problems):
                while not (stop.is_set() or over()):
                    await _unless(stop, self.clock.sleep(RELOAD_S))
        finally:
            self._problems = ()
            await notice.end()
        if not stop.is_set():
            await self._take_back_notice()

    def _broker_of_options(self) -> MqttSettings:
        """What the options say of the broker, when they say something wrong elsewhere."""
        try:
            options = read_mapping(self.options)
            chosen = {
                str(setting.path[1]): options[name]
                for name, setting in FLAT_SETTINGS.items()
                if setting.path[0] == "mqtt" and options.get(name) not in (None, "")
            }
            return MqttSettings.model_validate(chosen)
        except (SettingsError, ValidationError):
            return MqttSettings()

    async def _take_back_notice(self) -> None:
        try:
            await self.supervisor.dismiss()
        except SupervisorError as error:
            _LOGGER.debug("No notice is taken back: %s", error)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what `work` returns; None when told to stop first."""
    task = asyncio.ensure_future(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, stopping):
            one.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)


def _lost(name: str, folder: Path | None, kept: Sequence[Path]) -> list[Problem]:
    if folder is None or any(folder.resolve().is_relative_to(one) for one in kept):
        return []
    known = ", ".join(str(one) for one in kept)
    message = f"{folder} would be lost with the next update of the add-on."
    return [Problem("settings", message, f"Choose a folder below {known}.", path=f"Option {name}")]


def _sentences(error: AgentError | BaseExceptionGroup[BaseException]) -> tuple[str, ...]:
    """What went wrong, for people; anything but our own errors is raised again."""
    if isinstance(error, AgentError):
        return (str(error),)
    known, others = error.split(AgentError)
    if known is None or others is not None:
        raise error
    found: list[str] = []
    for one in known.exceptions:
        if isinstance(one, AgentError | BaseExceptionGroup):
            found += _sentences(one)
    return tuple(dict.fromkeys(found))
