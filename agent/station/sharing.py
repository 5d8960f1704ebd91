"""The telescope between sessions: left to the phone app, looked after from afar, taken back for work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from agent.capabilities import Camera, Capabilities
from agent.events import Event, Reason, SessionEnded, SessionProgress
from agent.goals import Level, PreemptedError
from agent.schedule.waiting import Waiting
from agent.session.plan import Plan
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.switches import SwitchBoard
from agent.telescope.errors import TelescopeError
from agent.telescope.interface import ConnectionState

_LOGGER = logging.getLogger(__name__)

FREE_AFTER_S = 300.0  # without work for this long, the telescope is free for the phone app
LOOK_EVERY_S = 60.0  # a telescope that is left alone is asked this often whether it is still there
WORK_SOON = timedelta(minutes=5)  # a session this near is work: connecting and telemetry take a moment

_STAYS = (ConnectionState.CONNECTED, ConnectionState.RESTING, ConnectionState.HELD_BY_OTHER)
_NEED_NO_TELESCOPE = frozenset(
    {
        Reason.WEATHER,
        Reason.TWILIGHT,
        Reason.SUN,
        Reason.ALTITUDE,
        Reason.HORIZON,
        Reason.MOON,
        Reason.USER,
        Reason.RETRY,
        Reason.OWN_SCHEDULE,
    }
)
"""What a session can wait for while the telescope is left alone; telemetry needs it, and so does the link."""


class Sharing:
    """Owner of whether one telescope is held although nothing runs."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        shown_filter: ShownFilter,
        queue: Callable[[], Sequence[Waiting]],
        *,
        keep_control: bool,
        poll_s: float,
        needed: Callable[[], bool],
    ) -> None:
        """`needed` tells of anything else for which the telescope has to stay in reach."""
        self._ground = ground
        self._hands = hands
        self._filter = shown_filter
        self._queue = queue
        self._needed = needed
        self._keep_control = keep_control
        self._poll_s = poll_s
        self._needed_at = 0.0
        self._freed = False

    def used(self) -> None:
        """The telescope was needed just now, by a session or by a person."""
        self._needed_at = self._ground.clock.monotonic()
        self._freed = False

    async def stay(self) -> None:
        """Watch the link until it is lost; free the telescope without work, take it back for work."""
        telescope, clock = self._ground.telescope, self._ground.clock
        self.used()
        looked_at = clock.monotonic()
        while telescope.connection in _STAYS:
            if telescope.connection is ConnectionState.HELD_BY_OTHER:
                await clock.sleep(self._poll_s)
                continue
            resting = telescope.connection is ConnectionState.RESTING
            if self._has_work():
                self.used()
                if resting:
                    return await self._wake()
            elif resting:
                if clock.monotonic() - looked_at >= LOOK_EVERY_S:
                    looked_at = clock.monotonic()
                    if not await telescope.answers():
                        return await self._wake()  # it is gone: look for it as for any other
            elif self._may_be_freed():
                with suppress(PreemptedError):
                    await self._hands.perform(Level.SAFETY, lambda one: one.release_control(), moves=False)
                    self._freed = True
            if not resting and not self._hands.session_id:
                await self._filter.look()
            await clock.sleep(self._poll_s)
        return None

    async def _wake(self) -> None:
        with suppress(PreemptedError):
            await self._hands.perform(Level.SAFETY, lambda telescope: telescope.open(), moves=False)

    def _may_be_freed(self) -> bool:
        idle_s = self._ground.clock.monotonic() - self._needed_at
        at_rest = self._hands.reached and not self._hands.capturing
        return idle_s >= FREE_AFTER_S and not self._freed and not self._keep_control and at_rest

    def _has_work(self) -> bool:
        soon = self._ground.clock.now() + WORK_SOON
        if self._hands.session_id or self._needed():
            return True
        return any(_wants_soon(waiting, soon) for waiting in self._queue())


class ShownFilter:
    """Keeps the filter that people see equal to the one in front of the tele camera.

    From a session's plan while it takes frames, else as the telescope says.
    """

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        switches: SwitchBoard,
        capabilities: Callable[[], Capabilities | None],
        plan: Callable[[], Plan | None],
    ) -> None:
        self._ground = ground
        self._hands = hands
        self._switches = switches
        self._capabilities = capabilities
        self._plan = plan
        self._stale = True

    def hear(self, event: Event) -> None:
        """Listen to the bus."""
        if event.telescope != self._ground.id:
            return
        match event:
            case SessionProgress(step=label, frames=frames) if frames.taken:
                self._from_plan(label)
            case SessionEnded():
                self._stale = True

    def link(self, state: ConnectionState) -> None:
        """The link changed; while it was away anybody may have turned the filter."""
        self._stale = self._stale or state is ConnectionState.CONNECTED

    async def look(self) -> None:
        """Ask the telescope, if what is shown may be wrong; not while a session has its cameras."""
        capabilities = self._capabilities()
        if not self._stale or capabilities is None:
            return
        self._stale = False
        filters = capabilities.cameras[Camera.TELE].filters
        if not filters:
            return
        try:
            read = await self._hands.perform(Level.SAFETY, lambda one: one.read(Camera.TELE), moves=False)
        except PreemptedError:
            self._stale = True
            return
        except TelescopeError as error:
            _LOGGER.debug("The filter is not told: %s", error)
            return
        self._show(next((known.name for known in filters if known.value == read.filter), ""))

    def _from_plan(self, label: str) -> None:
        """A capture takes frames, so its settings were set and read back."""
        plan = self._plan()
        for step in plan.steps if plan is not None else ():
            if step.label == label and step.camera is Camera.TELE and step.filter is not None:
                self._show(step.filter.name)

    def _show(self, name: str) -> None:
        if name and name != self._switches.values.filter:
            self._switches.change(filter=name)


def _wants_soon(waiting: Waiting, soon: datetime) -> bool:
    if waiting.due_at is not None and waiting.due_at > soon:
        return False
    return waiting.brief.waits_for not in _NEED_NO_TELESCOPE
