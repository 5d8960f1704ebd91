"""The dashboard that the page of a whole agent gives away is of the entities that the agent announced."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import yaml

from tests.app.conftest import Observatory
from tests.app.test_page import PAGE, page_of
from tests.homeassistant.shipped import entities
from tests.support.virtual_loop import run_virtual


def test_it_is_of_the_entities_that_were_announced(observatory: Callable[..., Observatory]) -> None:
    async def copied() -> tuple[str, set[str]]:
        place = observatory(**PAGE)
        async with page_of(place) as browser:
            await place.until(lambda: len(announced(place)) > 1)
            page = await browser.get("/home-assistant?t=scope")
            parts = [part for body in announced(place) for part in body["cmps"].values()]
            return page, {part["def_ent_id"] for part in parts if "def_ent_id" in part}

    page, known = run_virtual(copied())
    text = html.unescape(page.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0])
    shown = {one for one in entities(yaml.safe_load(text)) if not one.startswith(("script.", "weather."))}
    assert len(shown) > 20
    assert {one for one in shown if "enclosure" not in one} <= known


def announced(place: Observatory) -> list[dict[str, dict[str, dict[str, str]]]]:
    """The device messages on the broker."""
    topics = place.broker.retained
    found = [topics[one] for one in topics if one.startswith("homeassistant/device/")]
    return [json.loads(one.payload) for one in found]
