"""Where a connection is, and what ends that when nothing else does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

_LOGGER = logging.getLogger(__name__)


class Phase(StrEnum):
    """The life of a connection that keeps itself."""

    STOPPED = "stopped"  # not started yet, or ended for good
    CONNECTING = "connecting"  # the network thread tries to reach the broker
    GREETING = "greeting"  # the network connection stands, the broker has not answered yet
    SUBSCRIBING = "subscribing"  # let in; the subscriptions are being confirmed
    READY = "ready"  # messages go both ways
    PAUSING = "pausing"  # before another network thread tries


_NEXT = {
    Phase.STOPPED: {Phase.CONNECTING},
    Phase.CONNECTING: {Phase.CONNECTING, Phase.GREETING, Phase.PAUSING, Phase.STOPPED},
    Phase.GREETING: {Phase.GREETING, Phase.CONNECTING, Phase.SUBSCRIBING, Phase.PAUSING, Phase.STOPPED},
    Phase.SUBSCRIBING: {Phase.CONNECTING, Phase.READY, Phase.PAUSING, Phase.STOPPED},
    Phase.READY: {Phase.CONNECTING, Phase.PAUSING, Phase.STOPPED},
    Phase.PAUSING: {Phase.CONNECTING, Phase.STOPPED},
}


class ConnectionState:
    """Owner of the phase. A phase may have one deadline; leaving the phase forgets it."""

    def __init__(self) -> None:
        self._phase = Phase.STOPPED
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def accepted(self) -> bool:
        """Whether the broker has let us in."""
        return self._phase in (Phase.SUBSCRIBING, Phase.READY)

    def to(
        self, phase: Phase, deadline_s: float | None = None, missed: Callable[[], None] = lambda: None
    ) -> bool:
        """Enter a phase; `missed` is called unless it is left by `deadline_s`. False: it cannot follow."""
        if phase not in _NEXT[self._phase]:
            _LOGGER.debug("MQTT: %s does not follow %s", phase, self._phase)
            return False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._phase = phase
        if deadline_s is not None:
            self._deadline = asyncio.get_running_loop().call_later(deadline_s, missed)
        return True
