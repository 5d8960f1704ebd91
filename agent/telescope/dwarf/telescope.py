"""The native driver: a DWARFLAB telescope behind the agent's `Telescope` interface."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from agent.capabilities import Camera, Capabilities
from agent.clock import Clock, SystemClock
from agent.events import Saved, Telemetry
from agent.own_schedule import OwnSchedule
from agent.targets import Site, SkyTarget, SolarTarget
from agent.telescope.card import Card
from agent.telescope.darks import DarkKind, DarkLibrary
from agent.telescope.dwarf.card_files import HttpCard
from agent.telescope.dwarf.card_ftp import FTP_PORT, FtpCard
from agent.telescope.dwarf.commands import cameras, captures, control, darks, focus, live, pointing
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.generation_v3 import DialectV3
from agent.telescope.dwarf.greeting import Greeter, parameters_are_told
from agent.telescope.dwarf.http import CARD_PORT, DwarfHttp
from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.link.reconnect import Link
from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.dwarf.link.requests import Exchange
from agent.telescope.dwarf.media import MEDIA_PORT, Album, stream_addresses
from agent.telescope.dwarf.models import MODELS, capabilities_for
from agent.telescope.dwarf.schedules import Schedules
from agent.telescope.dwarf.state import DeviceState
from agent.telescope.dwarf.wire.commands import Cmd, module_of
from agent.telescope.dwarf.wire.envelope import Packet, PacketType
from agent.telescope.errors import UnreachableError
from agent.telescope.interface import (
    CameraSettings,
    CaptureProgress,
    CaptureReport,
    ConnectionChanged,
    ConnectionState,
    EqError,
    Identity,
    Listener,
    Picture,
    SchedulesReport,
    TelemetryReport,
    Telescope,
    TelescopeEvent,
)

_LOGGER = logging.getLogger(__name__)

AUTO = "auto"
_UNKNOWN_MODEL = "D3"  # tables shown before the first connection when the owner named no model
_DEFAULT_CLIENT_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "dwarf-agent"))  # the same after every restart


@dataclass(frozen=True, slots=True)
class DwarfAddress:
    """Where a telescope listens."""

    host: str
    port: int = 9900
    http_port: int = 8082
    card_port: int = CARD_PORT
    ftp_port: int = FTP_PORT
    stream_port: int = MEDIA_PORT


@dataclass(frozen=True, slots=True)
class DwarfOptions:
    """How to treat a telescope.

    `model` is "D2", "D3", "mini" or "auto". `client_id` is what the telescope knows us by. With
    `keep_control` the lock is never given back. With `rest_when_released` a telescope whose firmware serves
    one client at a time is left alone after `release_control`, until `take_control`. `record` is a file
    that gets everything that crosses the wire, without secrets; `record_unknown` one that gets it if nobody
    knows the model.
    """

    model: str = AUTO
    client_id: str = _DEFAULT_CLIENT_ID
    keep_control: bool = False
    rest_when_released: bool = False
    record: Path | None = None
    record_unknown: Path | None = None


class DwarfTelescope(Telescope):
    """One telescope. Several may live in one process; they share nothing."""

    def __init__(
        self,
        address: DwarfAddress,
        *,
        options: DwarfOptions | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Prepare; nothing is connected before `open`. ValueError for a model that does not exist."""
        self._address = address
        self._options = options or DwarfOptions()
        hint = "" if self._options.model == AUTO else self._options.model
        if hint and hint not in MODELS:
            raise ValueError(f"There is no telescope model {hint!r}; choose {AUTO}, {', '.join(MODELS)}.")
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()
        self._listeners: list[Listener] = []
        self._greeter = Greeter(hint)
        self._ready = asyncio.Event()
        self._throttle: asyncio.Task[None] | None = None
        self._told: Telemetry | None = None
        self._told_state = ConnectionState.CLOSED
        record, unknown = self._options.record, self._options.record_unknown
        self._recorder = Recorder(record, self._clock.now) if record or unknown else None
        self._exchange = Exchange(self._transmit)
        self._state = DeviceState(self._emit, self._telemetry_changed)
        self._exchange.listen(self._state.take)
        self._http = DwarfHttp(address.host, address.http_port, self._recorder, card_port=address.card_port)
        self._ftp = FtpCard(address.host, address.ftp_port)
        self._card = HttpCard(self._http, self._ftp)
        self._link = Link(
            self._url(),
            clock=self._clock,
            rng=rng or random.Random(),  # noqa: S311 - jitter, no secret
            greet=self._greet,
            on_packet=self._receive,
            on_garbled=self._exchange.could_not_read,
            on_state=self._link_changed,
            recorder=self._recorder,
        )
        self._device = Device(
            exchange=self._exchange,
            state=self._state,
            http=self._http,
            dialect=DialectV3(),
            clock=self._clock,
            limits=self._limits,
            capabilities=capabilities_for(hint or _UNKNOWN_MODEL),
            link_state=lambda: self._link.state,
        )
        self._schedules = Schedules(self._device, lambda known: self._emit(SchedulesReport(known)))
        self._exchange.listen(self._schedules.hear)

    # -- connection -------------------------------------------------------------------------------------

    def move(self, host: str) -> None:
        """Reach the telescope at another address from now on: it may get one when it joins the Wi-Fi anew."""
        self._address = replace(self._address, host=host)
        self._http.host = self._ftp.host = host
        self._link.move(self._url())

    def _url(self) -> str:
        client = self._options.client_id
        return f"ws://{_url_host(self._address.host)}:{self._address.port}/?client_id={client}"

    async def open(self) -> None:
        self._link.start()
        if self._link.resting:
            self._link.wake()

    async def close(self) -> None:
        if not self._options.keep_control and self._link.state is ConnectionState.CONNECTED:
            await control.release_control(self._device)
        await self._link.close()
        await self._schedules.close()
        throttle, self._throttle = self._throttle, None
        if throttle is not None:
            throttle.cancel()
            with suppress(asyncio.CancelledError):
                await throttle
        if self._recorder is not None:
            self._recorder.close()

    @property
    def connection(self) -> ConnectionState:
        state = self._link.state
        if state is ConnectionState.CONNECTED and self._state.slave:
            return ConnectionState.HELD_BY_OTHER
        return state

    async def answers(self) -> bool:
        return await super().answers() or await self._http.answers()

    async def wait_connected(self) -> None:
        await self._ready.wait()

    @property
    def identity(self) -> Identity | None:
        return self._device.identity

    @property
    def capabilities(self) -> Capabilities:
        return self._device.capabilities

    @property
    def telemetry(self) -> Telemetry:
        return self._state.telemetry

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # -- control ----------------------------------------------------------------------------------------

    async def take_control(self) -> None:
        if self._link.resting:
            await self._return_from_rest()
        await control.take_control(self._device)

    async def release_control(self) -> None:
        if self._options.keep_control:
            return
        await control.release_control(self._device)
        if self._options.rest_when_released and self._device.dialect.single_client:
            await self._link.rest("left alone so that other clients can connect")

    async def set_time(self, now: datetime, timezone: str, site: Site | None) -> None:
        await control.set_time(self._device, now, timezone, site)

    async def go_live(self) -> None:
        await live.go_live(self._device)

    async def prepare(self, target: SkyTarget | SolarTarget | None, camera: Camera) -> None:
        await cameras.prepare(self._device, target, camera)

    async def halt(self) -> None:
        await control.halt(self._device)

    async def park(self) -> None:
        await control.park(self._device)

    async def shutdown(self) -> None:
        self._link.expect_loss("switched off")
        await control.power_off(self._device, Cmd.POWER_DOWN, "Switching off")

    async def reboot(self) -> None:
        self._link.expect_loss("restarting")
        await control.power_off(self._device, Cmd.REBOOT, "Restarting")

    # -- the telescope's own schedule -------------------------------------------------------------------

    @property
    def calibrated(self) -> bool | None:
        return self._state.calibrated

    @property
    def schedules(self) -> tuple[OwnSchedule, ...]:
        return self._schedules.known

    @property
    def schedules_told(self) -> bool:
        return self._schedules.told

    async def give_schedule(self, wanted: OwnSchedule) -> None:
        await self._schedules.give(wanted)

    async def take_back_schedule(self, schedule_id: str) -> None:
        await self._schedules.take_back(schedule_id)

    # -- pointing and focus -----------------------------------------------------------------------------

    async def calibrate(self, site: Site | None) -> None:
        await pointing.calibrate(self._device, site)

    async def stop_goto(self) -> None:
        await pointing.stop_goto(self._device)

    async def goto(self, target: SkyTarget | SolarTarget, site: Site | None) -> None:
        await pointing.goto(self._device, target, site)

    async def auto_focus(self) -> None:
        await focus.auto_focus(self._device)

    async def infinite_focus(self) -> None:
        await focus.infinite_focus(self._device)

    async def focus_step(self, *, near: bool, steps: int) -> None:
        await focus.step(self._device, near=near, steps=steps)

    async def nudge(self, angle: float, seconds: float) -> None:
        await pointing.nudge(self._device, angle, seconds)

    async def solve_eq(self, site: Site | None) -> EqError:
        error = await pointing.solve_eq(self._device, site)
        self._emit(error)
        return error

    # -- darks ------------------------------------------------------------------------------------------

    async def darks(self, camera: Camera) -> DarkLibrary:
        return await darks.library(self._device, camera)

    async def shoot_darks(self, kind: DarkKind, frames: int) -> None:
        await darks.shoot(self._device, kind, frames)

    async def stop_darks(self, camera: Camera) -> None:
        await control.stop_darks(self._device, camera)

    # -- camera -----------------------------------------------------------------------------------------

    async def apply(self, camera: Camera, settings: CameraSettings) -> None:
        await cameras.apply(self._device, camera, settings)

    async def read(self, camera: Camera) -> CameraSettings:
        return await cameras.read(self._device, camera)

    async def start_capture(self, camera: Camera, *, without_goto: bool = False) -> None:
        await captures.start_capture(self._device, camera, without_goto=without_goto)

    async def follow_capture(
        self, camera: Camera, on_progress: Callable[[CaptureProgress], None] | None = None
    ) -> CaptureReport:
        return await captures.follow_capture(self._device, camera, on_progress)

    async def running_capture(self, camera: Camera) -> CaptureProgress | None:
        return await captures.running_capture(self._device, camera)

    async def recorded_captures(self, camera: Camera, since: datetime) -> tuple[CaptureReport, ...]:
        return await captures.recorded_captures(self._device, camera, since)

    async def stop_capture(self, camera: Camera) -> CaptureReport:
        return await captures.stop_capture(self._device, camera)

    # -- media ------------------------------------------------------------------------------------------

    async def latest_picture(self, since: datetime, folders: Collection[str] = ()) -> Picture | None:
        album = Album(self._http, self._device.dialect.album)
        return await album.newest_picture(self._device.zone, since, folders)

    async def saved(self, folder: str) -> tuple[Saved, ...]:
        return await Album(self._http, self._device.dialect.album).saved(folder, self._device.zone)

    @property
    def card(self) -> Card | None:
        return self._card

    async def in_use(self) -> bool:
        if self.connection is not ConnectionState.RESTING:
            return await super().in_use()
        return await parameters_are_told(self._http)

    @property
    def streams(self) -> dict[str, str]:
        known, place = self._device.identity, self._address
        if known is None:
            return {}
        return stream_addresses(_url_host(place.host), known.model, place.stream_port)

    # -- what the parts tell each other -----------------------------------------------------------------

    async def _transmit(self, cmd: int, data: bytes) -> None:
        identity = self._device.identity
        packet = Packet(
            module_id=module_of(cmd),
            cmd=cmd,
            data=data,
            device_id=identity.device_id if identity is not None else 1,
            client_id=self._options.client_id,
            minor_version=self._device.dialect.minor_version,
        )
        await self._link.send(packet.encode())

    def _receive(self, packet: Packet) -> None:
        if packet.device_id and (packet.type == PacketType.NOTIFICATION or not self._greeter.heard_id):
            self._greeter.heard_id = packet.device_id
        self._exchange.deliver(packet)

    async def _greet(self) -> None:
        await self._greeter.greet(self._device)
        self._keep_what_an_unknown_model_says()
        await self._schedules.learn()

    def _keep_what_an_unknown_model_says(self) -> None:
        identity, path = self.identity, self._options.record_unknown
        if self._recorder is None or identity is None:
            return
        if identity.doubt and path is not None:
            self._recorder.keep(path)
        else:
            self._recorder.forget()

    async def _return_from_rest(self) -> None:
        self._link.wake()
        try:
            async with self._clock.timeout(self._limits.wake):
                await self._ready.wait()
        except TimeoutError:
            raise UnreachableError(
                "The telescope was left alone and does not answer now.",
                hint="Check that it is on and on this network.",
            ) from None

    def _link_changed(self, state: ConnectionState, message: str) -> None:
        if state is ConnectionState.CONNECTED:
            self._ready.set()
        else:
            self._ready.clear()
            if state is not ConnectionState.CLOSED or message:
                self._exchange.interrupt(UnreachableError(message or "The link to the telescope broke."))
            self._state.link_lost()
        self._tell_connection(message)

    def _tell_connection(self, message: str) -> None:
        state = self.connection
        if state is not self._told_state or message:
            self._told_state = state
            self._emit(ConnectionChanged(state, message))

    def _telemetry_changed(self) -> None:
        if self.connection is not self._told_state:
            self._tell_connection("another client controls the telescope" if self._state.slave else "")
        if self._throttle is None or self._throttle.done():
            self._tell_telemetry()
            self._throttle = asyncio.create_task(self._tell_later(), name="telemetry")

    async def _tell_later(self) -> None:
        await self._clock.sleep(self._limits.telemetry)
        while self._told != self._state.telemetry:
            self._tell_telemetry()
            await self._clock.sleep(self._limits.telemetry)

    def _tell_telemetry(self) -> None:
        self._told = self._state.telemetry
        self._emit(TelemetryReport(self._told))

    def _emit(self, event: TelescopeEvent) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                _LOGGER.exception("A listener failed on %s", type(event).__name__)


def _url_host(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return host
    return f"[{host}]" if version == 6 else host
