"""Notifications as the firmware sends them, in the form of either generation."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import schedule_pb2

TELE = 0
_INT32 = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification. A form that is None is not sent to clients of that generation."""

    cmd: int
    v2: Message | None
    v3: Message | None


def _same(cmd: int, message: Message) -> Notice:
    return Notice(cmd, message, message)


def battery(percent: int) -> Notice:
    return _same(15201, notify.Battery(percentage=percent))


def charging(v2: int, v3: int) -> Notice:
    return Notice(15202, notify.Charging(state=v2), notify.Charging(state=v3))


def storage(available_gb: int, total_gb: int, *, card: bool = True) -> Notice:
    missing = 0 if card else -1
    return Notice(
        15203,
        notify.Storage(available_size=available_gb, total_size=total_gb, code_or_type=missing),
        notify.Storage(available_size=available_gb, total_size=total_gb, code_or_type=0, is_valid=card),
    )


def darks_state(camera: int, state: int) -> Notice:
    if camera == TELE:
        return _camera_state(15206, camera, state)
    return _same(15247, notify.OperationState(state=state))


def darks_progress(camera: int, percent: int, remaining_s: int) -> Notice:
    return Notice(
        15207,
        notify.DarksProgress(progress=percent, remaining_time=remaining_s),
        notify.DarksProgress(progress=percent, remaining_time=remaining_s, camera=camera),
    )


def stacking_state(camera: int, state: int) -> tuple[Notice, ...]:
    return _of_camera(_camera_state(15208, camera, state), 15236, camera)


def stacking_progress(camera: int, v2: notify.StackingProgress, seconds_each: float) -> tuple[Notice, ...]:
    v3 = notify.StackingProgress()
    v3.CopyFrom(v2)
    v3.camera = camera
    v3.shooting_time = min(_INT32, round(v2.current_count * seconds_each))
    v3.stacked_time = min(_INT32, round(v2.stacked_count * seconds_each))
    return _of_camera(Notice(15209, v2, v3), 15237, camera)


def mosaic_progress(message: notify.MosaicProgress) -> Notice:
    return Notice(15263, None, message)


def waiting(current: int, total: int, kind: int) -> Notice:
    """What it works on: 0 its beginning, 1 the way to another pane of a mosaic."""
    return Notice(15255, None, notify.WaitingProgress(current=current, total=total, kind=kind))


def calibration_state(state: int, solves: int = 0) -> Notice:
    return _same(15210, notify.CalibrationState(state=state, plate_solving_times=solves))


def calibration_result(azimuth: float, altitude: float) -> Notice:
    return Notice(15256, None, notify.CalibrationResult(azi=azimuth, alt=altitude))


def goto_state(state: int, target: str) -> Notice:
    return Notice(15211, notify.GotoState(state=state), notify.GotoState(state=state, target_name=target))


def tracking_state(state: int, target: str) -> Notice:
    return _same(15212, notify.TrackingState(state=state, target_name=target))


def params_changed(camera: int, params: list[common.CommonParam]) -> Notice:
    return Notice(15213 if camera == TELE else 15214, notify.ParamsChanged(params=params), None)


def features_changed(params: list[common.CommonParam]) -> Notice:
    return Notice(15217, notify.ParamsChanged(params=params), None)


def int_param(param_id: int, mode: int, value: int) -> Notice:
    return Notice(15264, None, notify.IntParam(param_id=param_id, mode=mode, value=value))


def float_param(param_id: int, value: float) -> Notice:
    return Notice(15265, None, notify.FloatParam(param_id=param_id, value=value))


def bool_param(param_id: int, value: bool) -> Notice:
    return Notice(15266, None, notify.BoolParam(param_id=param_id, value=value))


def white_balance(mode: int, ct: int, scene: int, camera: int) -> Notice:
    return Notice(15270, None, notify.WhiteBalance(mode=mode, ct=ct, scene=scene, camera=camera))


_V3_FUNCTIONS = {2: 15273, 3: 15274, 4: 15275, 5: 15276, 6: 15277}


def function_state(camera: int, function: int, state: int) -> Notice:
    """Photo 2, burst 3, record 4, time lapse 5, panorama 6."""
    v2 = notify.FunctionState(state=state, function_id=function)
    return Notice(15215 if camera == TELE else 15216, v2, None)


def function_state_v3(camera: int, function: int, state: int) -> Notice:
    v3 = notify.CameraOperation(state=state, camera=camera)
    return Notice(_V3_FUNCTIONS[function], None, v3)


def burst_progress(camera: int, total: int, done: int) -> Notice:
    return Notice(
        15218 if camera == TELE else 15220,
        notify.CountProgress(total=total, completed=done),
        notify.CountProgress(total=total, completed=done, camera=camera),
    )


