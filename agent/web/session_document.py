"""From the form of New to a session document: of one that is edited, only what was changed is written."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from agent.session.telescope_wish import ANY
from agent.web.session_form import (
    TELE_SECTION,
    WIDE_SECTION,
    Form,
    form_of,
    inside,
    on,
    panes_of,
    section,
)

_BOOK_KEEPING = frozenset(
    {"request_id", "session_id", "source", "process", "result", "message", "nb_try", "starting_date"}
    | {"processed_date", "dwarf", "expires_at"}
)
_FRAMES = re.compile(r"(\d+)\s*[×x*]?\s*(?:frames)?", re.IGNORECASE)
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?")
_SUN = "Sun"

Body = dict[str, Any]


def document_of(form: Form, base: Mapping[str, Any] | None = None, was: Form | None = None) -> Body:
    """Return the session. `base` is the document that is edited, and `was` the form as it was filled from it.

    What the form does not show, and what was not changed in it, stays as `base` has it.
    """
    around = {key: value for key, value in (base or {}).items() if key not in _BOOK_KEEPING}
    body = deepcopy(inside(base)) if base is not None else {}
    body.pop("result_details", None)
    who = {key: value for key, value in section(body, "id_command").items() if key not in _BOOK_KEEPING}
    body["id_command"] = who
    was = was or (form_of(base) if base is not None else None)

    def changed(*names: str) -> bool:
        return was is None or any(_same(getattr(form, one)) != _same(getattr(was, one)) for one in names)

    _whose(form, who, changed)
    if changed("target"):
        _point(form, body)
    if changed("sun") and on(body, "goto_solar"):
        body["goto_solar"] = {**on(body, "goto_solar"), "sun_filter": bool(form.sun)}
    _shoot(form, body, was, changed)
    if changed("fields", "turn"):
        _mosaic(form, body, anew=changed("fields"))
    _prepare(form, body, changed)
    _conditions(form, body, changed)
    _again(form, body, changed)
    if changed("park", "off"):
        wishes = {"park": bool(form.park), "power_down": bool(form.off)}
        _put(body, "shutdown", wishes if any(wishes.values()) else {}, keep=True)
    if base is not None and "command" in base:
        return {**around, "command": body}
    return {"command": body}


def _same(value: str) -> str:
    """A value as a browser's field sends it back: a slider has no empty place, a line has one line."""
    return "" if value == "0" else re.sub(r"[\r\n]", "", value)


def _whose(form: Form, who: Body, changed: Callable[..., bool]) -> None:
    """Name, start, end and turn of the session."""
    if changed("note"):
        _set(who, "description", form.note)
    if changed("when", "date", "time"):
        at = form.when == "at"
        _set(who, "date", form.date if at else "")
        _set(who, "time", form.time if at else "")
    for key in ("end_date", "end_time", "group"):
        if changed(key):
            _set(who, key, getattr(form, key))
    if changed("priority"):
        _set(who, "priority", _number(form.priority))
    if changed("any"):
        _set(who, "telescope", ANY if form.any else "")


def _point(form: Form, body: Body) -> None:
    """Another target does not keep the coordinates of the old one."""
    body.pop("goto_solar", None)
    old = section(body, "goto_manual")
    for key in ("target", "ra_coord", "dec_coord", "trust_coordinates"):
        old.pop(key, None)
    if form.target.lower() == _SUN.lower():
        body.pop("goto_manual", None)
        body["goto_solar"] = {"do_action": True, "target": _SUN, "sun_filter": bool(form.sun)}
    else:
        body["goto_manual"] = {**old, "do_action": True, "target": form.target}


def _shoot(form: Form, body: Body, was: Form | None, changed: Callable[..., bool]) -> None:
    """The cameras' sections; one that is not wanted any more is switched off."""
    for name in (TELE_SECTION, WIDE_SECTION):
        if name not in form.sections:
            if changed("camera"):
                _switch(body, name, on=False)
            continue
        old = was if was is not None and name in was.sections else None
        before = section(body, name)
        camera = _exposed(form, name, before, old, changed if old is not None else lambda *_: True)
        if camera != before or old is None:
            body[name] = {**camera, "do_action": True}


