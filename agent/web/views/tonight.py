"""Tonight: the night as planned, each session with its time or why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from agent.clock import aware_instant
from agent.errors import AgentError
from agent.web.agent import Agent
from agent.web.draw.axis import altitude_at, curve, night_axis
from agent.web.draw.timeline import gaps, numbers, timeline
from agent.web.guard import Refusal
from agent.web.night import NightView, Row
from agent.web.render import page
from agent.web.targets import about
from agent.web.views.common import Ask, asked, problem_words
from agent.web.views.suggest import suggestions
from agent.web.words import Words

AHEAD = timedelta(days=7)  # as far as nights are planned
_ORDER = {"imaging": 0, "paused": 0, "waiting": 1, "planned": 1, "done": 2, "not_tonight": 3}
_SIGNS = {
    "imaging": ("imaging", "imaging"),
    "paused": ("paused", "paused"),
    "waiting": ("waiting", "waiting"),
    "planned": ("plan", "plan"),
    "done": ("done", "done"),
    "not_tonight": ("no", "no"),
}


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A row of the list. `acts` tells what can be done with it."""

    id: str
    state: str
    icon: str
    number: str
    name: str
    kind: str
    when: str
    relative: str
    bold: str
    text: str
    recipe: str
    percent: float | None
    progress: str
    acts: tuple[str, ...]
    moves: bool = False
    priority: int = 0


class TonightViews:
    """The page of tonight, and of other nights."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [web.get("/tonight", self._tonight)]

    async def _tonight(self, request: web.Request) -> web.Response:
        ask = asked(request, self._agent)
        on = _night_of(request.query.get("night", ""))
        try:
            view = await self._agent.night(ask.telescope.id, on=on)
        except AgentError as error:
            if on is not None:
                raise
            said = ask.t.said
            values = {"message": said(error.message), "hint": said(error.hint), "queue": _queue(ask)}
            return page(
                request,
                "no_night.html",
                ask.t,
                {**ask.values("tonight", ask.t("nav.tonight"), live="1"), **values},
            )
        selected = request.query.get("session", "")
        values = await asyncio.to_thread(tonight_values, ask, view, selected)
        told = view.night < view.coming and await self._agent.report(ask.telescope.id, view.night.isoformat())
        return page(request, "tonight.html", ask.t, values | {"has_report": bool(told)})


def _night_of(text: str) -> date | None:
    """Read the night that is asked for; None for tonight. Refusal."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refusal(404, "invalid", "There is no such night.") from None


def tonight_values(ask: Ask, view: NightView, selected: str = "") -> dict[str, Any]:
    """Everything that the template needs. Slow: use a thread."""
    t = ask.t
    free = gaps(view)
    wide = max(free, key=lambda gap: gap.seconds, default=None)
    rows = session_rows(view, t)
    coming = any(row.block is not None and row.block.end > view.now for row in view.rows)
    is_tonight, over = view.night == view.coming, view.night < view.coming
    best, why_none = suggestions(ask, view, wide) if wide is not None and is_tonight else ([], "")
    left = [row for row in view.rows if row.state == "not_tonight"]
    return {
        **ask.values("tonight", t("nav.tonight"), live="1"),
        "day": t.day(view.night),
        "place": place_words(view, t),
        "timeline": timeline(view, t, selected),
        "head_left": collected(view, t),
        "head_right": darkness(view, t),
        "rows": rows,
        "empty": not coming and is_tonight,
        "is_tonight": is_tonight,
        "over": over,
        "iso": view.night.isoformat(),
        "heading": t("nav.tonight") if is_tonight else t.short_day(view.night),
        "earlier": _night_link(ask, view, -1),
        "later": _night_link(ask, view, 1) if view.night < view.coming + AHEAD else "",
        "left": len(left),
        "free": wide,
        "free_title": t("tonight.free", start=t.clock(wide.start), end=t.clock(wide.end)) if wide else "",
        "best": best,
        "why_none": t.said(why_none),
        "problem": problem_words(ask.states.get("status", {}), t),
    }


