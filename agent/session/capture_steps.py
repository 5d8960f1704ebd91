"""The steps that expose: captures, and the dark frames for them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from agent.capabilities import Camera, Capabilities, Learned, StepDurations
from agent.session.choices import CameraChoice, choose
from agent.session.document import SessionDocument
from agent.session.recentring import recentred_every_s
from agent.session.sections import CAMERA_SECTIONS, CameraSetup
from agent.session.steps import PlannedStep, Refocus, StepKind, step_of
from agent.targets import Target


def captures(
    document: SessionDocument,
    capabilities: Capabilities,
    recipe: CameraChoice,
    ends: Mapping[str, datetime],
    shutter: datetime | None,
    panes: int,
    target: Target | None,
) -> Iterator[PlannedStep]:
    """Return the captures of a target, the first expected at `shutter`; a camera's waits come before it."""
    for key, camera in (("setup_camera", Camera.TELE), ("setup_wide_camera", Camera.WIDE)):
        setup: CameraSetup | None = getattr(document, key)
        if setup is None:
            continue
        choice, _ = choose(setup, camera, capabilities)
        kept = recipe.exposure if document.calibration and camera is recipe.camera else None
        exposure = choice.exposure or kept
        seconds = exposure.seconds if exposure else 0.0
        durations = capabilities.durations
        frame_s = seconds + durations.of("frame_overhead", camera)
        setup_s = durations.of("camera_setup", camera)
        wait_s = setup.wait_before + setup.wait_after
        until, left_s = ends.get(key), math.inf
        if until is not None and shutter is not None:
            left_s = max(0.0, (until - shutter).total_seconds() - wait_s)
        count = choice.count or max(1, math.ceil(left_s / seconds))
        mosaic = choice.mosaic.in_steps if choice.mosaic is not None and not panes else None
        per_pane = choice.mosaic.per_pane if choice.mosaic is not None else count
        if panes:
            count = panes * per_pane
        panes_s = (mosaic.panes - 1) * durations.next_pane if mosaic is not None else 0.0
        refocus = _refocus(document) if camera is Camera.TELE and mosaic is None else None
        needed_s = setup_s + count * frame_s + panes_s
        if refocus is not None and refocus.every_s is not None:
            needed_s += needed_s // refocus.every_s * (durations.of("auto_focus") + setup_s)
        field = capabilities.cameras[camera].field_of_view if camera in capabilities.cameras else None
        recentre_s = recentred_every_s(target, field) if mosaic is None else None
        if recentre_s is not None:
            needed_s += needed_s // recentre_s * (durations.of("goto") + setup_s)
        fits = count if until is None else min(count, int(max(0.0, left_s - setup_s) / frame_s))
        shown_exposure = f"{exposure.name} s" if exposure else "the telescope's exposure"
        shown_count, closing = f"{count}", ""
        if setup.end_time is not None:
            shown_count, closing = f"up to {count}", f" until {setup.end_time.isoformat('minutes')}"
        if panes:
            shown_count = f"{panes} panes × {per_pane}"
        if mosaic is not None:
            shown_count = f"{mosaic.columns} × {mosaic.rows} panes × {mosaic.per_pane}"
        step = PlannedStep(
            kind=StepKind.CAPTURE,
            section=key,
            wait_before_s=wait_s,
            timeout_s=setup.timeout,
            label=f"Capture {shown_count} × {shown_exposure}{closing}, {camera.value} camera",
            why=f"waiting for {shown_count} frames of the {camera.value} camera{closing}",
            estimate_s=min(needed_s, left_s),
            camera=camera,
            exposure=choice.exposure,
            gain=choice.gain,
            filter=choice.filter,
            binning=choice.binning,
            format=choice.format,
            count=count,
            exposure_s=seconds,
            frame_s=(needed_s - setup_s) / count,
            setup_s=setup_s,
            learned=_learned(durations, camera, count),
            integration_s=fits * seconds,
            until=until,
            without_goto=setup.without_goto,
            mosaic=mosaic,
            refocus=refocus,
            recentre_s=recentre_s,
        )
        shutter = None if shutter is None else shutter + timedelta(seconds=step.total_s)
        yield step


def _learned(durations: StepDurations, camera: Camera, count: int) -> Learned | None:
    """What is known of a capture of so many frames: their errors add up, as they have one cause."""
    frame = durations.learned_of("frame_overhead", camera)
    setup = durations.learned_of("camera_setup", camera)
    if frame is None:
        return None
    error_s = count * frame.error_s + (setup.error_s if setup is not None else 0.0)
    return Learned(count * frame.seconds, error_s, frame.sessions)


def darks(document: SessionDocument, capabilities: Capabilities) -> Iterator[PlannedStep]:
    wanted = document.dark_frames
    if wanted is None:
        return
    for key, camera in CAMERA_SECTIONS.items():
        setup: CameraSetup | None = getattr(document, key)
        if setup is None:
            continue
        choice, _ = choose(setup, camera, capabilities)
        seconds = choice.exposure.seconds if choice.exposure else 0.0
        shown = f"{wanted.count} × {choice.exposure.name if choice.exposure else '?'} s"
        yield step_of(
            StepKind.DARK_FRAMES,
            wanted,
            "dark_frames",
            label=f"Dark frames, {shown}, {camera.value} camera",
            why=f"waiting for {shown} of darkness of the {camera.value} camera",
            estimate_s=wanted.count * (seconds + capabilities.durations.of("frame_overhead", camera)),
            camera=camera,
            exposure=choice.exposure,
            gain=choice.gain,
            binning=choice.binning,
            darks=wanted.count,
            cap=not capabilities.dark_filter,
            cap_wait_s=wanted.cap_wait,
        )


def _refocus(document: SessionDocument) -> Refocus | None:
    wanted = document.refocus
    if wanted is None:
        return None
    infinity = document.infinite_focus is not None and document.auto_focus is None
    return Refocus(wanted.every, wanted.temperature_step, infinity)
