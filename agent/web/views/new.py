"""New session: a target, how it is taken, what it would mean tonight; saved as one session file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from aiohttp import web

from agent.capabilities import Camera, CameraCapabilities
from agent.errors import AgentError, Problem, errors_of
from agent.session.choices import find_position
from agent.session.problems import BadValueError, InvalidSessionError
from agent.session.telescope_wish import ANY
from agent.sky.ephemeris import altitude, sun
from agent.targets import Site, Target
from agent.web.agent import Agent
from agent.web.draw.field import covered, mosaic_for, sketch, turn_for
from agent.web.draw.timeline import gaps, timeline
from agent.web.guard import json_body, json_object, who
from agent.web.night import Change, NightView, Row
from agent.web.render import page
from agent.web.session_form import Form, document_of, form_of, panes_of
from agent.web.targets import Known, named, search
from agent.web.views.common import Ask, asked
from agent.web.views.suggest import MOST_PANES, facts, field_of_view, fit_words, results, suggestions
from agent.web.views.tonight import height_words, when_words
from agent.web.words import Words

_FRAME = (540.0, 320.0)
_SHORTEST_SHOWN_S = 1.0  # the stepper's list; what is typed may be shorter
_MONTH_STEP = timedelta(minutes=30)


class NewViews:
    """The page, what it asks while a person types, and saving."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [
            web.get("/new", self._new),
            web.get("/new/search", self._search),
            web.post("/new/plan", self._plan),
            web.post("/new/save", self._save),
            web.post("/new/import", self._import),
        ]

    async def _new(self, request: web.Request) -> web.Response:
        ask = asked(request, self._agent)
        form = await self._begun(ask)
        view = await self._night(ask, None)
        values = {
            **ask.values("new", ask.t("new.title")),
            "form": form,
            "camera": camera_choices(ask, form.filter),
            "has_weather": bool(ask.states.get("safety", {}).get("sources")),
            "best": [] if form.target else await asyncio.to_thread(self._best, ask, view),
            **await asyncio.to_thread(_shown, ask, form),
        }
        values |= await self._planned(ask, form)
        return page(request, "new.html", ask.t, values)

    async def _begun(self, ask: Ask) -> Form:
        """The form to begin with: empty, for a target, or filled from a session."""
        query = ask.request.query
        wanted = query.get("edit") or query.get("copy") or ""
        document = await self._agent.document(ask.telescope.id, wanted) if wanted else None
        if document is not None:
            form = form_of(document, edit=query.get("edit", ""), copy=query.get("copy", ""))
            return replace(form, filter=_filter_name(ask, form.filter))
        choices = camera_choices(ask)
        return Form(
            target=query.get("target", "")[:100],
            exposure=choices["exposure"],
            gain=choices["gain"],
            filter=choices["filter"],
            calibration="on",
            autofocus="on",
        )

    def _best(self, ask: Ask, view: NightView | None) -> list[Any]:
        if view is None:
            return []
        free = max(gaps(view), key=lambda gap: gap.seconds, default=None)
        return suggestions(ask, view, free)[0] if free is not None else []

    async def _search(self, request: web.Request) -> web.Response:
        ask = asked(request, self._agent)
        typed = request.query.get("q", "")[:100]
        view = await self._night(ask, None)

        def find() -> list[Any]:
            return list(results(ask, view, search(typed), typed))

        found = await asyncio.to_thread(find)
        return page(request, "hits.html", ask.t, {"found": found, "typed": typed})

    async def _plan(self, request: web.Request) -> web.Response:
        ask = asked(request, self._agent)
        form = Form.of(await _form_body(request))
        values = {
            "query": ask.query,
            **await asyncio.to_thread(_shown, ask, form),
            **await self._planned(ask, form),
        }
        return page(request, "new_plan.html", ask.t, values)

    async def _planned(self, ask: Ask, form: Form) -> dict[str, Any]:
        if not form.target:
            return {"form": form, **_wrong(ask, form, ())}
        document = document_of(form, await self._base(ask, form))
        try:
            view = await self._agent.night(ask.telescope.id, Change(added=document, in_place_of=form.edit))
            before = await self._agent.night(ask.telescope.id)
        except InvalidSessionError as error:
            return {"form": form, **_wrong(ask, form, errors_of(error.problems))}
        except AgentError as error:
            return {"form": form, **_wrong(ask, form, (error.problem(),))}
        return {"form": form, **await asyncio.to_thread(_tonight_with, ask, form, view, before)}

    async def _base(self, ask: Ask, form: Form) -> Mapping[str, Any] | None:
        wanted = form.edit or form.copy
        return await self._agent.document(ask.telescope.id, wanted) if wanted else None

    async def _save(self, request: web.Request) -> web.Response:
        """Submit the session as any other; one that is edited is taken out once the new one waits."""
        ask = asked(request, self._agent)
        form = Form.of(await _form_body(request))
        if form.edit and form.edit == ask.states.get("status", {}).get("session_id") and ask.runs:
            body = {"ok": False, "message": ask.t("new.runs_already"), "hint": ""}
            return web.json_response(body, status=409)
        document = document_of(form, await self._base(ask, form))
        document["request_id"] = f"page-{datetime.now(UTC).timestamp():.3f}"
        payload = json.dumps(document).encode()
        telescope = ANY if form.any else ask.telescope.id
        answer = await self._agent.submit(payload, telescope, who(request))
        if answer.ok and form.edit:
            reason = f"Replaced by {answer.body.get('session_id')}."
            remove = {"command": "remove", "session_id": form.edit, "reason": reason}
            await self._agent.command(ask.telescope.id, json.dumps(remove).encode(), who(request))
        return web.json_response({**answer.body, "ok": answer.ok}, status=200 if answer.ok else 400)

    async def _import(self, request: web.Request) -> web.Response:
        """Say what a file holds, as the folder would: {"name": ..., "text": ...}."""
        ask = asked(request, self._agent)
        body = await _form_body(request)
        text, name = str(body.get("text", "")), str(body.get("name", ""))
        return web.json_response(await self._agent.read_file(ask.telescope.id, name, text.encode()))

    async def _night(self, ask: Ask, change: Change | None) -> NightView | None:
        try:
            return await self._agent.night(ask.telescope.id, change)
        except AgentError:
            return None


