"""Whether a telescope is there, as far as can be told without taking it from another client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agent.events import AvailabilityChanged
from agent.telescope.interface import ConnectionState

_THERE = frozenset({ConnectionState.CONNECTED, ConnectionState.HELD_BY_OTHER, ConnectionState.RESTING})


class Availability:
    """Owner of one telescope's availability; publishes it with every change of the link."""

    def __init__(
        self, telescope_id: str, publish: Callable[[AvailabilityChanged], None], now: Callable[[], datetime]
    ) -> None:
        self._telescope_id = telescope_id
        self._publish = publish
        self._now = now
        self._online = False
        self._state = ConnectionState.CLOSED

    def link(self, state: ConnectionState, message: str = "") -> None:
        """The link changed. An attempt to connect tells nothing until it has failed."""
        self._state = state
        if state is not ConnectionState.CONNECTING or message:
            self._online = state in _THERE
        self._publish(self.event(message))

    def event(self, message: str = "") -> AvailabilityChanged:
        """The availability as it is now."""
        heard = self._state is ConnectionState.CONNECTED
        return AvailabilityChanged(
            telescope=self._telescope_id, at=self._now(), online=self._online, heard=heard, message=message
        )
