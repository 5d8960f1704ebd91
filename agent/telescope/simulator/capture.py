"""A stacked capture, frame by frame. It belongs to the telescope: no client needs to be there."""

from __future__ import annotations

from dataclasses import replace

from agent.mosaics import NO_ROTATION, Mosaic
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.simulator import notices, physics, tables
from agent.telescope.simulator.card import ASTRO, SessionFolder
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import EndsEarly, NeverEnds, StacksFewer, WrongCounts
from agent.telescope.simulator.history import FrameTaken, ShutterClosed, ShutterOpened
from agent.telescope.simulator.state import Capture, Operation

TAKEN, STACKED, BOTH = 0, 1, 2
_TICKS_FROM_S = 2.0  # shorter exposures are not counted down
_LONG_EXPOSURE_S = 1.0  # from here on the preview turns from RTSP to JPEG
_RTSP, _JPEG = 1, 2
_TO_PANE = 1  # kind of 15255


def activity(camera: int) -> str:
    """Return the name under which a capture of that camera runs."""
    return f"capture {camera}"


def begin(device: Device, camera: int, *, held: bool = False, mosaic: Mosaic | None = None) -> None:
    """Start a capture with the camera's settings; a held one says that it runs, and exposes nothing."""
    state, lens = device.state, device.state.cameras[camera]
    pointing, model = state.pointing, device.profile.tables
    when = device.now()
    exposure = tables.exposure_name(model, camera, lens.exposure)
    on_target = pointing.target if pointing.tracking else ""
    capture = Capture(
        camera=camera,
        target=on_target,
        ra_hours=pointing.ra_hours,
        dec_degrees=pointing.dec_degrees,
        exposure_index=lens.exposure,
        exposure_s=tables.exposure_seconds(model, camera, lens.exposure) or 0.0,
        gain=lens.gain,
        gain_index=tables.gain_index(model, camera, lens.gain),
        filter=lens.filter,
        binning=state.features[0].index,
        format="TIFF" if state.features[2].index else "FITS",
        total=lens.count if mosaic is None else mosaic.frames,
        mosaic=mosaic,
        started_at=when,
        begun_s=device.clock.monotonic(),
        folder=device.card.folder_name(camera, on_target, exposure, lens.gain, when),
    )
    device.card.open(
        SessionFolder(
            path=capture.folder,
            camera=camera,
            target=on_target,
            ra_hours=capture.ra_hours,
            dec_degrees=capture.dec_degrees,
            exposure_name=exposure,
            exposure_s=capture.exposure_s,
            gain=lens.gain,
            filter_value=lens.filter,
            filter_name=dict(device.profile.filters).get(lens.filter, ""),
            binning=capture.binning,
            format=capture.format,
            total=capture.total,
            mosaic=mosaic,
            begun_at=when,
            changed_at=when,
        )
    )
    lens.capture = capture
    _set_state(device, camera, Operation.RUNNING)
    if not held:
        device.start(activity(camera), _run(device, capture))


def go_on(device: Device, camera: int) -> None:
    """Let a capture begin that was held because no dark fits."""
    lens = device.state.cameras[camera]
    lens.asks_about_darks = False
    if lens.capture is None or lens.operation != Operation.RUNNING:
        begin(device, camera, mosaic=lens.held_mosaic)
        return
    _set_state(device, camera, Operation.RUNNING)
    device.start(activity(camera), _run(device, lens.capture))


def stop(device: Device, camera: int, *, fast: bool) -> bool:
    """Ask a running capture to end; fast leaves out what is not stacked yet. False when none runs."""
    lens = device.state.cameras[camera]
    if lens.asks_about_darks:
        lens.asks_about_darks = False
        _set_state(device, camera, Operation.STOPPED)
        return True
    if lens.capture is None or lens.operation != Operation.RUNNING:
        return False
    lens.capture.stop = "fast" if fast else "slow"
    _set_state(device, camera, Operation.STOPPING)
    device.start(
        activity(camera), _close(device, lens.capture, "stopped", 0.3 if fast else physics.SLOW_STOP_S)
    )
    return True


def finish(device: Device, camera: int) -> None:
    """Leave the display of a finished capture: back to live view."""
    lens = device.state.cameras[camera]
    lens.capture = None
    _set_state(device, camera, Operation.IDLE)
    if lens.stream != _RTSP:
        lens.stream = _RTSP
        device.notify(notices.stream_type(_RTSP, camera))


def progress(device: Device, capture: Capture, kind: int) -> tuple[notices.Notice, ...]:
    """Return the progress notification of a capture: 0 a frame was taken, 1 a frame was stacked."""
    if capture.mosaic is not None:
        return (_pane_progress(device, capture, capture.mosaic, kind),)
    message = notify.StackingProgress(
        total_count=capture.total,
        update_count_type=kind,
        current_count=capture.taken,
        stacked_count=capture.stacked,
        exp_index=capture.exposure_index,
        gain_index=capture.gain_index,
        target_name=capture.target,
    )
    return notices.stacking_progress(capture.camera, message, capture.exposure_s)


