"""A mosaic that the agent makes: one ordinary session for each pane."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from agent.mosaics import Pane
from agent.session.document import SessionDocument, body_of
from agent.session.fields import DarksWhen
from agent.session.sections import CAMERA_SECTIONS, MOSAIC_KEYS, CameraSetup
from agent.session.telescope_wish import is_open, wish_of
from agent.session.writing import OUTCOME_KEYS, Process
from agent.targets import SkyTarget

_ONCE_BEFORE = ("auto_focus", "infinite_focus", "eq_solving", "calibration")
_ONCE_AFTER = ("shutdown",)
_NOT_INHERITED = OUTCOME_KEYS | {"request_id", "session_id", "expires_at"}


@dataclass(frozen=True, slots=True)
class PaneSession:
    """One pane of a mosaic, and the session that images it."""

    pane: Pane
    body: dict[str, Any]


def pane_sessions(
    document: SessionDocument, middle: SkyTarget, panes: Sequence[Pane], group: str
) -> list[PaneSession]:
    """Return a session for each pane, in that order.

    The first one focuses and calibrates for all (with a goal, or where any telescope may have them, each
    one), the last one parks. Each keeps the times, the conditions and the cameras of the whole; all have the
    same `group`.
    """
    return [
        PaneSession(pane, _body(document, middle, pane, group, pane is panes[0], pane is panes[-1]))
        for pane in panes
    ]


def frames_of_pane(document: SessionDocument) -> int:
    """Return the frames that each pane is asked for, by all cameras; 0 while only an end time says it."""
    return sum(map(_frames, filter(None, (getattr(document, key) for key in CAMERA_SECTIONS))))


def _frames(setup: CameraSetup) -> int:
    return (setup.mosaic_count if setup.orders_mosaic else setup.count) or 0


def _body(
    document: SessionDocument, middle: SkyTarget, pane: Pane, group: str, first: bool, last: bool
) -> dict[str, Any]:
    left_out = {"mosaic", "repeat", "result_details", "goto_solar"}
    if document.goal is None and not is_open(wish_of(document)):  # else each may be the first on a telescope
        left_out |= set() if first else set(_ONCE_BEFORE)
    left_out |= set() if last else set(_ONCE_AFTER)
    darks = document.dark_frames.when if document.dark_frames is not None else None
    if (darks is DarksWhen.BEFORE and not first) or (darks is DarksWhen.AFTER and not last):
        left_out.add("dark_frames")
    whole = deepcopy(body_of(document.raw))
    body: dict[str, Any] = {key: value for key, value in whole.items() if key not in left_out}
    id_command = {key: value for key, value in body["id_command"].items() if key not in _NOT_INHERITED}
    body["id_command"] = id_command | {"process": Process.WAIT.value, "group": group}
    body["goto_manual"] = body["goto_manual"] | {
        "target": f"{middle.name} Panel {pane.number}",
        "ra_coord": round(pane.ra_hours, 6) % 24,
        "dec_coord": round(pane.dec_degrees, 5),
        "trust_coordinates": True,  # they were computed
    }
    for key in CAMERA_SECTIONS:
        setup: CameraSetup | None = getattr(document, key)
        if setup is None or not setup.orders_mosaic:
            continue
        single = {name: value for name, value in body[key].items() if name not in MOSAIC_KEYS}
        body[key] = single | {"count": setup.mosaic_count}
    return {"command": body}
