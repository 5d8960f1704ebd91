"""A simulated telescope, whole: switched on for as long as its context is open."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.clock import Clock, ScaledClock, SystemClock
from agent.telescope.simulator import schedule
from agent.telescope.simulator.broken_rules import BrokenRule, BrokenRulesError
from agent.telescope.simulator.clients import Clients
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faultbox import FaultBox
from agent.telescope.simulator.ftp import FtpServer
from agent.telescope.simulator.history import History, Received
from agent.telescope.simulator.http import HttpServer
from agent.telescope.simulator.options import SimulatorOptions
from agent.telescope.simulator.replay import Recording, ReplayedDwarf
from agent.telescope.simulator.server import Server
from agent.telescope.simulator.state import State

# Some clients look only every second: real seconds that a capture, and the way from the answer to
# switching off to the end of the link, must last for them.
_SHORTEST_S = 2.5
_SHORTEST_FRAME_S = 0.12


class SimulatedDwarf:
    """A telescope on the wire. Inside `async with` it has `port` and `http_port`; it needs no clients."""

    def __init__(self, options: SimulatorOptions | None = None, clock: Clock | None = None) -> None:
        self.options = options or SimulatorOptions()
        self.clock = clock or clock_for(self.options)
        self.device = Device(self.options, self.clock)
        self.device.after_restart = partial(schedule.power_on, self.device)
        self.clients = Clients(self.device)
        self._server = Server(self.device, self.clients)
        self._http = HttpServer(self.device, self.clients)
        self._ftp: FtpServer | None = None
        if self.options.ftp_port is not None:
            self._ftp = FtpServer(self.device, self.options.ftp_port)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.device.close)
            await stack.enter_async_context(self._http)
            await stack.enter_async_context(self._server)
            if self._ftp is not None:
                await stack.enter_async_context(self._ftp)
            self.device.boot()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        if kind is None and self.device.errors:
            raise ExceptionGroup(
                "the simulator failed", [one for one in self.device.errors if isinstance(one, Exception)]
            )
        if kind is None and self.options.strict and self.broken_rules:
            raise BrokenRulesError(self.broken_rules)

    @property
    def port(self) -> int:
        """The WebSocket port in use."""
        return self._server.port

    @property
    def http_port(self) -> int:
        """The HTTP port in use."""
        return self._http.port

    @property
    def card_port(self) -> int | None:
        """The port in use for the files of the card; None without one of their own."""
        return self._http.card_port

    @property
    def stream_port(self) -> int | None:
        """The port in use for live pictures; None without one of their own."""
        return self._http.stream_port

    @property
    def ftp_port(self) -> int | None:
        """The FTP port in use; None without FTP."""
        return None if self._ftp is None else self._ftp.port

    @property
    def state(self) -> State:
        """What the telescope remembers now."""
        return self.device.state

    @property
    def power(self) -> str:
        """ "on", "off" or "rebooting"."""
        return self.device.power

    @property
    def faults(self) -> FaultBox:
        """The faults in force; `add` takes a fault or its text."""
        return self.device.faults

    @property
    def history(self) -> History:
        """What truly happened on the hardware."""
        return self.device.history

    @property
    def broken_rules(self) -> list[BrokenRule]:
        """What clients did that this firmware does not take, oldest first."""
        return self.device.broken_rules

    @property
    def received(self) -> list[Received]:
        """Every request that arrived, oldest first."""
        return self._server.received


def clock_for(options: SimulatorOptions) -> Clock:
    """Return the clock these options ask for: the machine's, or one that runs faster."""
    return SystemClock() if options.speed == 1 else ScaledClock(options.speed)


async def serve(options: SimulatorOptions, clock: Clock | None = None) -> None:
    """Run a simulated telescope until cancelled."""
    async with SimulatedDwarf(patient(options), clock):
        await asyncio.Event().wait()


async def serve_recording(path: Path, options: SimulatorOptions, clock: Clock | None = None) -> None:
    """Play a recording on the options' host and ports until cancelled.

    RecordingError when it cannot be read.
    """
    recording = Recording.read(path)
    replayed = ReplayedDwarf(
        recording,
        clock or clock_for(options),
        host=options.host,
        port=options.port,
        http_port=options.http_port,
    )
    async with replayed:
        await asyncio.Event().wait()


def patient(options: SimulatorOptions) -> SimulatorOptions:
    """Return the options with what clients must not be late for lasting long enough in real time."""
    shortest = _SHORTEST_S * options.speed
    return replace(
        options,
        minimum_session_s=max(options.minimum_session_s, shortest),
        goodbye_s=max(options.goodbye_s, shortest),
        shortest_frame_s=max(options.shortest_frame_s, _SHORTEST_FRAME_S * options.speed),
        in_focus_s=options.in_focus_s * max(1.0, options.speed),
    )
