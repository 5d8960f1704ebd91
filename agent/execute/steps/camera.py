"""Camera settings: set them, read them back, and compare before any shutter opens."""

from __future__ import annotations

import logging
from dataclasses import fields

from agent.capabilities import Camera
from agent.execute.context import StepContext
from agent.session.choices import CameraChoice
from agent.session.plan import PlannedStep
from agent.telescope.errors import TransientError
from agent.telescope.interface import CameraSettings

_LOGGER = logging.getLogger(__name__)


def settings_of(step: PlannedStep | CameraChoice, *, count: int | None = None) -> CameraSettings:
    """The telescope's settings that a planned step asks for, with the frames to take."""
    return CameraSettings(
        exposure=step.exposure.index if step.exposure else None,
        gain=step.gain,
        filter=step.filter.value if step.filter else None,
        binning=step.binning.value if step.binning else None,
        format=step.format,
        count=count,
    )


async def apply_and_verify(
    context: StepContext, step: PlannedStep | CameraChoice, *, count: int | None = None
) -> None:
    """Set the camera and read it back; TransientError when the telescope holds other values."""
    camera = step.camera or Camera.TELE
    wanted = settings_of(step, count=count)
    await context.telescope.apply(camera, wanted)
    held = await context.telescope.read(camera)
    differing, unread = [], []
    for field in fields(CameraSettings):
        asked, found = getattr(wanted, field.name), getattr(held, field.name)
        if asked is None:
            continue
        if found is None:
            unread.append(field.name)
        elif found != asked:
            names = _names(context, camera, field.name)
            differing.append(f"{field.name} is {names.get(found, found)}, not {names.get(asked, asked)}")
    if unread:
        _LOGGER.info("The telescope does not report %s of its %s camera", ", ".join(unread), camera.value)
    if differing:
        raise TransientError(
            f"The {camera.value} camera did not take its settings: {'; '.join(differing)}.",
            code="settings_mismatch",
            hint="Check that no other app changes them.",
        )


def _names(context: StepContext, camera: Camera, setting: str) -> dict[int, str]:
    """What people call the telescope's values of a setting."""
    offered = context.capabilities.cameras[camera]
    match setting:
        case "exposure":
            return {exposure.index: f"{exposure.name} s" for exposure in offered.exposures}
        case "filter":
            return {each.value: each.name for each in offered.filters}
        case "binning":
            return {each.value: each.name for each in offered.binnings}
    return {}
