"""The form of New: what stands in its fields, and how a session fills them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from agent.session.document import body_of
from agent.session.telescope_wish import ANY

LONGEST = 200
MOST_PANES_A_SIDE = 20
WIDE, BOTH = "wide", "both"
TELE_SECTION, WIDE_SECTION = "setup_camera", "setup_wide_camera"
_COUNT = "60"
POLICIES = ("wait", "abort", "ignore")
_FIELDS = re.compile(r"(\d{1,2})x(\d{1,2})")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SPAN = re.compile(r"(\d{1,2}):([0-5]\d)(?::00)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What stands in the fields, as texts; "" is not given. Flags are "on" or ""."""

    target: str = ""
    sun: str = ""  # a solar filter is mounted
    camera: str = ""  # "" is the tele camera, or wide, or both
    exposure: str = ""  # of the tele camera, as gain, filter and count are
    gain: str = ""
    filter: str = ""
    wide_exposure: str = ""
    wide_gain: str = ""
    wide_count: str = _COUNT
    fields: str = ""  # columns x rows of a mosaic, "" for one field
    turn: str = ""
    much: str = "frames"  # or until: of the first camera that is used
    count: str = _COUNT
    until: str = ""
    when: str = "any"  # or at
    date: str = ""
    time: str = ""
    end_date: str = ""
    end_time: str = ""
    min_altitude: str = ""
    max_altitude: str = ""
    moon_separation: str = ""
    max_moon: str = ""
    weather: str = ""
    focus: str = ""  # auto, infinite, both
    refocus: str = ""  # minutes
    calibration: str = ""
    polar: str = ""
    darks: str = ""
    goal: str = ""  # "6 h", or "400 ×" frames
    group: str = ""
    nights: str = ""
    park: str = ""
    off: str = ""
    priority: str = ""
    note: str = ""
    any: str = ""  # whichever telescope does best
    edit: str = ""
    copy: str = ""

    @property
    def sections(self) -> tuple[str, ...]:
        """The camera sections that the session has; the first is what `much` and `until` are about."""
        used = {WIDE: (WIDE_SECTION,), BOTH: (TELE_SECTION, WIDE_SECTION)}
        return used.get(self.camera, (TELE_SECTION,))

    def shot(self, section: str) -> tuple[str, str, str]:
        """Exposure, gain and count of a camera's section."""
        if section == WIDE_SECTION:
            return self.wide_exposure, self.wide_gain, self.wide_count
        return self.exposure, self.gain, self.count

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Form:
        """Take what a browser sent; keys that are none of ours are left out."""
        known = {one.name for one in fields(cls)}
        return cls(
            **{
                key: str(value).strip()[:LONGEST]
                for key, value in values.items()
                if key in known and isinstance(value, str | int | float)
            }
        )