def _night_link(ask: Ask, view: NightView, days: int) -> str:
    """The address of a neighbouring night."""
    night = view.night + timedelta(days=days)
    asked_for = {} if night == view.coming else {"night": night.isoformat()}
    chosen = {"t": ask.telescope.id} if ask.query else {}
    words = urlencode({**chosen, **asked_for})
    return f"{ask.base}/tonight" + (f"?{words}" if words else "")


def collected(view: NightView, t: Words) -> str:
    """How much light there is, and how much is to come."""
    have = sum(
        row.stacked * row.exposure_s for row in view.rows if row.state in ("done", "imaging", "paused")
    )
    coming = sum(
        max(0, row.total - row.taken) * row.exposure_s
        for row in view.rows
        if row.block is not None and row.state != "done"
    )
    if view.night < view.coming:
        return t("tonight.had", have=t.duration(have)) if have else t("tonight.had_none")
    if not have and not coming:
        long = t.duration(view.dark.seconds) if view.dark is not None else ""
        return t("tonight.dark_nothing", duration=long) if long else t("tonight.never_dark")
    if not have:
        return t("tonight.to_come", coming=t.duration(coming))
    return t("tonight.collected", have=t.duration(have), coming=t.duration(coming))


def darkness(view: NightView, t: Words) -> str:
    """When it is dark, and what the Moon does."""
    parts = [t("tonight.dark", span=t.span(view.dark.start, view.dark.end))] if view.dark else []
    lit = t("night.moon", percent=round(100 * view.moon_illumination))
    up = next(iter(view.moon_up), None)
    if up is None:
        parts.append(t("tonight.moon_down", moon=lit))
    elif view.sun.sunset is not None and up.start <= view.sun.sunset:
        parts.append(t("tonight.moon_until", moon=lit, time=t.clock(up.end)))
    else:
        parts.append(t("tonight.moon_from", moon=lit, time=t.clock(up.start)))
    return " · ".join(parts)


def place_words(view: NightView, t: Words) -> str:
    """Where this night is: the place in its time zone's name."""
    return f"{t.day(view.night)}, {view.site.timezone.rpartition('/')[2].replace('_', ' ')}"


def session_rows(view: NightView, t: Words) -> list[SessionRow]:
    """The rows of the list."""
    count, rows = numbers(view), ordered(view)
    acts = _acts(rows, tonight=view.night == view.coming)
    return [_session_row(row, count.get(row.session_id, ""), acts(row), view, t) for row in rows]


def ordered(view: NightView) -> list[Row]:
    """The sessions in the order of the list: running, coming, done, not tonight."""
    return sorted(view.rows, key=lambda row: _ORDER[row.state])


def _acts(rows: Sequence[Row], *, tonight: bool) -> Callable[[Row], tuple[str, ...]]:
    """What can be done with each: of those that wait the first goes no higher, and the last no lower."""
    waiting = [row for row in rows if row.waits]

    def acts(row: Row) -> tuple[str, ...]:
        if not row.waits:
            return ("watch",) if row.state in ("imaging", "paused") else ()
        if not tonight:
            return ("edit", "duplicate")
        higher = ("higher",) if row is not waiting[0] else ()
        lower = ("lower",) if row is not waiting[-1] else ()
        return ("run", "edit", "duplicate", "earlier", "later", *higher, *lower, "remove")

    return acts


def _session_row(row: Row, number: str, acts: tuple[str, ...], view: NightView, t: Words) -> SessionRow:
    state, icon = _SIGNS[row.state]
    if row.state == "done" and row.outcome in ("failed", "aborted"):
        state, icon = "problem", "problem"
    known = about(row.target)
    bold, text = _reason(row, view, t)
    running = row.state in ("imaging", "paused")
    percent = 100.0 * row.taken / row.total if row.total and (running or row.state == "done") else None
    kind = ""
    if known is not None:
        kind = known.other_name or (t(f"kind.{known.kind}") if known.kind else "")
        kind = "" if kind and kind.lower() in row.name.lower() else kind
    return SessionRow(
        row.session_id,
        state,
        icon,
        number,
        row.name,
        kind,
        when_words(row, t),
        _relative(row, view, t),
        bold,
        text,
        _recipe(row, t),
        percent,
        t("frames.of", taken=row.taken, total=row.total),
        acts,
        row.block is not None,
        row.priority,
    )


