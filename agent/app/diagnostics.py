"""What the agent tells of its own health: its log level, and the errors it logged since its start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from agent.clock import Clock
from agent.errors import AgentError
from agent.requests import Code

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
TELL_EVERY_S = 10.0  # a storm of errors is one message
_OURS = "agent"

Tell = Callable[[str, int], None]  # log level, errors


class Diagnostics(logging.Handler):
    """Owner of the log level and the count of errors; `run` tells both when they change."""

    def __init__(self, tell: Tell, clock: Clock) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell
        self._clock = clock
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        """Count an error; called from any thread. Its text stays in the log: topics are read by others."""
        self._count += 1
        self._wake()

    def set_level(self, level: object) -> str:
        """Log from this level on; AgentError for a word that is none."""
        word = str(level).lower()
        if word not in LEVELS:
            raise AgentError(
                f"There is no log level {level!r}.",
                code=Code.INVALID.value,
                hint="One of: " + ", ".join(LEVELS),
            )
        logging.getLogger(_OURS).setLevel(LEVELS[word])
        self._wake()
        return word

    async def run(self) -> None:
        """Listen to the log and tell what changes, until cancelled."""
        self._loop = asyncio.get_running_loop()
        logging.getLogger().addHandler(self)
        try:
            while True:
                told = self._count
                self._changed.clear()
                self._tell(_level(), self._count)
                await self._changed.wait()
                if self._count != told:
                    await self._clock.sleep(TELL_EVERY_S)
        finally:
            logging.getLogger().removeHandler(self)

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)


def _level() -> str:
    number = logging.getLogger(_OURS).getEffectiveLevel()
    return next((word for word, known in LEVELS.items() if number <= known), "error")
