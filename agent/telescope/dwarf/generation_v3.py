"""Firmware since late 2025: shooting modes are entered, parameters have ids, HTTP tells their values."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import ClassVar

from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.targets import Site
from agent.telescope.dwarf.catalogue import DEEP_SKY, Catalogue, read_catalogue, with_catalogue
from agent.telescope.dwarf.channel import Channel
from agent.telescope.dwarf.generation import Dialect
from agent.telescope.dwarf.http import HttpError
from agent.telescope.dwarf.models import model_facts
from agent.telescope.dwarf.proto import astro_pb2, camera_pb2, param_pb2, system_pb2, task_pb2
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire import notifications as say
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import Generation, decode
from agent.telescope.dwarf.wire.notifications import Notification, State, host_mode, one_click
from agent.telescope.errors import CommandTimeoutError, ProtocolError, RefusedError, TelescopeError
from agent.telescope.interface import CameraSettings

_LOGGER = logging.getLogger(__name__)

_STACKING = 2  # technique
_STREAM = 1
_MANUAL = 1
_OPTICAL, _CAPTURE = 1, 2  # sections of the parameter namespace
_EXPOSURE, _GAIN, _FILTER, _STACK_COUNT = 1, 2, 13, 16
_CAMERA_NUMBER = {Camera.TELE: 0, Camera.WIDE: 1}
_FORMATS = {2: "FITS", 3: "TIFF"}
_SHARED = {"binning": "stackBinning", "format": "stackFormat"}
_FORCED = frozenset({codes.NO_MATCHING_DARK, codes.DARK_TEMPERATURE})


def param_id(section: int, camera: Camera, item: int, mode: int = DEEP_SKY) -> int:
    """Compose a parameter id: mode in bits 56-63, section 48-55, camera 44-47, item 0-15."""
    return mode << 56 | section << 48 | _CAMERA_NUMBER[camera] << 44 | item


def understood(answer: task_pb2.DeviceStateAnswer) -> bool:
    """Whether this is a state: a refusal has its code where the state has the shooting mode."""
    return answer.code == codes.OK and answer.shooting_mode >= 0


class DialectV3(Dialect):
    """The newer generation."""

    generation: ClassVar[Generation] = Generation.V3
    minor_version: ClassVar[int] = 20
    calibration_reports_result: ClassVar[bool] = True
    focus_reports_states: ClassVar[bool] = True
    one_count: ClassVar[bool] = False
    single_client: ClassVar[bool] = True

    def __init__(self) -> None:
        self._entered: set[Camera] = set()
        self._mode: int | None = None

    def reset(self) -> None:
        self._entered.clear()
        self._mode = None

    async def query(self, device: Channel) -> Snapshot | None:
        try:
            data = await device.ask(Cmd.DEVICE_STATE, attempts=2)
        except CommandTimeoutError as error:
            _LOGGER.debug("The telescope does not tell its state: %s", error)
            return None
        answer = decode(task_pb2.DeviceStateAnswer, data)
        if not understood(answer):
            return None
        self._mode = answer.shooting_mode
        for news in _news(answer):
            device.exchange.publish(news)
        focus = answer.focus.exclusive
        phase = focus.WhichOneof("activity")
        return Snapshot(
            capturing={
                Camera.TELE: _stacks(answer.tele),
                Camera.WIDE: _stacks(answer.wide),
            },
            focusing=phase is not None and getattr(focus, phase).state == State.RUNNING,
            calibrated=answer.device.HasField("calibration_result"),
        )

    async def enter(self, device: Channel, camera: Camera) -> None:
        if camera in self._entered:
            return
        if self._mode != DEEP_SKY or not self._entered:
            await self._enter_deep_sky(device)
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
        doing = f"Setting the {camera} camera's"
        if settings.exposure is not None:
            await self._set_mode_param(
                device, Cmd.SET_PARAM_EXPOSURE, camera, _EXPOSURE, settings.exposure, f"{doing} exposure"
            )
        if settings.gain is not None:
            await self._set_mode_param(
                device, Cmd.SET_PARAM_GAIN, camera, _GAIN, settings.gain, f"{doing} gain"
            )
        if settings.filter is not None:
            number = param_id(_OPTICAL, camera, _FILTER)
            await self._set_int(device, number, settings.filter, f"{doing} filter")
            device.filters[camera] = settings.filter
        if settings.count is not None:
            number = param_id(_CAPTURE, camera, _STACK_COUNT)
            await self._set_int(device, number, settings.count, f"{doing} frame count")
        if settings.binning is not None or settings.format is not None:
            await self._set_shared(device, settings)

    async def read(self, device: Channel, camera: Camera) -> CameraSettings:
        catalogue = await self._catalogue(device)
        echoed = device.state.params
        current = catalogue.cameras[camera].current if catalogue is not None else {}
        shared = catalogue.shared if catalogue is not None else {}
        own = device.capabilities.cameras[camera]

        def value(name: str, section: int, item: int) -> int | None:
            return current.get(name, echoed.get(param_id(section, camera, item)))

        return CameraSettings(
            exposure=value("exp", _OPTICAL, _EXPOSURE),
            gain=value("gain", _OPTICAL, _GAIN),
            filter=value("filterType", _OPTICAL, _FILTER) if own.filters else None,
            binning=shared.get("stackBinning") if own.binnings else None,
            format=_FORMATS.get(shared.get("stackFormat", -1)),
            count=value("stackCount", _CAPTURE, _STACK_COUNT),
        )

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
        if camera is Camera.WIDE:
            return astro_pb2.StartWideCapture(force_start=force)
        chosen = model_facts(device.model).capture_filter
        if chosen >= 0:
            held = (await self.read(device, camera)).filter
            chosen = device.filters.get(camera, chosen) if held is None else held
        return astro_pb2.StartCapture(ir_index=chosen, force_start=force)

    def must_force(self, code: int) -> bool:
        return code in _FORCED

    def park_pitch(self, model: str) -> float:
        return model_facts(model).park_pitch

    async def _enter_deep_sky(self, device: Channel) -> None:
        doing = "Entering the deep-sky mode"
        if self._mode != DEEP_SKY:
            mode = task_pb2.SwitchShootingMode(mode=DEEP_SKY)
            await device.order(Cmd.SWITCH_SHOOTING_MODE, mode, doing=doing)
        stream = task_pb2.EnterCamera(stream=task_pb2.EnterCamera.Stream(encode_type=_STREAM))
        await device.order(Cmd.ENTER_CAMERA, stream, doing=doing)
        await device.order(
            Cmd.SWITCH_TECHNIQUE, task_pb2.SwitchTechnique(tech=_STACKING), doing=f"{doing}: stacking"
        )
        self._mode = DEEP_SKY

    async def _set_mode_param(
        self, device: Channel, cmd: Cmd, camera: Camera, item: int, value: int, doing: str
    ) -> None:
        number = param_id(_OPTICAL, camera, item)
        request = param_pb2.SetModeParam(param_id=number, mode=_MANUAL, value=value)
        await device.order(cmd, request, doing=doing)

    async def _set_int(self, device: Channel, number: int, value: int, doing: str) -> None:
        request = param_pb2.SetIntParam(param_id=number, value=value)
        await device.order(Cmd.SET_PARAM_INT, request, doing=doing)

    async def _set_shared(self, device: Channel, settings: CameraSettings) -> None:
        """Binning and file format have no documented id: set them by the telescope's own, or insist."""
        catalogue = await self._catalogue(device)
        if catalogue is None:
            _LOGGER.warning("The telescope keeps its own binning and file format: its HTTP service is silent")
            return
        numbers = {name: number for number, name in _FORMATS.items()}
        wanted = {
            "binning": settings.binning,
            "format": numbers.get(settings.format) if settings.format is not None else None,
        }
        for name, value in wanted.items():
            key = _SHARED[name]
            held = catalogue.shared.get(key)
            if value is None or held is None or held == value:
                continue
            if key not in catalogue.shared_ids:
                raise RefusedError(
                    f"The telescope holds another {name} and does not let it be set over the network.",
                    code="setting_not_remote",
                    hint=f"Choose the {name} in the phone app once, or leave it out of the session.",
                )
            await self._set_int(device, catalogue.shared_ids[key], value, f"Setting the {name}")

    async def _learn(self, device: Channel) -> None:
        """Let the telescope's own tables replace the built-in ones; it may need seconds to offer them."""
        for attempt in range(1, device.limits.catalogue_tries + 1):
            catalogue = await self._catalogue(device)
            if catalogue is not None and any(own.exposures for own in catalogue.cameras.values()):
                device.capabilities = with_catalogue(device.capabilities, catalogue)
                return
            if attempt < device.limits.catalogue_tries:
                await device.clock.sleep(device.limits.catalogue_pause)
        _LOGGER.warning("The telescope does not list its settings; using the built-in tables")

    async def _catalogue(self, device: Channel) -> Catalogue | None:
        try:
            data = await device.http.ask("POST", "/shootingMode/getParamAndSetting", {"modeId": DEEP_SKY})
        except (HttpError, ProtocolError) as error:
            _LOGGER.debug("No parameter catalogue: %s", error)
            return None
        return read_catalogue(data)


def _stacks(camera: task_pb2.CameraState) -> bool:
    exclusive = camera.exclusive
    return exclusive.WhichOneof("activity") == "stacking" and exclusive.stacking.state in (
        State.RUNNING,
        State.STOPPING,
    )


def _news(answer: task_pb2.DeviceStateAnswer) -> Iterator[Notification]:
    """The snapshot as the notifications that would have told the same."""
    for camera, part in ((Camera.TELE, answer.tele), (Camera.WIDE, answer.wide)):
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
            return say.CalibrationStep(motion.calibration.state, motion.calibration.plate_solving_times)
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
