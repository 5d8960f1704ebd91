"""Questions and answers over one Bluetooth connection."""

from __future__ import annotations

import logging
from typing import TypeVar

from agent.clock import Clock
from agent.telescope.dwarf.bluetooth.errors import AnswerError, DamagedFrameError, NoAnswerError
from agent.telescope.dwarf.bluetooth.framing import Assembler, encode
from agent.telescope.dwarf.bluetooth.messages import Answer, Request, read_answer, to_message
from agent.telescope.dwarf.bluetooth.transport import BleLink

_LOGGER = logging.getLogger(__name__)

ANSWER_LIMIT_S = 10.0  # the telescope answers within a second; weak links repeat for several

A = TypeVar("A", bound=Answer)


class Conversation:
    """Asks one question at a time: answers carry the command, and nothing else to tell them apart."""

    def __init__(self, link: BleLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._assembler = Assembler()

    async def ask(self, request: Request, kind: type[A], limit_s: float = ANSWER_LIMIT_S) -> A:
        """Return the answer to `request`; its error code as an error, NoAnswerError after `limit_s`."""
        self._assembler.reset()
        try:
            async with self._clock.timeout(limit_s):
                for frame in encode(to_message(request)):
                    await self._link.write(frame)
                answer = await self._answer(request)
        except TimeoutError:
            raise NoAnswerError(
                f"The telescope did not answer over Bluetooth within {limit_s:g} s "
                f"({request.command.name.lower()}).",
                hint="Close the phone app, move closer and try again.",
            ) from None
        if not isinstance(answer, kind):
            raise AnswerError(f"The telescope answered {request.command.name.lower()} with something else.")
        return answer

    async def _answer(self, request: Request) -> Answer:
        while True:
            for heard in self._assembler.feed(await self._link.receive()):
                if isinstance(heard, DamagedFrameError):
                    raise heard
                answer = read_answer(heard, request)
                if answer is not None:
                    return answer
                _LOGGER.debug("a message for Bluetooth command %d came unasked", heard.command)