def form_of(document: Mapping[str, Any], *, edit: str = "", copy: str = "") -> Form:
    """Fill the form from a document, as a browser would send it back."""
    body = inside(document)
    who, conditions, mosaic = section(body, "id_command"), on(body, "conditions"), on(body, "mosaic")
    solar = on(body, "goto_solar")
    goto = on(body, "goto_manual") or solar
    tele, wide = on(body, TELE_SECTION), on(body, WIDE_SECTION)
    first = tele or wide
    until = _text(first.get("end_time"))
    date, time = _start(who)
    ends = on(body, "shutdown")
    form = Form(
        target=_text(goto.get("target")),
        sun=_flag(is_true(solar.get("sun_filter"))),
        camera=(BOTH if tele else WIDE) if wide else "",
        exposure=_text(tele.get("exposure")),
        gain=_text(tele.get("gain")),
        filter=_text(tele.get("IRCut", tele.get("ircut"))),
        wide_exposure=_text(wide.get("exposure")),
        wide_gain=_text(wide.get("gain")),
        wide_count=_count(wide),
        fields=f"{mosaic.get('columns', 1)}x{mosaic.get('rows', 1)}" if mosaic else "",
        turn=_text(mosaic.get("rotation")),
        much="until" if until and _text(first.get("count")) == "0" else "frames",
        count=_count(tele),
        until=_clock(until),
        when="at" if date or time else "any",
        date=date,
        time=time,
        end_date=_day(_text(who.get("end_date"))),
        end_time=_clock(_text(who.get("end_time"))),
        min_altitude=_text(conditions.get("min_altitude")),
        max_altitude=_text(conditions.get("max_altitude")),
        moon_separation=_text(conditions.get("moon_separation")),
        max_moon=_text(conditions.get("max_moon_illumination")),
        weather=_policy(conditions),
        focus=_focus(body),
        refocus=_minutes(on(body, "refocus").get("every")),
        calibration=_flag(on(body, "calibration")),
        polar=_flag(on(body, "eq_solving")),
        darks=_flag(on(body, "dark_frames")),
        goal=_goal(on(body, "goal")),
        group=_text(who.get("group")),
        nights=_text(on(body, "repeat").get("times")),
        park=_flag(is_true(ends.get("park"))),
        off=_flag(is_true(ends.get("power_down"))),
        priority=_text(who.get("priority")),
        note=_text(who.get("description")),
        any=_flag(_text(who.get("telescope")).lower() == ANY),
    )
    return replace(Form.of({one.name: getattr(form, one.name) for one in fields(form)}), edit=edit, copy=copy)


def panes_of(form: Form) -> tuple[int, int]:
    """Columns and rows of the mosaic that is wanted."""
    found = _FIELDS.fullmatch(form.fields)
    columns, rows = (int(found[1]), int(found[2])) if found else (1, 1)
    known = 1 <= columns <= MOST_PANES_A_SIDE and 1 <= rows <= MOST_PANES_A_SIDE
    return (columns, rows) if known else (1, 1)


def inside(document: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of a document."""
    found: Any = body_of(dict(document))
    return dict(found) if isinstance(found, dict) else {}


def section(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A section, on or off; empty when it is none."""
    found = body.get(name)
    return dict(found) if isinstance(found, dict) else {}


def on(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A section that is on, else empty."""
    found = section(body, name)
    return found if is_true(found.get("do_action")) else {}


def is_true(value: object) -> bool:
    """Whether a session's value switches something on."""
    return str(value).strip().lower() in ("true", "1", "yes", "on")


def _flag(value: object) -> str:
    return "on" if value else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _count(camera: Mapping[str, Any]) -> str:
    count = _text(camera.get("count", _COUNT))
    return count if count != "0" else _COUNT


def _start(who: Mapping[str, Any]) -> tuple[str, str]:
    """Date and time; the date may hold both."""
    date = _text(who.get("date"))
    return _day(date), _clock(_text(who.get("time")) or date[11:])


def _day(text: str) -> str:
    return text[:10] if _DAY.fullmatch(text[:10]) else ""


def _policy(conditions: Mapping[str, Any]) -> str:
    word = _text(conditions.get("weather_policy")).lower()
    return word if word in POLICIES else ""


def _focus(body: Mapping[str, Any]) -> str:
    auto, infinite = bool(on(body, "auto_focus")), bool(on(body, "infinite_focus"))
    return "both" if auto and infinite else "auto" if auto else "infinite" if infinite else ""


def _minutes(every: object) -> str:
    text = _text(every)
    if found := _SPAN.fullmatch(text):
        return str(60 * int(found[1]) + int(found[2]))
    return f"{float(text) / 60:g}" if re.fullmatch(r"\d{1,6}(\.0)?", text) else text


def _goal(goal: Mapping[str, Any]) -> str:
    frames = _text(goal.get("frames"))
    if frames:
        return f"{frames} ×"
    seconds = goal.get("integration")
    return f"{float(seconds) / 3600:g} h" if isinstance(seconds, int | float) else _text(seconds)


def _clock(text: str) -> str:
    found = _CLOCK.match(text)
    return f"{int(found[1]):02d}:{found[2]}" if found else ""
