"""Builds the parts and runs them until told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.app.building import Drivers, build_station
from agent.app.clock_set import clock_was_set
from agent.app.enclosure_side import EnclosureSide
from agent.app.folders import Placement, place
from agent.app.media_copy import MediaCopy
from agent.app.mqtt_side import MqttSide
from agent.app.opening import Opening
from agent.app.weather import Weather
from agent.clock import Clock
from agent.errors import Problem
from agent.events import Event, EventBus, SessionEnded, SessionRejected
from agent.fleet.placing import Placing
from agent.fleet.shared_folder import SharedFolder
from agent.mqtt.discovery.announced import Announced
from agent.mqtt.port import MqttPort
from agent.schedule.timetable import Timetable
from agent.settings import Settings
from agent.signals import stop_on_signals
from agent.station.station import Station
from agent.station.tasks import Loop, Tasks
from agent.store.ends import folder_of_end
from agent.store.folders import Folder, Tree

if TYPE_CHECKING:
    from agent.app.setting_up import SettingUp

_LOGGER = logging.getLogger(__name__)

COPY_LIMIT_S = 10.0  # a stopping agent waits this long for the last picture


async def run_agent(
    settings: Settings,
    *,
    clock: Clock,
    once: bool = False,
    record: Path | None = None,
    ready: Callable[[Mapping[str, Station]], None] | None = None,
    stop: asyncio.Event | None = None,
    drivers: Drivers | None = None,
    port: MqttPort | None = None,
    restart: Callable[[], None] | None = None,
    page_told: Callable[[str], None] = lambda _: None,
    setting_up: SettingUp | None = None,
    say: Callable[[str], None] = _LOGGER.info,
    ended_by: str = "",
) -> int:
    """Run sessions until SIGTERM, SIGINT or `stop`. Return the exit code.

    With `once` it runs until none is left, and returns 1 when a session went to Error/.

    AgentError when it cannot begin (folders, certificates). `drivers` and `port` replace the real telescope
    and broker connections; `record` keeps what the telescope says in a file; `restart` is called when a
    person wants a restart (default: the agent stops, and whoever started it starts it again); `page_told`
    hears the page's address once it is there; `say` the few lines that tell what this agent is about to do,
    with the keys it is `ended_by` where somebody can press them;
    `setting_up` lets the page write settings for the next start.
    """
    stop = stop or asyncio.Event()
    placement = await asyncio.to_thread(place, settings)
    settings = placement.settings
    for own in settings.telescopes:  # first of all: without them nothing else counts
        await asyncio.to_thread(Tree(settings.sessions_dir_of(own)).make)
    bus = EventBus()
    in_vain = asyncio.Event()
    bus.subscribe(lambda event: in_vain.set() if _went_to_error(event) else None)
    stations: dict[str, Station] = {}

    timetable = Timetable(clock, partial(clock_was_set, stations))
    with stop_on_signals(stop):
        for own in settings.telescopes:
            station = await build_station(settings, own, bus, timetable, clock, record, drivers or Drivers())
            stations[station.id] = station
        if settings.bluetooth.enabled:
            from agent.station.rejoin import BluetoothReturn
            from agent.telescope.dwarf.bluetooth.bleak_transport import BleakTransport

            radio = BleakTransport(clock)  # one for all: it takes one connection at a time
            for station in stations.values():
                station.bluetooth = BluetoothReturn(station.ground, station.own, settings.bluetooth, radio)
        placing = Placing(stations, clock, settings.poll_seconds)
        timetable.start()
        try:
            for station in stations.values():
                await station.prepare()
            if ready is not None:
                ready(stations)
            await _serve(
                placement,
                stations,
                placing,
                bus,
                clock,
                stop,
                once=once,
                port=port,
                restart=restart or stop.set,
                page_told=page_told,
                setting_up=setting_up,
                opening=Opening(settings, stations, clock, say, ended_by=ended_by),
            )
        finally:
            await timetable.stop()
            await _of_each(station.close() for station in stations.values())
    _LOGGER.info("The agent has stopped")
    return 1 if once and in_vain.is_set() else 0


async def _serve(
    placement: Placement,
    stations: Mapping[str, Station],
    placing: Placing,
    bus: EventBus,
    clock: Clock,
    stop: asyncio.Event,
    *,
    once: bool,
    port: MqttPort | None,
    restart: Callable[[], None],
    page_told: Callable[[str], None],
    setting_up: SettingUp | None,
    opening: Opening,
) -> None:
    settings = placement.settings

    def told(address: str) -> None:
        opening.page(address)
        page_told(address)

    weather = Weather(settings, stations, bus, clock)
    enclosures = (station.enclosure for station in stations.values())
    boxes = [EnclosureSide(settings, one, clock) for one in enclosures if one.exists]
    side: MqttSide | None = None
    if settings.mqtt.host or port is not None or settings.page.enabled:
        former = [_discovery_file(station.store.tree) for station in stations.values()]
        side = MqttSide(
            settings,
            stations,
            placing,
            bus,
            clock,
            weather=weather,
            restart=restart,
            announced=Announced(_discovery_file(Tree(settings.sessions_dir)), former),
            warnings=placement.warnings,
            port=port,
        )
        opening.broker(lambda: side.port.connected)
        for box in boxes:
            box.listen(side.port.subscribe, side.port.publish)
    folder = settings.media_dir
    copies = [MediaCopy(station, folder) for station in stations.values()] if folder is not None else []
    async with asyncio.TaskGroup() as outer:
        speaking: list[asyncio.Task[None]] = []
        if side is not None:
            speaking.append(outer.create_task(_speak("MQTT", side.run, stations), name="mqtt"))
        if side is not None and settings.page.enabled:
            from agent.app.page_side import PageSide

            page = PageSide(settings, stations, bus, clock, side, told, setting_up)
            speaking.append(outer.create_task(_speak("The page", page.run, stations), name="page"))
        for copy in copies:
            bus.subscribe(copy.hear)
            speaking.append(outer.create_task(copy.run(), name="media"))
        speaking.append(outer.create_task(opening.run(), name="opening"))
        async with asyncio.TaskGroup() as inner:
            serving = [inner.create_task(station.serve(), name=station.id) for station in stations.values()]
            serving.append(inner.create_task(weather.run(), name="weather"))
            if len(stations) > 1:
                shared = SharedFolder(settings.sessions_dir, placing, stations, clock, settings.poll_seconds)
                loops: dict[str, Loop] = {"placing": placing.run, "shared folder": shared.run}
                keeping = Tasks("agent", clock, partial(_tell_all, stations)).keep(loops)
                serving.append(inner.create_task(keeping, name="placing"))
            serving += [inner.create_task(box.run(), name="enclosure") for box in boxes]
            await _until_stop(stations, stop, once=once)
            await _of_each(station.stop() for station in stations.values())
            for task in serving:
                task.cancel()
        for copy in copies:
            await copy.finish(COPY_LIMIT_S)
        for listener in speaking:
            listener.cancel()


def _discovery_file(tree: Tree) -> Path:
    return tree.ledger.with_name("discovery.json")


async def _speak(
    what: str, run: Callable[[], Coroutine[Any, Any, None]], stations: Mapping[str, Station]
) -> None:
    """Run a side of the agent; should it fail as a whole, sessions from files go on all the same."""
    try:
        await run()
    except Exception:
        _LOGGER.exception("%s met a defect and is out of service", what)
        problem = Problem(
            "internal", f"{what} is out of service.", "Restart the agent, and report it with the log."
        )
        for station in stations.values():
            station.status.problem(what.lower(), problem)


def _tell_all(stations: Mapping[str, Station], part: str, problem: Problem) -> None:
    for station in stations.values():
        station.status.problem(part, problem)


async def _of_each(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do this with every station; what goes wrong with one is logged and keeps nothing from the others."""
    for defect in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(defect, Exception):
            _LOGGER.error("A station met a defect at its end", exc_info=defect)


def _went_to_error(event: Event) -> bool:
    match event:
        case SessionRejected():
            return True
        case SessionEnded(result=result):
            return folder_of_end(result.session.source, result.outcome, result.reason) is Folder.ERROR
        case _:
            return False


async def _until_stop(stations: Mapping[str, Station], stop: asyncio.Event, *, once: bool) -> None:
    waiting: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait(), name="stop")]
    if once:
        waiting.append(asyncio.create_task(_all_idle(stations), name="idle"))
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    _LOGGER.info("Stopping")


async def _all_idle(stations: Mapping[str, Station]) -> None:
    await asyncio.gather(*(station.idle() for station in stations.values()))
