"""The rest of the night, left with the telescope in case this agent dies.

What waits is kept on the telescope as its own schedule, always some minutes ahead, and moved or taken back
while the agent lives to do so. After a death it is taken over again: what did not begin is taken back, what
runs is left alone until it is over, and its frames are counted by the telescope's own album.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agent.capabilities import Camera
from agent.conditions import ConditionSet
from agent.errors import AgentError
from agent.events import (
    Event,
    OwnScheduleChanged,
    QueueChanged,
    SafetyChanged,
    SessionEnded,
    SessionProgress,
    SessionStarted,
)
from agent.execute.recognition import Asked, contradiction
from agent.goals import Level
from agent.own_schedule import OwnSchedule, ScheduledTask, TaskState
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.waiting import Waiting
from agent.station.dead_man_plan import Candidate, capture_of, schedule_id, schedules_for
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.kept_dark import capped
from agent.station.night import Night
from agent.station.runner import Running
from agent.station.switches import SwitchBoard
from agent.station.weather_goal import WeatherGoal
from agent.store.store import SessionStore
from agent.telescope.interface import CaptureFacts, CaptureReport, ConnectionState

_LOGGER = logging.getLogger(__name__)

AHEAD = timedelta(minutes=20)  # what is kept begins so much later than now
RENEW = timedelta(minutes=10)  # and is moved once it is nearer than this: the rest is time to try again
LOOK_EVERY_S = 60.0
AFTER = timedelta(minutes=5)  # between the expected end of what runs and what is kept
_KEY = "kept_on_the_telescope"
_TRIES = 3  # to read the album, before what was done is given up as not to be counted
_NEWS = (QueueChanged, OwnScheduleChanged, SafetyChanged, SessionStarted, SessionEnded)


class DeadMan:
    """Owner of what this agent keeps on its telescope; `run` is its task."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        store: SessionStore,
        weather: WeatherGoal,
        night: Night,
        switches: SwitchBoard,
        *,
        enabled: bool,
        running: Callable[[], Running | None],
        conditions: Callable[[Waiting], ConditionSet],
    ) -> None:
        self._ground = ground
        self._hands = hands
        self._store = store
        self._enabled = enabled
        self._weather = weather
        self._night = night
        self._switches = switches
        self._running = running
        self._conditions = conditions
        self.dispatcher: Dispatcher | None = None
        self._news = asyncio.Event()
        self._lock = asyncio.Lock()
        self._closed = False
        self._clock_set = False  # since the telescope was told the time, as far as is known
        self._until: datetime | None = None  # what runs is expected to end then
        self._given: dict[str, OwnSchedule] = {}  # by this life of the agent, and still to begin
        self._remembered = _names(ground.state.get(_KEY))  # given in any life, and not taken back
        self._counted: set[str] = set()
        self._tried: dict[str, int] = {}
        ground.bus.subscribe(self._hear)

    # -- what others ask --------------------------------------------------------------------------------

    @property
    def needed(self) -> bool:
        """Whether the telescope has to stay in reach, so that what it keeps can be moved."""
        now = self._ground.clock.now()
        known = (one for one in self._known if one.ours)
        return bool(self._given) or any(one.to_come(now) or one.busy(now) for one in known)

    def uncounted(self, schedule: OwnSchedule) -> bool:
        """Whether what the telescope did of a session of ours is still to be counted."""
        return (
            schedule.ours
            and not schedule.to_come(self._ground.clock.now())
            and (schedule.id not in self._counted)
        )

    def perhaps_taken(self, session_id: str) -> bool:
        """Whether the telescope began a session that it keeps, as far as is known, and it is not counted."""
        name = schedule_id(self._ground.id, session_id)
        if name not in self._remembered:
            return False
        now = self._ground.clock.now()
        if self._ground.telescope.connection is not ConnectionState.CONNECTED:
            given = self._given.get(name)  # none of an earlier life
            return given is None or not given.to_come(now)
        return any(one.id == name and (one.busy(now) or self.uncounted(one)) for one in self._known)

    def clock_was_set(self) -> None:
        """What is kept begins by the telescope's clock, which is still the old one: it is given anew."""
        self._clock_set = True
        self._news.set()

    async def close(self, limit_s: float) -> None:
        """The agent ends in good order: what is kept is taken back."""
        self._closed = True
        try:
            async with self._ground.clock.timeout(limit_s):
                await self._keep()
        except (AgentError, TimeoutError) as error:
            _LOGGER.warning("The telescope keeps what it has to do: %s", error or "time ran out")

    # -- the task ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep it up to date for ever."""
        while True:
            self._news.clear()
            try:
                if self._enabled or self._known or self._given or self._remembered:
                    await self._count()
                    await self._keep()
            except AgentError as error:
                _LOGGER.debug("What the telescope keeps is not up to date: %s", error)
            try:
                async with self._ground.clock.timeout(LOOK_EVERY_S):
                    await self._news.wait()
            except TimeoutError:
                continue

    # -- keeping ----------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        if self._ground.telescope.connection is not ConnectionState.CONNECTED:
            return
        async with self._lock:
            wanted = {one.id: one for one in await self._wanted(self._earliest(AHEAD))}
            now, soonest = self._ground.clock.now(), self._earliest(RENEW)
            self._given = {name: one for name, one in self._given.items() if one.to_come(now)}
            stale = self._clock_set
            kept = {one.id for one in self._known if one.ours and (one.to_come(now) or (stale and one.waits))}
            kept |= self._given.keys()
            held = not stale and all(self._holds(one, soonest) for one in wanted.values())
            if kept == wanted.keys() and (held or not wanted):
                return
            for name in kept:
                await self._take_back(name)
            if stale and wanted:
                ground = self._ground
                await self._hands.aside(lambda one: one.set_time(now, ground.zone.key, ground.site))
                self._clock_set = False
            for one in wanted.values():
                await self._give(one)
            if wanted:
                first = min(one.begins for one in wanted.values())
                _LOGGER.info("The telescope keeps %d sessions, from %s on", len(wanted), f"{first:%H:%M} UTC")

    def _holds(self, wanted: OwnSchedule, soonest: datetime) -> bool:
        """Whether what was given of it still does, at whatever time; the telescope's own words may differ."""
        given = self._given.get(wanted.id)
        if given is None or given.begins < soonest:
            return False
        return [_asked(task) for task in given.tasks] == [_asked(task) for task in wanted.tasks]

    async def _give(self, schedule: OwnSchedule) -> None:
        self._remember(self._remembered | {schedule.id})
        await self._hands.aside(lambda telescope: telescope.give_schedule(schedule))
        self._given[schedule.id] = schedule
        self._counted.discard(schedule.id)

    async def _take_back(self, name: str) -> None:
        await self._hands.aside(lambda telescope: telescope.take_back_schedule(name))
        self._given.pop(name, None)
        self._remember(self._remembered - {name})

    def _remember(self, names: set[str]) -> None:
        if names != self._remembered:
            self._remembered = names
            self._ground.state.set(**{_KEY: sorted(names)})

    def _earliest(self, ahead: timedelta) -> datetime:
        now, running = self._ground.clock.now(), self._running()
        if running is None:
            return now + ahead
        plan = running.waiting.plan
        lasts = timedelta(seconds=plan.estimate_s if plan is not None else 0.0)
        return max(now + ahead, (self._until or now + lasts) + (AFTER if ahead == AHEAD else timedelta(0)))

    async def _wanted(self, begins: datetime) -> tuple[OwnSchedule, ...]:
        site, running = self._ground.site, self._running()
        held = self._hands.hold(Level.SESSION) is not None
        if not self._enabled or self._closed or site is None or held or not self._may_keep():
            return ()
        candidates = []
        for waiting in self._queue():
            runs = running is not None and waiting.session_id == running.waiting.session_id
            if not runs and not self._captures(waiting) and capture_of(waiting) is not None:
                with suppress(AgentError):  # conditions that contradict each other end the session itself
                    conditions = self._conditions(waiting)
                    candidates.append(Candidate(waiting, conditions, await self._taken(waiting.session_id)))
        return await asyncio.to_thread(schedules_for, self._ground.id, site, begins, candidates, self._known)

    def _may_keep(self) -> bool:
        """Whether the night goes on under a sky that is known to be safe, with a free lens."""
        decision = self._weather.decision
        safe = decision is not None and decision.safe and not capped(self._ground.state)
        return safe and self._switches.values.scheduler and self._night.judgement() is None

    def _captures(self, waiting: Waiting) -> bool:
        """Whether a capture of its own may still run, so that its frames are not known yet."""
        return waiting.resume and Camera.TELE in self._hands.capturing

    async def _taken(self, session_id: str) -> int:
        facts = await asyncio.to_thread(self._store.journal(session_id).load)
        return _frames(facts)["taken"]

    # -- counting ---------------------------------------------------------------------------------------

    async def _count(self) -> None:
        """Count what the telescope did of sessions of ours, and have it forget that."""
        if self._ground.telescope.connection is not ConnectionState.CONNECTED:
            return
        now = self._ground.clock.now()
        known = {one.id for one in self._known}
        self._remember(self._remembered & (known | self._given.keys()))  # it knows nothing more of the others
        for one in self._known:
            if not one.ours or one.busy(now) or one.to_come(now):
                continue
            if one.id not in self._counted:
                await self._credit(one)
                self._counted.add(one.id)
                if self.dispatcher is not None:
                    self.dispatcher.kick()
            await self._take_back(one.id)

    async def _credit(self, schedule: OwnSchedule) -> None:
        waiting = next(
            (one for one in self._queue() if schedule_id(self._ground.id, one.session_id) == schedule.id),
            None,
        )
        began = [task for task in schedule.tasks if task.state is not TaskState.WAITING]
        if waiting is None or not began:
            return
        record = await self._record(schedule, waiting, began[0])
        if record is None or record.taken == 0:
            return
        journal = self._store.journal(waiting.session_id)
        facts = await asyncio.to_thread(journal.load) or {}
        started_at = facts.setdefault("started_at", schedule.begins.isoformat())
        folders = facts.get("folders") or []
        if record.folder in folders:
            return
        before = _frames(facts)
        counted = {"taken": before["taken"] + record.taken, "stacked": before["stacked"] + record.stacked}
        facts["frames"] = {**(facts.get("frames") or {}), Camera.TELE.value: counted}
        facts["folders"] = [*folders, record.folder]
        await asyncio.to_thread(journal.save, facts)
        _LOGGER.info("The telescope took %d frames of %s by itself", record.taken, waiting.session_id)
        if self.dispatcher is not None:
            began_at = datetime.fromisoformat(started_at)
            self.dispatcher.put(replace(waiting, resume=True, began=began_at))

    async def _record(
        self, schedule: OwnSchedule, waiting: Waiting, task: ScheduledTask
    ) -> CaptureReport | None:
        """The telescope's own record of what it took; AgentError while it can be hoped to tell later."""
        found = capture_of(waiting)
        if found is None:
            return None
        step, target = found
        begins = task.begins or schedule.begins
        try:
            records = await self._ground.telescope.recorded_captures(Camera.TELE, begins)
        except AgentError as error:
            self._tried[schedule.id] = tries = self._tried.get(schedule.id, 0) + 1
            if tries < _TRIES:
                raise
            _LOGGER.warning("What the telescope did by itself cannot be counted: %s", error)
            return None
        asked = Asked(task.frames, step.exposure.seconds if step.exposure is not None else 0.0, target)
        ours = [one for one in records if not contradiction(asked, begins, one, CaptureFacts())]
        return max(ours, key=lambda one: one.taken, default=None)

    # -- inside -----------------------------------------------------------------------------------------

    def _queue(self) -> Sequence[Waiting]:
        return self.dispatcher.queue if self.dispatcher is not None else ()

    @property
    def _known(self) -> tuple[OwnSchedule, ...]:
        return self._ground.telescope.schedules

    def _hear(self, event: Event) -> None:
        if event.telescope != self._ground.id:
            return
        if isinstance(event, SessionProgress):
            self._until = event.estimated_end or self._until
            return
        if isinstance(event, SessionStarted):
            self._until = None
        if isinstance(event, _NEWS):
            self._news.set()


def _asked(task: ScheduledTask) -> tuple[object, ...]:
    return task.target, task.exposure, task.gain, task.filter, task.frames


def _names(saved: object) -> set[str]:
    return {name for name in saved if isinstance(name, str)} if isinstance(saved, list) else set()


def _frames(facts: dict[str, Any] | None) -> dict[str, int]:
    """The tele frames that a journal knows of; it was made sound when it was read."""
    found = ((facts or {}).get("frames") or {}).get(Camera.TELE.value) or {}
    return {key: int(found.get(key, 0)) for key in ("taken", "stacked")}
