"""Opening cameras, photos, bursts, films and time lapse (modules 1 and 2), and the state on connect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agent.telescope.dwarf.proto import camera_pb2 as proto
from agent.telescope.simulator import notices, snapshot, tables
from agent.telescope.simulator.card import PHOTO
from agent.telescope.simulator.commands.camera_settings import CLOSED
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.history import PhotoTaken
from agent.telescope.simulator.options import Generation
from agent.telescope.simulator.profiles import TELE, WIDE
from agent.telescope.simulator.registry import BAD_PARAMETER, NOT_UNDERSTOOD, OK, Call, on
from agent.telescope.simulator.state import Operation

_PHOTO, _BURST, _RECORD, _TIME_LAPSE = 2, 3, 4, 5
_VIDEO_MEDIA, _BURST_MEDIA = 2, 3
_SAVE_S = 0.5
_HOLD_UP_S = 30.0  # what newer firmware loses with the openings of the older one
_ALREADY_OPEN = {TELE: -10500, WIDE: -12500}
_BUSY = {TELE: -10507, WIDE: -10507}
_BURST_TECHNIQUE, _VIDEO_TECHNIQUE, _TIME_LAPSE_TECHNIQUE = 3, 4, 5


def _camera(call: Call) -> int:
    return TELE if call.module == 1 else WIDE


@on(10000, 12000, takes=proto.OpenCamera, v3=False, silent_on_v3=True, hold_up_s=_HOLD_UP_S)
def open_camera(device: Device, call: Call) -> int:
    lens = device.state.cameras[_camera(call)]
    if lens.open and device.options.already_open_codes:
        return _ALREADY_OPEN[_camera(call)]
    lens.open = True
    return OK


@on(10001, 12001, v3=False, silent_on_v3=True)
def close_camera(device: Device, call: Call) -> int:
    device.state.cameras[_camera(call)].open = False
    return OK


@on(10050, 12036, takes=proto.PreviewQuality)
def open_preview(device: Device, call: Call) -> int:
    """Open the live preview; firmware of the older generation's clients call it opening the camera."""
    device.state.cameras[_camera(call)].open = True
    return OK


@on(10051, 12038)
def neutral_density(_device: Device, _call: Call) -> int:
    return OK


@on(10039, v3=False, silent_on_v3=True, hold_up_s=_HOLD_UP_S)
def working_state(device: Device, call: Call) -> int:
    """Push the whole state, the controller's first, and only then answer."""
    call.peer.send(notices.host_slave(call.peer.slave, call.peer.locked))
    call.peer.send(*snapshot.notifications(device))
    return OK


@on(10002, 10041, 12022, 12029)
def photo(device: Device, call: Call) -> int | None:
    camera = _camera(call)
    lens = device.state.cameras[camera]
    refused = _refuse(device, camera)
    if refused:
        return refused
    seconds = tables.exposure_seconds(device.profile.tables, camera, lens.exposure) or 0.0

    async def work() -> None:
        await device.clock.sleep(seconds + _SAVE_S)
        path = device.card.photo(camera, device.now())
        device.record(PhotoTaken(device.clock.now(), camera, path))

    _run(device, call, _PHOTO, work, PHOTO)
    return None


@on(10003, 12023, takes=proto.Burst)
def burst(device: Device, call: Call) -> int | None:
    camera, count = _camera(call), call.request.count
    refused = _refuse(device, camera, technique=_BURST_TECHNIQUE, peer_generation=call.peer.generation)
    if refused:
        return refused
    if count <= 0:
        count = max(1, int(device.state.features[3].value) or 3)
    seconds = (
        tables.exposure_seconds(device.profile.tables, camera, device.state.cameras[camera].exposure) or 0.0
    )

    async def work() -> None:
        for done in range(1, count + 1):
            await device.clock.sleep(seconds + _SAVE_S)
            device.record(PhotoTaken(device.clock.now(), camera, device.card.photo(camera, device.now())))
            device.notify(notices.burst_progress(camera, count, done))

    _run(device, call, _BURST, work, _BURST_MEDIA)
    return None


@on(10005, 12030, takes=proto.StartRecord)
def record(device: Device, call: Call) -> int | None:
    return _endless(device, call, _RECORD, _VIDEO_TECHNIQUE)


@on(10033, 12025)
def time_lapse(device: Device, call: Call) -> int | None:
    return _endless(device, call, _TIME_LAPSE, _TIME_LAPSE_TECHNIQUE)


@on(10004, 10006, 10034, 12024, 12026, 12031)
def stop_function(device: Device, call: Call) -> int:
    camera = _camera(call)
    function = device.state.cameras[camera].function
    if not function or not device.stop(_activity(camera)):
        return BAD_PARAMETER
    device.state.cameras[camera].function = 0
    _tell(device, camera, function, Operation.IDLE)
    device.notify(notices.album_changed(_BURST_MEDIA if function == _BURST else _VIDEO_MEDIA))
    return OK


def _endless(device: Device, call: Call, function: int, technique: int) -> int | None:
    camera = _camera(call)
    refused = _refuse(device, camera, technique=technique, peer_generation=call.peer.generation)
    if refused:
        return refused

    async def work() -> None:
        seconds = 0
        while True:
            await device.clock.sleep(1)
            seconds += 1
            device.notify(notices.record_time(camera, seconds))

    device.state.cameras[camera].function = function
    _tell(device, camera, function, Operation.RUNNING)
    device.start(_activity(camera), work())
    return OK


def _run(device: Device, call: Call, function: int, work: Callable[[], Awaitable[None]], media: int) -> None:
    camera = _camera(call)

    async def whole() -> None:
        device.state.cameras[camera].function = function
        _tell(device, camera, function, Operation.RUNNING)
        await work()
        device.state.cameras[camera].function = 0
        call.code(OK)
        _tell(device, camera, function, Operation.IDLE)
        device.notify(notices.album_changed(media))

    device.start(_activity(camera), whole())


def _activity(camera: int) -> str:
    return f"camera {camera}"


def _tell(device: Device, camera: int, function: int, state: int) -> None:
    device.notify(
        notices.function_state(camera, function, state), notices.function_state_v3(camera, function, state)
    )


def _refuse(
    device: Device, camera: int, *, technique: int = 0, peer_generation: Generation = Generation.V2
) -> int:
    lens = device.state.cameras[camera]
    if not lens.open:
        return CLOSED[camera]
    if lens.function or device.state.capturing(camera):
        return _BUSY[camera]
    strict = device.options.strict_modes and peer_generation == Generation.V3
    if technique and strict and device.state.technique != technique:
        return NOT_UNDERSTOOD
    return OK
