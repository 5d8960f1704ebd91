"""The parts of one telescope that its commands share: questions, state, identity, time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import tzinfo

from google.protobuf.message import Message

from agent.capabilities import Capabilities
from agent.clock import Clock
from agent.telescope.dwarf.catalogue import DeviceConfig
from agent.telescope.dwarf.completion import Completion
from agent.telescope.dwarf.generation import Dialect
from agent.telescope.dwarf.http import DwarfHttp
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.patience import limit
from agent.telescope.dwarf.link.requests import Answered, Broken, Exchange, Replies
from agent.telescope.dwarf.proto import common_pb2
from agent.telescope.dwarf.state import DeviceState, Snapshot
from agent.telescope.dwarf.wire.codes import CodeKind, code_kind, describe, error_for
from agent.telescope.dwarf.wire.commands import name_of
from agent.telescope.dwarf.wire.envelope import MalformedError, decode
from agent.telescope.dwarf.wire.notifications import Notification
from agent.telescope.errors import CommandTimeoutError, GarbledLinkError, HeldByOtherError, UnreachableError
from agent.telescope.interface import ConnectionState, Identity

_LOGGER = logging.getLogger(__name__)

SEND_TWICE = 2  # attempts of a command that does no harm when it arrives twice
_HELD_HINT = "Close the phone app, or wait until it lets go"


class Device:
    """One telescope as its commands see it. `link_state` tells how the link is now."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        state: DeviceState,
        http: DwarfHttp,
        dialect: Dialect,
        clock: Clock,
        limits: Limits,
        capabilities: Capabilities,
        link_state: Callable[[], ConnectionState],
    ) -> None:
        self.exchange = exchange
        self.state = state
        self.http = http
        self.dialect = dialect
        self.clock = clock
        self.limits = limits
        self.capabilities = capabilities
        self.model = capabilities.model
        self.identity: Identity | None = None
        self.config: DeviceConfig | None = None
        self.zone: tzinfo | None = None
        self._link_state = link_state
        self.tells_state = False  # it was heard to say what it does

    def require_link(self) -> None:
        """Raise unless the telescope is connected."""
        link = self._link_state()
        if link is ConnectionState.HELD_BY_OTHER:
            raise HeldByOtherError("Another client controls the telescope.", hint=f"{_HELD_HINT}.")
        if link is not ConnectionState.CONNECTED:
            raise UnreachableError(
                "The telescope is not connected.", hint="Check that it is on and on this network."
            )

    def require_control(self) -> None:
        """Raise unless the telescope is connected and takes our commands."""
        self.require_link()
        if self.state.slave:
            raise HeldByOtherError("Another client controls the telescope.", hint=f"{_HELD_HINT}.")

    async def ask(
        self, cmd: int, message: Message | None = None, *, within: float | None = None, attempts: int = 1
    ) -> bytes:
        """Send a command and return its answer's data; CommandTimeoutError when it stays away."""
        unread = self.exchange.unread
        data = message.SerializeToString() if message is not None else b""
        seconds = self.limits.answer if within is None else within
        for attempt in range(1, attempts + 1):
            try:
                async with limit(self.clock, seconds):
                    return await self.exchange.ask(cmd, data)
            except TimeoutError:
                _LOGGER.debug("No answer to %s within %.0f s (attempt %d)", name_of(cmd), seconds, attempt)
        late = CommandTimeoutError(f"The telescope did not answer {name_of(cmd)} within {seconds:.0f} s.")
        raise self.blamed(late, unread)

    async def order(
        self,
        cmd: int,
        message: Message | None = None,
        *,
        doing: str,
        within: float | None = None,
        attempts: int = SEND_TWICE,
    ) -> None:
        """Send a command that is done when it is answered; the error of its code when it failed."""
        data = await self.ask(cmd, message, within=within, attempts=attempts)
        try:
            code = decode(common_pb2.ComResponse, data).code
        except MalformedError:
            data = await self.ask(cmd, message, within=within)
            code = decode(common_pb2.ComResponse, data).code
        self.judge(code, doing)

    def judge(self, code: int, doing: str) -> CodeKind:
        """Raise the error of a code that means failure; log one that is a warning."""
        found = code_kind(code, self.dialect.generation)
        if found is CodeKind.FAILED:
            raise error_for(code, doing, self.dialect.generation)
        if found is CodeKind.WARNING:
            _LOGGER.warning("%s: %s (%d)", doing, describe(code, self.dialect.generation).sentence, code)
        return found

    async def carry_out(
        self,
        cmd: int,
        message: Message | None,
        completion: Completion,
        *,
        total: float,
        news: float | None = None,
    ) -> None:
        """Send a command and follow what the telescope says until `completion` is content or raises."""
        data = message.SerializeToString() if message is not None else b""
        patience = self.limits.news if news is None else news
        unread = self.exchange.unread
        try:
            async with limit(self.clock, total), self.exchange.converse(cmd, data) as replies:
                await self._follow(replies, completion, patience)
        except (TimeoutError, CommandTimeoutError) as error:
            late = f"{completion.doing} did not end within {total:.0f} s."
            known = error if isinstance(error, CommandTimeoutError) else CommandTimeoutError(late)
            raise self.blamed(known, unread) from None

    def blamed(self, error: CommandTimeoutError, unread: int) -> CommandTimeoutError:
        """The error, as one of the link when more than `unread` packets could not be read by now."""
        garbled = self.exchange.unread - unread
        if not garbled:
            return error
        return GarbledLinkError(f"{error.message} Meanwhile {garbled} unreadable frames came.")

    async def query(self) -> Snapshot | None:
        """Ask what the telescope does now, and bring the state of its captures in line with it."""
        snapshot = await self.dialect.query(self)
        if snapshot is not None:
            self.tells_state = True
            for camera, running in snapshot.capturing.items():
                self.state.captures[camera].reconcile(running=running)
            self.state.calibrated = snapshot.calibrated
            if snapshot.moving is False:
                self.state.rests()
        return snapshot

    async def _follow(self, replies: Replies, completion: Completion, news: float) -> None:
        while not completion.done:
            seconds = news if completion.patience is None else completion.patience
            # Its own patience runs out as a matter of course; only silence is judged with indulgence.
            bound = limit(self.clock, seconds) if completion.patience is None else self.clock.timeout(seconds)
            try:
                async with bound:
                    while not completion.see(await _next(replies)):
                        pass
            except MalformedError as error:
                _LOGGER.warning("%s: an answer could not be read: %s", completion.doing, error)
            except TimeoutError:
                await completion.silent(seconds)


async def _next(replies: Replies) -> Notification | Answered:
    event = await replies.get()
    if isinstance(event, Broken):
        raise event.error
    return event
