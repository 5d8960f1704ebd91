"""The telescope's own schedules: asked for on each connection and with each change, given and taken back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from agent.capabilities import Camera
from agent.own_schedule import OURS, OwnSchedule
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.proto import schedule_pb2
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import MalformedError, decode
from agent.telescope.dwarf.wire.notifications import Notification, ScheduleNews
from agent.telescope.dwarf.wire.schedules import GainReading, gain_reading, read_schedules, written
from agent.telescope.errors import CommandTimeoutError, RefusedError, TelescopeError
from agent.telescope.interface import NO_SCHEDULE_HINT

_LOGGER = logging.getLogger(__name__)

_AGAIN_S, _MOST_ASKED = 20.0, 5  # a telescope that answers none of these questions keeps no schedule
_GATHER_S = 1.0  # a schedule and its task change together; one question is enough


class Schedules:
    """Owner of what is known of one telescope's schedules; `tell` hears of every change."""

    def __init__(self, device: Device, tell: Callable[[tuple[OwnSchedule, ...]], None]) -> None:
        self._device = device
        self._tell = tell
        self._asking: asyncio.Task[None] | None = None
        self._stale = False
        self._gains: GainReading | None = None
        self.known: tuple[OwnSchedule, ...] = ()
        self.told = False  # on this connection

    def hear(self, news: Notification) -> None:
        """Take in a notification."""
        if isinstance(news, ScheduleNews):
            self.ask_again()

    def ask_again(self) -> None:
        """What is known may be out of date. Returns at once; nothing else waits for the answer."""
        if not self._device.dialect.own_schedule:
            return
        self._stale = True
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="schedules")

    async def close(self) -> None:
        """Ask no more."""
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking

    async def give(self, wanted: OwnSchedule) -> None:
        """Have the telescope keep it; RefusedError for one that it cannot keep."""
        device, identity = self._device, self._device.identity
        device.require_control()
        if not device.dialect.own_schedule or identity is None:
            raise RefusedError(
                "This telescope keeps no schedule of its own.", code="no_own_schedule", hint=NO_SCHEDULE_HINT
            )
        try:
            schedule = written(
                wanted,
                device_id=identity.device_id,
                model=device.model,
                camera=device.capabilities.cameras[Camera.TELE],
                gains=self._gains or GainReading.DISPLAYED,
            )
        except ValueError as error:
            raise RefusedError(str(error), code="bad_parameter") from error
        request = schedule_pb2.GiveSchedule(schedule=schedule)
        data = await device.ask(Cmd.SYNC_SCHEDULE, request, attempts=2)
        device.judge(decode(schedule_pb2.SyncScheduleAnswer, data).code, "Giving the telescope a schedule")
        self.ask_again()

    async def take_back(self, schedule_id: str) -> None:
        """Have the telescope end it and forget it."""
        device = self._device
        device.require_control()
        if not device.dialect.own_schedule:
            return
        request = schedule_pb2.NameSchedule(id=schedule_id)
        for cmd in (Cmd.CANCEL_SCHEDULE, Cmd.DELETE_SCHEDULE):
            data = await device.ask(cmd, request, attempts=2)
            code = decode(schedule_pb2.NamedScheduleAnswer, data).code
            if code != codes.SCHEDULE_UNKNOWN:
                device.judge(code, "Taking a schedule back from the telescope")
        self.ask_again()

    async def learn(self) -> None:
        """Know them before anything is begun; a telescope that is slow to tell keeps nobody waiting."""
        self.told = False
        if not self._device.dialect.own_schedule:
            self._take(())
        elif not await self._ask_once(self._device.limits.probe):
            self.ask_again()

    async def _ask(self) -> None:
        asked = 0
        while self._stale:
            await self._device.clock.sleep(_GATHER_S)
            self._stale = False
            with suppress(TelescopeError):  # the link broke: the next one asks again
                if not await self._ask_once(self._device.limits.answer) and not self.told:
                    asked, self._stale = asked + 1, True
                    self.told = asked >= _MOST_ASKED
                    await self._device.clock.sleep(_AGAIN_S)

    async def _ask_once(self, within: float) -> bool:
        try:
            data = await self._device.ask(Cmd.GET_SCHEDULES, within=within)
            answer = decode(schedule_pb2.SchedulesAnswer, data)
        except (CommandTimeoutError, MalformedError) as error:
            _LOGGER.debug("The telescope does not tell its own schedule: %s", error)
            return False
        if answer.code != codes.OK:
            _LOGGER.debug("The telescope does not tell its own schedule (%d)", answer.code)
            self.told = True
            return True
        self._gains = gain_reading(answer, OURS) or self._gains
        self._take(read_schedules(answer))
        return True

    def _take(self, found: tuple[OwnSchedule, ...]) -> None:
        self.told = True
        if found != self.known:
            self.known = found
            self._tell(found)
