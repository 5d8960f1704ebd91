"""Firmware since late 2025: shooting modes are entered, parameters have ids, HTTP tells their values."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import ClassVar

from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.mosaics import NO_ROTATION, Mosaic
from agent.targets import Site, SkyTarget, SolarTarget
from agent.telescope.dwarf import shooting_mode
from agent.telescope.dwarf.catalogue import Catalogue, read_catalogue, with_catalogue
from agent.telescope.dwarf.channel import Channel
from agent.telescope.dwarf.generation import Dialect, no_own_mosaic
from agent.telescope.dwarf.http import HttpError
from agent.telescope.dwarf.media import (
    SESSIONS_BY_LIST,
    SESSIONS_BY_TYPE_4,
    SESSIONS_BY_TYPE_6,
    AlbumQuestion,
)
from agent.telescope.dwarf.models import gain_index, model_facts, newer_capabilities
from agent.telescope.dwarf.parameters import MOSAIC_COUNT, PARAMETERS, Parameters, settings_of, values_of
from agent.telescope.dwarf.proto import astro_pb2, camera_pb2, system_pb2, task_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY, mode_for
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire import notifications as say
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import Generation, decode
from agent.telescope.dwarf.wire.notifications import Notification, State, host_mode, one_click
from agent.telescope.errors import CommandTimeoutError, ProtocolError, RefusedError, TelescopeError
from agent.telescope.interface import CameraSettings

_LOGGER = logging.getLogger(__name__)


def understood(answer: task_pb2.DeviceStateAnswer) -> bool:
    """Whether this is a state: a refusal has its code where the state has the shooting mode."""
    return answer.code == codes.OK and answer.shooting_mode >= 0


class DialectV3(Dialect):
    """The newer generation."""

    generation: ClassVar[Generation] = Generation.V3
    minor_version: ClassVar[int] = 20
    calibration_reports_result: ClassVar[bool] = True
    focus_reports_states: ClassVar[bool] = True
    exacting_mount: ClassVar[bool] = True
    one_count: ClassVar[bool] = False
    single_client: ClassVar[bool] = True
    own_schedule: ClassVar[bool] = True
    holds_captures: ClassVar[bool] = True
    stays_busy: ClassVar[bool] = True
    go_live: ClassVar[Mapping[Camera, Cmd]] = dict.fromkeys(Camera, Cmd.GO_LIVE)
    fast_stop: ClassVar[Mapping[Camera, Cmd]] = {
        Camera.TELE: Cmd.FAST_STOP_CAPTURE,
        Camera.WIDE: Cmd.FAST_STOP_WIDE_CAPTURE,
    }
    album: ClassVar[tuple[AlbumQuestion, ...]] = (
        SESSIONS_BY_TYPE_6,
        SESSIONS_BY_TYPE_4,
        SESSIONS_BY_LIST,
    )

    def __init__(self) -> None:
        self._mode = DEEP_SKY  # the one wanted; where the telescope is, it tells itself
        self._entered: set[Camera] = set()
        self._parameters = Parameters()

    def reset(self) -> None:
        self._entered.clear()

    def aim(self, target: SkyTarget | SolarTarget | None) -> None:
        mode = mode_for(target)
        if mode != self._mode:
            self._mode = mode
            self._entered.clear()

    async def prepare(self, device: Channel, camera: Camera) -> None:
        await self.enter(device, camera)

    def went_live(self, device: Channel) -> None:
        self._entered.clear()
        device.state.mode_left()

    async def in_place(self, device: Channel) -> bool:
        return await device.query() is None or device.state.mode == self._mode

    async def query(self, device: Channel) -> Snapshot | None:
        try:
            data = await device.ask(Cmd.DEVICE_STATE, attempts=2)
        except CommandTimeoutError as error:
            _LOGGER.debug("The telescope does not tell its state: %s", error)
            return None
        answer = decode(task_pb2.DeviceStateAnswer, data)
        if not understood(answer):
            return None
        for news in _news(answer):
            device.exchange.publish(news)
        focus = answer.focus.exclusive
        phase = focus.WhichOneof("activity")
        return Snapshot(
            capturing={
                Camera.TELE: stacks(answer.tele),
                Camera.WIDE: stacks(answer.wide),
            },
            focusing=phase is not None and getattr(focus, phase).state == State.RUNNING,
            calibrated=answer.device.HasField("calibration_result"),
            moving=_moves(answer),
        )

    async def enter(self, device: Channel, camera: Camera) -> None:
        if device.state.mode != self._mode:
            self._entered.clear()
        if camera in self._entered:
            return
        if not self._entered or not device.state.capturing:  # no mode is entered beside a capture
            await shooting_mode.enter(device, self._mode)
        preview = {Camera.TELE: Cmd.TELE_PREVIEW, Camera.WIDE: Cmd.WIDE_PREVIEW}[camera]
        # The app sends a level for tele and nothing for wide, where a level was seen to close the preview.
        request = camera_pb2.PreviewQuality(level=1) if camera is Camera.TELE else None
        try:
            await device.order(preview, request, doing=f"Opening the {camera} preview", attempts=1)
        except TelescopeError as error:
            device.require_link()
            _LOGGER.debug("The %s preview does not open: %s", camera, error)
        self._entered.add(camera)
        await self._learn(device)

    async def apply(self, device: Channel, camera: Camera, settings: CameraSettings) -> None:
        wanted = values_of(settings)
        if not device.capabilities.cameras[camera].binnings and wanted.pop("binning", 0) != 0:
            raise RefusedError(
                f"The {camera} camera of this {device.model} has no binning.",
                code="not_on_this_camera",
                hint="Leave the binning out of the session.",
            )
        await self._parameters.apply(device, camera, wanted, self._mode)

    async def read(self, device: Channel, camera: Camera) -> CameraSettings:
        return settings_of(await self._held(device, camera))

    async def set_location(self, device: Channel, site: Site) -> None:
        place = system_pb2.SetLocation(
            latitude=site.latitude, longitude=site.longitude, altitude=site.altitude_m, enable=True
        )
        try:
            await device.order(Cmd.SET_LOCATION, place, doing="Setting the location")
        except TelescopeError as error:
            device.require_link()
            _LOGGER.warning("%s Calibration and gotos name the place themselves.", error)

    def calibrate(self, site: Site | None) -> Message | None:
        return astro_pb2.Calibrate(lon=site.longitude, lat=site.latitude) if site is not None else None

    async def start_capture(self, device: Channel, camera: Camera, *, force: bool) -> Message | None:
        held = await self._held(device, camera)
        self._parameters.require_confirmed(camera, held)
        if camera is Camera.WIDE:
            return astro_pb2.StartWideCapture(force_start=force)
        return astro_pb2.StartCapture(ir_index=self._filter(device, held), force_start=force)

    def dark_gains(self, device: Channel, camera: Camera, gain: int) -> tuple[int, ...]:
        try:
            return gain, gain_index(device.model, camera, gain)
        except ValueError:
            return (gain,)

    async def start_mosaic(self, device: Channel, mosaic: Mosaic) -> Message:
        if not device.capabilities.own_mosaics:
            raise no_own_mosaic(device.model)
        held = await self._held(device, Camera.TELE)
        self._parameters.require_confirmed(Camera.TELE, held)
        return astro_pb2.StartMosaic(
            horizontal_scale=mosaic.framing_x,
            vertical_scale=mosaic.framing_y,
            rotation=NO_ROTATION if mosaic.rotation is None else round(mosaic.rotation),
            ir_index=self._filter(device, held),
        )

    async def per_pane(self, device: Channel) -> int:
        catalogue = await self._catalogue(device)
        return self._parameters.held(device, Camera.TELE, catalogue, self._mode)[MOSAIC_COUNT] or 0

    async def _held(self, device: Channel, camera: Camera) -> dict[str, int | None]:
        """What the camera is set to; what does not show yet is waited for."""
        own = device.capabilities.cameras[camera]
        lacking = {name for name in ("filter", "binning") if not getattr(own, f"{name}s")}
        while True:
            catalogue = await self._catalogue(device)
            held = self._parameters.held(device, camera, catalogue, self._mode)
            held |= dict.fromkeys(lacking)
            late = self._parameters.unconfirmed(camera, held)
            if not late or self._parameters.settled(device, camera):
                return held
            _LOGGER.debug("The %s camera does not tell its %s yet", camera, ", ".join(late))
            await device.clock.sleep(device.limits.read_pause)

    def park_pitch(self, model: str) -> float:
        return model_facts(model).park_pitch

    def _filter(self, device: Channel, held: dict[str, int | None]) -> int:
        """The filter a capture starts with; it would replace the one that is set."""
        usual = model_facts(device.model).capture_filter
        chosen = held["filter"]
        return usual if usual < 0 or chosen is None else chosen

    async def _learn(self, device: Channel) -> None:
        """Let the telescope's own tables replace the built-in ones; it may need seconds to offer them."""
        for attempt in range(1, device.limits.catalogue_tries + 1):
            catalogue = await self._catalogue(device)
            if catalogue is not None and any(own.exposures for own in catalogue.cameras.values()):
                built_in = newer_capabilities(device.model)
                unknown = device.identity is not None and bool(device.identity.doubt)
                deep_sky = self._mode == shooting_mode.DEEP_SKY
                device.capabilities = with_catalogue(built_in, catalogue, unknown=unknown, deep_sky=deep_sky)
                _compare_ids(catalogue, self._mode)
                return
            if attempt < device.limits.catalogue_tries:
                await device.clock.sleep(device.limits.catalogue_pause)
        _LOGGER.warning("The telescope does not list its settings; using the built-in tables")

    async def _catalogue(self, device: Channel) -> Catalogue | None:
        try:
            data = await device.http.ask("POST", "/shootingMode/getParamAndSetting", {"modeId": self._mode})
        except (HttpError, ProtocolError) as error:
            _LOGGER.debug("No parameter catalogue: %s", error)
            return None
        return read_catalogue(data)


