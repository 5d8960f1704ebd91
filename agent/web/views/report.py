"""One night that is over: each session with its picture, how its frames came out, and its files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from agent.web.agent import Agent
from agent.web.draw.courses import drawn
from agent.web.guard import Refusal, document_policy
from agent.web.night import NightRecord, SessionLeft, StoredFile
from agent.web.render import page
from agent.web.views.common import Ask, asked
from agent.web.views.nights import ended, sum_words

MOST_FETCHING = 2  # a stack has tens of megabytes
FETCH_S = 1800.0


class ReportViews:
    """The pages of a night, and the files of its sessions."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._fetching = 0

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [
            web.get("/nights/{night}/report", self._report),
            web.get("/nights/{night}/page", self._page),
            web.get("/nights/{night}/file/{session}/{name}", self._file),
        ]

    async def _report(self, request: web.Request) -> web.Response:
        ask, night = asked(request, self._agent), request.match_info["night"]
        text = await self._agent.report(ask.telescope.id, night)
        record = await self._record(ask, night)
        if text is None and record is None:
            raise Refusal(404, "invalid", ask.t("nights.no_report"))
        if "download" in request.query:
            return web.Response(
                text=text or "",
                content_type="text/markdown",
                charset="utf-8",
                headers={"Content-Disposition": f'attachment; filename="report_night_{night}.md"'},
            )
        pictured = await self._agent.report_page(ask.telescope.id, night) is not None
        left = await self._agent.left(ask.telescope.id, record) if record is not None else {}
        values = await asyncio.to_thread(report_values, ask, night, record, left)
        more = {"text": text or "", "pictured": pictured}
        return page(request, "report.html", ask.t, values | more)

    async def _page(self, request: web.Request) -> web.Response:
        ask = asked(request, self._agent)
        text = await self._agent.report_page(ask.telescope.id, request.match_info["night"])
        if text is None:
            raise Refusal(404, "invalid", ask.t("nights.no_report"))
        policy = document_policy(request)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A file as it is; only those that a session of that night left, and few at once."""
        ask = asked(request, self._agent)
        record = await self._record(ask, request.match_info["night"])
        left = await self._agent.left(ask.telescope.id, record) if record is not None else {}
        of = left.get(request.match_info["session"], SessionLeft())
        found = next((one for one in of.files if one.name == request.match_info["name"]), None)
        if found is None:
            raise web.HTTPNotFound
        if self._fetching >= MOST_FETCHING:
            raise Refusal(503, "busy", "Others are fetching files.", "Wait a moment.")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}"}
        response = web.FileResponse(found.path, headers=headers)
        response.content_type = "application/octet-stream"
        self._fetching += 1
        try:
            async with asyncio.timeout(FETCH_S):
                await response.prepare(request)
        finally:
            self._fetching -= 1
        return response

    async def _record(self, ask: Ask, night: str) -> NightRecord | None:
        nights = await self._agent.nights(ask.telescope.id)
        return next((one for one in nights if one.night.isoformat() == night), None)


def report_values(
    ask: Ask, night: str, record: NightRecord | None, left: Mapping[str, SessionLeft]
) -> dict[str, Any]:
    """Everything that the template of a report needs, but the text that was written down."""
    t = ask.t
    sessions = []
    for one in record.sessions if record is not None else ():
        of = left.get(one.session_id, SessionLeft())
        when = t.span(one.started, one.ended) if one.started and one.ended else ""
        light = t("nights.light", light=t.duration(one.integration_s)) if one.integration_s else ""
        sessions.append(
            {
                "id": one.session_id,
                "target": one.target,
                "under": " · ".join(filter(None, (when, light))),
                "why": ended(one, t, named=False),
                "picture": one.picture,
                "courses": drawn(of.courses, t),
                "files": [_file(file, ask) for file in of.files],
            }
        )
    return {
        **ask.values("nights", t("nights.report")),
        "night": night,
        "day": t.day(record.night) if record is not None else night,
        "under": sum_words(record, t) if record is not None else "",
        "sessions": sessions,
    }


def _file(file: StoredFile, ask: Ask) -> dict[str, str]:
    return {"name": file.name, "size": f"{ask.t.number(file.size / 1e6, 1)} MB"}
