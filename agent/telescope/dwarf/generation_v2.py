"""Firmware up to about late 2025: cameras are opened, parameters set one by one, states pushed on request."""

# ruff: noqa: ARG002 - much of what the interface offers is of no use to older firmware

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import ClassVar

from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.targets import Site, SkyTarget, SolarTarget
from agent.telescope.dwarf.channel import Channel
from agent.telescope.dwarf.generation import Dialect, no_own_mosaic
from agent.telescope.dwarf.media import SESSIONS_BY_TYPE_4, AlbumQuestion
from agent.telescope.dwarf.models import gain_index
from agent.telescope.dwarf.proto import camera_pb2, common_pb2
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire import notifications as say
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import Generation, decode
from agent.telescope.dwarf.wire.notifications import State
from agent.telescope.errors import CommandTimeoutError, RefusedError
from agent.telescope.interface import CameraSettings

_LOGGER = logging.getLogger(__name__)

_MANUAL = 1
_GEAR, _CONTINUOUS = 0, 1
_BINNING, _COUNT, _FORMAT = 0, 1, 2  # feature ids
_FORMATS = ("FITS", "TIFF")
_EXPOSURE, _GAIN, _FILTER = 0, 1, 8  # camera parameter ids
_PUSH_S = 1.0  # states pushed on request arrive around the answer, in no documented order
_LONGEST_PUSH_S = 10.0  # that long a capture is looked for before it counts as over

_OPEN = {Camera.TELE: Cmd.TELE_OPEN, Camera.WIDE: Cmd.WIDE_OPEN}
_EXPOSURE_MODE = {Camera.TELE: Cmd.TELE_SET_EXPOSURE_MODE, Camera.WIDE: Cmd.WIDE_SET_EXPOSURE_MODE}
_SET_EXPOSURE = {Camera.TELE: Cmd.TELE_SET_EXPOSURE, Camera.WIDE: Cmd.WIDE_SET_EXPOSURE}
_SET_GAIN = {Camera.TELE: Cmd.TELE_SET_GAIN, Camera.WIDE: Cmd.WIDE_SET_GAIN}
_GET_ALL = {Camera.TELE: Cmd.TELE_GET_ALL, Camera.WIDE: Cmd.WIDE_GET_ALL}
_FOLDED_PITCH = 317.0  # degrees: the barrel lies in the body, its lens covered


