"""The telescope itself, without its sockets: state, power, activities, and what it tells its clients."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from agent.clock import Clock
from agent.telescope.simulator import notices, physics
from agent.telescope.simulator.broken_rules import BrokenRule, HardwareRule
from agent.telescope.simulator.card import Card
from agent.telescope.simulator.faultbox import FaultBox
from agent.telescope.simulator.faults import (
    DropLink,
    HalfOpen,
    LowBattery,
    Overheating,
    PowerOff,
    Reboot,
    SettingIgnored,
    SingleFault,
    StorageFull,
    TakeControl,
)
from agent.telescope.simulator.history import Entry, History, Powered, ShutterClosed
from agent.telescope.simulator.lag import LAG_S, Lag
from agent.telescope.simulator.notices import Notice
from agent.telescope.simulator.options import Generation, SimulatorOptions
from agent.telescope.simulator.profiles import PROFILES
from agent.telescope.simulator.schedule_book import ScheduleBook
from agent.telescope.simulator.state import Body, Capture, State, first_features

logger = logging.getLogger(__name__)


class Links(Protocol):
    """The connections to the telescope's clients, as the telescope sees them."""

    def push(self, items: Iterable[Notice]) -> None:
        """Send notifications to every client."""

    def cut(self, refuse_s: float) -> None:
        """Cut every connection without a goodbye and refuse new ones for so many seconds."""

    def freeze(self) -> None:
        """Leave every connection half open."""

    def take_control(self, for_s: float) -> None:
        """Let a client that is not there hold the lock; 0 until it is given back."""

    def shut(self, *, announced: bool) -> None:
        """Let everybody go, as a telescope does that goes down: in good order, or without a goodbye."""


