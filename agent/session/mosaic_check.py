"""What is wrong with the mosaic that a session orders, or may surprise."""

from __future__ import annotations

from collections.abc import Iterator

from agent.capabilities import Camera, Capabilities
from agent.errors import Problem, warning
from agent.mosaics import OWN_STEP, Grid, Mosaic
from agent.session.choices import find_mosaic
from agent.session.document import SessionDocument
from agent.session.pane_grid import agents_grid, by_telescope, field_of
from agent.session.problems import BadValueError
from agent.session.sections import CAMERA_SECTIONS, CameraSetup
from agent.targets import SkyTarget, Target

_WIDEST_DEG = 150.0  # a plane that touches the sky shows no more of it
_MOST_PANES = 100


def mosaic_problems(
    document: SessionDocument, capabilities: Capabilities, target: Target | None
) -> Iterator[Problem]:
    """Tell what is wrong with the mosaics that a session orders, or may surprise."""
    setups = [(key, camera, getattr(document, key)) for key, camera in CAMERA_SECTIONS.items()]
    orders = [(key, camera, setup) for key, camera, setup in setups if setup and setup.orders_mosaic]
    places = [document.pointer(key, "doMosaic") for key, _, _ in orders]
    if document.mosaic is not None:
        places.append("/mosaic")
    if not places:
        return
    if len(places) > 1:
        message = "A session orders one mosaic, and this one orders several."
        yield Problem("mosaic_twice", message, "Switch all but one of them off.", path=places[1])
    if document.goto_manual is None or (target is not None and not isinstance(target, SkyTarget)):
        yield Problem(
            "mosaic_target",
            "A mosaic is made of the fixed sky, and the session does not go there.",
            "Add goto_manual with the middle of the mosaic, or switch the mosaic off.",
            path=places[0],
        )
    if document.mosaic is not None and not any(setup for _, _, setup in setups):
        message = "The mosaic has no camera section, so nothing would be taken."
        yield Problem("mosaic_camera", message, "Add setup_camera.", path="/mosaic")
    elif document.mosaic is not None and agents_grid(document, capabilities) is None:
        camera = next(camera for _, camera, setup in setups if setup)
        yield _no_field(camera, capabilities, "/mosaic")
    grid = agents_grid(document, capabilities)
    if grid is not None:
        yield from _size(grid, places[0])
    for key, camera, setup in orders:
        try:
            mosaic = find_mosaic(setup)
        except BadValueError:
            continue  # told with the other settings
        who = by_telescope(mosaic, camera, capabilities)
        if who is False and field_of(camera, capabilities) is None:
            yield _no_field(camera, capabilities, document.pointer(key, "doMosaic"))
        if document.refocus is not None and who is not False:
            message = "A mosaic that the telescope makes cannot be interrupted for focusing."
            yield Problem("mosaic_refocus", message, "Order it as a section mosaic.", path="/refocus")
        yield from _counts(document, key, setup, mosaic, grid if who is False else None)
        yield from _framing(document, key, mosaic, who)


def _no_field(camera: Camera, capabilities: Capabilities, path: str) -> Problem:
    message = (
        f"The field of the {capabilities.model}'s {camera} camera is not known, so no panes can be laid out."
    )
    return Problem("mosaic_field", message, "Make one session for each pane.", path=path)


def _size(grid: Grid, place: str) -> Iterator[Problem]:
    if grid.count > _MOST_PANES:
        message = f"The mosaic has {grid.count} panes, and {_MOST_PANES} are the most."
        yield Problem("mosaic_size", message, "Make it smaller.", path=place)
    if max(grid.span) > _WIDEST_DEG:
        message = f"The mosaic spans {max(grid.span):.0f} degrees, and {_WIDEST_DEG:.0f} are the most."
        yield Problem("mosaic_size", message, "Make it smaller.", path=place)


def _counts(
    document: SessionDocument, key: str, setup: CameraSetup, mosaic: Mosaic, grid: Grid | None
) -> Iterator[Problem]:
    """Warn of a count that is none of what the telescope's panes take, or the `grid` of the agent's."""
    panes = mosaic.panes if grid is None else grid.count
    frames = panes * mosaic.per_pane
    if setup.count not in (None, 0, frames, mosaic.frames, mosaic.per_pane):
        yield warning(
            "mosaic_count",
            f"The mosaic takes {panes} panes of {mosaic.per_pane} frames each, {frames} in all; "
            f"count says {setup.count}.",
            "mosaic_count counts; count is not looked at.",
            path=document.pointer(key, "count"),
        )


def _framing(document: SessionDocument, key: str, mosaic: Mosaic, who: bool | None) -> Iterator[Problem]:
    stepped = mosaic.in_steps
    if who is not False and stepped != mosaic:
        yield warning(
            "mosaic_framing",
            f"The telescope frames in steps of {OWN_STEP} percent: "
            f"{stepped.framing_x} x {stepped.framing_y} is taken.",
            path=document.pointer(key, "framingX"),
        )
