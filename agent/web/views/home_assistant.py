"""What Home Assistant is given by hand: a dashboard to paste, and the addresses of the live view."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from agent.web.agent import Agent
from agent.web.views.common import Ask


def home_assistant_values(ask: Ask, agent: Agent) -> dict[str, Any]:
    """Everything that the template needs; there is no such page where nothing is announced."""
    dashboard = agent.dashboard(ask.telescope.id)
    if not dashboard:
        raise web.HTTPNotFound
    streams = agent.streams(ask.telescope.id)
    return {
        **ask.values("settings", ask.t("home.title")),
        "dashboard": dashboard,
        "live_views": [streams[name] for name in ("tele_jpeg", "wide_jpeg") if name in streams],
    }