def _tele(ask: Ask) -> CameraCapabilities | None:
    capabilities = ask.telescope.capabilities
    return capabilities.cameras[Camera.TELE] if capabilities else None


def _filter_name(ask: Ask, given: str) -> str:
    """The name of a filter that a session gives by its number; what the model has not stays as it is."""
    camera = _tele(ask)
    try:
        wish = int(given) if given.isdecimal() else given
        return find_position(camera.filters, wish, "filter").name if camera and given else given
    except BadValueError:
        return given


def camera_choices(ask: Ask, kept: str = "") -> dict[str, Any]:
    """What the model's tele camera takes: its real lists, and what to begin with.

    A filter that a session has already is `kept` among the choices.
    """
    camera = _tele(ask)
    if camera is None:
        return {"exposures": [], "gains": [], "filters": [], "exposure": "15", "gain": "60", "filter": ""}
    longer = [one.name for one in camera.exposures if one.seconds >= _SHORTEST_SHOWN_S]
    gains = [gain for gain in camera.gains if gain >= camera.sky_gain_from]
    filters = [
        one.name for one in camera.filters if not camera.sky_filters or one.value in camera.sky_filters
    ]
    return {
        "exposures": longer,
        "gains": gains,
        "filters": filters if not kept or kept in filters else [*filters, kept],
        "exposure": "60" if "60" in longer else "15" if "15" in longer else longer[-1],
        "gain": str(60 if 60 in gains else gains[0]),
        "filter": filters[0] if filters else "",
    }