def _pane_progress(device: Device, capture: Capture, mosaic: Mosaic, kind: int) -> notices.Notice:
    """By habit the counts are those of the pane, or of all panes so far."""
    within = device.options.habits.mosaic_counts == "pane"
    earlier = (capture.pane - 1) * mosaic.per_pane
    lost = sum(number <= earlier for number in capture.losses)
    return notices.mosaic_progress(
        notify.MosaicProgress(
            total_count=mosaic.per_pane if within else capture.total,
            update_count_type=kind,
            current_count=capture.taken - earlier if within else capture.taken,
            stacked_count=capture.stacked - (earlier - lost) if within else capture.stacked,
            exp_index=capture.exposure_index,
            gain_index=capture.gain_index,
            target_name=capture.target,
            horizontal_scale=mosaic.framing_x,
            vertical_scale=mosaic.framing_y,
            rotation=NO_ROTATION if mosaic.rotation is None else round(mosaic.rotation),
            fov_id=capture.pane,
            fov_total=mosaic.panes,
        )
    )


async def _next_pane(device: Device, capture: Capture) -> None:
    """Go to the next pane of a mosaic once the present one has its frames."""
    mosaic = capture.mosaic
    if mosaic is None or not 0 < capture.taken < capture.total or capture.taken % mosaic.per_pane:
        return
    device.notify(notices.waiting(0, 1, _TO_PANE))
    await device.clock.sleep(physics.PANE_MOVE_S)
    device.notify(notices.waiting(1, 1, _TO_PANE))


def _set_state(device: Device, camera: int, operation: Operation) -> None:
    device.state.cameras[camera].operation = operation
    device.notify(*notices.stacking_state(camera, operation))


async def _run(device: Device, capture: Capture) -> None:
    clock, lens = device.clock, device.state.cameras[capture.camera]
    if capture.exposure_s >= _LONG_EXPOSURE_S:
        lens.stream = _JPEG
        device.notify(notices.stream_type(_JPEG, capture.camera))
    device.record(
        ShutterOpened(
            clock.now(),
            camera=capture.camera,
            exposure_s=capture.exposure_s,
            gain=capture.gain,
            filter=capture.filter,
            frames=capture.total,
            target=capture.target,
            ra_hours=capture.ra_hours,
            dec_degrees=capture.dec_degrees,
        )
    )
    await clock.sleep(physics.CAPTURE_START_S)
    reason = "finished"
    while capture.taken < capture.total:
        if not _room(device, capture):
            reason = "storage full"
            break
        await _next_pane(device, capture)
        await _expose(device, capture)
        await _read_out(device, capture)
        if device.faults.use(NeverEnds, where=lambda rule: 0 < rule.at <= capture.taken):
            await _stall(device)
        if device.faults.use(EndsEarly, where=lambda rule: rule.at <= capture.taken):
            reason = "ended early"
            break
    if device.faults.use(NeverEnds, where=lambda rule: rule.at == 0):
        await _stall(device)
    lasted = (device.now() - capture.started_at).total_seconds()
    await clock.sleep(max(0.0, device.options.minimum_session_s - lasted))
    _set_state(device, capture.camera, Operation.STOPPING)
    await _close(device, capture, reason, physics.CAPTURE_CLOSE_S)


async def _expose(device: Device, capture: Capture) -> None:
    clock, total = device.clock, capture.exposure_s
    if total < _TICKS_FROM_S:
        await clock.sleep(total)
        return
    if device.options.is_v3 and device.profile.tables == "mini":
        device.notify(notices.long_exposure_v3(capture.camera, total, 0.0))  # once a frame, without progress
        await clock.sleep(total)
        return
    step = max(1.0, total / 10)
    exposed = 0.0
    while exposed < total:
        await clock.sleep(min(step, total - exposed))
        exposed = min(total, exposed + step)
        device.notify(
            notices.long_exposure(capture.camera, total, exposed),
            notices.long_exposure_v3(capture.camera, total, exposed),
        )


async def _read_out(device: Device, capture: Capture) -> None:
    clock = device.clock
    await clock.sleep(max(physics.READOUT_S, device.options.shortest_frame_s - capture.exposure_s))
    capture.taken += 1
    lost = device.rng.random() < device.options.stacking_loss
    fewer = device.faults.use(StacksFewer, where=lambda rule: capture.taken % max(1, rule.every) == 0)
    stacked = not lost and fewer is None
    device.state.body.storage_gb -= _frame_gb(device, capture)
    device.card.frame(capture.folder, capture.taken, stacked=stacked, when=device.now())
    device.record(FrameTaken(clock.now(), capture.camera, capture.taken, stacked))
    device.notify(*_told(device, capture, TAKEN))
    device.frame_taken(capture.taken)
    await clock.sleep(physics.STACK_S)
    if not stacked:
        capture.losses.add(capture.taken)
    else:
        capture.stacked += 1
        device.notify(*_told(device, capture, STACKED))


def _told(device: Device, capture: Capture, kind: int) -> tuple[notices.Notice, ...]:
    wrong = device.faults.use(WrongCounts)
    told = capture if wrong is None else replace(capture, taken=wrong.frames, stacked=wrong.frames)
    return progress(device, told, kind)


async def _stall(device: Device) -> None:
    while True:
        await device.clock.sleep(3600)


async def _close(device: Device, capture: Capture, reason: str, seconds: float) -> None:
    await device.clock.sleep(seconds)
    device.card.close(capture.folder, device.now())
    device.record(ShutterClosed(device.clock.now(), capture.camera, capture.taken, capture.stacked, reason))
    _set_state(device, capture.camera, Operation.STOPPED)
    device.notify(notices.album_changed(ASTRO))


def _frame_gb(device: Device, capture: Capture) -> float:
    optics = device.profile.optics(capture.camera)
    return physics.frame_megabytes(optics.width, optics.height, capture.binning) / 1000


def _room(device: Device, capture: Capture) -> bool:
    return device.state.body.card and device.state.body.storage_gb >= _frame_gb(device, capture)
