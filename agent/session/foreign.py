"""Sessions in the format of another program, turned into ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.errors import Problem, warning

ORIGINAL = "astro_dwarf"
"""The key beside `command` under which the session stays as the other program wrote it."""

_READ = {
    *("target", "camera", "workflow", "mosaic", "autofocus", "infinite_focus", "polar_align", "calibrate"),
    *("goto", "exposure_seconds", "gain", "frame_count", "binning", "ir_filter"),
}
_KINDS = ("kind", "type", "mode", "action", "action_type", "capture_mode")
_OTHER_PICTURES = {
    "video",
    "photo",
    "burst",
    "timelapse",
    "time-lapse",
    "panorama",
    "star trail",
    "startrail",
}


def translated(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a session of the program Astro Dwarf as one of ours; None when it is none of its.

    It counts binning from 1 (1 is 4k) and names the camera, the steps and the target in sections of its own.
    """
    target, camera = raw.get("target"), raw.get("camera")
    if (
        "command" in raw
        or "id_command" in raw
        or not isinstance(target, dict)
        or not isinstance(camera, dict)
    ):
        return None
    if "kind" not in target and "exposure_seconds" not in camera:
        return None
    body = {"id_command": _id_command(raw), **_steps(raw, target), **_camera(raw, camera)}
    return {"command": body, ORIGINAL: dict(raw)}


def told(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Give what there is to say of a session that was translated: that it was, and what it orders beyond."""
    message = "This is a session of the program Astro Dwarf; it is read and written back as one of ours."
    yield warning("foreign_format", message, "Look at it with dwarf-agent plan.")
    mosaic = _section(raw, "mosaic")
    if _several_panes(mosaic) and mosaic.get("mosaic_count") is None:
        message = "A mosaic of Astro Dwarf does not say how many frames each pane gets."
        yield Problem("missing", message, 'Add "mosaic_count" to its mosaic.', path="/mosaic/mosaic_count")
    for path, value in _orders(raw):
        message = f"The session asks for {value}, which this version cannot do."
        yield Problem("not_acted_on", message, "Take it out.", path=path)


def _orders(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what a session asks for that is not translated: its place, and what it is."""
    for name in ("camera", "workflow"):
        for key, value in _section(raw, name).items():
            if value is True and key not in _READ:
                yield f"/{name}/{key}", key
    for key, value in raw.items():
        if (
            key not in _READ
            and isinstance(value, dict)
            and True in (value.get("enabled"), value.get("do_action"))
        ):
            yield f"/{key}", key
    for place, section in (("", raw), ("/camera", _section(raw, "camera"))):
        for key in _KINDS:
            value = section.get(key)
            if isinstance(value, str) and value.strip().lower() in _OTHER_PICTURES:
                yield f"{place}/{key}", value


def _id_command(raw: Mapping[str, Any]) -> dict[str, Any]:
    status = raw.get("status", "planned")
    given = {
        "uuid": raw.get("id"),
        "description": raw.get("name"),
        "date": raw.get("scheduled_start"),
        "process": "wait" if status == "planned" else status,
    }
    return {key: value for key, value in given.items() if value is not None}


def _steps(raw: Mapping[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    workflow = _section(raw, "workflow")
    solar = target.get("kind") == "solar"
    pointing: dict[str, Any] = {"target": target.get("solar_name") if solar else target.get("name")}
    if not solar:
        degrees = target.get("ra_degrees")
        pointing["ra_coord"] = target.get("ra_hours") if degrees is None else f"{degrees}°"
        pointing["dec_coord"] = target.get("dec_degrees")
    names = {
        "auto_focus": "autofocus",
        "infinite_focus": "infinite_focus",
        "eq_solving": "polar_align",
        "calibration": "calibrate",
    }
    steps: dict[str, Any] = {key: {"do_action": workflow.get(name, False)} for key, name in names.items()}
    goto = {"do_action": workflow.get("goto", True), **pointing, **_waits(workflow)}
    return {**steps, "goto_solar" if solar else "goto_manual": goto}


def _camera(raw: Mapping[str, Any], camera: dict[str, Any]) -> dict[str, Any]:
    workflow, mosaic = _section(raw, "workflow"), _section(raw, "mosaic")
    setup: dict[str, Any] = {
        "do_action": True,
        "exposure": camera.get("exposure_seconds"),
        "gain": camera.get("gain"),
        "count": camera.get("frame_count"),
        **({} if workflow.get("goto", True) else _waits(workflow)),
    }
    if _several_panes(mosaic):
        setup |= {
            "doMosaic": True,
            "framingX": mosaic.get("horizontal_scale"),
            "framingY": mosaic.get("vertical_scale"),
            "mosaic_count": mosaic.get("mosaic_count"),
        }
    if camera.get("camera") == "wide":
        return {"setup_wide_camera": setup}
    binning = camera.get("binning", 1)
    setup["binning"] = binning - 1 if binning in (1, 2) else binning
    setup["IRCut"] = camera.get("ir_filter")
    return {"setup_camera": setup}


def _several_panes(mosaic: dict[str, Any]) -> bool:
    return any(mosaic.get(side, 1) not in (0, 1) for side in ("rows", "columns"))


def _waits(workflow: dict[str, Any]) -> dict[str, Any]:
    return {
        "wait_before": workflow.get("wait_before_seconds", 0),
        "wait_after": workflow.get("wait_after_seconds", 0),
    }


def _section(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}
