"""Now: the picture, what happens and why, the controls with their answers, and the telescope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.capabilities import Camera
from agent.clock import aware_instant
from agent.requests import Verb
from agent.web.agent import Body, FramesTaken
from agent.web.draw.courses import drawn
from agent.web.targets import named
from agent.web.views.common import RUNS, Ask, coming, frame_counts, look, problem_words
from agent.web.words import Words

_HEIGHT = 40.0
_NEXT = ("now.next_soon", "now.next", "now.next_day")
_LEVELS = {"clear": "done", "warning": "paused", "alert": "problem"}
_BY_HAND = (Verb.AUTOFOCUS.value, Verb.CALIBRATE.value, Verb.ALIGN.value)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a list: what, its value, and what that means."""

    icon: str
    label: str
    value: str
    under: str = ""
    note: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One frame of the graph."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Graph:
    """What became of each frame."""

    width: int
    bars: tuple[Bar, ...]
    summary: str
    label: str
    note: str


def now_values(ask: Ask, log: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Everything that the template of Now needs."""
    t, states = ask.t, ask.states
    status = states.get("status", {})
    target = str(status.get("target") or "")
    taken, stacked, total = frame_counts(states)
    known = named(target) if target else None
    runs, seen = ask.runs, ask.window.frames(ask.telescope.id)
    return {
        **ask.values("now", target or t("now.title"), live="1"),
        "heading": target or t(f"status.{ask.status}"),
        "under": _under(ask, known.other_name if known else ""),
        "problem": problem_words(status, t),
        "banner": _banner(ask),
        "picture": picture(ask),
        "can_live": bool(ask.window.streams(ask.telescope.id)),
        "big": _big(ask, taken, total) if runs and total else [],
        "reason": reason_line(ask),
        "graph": graph(seen, taken, stacked, total, t) if total else None,
        "courses_drawn": drawn(seen.courses, t) if runs else [],
        "can": {
            "resume": (ask.status == "paused" and status.get("reason") == "user")
            or (ask.telescope.night_over and not runs),
            "pause": ask.status in RUNS,
            "skip": runs,
            "drop_rest": runs,
        },
        "ask": _questions(ask, target, taken),
        "told": told(ask),
        "scope_facts": list(_scope(states.get("telemetry", {}), states, t)),
        "weather_facts": list(_weather(states.get("safety", {}), t)),
        "hand": _hand(ask, runs),
        "log": log,
    }


def _under(ask: Ask, other_name: str) -> str:
    queue = ask.states.get("queue", {})
    parts = [other_name] if other_name else []
    waiting = int(queue.get("count", 0))
    parts.append(ask.t("now.waiting", count=waiting) if waiting else ask.t("now.none_waiting"))
    return " · ".join(parts)


def _banner(ask: Ask) -> dict[str, str] | None:
    status = ask.states.get("status", {})
    if ask.status not in ("paused", "offline", "stopping"):
        return None
    state, icon = look(ask.status)
    since = aware_instant(status.get("since"))
    reason = status.get("reason")
    what = ask.t.either(f"reason.{reason}", "") if reason else ""
    bold = ask.t(f"banner.{ask.status}", reason=what, time=ask.t.clock(since)).replace("  ", " ")
    return {"state": state, "icon": icon, "bold": bold, "text": _sentence(status, ask.t)}


def reason_line(ask: Ask) -> dict[str, str]:
    """State, sign, word and sentence: the one place on the page that says why."""
    t, status = ask.t, ask.states.get("status", {})
    state, icon = look(ask.status)
    taken, stacked, total = frame_counts(ask.states)
    message = text = _sentence(status, t)
    if ask.status == "imaging" and total:
        text = f"{t('now.counted', taken=taken, total=total, stacked=stacked)} {_then(ask)}".strip()
    elif ask.status in RUNS:
        text = t.said(status.get("step")) or message
    elif ask.status in ("idle", "parked") and not message:
        text = _coming(ask)
    bold = t(f"status.{ask.status}")
    if ask.status in ("waiting", "paused") and status.get("reason"):
        reason = t.either(f"reason.{status['reason']}", str(status["reason"]))
        bold = t(f"head.{ask.status}", reason=reason)
    return {"state": state, "icon": icon, "bold": f"{bold}.", "text": text}


def _sentence(status: Body, t: Words) -> str:
    """The status's sentence, which its reason tells in other languages."""
    return t.told(f"why.{status.get('reason')}", status.get("message"))


def _coming(ask: Ask) -> str:
    upcoming = ask.states.get("queue", {}).get("next")
    if not upcoming:
        return ask.t("now.nothing_planned")
    return coming(ask, _NEXT, str(upcoming.get("target")), upcoming)


def picture(ask: Ask, address: str = "picture") -> dict[str, str] | None:
    """The newest stack, and what it shows."""
    if ask.window.picture(ask.telescope.id) is None:
        return None
    t = ask.t
    info = ask.states.get("image_info", {})
    progress = ask.states.get("progress", {})
    at = aware_instant(info.get("taken_at"))
    target = str(info.get("target") or "")
    same = progress.get("session_id") == info.get("session_id")
    stacked = int(progress.get("frames", {}).get("stacked", 0)) if same else 0
    light = t.duration(float(progress.get("integration_s") or 0)) if same else ""
    tag = f"{at.timestamp():.0f}" if at is not None else str(info.get("session_id", ""))[:40]
    bold = t("picture.caption", count=stacked, light=light) if stacked else target
    return {
        "src": f"{ask.base}/{address}?t={ask.telescope.id}&v={tag}",
        "alt": t("picture.alt", count=stacked, target=target),
        "bold": bold,
        "time": t("picture.stacked_at", time=t.clock(at)) if at else target,
    }


def _big(ask: Ask, taken: int, total: int) -> list[dict[str, str]]:
    t, progress = ask.t, ask.states.get("progress", {})
    light = t.duration(float(progress.get("integration_s") or 0)).split(" ", 1)
    ends = aware_instant(progress.get("estimated_end"))
    number = min(taken + 1, total) if ask.status == "imaging" else taken
    return [
        {"label": t("now.frame"), "value": str(number), "unit": t("now.of", total=total)},
        {"label": t("now.light"), "value": light[0], "unit": light[1] if len(light) > 1 else ""},
        {"label": t("now.ends"), "value": t.clock(ends), "unit": ""},
    ]


def graph(seen: FramesTaken, taken: int, stacked: int, total: int, t: Words) -> Graph:
    """One bar a frame: stacked, not stacked, being taken, to come."""
    width = max(total, taken, 1)
    kinds = ["old"] * min(seen.unseen, taken)
    kinds += ["good" if one else "drop" for one in seen.frames][: taken - len(kinds)]
    kinds += ["old"] * (taken - len(kinds))
    if kinds and kinds[-1] == "drop" and taken < total:
        kinds[-1] = "open"  # nobody has judged the newest yet
    kinds += ["todo"] * (width - len(kinds))
    heights = {"good": 34.0, "old": 34.0, "open": 34.0, "drop": 16.0, "todo": 3.0}
    unit = 10
    gap = 2.0 if width <= 150 else 0.0
    bars = tuple(_bars(kinds, heights, unit, gap))
    dropped = kinds.count("drop")
    summary = t("frames.summary", stacked=stacked, dropped=dropped)
    numbers = [str(at) for at, kind in enumerate(kinds, 1) if kind == "drop"]
    note = t("frames.dropped", numbers=", ".join(numbers[:12])) if numbers else ""
    return Graph(unit * width, bars, summary, f"{t('frames.each')}: {summary}", note)


def _bars(kinds: list[str], heights: Mapping[str, float], unit: int, gap: float) -> Iterator[Bar]:
    """Neighbours of one kind become one bar where there are too many to tell apart."""
    at = 0
    while at < len(kinds):
        until = at + 1
        while gap == 0 and until < len(kinds) and kinds[until] == kinds[at]:
            until += 1
        height = heights[kinds[at]]
        yield Bar(kinds[at], at * unit + gap / 2, _HEIGHT - height, (until - at) * unit - gap, height)
        at = until


def _questions(ask: Ask, target: str, taken: int) -> dict[str, str]:
    t = ask.t
    if target and ask.runs:
        means = t("ask.stop_means", taken=taken) if taken else t("ask.stop_means_none")
        return {
            "stop": t("ask.stop", target=target),
            "stop_means": f"{means} {_then(ask)}".strip(),
            "stop_sure": t("ask.stop_sure", target=target),
            "keep": t("ask.keep"),
            "end_means": f"{means} {t('ask.end_means')}",
        }
    return {
        "stop": t("ask.stop_all"),
        "stop_means": t("ask.stop_all_means"),
        "stop_sure": t("ask.stop_all_sure"),
        "keep": t("ask.keep_all"),
        "end_means": t("ask.end_means"),
    }


def _then(ask: Ask) -> str:
    """What comes after the session that runs."""
    upcoming = ask.states.get("queue", {}).get("next")
    return _coming(ask) if upcoming else ""


def told(ask: Ask) -> dict[str, str]:
    """The latest answer, whoever asked."""
    body = ask.states.get("response")
    if not body:
        return {"state": "done", "icon": "done", "text": "", "time": ""}
    looks = {"error": ("problem", "problem"), "accepted": ("waiting", "waiting")}
    state, icon = looks.get(str(body.get("status")), ("done", "done"))
    text = " ".join(part for part in (ask.t.said(body.get("message")), ask.t.said(body.get("hint"))) if part)
    at = ask.window.answered_at(ask.telescope.id)
    return {"state": state, "icon": icon, "text": text, "time": ask.t.clock(at) if at else ""}


def _scope(telemetry: Body, states: Mapping[str, Body], t: Words) -> Iterator[Fact]:
    battery = telemetry.get("battery")
    charging = t("scope.charging") if telemetry.get("charging") else ""
    low = "paused" if battery is not None and battery < 20 else ""
    yield Fact("battery", t("scope.battery"), _or_unknown(battery, "{} %", t), charging, state=low)
    storage = telemetry.get("storage") or {}
    free, whole = storage.get("free_gb"), storage.get("total_gb")
    of = t("scope.of", total=t.number(whole)) if whole else ""
    low = "paused" if free is not None and free < 2 else ""
    yield Fact("storage", t("scope.storage"), _or_unknown(free, "{} GB", t, 1), of, state=low)
    yield Fact("temperature", t("scope.temperature"), _or_unknown(telemetry.get("temperature"), "{} °C", t))
    focus = telemetry.get("focus_position")
    if focus is not None:
        yield Fact("focus", t("scope.focus"), str(focus))
    polar = states.get("polar_alignment")
    if polar:
        off = {key: t.number(float(polar[f"{key}_error"]), 1) for key in ("azimuth", "altitude")}
        ways = {key: t(f"scope.{key}.{polar[key]}") for key in ("turn", "lift")}
        yield Fact("now", t("scope.polar"), t("scope.polar_off", **off), t("scope.polar_do", **ways))
    yield from _archive(states.get("download", {}), t)
    there = states.get("availability", {}).get("state") == "online"
    tracking = str(telemetry.get("tracking") or "")
    word = t("scope.connected") if there else t("scope.away")
    if tracking:
        yield Fact("now", t("scope.follows"), t.said(tracking))
    yield Fact("link" if there else "lost", t("scope.link"), word, state="" if there else "paused")


def _archive(download: Body, t: Words) -> Iterator[Fact]:
    """How far the session is that is fetched, or why none is; nothing while there is nothing to fetch."""
    match download.get("state"):
        case "fetching":
            files = t("archive.files", done=download["files_done"], count=download["files"])
            share = f"{t.number(float(download['percent'] or 0))} %"
            yield Fact("download", t("archive.title"), share, files, str(download["target"] or ""))
        case "waiting":
            reason = t.either(f"reason.{download['reason']}", str(download["message"]))
            waits = t("head.waiting", reason=reason)
            yield Fact("download", t("archive.title"), t("archive.left", count=download["sessions"]), waits)
        case "failed":
            yield Fact(
                "download", t("archive.title"), t("archive.failed"), str(download["message"]), state="paused"
            )


def _or_unknown(value: Any, form: str, t: Words, digits: int = 0) -> str:
    return t("scope.unknown") if value is None else form.format(t.number(float(value), digits))


def _weather(safety: Body, t: Words) -> Iterator[Fact]:
    sources = safety.get("sources") or {}
    if not sources:
        yield Fact("cloud", t("weather.none"), t("weather.not_watched"))
        return
    word = t("weather.safe") if safety.get("safe") else t("weather.unsafe")
    since = aware_instant(safety.get("since"))
    state = "imaging" if safety.get("safe") else "paused"
    yield Fact(
        "done" if safety.get("safe") else "paused", t("weather.sky"), word, t.clock(since), state=state
    )
    for name, source in sources.items():
        age = source.get("age_s")
        under = t("weather.never") if age is None else t.ago(float(age))
        good = bool(source.get("safe"))
        told = t.told("weather.bad", source.get("reason"))
        value = t("weather.good") if good else told or t("weather.bad")
        state = "" if good else _LEVELS.get(str(source.get("level")), "paused")
        icon = "rain" if "rain" in name.lower() else "cloud"
        yield Fact(icon, name, value, under, state=state or ("paused" if not good else ""))


def _hand(ask: Ask, runs: bool) -> dict[str, Any]:
    t, settings = ask.t, ask.states.get("settings", {})
    capabilities = ask.telescope.capabilities
    camera = capabilities.cameras.get(Camera.TELE) if capabilities else None
    armed = bool(settings.get("armed"))
    hint = t("hand.runs") if runs else t("hand.ready") if armed else t("hand.arm_first")
    return {
        "armed": armed,
        "hint": hint,
        "filter": settings.get("filter"),
        "filters": [one.name for one in camera.filters] if camera else [],
        "verbs": _BY_HAND,
    }
