"""What every page begins with: who asks, in which language, for which telescope, and what that one does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from agent.clock import aware_instant
from agent.events import Status
from agent.text import escaped
from agent.web.agent import Body, Facts, Window
from agent.web.guard import base_of
from agent.web.render import language_of
from agent.web.words import Words, words

RUNS = frozenset({"preparing", "calibrating", "focusing", "slewing", "imaging", "finishing"})
_LOOKS = {
    Status.OFFLINE: ("paused", "lost"),
    Status.IDLE: ("done", "plan"),
    Status.WAITING: ("waiting", "waiting"),
    Status.PAUSED: ("paused", "paused"),
    Status.STOPPING: ("paused", "stop"),
    Status.PARKED: ("done", "parked"),
    Status.ERROR: ("problem", "problem"),
    Status.IMAGING: ("imaging", "imaging"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """The line on top of every page."""

    state: str
    icon: str
    line: str
    second: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for a page."""

    request: web.Request
    window: Window
    telescope: Facts
    states: Mapping[str, Body]
    t: Words

    @property
    def base(self) -> str:
        """The path below which the browser sees the page."""
        return base_of(self.request)

    @property
    def status(self) -> str:
        """What the telescope does, by its word."""
        return str(self.states.get("status", {}).get("state", "offline"))

    @property
    def runs(self) -> bool:
        """Whether a session runs."""
        return bool(self.states.get("status", {}).get("running"))

    @property
    def query(self) -> str:
        """What keeps to the telescope that was chosen."""
        several = len(self.window.telescopes()) > 1
        return f"?t={self.telescope.id}" if several else ""

    def values(self, view: str, title: str, *, live: str = "", watching: bool = False) -> dict[str, Any]:
        """What the layout needs."""
        return {
            "view": view,
            "title": title,
            "telescope": self.telescope.id,
            "scope_name": self.telescope.name,
            "scopes": self.window.telescopes(),
            "query": self.query,
            "head": head(self),
            "live": live,
            "watching": watching,
        }


def asked(request: web.Request, window: Window) -> Ask:
    """Read what a request for a page says of itself."""
    telescopes = window.telescopes()
    wanted = request.query.get("t", "")
    telescope = next((one for one in telescopes if one.id == wanted), telescopes[0])
    t = words(language_of(request), window.zone)
    return Ask(request, window, telescope, window.states(telescope.id), t)


def look(status: str) -> tuple[str, str]:
    """The colour and the sign of a status."""
    try:
        known = Status(status)
    except ValueError:
        return "done", "plan"
    return _LOOKS.get(known, ("imaging", "busy"))


def frame_counts(states: Mapping[str, Body]) -> tuple[int, int, int]:
    """Taken, stacked and total of the session that runs; zeros when the progress is another's."""
    progress, status = states.get("progress", {}), states.get("status", {})
    if progress.get("session_id") != status.get("session_id"):
        return 0, 0, 0
    frames = progress.get("frames", {})
    return int(frames.get("taken", 0)), int(frames.get("stacked", 0)), int(frames.get("total", 0))


def head(ask: Ask) -> Head:
    """What the telescope does, in two lines that a phone can hold."""
    t, states, status = ask.t, ask.states, ask.status
    body = states.get("status", {})
    target = short_name(body.get("target"))
    state, icon = look(status)
    if status == "imaging":
        taken, _, total = frame_counts(states)
        line = (
            t("head.imaging", target=target, frame=min(taken + 1, total), total=total)
            if total
            else t("head.imaging_open", target=target)
        )
    elif status in ("waiting", "paused") and body.get("reason"):
        line = t(f"head.{status}", reason=t.either(f"reason.{body['reason']}", str(body["reason"])))
    elif target and status in RUNS:
        line = t("head.step", doing=t(f"status.{status}"), target=target)
    else:
        line = t(f"status.{status}")
    return Head(state, icon, line, " · ".join(_second(ask)))


_NEXT = ("head.next_soon", "head.next", "head.next_day")


def coming(ask: Ask, words: tuple[str, str, str], name: str, upcoming: Body) -> str:
    """What is next: in the words for soon, for a time of the next 24 hours, or for a later day."""
    t, at = ask.t, aware_instant(upcoming.get("scheduled_for"))
    if at is None:
        return t(words[0], target=name)
    if at - ask.window.now() < timedelta(days=1):
        return t(words[1], target=name, time=t.clock(at))
    day = t.short_day(at.astimezone(t.zone).date())
    return t(words[2], target=name, day=day, time=t.clock(at))


def _second(ask: Ask) -> list[str]:
    t, states = ask.t, ask.states
    parts = [ask.telescope.name]
    progress = states.get("progress", {})
    ends = aware_instant(progress.get("estimated_end")) if states.get("status", {}).get("running") else None
    if ends is not None:
        parts.append(t("head.ends", time=t.clock(ends)))
    elif (upcoming := states.get("queue", {}).get("next")) and not states["status"].get("running"):
        parts.append(coming(ask, _NEXT, short_name(upcoming.get("target")), upcoming))
    battery = states.get("telemetry", {}).get("battery")
    if battery is not None:
        parts.append(t("head.battery", percent=battery))
    return parts


def problem_words(status: Body, t: Words) -> dict[str, str] | None:
    """What is wrong with a telescope, and the remedy."""
    problem = status.get("problem")
    if not problem:
        return None
    return {"message": t.said(problem["message"]), "hint": t.said(problem.get("hint"))}


def short_name(target: object) -> str:
    """A target's name that fits a line of a phone."""
    return escaped(target, 22) if target else ""
