"""What the parts of the library driver share: the process, the link as it is, and what the telescope does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any

from agent.capabilities import Camera, Capabilities
from agent.clock import Clock
from agent.events import Telemetry
from agent.telescope.dwarf.catalogue import DeviceConfig
from agent.telescope.dwarf.http import DwarfHttp
from agent.telescope.dwarf.state import CaptureRecord, Phase
from agent.telescope.dwarf.wire.codes import error_for
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.dwarf.wire.notifications import State
from agent.telescope.errors import (
    CommandTimeoutError,
    HeldByOtherError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import (
    ConnectionChanged,
    ConnectionState,
    Identity,
    TelemetryReport,
    TelescopeEvent,
)
from agent.telescope.library.limits import Limits
from agent.telescope.library.process import LibraryProcess, Reply, Status

_LOGGER = logging.getLogger(__name__)

_WAITED_S = 149.0  # the library gives up after 150 s without a message
_SLAVE = -15  # the library's own number for "another client commands"
_ITS_OWN = frozenset({-1, -5, -10, _SLAVE})  # as warnings: not started, timed out, interrupted, slave
_LIBRARYS_OWN_ID = "0000DAF3-0000-1000-8000-00805F9B34FB"
_UP = (ConnectionState.CONNECTED, ConnectionState.HELD_BY_OTHER)


@dataclass(frozen=True, slots=True)
class LibraryOptions:
    """How to run the library.

    `model` is "D2", "D3", "mini" or "auto"; `python` the interpreter that has it ("" is the agent's own).
    `client_id` is what the telescope knows us by. With `keep_control` its lock is never given back.
    """

    model: str = "auto"
    python: str = ""
    client_id: str = _LIBRARYS_OWN_ID
    keep_control: bool = False


class Core:
    """One telescope as the library shows it. Owner of everything it holds."""

    def __init__(
        self,
        *,
        process: Callable[[Callable[[Status], None], Callable[[str], None]], LibraryProcess],
        http: DwarfHttp,
        folder: Path,
        limits: Limits,
        clock: Clock,
        capabilities: Capabilities,
        emit: Callable[[TelescopeEvent], None],
    ) -> None:
        self.process = process(self._take, self._process_ended)
        self.http = http
        self.folder = folder
        self.limits = limits
        self.clock = clock
        self.capabilities = capabilities
        self.config: DeviceConfig | None = None
        self.identity: Identity | None = None
        self.telemetry = Telemetry()
        self.zone: tzinfo | None = None
        self.captures = {camera: CaptureRecord(camera) for camera in Camera}
        self.unfinished: set[str] = set()  # activities that were begun and may still go on
        self.still_from = 0.0  # a mount that was stopped swings on until then, by the clock's monotonic time
        self.connection = ConnectionState.CLOSED
        self.up = asyncio.Event()
        self.down = asyncio.Event()
        self.expected = ""  # why the link is about to be lost, when we know
        self._emit = emit
        self._status: Status = {}
        self._link = 0
        self._doubted: set[Camera] = set()  # captures whose state must be asked for: we were away

    # -- the link ---------------------------------------------------------------------------------------

    @property
    def linked(self) -> bool:
        """Whether the library has a connection."""
        return bool(self._status.get("linked")) and self.process.running

    @property
    def commanding(self) -> bool:
        """Whether the telescope takes this client's commands, as far as it said."""
        return self._status.get("host") is not False

    @property
    def doubted(self) -> bool:
        """Whether a capture ran when the link was lost, and nothing was heard of it since."""
        return bool(self._doubted)

    def require_link(self) -> None:
        """Raise unless the telescope is connected."""
        if self.connection not in _UP:
            raise UnreachableError(
                "The telescope is not connected.", hint="Check that it is on and on this network."
            )

    def require_control(self) -> None:
        """Raise unless the telescope is connected and takes our commands."""
        self.require_link()
        if self.connection is ConnectionState.HELD_BY_OTHER:
            raise HeldByOtherError(
                "Another client controls the telescope.",
                hint="Close the phone app, or wait until it lets go.",
            )

    def tell(self, state: ConnectionState, message: str = "") -> None:
        """The link changed."""
        changed = state is not self.connection
        self.connection = state
        if changed or message:
            self._emit(ConnectionChanged(state, message))

    def ready(self) -> None:
        """The telescope is connected and known."""
        self._link = self._status.get("link", 0)
        self.expected = ""
        self.down.clear()
        self.tell(ConnectionState.CONNECTED if self.commanding else ConnectionState.HELD_BY_OTHER)
        self.up.set()
        self._take(self._status)

    def lost(self, why: str, state: ConnectionState = ConnectionState.CONNECTING) -> None:
        """The link broke, or its process did; or we close it."""
        self._status = {"linked": False}
        if self.connection not in _UP:
            if state is ConnectionState.CLOSED:
                self.tell(state)
            return
        self.up.clear()
        self.down.set()
        self.unfinished.clear()
        for camera, record in self.captures.items():
            if record.active:
                record.missed = True
                self._doubted.add(camera)
            record.changed.set()
        self._tell_telemetry(host=None, tracking=None)
        expected, self.expected = self.expected, ""
        self.tell(state, expected or why)

    # -- asking -----------------------------------------------------------------------------------------

    async def call(self, function: str, *args: Any, doing: str, limit: float) -> Reply:
        """Call one of the library's functions, and judge nothing."""
        return await self.ask("call", doing=doing, limit=limit, name=function, args=list(args))

    async def ask(self, verb: str, *, doing: str, limit: float, **args: Any) -> Reply:
        """Ask the worker for something, and judge nothing."""
        self.require_link()
        return await self.process.call(verb, doing=doing, limit=limit, **args)

    async def order(self, function: str, *args: Any, doing: str, limit: float | None = None) -> Reply:
        """Call one of the library's functions; the error of its failure when it fails."""
        self.require_control()
        reply = await self.call(function, *args, doing=doing, limit=limit or self.limits.simple)
        self.judge(reply, doing)
        return reply

    def judge(self, reply: Reply, doing: str) -> None:
        """Raise unless a call went well. The library says only that it did not; we heard why."""
        if reply.value is True or (reply.value is not False and reply.value == 0):
            return
        if not self.linked:
            raise UnreachableError(f"{doing}: the link to the telescope broke.")
        if not self.commanding or _SLAVE in reply.codes():
            raise HeldByOtherError("Another client controls the telescope.", hint="Close the phone app.")
        code = device_code(reply)
        if code is not None:
            raise error_for(code, doing, Generation.V2)
        if reply.seconds >= _WAITED_S:
            raise CommandTimeoutError(f"{doing}: nothing more was heard of it for 150 s.")
        raise TransientError(f"{doing} failed; the library does not say why.", code="library_failed")

    @contextmanager
    def activity(self, name: str) -> Iterator[None]:
        """While the telescope does something that must be stopped when we stop waiting for it."""
        self.unfinished.add(name)
        try:
            yield
        except CommandTimeoutError:
            raise
        except TelescopeError:
            self.unfinished.discard(name)
            raise
        else:
            self.unfinished.discard(name)

    def set_tracking(self, target: str | None) -> None:
        """The library does not keep what is tracked; we know what we asked for."""
        self._tell_telemetry(tracking=target)

    # -- captures ---------------------------------------------------------------------------------------

    async def look(self) -> None:
        """Ask what runs, and bring the captures in line with the answer."""
        reply = await self.ask("look", doing="Asking what the telescope does", limit=self.limits.look)
        if not reply.value:
            raise UnreachableError("The link to the telescope broke.")
        self._doubted.clear()
        for camera, record in self.captures.items():
            running = bool(self._status.get(camera.value, {}).get("running"))
            if running:
                record.reconcile(running=True)
            elif record.phase is Phase.STARTING:
                record.abandon()
            else:
                record.reconcile(running=False)
        self._take(self._status)

    def begun(self, camera: Camera) -> None:
        """The telescope captures now."""
        self.captures[camera].state(State.RUNNING)
        self._take(self._status)  # it may have ended between two looks

    def stopped(self, camera: Camera) -> None:
        """The telescope closed a capture."""
        self.captures[camera].state(State.STOPPED)

    def running(self, camera: Camera) -> bool:
        """What the library's client last knew."""
        return bool(self._status.get(camera.value, {}).get("running"))

    # -- what the process says ----------------------------------------------------------------------------

    def _take(self, status: Status) -> None:
        self._status = status
        if self.connection not in _UP:
            return
        if not status.get("linked") or status.get("link") != self._link:
            self.lost("the link to the telescope broke")
            return
        wanted = ConnectionState.CONNECTED if self.commanding else ConnectionState.HELD_BY_OTHER
        if wanted is not self.connection:
            held = wanted is ConnectionState.HELD_BY_OTHER
            self.tell(wanted, "another client controls the telescope" if held else "")
        for camera, record in self.captures.items():
            self._take_capture(record, status.get(camera.value, {}))
        self._tell_telemetry(
            host=status.get("host"),
            battery=_number(status.get("battery")),
            temperature=_number(status.get("temperature"), float),
            storage_free_gb=_number(status.get("storage_free_gb"), float),
            storage_total_gb=_number(status.get("storage_total_gb"), float),
            focus_position=_number(status.get("focus_position")),
        )

    def _take_capture(self, record: CaptureRecord, news: dict[str, Any]) -> None:
        if record.phase is Phase.STARTING:
            return  # the library counts a capture as running when it merely asked for one
        before = record.progress()
        running, taken, stacked = bool(news.get("running")), news.get("taken", 0), news.get("stacked", 0)
        if running and not record.active:
            record.state(State.RUNNING)
        if running:
            self._doubted.discard(record.camera)
        if record.active and (taken or stacked):
            record.stacked = stacked
            record.taken = max(taken, stacked)
            record.exposing = True
        if record.progress() != before:
            record.changed.set()
            self._emit(record.progress())
        if not running and record.phase is Phase.RUNNING and record.camera not in self._doubted:
            record.state(State.STOPPED)

    def _process_ended(self, why: str) -> None:
        if self.connection in _UP and not self.expected:
            _LOGGER.warning("The library's process is gone: %s", why)
        self.lost("the library's process ended")
        self.down.set()

    def _tell_telemetry(self, **changes: Any) -> None:
        changed = replace(self.telemetry, **changes)
        if changed != self.telemetry:
            self.telemetry = changed
            self._emit(TelemetryReport(changed))


def device_code(reply: Reply) -> int | None:
    """The telescope's own number for the last failure of a call; None when it gave none."""
    failures = [
        code
        for kind, code, _ in reply.heard
        if code and (kind == "ERROR" or (kind == "WARNING" and code not in _ITS_OWN))
    ]
    return failures[-1] if failures else None


def _number(value: Any, kind: type[int] | type[float] = int) -> Any:
    return kind(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
