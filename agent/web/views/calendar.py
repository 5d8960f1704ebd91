"""The calendar: what is planned and what was imaged, for programs that read iCalendar."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from aiohttp import web

from agent.errors import AgentError
from agent.sky.nights import Interval, night_of
from agent.web.agent import Agent, Facts
from agent.web.guard import CALENDAR
from agent.web.icalendar import Event, calendar
from agent.web.night import NightRecord, NightView, Row, SessionRecord
from agent.web.views.common import asked
from agent.web.words import Words

_SHORTEST = timedelta(minutes=15)  # of a session of another night, whose end nobody has planned yet
_LEAST = timedelta(minutes=1)  # an event that ends before it begins, by a clock set back, spoils a calendar


class CalendarViews:
    """The one address."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def routes(self) -> list[web.RouteDef]:
        """Return it."""
        return [web.get(CALENDAR, self._calendar)]

    async def _calendar(self, request: web.Request) -> web.Response:
        """Tell of the telescope `t`, else of all."""
        ask = asked(request, self._agent)
        telescopes = [ask.telescope] if "t" in request.query else self._agent.telescopes()
        events: list[Event] = []
        for telescope in telescopes:
            nights = await self._agent.nights(telescope.id)
            try:
                view = await self._agent.night(telescope.id)
            except AgentError:
                view = None
            told = Told(telescope, ask.t, several=len(telescopes) > 1)
            events += await asyncio.to_thread(list, told.events(view, nights))
        name = telescopes[0].name if len(telescopes) == 1 else "DWARF"
        return web.Response(
            body=calendar(name, events, self._agent.now()), content_type="text/calendar", charset="utf-8"
        )


class Told:
    """The events of one telescope. A block keeps its uid when it is moved, and when it is over."""

    def __init__(self, telescope: Facts, t: Words, *, several: bool = False) -> None:
        self._telescope = telescope
        self._t = t
        self._several = several
        self._count: Counter[tuple[str, date]] = Counter()

    def events(self, view: NightView | None, nights: Sequence[NightRecord]) -> Iterator[Event]:
        """Give what was imaged, then what is planned."""
        for night in nights:
            for record in sorted(night.sessions, key=lambda one: str(one.started)):
                if record.started is not None and record.ended is not None:
                    span = Interval(record.started, record.ended)
                    yield self._event(record.session_id, night.night, span, *self._past(record))
        if view is not None:
            for row in view.rows:
                yield from self._coming(view, row) if row.state != "done" else ()

    def _coming(self, view: NightView, row: Row) -> Iterator[Event]:
        if row.block is not None:
            for block in (row.block, *row.more):
                yield self._event(row.session_id, view.night, block, *self._planned(row), tentative=True)
        elif row.starts is not None and row.starts >= view.bounds.end:
            long = max(_SHORTEST, timedelta(seconds=row.total * row.exposure_s))
            night = night_of(row.starts, view.site, self._t.zone)
            span = Interval(row.starts, row.starts + long)
            yield self._event(row.session_id, night, span, *self._planned(row), tentative=True)

    def _event(
        self,
        session_id: str,
        night: date,
        span: Interval,
        summary: str,
        description: str,
        *,
        tentative: bool = False,
    ) -> Event:
        number = self._count[session_id, night]
        self._count[session_id, night] += 1
        key = "\n".join((self._telescope.id, session_id, night.isoformat(), str(number)))
        uid = f"{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}@dwarf-agent"
        where = f" · {self._telescope.name}" if self._several else ""
        end = max(span.end, span.start + _LEAST)
        return Event(uid, span.start, end, summary + where, description, tentative)

    def _past(self, record: SessionRecord) -> tuple[str, str]:
        t = self._t
        outcome = t(f"outcome.{record.outcome}")
        light = t("nights.light", light=t.duration(record.integration_s))
        frames = t("frames.stacked_of", stacked=record.stacked, total=record.requested or record.taken)
        name = record.target or record.session_id
        summary = name if record.outcome == "completed" else f"{name} ({outcome})"
        return summary, "\n".join(filter(None, (f"{outcome}: {frames}, {light}", t.said(record.message))))

    def _planned(self, row: Row) -> tuple[str, str]:
        t = self._t
        recipe = " · ".join(row.recipe)
        frames = t("frames.recipe", count=row.total, exposure=recipe) if row.total else recipe
        state = t(f"state.{row.state}") if row.state != "not_tonight" else t("state.planned")
        return row.name, "\n".join(filter(None, (state, frames, t.said(row.sentence))))
