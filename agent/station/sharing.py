"""The telescope between sessions: left to the phone app, looked after from afar, taken back for work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent.events import Reason
from agent.schedule.waiting import Waiting
from agent.telescope.interface import ConnectionState

if TYPE_CHECKING:
    from agent.station.shown_filter import ShownFilter
    from agent.station.station import Station

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
    }
)
"""What a session can wait for while the telescope is left alone; telemetry needs it, and so does the link."""


class Sharing:
    """Owner of whether one telescope is held although nothing runs."""

    def __init__(self, station: Station, shown_filter: ShownFilter, poll_s: float) -> None:
        self._station = station
        self._filter = shown_filter
        self._poll_s = poll_s
        self._needed_at = 0.0
        self._freed = False

    def used(self) -> None:
        """The telescope was needed just now, by a session or by a person."""
        self._needed_at = self._station.clock.monotonic()
        self._freed = False

    async def stay(self) -> None:
        """Watch the link until it is lost; free the telescope without work, take it back for work."""
        telescope, clock = self._station.telescope, self._station.clock
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
                    await telescope.open()
                    return
            elif resting:
                if clock.monotonic() - looked_at >= LOOK_EVERY_S:
                    looked_at = clock.monotonic()
                    if not await telescope.answers():
                        await telescope.open()  # it is gone: look for it as for any other
                        return
            elif self._may_be_freed():
                self._freed = True
                await telescope.release_control()
            if not resting:
                await self._filter.look()
            await clock.sleep(self._poll_s)

    def _may_be_freed(self) -> bool:
        idle_s = self._station.clock.monotonic() - self._needed_at
        return idle_s >= FREE_AFTER_S and not self._freed and not self._station.own.keep_control

    def _has_work(self) -> bool:
        station = self._station
        soon = station.clock.now() + WORK_SOON
        waits = any(_wants_soon(waiting, soon) for waiting in station.dispatcher.queue)
        return waits or station.running is not None or station.dispatcher.running is not None


def _wants_soon(waiting: Waiting, soon: datetime) -> bool:
    if waiting.due_at is not None and waiting.due_at > soon:
        return False
    return waiting.brief.waits_for not in _NEED_NO_TELESCOPE
