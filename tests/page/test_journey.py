"""An owner's evening, from the first search to the report, on a whole agent with a simulated telescope.

The pictures it takes on the way are those of docs/images/, when PAGE_PICTURES names a folder for them.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.page.audit import audit
from tests.page.conftest import DESKTOP, PHONE, whole_agent

Look = Callable[..., Any]
PICTURES = os.environ.get("PAGE_PICTURES")


def picture(page: Any, name: str, *, whole: bool = True) -> None:
    """Keep a picture of the page as it is; the window grows to the page, so that nothing lies over it."""
    if not PICTURES:
        return
    size = page.viewport_size
    if whole:
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": min(max(height, size["height"]), 3400)})
        page.wait_for_timeout(300)
    page.evaluate("window.scrollTo(0, 0)")
    shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
    shot.save(Path(PICTURES) / f"page-{name}.png", optimize=True)
    page.set_viewport_size(size)


@pytest.mark.soak
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.timeout(600)
def test_from_the_first_search_to_the_report(look: Look, tmp_path: Path, size: tuple[int, int]) -> None:
    word = "phone" if size == PHONE else "desktop"
    with whole_agent(tmp_path) as address:
        page = look(f"{address}/", size)
        page.wait_for_selector("h1:has-text('Tonight')")
        page.wait_for_selector("#status:has-text('battery')")
        picture(page, f"tonight-empty-{word}")

        # find M 31, and see that it fits two fields
        page.click("nav >> text=New")
        page.fill("#q", "androm")
        page.wait_for_selector(".hit:has-text('Andromeda Galaxy')")
        assert audit(page) == []
        picture(page, f"search-{word}")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#about-place .frame")
        assert page.input_value("#q") == "M 31"
        assert "3.0° × 1.2°" in page.inner_text("#about-place")
        assert page.locator("#about-place .fov-box").count() == 1
        page.click("label:has-text('2 × 2')")
        page.wait_for_selector("#about-place:has-text('2 × 2 fields cover')")
        assert page.locator("#about-place .fov-box").count() == 4
        assert page.locator("#turn").is_visible()
        picture(page, f"mosaic-{word}")
        page.click("fieldset:has-text('Fields') label >> nth=0")
        page.wait_for_selector("#about-place .fov-box >> nth=0")

        # 60 × 60 s, Astro, tonight after 22:00, stop on rain
        assert page.input_value("#exposure") == "60"
        page.click("[data-step='-1'][data-for='count']")
        page.wait_for_selector("#sum-place:has-text('40 × 60 s')")
        page.fill("#count", "60")
        page.click("label:has-text('Astro')")
        page.click("#fold-when summary")
        page.click("label:has-text('Not before')")
        page.fill("#time", "22:00")
        page.click("#fold-weather summary")
        page.click("#fold-weather label:has-text('Stop')")
        page.wait_for_selector("#with-place:has-text('M 31 22:00')")
        page.wait_for_selector("#fold-weather summary:has-text('Stop')")
        assert audit(page) == []
        picture(page, f"new-{word}")
        page.click("#save")

        # see it planned
        page.wait_for_url("**/tonight?session=*")
        row = page.locator(".ses", has=page.locator("h3:has-text('M 31')"))
        row.wait_for()
        assert "22:00 – " in row.inner_text()
        (made,) = [
            json.loads(path.read_text())["command"]
            for path in (tmp_path / "Astro_Sessions" / "ToDo").glob("M31*.json")
        ]
        assert made["setup_camera"] == {
            "do_action": True,
            "exposure": "60",
            "IRCut": "Astro",
            "gain": 60,
            "count": 60,
        }
        assert made["conditions"] == {"do_action": True, "weather_policy": "abort"}

        # edit it
        row.locator("summary").click()
        row.locator("text=Edit").click()
        page.wait_for_selector("h1:has-text('Edit session')")
        page.click("#fold-when summary")
        assert page.input_value("#time") == "22:00"
        page.fill("#count", "40")
        page.wait_for_selector("#sum-place:has-text('40 × 60 s')")
        page.click("#save")
        page.wait_for_url("**/tonight?session=*")
        page.wait_for_selector(".ses:has-text('40 × 60 s')")
        assert page.locator(".ses h3:has-text('M 31')").count() == 1

        # watch it run
        page.wait_for_selector("#status:has-text('Imaging M 31')", timeout=180_000)
        page.click("#status")
        page.wait_for_selector("#stack[src]", timeout=90_000)
        page.wait_for_selector("#progress:has-text('4 stacked')", timeout=90_000)
        assert "What became of each frame" in page.inner_text("#progress")
        page.click("label:has-text('Live')")
        page.wait_for_selector("#live")
        page.wait_for_timeout(1500)
        assert page.evaluate("document.getElementById('live').naturalWidth") > 100
        page.click("label:has-text('Stack')")
        assert audit(page) == []
        picture(page, f"now-{word}")
        page.goto(f"{address}/tonight")
        page.wait_for_selector(".ses.is-imaging")
        assert audit(page) == []
        picture(page, f"tonight-{word}")
        if size == PHONE:
            _pictures_of_the_rest(look, address)

        # pause it, and go on
        page.goto(f"{address}/now")
        page.click("#pause")
        page.wait_for_selector("#status:has-text('Paused')", timeout=60_000)
        page.click("#resume")
        page.wait_for_selector("#status:has-text('Imaging')", timeout=60_000)

        # stop it
        page.click("#stop")
        assert "Stop M 31 now?" in page.inner_text("#confirm-stop")
        picture(page, f"stop-{word}", whole=False)
        page.click("#confirm-stop .sure")
        page.wait_for_selector("#answer:has-text('ended')", timeout=60_000)

        # see the report, and the picture
        page.click("nav >> text=Nights")
        page.wait_for_selector(".nightcard:has-text('M 31')")
        for _ in range(20):
            if page.locator(".thumb img").count():
                break
            time.sleep(1)
            page.reload()
        page.locator(".thumb img").scroll_into_view_if_needed()
        decoded = "(image) => image.decode().then(() => image.naturalWidth)"
        assert page.locator(".thumb img").evaluate(decoded) > 100
        assert audit(page) == []
        picture(page, f"nights-{word}")
        page.click("text=Read the report")
        page.wait_for_selector(".told:has-text('M 31')")
        assert audit(page) == []
        picture(page, f"report-{word}")
        page.click("#text summary")
        assert "M 31" in page.inner_text("pre")
        assert re.search(r"stopped the session|aborted", page.inner_text("pre"))


def _pictures_of_the_rest(look: Look, address: str) -> None:
    """What is worth a picture beside the owner's way: other colours, friends, settings."""
    if not PICTURES:
        return
    for name, path, size, theme in (
        ("now-night", "/now", PHONE, "night"),
        ("tonight-night", "/tonight", PHONE, "night"),
        ("tonight-light", "/tonight", DESKTOP, "light"),
        ("watch-phone", "/watch", PHONE, "dark"),
        ("settings-desktop", "/settings", DESKTOP, "dark"),
        ("settings-phone", "/settings", PHONE, "light"),
        ("new-light", "/new?target=NGC%207000", DESKTOP, "light"),
    ):
        page = look(address + path, size, theme=theme)
        page.wait_for_timeout(800)
        picture(page, name)
    page = look(f"{address}/tonight?lang=de", PHONE)
    picture(page, "tonight-german")
    page = look(f"{address}/tonight", DESKTOP)
    row = page.locator(".ses", has=page.locator("h3:has-text('M 45')"))
    row.locator("summary").click()
    row.locator("[data-move='15']").click()
    page.wait_for_selector("#keep")
    picture(page, "change-desktop")