def _compare_ids(catalogue: Catalogue, mode: int) -> None:
    """The ids that were captured are used; a telescope that lists others is worth knowing of."""
    for parameter in PARAMETERS:
        listed = catalogue.shared_ids.get(parameter.listed)
        if listed not in (None, parameter.number(mode, Camera.TELE)):
            _LOGGER.info("The telescope lists another id for its %s: %d", parameter.setting, listed)


def stacks(camera: task_pb2.CameraState) -> bool:
    """Whether a capture of this camera is not over."""
    exclusive = camera.exclusive
    return exclusive.WhichOneof("activity") == "stacking" and exclusive.stacking.state in (
        State.RUNNING,
        State.STOPPING,
    )


def _news(answer: task_pb2.DeviceStateAnswer) -> Iterator[Notification]:
    """The snapshot as the notifications that would have told the same."""
    yield say.ModeIs(answer.shooting_mode)
    for camera, part in ((Camera.TELE, answer.tele), (Camera.WIDE, answer.wide)):
        if part.HasField("sensor_temperature"):
            yield say.SensorTemperature(camera, part.sensor_temperature.temperature)
        if part.exclusive.WhichOneof("activity") == "stacking":
            yield say.CaptureState(camera, part.exclusive.stacking.state)
    if answer.control.HasField("host_slave"):
        yield host_mode(answer.control.host_slave)
    motion = _motion(answer)
    if motion is not None:
        yield motion
    yield from _measures(answer)


