"""The page of a night that is over: pictures, how the frames came out, files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.web.draw.courses import drawn
from agent.web.night import Course, SessionLeft, StoredFile
from agent.web.words import Words
from tests.web.conftest import NOW, SMALL, FakeAgent

Served = Callable[..., Any]
NIGHT = "/nights/2026-12-26"
WIDTHS = tuple((NOW + timedelta(minutes=at), 3.0 + at / 100) for at in range(600))


def with_files(folder: Path, size: int = 2_700_000) -> FakeAgent:
    """An agent whose night left a stack."""
    stack = folder / "stacked 16.fits"
    stack.write_bytes(b"S" * size)
    agent = FakeAgent()
    left = SessionLeft((Course("hfd", WIDTHS),), (StoredFile(stack.name, stack, size),))
    agent.remains = {"m31": left}
    return agent


async def test_a_night_is_told_in_the_viewers_language_with_pictures_curves_and_files(
    served: Served, tmp_path: Path
) -> None:
    async with served(with_files(tmp_path)) as page:
        text = await page.text(f"{NIGHT}/report", headers={"Accept-Language": "de"})
        assert "Breite der Sterne: von 3,0 px bis 9,0 px" in text
        assert "Das Zeitfenster der Sitzung hat sich geschlossen." in text
        assert "2,7 MB" in text
        assert "/nights/picture/m31?small" in text
        async with page.get("/nights/picture/m31?small") as answer:
            assert await answer.read() == SMALL
        async with page.get(f"{NIGHT}/file/m31/stacked%2016.fits") as answer:
            assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''stacked%2016.fits"
            assert len(await answer.read()) == 2_700_000
        for other in ("m31/other.fits", "m42/stacked%2016.fits"):
            async with page.get(f"{NIGHT}/file/{other}") as answer:
                assert answer.status == 404


async def test_few_fetch_at_once(served: Served, tmp_path: Path) -> None:
    address = f"{NIGHT}/file/m31/stacked%2016.fits"
    async with served(with_files(tmp_path, 40_000_000)) as page:  # more than a client holds unread
        async with page.get(address) as one, page.get(address) as two:
            assert (one.status, two.status) == (200, 200)
            async with page.get(address) as three:
                assert three.status == 503
            one.close()
            two.close()
        await asyncio.sleep(0.2)
        async with page.get(address) as four:
            assert four.status == 200
            four.close()


def test_a_long_course_is_drawn_with_what_a_screen_shows() -> None:
    t = Words("en", ZoneInfo("UTC"))
    (curve,) = drawn([Course("hfd", WIDTHS), Course("stars", WIDTHS[:1]), Course("stacked", ())], t)
    assert curve.path.count("L") < 310
    assert (curve.first, curve.last) == ("3.0 px", "9.0 px")
    for level in (0.0, -5.0, 5.0):
        (flat,) = drawn([Course("background", tuple((at, level) for at, _ in WIDTHS))], t)
        assert "nan" not in flat.path


async def test_goals_stand_beside_the_nights_that_work_for_them(served: Served) -> None:
    agent = FakeAgent()
    half = {"collected_s": 9000.0, "goal_s": 21600.0, "frames": 150}
    agent.goals = [
        {
            "group": "M 31 <b>",
            "collected_s": 9000.0,
            "goal_s": 21600.0,
            "percent": 41.7,
            "nights": 2,
            "filters": {"Astro": half, "": half},
        }
    ]
    async with served(agent) as page:
        text = await page.text("/nights", headers={"Accept-Language": "de"})
        assert "M 31 &lt;b&gt;" in text
        assert "2 h 30 min von 6 h in 2 Nächten" in text
        assert 'width="41.7%"' in text
        async with page.get("/api/telescopes/scope/groups") as answer:
            assert (await answer.json())["groups"][0]["percent"] == 41.7
