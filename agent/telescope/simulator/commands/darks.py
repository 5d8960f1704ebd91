"""Dark frames (module 3): the library, shooting it, and the newer calibration frames and quick sets."""

from __future__ import annotations

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import astro_pb2 as proto
from agent.telescope.simulator import darks, notices, physics, tables
from agent.telescope.simulator.broken_rules import HardwareRule
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.history import DarksTaken
from agent.telescope.simulator.profiles import TELE, WIDE
from agent.telescope.simulator.registry import ASTRO_BUSY, BAD_PARAMETER, OK, Call, on
from agent.telescope.simulator.state import Operation

_MOST_FRAMES = 999
_DARK_GAINS = range(40, 151)
_DARK_GAIN, _NOT_ACTIVATED = -11502, -5
_COMPLETE = 10000  # percent times 100
_STEPS = 10
_SHOOT_S = 60.0
_QUICK_EXPOSURES = (147, 150, 156, 159, 162)
_QUICK_GAIN, _QUICK_FRAMES = 60, 999


@on(11007, takes=proto.StartDarks)
def shoot_all(device: Device, _call: Call) -> int:
    if device.runs(darks.ACTIVITY) or device.state.capturing():
        return ASTRO_BUSY

    async def work() -> None:
        _tell(device, TELE, Operation.RUNNING)
        for step in range(1, _STEPS + 1):
            await device.clock.sleep(_SHOOT_S / _STEPS)
            remaining = round(_SHOOT_S * (1 - step / _STEPS))
            device.notify(notices.darks_progress(TELE, step * 100 // _STEPS, remaining))
        device.state.darks = True
        _tell(device, TELE, Operation.STOPPED)
        _tell(device, TELE, Operation.IDLE)

    device.start(darks.ACTIVITY, work())
    return OK


@on(11021, takes=proto.StartDarksWithParams)
@on(11025, takes=proto.StartDarksWithParams)
def shoot(device: Device, call: Call) -> int:
    asked, camera = call.request, WIDE if call.cmd == 11025 else TELE
    if device.runs(darks.ACTIVITY) or device.state.capturing() or device.state.asks_about_darks():
        return ASTRO_BUSY
    each_s = darks.seconds(device, camera, asked.exp_index)
    gain = _gain(device, camera, asked.gain_index)
    if each_s is None or not 1 <= asked.cap_size <= _MOST_FRAMES or asked.bin_index not in (0, 1):
        return BAD_PARAMETER
    if gain is None or (camera == TELE and gain not in _DARK_GAINS):
        return _DARK_GAIN
    if device.profile.tables == "D2" and not device.state.capped:
        device.broke(HardwareRule.DARKS_IN_THE_LIGHT, call.peer.client_id, str(call.cmd))
    device.start(darks.ACTIVITY, _shoot(device, camera, asked, gain, each_s))
    refused = device.options.is_v3 and device.options.habits.darks_answer == "refused"
    return _NOT_ACTIVATED if refused else OK


async def _shoot(
    device: Device, camera: int, asked: proto.StartDarksWithParams, gain: int, each_s: float
) -> None:
    """A Dwarf 3 with newer firmware tells of each exposure alone, the others of a state as well."""
    tells = not (device.options.is_v3 and device.profile.tables == "D3")
    if tells:
        _tell(device, camera, Operation.RUNNING)
    for number in range(1, asked.cap_size + 1):
        await device.clock.sleep(each_s)
        device.notify(
            notices.long_exposure(camera, each_s, each_s), notices.long_exposure_v3(camera, each_s, each_s)
        )
        await device.clock.sleep(physics.READOUT_S)
        left = asked.cap_size - number
        if tells:
            percent = number * 100 // asked.cap_size
            device.notify(notices.darks_progress(camera, percent, round(left * each_s)))
    darks.add(device, camera, asked.exp_index, gain, asked.bin_index)
    celsius = darks.sensor_celsius(device)
    device.record(
        DarksTaken(device.clock.now(), camera, each_s, gain, asked.bin_index, asked.cap_size, celsius)
    )
    if tells:
        _tell(device, camera, Operation.STOPPED)
        _tell(device, camera, Operation.IDLE)


def _gain(device: Device, camera: int, asked: int) -> int | None:
    """The displayed gain that a request means; None for one the camera has not."""
    by_index = not device.options.is_v3 or device.options.habits.darks_gain == "index"
    if by_index:
        return tables.gain_of_index(device.profile.tables, camera, asked)
    return asked if asked in tables.camera_tables(device.profile.tables, camera).gains else None


@on(11008, 11022, 11026)
def stop(device: Device, call: Call) -> int:
    if device.stop(darks.ACTIVITY):
        _tell(device, WIDE if call.cmd == 11026 else TELE, Operation.IDLE)
    return OK


@on(11009, answers=proto.CheckDarksAnswer)
def check(device: Device, _call: Call) -> Message:
    return proto.CheckDarksAnswer(progress=_COMPLETE if device.state.darks else 0)


@on(11023, 11027)
def listing(device: Device, call: Call) -> Message:
    camera = WIDE if call.cmd == 11027 else TELE
    model, answer = device.profile.tables, proto.ListDarksAnswer()
    if device.state.darks:
        for index in _QUICK_EXPOSURES:
            name = tables.exposure_name(model, TELE, index)
            if name:
                answer.darks.add(exp_index=index, gain_index=18, exp_name=name, gain_name="60", bin_name="4k")
    for one in device.state.library:
        if one.camera == camera:
            answer.darks.add(
                exp_index=one.exposure_index,
                gain_index=tables.gain_index(model, camera, one.gain),
                bin_index=one.binning,
                exp_name=tables.exposure_name(model, camera, one.exposure_index),
                gain_name=str(one.gain),
                bin_name="2k" if one.binning else "4k",
                temperature=one.celsius,
            )
    return answer


@on(11024, 11028, takes=proto.DeleteDarks)
def delete(device: Device, _call: Call) -> int:
    device.state.darks = False
    device.state.library.clear()
    return OK


@on(11040, takes=proto.ListQuickSets, v2=False)
def quick_sets(device: Device, call: Call) -> Message:
    camera = call.request.camera_type
    answer = proto.ListQuickSetsAnswer(camera_type=camera)
    for index in _QUICK_EXPOSURES:
        name = tables.exposure_name(device.profile.tables, camera, index)
        if name:
            answer.sets.add(
                exp_name=name,
                exp_index=index,
                gain=_QUICK_GAIN,
                camera_type=camera,
                info_id=f"0|0|{name}|{_QUICK_GAIN}|{_QUICK_FRAMES}|null",
            )
    return answer


@on(11041, takes=proto.ChooseQuickSet, v2=False)
def choose_quick_set(_device: Device, call: Call) -> Message:
    return proto.ChooseQuickSetAnswer(info_id=call.request.info_id)


@on(11043, takes=proto.ListCalibrationFrames, v2=False)
def calibration_frames(device: Device, call: Call) -> Message:
    asked = call.request
    answer = proto.ListCalibrationFramesAnswer(
        camera_type=asked.camera_type, cali_frame_type=asked.cali_frame_type
    )
    if device.state.darks:
        answer.frames.add(exp_name="15", gain=_QUICK_GAIN, camera_type=asked.camera_type, progress=_COMPLETE)
    return answer


@on(11044, takes=proto.DeleteCalibrationFrames, v2=False)
def delete_calibration_frames(device: Device, _call: Call) -> int:
    device.state.darks = False
    return OK


@on(11045, takes=proto.StartCalibrationFrames, v2=False)
def shoot_calibration_frames(device: Device, call: Call) -> int:
    camera = call.request.camera_type
    if device.runs(darks.ACTIVITY) or device.state.capturing():
        return ASTRO_BUSY

    async def work() -> None:
        device.notify(notices.calibration_frames_state(camera, Operation.RUNNING))
        for step in range(1, _STEPS + 1):
            await device.clock.sleep(_SHOOT_S / _STEPS)
            device.notify(notices.calibration_frames_progress(camera, step * 100 // _STEPS))
        device.state.darks = True
        device.notify(notices.calibration_frames_state(camera, Operation.STOPPED))

    device.start(darks.ACTIVITY, work())
    return OK


@on(11046, takes=proto.StopCalibrationFrames, v2=False)
def stop_calibration_frames(device: Device, call: Call) -> int:
    if device.stop(darks.ACTIVITY):
        device.notify(notices.calibration_frames_state(call.request.camera_type, Operation.STOPPED))
    return OK


@on(11039, takes=proto.ShootingTime, v2=False)
def shooting_time(device: Device, call: Call) -> Message:
    asked = call.request
    lens = device.state.cameras.get(asked.cam_id, device.state.cameras[TELE])
    seconds = tables.exposure_seconds(device.profile.tables, asked.cam_id, asked.exp_index) or 0.0
    return proto.ShootingTimeAnswer(shooting_time=round(seconds * lens.count), cam_id=asked.cam_id)


def _tell(device: Device, camera: int, operation: Operation) -> None:
    device.state.darks_operation = operation
    device.notify(notices.darks_state(camera, operation))
