"""The dashboard that is copied from the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.web.views.home_assistant import BLUEPRINTS

SHIPPED = Path(__file__).parents[2] / "homeassistant" / "blueprints"
Served = Callable[..., Any]


async def test_the_page_leads_to_a_dashboard_to_copy_and_to_the_live_view(served: Served) -> None:
    async with served() as page:
        assert 'href="/home-assistant"' in await page.text("/settings")
        text = await page.text("/home-assistant")
        assert ">title: scope\n</textarea>" in text
        assert 'data-copy="dashboard"' in text
        for path in BLUEPRINTS.values():
            assert (SHIPPED / f"{path}.yaml").is_file()
            assert quote(f"/homeassistant/blueprints/{path}.yaml", safe="") in text
        for address in page.agent.streams("scope").values():
            assert (address in text) is address.startswith("http")


async def test_what_a_telescope_is_called_cannot_leave_its_field(served: Served) -> None:
    async with served() as page:
        page.agent.dashboard = lambda _: "</textarea><script>"
        assert "<script>" not in (await page.text("/home-assistant")).partition("<textarea")[2]


async def test_where_nothing_is_announced_there_is_nothing_to_copy(served: Served) -> None:
    async with served() as page:
        page.agent.dashboard = lambda _: ""
        assert "/home-assistant" not in await page.text("/settings")
        async with page.get("/home-assistant") as answer:
            assert answer.status == 404