def _shown(ask: Ask, form: Form) -> dict[str, Any]:
    """The target as it is known, with its field and its months."""
    known = named(form.target) if form.target else None
    if known is None:
        return {"known": None, "frame": None, "months": None}
    fov = field_of_view(ask)
    needed = mosaic_for(known.size, fov)
    turn = turn_for(known.size, known.angle, needed)
    chosen = panes_of(form)
    fields = chosen if chosen != (1, 1) else needed if needed[0] * needed[1] <= MOST_PANES else (1, 1)
    if chosen != (1, 1):
        turn = float(form.turn) if form.turn.isdecimal() else 0.0
    drawn = sketch(known.size, known.angle, fov, box=_FRAME, fields=fields, turn=turn, stars=known.name)
    whole = covered(fields, fov)
    t = ask.t
    fit = fit_words(known, needed, fov, t)
    return {
        "known": {
            "name": known.name,
            "other": known.other_name,
            "facts": facts(known, t),
            "fit": fit[:1].upper() + fit[1:],
            "fov": _sides(fov),
            "middle": needed != (1, 1) and chosen == (1, 1),
            "mosaic": t("new.mosaic", columns=chosen[0], rows=chosen[1], covers=_sides(whole))
            if chosen != (1, 1)
            else "",
            "turn": int(turn),
        },
        "frame": drawn,
        "months": _months(known, ask),
    }


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
        "bars": [(month * 10 + 1, 30 - 28 * one / most, 28 * one / most) for month, one in enumerate(hours)],
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


def _tonight_with(ask: Ask, form: Form, view: NightView, before: NightView) -> dict[str, Any]:
    """The night with the session in it, what follows from that, and the line above Save."""
    t = ask.t
    fresh = next((row for row in view.rows if row.fresh), None)
    checks = list(_checks(fresh, view, before, t)) if fresh is not None else []
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


def _checks(fresh: Row, view: NightView, before: NightView, t: Words) -> Any:
    if fresh.block is None:
        yield {"state": "paused", "icon": "no", "bold": t("check.not_tonight"), "text": fresh.sentence}
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
            yield {"state": "paused", "icon": "waiting", "bold": t("check.note"), "text": note}
    old = {row.session_id: row for row in before.rows}
    moved = [
        row
        for row in view.rows
        if not row.fresh
        and row.block is not None
        and (was := old.get(row.session_id)) is not None
        and was.block is not None
        and abs((was.block.start - row.block.start).total_seconds()) >= 60
    ]
    lost = [
        row.name
        for row in view.rows
        if row.block is None and (was := old.get(row.session_id)) is not None and was.block is not None
    ]
    if lost:
        text = t("check.lost_names", names=", ".join(lost))
        yield {"state": "paused", "icon": "waiting", "bold": t("check.lost"), "text": text}
    if moved:
        first = moved[0]
        time = t.clock(first.block.start) if first.block else ""
        text = t("change.moves", name=first.name, time=time)
        yield {"state": "waiting", "icon": "waiting", "bold": t("check.moves"), "text": text}
    if not lost and not moved:
        yield {"state": "imaging", "icon": "done", "bold": t("check.nothing_moves"), "text": ""}


def _wrong(ask: Ask, form: Form, problems: tuple[Problem, ...]) -> dict[str, Any]:
    """What is wrong with what was typed, each with its place."""
    t = ask.t
    return {
        "tl": None,
        "tl_left": "",
        "tl_right": "",
        "checks": [],
        "wrong": [_problem(one) for one in problems],
        "sum_title": _title(form, t),
        "sum_line": t("new.not_yet") if problems else t("new.saved_as"),
        "can_save": False,
    }


def _title(form: Form, t: Words) -> str:
    if not form.target:
        return t("new.choose")
    if form.much == "until":
        return t("new.sum_until", target=form.target, time=form.until or "–")
    return t("new.sum_frames", target=form.target, count=form.count, exposure=form.exposure)


def _line(form: Form, fresh: Row | None, t: Words) -> str:
    when = ""
    if fresh is not None:
        when = t.span(fresh.block.start, fresh.block.end) if fresh.block else t("state.not_tonight")
    gain = f"{t('capture.gain').lower()} {form.gain}" if form.gain else ""
    return " · ".join(part for part in (when, gain, form.filter) if part)


def _problem(one: Problem) -> dict[str, str]:
    return {"path": one.path, "code": one.code, "message": one.message, "hint": one.hint}


async def _form_body(request: web.Request) -> dict[str, Any]:
    payload = await json_body(request)
    return json_object(payload, "The form cannot be read", "The form must be a JSON object.")
