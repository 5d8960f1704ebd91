"""What a session that is being made means: its target, its night, what is wrong, and what is set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from agent.errors import Problem
from agent.sky.ephemeris import altitude, sun
from agent.targets import Site, Target
from agent.web.agent import Body
from agent.web.draw.field import covered, mosaic_for, sketch, turn_for
from agent.web.draw.timeline import timeline
from agent.web.night import NightView, Row
from agent.web.session_form import WIDE, Form, panes_of
from agent.web.targets import Known, named
from agent.web.views.change import effects
from agent.web.views.common import Ask
from agent.web.views.suggest import MOST_PANES, facts, field_of_view, fit_words
from agent.web.views.tonight import height_words, when_words
from agent.web.words import Words

_FRAME = (540.0, 320.0)
_BARS, _LONGEST_BAR = (10.0, 5.0, 1.0, 0.5, 0.25), 220  # degrees, and the width of a bar in the drawing
_MONTH_STEP = timedelta(minutes=30)
_FLAGS = ("calibration", "polar", "darks", "park", "off", "sun")


def folded(form: Form, t: Words) -> dict[str, str]:
    """What each folded part of the form is set to, by its id."""
    start = " ".join(filter(None, (form.date, form.time))) if form.when == "at" else t("when.any")
    end = " ".join(filter(None, (form.end_date, form.end_time)))
    nights = t("goal.nights", count=form.nights) if form.nights not in ("", "1") else ""
    told = {
        "when": (start, f"– {end}" if end else ""),
        "nights": (form.goal, form.group, nights or ("" if form.goal else t("goal.one_night"))),
        "altitude": (_degrees(form.min_altitude) or t("height.default"), _degrees(form.max_altitude, "≤ ")),
        "moon": (_degrees(form.moon_separation) or t("moon.default"), form.max_moon and f"≤ {form.max_moon}"),
        "weather": (t(f"weather.policy.{form.weather or 'usual'}"),),
        "before": (
            t(f"focus.{form.focus}") if form.focus else "",
            form.refocus and f"{form.refocus} min",
            *(t(f"before.{name}_short") for name in _FLAGS if getattr(form, name)),
        ),
        "more": (t("more.any_short") if form.any else "", form.priority or t("more.default"), form.note),
    }
    return {f"fold-{name}": " · ".join(filter(None, words)) for name, words in told.items()}


def imported(name: str, read: Body, t: Words) -> dict[str, Any]:
    """What a file was read as: a row for it, if there is anything to say, and one a session. Slow."""
    sessions, what = read["sessions"], t.said(read["what"])
    several = f"{len(sessions)} ×" if len(sessions) > 1 else ""
    whole = ", ".join(filter(None, (what, several)))
    rows = []
    if whole or read["problems"]:
        head = f"{name}: {whole}" if whole else name
        rows.append({"name": head, "said": _said(read["problems"], t), "save": ""})
    for one in sessions:
        key = f"page-{one['name']}"
        save = {**one["session"], "session_id": one["name"], "request_id": key} if one["session"] else None
        head = f"{one['target']}: {one['name']}" if one["target"] else one["name"]
        rows.append(
            {"name": head, "said": _said(one["problems"], t), "save": json.dumps(save) if save else ""}
        )
    return {"rows": rows, "several": sum(bool(row["save"]) for row in rows) > 1}


def _said(problems: Sequence[Body], t: Words) -> list[str]:
    return [" ".join(filter(None, (t.said(one["message"]), t.said(one["hint"])))) for one in problems]


def _degrees(text: str, before: str = "") -> str:
    return f"{before}{text}°" if text else ""


def shown(ask: Ask, form: Form) -> dict[str, Any]:
    """The target as it is known, with its field and its months. Slow: use a thread."""
    known = named(form.target) if form.target else None
    if known is None:
        return {"known": None, "frame": None, "months": None}
    fov = field_of_view(ask, form.camera)
    values = {"name": known.name, "other": known.other_name, "facts": facts(known, ask.t), "turn": 0}
    told, frame = {"fit": ask.t("new.no_field"), "middle": False, "mosaic": ""}, None
    if fov is not None:
        told, frame = _framed(known, form, fov, ask.t)
    return {"known": values | told, "frame": frame, "months": _months(known, ask)}


def _framed(
    known: Known, form: Form, fov: tuple[float, float], t: Words
) -> tuple[dict[str, Any], dict[str, Any]]:
    """How a target lies in the field, or in those of a mosaic: in words, and drawn."""
    needed = mosaic_for(known.size, fov)
    turn = turn_for(known.size, known.angle, needed)
    chosen = panes_of(form)
    fields = chosen if chosen != (1, 1) else needed if needed[0] * needed[1] <= MOST_PANES else (1, 1)
    if chosen != (1, 1):
        turn = float(form.turn) if form.turn.isdecimal() else 0.0
    drawn = sketch(known.size, known.angle, fov, box=_FRAME, fields=fields, turn=turn, stars=known.name)
    covers = _sides(covered(fields, fov))
    fit = fit_words(known, needed, fov, t, wide=form.camera == WIDE)
    told = {
        "fit": f"{t('new.field', fov=_sides(fov))} {fit[:1].upper()}{fit[1:]}.",
        "middle": needed != (1, 1) and chosen == (1, 1),
        "mosaic": t("new.mosaic", columns=chosen[0], rows=chosen[1], covers=covers)
        if chosen != (1, 1)
        else "",
        "turn": int(turn),
    }
    degrees = next((one for one in _BARS if one * drawn.degree <= _LONGEST_BAR), _BARS[-1])
    word = f"{degrees:g}°" if degrees >= 1 else f"{60 * degrees:.0f}′"
    return told, {"sketch": drawn, "bar": degrees * drawn.degree, "bar_word": word}


def _sides(sides: tuple[float, float]) -> str:
    return f"{sides[0]:.1f}° × {sides[1]:.1f}°"


def _months(known: Known, ask: Ask) -> dict[str, Any] | None:
    site = ask.window.site
    if site is None:
        return None
    year = ask.window.now().year
    hours = month_hours(known.target, site, year)
    most = max(*hours, 1.0)
    t = ask.t
    best = max(range(12), key=lambda month: hours[month])
    return {
        "bars": [(month * 10 + 1, 30 - 28 * one / most) for month, one in enumerate(hours)],
        "names": [t(f"month.{month}")[:1] for month in range(1, 13)],
        "label": t("new.months", month=t(f"month.{best + 1}"), hours=f"{hours[best]:.0f}"),
        "now": ask.window.now().astimezone(t.zone).month - 1,
    }


@lru_cache(maxsize=64)
def month_hours(target: Target, site: Site, year: int) -> tuple[float, ...]:
    """Hours of darkness in which a target stands above 30 degrees, in the middle of each month."""
    found = []
    for month in range(1, 13):
        noon = datetime(year, month, 15, 12, tzinfo=UTC) - timedelta(hours=site.longitude / 15)
        count = sum(
            1
            for step in range(48)
            if sun(site, noon + step * _MONTH_STEP).altitude < -12
            and altitude(target, site, noon + step * _MONTH_STEP) > 30
        )
        found.append(count / 2)
    return tuple(found)


def tonight_with(ask: Ask, form: Form, view: NightView) -> dict[str, Any]:
    """The night with the session in it, what follows from that, and the line above Save."""
    t = ask.t
    fresh = next((row for row in view.rows if row.fresh), None)
    checks = list(_checks(fresh, view, t)) if fresh is not None else []
    return {
        "tl": timeline(view, t, fresh.session_id if fresh else ""),
        "tl_left": form.target if fresh is None else _span(fresh, t),
        "tl_right": t.short_day(view.night),
        "checks": checks,
        "wrong": [],
        "sum_title": _title(form, t),
        "sum_line": _line(form, fresh, t),
        "can_save": True,
    }


def _span(row: Row, t: Words) -> str:
    return f"{row.name} {when_words(row, t)}" if row.block else row.name


def _checks(fresh: Row, view: NightView, t: Words) -> Any:
    if fresh.block is None:
        yield {
            "state": "paused",
            "icon": "no",
            "bold": t("check.not_tonight"),
            "text": t.said(fresh.sentence),
        }
    else:
        light = min(fresh.total * fresh.exposure_s, sum(one.seconds for one in (fresh.block, *fresh.more)))
        fits = int(light / fresh.exposure_s) if fresh.exposure_s else 0
        yield {
            "state": "imaging",
            "icon": "done",
            "bold": t("check.light", light=t.duration(light)),
            "text": t("check.frames", count=fits),
        }
        yield {
            "state": "imaging",
            "icon": "done",
            "bold": t("check.height"),
            "text": height_words(fresh, view, t),
        }
        for note in fresh.notes:
            yield {"state": "paused", "icon": "waiting", "bold": t("check.note"), "text": t.said(note)}
    moved, lost = effects(view)
    if lost:
        text = t("check.lost_names", names=", ".join(row.name for row in lost))
        yield {"state": "paused", "icon": "waiting", "bold": t("check.lost"), "text": text}
    if moved:
        first = moved[0]
        time = t.clock(first.block.start) if first.block else ""
        text = t("change.moves", name=first.name, time=time)
        yield {"state": "waiting", "icon": "waiting", "bold": t("check.moves"), "text": text}
    if not lost and not moved:
        yield {"state": "imaging", "icon": "done", "bold": t("check.nothing_moves"), "text": ""}


def wrong(ask: Ask, form: Form, problems: tuple[Problem, ...]) -> dict[str, Any]:
    """What is wrong with what was typed, each with its place."""
    t = ask.t
    return {
        "tl": None,
        "tl_left": "",
        "tl_right": "",
        "checks": [],
        "wrong": [_problem(one, t) for one in problems],
        "sum_title": _title(form, t),
        "sum_line": t("new.not_yet") if problems else "",
        "can_save": False,
    }


def _title(form: Form, t: Words) -> str:
    if not form.target:
        return t("new.choose")
    first, *more = (form.shot(one) for one in form.sections)
    also = "".join(t("new.sum_wide", count=count, exposure=exposure) for exposure, _, count in more)
    if form.much == "until":
        return t("new.sum_until", target=form.target, time=form.until or "–") + also
    return t("new.sum_frames", target=form.target, count=first[2], exposure=first[0]) + also


def _line(form: Form, fresh: Row | None, t: Words) -> str:
    when = ""
    if fresh is not None:
        when = t.span(fresh.block.start, fresh.block.end) if fresh.block else t("state.not_tonight")
    camera = t("capture.cameras.wide") if form.camera == WIDE else form.filter
    gain = form.shot(form.sections[0])[1]
    said = (when, t("capture.with_gain", value=gain) if gain else "", camera)
    return " · ".join(filter(None, said))


def _problem(one: Problem, t: Words) -> dict[str, str]:
    return {"path": one.path, "code": one.code, "message": t.said(one.message), "hint": t.said(one.hint)}
