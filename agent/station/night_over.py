"""The end of a night as the whole station does it, and that it is over: nothing runs, and nothing will."""

from __future__ import annotations

from collections.abc import Callable

from agent.events import (
    Event,
    NightOver,
    QueueChanged,
    Reason,
    SessionEnded,
    SessionStarted,
    SessionWaiting,
    StatusChanged,
)
from agent.execute.orders import Ending, EndKind
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.waiting import Waiting
from agent.sky.nights import next_solar_noon
from agent.station.ground import Ground
from agent.station.night import Night
from agent.station.runner import Running
from agent.station.status import StationStatus


class Nights:
    """Owner of whether the end of this night was told."""

    def __init__(
        self,
        ground: Ground,
        night: Night,
        status: StationStatus,
        dispatcher: Callable[[], Dispatcher],
        running: Callable[[], Running | None],
    ) -> None:
        self._ground = ground
        self._night = night
        self._status = status
        self._dispatcher = dispatcher
        self._running = running
        self._ran = False  # a session ran since the last end of a night was told
        self._told = False
        ground.bus.subscribe(self._hear)

    def end(self, reason: Reason, message: str) -> None:
        """Start nothing more before the next solar noon, and have the closing steps done."""
        self._night.end(reason, message, runs=self._running() is not None)
        self._dispatcher().kick()
        self._look()

    def end_now(self, reason: Reason, message: str) -> None:
        """The same, and end what runs."""
        if (running := self._running()) is not None:
            running.orders.end(Ending(EndKind.END_NIGHT, reason, message))
        if self._night.judgement() is None:
            self.end(reason, message)

    def undo(self) -> bool:
        """Undo the end of the night; false when it was not over."""
        was_over = self._night.undo()
        self._dispatcher().kick()
        self._look()
        return was_over

    def left(self) -> tuple[Waiting, ...]:
        """What may still run tonight."""
        return () if self._night.judgement() is not None else self._dispatcher().queue

    def stands_still(self, standstill: SessionWaiting | None) -> None:
        """Why due sessions do not run, or None."""
        self._status.stands_still(standstill)
        self._look()

    def _hear(self, event: Event) -> None:
        if event.telescope != self._ground.id:
            return
        match event:
            case SessionStarted():
                self._told = False
            case SessionEnded(result=result) if result.started_at is not None:
                self._ran = True
            case StatusChanged() | QueueChanged():
                self._look()

    def _look(self) -> None:
        """Tell that it is over, if it is so and was not told."""
        ended = self._night.judgement()
        self._status.night_over(ended if self._anything_left() else None)
        if self._dispatcher().running is not None:
            return
        if ended is None and not (self._ran and not self._anything_left()):
            self._told = False
            return
        if not self._told:
            self._told, self._ran = True, False
            self._ground.bus.publish(
                NightOver(
                    telescope=self._ground.id,
                    at=self._ground.clock.now(),
                    reason=ended.reason if ended else None,
                    message=ended.message if ended else "Every session of the night is done.",
                )
            )

    def _anything_left(self) -> bool:
        ground = self._ground
        noon = next_solar_noon(ground.clock.now(), ground.site, ground.zone)
        return any(waiting.start is None or waiting.start < noon for waiting in self._dispatcher().queue)