class DialectV2(Dialect):
    """The older generation."""

    generation: ClassVar[Generation] = Generation.V2
    minor_version: ClassVar[int] = 9
    calibration_reports_result: ClassVar[bool] = False
    focus_reports_states: ClassVar[bool] = False
    exacting_mount: ClassVar[bool] = False
    one_count: ClassVar[bool] = True
    single_client: ClassVar[bool] = False
    own_schedule: ClassVar[bool] = False
    holds_captures: ClassVar[bool] = False
    stays_busy: ClassVar[bool] = False
    go_live: ClassVar[Mapping[Camera, Cmd]] = {Camera.TELE: Cmd.GO_LIVE, Camera.WIDE: Cmd.GO_LIVE_WIDE}
    fast_stop: ClassVar[Mapping[Camera, Cmd]] = {}
    album: ClassVar[tuple[AlbumQuestion, ...]] = (SESSIONS_BY_TYPE_4,)

    def __init__(self) -> None:
        self._open: set[Camera] = set()

    def reset(self) -> None:
        self._open.clear()

    async def query(self, device: Channel) -> Snapshot | None:
        unread = device.exchange.unread
        with device.exchange.watch() as inbox:
            answered = True
            try:
                await device.ask(Cmd.WORKING_STATE, attempts=2)
            except CommandTimeoutError:
                answered = False
            expected = {camera for camera, record in device.state.captures.items() if record.active}
            told: dict[Camera, bool] = {}
            heard = False
            patience = _LONGEST_PUSH_S if expected else _PUSH_S
            for _ in range(round(patience / _PUSH_S)):
                await device.clock.sleep(_PUSH_S)
                events = [inbox.get_nowait() for _ in range(inbox.qsize())]
                heard = heard or any(not isinstance(event, say.Unknown) for event in events)
                # Counts are no proof: the last ones of an ended capture may be pushed too.
                told |= {
                    event.camera: event.state in (State.RUNNING, State.STOPPING)
                    for event in events
                    if isinstance(event, say.CaptureState)
                }
                if expected <= told.keys():
                    break
        if not answered and not heard:
            return None
        if device.exchange.unread > unread:  # what was not heard may have been told
            return Snapshot(capturing=told)
        moving = bool(device.state.busy) or device.state.telemetry.tracking is not None
        return Snapshot(
            capturing=dict.fromkeys(Camera, False) | told, moving=moving if answered and heard else None
        )

    def aim(self, target: SkyTarget | SolarTarget | None) -> None:
        return  # older firmware knows no shooting modes

    async def prepare(self, device: Channel, camera: Camera) -> None:
        return

    def went_live(self, device: Channel) -> None:
        return

    async def in_place(self, device: Channel) -> bool:
        return True

    async def enter(self, device: Channel, camera: Camera) -> None:
        if camera in self._open:
            return
        request = camera_pb2.OpenCamera() if camera is Camera.TELE else None
        await device.order(_OPEN[camera], request, doing=f"Opening the {camera} camera")
        self._open.add(camera)

    async def read(self, device: Channel, camera: Camera) -> CameraSettings:
        params = await self._list(device, _GET_ALL[camera])
        features = await self._list(device, Cmd.TELE_GET_FEATURES)
        exposure, gain, position = params.get(_EXPOSURE), params.get(_GAIN), params.get(_FILTER)
        binning, count, form = features.get(_BINNING), features.get(_COUNT), features.get(_FORMAT)
        own = device.capabilities.cameras[camera]
        return CameraSettings(
            exposure=exposure.index if exposure else None,
            gain=self._shown_gain(device, camera, gain.index) if gain else None,
            filter=position.index if position and own.filters else None,
            binning=binning.index if binning and own.binnings else None,
            format=_FORMATS[form.index] if form and 0 <= form.index < len(_FORMATS) else None,
            count=round(count.continue_value) if count else None,
        )

    async def set_location(self, device: Channel, site: Site) -> None:
        return  # older firmware is told the place with each command that needs it

    def calibrate(self, site: Site | None) -> Message | None:
        return None

    async def start_capture(self, device: Channel, camera: Camera, *, force: bool) -> Message | None:
        return None

    def dark_gains(self, device: Channel, camera: Camera, gain: int) -> tuple[int, ...]:
        return (self._gain_index(device, camera, gain),)

    def park_pitch(self, model: str) -> float:
        return _FOLDED_PITCH

    async def apply(self, device: Channel, camera: Camera, settings: CameraSettings) -> None:
        if settings.mosaic is not None:
            raise no_own_mosaic(device.model)
        doing = f"Setting the {camera} camera's"
        if settings.exposure is not None:
            mode = camera_pb2.SetMode(mode=_MANUAL)
            await device.order(_EXPOSURE_MODE[camera], mode, doing=f"{doing} exposure mode")
            index = camera_pb2.SetIndex(index=settings.exposure)
            await device.order(_SET_EXPOSURE[camera], index, doing=f"{doing} exposure")
        if settings.gain is not None:
            if camera is Camera.TELE:
                mode = camera_pb2.SetMode(mode=_MANUAL)
                await device.order(Cmd.TELE_SET_GAIN_MODE, mode, doing=f"{doing} gain mode")
            index = camera_pb2.SetIndex(index=self._gain_index(device, camera, settings.gain))
            await device.order(_SET_GAIN[camera], index, doing=f"{doing} gain")
        if settings.filter is not None:
            value = camera_pb2.SetValue(value=settings.filter)
            await device.order(Cmd.TELE_SET_FILTER, value, doing=f"{doing} filter")
        if settings.binning is not None:
            await self._feature(device, f"{doing} binning", _BINNING, index=settings.binning)
        if settings.format is not None:
            if settings.format not in _FORMATS:
                raise RefusedError(f"There is no file format {settings.format!r}; choose FITS or TIFF.")
            await self._feature(
                device, f"{doing} file format", _FORMAT, index=_FORMATS.index(settings.format)
            )
        if settings.count is not None:
            await self._feature(device, f"{doing} frame count", _COUNT, value=float(settings.count))

    async def _feature(
        self, device: Channel, doing: str, number: int, *, index: int = 0, value: float | None = None
    ) -> None:
        feature = common_pb2.CommonParam(id=number, auto_mode=_MANUAL, mode_index=_GEAR, index=index)
        if value is not None:
            feature.mode_index = _CONTINUOUS
            feature.continue_value = value
        await device.order(Cmd.TELE_SET_FEATURE, camera_pb2.SetFeature(feature=feature), doing=doing)

    async def _list(self, device: Channel, cmd: int) -> dict[int, common_pb2.CommonParam]:
        try:
            data = await device.ask(cmd, attempts=2)
        except CommandTimeoutError as error:
            _LOGGER.debug("Settings are not told: %s", error)
            return {}
        return {param.id: param for param in decode(camera_pb2.AllParams, data).params}

    def _gain_index(self, device: Channel, camera: Camera, gain: int) -> int:
        own = device.config.gains.get(camera, {}) if device.config is not None else {}
        if gain in own:
            return own[gain]
        try:
            return gain_index(device.model, camera, gain)
        except ValueError as error:
            raise RefusedError(str(error), code="unknown_gain") from error

    def _shown_gain(self, device: Channel, camera: Camera, index: int) -> int | None:
        gains = device.capabilities.cameras[camera].gains
        for gain in gains:
            try:
                if self._gain_index(device, camera, gain) == index:
                    return gain
            except RefusedError:
                continue
        return None
