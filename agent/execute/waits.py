"""What a step waits for before it is tried again: the telescope, or room on the disk."""

from __future__ import annotations

import contextlib

from agent.errors import Problem
from agent.events import Reason, Status
from agent.execute.brake import Brake, HeldError
from agent.execute.context import StepFailedError, Surroundings
from agent.execute.journal import Journal, UnwrittenError
from agent.goals import Level
from agent.telescope.errors import HeldByOtherError, UnreachableError

_JOURNAL = "journal"


class Waits:
    """Waits that are told, and broken off by every order to the session."""

    def __init__(self, around: Surroundings, brake: Brake, journal: Journal) -> None:
        self._around = around
        self._brake = brake
        self._journal = journal

    async def for_telescope(self, error: UnreachableError, lost_since: float) -> None:
        """Return when it is there and ours, or something is to be tried; StepFailedError past the limit."""
        around = self._around
        limit = around.options.reconnect_limit_s - (around.clock.monotonic() - lost_since)
        if limit <= 0:
            message = f"The telescope stayed away for too long: {error.message}"
            raise StepFailedError(message, code=error.code, hint=error.hint) from error
        held = isinstance(error, HeldByOtherError)
        reason = Reason.HELD_BY_OTHER if held else Reason.LOST_CONNECTION
        around.status.say(Status.WAITING, reason=reason, message=error.message)
        # a time-out or a new refusal brings the caller back here with less of the limit left
        with contextlib.suppress(TimeoutError, UnreachableError, HeldError):
            async with around.clock.timeout(limit):
                await self._brake.timed(reason, self._brake.attended(self._reconnected(held)))

    async def for_room(self, error: UnwrittenError) -> None:
        """Return when the journal is written, or the session is held; as long as that takes."""
        self._tell(error.problem())
        self._around.status.say(Status.WAITING, reason=Reason.RETRY, message=error.message)
        written = self._journal.written(every_s=self._around.options.retry_pause_s)
        try:
            with contextlib.suppress(HeldError):
                await self._brake.timed(Reason.RETRY, self._brake.attended(written))
        finally:
            self._tell(None)

    def _tell(self, problem: Problem | None) -> None:
        self._around.status.problem(_JOURNAL, problem)

    async def _reconnected(self, held: bool) -> None:
        around = self._around
        if held:
            await around.clock.sleep(around.options.retry_pause_s)
        await around.telescope.wait_connected()
        await around.hands.perform(Level.SESSION, lambda telescope: telescope.take_control(), moves=False)
