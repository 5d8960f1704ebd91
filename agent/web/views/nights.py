"""Nights that are over: pictures, outcomes, light, reports."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agent.web.agent import Body
from agent.web.night import NightRecord, SessionRecord
from agent.web.views.common import Ask
from agent.web.words import Words

_DAYS = 60
_WAIT = re.compile(r"(\w+) (\d{1,9}(?:\.\d+)?) s")
_HIGH = 92.0
_OUTCOMES = (
    ("completed", "done", "done"),
    ("partial", "imaging", "imaging"),
    ("skipped", "no", "no"),
    ("aborted", "paused", "stop"),
    ("failed", "problem", "problem"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """One night of the season."""

    x: float
    height: float
    current: bool


def nights_values(ask: Ask, nights: Sequence[NightRecord]) -> dict[str, Any]:
    """Everything that the template of Nights needs."""
    t = ask.t
    light = sum(one.integration_s for one in nights)
    useful = sum(1 for one in nights if one.integration_s > 0)
    counted = Counter(session.outcome for night in nights for session in night.sessions)
    best = max(nights, key=lambda one: one.integration_s, default=None)
    return {
        **ask.values("nights", t("nav.nights")),
        "under": _sum(useful, light, t) if nights else "",
        "columns": _columns(nights, ask),
        "days": _DAYS,
        "first_day": t.short_day((ask.window.now() - timedelta(days=_DAYS - 1)).astimezone(t.zone).date()),
        "last_day": t("nights.today"),
        "best": t("nights.best", light=t.duration(best.integration_s), day=t.short_day(best.night))
        if best is not None and best.integration_s
        else "",
        "nights": [_night(one, t) for one in nights],
        "outcomes": [
            {"state": state, "icon": icon, "label": t(f"outcome.{name}"), "count": counted.get(name, 0)}
            for name, state, icon in _OUTCOMES
        ],
        "targets": _targets(nights, t),
        "goals": [_goal(one, t) for one in ask.window.groups(ask.telescope.id)],
    }


def _sum(useful: int, light: float, t: Words) -> str:
    words = "nights.sum_one" if useful == 1 else "nights.sum"
    return t(words, nights=useful, light=t.duration(light))


def sum_words(record: NightRecord, t: Words) -> str:
    """What a night collected."""
    light = record.integration_s
    return t("nights.light", light=t.duration(light)) if light else t("nights.nothing")


def _columns(nights: Sequence[NightRecord], ask: Ask) -> list[Column]:
    today = ask.window.now().astimezone(ask.t.zone).date()
    most = max((one.integration_s for one in nights), default=0.0) or 1.0
    found = []
    for one in nights:
        at = _DAYS - 1 - (today - one.night).days
        if 0 <= at < _DAYS and one.integration_s:
            height = max(2.0, _HIGH * one.integration_s / most)
            found.append(Column(at * 10.0, height, one is nights[0]))
    return found


def _night(record: NightRecord, t: Words) -> dict[str, Any]:
    pictures = [one for one in record.sessions if one.picture]
    done = [one.target for one in record.sessions if one.outcome == "completed"]
    rest = [one for one in record.sessions if one.outcome != "completed"]
    return {
        "id": record.night.isoformat(),
        "day": t.day(record.night),
        "under": sum_words(record, t),
        "pictures": [
            {
                "session": one.session_id,
                "target": one.target,
                "counted": t("frames.stacked_of", stacked=one.stacked, total=one.requested),
            }
            for one in pictures
        ],
        "completed": ", ".join(done),
        "rest": [ended(one, t) for one in rest],
        "waited": ", ".join(_waits(record, t)),
    }


def _waits(record: NightRecord, t: Words) -> list[str]:
    """For what, and how long in all, the longest first."""
    total: Counter[str] = Counter()
    for one in record.sessions:
        for reason, seconds in _WAIT.findall(one.waited):
            total[reason] += round(float(seconds))
    return [
        f"{t.either(f'reason.{reason}', reason)} {t.duration(seconds)}"
        for reason, seconds in total.most_common()
        if seconds >= 60
    ]


def ended(one: SessionRecord, t: Words, *, named: bool = True) -> dict[str, str]:
    """How a session ended, and why."""
    state, icon = next(
        ((state, icon) for name, state, icon in _OUTCOMES if name == one.outcome), ("problem", "problem")
    )
    outcome = t.either(f"outcome.{one.outcome}", one.outcome)
    key = "nights.complete" if one.outcome == "completed" else f"why.{one.reason}"
    sentence = t.told(key, one.message)
    told = "stacked" in one.message or not one.requested
    frames = "" if told else t("frames.stacked_of", stacked=one.stacked, total=one.requested)
    text = " ".join(part for part in (f"{frames}." if frames else "", sentence) if part)
    bold = f"{one.target}: {outcome}." if named else f"{outcome}."
    return {"state": state, "icon": icon, "bold": bold, "text": text}


def _goal(group: Body, t: Words) -> dict[str, Any]:
    """How far a goal is, in all and by filter."""
    said = "goal.had_one" if group["nights"] == 1 else "goal.had"
    named = {name: one for name, one in group["filters"].items() if name}
    return {
        "name": group["group"],
        "percent": min(100.0, float(group["percent"])),
        "told": t(said, **_of(group, t), nights=group["nights"]),
        "filters": [f"{name} {t('goal.of', **_of(one, t))}" for name, one in named.items()]
        if len(group["filters"]) > 1
        else [],
    }


def _of(body: Body, t: Words) -> dict[str, str]:
    return {"have": t.duration(body["collected_s"]), "wanted": t.duration(body["goal_s"])}


def _targets(nights: Sequence[NightRecord], t: Words) -> list[dict[str, Any]]:
    """The light each target has, over all nights."""
    light: Counter[str] = Counter()
    for night in nights:
        for one in night.sessions:
            if one.integration_s:
                light[one.target] += round(one.integration_s)
    most = max(light.values(), default=1)
    return [
        {"name": name, "light": t.duration(seconds), "percent": 100.0 * seconds / most}
        for name, seconds in light.most_common(8)
    ]
