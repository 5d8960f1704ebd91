"""What is proposed for a free stretch: what is worth a picture tonight, up in that time, and not planned."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.planner.merit_words import TEXTS
from agent.planner.suggestions import Suggestions
from agent.sky.nights import Interval
from agent.web.views.common import Ask
from agent.web.views.suggest import LEAST_S, Hit, merit_words, suggestions
from agent.web.words import words
from tests.web.conftest import NOW, FakeAgent, best_of_the_night
from tests.web.test_drawing import night
from tests.web.test_words import table

UTC = ZoneInfo("UTC")
VIEW = night()
TILL_DAWN = Interval(NOW, NOW + timedelta(hours=9))


class Known(FakeAgent):
    """An agent whose list is given, whatever it is asked about."""

    def __init__(self, found: Suggestions | None) -> None:
        super().__init__()
        self.found = found

    def suggestions(self, telescope: str, stretch: Interval) -> Suggestions | None:
        return self.found


def proposed(found: Suggestions | None, view: Any = VIEW, free: Interval = TILL_DAWN) -> list[Hit]:
    return asked(Known(found), view, free)


def asked(agent: FakeAgent, view: Any, free: Interval) -> list[Hit]:
    ask = Ask(None, agent, agent.telescopes()[0], agent.states("scope"), words("en", UTC))  # type: ignore[arg-type]
    return suggestions(ask, view, free)[0]


def test_a_stretch_is_offered_what_is_best_in_it_and_when() -> None:
    for start in (0, 6):
        free = Interval(NOW + timedelta(hours=start), NOW + timedelta(hours=start + 1))
        best = best_of_the_night(stretch=free).best
        hits = asked(FakeAgent(), VIEW, free)
        assert [one.name for one in hits] == [
            one.entry.name for one in best if one.longest.seconds >= LEAST_S
        ][:3]
        assert len(hits) == 3
        for one in hits:
            hours = re.search(r"(\d\.\d) h of it above", one.reason)
            assert hours is not None
            assert float(hours[1]) <= 1
            begin, end = (60 * int(at[:2]) + int(at[3:]) for at in one.best.split(" – "))
            assert 30 <= (end - begin) % 1440 <= 60


def test_what_is_planned_is_not_proposed() -> None:
    found = best_of_the_night()
    first, *rest = found.best
    row = FakeAgent.row("x", first.entry.name, "planned", 23, 24)
    names = [one.name for one in proposed(found, dataclasses.replace(VIEW, rows=(row,)))]
    assert names == [one.entry.name for one in rest[:3]]


def test_nothing_is_proposed_before_the_list_is_there_nor_from_that_of_another_night() -> None:
    found = best_of_the_night()
    assert proposed(None) == []
    assert proposed(dataclasses.replace(found, night=found.night - timedelta(days=1))) == []


def test_what_counts_is_said_in_the_viewers_language() -> None:
    found = best_of_the_night()
    one = next(one for one in found.best if "collected" in {factor.says for factor in one.factors})
    english, german = (merit_words(one, words(language, UTC)) for language in ("en", "de"))
    assert all(clause in one.words.split("; ") for clause in english.split("; "))
    assert "1.0 h are collected already" in english
    assert "1,0\u00a0h sind schon gesammelt" in german
    assert re.search(r"bis \d+° hoch, \d+,\d\sh davon über \d+°", german)
    assert len(german.split("; ")) == len(english.split("; "))


def test_the_page_says_what_mqtt_says() -> None:
    said = {f"factor.{key}": text for key, text in TEXTS.items() if not key.startswith(("kind", "time"))}
    assert {key: text for key, text in table("en").items() if key.startswith("factor.")} == said


async def test_an_empty_list_says_why_on_the_page(served: Callable[..., Any]) -> None:
    nothing = best_of_the_night(min_altitude=89)
    assert not nothing.best
    async with served(Known(nothing)) as page:
        text = await page.text("/tonight")
        assert "stay too low (min_altitude)" in text
