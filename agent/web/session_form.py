"""The form of New: from what a person typed to a session document, and back to edit one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Any

from agent.session.document import body_of
from agent.session.telescope_wish import ANY

_BOOK_KEEPING = frozenset(
    {"request_id", "session_id", "source", "process", "result", "message", "nb_try", "starting_date"}
    | {"processed_date", "dwarf", "uuid", "expires_at"}
)
_LONGEST = 200
_FIELDS = re.compile(r"([1-9])x([1-9])")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What stands in the fields, as texts; "" is not given. Flags are "on" or ""."""

    target: str = ""
    exposure: str = ""
    gain: str = ""
    fields: str = ""  # columns x rows of a mosaic, "" for one field
    turn: str = ""
    filter: str = ""
    much: str = "frames"  # or until
    count: str = "60"
    until: str = ""
    when: str = "any"  # or at
    date: str = ""
    time: str = ""
    end_time: str = ""
    min_altitude: str = ""
    moon_separation: str = ""
    max_moon: str = ""
    weather: str = ""
    calibration: str = ""
    autofocus: str = ""
    nights: str = ""
    park: str = ""
    priority: str = ""
    note: str = ""
    any: str = ""  # whichever telescope does best
    edit: str = ""
    copy: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Form:
        """Take what a browser sent; keys that are none of ours are left out."""
        known = {one.name for one in fields(cls)}
        return cls(
            **{
                key: str(value).strip()[:_LONGEST]
                for key, value in values.items()
                if key in known and isinstance(value, str | int | float)
            }
        )


