"""The whole state at once: as notifications for older clients, as one message for newer ones."""

from __future__ import annotations

from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import task_pb2 as task
from agent.telescope.simulator import capture, notices
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.notices import Notice
from agent.telescope.simulator.options import Generation
from agent.telescope.simulator.profiles import SOLAR_MODES, SOLAR_PARENT, SUN_AND_MOON, TELE, WIDE
from agent.telescope.simulator.state import Operation

_PARENTS = dict.fromkeys(SOLAR_MODES, SUN_AND_MOON)


def notifications(device: Device) -> list[Notice]:
    """Return the state as the older firmware pushes it when a client asks."""
    state, body = device.state, device.state.body
    told = [
        notices.battery(round(body.battery)),
        device.charging_notice(),
        device.storage_notice(),
        notices.body_temperature(round(body.temperature + body.heat)),
        notices.ring_light(body.ring_light),
        notices.indicator(body.indicator),
        notices.focus_position(state.focus.position),
        notices.cpu_mode(body.cpu_mode),
        notices.body_status(body.equatorial),
    ]
    for camera, lens in state.cameras.items():
        if lens.open:
            told.append(notices.stream_type(lens.stream, camera))
        if lens.operation != Operation.IDLE:
            told += notices.stacking_state(camera, lens.operation)
            if lens.capture is not None:
                told += capture.progress(device, lens.capture, capture.STACKED)
        if lens.function:
            told.append(notices.function_state(camera, lens.function, Operation.RUNNING))
    motion = state.motion
    if motion.calibration != Operation.IDLE:
        told.append(notices.calibration_state(motion.calibration, motion.solves))
    if motion.goto != Operation.IDLE:
        told.append(notices.goto_state(motion.goto, motion.goto_target))
    if state.pointing.tracking:
        told.append(notices.tracking_state(Operation.RUNNING, state.pointing.target))
    if motion.sun_moon != Operation.IDLE:
        told.append(notices.sun_moon(motion.sun_moon, state.pointing.target, motion.sun_moon_index))
    if motion.eq != Operation.IDLE:
        told.append(notices.eq_state(motion.eq_step, motion.eq))
    if state.darks_operation != Operation.IDLE:
        told.append(notices.darks_state(TELE, state.darks_operation))
    return told


def device_state(device: Device, *, slave: bool, locked: bool) -> task.DeviceStateAnswer:
    """Return the state as the newer firmware answers it."""
    state = device.state
    answer = task.DeviceStateAnswer(
        shooting_mode=state.shooting_mode,
        tele=_camera(device, TELE),
        wide=_camera(device, WIDE),
        motion=_motion(device),
        device=_body(device),
    )
    answer.focus.position.pos = state.focus.position
    if state.focus.activity in ("astro", "normal", "fast", "area"):
        running = notify.OperationState(state=Operation.RUNNING)
        getattr(answer.focus.exclusive, state.focus.activity).CopyFrom(running)
    answer.control.host_slave.CopyFrom(notify.HostSlaveMode(mode=int(slave), lock=locked))
    for mode, _, techniques in device.profile.modes:
        answer.modes.add(mode=mode, parent=_PARENTS.get(mode, 0), techniques=techniques)
    number, _, techniques = SOLAR_PARENT
    answer.modes.add(mode=number, parent=-1, techniques=techniques)
    return answer


def _camera(device: Device, camera: int) -> task.CameraState:
    lens, optics = device.state.cameras[camera], device.profile.optics(camera)
    celsius = round(device.state.body.temperature + device.state.body.heat) + 3
    message = task.CameraState(
        stream=notify.StreamType(type=lens.stream, cam_id=camera),
        h_fov=optics.h_fov,
        v_fov=optics.v_fov,
        width=optics.width,
        height=optics.height,
        sensor_temperature=notify.SensorTemperature(temperature=celsius, camera=camera),
    )
    if lens.operation != Operation.IDLE:
        running = notify.CameraOperation(state=lens.operation, camera=camera)
        message.exclusive.stacking.CopyFrom(running)
    elif lens.function:
        running = notify.CameraOperation(state=Operation.RUNNING, camera=camera)
        name = {2: "photo", 3: "burst", 4: "record", 5: "time_lapse"}[lens.function]
        getattr(message.exclusive, name).CopyFrom(running)
    return message


def _motion(device: Device) -> task.MotionState:
    motion, pointing = device.state.motion, device.state.pointing
    message = task.MotionState()
    exclusive = message.exclusive
    if motion.calibration != Operation.IDLE:
        exclusive.calibration.CopyFrom(
            notify.CalibrationState(state=motion.calibration, plate_solving_times=motion.solves)
        )
    elif motion.goto != Operation.IDLE:
        exclusive.goto.CopyFrom(notify.GotoState(state=motion.goto, target_name=motion.goto_target))
    elif motion.eq != Operation.IDLE:
        exclusive.eq_solving.CopyFrom(notify.OperationState(state=motion.eq))
    elif pointing.tracking:
        exclusive.tracking.CopyFrom(
            notify.TrackingState(state=Operation.RUNNING, target_name=pointing.target)
        )
    return message


def _body(device: Device) -> task.BodyState:
    body, state = device.state.body, device.state
    message = task.BodyState(
        ring_light=notify.LightState(state=int(body.ring_light)),
        indicator=notify.LightState(state=int(body.indicator)),
        charging=notify.Charging(state=device.charging_state(Generation.V3)),
        storage=notify.Storage(
            available_size=int(body.storage_gb), total_size=int(body.total_gb), is_valid=body.card
        ),
        mtp=notify.ModeState(mode=body.mtp_mode),
        cpu=notify.ModeState(mode=body.cpu_mode),
        temperature=notify.BodyTemperature(temperature=round(body.temperature + body.heat)),
        body_status=notify.BodyStatus(status=1 if body.equatorial else 2),
        battery=notify.Battery(percentage=round(body.battery)),
    )
    if state.calibrated:
        azimuth, altitude = state.calibration_error
        message.calibration_result.CopyFrom(notify.CalibrationResult(azi=azimuth, alt=altitude))
    return message
