"""The table of commands: which number takes which message, and what the telescope does with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.notices import Notice
from agent.telescope.simulator.options import Generation

logger = logging.getLogger(__name__)

OK = 0
NOT_UNDERSTOOD = -1
BAD_PARAMETER = -3
ASTRO_BUSY = -11501

_RANGES = {
    1: (10000, 10499),
    2: (12000, 12499),
    3: (11000, 11499),
    4: (13000, 13299),
    5: (13500, 13799),
    6: (14000, 14499),
    7: (14800, 14899),
    8: (15000, 15199),
    10: (15500, 15599),
    11: (15700, 15799),
    13: (16100, 16399),
    14: (16400, 16599),
    15: (16700, 16799),
    16: (16800, 16899),
    17: (17000, 17099),
}


class Peer(Protocol):
    """The client that asked."""

    generation: Generation
    client_id: str

    def send(self, *items: Notice) -> None:
        """Notify this client alone."""

    def reply(self, module: int, cmd: int, message: Message) -> None:
        """Answer this client; nothing happens once it has gone."""

    def claim(self, *, lock: bool) -> None:
        """Take or give back the master lock."""

    @property
    def slave(self) -> bool:
        """Whether somebody else controls the telescope."""

    @property
    def locked(self) -> bool:
        """Whether the lock is held by anybody."""


@dataclass(slots=True)
class Call:
    """One request under way. `answer` may be called later than the handler returns, or never."""

    peer: Peer
    module: int
    cmd: int
    request: Any

    def answer(self, message: Message) -> None:
        """Send the answer."""
        self.peer.reply(self.module, self.cmd, message)

    def code(self, code: int) -> None:
        """Send a plain answer."""
        self.answer(common.ComResponse(code=code))


def for_newer(device: Device, call: Call) -> bool:
    """Tell whether this client is served in the form of the newer firmware."""
    if device.options.generation == Generation.BOTH:
        return call.peer.generation == Generation.V3
    return device.options.is_v3


Handler = Callable[[Device, Call], Message | int | None]


@dataclass(frozen=True, slots=True)
class KnownCommand:
    """One command: the messages it takes and answers with, and who understands it.

    `silent_on_v3`: the newer firmware says nothing to it; `hold_up_s`: nor, for so long, to anything else.
    """

    cmd: int
    request: type[Message] | None
    answer: Callable[..., Message]
    handler: Handler
    v2: bool
    v3: bool
    silent_on_v3: bool
    hold_up_s: float


COMMANDS: dict[int, KnownCommand] = {}


def on(
    *numbers: int,
    takes: type[Message] | None = None,
    answers: Callable[..., Message] = common.ComResponse,
    v2: bool = True,
    v3: bool = True,
    silent_on_v3: bool = False,
    hold_up_s: float = 0.0,
) -> Callable[[Handler], Handler]:
    """Register a handler for command numbers.

    It returns a message to answer with, a code for a plain answer, or None when it answers by itself or
    not at all.
    """

    def register(handler: Handler) -> Handler:
        for number in numbers:
            if number in COMMANDS:
                raise ValueError(f"command {number} has two handlers")
            COMMANDS[number] = KnownCommand(number, takes, answers, handler, v2, v3, silent_on_v3, hold_up_s)
        return handler

    return register


def find(module: int, cmd: int) -> KnownCommand | None:
    """Return the command of that number, if it belongs to that module."""
    first, last = _RANGES.get(module, (1, 0))
    return COMMANDS.get(cmd) if first <= cmd <= last else None


def understood(command: KnownCommand, generation: Generation) -> bool:
    """Tell whether firmware of that generation knows the command."""
    if generation == Generation.BOTH:
        return True
    return command.v2 if generation == Generation.V2 else command.v3
