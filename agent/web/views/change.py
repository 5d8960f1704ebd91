"""What a change of the night would do: the same drawing with what is new marked, before anything is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web

from agent.web.agent import Agent
from agent.web.draw.timeline import timeline
from agent.web.guard import Refusal, json_body, json_object
from agent.web.night import Change, NightView, Row
from agent.web.render import page
from agent.web.views.common import Ask, asked
from agent.web.views.tonight import height_words, ordered
from agent.web.words import Words

_MOST_MINUTES = 24 * 60
_NOTICED_S = 60  # a block that moves by less stays where it is


class ChangeViews:
    """The answer to "what would change", with the commands that keep it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def routes(self) -> list[web.RouteDef]:
        """Return them."""
        return [web.post("/tonight/change", self._change)]

    async def _change(self, request: web.Request) -> web.Response:
        ask = asked(request, self._agent)
        before = await self._agent.night(ask.telescope.id)
        change = read_change(await json_body(request), before)
        view = await self._agent.night(ask.telescope.id, change)
        values = await asyncio.to_thread(change_values, ask, before, view)
        keep = list(_commands(change, ask.t))
        return page(
            request, "change.html", ask.t, {**values, "keep": keep, "by_order": bool(change.priorities)}
        )


def read_change(payload: bytes, view: NightView) -> Change:
    """Read what would be changed: {"move": session, "minutes": by so many}, or {"order": session, "before":
    the one that is to come right after it, "" for none}.
    """
    body = json_object(payload, "The change cannot be read", "A change is a JSON object.")
    if "order" in body:
        return _in_order(body, view)
    minutes = body.get("minutes")
    row = next((one for one in view.rows if one.session_id == body.get("move")), None)
    if row is None or row.block is None:
        raise Refusal(409, "unknown_session", "No such session waits.")
    if not isinstance(minutes, int) or abs(minutes) > _MOST_MINUTES:
        raise Refusal(400, "invalid", "A session is moved by minutes.")
    return Change(moved=row.session_id, start=row.block.start + timedelta(minutes=minutes))


def _in_order(body: dict[str, Any], view: NightView) -> Change:
    waiting = [row for row in ordered(view) if row.waits]
    names = [row.session_id for row in waiting]
    wanted, before = body["order"], body.get("before", "")
    if wanted not in names or (before and before not in names):
        raise Refusal(409, "unknown_session", "No such session waits.")
    return Change(moved=wanted, priorities=priorities_for(waiting, wanted, before))


def priorities_for(rows: Sequence[Row], wanted: str, before: str) -> dict[str, int]:
    """The priorities that bring a session from its place in the list to the one right before another ("" for
    the end): above all that it passes, and not above those it does not. Only what changes is returned.
    """
    place = next(at for at, row in enumerate(rows) if row.session_id == wanted)
    one, above, below = rows[place], rows[:place], rows[place + 1 :]
    at = next((at for at, row in enumerate(above) if row.session_id == before), len(above))
    if at < len(above):
        mine = max(one.priority, *(row.priority + 1 for row in above[at:]))
        others = [row for row in above[:at] if one.priority <= row.priority < mine]
    else:
        passed = next((at for at, row in enumerate(below) if row.session_id == before), len(below))
        mine = min([one.priority, *(row.priority - 1 for row in below[:passed])])
        others = [row for row in below[passed:] if mine < row.priority <= one.priority]
    return {row.session_id: mine for row in (*others, one) if row.priority != mine}


def _commands(change: Change, t: Words) -> Iterator[dict[str, Any]]:
    """The commands that keep a change."""
    if change.start is not None:
        at = change.start.astimezone(t.zone).isoformat(timespec="minutes")
        yield {"command": "reschedule", "session_id": change.moved, "at": at}
    for session, priority in change.priorities.items():
        yield {"command": "prioritize", "session_id": session, "priority": priority}


def change_values(ask: Ask, before: NightView, after: NightView) -> dict[str, Any]:
    """What a change would do, in a drawing and in sentences. Slow: use a thread."""
    t = ask.t
    fresh = next((row for row in after.rows if row.fresh), None)
    moved, lost = effects(after)
    told = [t("change.moves", name=row.name, time=t.clock(row.block.start)) for row in moved if row.block]
    told += [t("change.lost", name=row.name) for row in lost]
    light = _light(after) - _light(before)
    sign = "+ " if light >= 0 else "− "
    more = t("change.light", light=sign + t.duration(abs(light)))
    return {
        "query": ask.query,
        "timeline": timeline(after, t, fresh.session_id if fresh else ""),
        "head_left": t("change.not_kept"),
        "head_right": more if abs(light) >= _NOTICED_S else t("change.same_light"),
        "fresh": _fresh_words(fresh, after, t),
        "effects": told or [t("change.nothing_else")],
    }


def effects(view: NightView) -> tuple[list[Row], list[Row]]:
    """The other sessions that a change would let begin at another time, and those that would lose theirs."""
    moved, lost = [], []
    for row in view.rows:
        was = view.before.get(row.session_id)
        if was is None or row.fresh or not row.waits:
            continue
        if row.block is None:
            lost.append(row)
        elif abs((was.start - row.block.start).total_seconds()) >= _NOTICED_S:
            moved.append(row)
    return moved, lost


def _fresh_words(row: Row | None, view: NightView, t: Words) -> dict[str, str]:
    if row is None:
        return {"title": t("change.title"), "text": ""}
    if row.block is None:
        title = t("change.not_tonight", name=row.name)
        return {"title": title, "text": t.said(row.sentence)}
    title = t("change.runs", name=row.name, span=t.span(row.block.start, row.block.end))
    return {"title": title, "text": height_words(row, view, t)}


def _light(view: NightView) -> float:
    return sum(_row_light(row) for row in view.rows if row.block is not None and row.state != "done")


def _row_light(row: Row) -> float:
    if row.block is None or not row.exposure_s:
        return 0.0
    return min(row.total * row.exposure_s, row.block.seconds)
