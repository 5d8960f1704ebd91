"""Keeps a telescope connected: for ever, patiently, and quietly after the first warning."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from agent.clock import Clock
from agent.telescope.dwarf.link.connection import Connection, LinkLostError, place_of
from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.dwarf.wire.envelope import Packet
from agent.telescope.errors import TelescopeError, UnreachableError
from agent.telescope.interface import ConnectionState

_LOGGER = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0  # most losses are a passing weakness of the Wi-Fi
PAUSE_FACTOR = 1.8
LONGEST_PAUSE_S = 60.0  # a telescope that was switched on is found within a minute
LOST_PAUSE_S = 3.5  # one that was there is found sooner: an attempt that nobody answers is no load to it
LOST_FAILURES = 4  # such attempts count no further: what comes after them is a new trouble
LOST_FOR_S = 3600.0  # for as long as a session holds on to it
HELD_PAUSE_S = 30.0  # the phone app holds a telescope for minutes, not seconds
STABLE_AFTER_S = 30.0  # a connection that lasted this long starts the count of failures anew
JITTER = 0.2  # several agents and telescopes after a power cut must not march in step

StateListener = Callable[[ConnectionState, str], None]


class Link:
    """Owns the connection. `greet` runs on each fresh connection; only then does it count as connected.

    `on_garbled` hears of each frame that could not be read;
    `on_state` is told the state and a message.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        rng: random.Random,
        greet: Callable[[], Awaitable[None]],
        on_packet: Callable[[Packet], None],
        on_state: StateListener,
        on_garbled: Callable[[], None] = lambda: None,
        recorder: Recorder | None = None,
    ) -> None:
        self._url = url
        self._clock = clock
        self._rng = rng
        self._greet = greet
        self._on_packet = on_packet
        self._on_garbled = on_garbled
        self._on_state = on_state
        self._recorder = recorder
        self._state = ConnectionState.CLOSED
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._resting = False
        self._expected = ""
        self._failures = 0
        self._said = ""  # why there is no link, as it was told last
        self._up_at: float | None = None  # it was last connected then, in this life

    @property
    def state(self) -> ConnectionState:
        """The link as it is now."""
        return self._state

    @property
    def resting(self) -> bool:
        """Whether the telescope is left alone until `wake`."""
        return self._resting

    def start(self) -> None:
        """Begin to connect; harmless when begun."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"link to {self._url}")

    async def close(self) -> None:
        """Close the connection and stop renewing it."""
        task, self._task = self._task, None
        if task is None:
            return
        self._expected = "closed"
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        self._set(ConnectionState.CLOSED, "closed")

    async def send(self, data: bytes) -> None:
        """Send a packet; UnreachableError without a connection."""
        if self._connection is None:
            raise UnreachableError(
                "The telescope is not connected.", hint="Check that it is on and on this network."
            )
        await self._connection.send(data)

    def expect_loss(self, why: str) -> None:
        """The next loss is no surprise (the telescope was told to switch off or restart)."""
        self._expected = why

    def move(self, url: str) -> None:
        """Connect to another address from the next attempt on, and make it soon."""
        self._url = url
        self._wake.set()

    async def rest(self, why: str) -> None:
        """Drop the connection and stay away until `wake`, so that other clients find the telescope free."""
        self._resting = True
        self._expected = why
        if self._connection is not None:
            await self._connection.close()

    def wake(self) -> None:
        """Connect now: ends a rest, and shortens a pause."""
        self._resting = False
        self._wake.set()

    async def _run(self) -> None:
        while True:
            if self._resting:
                self._set(ConnectionState.RESTING, self._expected)
                self._wake.clear()
                await self._wake.wait()
            try:
                await self._once()
            except Exception:
                _LOGGER.exception("The link to the telescope stumbled; connecting anew")
                await self._recover(LinkLostError("The link stumbled over an error of its own."), 0.0)

    async def _once(self) -> None:
        if self._state is not ConnectionState.HELD_BY_OTHER:
            self._set(ConnectionState.CONNECTING)
        began, answered = self._clock.monotonic(), False
        try:
            connection = await Connection.open(self._url, self._recorder)
            answered, self._expected = True, ""
            self._connection = connection
            try:
                await self._serve(connection)
            finally:
                self._connection = None
                await connection.close()
        except LinkLostError as error:
            await self._recover(error, self._clock.monotonic() - began, answered=answered)

    async def _serve(self, connection: Connection) -> None:
        """Read while greeting; return never, raise LinkLostError when the connection is lost."""
        reader = asyncio.create_task(
            connection.run(self._on_packet, self._on_garbled), name="telescope reader"
        )
        greeting = asyncio.create_task(self._welcome(), name="telescope greeting")
        try:
            await asyncio.wait({reader, greeting}, return_when=asyncio.FIRST_COMPLETED)
            if not reader.done():
                greeting.result()
            await reader
        finally:
            for task in (reader, greeting):
                task.cancel()
            await asyncio.gather(reader, greeting, return_exceptions=True)

    async def _welcome(self) -> None:
        try:
            await self._greet()
        except LinkLostError:
            raise
        except TelescopeError as error:
            raise LinkLostError(f"The telescope could not be greeted: {error}") from error
        if self._failures:
            _LOGGER.info("Connected to the telescope at %s again", place_of(self._url))
        else:
            _LOGGER.info("Connected to the telescope at %s", place_of(self._url))
        if self._recorder is not None:
            self._recorder.event("connected")
        self._set(ConnectionState.CONNECTED)

    async def _recover(self, error: LinkLostError, lasted: float, *, answered: bool = True) -> None:
        expected = self._expected
        was_up = self._state is ConnectionState.CONNECTED
        if was_up:
            self._up_at = self._clock.monotonic()
        self._failures = 1 if was_up and lasted >= STABLE_AFTER_S else self._failures + 1
        if self._recorder is not None and was_up:
            self._recorder.event("lost", error.message)
        level = logging.WARNING if self._failures == 1 and not expected else logging.DEBUG
        _LOGGER.log(level, "No link to the telescope: %s", expected or error)
        if self._resting:
            return
        state = ConnectionState.HELD_BY_OTHER if error.held else ConnectionState.CONNECTING
        self._set(state, expected or error.message)
        longest = LONGEST_PAUSE_S
        if self._just_lost and not answered:
            longest, self._failures = LOST_PAUSE_S, min(self._failures, LOST_FAILURES)
        pause = min(longest, FIRST_PAUSE_S * PAUSE_FACTOR ** min(self._failures - 1, 16))
        if error.held:
            pause = max(pause, HELD_PAUSE_S)
        await self._pause(pause * self._rng.uniform(1 - JITTER, 1 + JITTER))

    @property
    def _just_lost(self) -> bool:
        return self._up_at is not None and self._clock.monotonic() - self._up_at < LOST_FOR_S

    async def _pause(self, seconds: float) -> None:
        self._wake.clear()
        sleep = asyncio.create_task(self._clock.sleep(seconds), name="pause before reconnecting")
        wake = asyncio.create_task(self._wake.wait(), name="wake")
        try:
            await asyncio.wait({sleep, wake}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            wake.cancel()

    def _set(self, state: ConnectionState, message: str = "") -> None:
        changed = state is not self._state or (message and message != self._said)
        self._state = state
        if changed:
            self._said = message
            self._on_state(state, message)
