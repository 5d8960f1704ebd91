"""One telescope with everything that belongs to it: folders, queue, executor, status."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.capabilities import Capabilities
from agent.clock import Clock
from agent.conditions import ConditionDefaults
from agent.events import (
    EventBus,
    Failure,
    Reason,
    SafetyDecision,
    TelemetryChanged,
)
from agent.execute.context import Surroundings
from agent.execute.orders import Ending, EndKind
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.timetable import Timetable
from agent.schedule.waiting import Answer, Judgement, Waiting
from agent.session.document import SessionDocument
from agent.session.fields import WeatherPolicy
from agent.session.plan import Plan
from agent.session.problems import Problem
from agent.settings import Settings, TelescopeSettings
from agent.sky.catalogue import resolve
from agent.station.availability import Availability
from agent.station.gate import ConditionGate
from agent.station.intake import Intake
from agent.station.night import NightEnd
from agent.station.records import Records
from agent.station.rejoin import BluetoothReturn
from agent.station.repeats import Repeats
from agent.station.runner import Running, SessionRunner
from agent.station.session_watch import SessionWatch
from agent.station.sharing import Sharing
from agent.station.shelter import Shelter
from agent.station.shown_filter import ShownFilter
from agent.station.state_file import StateFile
from agent.station.status import StationStatus
from agent.station.switches import SwitchBoard, Switches
from agent.station.wiring import condition_defaults
from agent.store.ledger import Ledger
from agent.store.results import Results
from agent.store.store import SessionStore
from agent.telescope.dwarf.models import MODELS, capabilities_for
from agent.telescope.errors import TelescopeError
from agent.telescope.interface import (
    ConnectionChanged,
    ConnectionState,
    TelemetryReport,
    Telescope,
    TelescopeEvent,
)

_LOGGER = logging.getLogger(__name__)

STOP_LIMIT_S = 25.0  # a stopping agent waits this long for its session to come to rest


class Station:
    """Owner of one telescope's parts. `prepare`, then `serve` until told to stop."""

    def __init__(
        self,
        telescope_id: str,
        telescope: Telescope,
        settings: Settings,
        own: TelescopeSettings,
        bus: EventBus,
        timetable: Timetable,
        clock: Clock,
        state: StateFile,
    ) -> None:
        self.id = telescope_id
        self.own = own
        self.telescope = telescope
        self.bus = bus
        self.clock = clock
        self.zone = ZoneInfo(settings.site.zone_name)
        self.site = settings.site.site()
        self.state = state
        self._settings = settings
        self._defaults = condition_defaults(settings)
        self._safety: SafetyDecision | None = None
        self._safety_changed = asyncio.Event()
        self.bluetooth: BluetoothReturn | None = None
        self._night_end = NightEnd(self)
        self.hands_on = False  # a person's command moves the telescope just now
        self._shelter = Shelter(self, settings.conditions.unsafe_action)
        self.switches = SwitchBoard(
            state,
            Switches(
                weather_policy=WeatherPolicy(settings.weather.policy),
                max_wait_min=settings.conditions.max_wait_min,
            ),
            clock,
        )
        self.status = StationStatus(telescope_id, clock, bus.publish)
        self._availability = Availability(telescope_id, bus.publish, clock.now)
        self.filter = ShownFilter(self)
        self.sharing = Sharing(self, self.filter, settings.poll_seconds)
        bus.subscribe(self.filter.hear)
        self.store = SessionStore(
            settings.sessions_dir_of(own),
            clock,
            telescope=telescope_id,
            zone=self.zone,
            model=self._model,
            examine=self._examine,
        )
        self.ledger = Ledger(self.store.tree.ledger, clock)
        results = Results(
            self.store.tree,
            telescope=telescope_id,
            zone=self.zone,
            site=self.site,
            capabilities=self.capabilities,
        )
        self.results = results
        self.records = Records(
            telescope_id, self.store, results, self.ledger, clock, bus.publish, self.status.problem
        )
        self.repeats = Repeats(self.store, state, clock, self.zone, self.site)
        self.intake = Intake(
            telescope_id,
            self.store,
            self.records,
            self.repeats,
            clock=clock,
            zone=self.zone,
            capabilities=self.capabilities,
            resolve=resolve,
            publish=bus.publish,
            poll_s=settings.poll_seconds,
            on_problem=self.status.problem,
            on_orphan=self._leave_running,
        )
        self.gate = ConditionGate(
            telescope,
            site=self.site,
            clock=clock,
            defaults=self.defaults,
            when_missed=settings.conditions.when_missed,
            safety=lambda: self._safety,
            brake=self._brake,
        )
        around = Surroundings(
            telescope, telescope_id, self.site, self.zone.key, clock, bus.publish, self.status
        )
        self.runner = SessionRunner(
            around,
            self.store,
            self.records,
            self.intake,
            self.gate,
            self.status,
            self._session_watch,
            self.end_night,
        )
        self.dispatcher = Dispatcher(
            telescope_id,
            clock=clock,
            timetable=timetable,
            gate=self.gate,
            sessions=self.runner,
            publish=bus.publish,
            on_idle=self.status.stands_still,
        )
        self.intake.dispatcher = self.dispatcher
        self.runner.dispatcher = self.dispatcher
        self.switches.listen(lambda _: self.dispatcher.kick())

    # -- life -------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Make the folders ready and take up what an earlier life left; StoreError when that fails."""
        await asyncio.to_thread(self.store.prepare)
        self.telescope.listen(self._hear)
        self.status.link(self.telescope.connection)  # it may have connected before we listened
        self._availability.link(self.telescope.connection)
        await self.intake.recover()
        await asyncio.to_thread(self.results.catch_up)  # what was cut off on its way to Done/ is there now

    async def serve(self) -> None:
        """Connect, follow the folders and run sessions, for ever."""
        await self.records.open()
        await self.telescope.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.intake.watch(), name=f"{self.id}: folders")
            group.create_task(self.dispatcher.serve(), name=f"{self.id}: sessions")
            group.create_task(self.records.serve(), name=f"{self.id}: results")
            group.create_task(self._follow_model(), name=f"{self.id}: model")
            group.create_task(self._shelter.run(), name=f"{self.id}: shelter")
            group.create_task(self._night_end.run(), name=f"{self.id}: end of the night")
            if self.bluetooth is not None:
                group.create_task(self.bluetooth.run(), name=f"{self.id}: bluetooth")

    async def idle(self) -> None:
        """Return when every file was looked at, and no session runs or is due."""
        await self.intake.looked()
        while self.dispatcher.running is not None or self._any_due() or self.records.owes:
            await self.clock.sleep(self._settings.poll_seconds)

    async def stop(self) -> None:
        """Bring the running session to rest: its capture is stopped, its file is back in ToDo/."""
        running = self.runner.running
        if running is not None:
            message = "The agent was stopped."
            running.orders.end(Ending(EndKind.AGENT_STOP, Reason.AGENT_STOPPED, message))
            try:
                async with self.clock.timeout(STOP_LIMIT_S):
                    while self.runner.running is not None:
                        await self.clock.sleep(0.05)
            except TimeoutError:
                _LOGGER.warning("Session %s did not come to rest in time", running.waiting.session_id)
        self.status.link(ConnectionState.CLOSED, "The agent is stopped.")

    async def close(self) -> None:
        """Let go of the telescope and the folders."""
        self.switches.close()
        await self.telescope.close()
        await asyncio.to_thread(self.store.close)

    # -- what others ask --------------------------------------------------------------------------------

    def capabilities(self) -> Capabilities | None:
        """What the telescope can do: as it says, as configured, or as it was last time; None when unknown."""
        if self.telescope.identity is not None:
            return self.telescope.capabilities
        model = self.own.model if self.own.model != "auto" else self.state.get("model")
        return capabilities_for(model) if model in MODELS else None

    def _leave_running(self, _session_id: str) -> None:
        self.runner.left_running = True

    def _model(self) -> str | None:
        capabilities = self.capabilities()
        return capabilities.model if capabilities is not None else None

    def defaults(self) -> ConditionDefaults:
        """The conditions of every session, with what people switched."""
        values = self.switches.values
        return replace(self._defaults, weather=values.weather_policy, wait_max_s=values.max_wait_min * 60.0)

    @property
    def has_weather(self) -> bool:
        """Whether anything tells this station of the weather."""
        return self._settings.weather.has_sources

    @property
    def has_unfinished(self) -> bool:
        """Whether the telescope may still capture for a session that is not followed now."""
        return self.runner.left_running or any(waiting.resume for waiting in self.dispatcher.queue)

    @property
    def running(self) -> Running | None:
        """The session that runs."""
        return self.runner.running

    def say_again(self) -> None:
        """Publish the current truth for listeners that came late."""
        now = self.clock.now()
        self.bus.publish(self._availability.event())
        self.bus.publish(TelemetryChanged(telescope=self.id, at=now, telemetry=self.telescope.telemetry))
        self.bus.publish(self.dispatcher.queue_event())
        self.bus.publish(self.status.again())

    def end_night(self, reason: Reason, message: str) -> None:
        """Start nothing more until the next evening, and run the closing steps."""
        self._night_end.end(reason, message)

    def stop_after_this(self) -> None:
        """Start nothing more this night; what runs goes on."""
        self.end_night(Reason.USER, "A person wanted nothing more after this session.")

    def resume_night(self) -> bool:
        """Undo the end of the night; false when it was not over."""
        return self._night_end.undo()

    async def halt_if_connected(self) -> None:
        """Stop whatever the telescope does although no session of ours runs."""
        if self.telescope.connection is ConnectionState.CONNECTED:
            await self.telescope.halt()

    async def stop_left_running(self) -> None:
        """Stop what the telescope still does for a session that was given up; later, if it is away now."""
        self.runner.left_running = True
        if self.telescope.connection is ConnectionState.CONNECTED:
            await self._make_up_for_stop()

    def weather(self, decision: SafetyDecision) -> None:
        """The weather says something new."""
        self._safety = decision
        self._shelter.hear(decision)
        changed, self._safety_changed = self._safety_changed, asyncio.Event()
        changed.set()
        self.dispatcher.kick()

    # -- inside -----------------------------------------------------------------------------------------

    def _examine(self, document: SessionDocument) -> Iterable[Problem]:
        return self.intake.examine(document)

    def _any_due(self) -> bool:
        now = self.clock.now()
        return any(waiting.due(now) for waiting in self.dispatcher.queue)

    def _brake(self, waiting: Waiting) -> Judgement | None:
        if self.hands_on:
            return Judgement(Answer.WAIT, Reason.USER, "A person moves the telescope.")
        if waiting.forced:
            return None
        over = self._night_end.judgement()
        if over is not None or waiting.resume:  # what ran before a restart is nothing that starts
            return over
        values = self.switches.values
        if not values.scheduler:
            return Judgement(Answer.WAIT, Reason.USER, "The scheduler is switched off.")
        if values.not_before is not None and self.clock.now() < values.not_before:
            return Judgement(Answer.WAIT, Reason.USER, "A person wants nothing earlier.", values.not_before)
        return None

    def _session_watch(self, running: Running, plan: Plan) -> SessionWatch:
        waiting = replace(running.waiting, plan=plan)
        conditions = self.gate.conditions(waiting.document)
        targets = plan.goto_targets
        target = targets[-1] if targets else None
        return SessionWatch(
            running.orders,
            conditions,
            clock=self.clock,
            window_end=waiting.window_end,
            dawn=lambda now: conditions.capture_deadline(self.site, now, target, began=waiting.began),
            judge=lambda now: conditions.judge(self.gate.moment(waiting, now, running=True)),
            safety=lambda: self._safety,
            policy=lambda: self.gate.conditions(waiting.document).weather,
            safety_changed=lambda: self._safety_changed,
        )

    def _hear(self, event: TelescopeEvent) -> None:
        now = self.clock.now()
        match event:
            case TelemetryReport(telemetry):
                self.bus.publish(TelemetryChanged(telescope=self.id, at=now, telemetry=telemetry))
                self.dispatcher.kick()
            case ConnectionChanged(state, message):
                self.status.link(state, message)
                self._availability.link(state, message)
                self.filter.link(state)
                self.dispatcher.kick()
            case _:
                return

    async def _follow_model(self) -> None:
        """Each time the telescope is there: stop what could not be stopped, and check what waits."""
        checked: object = None
        while True:
            await self.telescope.wait_connected()
            identity = self.telescope.identity
            if identity is not None:
                self.state.set(model=identity.model, serial=identity.serial, name=identity.name)
            if self.runner.left_running and self.running is None:
                await self._make_up_for_stop()
            known = (identity, self.telescope.capabilities)
            if known != checked:
                checked = known
                await self.intake.look_again()
            await self.sharing.stay()
            await self.clock.sleep(self._settings.poll_seconds)  # another client may hold a link that is up

    async def _make_up_for_stop(self) -> None:
        try:
            await self.telescope.halt()
        except TelescopeError as error:
            _LOGGER.warning("The telescope still could not be told to stop: %s", error)
            self.status.problem(Failure(error.code, error.message, error.hint))
            return
        self.runner.left_running = False
        _LOGGER.info("The telescope was told to stop, now that it is back")