def _exposed(form: Form, name: str, before: Body, was: Form | None, changed: Callable[..., bool]) -> Body:
    """What a camera is to take; `was` the form in which it was used, if it was."""
    camera = dict(before)
    of = "wide_" if name == WIDE_SECTION else ""
    exposure, gain, count = form.shot(name)
    if changed(f"{of}exposure"):
        _set(camera, "exposure", exposure)
    if changed(f"{of}gain"):
        _set(camera, "gain", _number(gain))
    if name == TELE_SECTION and changed("filter"):
        camera.pop("ircut", None)
        _set(camera, "IRCut", form.filter)
    until = form.much == "until" and name == form.sections[0]
    was_until = was is not None and was.much == "until" and name == was.sections[0]
    if not (until is not was_until or changed(f"{of}count") or (until and changed("until"))):
        return camera
    if until:
        return camera | {"count": 0, "end_time": form.until}
    if was is None or was_until:
        camera.pop("end_time", None)
    return camera | {"count": _number(count)}


def _mosaic(form: Form, body: Body, *, anew: bool) -> None:
    """The panes that are wanted; what of a mosaic the form does not show is kept."""
    columns, rows = panes_of(form)
    if (columns, rows) == (1, 1):
        body.pop("mosaic", None)
        return
    kept = on(body, "mosaic")
    if anew:
        kept.pop("panes", None)
    _set(kept, "rotation", _number(form.turn))
    body["mosaic"] = {**kept, "do_action": True, "columns": columns, "rows": rows}


def _prepare(form: Form, body: Body, changed: Callable[..., bool]) -> None:
    """What is done around the frames."""
    if changed("focus"):
        _switch(body, "auto_focus", on=form.focus in ("auto", "both"))
        _switch(body, "infinite_focus", on=form.focus in ("infinite", "both"))
    for key, name in (("calibration", "calibration"), ("polar", "eq_solving"), ("darks", "dark_frames")):
        if changed(key):
            _switch(body, name, on=bool(getattr(form, key)))
    if changed("refocus"):
        plain = _PLAIN.fullmatch(form.refocus)
        every = _number(str(60 * float(form.refocus.replace(",", ".")))) if plain else form.refocus
        _change(body, "refocus", "every", every)


def _conditions(form: Form, body: Body, changed: Callable[..., bool]) -> None:
    asked: dict[str, tuple[str, object]] = {
        "min_altitude": ("min_altitude", _number(form.min_altitude)),
        "max_altitude": ("max_altitude", _number(form.max_altitude)),
        "moon_separation": ("moon_separation", _number(form.moon_separation)),
        "max_moon": ("max_moon_illumination", _number(form.max_moon)),
        "weather": ("weather_policy", form.weather),
    }
    for name, (key, value) in asked.items():
        if changed(name):
            _change(body, "conditions", key, value)


def _again(form: Form, body: Body, changed: Callable[..., bool]) -> None:
    """On other nights: so many, or until enough is there."""
    if changed("nights"):
        _change(body, "repeat", "times", "" if form.nights == "1" else _number(form.nights))
    if changed("goal"):
        body.pop("goal", None)
        if form.goal:
            body["goal"] = {"do_action": True, **_goal(form.goal)}


def _goal(text: str) -> Body:
    if _PLAIN.fullmatch(text):
        return {"integration": f"{text.replace(',', '.')} h"}
    frames = _FRAMES.fullmatch(text)
    return {"frames": int(frames[1])} if frames else {"integration": text}


def _set(values: Body, key: str, value: object) -> None:
    """Put a value; an empty one is none."""
    if value == "":
        values.pop(key, None)
    else:
        values[key] = value


def _change(body: Body, name: str, key: str, value: object) -> None:
    """Put a value into a section that is on; one with nothing left in it goes."""
    kept = on(body, name)
    if not kept and value == "":
        return
    _set(kept, key, value)
    rest = {one: kept[one] for one in kept if one != "do_action"}
    _put(body, name, rest)


def _put(body: Body, name: str, values: Mapping[str, Any], *, keep: bool = False) -> None:
    if values:
        body[name] = {**(on(body, name) if keep else {}), **values, "do_action": True}
    else:
        body.pop(name, None)


def _switch(body: Body, name: str, *, on: bool) -> None:
    kept = section(body, name)
    if on or kept:
        body[name] = {**kept, "do_action": on}


def _number(text: str) -> int | float | str:
    """The number that was typed; what is none stays text, and is refused by its place."""
    clean = text.replace(",", ".").strip()
    try:
        number = float(clean)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() else number