def when_words(row: Row, t: Words) -> str:
    """Its time, or the first of its times with how many others there are."""
    if row.block is None:
        return t("state.not_tonight")
    span = t.span(row.block.start, row.block.end)
    return t("row.more", span=span, count=len(row.more)) if row.more else span


def _relative(row: Row, view: NightView, t: Words) -> str:
    if row.block is None:
        return ""
    if row.state in ("imaging", "paused"):
        return t("time.left", duration=t.duration((row.block.end - view.now).total_seconds()))
    if row.state == "done":
        return t("time.ended")
    until = (row.block.start - view.now).total_seconds()
    return t.within(until) if until > 30 else t("time.now")


def _reason(row: Row, view: NightView, t: Words) -> tuple[str, str]:
    """Why, in one bold word or two and a sentence."""
    sentence = t.told(f"why.{row.reason}", row.sentence)
    if row.state == "imaging":
        if row.total:
            frame = min(row.taken + 1, row.total)
            return f"{t('status.imaging')}.", t(
                "row.imaging", frame=frame, total=row.total, stacked=row.stacked
            )
        return f"{t('status.imaging')}.", sentence
    if row.state == "paused":
        why = t.either(f"reason.{row.reason}", "")
        return f"{t('head.paused', reason=why)}.", sentence
    if row.state == "done":
        counted = t("row.done", taken=row.taken, total=row.total, stacked=row.stacked)
        return f"{t(f'outcome.{row.outcome}')}." if row.outcome else t(
            "state.done"
        ), f"{counted} {sentence}".strip()
    if row.state == "not_tonight":
        text = sentence
        if row.reason == "schedule" and row.starts is not None:
            day = t.short_day(row.starts.astimezone(t.zone).date())
            text = t("row.starts", day=day, time=t.clock(row.starts))
        return f"{t.either(f'reason_not.{row.reason}', t('state.not_tonight'))}.", text
    note = t.said(row.notes[0]) if row.notes else ""
    if row.state == "waiting":
        why = t.either(f"reason.{row.reason}", row.reason)
        return f"{t('head.waiting', reason=why)}.", sentence
    return f"{t('state.planned_row')}.", f"{height_words(row, view, t)} {note}".strip()


def height_words(row: Row, view: NightView, t: Words) -> str:
    """How high the target stands in its block."""
    if row.target is None or row.block is None:
        return ""
    axis = night_axis(view.sun, view.bounds, [one.block for one in view.rows if one.block])
    points = curve(row.target, view.site, axis)
    first, last = (altitude_at(points, at) for at in (row.block.start, row.block.end))
    inside = [one.altitude for one in points if row.block.start <= one.instant <= row.block.end]
    highest = max([first, last, *inside])
    if highest > max(first, last) + 1:
        return t("row.over", first=f"{first:.0f}°", highest=f"{highest:.0f}°", last=f"{last:.0f}°")
    word = "row.rises" if last > first + 1 else "row.falls" if first > last + 1 else "row.stays"
    return t(word, first=f"{first:.0f}°", last=f"{last:.0f}°")


def _recipe(row: Row, t: Words) -> str:
    parts = list(row.recipe)
    if parts and row.total:
        parts[0] = t("frames.recipe", count=row.total, exposure=parts[0])
    return " · ".join(t.said(part) for part in parts)


def _queue(ask: Ask) -> list[dict[str, str]]:
    found = []
    for one in ask.states.get("queue", {}).get("sessions", []):
        at = aware_instant(one.get("scheduled_for"))
        found.append(
            {
                "name": str(one.get("target")),
                "when": ask.t.clock(at) if at else "",
                "note": ask.t.said(one.get("note")),
            }
        )
    return found