def _motion(answer: task_pb2.DeviceStateAnswer) -> Notification | None:
    motion = answer.motion.exclusive
    match motion.WhichOneof("activity"):
        case "calibration":
            return say.CalibrationStep(motion.calibration.state)
        case "goto":
            return say.GotoStep(motion.goto.state, motion.goto.target_name)
        case "tracking":
            return say.Tracking(motion.tracking.state, motion.tracking.target_name)
        case "one_click":
            return one_click(motion.one_click)
        case "eq_solving":
            return say.EqStep(motion.eq_solving.state)
        case _:
            return None


def _moves(answer: task_pb2.DeviceStateAnswer) -> bool:
    motion = _motion(answer)
    return motion is not None and getattr(motion, "state", State.RUNNING) not in (State.IDLE, State.STOPPED)


def _measures(answer: task_pb2.DeviceStateAnswer) -> Iterator[Notification]:
    body = answer.device
    if answer.focus.HasField("position"):
        yield say.FocusAt(answer.focus.position.pos)
    if body.HasField("battery"):
        yield say.BatteryLevel(body.battery.percentage)
    if body.HasField("charging"):
        yield say.charging(body.charging, Generation.V3)
    if body.HasField("storage"):
        yield say.StorageSpace(body.storage.available_size, body.storage.total_size)
    if body.HasField("temperature"):
        yield say.BodyTemperature(body.temperature.temperature)
