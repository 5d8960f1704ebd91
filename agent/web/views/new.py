"""New session: a target, how it is taken, what it would mean tonight; saved as one session file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from agent.capabilities import Camera
from agent.errors import AgentError, errors_of
from agent.importing.model import MAX_BYTES
from agent.session.choices import find_position
from agent.session.problems import BadValueError, InvalidSessionError
from agent.session.telescope_wish import ANY
from agent.web.agent import Agent
from agent.web.draw.timeline import gaps
from agent.web.guard import MAX_BODY, json_body, json_object, who
from agent.web.night import Change, NightView
from agent.web.render import answer, page
from agent.web.session_document import document_of
from agent.web.session_form import WIDE, Form, form_of, inside, on
from agent.web.targets import search
from agent.web.views.common import Ask, asked
from agent.web.views.new_told import folded, imported, shown, tonight_with, wrong
from agent.web.views.suggest import Hit, camera_of, results, suggestions

_SHORTEST_SHOWN_S = 1.0  # the stepper's list; what is typed may be shorter
_FEW = 5  # exposures: a camera with fewer long ones shows all it has
_MAX_LIST = 2 * MAX_BYTES + MAX_BODY  # of JSON, in which line ends and quotes are two bytes
_USUAL = {Camera.TELE: ("60", "15"), Camera.WIDE: ("30", "15")}


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
        values = {
            **ask.values("new", ask.t("new.title")),
            "form": form,
            "folded": folded(form, ask.t),
            "tele": camera_choices(ask, Camera.TELE, form.filter),
            "wide": camera_choices(ask, Camera.WIDE),
            "has_weather": bool(ask.states.get("safety", {}).get("sources")),
            "found": [] if form.target else await self._best(ask, form.camera),
            "typed": "",
            **await asyncio.to_thread(shown, ask, form),
            **await self._planned(ask, form),
        }
        return page(request, "new.html", ask.t, values)

    async def _begun(self, ask: Ask) -> Form:
        """The form to begin with: empty, for a target, or filled from a session."""
        query = ask.request.query
        wanted = query.get("edit") or query.get("copy") or ""
        document = await self._agent.document(ask.telescope.id, wanted) if wanted else None
        if document is not None:
            return _filled(ask, document, edit=query.get("edit", ""), copy=query.get("copy", ""))
        tele = camera_choices(ask, Camera.TELE)
        return Form(
            target=query.get("target", "")[:100],
            exposure=tele["exposure"],
            gain=tele["gain"],
            filter=tele["filter"],
            calibration="on",
            focus="auto",
        )

    async def _best(self, ask: Ask, camera: str) -> list[Hit]:
        """What is proposed while nothing is typed; the list is of what suits the tele camera."""
        view = await self._night(ask) if camera != WIDE else None
        free = max(gaps(view), key=lambda gap: gap.seconds, default=None) if view is not None else None
        if view is None or free is None:
            return []
        return (await asyncio.to_thread(suggestions, ask, view, free))[0]

    async def _search(self, request: web.Request) -> web.Response:
        ask = asked(request, self._agent)
        typed, camera = request.query.get("q", "")[:100], request.query.get("camera", "")
        if typed:
            view = await self._night(ask)
            found = await asyncio.to_thread(lambda: results(ask, view, search(typed), typed, camera))
        else:
            found = await self._best(ask, camera)
        return page(request, "hits.html", ask.t, {"found": found, "typed": typed})

    async def _plan(self, request: web.Request) -> web.Response:
        ask = asked(request, self._agent)
        form = Form.of(await _form_body(request))
        values = {
            "query": ask.query,
            "folded": folded(form, ask.t),
            **await asyncio.to_thread(shown, ask, form),
            **await self._planned(ask, form),
        }
        return page(request, "new_plan.html", ask.t, values)

    async def _planned(self, ask: Ask, form: Form) -> dict[str, Any]:
        base = await self._base(ask, form)
        if not form.target and base is None:
            return wrong(ask, form, ())
        document = _document(ask, form, base)
        try:
            view = await self._agent.night(ask.telescope.id, Change(added=document, in_place_of=form.edit))
        except InvalidSessionError as error:
            return wrong(ask, form, errors_of(error.problems))
        except AgentError as error:
            return wrong(ask, form, (error.problem(),))
        return await asyncio.to_thread(tonight_with, ask, form, view)

    async def _base(self, ask: Ask, form: Form) -> Mapping[str, Any] | None:
        wanted = form.edit or form.copy
        return await self._agent.document(ask.telescope.id, wanted) if wanted else None

    async def _save(self, request: web.Request) -> web.Response:
        """Submit the session as any other; one that is edited is taken out once the new one waits."""
        ask = asked(request, self._agent)
        form = Form.of(await _form_body(request))
        base = await self._base(ask, form)
        if form.edit and (base is None or (ask.runs and form.edit == ask.states["status"].get("session_id"))):
            message = ask.t("new.waits_no_more" if base is None else "new.runs_already")
            return answer(request, {"ok": False, "message": message, "hint": ""}, 409)
        document = _document(ask, form, base)
        document["request_id"] = f"page-{datetime.now(UTC).timestamp():.3f}"
        payload = json.dumps(document).encode()
        telescope = ANY if form.any else ask.telescope.id
        told = await self._agent.submit(payload, telescope, who(request))
        if told.ok and form.edit:
            reason = f"Replaced by {told.body.get('session_id')}."
            remove = {"command": "remove", "session_id": form.edit, "reason": reason}
            await self._agent.command(ask.telescope.id, json.dumps(remove).encode(), who(request))
        return answer(request, {**told.body, "ok": told.ok}, 200 if told.ok else 400)

    async def _import(self, request: web.Request) -> web.Response:
        """Say what a file holds, as the folder would: {"name": ..., "text": ...}."""
        ask = asked(request, self._agent)
        body = await _form_body(request.clone(client_max_size=_MAX_LIST))
        text, name = str(body.get("text", "")), str(body.get("name", ""))
        read = await self._agent.read_file(ask.telescope.id, name, text.encode())
        values = await asyncio.to_thread(imported, name, read, ask.t)
        return page(request, "imported.html", ask.t, values)

    async def _night(self, ask: Ask) -> NightView | None:
        try:
            return await self._agent.night(ask.telescope.id)
        except AgentError:
            return None


def _document(ask: Ask, form: Form, base: Mapping[str, Any] | None) -> dict[str, Any]:
    """The session; one with a goal keeps what it has collected when it is edited."""
    made = document_of(form, base, _filled(ask, base) if base is not None else None)
    if base is not None and form.edit and on(inside(base), "goal") and not form.group:
        inside(made)["id_command"].setdefault("group", form.edit)
    return made


def _filled(ask: Ask, document: Mapping[str, Any], *, edit: str = "", copy: str = "") -> Form:
    """The form as a document fills it."""
    form = form_of(document, edit=edit, copy=copy)
    return replace(form, filter=_filter_name(ask, form.filter))


def _filter_name(ask: Ask, given: str) -> str:
    """The name of a filter that a session gives by its number; what the model has not stays as it is."""
    tele = camera_of(ask, Camera.TELE)
    try:
        wish = int(given) if given.isdecimal() else given
        return find_position(tele.filters, wish, "filter").name if tele and given else given
    except BadValueError:
        return given


def camera_choices(ask: Ask, which: Camera, kept: str = "") -> dict[str, Any]:
    """What a camera of the model takes: its real lists, and what to begin with.

    A filter that a session has already is `kept` among the choices.
    """
    camera = camera_of(ask, which)
    if camera is None:
        return {"exposures": [], "gains": [], "filters": [], "exposure": "15", "gain": "60", "filter": ""}
    longer = [one.name for one in camera.exposures if one.seconds >= _SHORTEST_SHOWN_S]
    exposures = longer if len(longer) >= _FEW else [one.name for one in camera.exposures]
    gains = [gain for gain in camera.gains if gain >= camera.sky_gain_from]
    filters = [
        one.name for one in camera.filters if not camera.sky_filters or one.value in camera.sky_filters
    ]
    usual = (one for one in _USUAL[which] if one in exposures)
    return {
        "exposures": exposures,
        "gains": gains,
        "filters": filters if not kept or kept in filters else [*filters, kept],
        "exposure": next(usual, exposures[-1]),
        "gain": str(60 if 60 in gains else gains[0]),
        "filter": filters[0] if filters else "",
    }


async def _form_body(request: web.Request) -> dict[str, Any]:
    payload = await json_body(request)
    return json_object(payload, "The form cannot be read", "The form must be a JSON object.")
