"""Camera settings: set them, read them back, and compare before any shutter opens."""

from __future__ import annotations

import logging
from dataclasses import fields
from typing import Any

from agent.capabilities import Camera
from agent.execute.context import StepContext
from agent.mosaics import Mosaic
from agent.session.choices import CameraChoice
from agent.session.plan import PlannedStep
from agent.telescope.errors import TransientError
from agent.telescope.interface import CameraSettings

_LOGGER = logging.getLogger(__name__)

_TOLD = ("exposure", "gain", "filter", "binning", "format")


def settings_of(
    step: PlannedStep | CameraChoice, *, count: int | None = None, mosaic: Mosaic | None = None
) -> CameraSettings:
    """The telescope's settings that a planned step asks for, with the frames or the mosaic to take."""
    return CameraSettings(
        exposure=step.exposure.index if step.exposure else None,
        gain=step.gain,
        filter=step.filter.value if step.filter else None,
        binning=step.binning.value if step.binning else None,
        format=step.format,
        count=count,
        mosaic=mosaic,
    )


async def apply_and_verify(
    context: StepContext,
    step: PlannedStep | CameraChoice,
    *,
    count: int | None = None,
    mosaic: Mosaic | None = None,
) -> dict[str, Any]:
    """Set the camera, read it back, and return what it holds, by the names that people use.

    TransientError when the telescope holds other values than were set.
    """
    camera = step.camera or Camera.TELE
    wanted = settings_of(step, count=count, mosaic=mosaic)
    await context.telescope.apply(camera, wanted)
    held = await context.telescope.read(camera)
    differing, unread = [], []
    for field in fields(CameraSettings):
        asked, found = getattr(wanted, field.name), getattr(held, field.name)
        if asked is None or field.name == "mosaic":  # which the driver vouches for
            continue
        if found is None:
            unread.append(field.name)
        elif found != asked:
            is_, not_ = (_shown(context, camera, field.name, value) for value in (found, asked))
            unit = " s" if field.name == "exposure" else ""
            differing.append(f"{field.name} is {is_}{unit}, not {not_}{unit}")
    if unread:
        _LOGGER.info("The telescope does not report %s of its %s camera", ", ".join(unread), camera.value)
    if differing:
        raise TransientError(
            f"The {camera.value} camera did not take its settings: {'; '.join(differing)}.",
            code="settings_mismatch",
            hint="Check that no other app changes them.",
        )
    return {name: _shown(context, camera, name, getattr(held, name)) for name in _TOLD}


def _shown(context: StepContext, camera: Camera, setting: str, value: Any) -> Any:
    """What people call the telescope's value of a setting: exposures in seconds; None is not told."""
    offered = context.capabilities.cameras[camera]
    match setting:
        case "exposure":
            names = {exposure.index: exposure.name for exposure in offered.exposures}
        case "filter":
            names = {each.value: each.name for each in offered.filters}
        case "binning":
            names = {each.value: each.name for each in offered.binnings}
        case _:
            names = {}
    return names.get(value, value)