def document_of(form: Form, base: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the session; `base` is the document that is edited, whose other keys are kept."""
    body = deepcopy(_inside(base)) if base is not None else {}
    body.pop("result_details", None)
    old = _section(body, "id_command")
    who = {key: value for key, value in old.items() if key not in _BOOK_KEEPING}
    for key in ("date", "time", "end_date", "end_time", "description", "priority"):
        who.pop(key, None)
    if str(who.get("telescope", "")).lower() == ANY:
        del who["telescope"]
    if form.any:
        who["telescope"] = ANY
    if form.note:
        who["description"] = form.note
    if form.when == "at":
        who |= _given(date=form.date, time=form.time)
    who |= _given(end_time=form.end_time)
    if form.priority:
        who["priority"] = _number(form.priority)
    body["id_command"] = who
    _switch(body, "auto_focus", bool(form.autofocus))
    _switch(body, "calibration", bool(form.calibration))
    goto = _section(body, "goto_manual")
    if goto.get("target") != form.target:
        goto = {}
    body["goto_manual"] = {**goto, "do_action": True, "target": form.target}
    body.pop("goto_solar", None)
    body["setup_camera"] = _camera(form, _section(body, "setup_camera"))
    _put(body, "mosaic", _mosaic(form, _section(body, "mosaic")))
    _put(body, "conditions", _conditions(form, _section(body, "conditions")))
    _put(body, "repeat", {"times": _number(form.nights)} if form.nights not in ("", "1") else {})
    _put(body, "shutdown", {"park": True} if form.park else {})
    return {"command": body}


def form_of(document: Mapping[str, Any], *, edit: str = "", copy: str = "") -> Form:
    """Fill the form from a document."""
    body = _inside(document)
    who, camera = _section(body, "id_command"), _on(body, "setup_camera")
    mosaic = _on(body, "mosaic")
    conditions, goto = _on(body, "conditions"), _on(body, "goto_manual") or _on(body, "goto_solar")
    count = str(camera.get("count", "60"))
    until = str(camera.get("end_time") or "")
    start = {key: str(who.get(key) or "") for key in ("date", "time")}
    form = Form(
        target=str(goto.get("target") or ""),
        exposure=str(camera.get("exposure") or ""),
        gain=str(camera.get("gain") or ""),
        fields=f"{mosaic.get('columns', 1)}x{mosaic.get('rows', 1)}" if mosaic else "",
        turn=_text(mosaic.get("rotation")),
        filter=str(camera.get("IRCut") if camera.get("IRCut") is not None else camera.get("ircut") or ""),
        much="until" if until and count == "0" else "frames",
        count=count if count != "0" else "60",
        until=until[:5],
        when="at" if any(start.values()) else "any",
        date=start["date"][:10],
        time=_clock(start["time"]),
        end_time=_clock(str(who.get("end_time") or "")),
        min_altitude=_text(conditions.get("min_altitude")),
        moon_separation=_text(conditions.get("moon_separation")),
        max_moon=_text(conditions.get("max_moon_illumination")),
        weather=str(conditions.get("weather_policy") or ""),
        calibration="on" if _on(body, "calibration") else "",
        autofocus="on" if _on(body, "auto_focus") else "",
        nights=_text(_on(body, "repeat").get("times")),
        park="on" if _on(body, "shutdown").get("park") else "",
        priority=_text(who.get("priority")),
        note=str(who.get("description") or ""),
        any="on" if str(who.get("telescope") or "").lower() == ANY else "",
    )
    return replace(form, edit=edit, copy=copy)


def _camera(form: Form, old: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(old)
    for key in ("exposure", "gain", "IRCut", "ircut", "count", "end_time"):
        kept.pop(key, None)
    camera = {**kept, "do_action": True, **_given(exposure=form.exposure, IRCut=form.filter)}
    if form.gain:
        camera["gain"] = _number(form.gain)
    if form.much == "until":
        return {**camera, "count": 0, **_given(end_time=form.until)}
    return {**camera, "count": _number(form.count)}


def _mosaic(form: Form, old: Mapping[str, Any]) -> dict[str, Any]:
    """The panes that are wanted; what of a mosaic the form does not show is kept."""
    columns, rows = panes_of(form)
    if (columns, rows) == (1, 1):
        return {}
    kept = {key: value for key, value in old.items() if key in ("overlap", "panes")}
    if (old.get("columns"), old.get("rows")) != (columns, rows):
        kept.pop("panes", None)
    return {
        **kept,
        "columns": columns,
        "rows": rows,
        **({"rotation": _number(form.turn)} if form.turn else {}),
    }


def panes_of(form: Form) -> tuple[int, int]:
    """Columns and rows of the mosaic that is wanted."""
    found = _FIELDS.fullmatch(form.fields)
    return (int(found[1]), int(found[2])) if found else (1, 1)


def _conditions(form: Form, old: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in old.items() if key != "do_action"}
    asked = {
        "min_altitude": _number(form.min_altitude),
        "moon_separation": _number(form.moon_separation),
        "max_moon_illumination": _number(form.max_moon),
        "weather_policy": form.weather,
    }
    for key, value in asked.items():
        kept.pop(key, None)
        if value not in ("", None):
            kept[key] = value
    return kept


def _switch(body: dict[str, Any], section: str, on: bool) -> None:
    kept = _section(body, section)
    if on or kept:
        body[section] = {**kept, "do_action": on}


def _put(body: dict[str, Any], section: str, values: Mapping[str, Any]) -> None:
    if values:
        body[section] = {"do_action": True, **values}
    else:
        body.pop(section, None)


def _inside(document: Mapping[str, Any]) -> dict[str, Any]:
    found: Any = body_of(dict(document))
    return dict(found) if isinstance(found, dict) else {}


def _section(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    return dict(found) if isinstance(found, dict) else {}


def _on(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = _section(body, name)
    return found if str(found.get("do_action")).lower() in ("true", "1", "yes", "on") else {}


def _given(**values: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}


def _number(text: str) -> int | float | str:
    """The number that was typed; what is none stays text, and is refused by its place."""
    clean = text.replace(",", ".").strip()
    try:
        number = float(clean)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _clock(text: str) -> str:
    found = _CLOCK.match(text)
    return f"{int(found[1]):02d}:{found[2]}" if found else ""
