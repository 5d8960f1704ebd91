"""That a night is over: nothing runs, and nothing more will before the next one. Told once a night."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.events import Event, NightOver, QueueChanged, SessionEnded, SessionStarted, StatusChanged
from agent.schedule.waiting import Waiting
from agent.sky.nights import next_solar_noon
from agent.station.ground import Ground
from agent.station.night import Night


class NightWatch:
    """Owner of whether the end of this night was told."""

    def __init__(
        self,
        ground: Ground,
        night: Night,
        queue: Callable[[], Sequence[Waiting]],
        running: Callable[[], bool],
    ) -> None:
        self._ground = ground
        self._night = night
        self._queue = queue
        self._running = running
        self._ran = False  # a session ran since the last end of a night was told
        self._told = False

    def hear(self, event: Event) -> None:
        """Listen to the bus."""
        if event.telescope != self._ground.id:
            return
        match event:
            case SessionStarted():
                self._told = False
            case SessionEnded(result=result) if result.started_at is not None:
                self._ran = True
            case StatusChanged() | QueueChanged():
                self.look()

    def look(self) -> None:
        """Tell it, if it is so and was not told."""
        if self._running():
            return
        ended = self._night.judgement()
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
        return any(waiting.start is None or waiting.start < noon for waiting in self._queue())
