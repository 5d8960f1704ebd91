"""One telescope with everything that belongs to it: folders, queue, executor, hands, status."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from agent.capabilities import Capabilities
from agent.clock import Clock
from agent.conditions import Requirements
from agent.errors import Problem
from agent.events import Event, QueueChanged, Reason, SafetyDecision, TelemetryChanged
from agent.execute.context import Surroundings
from agent.execute.orders import Ending, EndKind
from agent.goals import Level, Wish
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.timetable import Timetable
from agent.schedule.waiting import Waiting
from agent.session.fields import WeatherPolicy
from agent.session.plan import Plan
from agent.session.sections import Shutdown
from agent.settings import Settings, TelescopeSettings
from agent.sky.catalogue import resolve
from agent.station.dead_man import DeadMan
from agent.station.enclosure import Enclosure
from agent.station.followers import Followers
from agent.station.gate import ConditionGate
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.intake import Intake
from agent.station.kept_dark import kept_cap, kept_darks
from agent.station.left_open import tell_left_open
from agent.station.link import Link
from agent.station.neighbours import Neighbours
from agent.station.night import Night
from agent.station.night_over import Nights
from agent.station.parents import Parents
from agent.station.planning import Planning
from agent.station.records import Records
from agent.station.rejoin import BluetoothReturn
from agent.station.runner import Running, SessionRunner
from agent.station.session_watch import SessionWatch, watch_over
from agent.station.sharing import Sharing, ShownFilter
from agent.station.start_brake import StartBrake
from agent.station.status import StationStatus
from agent.station.switches import SwitchBoard, Switches
from agent.station.tasks import Loop, Tasks
from agent.station.weather_goal import WeatherGoal
from agent.store.collected import Collected
from agent.store.ledger import Ledger
from agent.store.results import Results
from agent.store.store import SessionStore
from agent.targets import Site
from agent.telescope.dwarf.models import MODELS, capabilities_for
from agent.telescope.interface import ConnectionState, Telescope, TelescopeView

_LOGGER = logging.getLogger(__name__)

STOP_LIMIT_S = 18.0  # a stopping agent waits this long for its session to come to rest
TOLD_LIMIT_S = 3.0  # and this long more for a telescope that does not, once it was told to
_NEEDED = frozenset({"hands", "sessions", "folders"})  # without these a station does not work


class Station:
    """Owner of one telescope's parts. `prepare`, then `serve` until told to stop."""

    def __init__(
        self,
        ground: Ground,
        telescope: Telescope,
        settings: Settings,
        own: TelescopeSettings,
        timetable: Timetable,
    ) -> None:
        self.ground = ground
        self.own = own
        self._driver = telescope
        self._settings = settings
        self._defaults = settings.requirements
        clock, publish = ground.clock, ground.bus.publish
        self.status = StationStatus(ground.id, clock, publish)
        self.switches = SwitchBoard(
            ground.state,
            Switches(
                weather_policy=WeatherPolicy(settings.weather.policy),
                max_wait_min=settings.conditions.max_wait_min,
            ),
            clock,
        )
        self.hands = Hands(ground, telescope, self.status)
        self.night = Night(ground, self.hands, self._queue)
        nights = Nights(ground, self.night, self.status, lambda: self.dispatcher, lambda: self.runner.running)
        self.end_night, self.resume_night = nights.end, nights.undo
        unsafe = settings.conditions.unsafe_action
        self.weather_goal = WeatherGoal(ground, self.hands, unsafe, self._weather_policy, self.end_night)
        box = settings.enclosure_of(own)
        self.enclosure = Enclosure(
            ground, self.hands, self.status, self.weather_goal, box, nights=nights, switches=self.switches
        )
        self._news = asyncio.Event()  # set, and replaced, with what conditions depend on
        self._last_shutdown: Shutdown | None = None
        self.bluetooth: BluetoothReturn | None = None
        self._filter = ShownFilter(ground, self.hands, self.switches, self.capabilities, self._running_plan)
        ground.bus.subscribe(self._filter.hear)
        ground.bus.subscribe(self._heard)
        self.sharing = Sharing(
            ground,
            self.hands,
            self._filter,
            self._queue,
            keep_control=own.keep_control,
            poll_s=settings.poll_seconds,
            needed=lambda: self.dead_man.needed,
        )
        self.store = SessionStore(
            settings.sessions_dir_of(own),
            clock,
            zone=ground.zone,
            model=self._model,
            examine=lambda document: self.intake.examine(document),  # noqa: PLW0108 - it is made later
        )
        self.ledger = Ledger(self.store.tree.ledger, clock)
        self.results = Results(
            self.store.tree,
            telescope=ground.id,
            zone=ground.zone,
            site=ground.site,
            capabilities=self.capabilities,
        )
        self.collected = Collected(self.store.tree, ground.zone, ground.site, self.capabilities)
        self.records = Records(
            *(ground.id, self.store, self.results, self.collected, self.ledger, clock, publish),
            on_problem=partial(self.status.problem, "results"),
        )
        self.neighbours = beside = Neighbours(
            ground.id, self.store, self.collected, self.ledger, self._model, lambda: self.dispatcher
        )
        self.parents = Parents(
            ground, self.hands, self.store, self.records, beside, self.capabilities, resolve
        )
        self.intake = Intake(
            ground.id,
            self.store,
            self.records,
            self.parents,
            beside,
            clock=clock,
            zone=ground.zone,
            site=ground.site,
            capabilities=self.capabilities,
            archives=settings.archive.dir is not None,
            resolve=resolve,
            publish=publish,
            poll_s=settings.poll_seconds,
            on_problem=partial(self.status.problem, "folders"),
            on_orphan=self._leave_orphan,
        )
        self.dead_man = DeadMan(
            ground,
            self.hands,
            self.store,
            self.weather_goal,
            self.night,
            self.switches,
            enabled=own.dead_man,
            running=lambda: self.runner.running,
            conditions=lambda waiting: self.gate.conditions(waiting),  # noqa: PLW0108 - the gate comes later,
        )
        known, reuse, self.darks = self.hands.alignment, settings.reuse, kept_darks(ground.state)
        self.planning = Planning(ground, self.defaults, lambda: self.dispatcher.running, known, reuse)
        self.gate = ConditionGate(
            ground.telescope,
            site=ground.site,
            zone=ground.zone,
            clock=clock,
            defaults=self.defaults,
            when_missed=settings.conditions.when_missed,
            safety=lambda: self.weather_goal.decision,
            sky=self.planning.could_run,
            brake=StartBrake(
                ground,
                self.hands,
                self.night,
                self.switches,
                has_ending=lambda waiting: self.runner.ending_of(waiting) is not None,
                uncounted=self.dead_man.uncounted,
                enclosure=self.enclosure.judge,
            ).judge,
            perhaps_taken=self.dead_man.perhaps_taken,
        )
        self.runner = SessionRunner(
            Surroundings(
                *(ground.telescope, self.hands, ground.id, ground.site, ground.zone.key, clock),
                publish,
                self.status,
                cap=kept_cap(ground.state),
                reuse=reuse,
                darks=self.darks,
            ),
            self.hands,
            ground.state,
            self.store,
            self.records,
            self.intake,
            self.gate,
            self.status,
            self._session_watch,
            self._session_changed,
            self.end_night,
        )
        self.dispatcher = Dispatcher(
            ground.id,
            clock=clock,
            timetable=timetable,
            gate=self.gate,
            planner=self.planning,
            sessions=self.runner,
            publish=publish,
            on_idle=nights.stands_still,
        )
        self.dead_man.dispatcher = self.dispatcher
        self.intake.dispatcher = self.dispatcher
        self.runner.dispatcher = self.dispatcher
        self.switches.listen(self._switched)
        self._link = Link(
            ground,
            self.status,
            self._filter,
            self.sharing,
            kick=self.dispatcher.kick,
            look=self._look,
            look_again=self.intake.look_again,
            poll_s=settings.poll_seconds,
        )
        self.followers = Followers(
            ground, self.hands, self.store.tree, self.results, settings, own, self.status, self.runner
        )
        self._tasks = Tasks(ground.id, clock, self._give_up)

    # -- life -------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Make the folders ready and take up what an earlier life left; StoreError when that fails."""
        await asyncio.to_thread(self.store.prepare)
        await asyncio.to_thread(self.records.durations.load)
        self._link.begin()
        await tell_left_open(self.hands, await asyncio.to_thread(self.store.left_open), self.clock)
        await self.intake.recover()
        await asyncio.to_thread(self.collected.catch_up)
        await asyncio.to_thread(self.results.catch_up)  # what was cut off on its way to Done/ is there now

    async def serve(self) -> None:
        """Connect, follow the folders and run sessions, for ever, whatever defect one part has."""
        loops: dict[str, Loop] = {
            "hands": self.hands.serve,
            "weather": self.weather_goal.run,
            "enclosure": self.enclosure.serve,
            "folders": self.intake.watch,
            "sessions": self.dispatcher.run_due,
            "queue": self.dispatcher.tell_queue,
            "plan": self.dispatcher.follow_plan,
            "link": self._link.follow,
            "results": self.records.run,
            "dead man": self.dead_man.run,
            "connecting": self._driver.open,
            "orphans": self._stop_orphans,
            **self.followers.loops(),
        }
        if self.bluetooth is not None:
            loops["bluetooth"] = self.bluetooth.run
        await self._tasks.keep(loops)

    async def idle(self) -> None:
        """Return when every file was looked at, and no session runs or is due."""
        await self.intake.looked()
        while self.dispatcher.busy or self.planning.any_due(self.dispatcher.queue) or self._owes():
            await self.clock.sleep(self._settings.poll_seconds)

    def _owes(self) -> bool:
        return self.intake.judging or self.records.owes or self.followers.busy

    async def stop(self) -> None:
        """Begin nothing more, and bring the telescope and the running session to rest.

        Its capture is stopped and its file back in ToDo/. What takes too long is told to stop all the same.
        """
        message = "The agent was stopped."
        self.dispatcher.close()
        running = self.runner.running
        if running is not None:
            running.orders.end(Ending(EndKind.AGENT_STOP, Reason.AGENT_STOPPED, message))
        wish = Wish(Level.SAFETY, Reason.AGENT_STOPPED, message, standing=True)
        busy = self.hands.busy
        await self.dead_man.close(TOLD_LIMIT_S)
        at_rest = self.hands.want("agent", wish)
        self.enclosure.leave()
        try:
            async with self.ground.clock.timeout(STOP_LIMIT_S):
                while self.runner.running is not None or self.enclosure.leaves_it_open:
                    await self.ground.clock.sleep(0.05)
                if busy:
                    await asyncio.wait([at_rest])
        except TimeoutError:
            _LOGGER.warning("%s did not come to rest in time: %s", self.ground.id, self.hands.trouble())
            await self.hands.tell_to_stop(TOLD_LIMIT_S)
        self.status.link(ConnectionState.CLOSED, "The agent is stopped.")

    async def close(self) -> None:
        """Let go of the telescope and the folders."""
        self.switches.close()
        await self._driver.close()
        await asyncio.to_thread(self.store.close)

    # -- what others ask --------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The telescope's word in topics."""
        return self.ground.id

    @property
    def telescope(self) -> TelescopeView:
        """What is seen of the telescope; who wants to move it asks `hands`."""
        return self.ground.telescope

    @property
    def clock(self) -> Clock:
        """The time it lives in."""
        return self.ground.clock

    @property
    def zone(self) -> ZoneInfo:
        """The zone of local times."""
        return self.ground.zone

    @property
    def site(self) -> Site | None:
        """Where the telescope stands."""
        return self.ground.site

    def capabilities(self) -> Capabilities | None:
        """What the telescope can do: as it says, as configured, or as it was last time; None when unknown."""
        telescope = self.ground.telescope
        if telescope.identity is not None:
            return self.records.durations.applied(telescope.capabilities)
        model = self.own.model if self.own.model != "auto" else self.ground.state.get("model")
        return self.records.durations.applied(capabilities_for(model)) if model in MODELS else None

    def _model(self) -> str | None:
        capabilities = self.capabilities()
        return capabilities.model if capabilities is not None else None

    def defaults(self) -> Requirements:
        """The conditions of every session, with what people switched."""
        values = self.switches.values
        switched = {"weather": values.weather_policy, "max_wait_min": values.max_wait_min}
        return self._defaults.model_copy(update=switched)

    @property
    def has_weather(self) -> bool:
        """Whether anything tells this station of the weather."""
        return self._settings.weather.has_sources

    @property
    def running(self) -> Running | None:
        """The session that runs."""
        return self.runner.running

    def say_again(self) -> None:
        """Publish the current truth for listeners that came late."""
        publish, telemetry = self.ground.bus.publish, self.ground.telescope.telemetry
        publish(self._link.availability.event())
        publish(TelemetryChanged(telescope=self.id, at=self.ground.clock.now(), telemetry=telemetry))
        publish(self.dispatcher.queue_event())
        publish(self._link.own_schedule())
        publish(self.parents.collecting.event())
        publish(self.status.again())
        self.enclosure.say_again()
        self.followers.say_again()

    def weather(self, decision: SafetyDecision) -> None:
        """The weather says something new."""
        self.weather_goal.hear(decision)
        self._look()

    # -- inside -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """What conditions depend on has changed."""
        changed, self._news = self._news, asyncio.Event()
        changed.set()
        self.dispatcher.kick()

    def _queue(self) -> tuple[Waiting, ...]:
        return self.dispatcher.queue

    def _running_plan(self) -> Plan | None:
        return running.waiting.plan if (running := self.runner.running) is not None else None

    def _weather_policy(self) -> WeatherPolicy:
        goes_on = (waiting for waiting in self._queue() if waiting.resume)  # the telescope may capture for it
        asked = self.runner.running.waiting if self.runner.running is not None else next(goes_on, None)
        return self.switches.values.weather_policy if asked is None else self.gate.weather_policy(asked)

    def _heard(self, event: Event) -> None:
        """A queue that changed may have what goes on after a restart; what runs is looked at by itself."""
        if isinstance(event, QueueChanged) and event.telescope == self.id and self.dispatcher.running is None:
            self.weather_goal.look()

    def _switched(self, _switches: Switches) -> None:
        self.weather_goal.look()
        self.dispatcher.kick()

    def _session_changed(self, began: Waiting | None) -> None:
        self.weather_goal.look()
        if began is None:
            self.sharing.used()
            self.night.session_ended(self._last_shutdown)
        else:
            self._last_shutdown = began.document.shutdown

    def _session_watch(self, running: Running, plan: Plan) -> SessionWatch:
        waiting, news = replace(running.waiting, plan=plan), lambda: self._news
        parts, goes_on = (self.gate, self.ground, self.weather_goal, self.hands), self.planning.goes_on
        return watch_over(running.orders, waiting, plan, *parts, news, partial(goes_on, waiting))

    def _leave_orphan(self, session_id: str) -> None:
        self.runner.leave_at_rest(Reason.AGENT_RESTARTED, f"Session {session_id} cannot go on.")

    async def _stop_orphans(self) -> None:
        """Stop a capture that an earlier life left open and no session in the queue goes on with."""
        await self.intake.looked()
        goes_on = any(waiting.resume for waiting in self.dispatcher.queue) or self.runner.running is not None
        if self.hands.capturing and not goes_on:
            self.runner.leave_at_rest(Reason.AGENT_RESTARTED, "No session goes on with what was captured.")

    def _give_up(self, part: str, problem: Problem) -> None:
        """A part cannot be kept running; without a needed one nothing more begins on this telescope."""
        if part in _NEEDED:
            self.dispatcher.close()
            running = self.runner.running
            if running is not None:
                running.orders.end(Ending(EndKind.LIMIT, Reason.TELESCOPE, problem.message))
        self.status.problem(part, problem)
