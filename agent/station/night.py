"""The end of a night before its time: nothing more begins, and the closing steps of its sessions run."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from agent.errors import AgentError
from agent.events import Failure, Reason, Status
from agent.session.sections import Shutdown
from agent.verdict import Verdict

if TYPE_CHECKING:
    from agent.station.station import Station

_LOGGER = logging.getLogger(__name__)

NIGHT_CHANGES = time(18)  # local; the table of results changes its night then as well
LOOK_EVERY_S = 2.0  # the running session is waited for this often
_KEY = "night_over"


class NightEnd:
    """Owner of whether one station's night is over; remembered across restarts."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._over = _restored(station.state.get(_KEY))
        self._wanted = asyncio.Event()
        self._ran: Shutdown | None = None

    def end(self, reason: Reason, message: str) -> None:
        """Start nothing more until the next evening; the closing steps follow what still runs."""
        local = self._station.clock.now().astimezone(self._station.zone)
        evening = datetime.combine(local.date(), NIGHT_CHANGES, self._station.zone)
        if evening <= local:
            evening += timedelta(days=1)
        self._remember((evening, reason, message))
        running = self._station.running
        self._ran = running.waiting.document.shutdown if running is not None else None
        _LOGGER.info("The night is over until %s: %s", evening.isoformat(timespec="minutes"), message)
        self._wanted.set()
        self._station.dispatcher.kick()

    def undo(self) -> bool:
        """Let the night go on; false when it was not over."""
        was_over = self.judgement() is not None
        self._remember(None)
        self._station.dispatcher.kick()
        return was_over

    def judgement(self) -> Verdict | None:
        """What the whole queue waits for; None while the night goes on."""
        if self._over is None:
            return None
        until, reason, message = self._over
        if self._station.clock.now() < until:
            return Verdict(False, reason, f"The night is over: {message}", until)
        self._remember(None)
        return None

    async def run(self) -> None:
        """Run the closing steps after each end of a night, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._station.dispatcher.running is not None:
                await self._station.clock.sleep(LOOK_EVERY_S)
            if self._over is not None:
                await self._close(*self._wishes(self._over[0]))

    def _wishes(self, evening: datetime) -> tuple[bool, bool]:
        """Whether to park, to power down: what tonight's sessions ask for, and the last one has not done."""
        wishes = [
            waiting.document.shutdown
            for waiting in self._station.dispatcher.queue
            if waiting.document.shutdown is not None and (waiting.start is None or waiting.start < evening)
        ]
        done = self._ran
        return (
            any(wish.park for wish in wishes) and not (done is not None and done.park),
            any(wish.power_down for wish in wishes) and not (done is not None and done.power_down),
        )

    async def _close(self, park: bool, power_down: bool) -> None:
        station = self._station
        if not (park or power_down):
            return
        station.status.say(Status.FINISHING, reason=Reason.USER, message="closing steps of the night")
        try:
            await station.telescope.take_control()
            if park:
                await station.telescope.park()
            if power_down:
                await station.telescope.shutdown()
        except AgentError as error:
            _LOGGER.warning("The closing steps of the night failed: %s", error)
            station.status.manual_done()
            station.status.problem(Failure(error.code, error.message, error.hint))
            return
        station.status.manual_done(parked=park)
        _LOGGER.info("The closing steps of the night are done")

    def _remember(self, over: tuple[datetime, Reason, str] | None) -> None:
        self._over = over
        kept = None if over is None else [over[0].isoformat(), over[1].value, over[2]]
        self._station.state.set(**{_KEY: kept})


def _restored(saved: object) -> tuple[datetime, Reason, str] | None:
    if not isinstance(saved, list) or len(saved) != 3:
        return None
    until, reason, message = saved
    try:
        instant = datetime.fromisoformat(until)
        return (instant, Reason(reason), str(message)) if instant.tzinfo is not None else None
    except (TypeError, ValueError):
        return None
