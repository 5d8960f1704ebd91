"""Settings and health: problems with their remedies, telescopes, what is set and from where, first steps."""

from __future__ import annotations

from typing import Any

from agent import __version__
from agent.web.agent import Agent
from agent.web.door import Door
from agent.web.guard import CALENDAR
from agent.web.views.common import Ask
from agent.web.words import languages


async def settings_values(ask: Ask, agent: Agent, door: Door) -> dict[str, Any]:
    """Everything that the template of Settings needs."""
    t = ask.t
    scopes = [_scope(ask, agent, one.id) for one in agent.telescopes()]
    problems = [
        {"title": t.said(problem["message"]), "text": t.said(problem.get("hint")), "where": one.name}
        for one in agent.telescopes()
        if (problem := agent.states(one.id).get("status", {}).get("problem"))
    ]
    table = agent.settings()
    return {
        **ask.values("settings", t("nav.settings"), live="1"),
        "version": __version__,
        "problems": problems,
        "scopes_told": scopes,
        "switches": _switches(ask),
        "set": [{"name": name, "value": value, "from": origin} for name, value, origin in table if origin],
        "rest": [
            {"name": name, "value": value or t("settings.not_set"), "from": t("settings.built_in")}
            for name, value, origin in table
            if not origin
        ],
        "steps": _steps(ask, agent),
        "can_set_up": agent.setting_up is not None,
        "languages": [{"code": code, "name": name} for code, name in languages().items()],
        "can_leave": door.password is not None and not door.gateway,
        "watch": door.watch or bool(door.gateway),
        "home_assistant": bool(agent.dashboard(ask.telescope.id)),
        "calendar": door.calendar_link(ask.request.scheme, ask.request.host, CALENDAR),
    }


def _scope(ask: Ask, agent: Agent, telescope: str) -> dict[str, str]:
    states = agent.states(telescope)
    there = states.get("availability", {}).get("state") == "online"
    facts = next(one for one in agent.telescopes() if one.id == telescope)
    model = facts.capabilities.model if facts.capabilities else ""
    firmware = str(states.get("firmware", {}).get("installed_version") or "")
    parts = [part for part in (telescope, model, firmware) if part]
    return {
        "name": facts.name,
        "text": " · ".join(parts),
        "state": "imaging" if there else "paused",
        "icon": "imaging" if there else "lost",
        "word": ask.t("scope.connected") if there else ask.t("scope.away"),
    }


def _switches(ask: Ask) -> dict[str, Any]:
    settings = ask.states.get("settings", {})
    return {
        "scheduler": bool(settings.get("scheduler", True)),
        "weather_policy": settings.get("weather_policy", "ignore"),
        "max_wait_min": settings.get("max_wait_min", 120),
        "has_weather": bool(ask.states.get("safety", {}).get("sources")),
    }


def _steps(ask: Ask, agent: Agent) -> list[dict[str, Any]]:
    """What a first-time owner still has to do, each with how."""
    states = ask.states
    found = ask.telescope.capabilities is not None or states.get("availability", {}).get("state") == "online"
    done = bool(states.get("result")) or bool(states.get("queue", {}).get("count"))
    checks = (
        ("telescope", found),
        ("place", agent.site is not None),
        ("weather", bool(states.get("safety", {}).get("sources"))),
        ("session", done),
    )
    return [
        {
            "done": good,
            "title": ask.t(f"steps.{name}.title"),
            "text": ask.t(f"steps.{name}.done") if good else ask.t(f"steps.{name}.todo"),
            "how": "" if good else ask.t(f"steps.{name}.how"),
        }
        for name, good in checks
    ]
