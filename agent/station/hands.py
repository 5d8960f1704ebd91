"""The hands on one telescope: the only code that commands it, and keeper of what it has to come to.

Sessions and people have their work performed here, one after the other. Whoever wants the telescope to stand
still, to be parked or switched off leaves a wish; the task `serve` works towards all wishes together until
the telescope itself shows that it is there, however often it takes, and sees to it that it stays there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from typing import TypeVar

from agent.capabilities import Camera
from agent.errors import AgentError
from agent.events import Reason
from agent.execute.recognition import BEGINS_WITHIN
from agent.goals import Goal, Level, PreemptedError, Wish, merged
from agent.station.belief import Belief
from agent.station.ground import Ground
from agent.station.kept_wishes import Held, kept, outliving, restored
from agent.station.safing import Safing, Stranger
from agent.station.safing_status import DOING, SafingStatus
from agent.station.status import StationStatus
from agent.station.turn import Turn
from agent.telescope.interface import (
    CaptureProgress,
    CaptureReport,
    ConnectionChanged,
    ConnectionState,
    SchedulesReport,
    TelemetryReport,
    Telescope,
    TelescopeEvent,
)

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Telescope], Awaitable[T]]

AGAIN_CAPTURING_S = 10.0  # between two attempts to stop a shutter that should be closed
AGAIN_S = 60.0  # between two attempts otherwise, and between two looks at a telescope that is there
UPKEEP_S = 12 * 3600.0  # what a night leaves to be closed is closed in that night, or not by us
_KEY = "hands"


class Hands:
    """Owner of all that a telescope is told to do, and of the wishes about it."""

    def __init__(self, ground: Ground, telescope: Telescope, status: StationStatus) -> None:
        self._ground = ground
        self._telescope = telescope
        self._status = status
        self._turn = Turn(ground.clock)
        self._changed = asyncio.Event()
        self._told = SafingStatus(status)
        self.session_id = ""  # the session that runs
        self.closing = False  # that session was told to end; what it closes with comes before a switch
        self.taken = False  # a person moves the telescope just now
        self._held: dict[Hashable, Held] = {}
        open_shutters, self._kept = restored(ground.state.get(_KEY))
        self._belief = Belief(ground, open_shutters)
        self._safing = Safing(ground.clock, self._belief, self._told, self._goal)
        self.alignment = self._belief.alignment  # what holds of calibration and focus
        telescope.listen(self._hear)

    # -- what others ask --------------------------------------------------------------------------------

    @property
    def capturing(self) -> frozenset[Camera]:
        """The cameras whose shutter was opened and was not seen to be closed."""
        return frozenset(self._belief.capturing)

    @property
    def parked(self) -> bool:
        """Whether the telescope was seen to be folded, and not moved since."""
        return self._belief.parked

    @property
    def linked(self) -> bool:
        """Whether the telescope is there to be told."""
        return self._belief.linked

    @property
    def busy(self) -> bool:
        """Whether the telescope is being moved, captures, or is still on its way to rest."""
        on_its_way = not self.reached and (self.linked or self._belief.moved)
        return self._turn.busy or bool(self._belief.capturing) or on_its_way

    @property
    def stopping(self) -> bool:
        """Whether the telescope is to stand still and was not seen to."""
        goal = self._goal()
        return goal is not None and not (self._belief.at_rest or self._spares(goal))

    @property
    def reached(self) -> bool:
        """Whether the telescope is seen to be where all wishes want it."""
        goal = self._goal()
        return goal is None or self._is_there(goal)

    def hold(self, level: Level, *, besides: Hashable = None) -> Wish | None:
        """The weightiest wish that keeps this level from moving the telescope; nothing keeps safety from it.

        `besides` leaves a holder's own out, or those of a frozenset of holders.
        """
        left_out = besides if isinstance(besides, frozenset) else {besides}
        wishes = [held.wish for holder, held in self._held.items() if holder not in left_out]
        blocking = [wish for wish in wishes if wish.level >= level]
        return None if level is Level.SAFETY else max(blocking, key=lambda wish: wish.level, default=None)

    def trouble(self) -> str:
        """Why the telescope is not yet where it is wanted; "" while nothing stands in the way."""
        return self._told.trouble

    def changed(self) -> Awaitable[object]:
        """Return what is over when a wish came, went or was fulfilled after this call."""
        return self._changed.wait()

    # -- wishes -----------------------------------------------------------------------------------------

    def want(self, holder: Hashable, wish: Wish) -> asyncio.Future[bool]:
        """Leave a wish, one a holder; true once the telescope is seen to be there, false if withdrawn."""
        held = self._held.get(holder)
        if wish.park and not (held is not None and held.wish.park):
            self._belief.wanted_parked()
        if held is not None and not held.reached.done():
            held.wish = wish
        else:
            self._held[holder] = held = Held(wish, self._ground.clock.monotonic())
        if wish.level > Level.UPKEEP:
            self._turn.break_off(wish, up_to=Level(wish.level - 1))
        self._notify()
        return asyncio.shield(held.reached)

    def stop_all(self, holder: Hashable, reason: Reason, message: str) -> asyncio.Future[bool]:
        """Want everything stopped, whoever moves it."""
        wish = Wish(Level.SAFETY, reason, message, own_schedule=True)
        self._belief.is_to_stop()
        self._turn.break_off(wish, up_to=Level.SAFETY)
        return self.want(holder, wish)

    def withdraw(self, holder: Hashable) -> None:
        """Take a wish back; harmless when there is none."""
        held = self._held.pop(holder, None)
        if held is not None:
            if not held.reached.done():
                held.reached.set_result(False)
            self._notify()

    # -- work -------------------------------------------------------------------------------------------

    async def perform(self, level: Level, work: Work[T], *, moves: bool = True, wait: bool = True) -> T:
        """Perform work as soon as it may and its turn comes; PreemptedError when it may not go on.

        Without `wait` that is also raised when it may not begin. Work that does not move the telescope says
        so: what was seen of it stays true.
        """
        if moves:
            for holder in [one for one, held in self._held.items() if held.wish.level is Level.UPKEEP]:
                self.withdraw(holder)
        while True:
            while (wish := self.hold(level)) is not None:
                if not wait:
                    raise PreemptedError(wish)
                await self.changed()
            async with self._turn.lock:
                if self.hold(level) is None:
                    return await self._do(level, work, moves=moves)

    async def aside(self, work: Work[T]) -> T:
        """Perform work that moves nothing and minds nothing: it waits for no turn, and nothing for it."""
        return await work(self._telescope)

    async def park(self) -> None:
        """Stop and fold the telescope because a person wants it, whatever the weather."""
        await self.perform(Level.SAFETY, self._safing.fold)

    async def switch_off(self) -> None:
        """Stop the telescope and switch it off because a person wants it."""
        await self.perform(Level.SAFETY, self._safing.power_down)

    async def tell_to_stop(self, limit_s: float) -> None:
        """Tell the telescope once more to stop, and wait no longer than that: there is no more time."""
        if (goal := self._goal()) is not None and self._spares(goal):
            return
        try:
            async with self._ground.clock.timeout(limit_s):
                await self._telescope.halt()
        except (AgentError, TimeoutError) as error:
            _LOGGER.warning("The telescope was not seen to stop: %s", error or "time ran out")
        except Exception:
            _LOGGER.exception("The telescope could not be stopped, by a defect of the agent or of a driver")
        else:
            return
        self._told.left()

    def capture_opened(self, camera: Camera) -> None:
        """A shutter is about to open."""
        self._safing.opened(camera, BEGINS_WITHIN.total_seconds())
        self._remember()

    def capture_left_open(self, camera: Camera, stranger: Stranger, may_begin_s: float) -> None:
        """An earlier life of the agent opened a shutter, or it may still open for so long.

        `stranger` tells what speaks against a capture that is found being that one, "" when nothing does.
        """
        self._safing.opened(camera, may_begin_s, stranger)
        self._remember()

    def capture_closed(self, camera: Camera, *, taken_over: bool = False) -> None:
        """A capture was seen to be over; `taken_over`: another client's runs in its place."""
        if taken_over:
            self._belief.left_to_others(camera)
        self._belief.capturing.discard(camera)
        self._remember()

    def take_report(self, camera: Camera) -> CaptureReport | None:
        """What the telescope said when its capture was stopped; each is told once."""
        return self._safing.take_report(camera)

    # -- the task ---------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Work towards the wishes for ever."""
        before, self._kept = self._kept, ()
        for wish in before:
            self.want(f"before the restart: {'park' if wish.park else 'stop'}", wish)
        while True:
            changed = self._changed
            self._settle()
            goal = self._goal()
            if goal is None:
                self._told.over()
                self._told.seen()
                self._belief.off = False
                await changed.wait()
            elif self._spares(goal):
                self._told.over()
                self._belief.others_turn()
                if not await self._within(AGAIN_S, changed) and self._belief.others:
                    await self._look_again()
            elif self._belief.is_there(goal):
                self._told.over()
                if not await self._within(AGAIN_S, changed):
                    await self._look_again()
            elif not self._belief.may_get_there(goal):
                self._not_there(goal, "it does not answer", "It is done as soon as the telescope is back.")
                await changed.wait()
            elif not await self._try(goal):
                await self._within(AGAIN_CAPTURING_S if self._belief.capturing else AGAIN_S, changed)

    async def _try(self, goal: Goal) -> bool:
        self._told.attempts += 1
        late = asyncio.create_task(self._late(goal), name="late")
        try:
            async with self._turn.lock:
                self._told.begins(goal, capturing=bool(self._belief.capturing), parked=self._belief.parked)
                self._remember()
                await self._approach(self._telescope)
        except AgentError as error:
            self._not_there(goal, error.message, error.hint)
        except TimeoutError:
            self._not_there(goal, "it took too long", "")
        except Exception as error:
            _LOGGER.exception("The telescope could not be %s, by a defect of the agent", DOING[goal.kind])
            failed = f"the agent failed ({type(error).__name__})"
            self._not_there(goal, failed, "Please report it with the log.")
        else:
            return True
        finally:
            late.cancel()
        return False

    async def _approach(self, telescope: Telescope) -> None:
        """Do what is wanted, one thing after the other; each only if it still is wanted by then."""
        if (goal := self._goal()) is not None and not (self._belief.at_rest or self._spares(goal)):
            await self._safing.stop(telescope)
            self._settle()
        if (goal := self._goal()) is None or self._spares(goal):
            return
        if goal.park and not self._belief.parked:
            self._told.begins(goal, capturing=False, parked=False)
            await self._safing.fold(telescope)
            self._settle()
        if (goal := self._goal()) is not None and goal.off and not self._belief.off:
            await self._safing.power_down(telescope)

    async def _late(self, goal: Goal) -> None:
        """Say that an attempt takes longer than it should, while it goes on; motors take their time."""
        await self._ground.clock.sleep(AGAIN_CAPTURING_S)
        if self._belief.at_rest:
            await self._ground.clock.sleep(AGAIN_S)
        self._not_there(goal, "it does not obey", "")

    async def _look_again(self) -> None:
        """See that a telescope that has to stand still does so; only one that is there can be asked."""
        try:
            async with self._turn.lock:
                running = await self._safing.running(self._telescope) if self.linked else set()
        except AgentError as error:
            _LOGGER.debug("Whether the telescope stands still is not told: %s", error)
        except Exception as error:
            _LOGGER.exception("Whether the telescope stands still is not told, by a defect of its driver")
            self._told.unseen(f"the agent failed ({type(error).__name__})")
        else:
            self._told.seen()
            if not self._belief.theirs(self._goal()):
                self._belief.captures(running)

    async def _do(self, level: Level, work: Work[T], *, moves: bool) -> T:
        if moves:
            self._belief.moves()
        try:
            return await self._turn.perform(level, work(self._telescope))
        finally:
            self._status.parked(self._belief.parked)

    # -- inside -----------------------------------------------------------------------------------------

    def _goal(self) -> Goal | None:
        """What all wishes come to now. The switch comes last: a session that ends may have to close first."""
        wishes = [held.wish for held in self._held.values()]
        if self.closing:
            wishes = [wish if wish.level is Level.UPKEEP else replace(wish, off=False) for wish in wishes]
        return merged(wishes)

    def _spares(self, wanted: Goal | Wish) -> bool:
        """Whether the telescope is left alone: it does for others what this is not meant to stop.

        A shutter that we opened is closed all the same.
        """
        belief = self._belief
        return not wanted.own_schedule and not belief.capturing and bool(belief.others or belief.carries_out)

    def _is_there(self, wanted: Goal | Wish) -> bool:
        """Whether the telescope is where that wants it; what it does by its own schedule does not count."""
        if self._spares(wanted):
            return not (wanted.park or wanted.off)
        return self._belief.is_there(wanted)

    def _settle(self) -> None:
        """Tell those whose wish is fulfilled; what does not stand is over, and so is old upkeep."""
        self._status.parked(self._belief.parked)
        now = self._ground.clock.monotonic()
        for holder, held in tuple(self._held.items()):
            wish = held.wish
            if wish.level is Level.UPKEEP and now - held.since > UPKEEP_S:
                _LOGGER.warning("It is too late to bring the telescope to rest for: %s", wish.message)
                self.withdraw(holder)
            elif self._is_there(wish):
                if not held.reached.done():
                    held.reached.set_result(True)
                    self._notify()
                if not wish.standing:
                    del self._held[holder]
                    self._notify()
        self._remember()

    def _not_there(self, goal: Goal, why: str, hint: str) -> None:
        """Tell it, unless nothing is known to be wrong with a telescope that is away."""
        wishes = (held.wish for held in self._held.values())
        to_stop = any(wish.level > Level.UPKEEP and not wish.standing for wish in wishes)
        known = self._ground.telescope.identity is not None
        if self._belief.capturing or to_stop or (known and (self.linked or goal.park or goal.off)):
            self._told.fails(goal, why, hint, capturing=bool(self._belief.capturing))
            self._remember()

    def _hear(self, event: TelescopeEvent) -> None:
        match event:
            case ConnectionChanged(state=ConnectionState.CONNECTED):
                self._back()
                self._notify()
            case ConnectionChanged(state=state):
                self._belief.away(state)
                self._notify()
            case SchedulesReport():
                self._notify()
            case TelemetryReport():
                self._belief.in_sight()
            case CaptureProgress(camera=camera) if self._forbidden:
                _LOGGER.warning("The %s camera captures although it should not", camera.value)
                self._belief.captures({camera})
                self._notify()

    @property
    def _forbidden(self) -> bool:
        """Whether a telescope that was seen to stand still is to stay so."""
        goal = self._goal()
        return goal is not None and self._belief.still and not self._belief.theirs(goal)

    def _back(self) -> None:
        """The telescope is back: what was seen of it holds no longer."""
        goal = self._goal()
        if self._belief.back(park=goal is not None and goal.park):  # and it is not for us to switch it off
            for held in self._held.values():
                if held.wish.level is Level.UPKEEP:
                    held.wish = replace(held.wish, off=False)

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _within(self, seconds: float, changed: asyncio.Event) -> bool:
        """Wait for a change; false when there was none for so long."""
        try:
            async with self._ground.clock.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return False
        return True

    def _remember(self) -> None:
        goal = outliving(self._held)
        unreached = goal if goal is not None and not self._is_there(goal) else None
        self._ground.state.set(**{_KEY: kept(self._belief.capturing, unreached)})
