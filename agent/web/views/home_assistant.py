"""What Home Assistant is given by hand: a dashboard to paste, blueprints, where the live view is."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web

from agent.web.agent import Agent
from agent.web.views.common import Ask

_IMPORT = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
_OURS = "https://github.com/dwarf-agent/dwarf-agent/blob/main/homeassistant/blueprints/"
BLUEPRINTS = {
    "new_session": "script/submit_session",
    "result": "automation/session_result_notify",
    "weather": "automation/weather_heartbeat",
    "ask": "automation/ask_me_tonight",
    "voice": "automation/assist",
}


def home_assistant_values(ask: Ask, agent: Agent) -> dict[str, Any]:
    """Everything that the template needs; there is no such page where nothing is announced."""
    dashboard = agent.dashboard(ask.telescope.id)
    if not dashboard:
        raise web.HTTPNotFound
    streams = agent.streams(ask.telescope.id)
    return {
        **ask.values("settings", ask.t("home.title")),
        "dashboard": dashboard,
        "blueprints": [
            {"title": ask.t(f"home.{word}"), "address": _IMPORT + quote(f"{_OURS}{path}.yaml", safe="")}
            for word, path in BLUEPRINTS.items()
        ],
        "live_views": [streams[name] for name in ("tele_jpeg", "wide_jpeg") if name in streams],
    }