def record_time(camera: int, seconds: int) -> Notice:
    return Notice(
        15204 if camera == TELE else 15235,
        notify.RecordTime(seconds=seconds),
        notify.RecordTime(seconds=seconds, camera=camera),
    )


def ring_light(on: bool) -> Notice:
    return _same(15221, notify.LightState(state=int(on)))


def indicator(on: bool) -> Notice:
    return _same(15222, notify.LightState(state=int(on)))


def host_slave(slave: bool, locked: bool) -> Notice:
    return _same(15223, notify.HostSlaveMode(mode=int(slave), lock=locked))


def mtp_mode(mode: int) -> Notice:
    return _same(15224, notify.ModeState(mode=mode))


def cpu_mode(mode: int) -> Notice:
    return _same(15227, notify.ModeState(mode=mode))


def sun_moon(state: int, target: str, index: int) -> Notice:
    return _same(15228, notify.SunMoonTracking(state=state, target_name=target, index=index))


def powering_off() -> Notice:
    return _same(15229, notify.OperationState())


def album_changed(media_type: int) -> Notice:
    return _same(15230, notify.AlbumChanged(media_type=media_type))


def one_click(state: int, v3: notify.OneClickGotoState) -> Notice:
    return Notice(15233, notify.OneClickGotoStateV2(state=state), v3)


def stream_type(kind: int, camera: int) -> Notice:
    return _same(15234, notify.StreamType(type=kind, cam_id=camera))


def eq_state(step: int, state: int) -> Notice:
    return Notice(15239, notify.EqSolvingStateV2(step=step, state=state), notify.OperationState(state=state))


def schedule(schedule_id: str, result: int, state: int) -> Notice:
    return Notice(15248, None, schedule_pb2.ScheduleChanged(id=schedule_id, result=result, state=state))


def scheduled_task(task_id: str, state: int, code: int) -> Notice:
    return Notice(15249, None, schedule_pb2.ScheduledTaskChanged(id=task_id, state=state, code=code))


def long_exposure(camera: int, total_s: float, exposed_s: float) -> Notice:
    return Notice(
        15241 if camera == TELE else 15242,
        notify.LongExposureV2(function_id=1, total_time=total_s, exposed_time=exposed_s),
        None,
    )


def long_exposure_v3(camera: int, total_s: float, exposed_s: float) -> Notice:
    return Notice(15288, None, notify.LongExposure(total_time=total_s, exposed_time=exposed_s, camera=camera))


def body_temperature(celsius: int) -> Notice:
    return _same(15243, notify.BodyTemperature(temperature=celsius))


def focus_position(position: int) -> Notice:
    return _same(15257, notify.FocusPosition(pos=position))


def low_temperature_protection(mode: int) -> Notice:
    return Notice(15260, None, notify.ModeState(mode=mode))


def body_status(equatorial: bool) -> Notice:
    return Notice(15262, None, notify.BodyStatus(status=1 if equatorial else 2))


def mode_switched(state: int, source: int, destination: int) -> Notice:
    return Notice(15267, None, notify.ModeSwitched(state=state, source=source, destination=destination))


def technique_switched(state: int, source: int, destination: int) -> Notice:
    return Notice(15269, None, notify.ModeSwitched(state=state, source=source, destination=destination))


_FOCUS_STATES = {"astro": 15278, "normal": 15279, "fast": 15280, "area": 15281}


def focus_state(kind: str, state: int) -> Notice:
    return Notice(_FOCUS_STATES[kind], None, notify.OperationState(state=state))


def calibration_frames_state(camera: int, state: int) -> Notice:
    return Notice(15290, None, notify.CalibrationFramesState(state=state, camera=camera))


def calibration_frames_progress(camera: int, percent: int) -> Notice:
    return Notice(15291, None, notify.CalibrationFramesProgress(progress=percent, camera=camera))


def sensor_temperature(camera: int, celsius: int) -> Notice:
    return Notice(15292, None, notify.SensorTemperature(temperature=celsius, camera=camera))


def attitude(pitch: float, yaw: float, roll: float) -> Notice:
    return Notice(15295, None, notify.Attitude(pitch=pitch, yaw=yaw, roll=roll))


def _of_camera(notice: Notice, wide: int, camera: int) -> tuple[Notice, ...]:
    """Older firmware tells of the wide camera under a number of its own, newer under the tele camera's."""
    if camera == TELE:
        return (notice,)
    return Notice(wide, notice.v2, None), Notice(notice.cmd, None, notice.v3)


def _camera_state(cmd: int, camera: int, state: int) -> Notice:
    return Notice(
        cmd, notify.CameraOperation(state=state), notify.CameraOperation(state=state, camera=camera)
    )
