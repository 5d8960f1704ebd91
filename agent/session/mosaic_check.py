"""Mosaics of a session: who makes them, and what is wrong with the way they are ordered."""

from __future__ import annotations

from collections.abc import Iterator

from agent.capabilities import Camera, Capabilities
from agent.errors import Problem, warning
from agent.mosaics import OWN_LIMIT, OWN_STEP, Mosaic
from agent.session.document import SessionDocument
from agent.session.sections import CameraSetup
from agent.targets import SkyTarget, Target


def by_telescope(mosaic: Mosaic, camera: Camera, capabilities: Capabilities) -> bool | None:
    """Whether the telescope makes this mosaic by itself; None where that depends on its firmware."""
    if camera is not Camera.TELE or max(mosaic.framing_x, mosaic.framing_y) > OWN_LIMIT:
        return False
    return capabilities.own_mosaics if "mosaic" not in capabilities.lacks else False


def mosaic_problems(
    document: SessionDocument,
    key: str,
    setup: CameraSetup,
    mosaic: Mosaic,
    target: Target | None,
    who: bool | None,
) -> Iterator[Problem]:
    """Tell what is wrong with a mosaic that a camera section orders, or may surprise."""
    place = document.pointer(key, "doMosaic")
    if document.goto_manual is None or (target is not None and not isinstance(target, SkyTarget)):
        yield Problem(
            "mosaic_target",
            "A mosaic is made of the fixed sky, and the session does not go there.",
            "Add goto_manual with the middle of the mosaic, or set doMosaic to false.",
            path=place,
        )
    if setup.count not in (None, 0, mosaic.frames, mosaic.per_pane):
        yield warning(
            "mosaic_count",
            f"The mosaic takes {mosaic} each, {mosaic.frames} in all; count says {setup.count}.",
            "mosaic_count counts; count is not looked at.",
            path=document.pointer(key, "count"),
        )
    stepped = mosaic.in_steps
    if who is not False and stepped != mosaic:
        yield warning(
            "mosaic_framing",
            f"The telescope frames in steps of {OWN_STEP} percent: "
            f"{stepped.framing_x} x {stepped.framing_y} is taken.",
            path=document.pointer(key, "framingX"),
        )
