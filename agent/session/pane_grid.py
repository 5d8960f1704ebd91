"""The panes of the mosaic that a session orders, and who makes it."""

from __future__ import annotations

from agent.capabilities import Camera, Capabilities
from agent.mosaics import OVERLAP, OWN_LIMIT, Grid, Mosaic, Pane
from agent.session.choices import find_mosaic
from agent.session.document import SessionDocument
from agent.session.problems import BadValueError
from agent.session.sections import CAMERA_SECTIONS, CameraSetup
from agent.targets import SkyTarget


def by_telescope(mosaic: Mosaic, camera: Camera, capabilities: Capabilities) -> bool | None:
    """Whether the telescope makes this mosaic by itself; None where that depends on its firmware."""
    if camera is not Camera.TELE or max(mosaic.framing_x, mosaic.framing_y) > OWN_LIMIT:
        return False
    return capabilities.own_mosaics if "mosaic" not in capabilities.lacks else False


def field_of(camera: Camera, capabilities: Capabilities) -> tuple[float, float] | None:
    """The field of a camera in degrees, the long side first; None where it is not known."""
    own = capabilities.cameras.get(camera)
    return own.field_of_view if own is not None else None


def agents_grid(document: SessionDocument, capabilities: Capabilities) -> Grid | None:
    """The panes that the agent has to make; None for a single field, and for a mosaic by the telescope.

    Where that depends on the telescope's firmware, which is not known, the telescope is taken to make it.
    """
    for key, camera in CAMERA_SECTIONS.items():
        setup: CameraSetup | None = getattr(document, key)
        field = field_of(camera, capabilities)
        if setup is None or field is None:
            continue
        if document.mosaic is not None:
            own = document.mosaic
            return Grid.of(own.columns, own.rows, field, overlap=own.overlap / 100, rotation=own.rotation)
        try:
            mosaic = find_mosaic(setup) if setup.orders_mosaic else None
        except BadValueError:
            continue
        if mosaic is not None and by_telescope(mosaic, camera, capabilities) is False:
            return Grid.framed(mosaic, field, overlap=OVERLAP)
    return None


def telescopes_grid(document: SessionDocument, capabilities: Capabilities) -> Grid | None:
    """The panes that the telescope makes by itself, as far as is known how; None for all else."""
    setup, field = document.setup_camera, field_of(Camera.TELE, capabilities)
    if setup is None or not setup.orders_mosaic or field is None:
        return None
    mosaic = find_mosaic(setup)
    if by_telescope(mosaic, Camera.TELE, capabilities) is False:
        return None
    return Grid.framed(mosaic.in_steps, field, own=True)


def wanted_panes(document: SessionDocument, grid: Grid, middle: SkyTarget) -> tuple[Pane, ...]:
    """The panes around the middle that the session wants: all, unless it names some."""
    panes = grid.panes(middle.ra_hours, middle.dec_degrees)
    some = document.mosaic.panes if document.mosaic is not None else ()
    return tuple(pane for pane in panes if not some or pane.number in some)
