"""One WebSocket connection to a telescope, from its opening to its loss."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.dwarf.wire.envelope import MalformedError, Packet
from agent.telescope.errors import WHAT_TO_CHECK, UnreachableError

_LOGGER = logging.getLogger(__name__)

# All of these are seconds of the loop's time: they judge the network, which a faster clock does not speed up.
OPEN_LIMIT_S = 10.0  # a telescope on Wi-Fi answers the handshake within one; some need a few after waking
FIRST_PING_S = 2.0  # other clients begin then, and the telescope expects it
PING_EVERY_S = 10.0  # the habit of every client known
SILENT_LIMIT_S = 35.0  # three pings in a row without any sign of life: the connection is half-open
SEND_LIMIT_S = 10.0  # a frame that cannot leave for that long goes nowhere
CLOSE_LIMIT_S = 2.0  # a polite goodbye, no more
HELD_WITHIN_S = 2.0  # a telescope that another client holds closes this soon after the handshake

MAX_FRAME_BYTES = 4 * 1024 * 1024  # the largest answers are some kilobytes
_LOST = "Check that the telescope is on and on this network."
_HELD = "Close the phone app, or wait until it lets go."
OCCUPIED_REASON, OCCUPIED_CODE = "DEVICE_OCCUPIED", 4409  # either comes without the other


class LinkLostError(UnreachableError):
    """The connection could not be made, or broke. `held` when another client holds the telescope."""

    def __init__(self, message: str, *, held: bool = False, hint: str = "") -> None:
        super().__init__(message, hint=hint or (_HELD if held else _LOST))
        self.held = held


def place_of(url: str) -> str:
    """Return host and port of an address without what else it carries, such as our client id."""
    return urlsplit(url).netloc


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number is not None and number > 0:
        return os.strerror(number).lower()
    return str(getattr(error, "strerror", None) or error).rstrip(".") or type(error).__name__


def _pass() -> None:
    """Nobody needs to hear of it."""


class Connection:
    """An open connection. `run` reads until it breaks; `send` writes."""

    def __init__(self, socket: ClientConnection, recorder: Recorder | None = None) -> None:
        self._socket = socket
        self._recorder = recorder
        self._opened_at = self._heard_at = asyncio.get_running_loop().time()
        self._packets = 0
        self.garbled = 0  # frames that could not be read
        self._gone = ""

    @classmethod
    async def open(cls, url: str, recorder: Recorder | None = None) -> Connection:
        """Connect; LinkLostError when nobody answers, or not as a telescope does."""
        try:
            socket = await connect(
                url,
                proxy=None,
                compression=None,
                open_timeout=OPEN_LIMIT_S,
                close_timeout=CLOSE_LIMIT_S,
                ping_interval=None,
                max_size=MAX_FRAME_BYTES,
            )
        except TimeoutError as error:
            raise LinkLostError(
                f"The telescope at {place_of(url)} does not answer within {OPEN_LIMIT_S:.0f} s.",
                hint=WHAT_TO_CHECK,
            ) from error
        except (OSError, EOFError, WebSocketException) as error:
            raise LinkLostError(
                f"The telescope at {place_of(url)} cannot be reached: {_reason(error)}.", hint=WHAT_TO_CHECK
            ) from error
        return cls(socket, recorder)

    async def send(self, data: bytes) -> None:
        """Send one packet; LinkLostError when the connection is gone or stuck."""
        if self._recorder is not None:
            self._recorder.frame("out", data)
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                await self._socket.send(data)
        except TimeoutError as error:
            self._abort("the telescope takes no more data")
            raise LinkLostError("The telescope takes no more data.") from error
        except ConnectionClosed as error:
            raise self._lost() from error

    async def run(self, on_packet: Callable[[Packet], None], on_garbled: Callable[[], None] = _pass) -> None:
        """Read until the connection is lost, which raises LinkLostError; `on_garbled` hears of no packets."""
        keep_alive = asyncio.create_task(self._keep_alive(), name="telescope keep-alive")
        try:
            while True:
                self._receive(await self._socket.recv(), on_packet, on_garbled)
        except ConnectionClosed as error:
            raise self._lost() from error
        finally:
            keep_alive.cancel()
            if self.garbled > 1:
                _LOGGER.warning("Of what the telescope sent, %d frames were unreadable", self.garbled)

    async def close(self) -> None:
        """Say goodbye, briefly. Never raises for a connection that is gone."""
        try:
            await self._socket.close()
        except (OSError, WebSocketException):
            self._abort("closed")

    def _receive(
        self, frame: str | bytes, on_packet: Callable[[Packet], None], on_garbled: Callable[[], None]
    ) -> None:
        self._heard()
        if isinstance(frame, str):
            return  # "pong"
        if self._recorder is not None:
            self._recorder.frame("in", frame)
        try:
            packet = Packet.decode(frame)
        except MalformedError as error:
            self.garbled += 1
            on_garbled()
            level = logging.WARNING if self.garbled == 1 else logging.DEBUG
            _LOGGER.log(level, "The telescope sent something unreadable: %s", error)
            return
        self._packets += 1
        on_packet(packet)

    def _heard(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()

    async def _keep_alive(self) -> None:
        await asyncio.sleep(FIRST_PING_S)
        loop = asyncio.get_running_loop()
        try:
            while True:
                if loop.time() - self._heard_at > SILENT_LIMIT_S:
                    self._abort(f"no sign of life for {SILENT_LIMIT_S:.0f} s")
                    return
                async with asyncio.timeout(SEND_LIMIT_S):
                    await self._socket.send("ping")
                    pong = asyncio.ensure_future(await self._socket.ping())
                pong.add_done_callback(self._ponged)
                await asyncio.sleep(PING_EVERY_S)
        except TimeoutError:
            self._abort("the telescope takes no more data")
        except ConnectionClosed:
            return

    def _ponged(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            self._heard()

    def _abort(self, why: str) -> None:
        self._gone = why
        self._socket.transport.abort()

    def _lost(self) -> LinkLostError:
        if self._gone:
            return LinkLostError(f"The connection broke: {self._gone}.")
        code, reason = self._socket.close_code, self._socket.close_reason or ""
        if code == OCCUPIED_CODE or OCCUPIED_REASON in reason:
            return LinkLostError("Another client holds the telescope.", held=True)
        lasted = asyncio.get_running_loop().time() - self._opened_at
        if code not in (None, 1006) and self._packets == 0 and lasted < HELD_WITHIN_S:
            return LinkLostError("The telescope closed at once; another client seems to hold it.", held=True)
        return LinkLostError(f"The telescope closed the connection ({code}{' ' + reason if reason else ''}).")
