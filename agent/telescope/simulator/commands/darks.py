"""Dark frames (module 3): the library, shooting it, and the newer calibration frames and quick sets."""

from __future__ import annotations

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import astro_pb2 as proto
from agent.telescope.simulator import notices, tables
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.profiles import TELE, WIDE
from agent.telescope.simulator.registry import ASTRO_BUSY, OK, Call, on
from agent.telescope.simulator.state import Operation

_COMPLETE = 10000  # percent times 100
_STEPS = 10
_SHOOT_S = 60.0
_ACTIVITY = "darks"
_QUICK_EXPOSURES = (147, 150, 156, 159, 162)
_QUICK_GAIN, _QUICK_FRAMES = 60, 999


@on(11007, takes=proto.StartDarks)
@on(11021, takes=proto.StartDarksWithParams)
@on(11025, takes=proto.StartDarksWithParams)
def shoot(device: Device, call: Call) -> int:
    camera = WIDE if call.cmd == 11025 else TELE
    if device.runs(_ACTIVITY) or device.state.capturing():
        return ASTRO_BUSY

    async def work() -> None:
        _tell(device, camera, Operation.RUNNING)
        for step in range(1, _STEPS + 1):
            await device.clock.sleep(_SHOOT_S / _STEPS)
            remaining = round(_SHOOT_S * (1 - step / _STEPS))
            device.notify(notices.darks_progress(camera, step * 100 // _STEPS, remaining))
        device.state.darks = True
        _tell(device, camera, Operation.STOPPED)
        _tell(device, camera, Operation.IDLE)

    device.start(_ACTIVITY, work())
    return OK


@on(11008, 11022, 11026)
def stop(device: Device, call: Call) -> int:
    if device.stop(_ACTIVITY):
        _tell(device, WIDE if call.cmd == 11026 else TELE, Operation.IDLE)
    return OK


@on(11009, answers=proto.CheckDarksAnswer)
def check(device: Device, _call: Call) -> Message:
    return proto.CheckDarksAnswer(progress=_COMPLETE if device.state.darks else 0)


@on(11023, 11027)
def listing(device: Device, _call: Call) -> Message:
    answer = proto.ListDarksAnswer()
    if device.state.darks:
        for index in _QUICK_EXPOSURES:
            name = tables.exposure_name(device.profile.tables, TELE, index)
            if name:
                answer.darks.add(exp_index=index, gain_index=18, exp_name=name, gain_name="60", bin_name="4k")
    return answer


@on(11024, 11028, takes=proto.DeleteDarks)
def delete(device: Device, _call: Call) -> int:
    device.state.darks = False
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
    if device.runs(_ACTIVITY) or device.state.capturing():
        return ASTRO_BUSY

    async def work() -> None:
        device.notify(notices.calibration_frames_state(camera, Operation.RUNNING))
        for step in range(1, _STEPS + 1):
            await device.clock.sleep(_SHOOT_S / _STEPS)
            device.notify(notices.calibration_frames_progress(camera, step * 100 // _STEPS))
        device.state.darks = True
        device.notify(notices.calibration_frames_state(camera, Operation.STOPPED))

    device.start(_ACTIVITY, work())
    return OK


@on(11046, takes=proto.StopCalibrationFrames, v2=False)
def stop_calibration_frames(device: Device, call: Call) -> int:
    if device.stop(_ACTIVITY):
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
