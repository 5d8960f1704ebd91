"""The second driver: a telescope behind the agent's interface, spoken to by the community's library."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from agent.capabilities import Camera, Capabilities
from agent.clock import Clock, SystemClock
from agent.events import Saved, Telemetry
from agent.targets import Site, SkyTarget, SolarTarget
from agent.telescope.card import Card
from agent.telescope.dwarf.card_files import HttpCard
from agent.telescope.dwarf.http import DwarfHttp
from agent.telescope.dwarf.media import Album, stream_addresses
from agent.telescope.dwarf.models import MODELS, capabilities_for
from agent.telescope.dwarf.telescope import DwarfAddress
from agent.telescope.errors import TelescopeError
from agent.telescope.interface import (
    CameraSettings,
    CaptureProgress,
    CaptureReport,
    ConnectionState,
    EqError,
    Identity,
    Listener,
    Picture,
    Telescope,
    TelescopeEvent,
)
from agent.telescope.library import cameras, captures, motions
from agent.telescope.library.core import Core, LibraryOptions
from agent.telescope.library.folder import check_address, write_place
from agent.telescope.library.keeper import Keeper
from agent.telescope.library.limits import Limits
from agent.telescope.library.process import LibraryProcess

_LOGGER = logging.getLogger(__name__)

AUTO = "auto"
_UNKNOWN_MODEL = "D3"  # tables shown before the first connection when the owner named no model


class LibraryTelescope(Telescope):
    """One telescope, with a library process of its own. Several may live in one agent; they share nothing."""

    def __init__(
        self,
        address: DwarfAddress,
        *,
        options: LibraryOptions | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Prepare; nothing runs before `open`. RefusedError for an address the library cannot be given."""
        check_address(address.host, address.port)
        self._address = address
        self._options = options or LibraryOptions()
        hint = "" if self._options.model == AUTO else self._options.model
        if hint and hint not in MODELS:
            raise ValueError(f"There is no telescope model {hint!r}; choose {AUTO}, {', '.join(MODELS)}.")
        self._limits = limits or Limits()
        self._listeners: list[Listener] = []
        self._task: asyncio.Task[None] | None = None
        self._folder = Path(tempfile.gettempdir(), f"dwarf-library-{uuid.uuid4().hex}")
        self._core = Core(
            process=lambda on_status, on_end: LibraryProcess(
                self._options.python,
                self._folder,
                limits=self._limits,
                on_status=on_status,
                on_end=on_end,
            ),
            http=DwarfHttp(address.host, address.http_port),
            folder=self._folder,
            limits=self._limits,
            clock=clock or SystemClock(),
            capabilities=capabilities_for(hint or _UNKNOWN_MODEL),
            emit=self._emit,
        )
        self._keeper = Keeper(self._core, address.host, hint, self._options.client_id)

    # -- connection -------------------------------------------------------------------------------------

    async def open(self) -> None:
        if self._task is None:
            self._folder.mkdir(mode=0o700)
            write_place(self._folder, None, "UTC")
            self._task = asyncio.create_task(self._keeper.run(), name="library telescope")

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._core.connection is ConnectionState.CONNECTED and not self._options.keep_control:
            self._core.process.interrupt()
            await motions.release_control(self._core)
        self._core.lost("", ConnectionState.CLOSED)
        await self._core.process.quit(self._limits.quit)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    @property
    def connection(self) -> ConnectionState:
        return self._core.connection

    async def wait_connected(self) -> None:
        await self._core.up.wait()

    @property
    def identity(self) -> Identity | None:
        return self._core.identity

    @property
    def capabilities(self) -> Capabilities:
        return self._core.capabilities

    @property
    def telemetry(self) -> Telemetry:
        return self._core.telemetry

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # -- control ----------------------------------------------------------------------------------------

    async def take_control(self) -> None:
        await motions.take_control(self._core)

    async def release_control(self) -> None:
        if not self._options.keep_control:
            await motions.release_control(self._core)

    async def set_time(self, now: datetime, timezone: str, site: Site | None) -> None:
        await motions.set_time(self._core, now, timezone, site)

    async def go_live(self) -> None:
        await captures.go_live(self._core)

    async def halt(self) -> None:
        await motions.halt(self._core)

    async def park(self) -> None:
        await motions.park(self._core)

    async def shutdown(self) -> None:
        await self._leave("perform_powerdown", "Switching off", "switched off")

    async def reboot(self) -> None:
        await self._leave("perform_reboot", "Restarting", "restarting")

    # -- pointing and focus -----------------------------------------------------------------------------

    async def calibrate(self, site: Site | None) -> None:  # noqa: ARG002 - the library sends no place
        await motions.calibrate(self._core)

    async def stop_goto(self) -> None:
        await motions.stop_goto(self._core)

    async def goto(self, target: SkyTarget | SolarTarget, site: Site | None) -> None:
        await motions.goto(self._core, target, site)

    async def auto_focus(self) -> None:
        await motions.auto_focus(self._core)

    async def infinite_focus(self) -> None:
        await motions.infinite_focus(self._core)

    async def solve_eq(self, site: Site | None) -> EqError:
        error = await motions.solve_eq(self._core, site)
        self._emit(error)
        return error

    # -- camera -----------------------------------------------------------------------------------------

    async def apply(self, camera: Camera, settings: CameraSettings) -> None:
        await cameras.apply(self._core, camera, settings)

    async def read(self, camera: Camera) -> CameraSettings:
        return await cameras.read(self._core, camera)

    async def start_capture(self, camera: Camera, *, without_goto: bool = False) -> None:  # noqa: ARG002 - older firmware never asks
        await captures.start_capture(self._core, camera)

    async def follow_capture(
        self, camera: Camera, on_progress: Callable[[CaptureProgress], None] | None = None
    ) -> CaptureReport:
        return await captures.follow_capture(self._core, camera, on_progress)

    async def running_capture(self, camera: Camera) -> CaptureProgress | None:
        return await captures.running_capture(self._core, camera)

    async def recorded_captures(self, camera: Camera, since: datetime) -> tuple[CaptureReport, ...]:
        return await captures.recorded_captures(self._core, camera, since)

    async def stop_capture(self, camera: Camera) -> CaptureReport:
        return await captures.stop_capture(self._core, camera)

    # -- media ------------------------------------------------------------------------------------------

    async def latest_picture(self, since: datetime, folders: Collection[str] = ()) -> Picture | None:
        return await Album(self._core.http).newest_picture(self._core.zone, since, folders)

    async def saved(self, folder: str) -> tuple[Saved, ...]:
        return await Album(self._core.http).saved(folder, self._core.zone)

    @property
    def card(self) -> Card | None:
        return HttpCard(self._core.http)

    @property
    def streams(self) -> dict[str, str]:
        known, place = self._core.identity, self._address
        return stream_addresses(place.host, known.model, place.stream_port) if known is not None else {}

    async def _leave(self, function: str, doing: str, why: str) -> None:
        self._core.expected = why
        try:
            await motions.power_off(self._core, function, doing)
        except TelescopeError:
            self._core.expected = ""
            raise

    def _emit(self, event: TelescopeEvent) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                _LOGGER.exception("A listener failed on %s", type(event).__name__)