class Device:
    """One telescope. Built switched on; `boot` starts its drift, `close` ends everything."""

    def __init__(self, options: SimulatorOptions, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.rng = random.Random(options.seed)  # noqa: S311 - a simulation, not a secret
        self.profile = PROFILES[options.model]
        self.faults = FaultBox(options.faults)
        self.history = History()
        self.broken_rules: list[BrokenRule] = []
        self.lag = Lag(clock, of=LAG_S if options.is_v3 else 0.0)
        self.power = "on"
        self.errors: list[BaseException] = []
        self.links: Links | None = None
        bare = options.habits.headers == "bare"
        self.card = Card(self.profile, options.seed, mounted=not options.is_v3, bare=bare)
        self.schedules = ScheduleBook()
        self.after_restart: Callable[[], None] = lambda: None
        self.state = self._fresh_state()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ticked = 0.0

    # -- life -------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start the slow drift of battery, heat and card, and the faults given beforehand."""
        self._ticked = self.clock.monotonic()
        self.start("drift", self._drift())
        self.faults.attach(self._event_later)

    async def close(self) -> None:
        """End every activity."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run an activity; one that runs under the same name is replaced."""
        self.stop(name)
        task = asyncio.create_task(work, name=f"simulator {name}")
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def stop(self, name: str) -> bool:
        """End an activity at once; false when it does not run."""
        task = self._tasks.pop(name, None)
        if task is None or task.done():
            return False
        task.cancel()
        return True

    def runs(self, name: str) -> bool:
        """Tell whether an activity of that name runs."""
        return name in self._tasks

    # -- telling ----------------------------------------------------------------------------------------

    def notify(self, *items: Notice) -> None:
        """Tell every client."""
        if self.links is not None:
            self.links.push(items)

    def record(self, entry: Entry) -> None:
        """Write down what truly happened."""
        self.history.append(entry)
        logger.debug("simulator: %s", entry)

    def broke(self, rule: HardwareRule, client_id: str, detail: str) -> None:
        """Write down that a client did what this firmware does not take."""
        broken = BrokenRule(self.clock.now(), rule, client_id, detail)
        self.broken_rules.append(broken)
        logger.warning("simulator: a rule of the hardware was broken: %s", broken)

    # -- time -------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the telescope's own idea of the time, as its clients set it."""
        return self.clock.now() + self.state.time_offset

    # -- settings ---------------------------------------------------------------------------------------

    def ignores(self, setting: str) -> bool:
        """Tell whether a fault keeps this setting at its old value (and count that use)."""
        wanted = setting.replace("-", "_")
        return (
            self.faults.use(SettingIgnored, where=lambda rule: rule.setting.replace("-", "_") == wanted)
            is not None
        )

    # -- events -----------------------------------------------------------------------------------------

    def happen(self, event: SingleFault) -> None:
        """Let a fault happen now."""
        logger.info("simulator: fault %s happens", event.name)
        body, links = self.state.body, self.links
        if isinstance(event, Reboot):
            self.start("power", self.restart("fault", event.down_s))
        elif isinstance(event, PowerOff):
            self.start("power", self.switch_off("fault", announced=event.announced))
        elif isinstance(event, StorageFull):
            body.storage_gb = min(event.available_gb, body.total_gb)
            self.notify(self.storage_notice())
        elif isinstance(event, LowBattery):
            body.battery, body.charging = min(event.percent, 100.0), False
            self.notify(self.charging_notice(), notices.battery(round(body.battery)))
        elif isinstance(event, Overheating):
            body.heat = event.temperature_c - body.temperature
            self._tell_temperature()
        elif links is not None and isinstance(event, DropLink):
            links.cut(event.refuse_s)
        elif links is not None and isinstance(event, HalfOpen):
            links.freeze()
        elif links is not None and isinstance(event, TakeControl):
            links.take_control(event.for_s)

    def frame_taken(self, taken: int) -> None:
        """Let the faults happen that wait for this frame."""
        for event in self.faults.at_frame(taken):
            self.happen(event)

    def _event_later(self, event: SingleFault, number: int) -> None:
        async def later() -> None:
            if event.after_s:
                await self.clock.sleep(event.after_s)
            if self.faults.remove(number):
                self.happen(event)

        self.start(f"fault {number}", later())

    # -- power ------------------------------------------------------------------------------------------

    async def switch_off(self, reason: str, *, announced: bool = True) -> None:
        """Go down and stay down."""
        await self._go_down("off", reason, announced=announced)

    async def restart(self, reason: str, down_s: float | None = None) -> None:
        """Go down and come back after a while, with everything forgotten but the card."""
        await self._go_down("rebooting", reason, announced=True)
        await self.clock.sleep(self.options.boot_s if down_s is None else down_s)
        self._come_up(reason)

    async def power_on(self) -> None:
        """Press the power button of a telescope that is off."""
        if self.power == "off":
            self._come_up("switched on")

    def _come_up(self, reason: str) -> None:
        body = self.state.body
        self.state = self._fresh_state()
        self.state.body.battery, self.state.body.storage_gb = body.battery, body.storage_gb
        self.state.body.charging = body.charging
        self.power = "on"
        self._ticked = self.clock.monotonic()
        self.record(Powered(self.clock.now(), "on", reason))
        self.start("drift", self._drift())
        self.after_restart()

    async def _go_down(self, power: str, reason: str, *, announced: bool) -> None:
        self.record(Powered(self.clock.now(), power, reason))
        if announced:
            self.notify(notices.powering_off())
            await self.clock.sleep(self.options.goodbye_s)
        self.power = power
        for name in [one for one in self._tasks if one != "power" and not one.startswith("fault")]:
            self.stop(name)
        for camera in self.state.cameras.values():
            if camera.capture is not None and camera.operation in (1, 2):
                self._lose(camera.capture)
        if self.links is not None:
            self.links.shut(announced=announced)

    def _lose(self, capture: Capture) -> None:
        self.card.close(capture.folder, self.clock.now())
        self.record(ShutterClosed(self.clock.now(), capture.camera, capture.taken, capture.stacked, "lost"))

    # -- drift ------------------------------------------------------------------------------------------

    async def _drift(self) -> None:
        while True:
            await self.clock.sleep(self.options.telemetry_s)
            self._age()
            if self.power != "on":
                return

    def _age(self) -> None:
        now = self.clock.monotonic()
        elapsed, self._ticked = now - self._ticked, now
        body, before = self.state.body, replace(self.state.body)
        busy = self.state.capturing()
        if body.charging:
            body.battery = min(100.0, body.battery + physics.CHARGE_PERCENT_PER_H * elapsed / 3600)
        else:
            rate = physics.CAPTURE_PERCENT_PER_H if busy else physics.IDLE_PERCENT_PER_H
            body.battery = max(0.0, body.battery - rate * elapsed / 3600)
        goal = self.options.ambient_c + (physics.HEAT_CAPTURE_C if busy else physics.HEAT_IDLE_C)
        body.temperature += (goal - body.temperature) * min(1.0, elapsed / physics.HEAT_TIME_S)
        if round(body.battery) != round(before.battery):
            self.notify(notices.battery(round(body.battery)))
        if round(body.temperature) != round(before.temperature):
            self._tell_temperature()
        if int(body.storage_gb) != int(before.storage_gb):
            self.notify(self.storage_notice())
        if self.rng.random() < 0.1:  # the focus motor creeps with temperature, and says so
            self.state.focus.position += self.rng.choice((-1, 1))
            self.notify(notices.focus_position(self.state.focus.position))
        if body.battery <= 0 and not self.runs("power"):
            self.start("power", self.switch_off("battery empty"))

    def _tell_temperature(self) -> None:
        celsius = self.state.body.temperature + self.state.body.heat
        self.notify(notices.body_temperature(round(celsius)))
        for camera in self.state.cameras:
            self.notify(notices.sensor_temperature(camera, round(celsius) + 3))
        if celsius >= physics.SHUTDOWN_C and not self.runs("power"):
            self.start("power", self.switch_off("overheated"))

    def charging_state(self, generation: Generation) -> int:
        """Return how a client of that generation is told whether the battery charges."""
        charging = self.state.body.charging
        if generation != Generation.V3 or not self.options.is_v3:
            return 2 if charging else 0
        if self.options.habits.charging == "one_is_battery":
            return 2 if charging else 1
        return 1 if charging else 0

    def charging_notice(self) -> Notice:
        """Return the notification that tells whether the battery charges."""
        return notices.charging(self.charging_state(Generation.V2), self.charging_state(Generation.V3))

    def storage_notice(self) -> Notice:
        """Return the notification that tells how full the card is."""
        body = self.state.body
        return notices.storage(int(body.storage_gb), int(body.total_gb), card=body.card)

    # -- private ----------------------------------------------------------------------------------------

    def _fresh_state(self) -> State:
        options, profile = self.options, self.profile
        total = float(profile.total_gb)
        state = State(
            body=Body(
                battery=options.battery,
                charging=options.charging,
                temperature=options.ambient_c + physics.HEAT_IDLE_C / 2,
                storage_gb=min(options.storage_gb, total),
                total_gb=total,
            ),
            features=first_features(profile.tables),
            calibrated=options.calibrated,
            darks=options.darks,
            site=options.site,
        )
        for camera in state.cameras.values():
            newer = options.is_v3
            camera.filter = profile.sky_filters[0] if newer else profile.filters[0][0]
        return state

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if task.cancelled():
            return
        failure = task.exception()
        if failure is not None:
            self.errors.append(failure)
            logger.error("simulator: activity %s failed", name, exc_info=failure)
