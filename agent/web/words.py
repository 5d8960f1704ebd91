"""The page's words: one JSON file a language in `words/`, which is all that a new language needs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from agent.web.sayings import Sayings

ENGLISH = "en"
SAID = "said"  # where a language's file has the agent's sentences
_LOGGER = logging.getLogger(__name__)


@cache
def languages() -> Mapping[str, str]:
    """Each language with its own name for itself."""
    found = {}
    for entry in (files(__package__) / "words").iterdir():
        if entry.name.endswith(".json"):
            language = entry.name.removesuffix(".json")
            found[language] = _table(language)["language"]
    return dict(sorted(found.items()))


@cache
def words(language: str, zone: ZoneInfo) -> Words:
    """The words of a language, of English where it has none."""
    return Words(language if language in languages() else ENGLISH, zone)


def preferred(accepted: str, chosen: str = "") -> str:
    """The language to speak: the chosen one, else the first of an Accept-Language header that there is."""
    wanted = [chosen] + [part.partition(";")[0].strip().lower()[:2] for part in accepted.split(",")[:10]]
    return next((word for word in wanted if word in languages()), ENGLISH)


def said_in(language: str, sentence: str) -> str:
    """A sentence of the agent in a language; as it is where nobody translated it."""
    return _sayings(language).say(sentence)


class Words:
    """Says things in one language, with times in one zone."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.language = language
        self.zone = zone
        self._table = {**_table(ENGLISH), **_table(language)}

    def __call__(self, key: str, **values: object) -> str:
        """The words of a key, with values in their places. A key nobody knows is said as it is."""
        text = self._table.get(key)
        if text is None:
            _LOGGER.debug("Page: there are no words for %s", key)
            return key
        return text.format(**values) if values else text

    def either(self, key: str, otherwise: str) -> str:
        """The words of a key, else a given text."""
        return self._table.get(key, otherwise)

    def said(self, sentence: object) -> str:
        """A sentence of the agent in this language; as it is where nobody translated it."""
        return said_in(self.language, str(sentence or ""))

    def told(self, key: str, sentence: object) -> str:
        """A sentence of the agent in this language; the words of its key where nobody translated it."""
        said = self.said(sentence)
        strange = said and said == sentence and self.language != ENGLISH
        return self._table.get(key, said) if strange else said

    def clock(self, at: datetime | None) -> str:
        """22:41."""
        return "–" if at is None else at.astimezone(self.zone).strftime("%H:%M")

    def span(self, start: datetime, end: datetime) -> str:
        """22:41 – 23:05."""
        return f"{self.clock(start)} – {self.clock(end)}"

    def day(self, day: date) -> str:
        """Sunday 27 December."""
        weekday = self(f"weekday.{day.weekday()}")
        return self("date.long", weekday=weekday, day=day.day, month=self(f"month.{day.month}"))

    def short_day(self, day: date) -> str:
        """Sun 27 Dec."""
        weekday = self(f"weekday.{day.weekday()}")[: int(self("date.weekday_letters"))]
        return self("date.short", weekday=weekday, day=day.day, month=self(f"month.{day.month}")[:3])

    def duration(self, seconds: float) -> str:
        """45 s, 12 min, 3 h 5 min."""
        whole = max(0, round(seconds))
        if whole < 60:
            return f"{whole} s"
        hours, minutes = divmod(round(whole / 60), 60)
        if not hours:
            return f"{minutes} min"
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"

    def ago(self, seconds: float) -> str:
        """3 min ago."""
        return self("time.ago", duration=self.duration(seconds))

    def within(self, seconds: float) -> str:
        """In 3 min."""
        return self("time.in", duration=self.duration(seconds))

    def number(self, value: float, digits: int = 0) -> str:
        """12.5, as the language writes it."""
        return f"{value:.{digits}f}".replace(".", self("number.point"))


@cache
def _table(language: str) -> dict[str, str]:
    return dict(_flat({key: tree for key, tree in _file(language).items() if key != SAID}, ""))


@cache
def _sayings(language: str) -> Sayings:
    return Sayings(_file(language).get(SAID, {}), _table(language)["number.point"])


def _file(language: str) -> dict[str, Any]:
    text = (files(__package__) / "words" / f"{language}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _flat(tree: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((prefix + key, str(value)))
    return found
