"""The first minute in a browser: nothing is set, and a telescope is found and kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.app.setting_up import SettingUp
from agent.clock import SystemClock
from agent.settings import Settings, load_settings
from agent.web.agent import Neighbour
from agent.web.server import FirstServer, PageServer
from tests.page.audit import audit
from tests.page.conftest import PHONE, ROOT

Look = Callable[..., Any]


def test_a_telescope_is_found_and_kept(
    serve: Look, look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def around() -> list[Neighbour]:
        return [Neighbour("192.168.1.50", "D3", "DWARF3_AB12CD"), Neighbour("192.168.1.57")]

    monkeypatch.chdir(tmp_path)
    file = Path("config.yaml")
    setting_up = SettingUp(Settings.model_validate({"site": {"timezone": "Etc/UTC"}}), file, {}, look=around)
    page_at = serve(make=lambda door: FirstServer(setting_up, door, SystemClock()))
    page = look(page_at.address, PHONE, timezone_id="Europe/Paris")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert audit(page) == []
    page.click("text=Look on the network")
    page.wait_for_selector("[data-host]")
    assert page.input_value("#telescope_host") == "192.168.1.50"
    assert page.input_value("#timezone") == "Europe/Paris", "where the machine has no zone of its own"
    page.click("text=192.168.1.57")
    page.fill("#latitude", "48.85")
    page.fill("#longitude", "2.35")
    if folder := os.environ.get("PAGE_PICTURES"):
        page.screenshot(path=Path(ROOT, folder, "page-setup-phone.png"), full_page=True)
    page.fill("#latitude", "91")
    page.click("#save")
    page.wait_for_selector("#answer.is-problem")
    assert "latitude" in page.inner_text("#answer")
    assert audit(page) == []
    page.fill("#latitude", "48.85")
    page.click("#save")
    page.wait_for_selector("#answer.is-done")
    assert load_settings(file).telescopes[0].host == "192.168.1.57"
    assert load_settings(file).site.timezone == "Europe/Paris"
    page_at.stop()
    page_at.make = lambda door: PageServer(page_at.agent, door, SystemClock())
    page_at.start()
    page.wait_for_url("**/tonight")
