"""Every language says everything, and says it about the same things."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.events import Outcome, Reason, Status
from agent.requests import Verb
from agent.web.words import SAID, Words, languages, preferred
from tests.web.conftest import FakeAgent

WEB = Path(str(files("agent.web")))
UTC = ZoneInfo("UTC")
Served = Callable[..., Any]


def table(language: str) -> dict[str, str]:
    found: dict[str, str] = {}

    def walk(tree: dict[str, object], prefix: str) -> None:
        for key, value in tree.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            else:
                found[prefix + key] = str(value)

    tree = json.loads((WEB / "words" / f"{language}.json").read_text(encoding="utf-8"))
    walk({key: value for key, value in tree.items() if key != SAID}, "")
    return found


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_language_has_every_word_with_the_same_places(language: str) -> None:
    english, other = table("en"), table(language)
    assert set(english) == set(other)
    for key, text in english.items():
        places = re.findall(r"{\w+}", text)
        assert sorted(places) == sorted(re.findall(r"{\w+}", other[key])), key


def test_every_word_that_templates_and_views_ask_for_is_there() -> None:
    known = set(table("en"))
    used = set()
    for path in [*WEB.rglob("*.html"), *WEB.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        used |= {(path.name, key) for key in re.findall(r"""\bt\(\s*["']([a-z_.]+)["'][,)]""", text)}
    assert [one for one in used if one[1] not in known] == []
    assert len(used) > 150


def test_no_word_is_there_that_nothing_asks_for() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in [*WEB.rglob("*.html"), *WEB.rglob("*.py")])
    asked = re.findall(r"""["']([a-z_]+\.[a-z_.0-9]+)["']""", text)
    families = {found.rstrip(".") for found in re.findall(r"""["']([a-z_.]+\.)["']? ?(?:~|\{)""", text)}
    families |= {found.rstrip(".") for found in re.findall(r"""f["']([a-z_.]+\.)\{""", text)}
    unused = [
        key
        for key in table("en")
        if key not in asked
        and key != "language"
        and not any(key.startswith(f"{family}.") for family in families)
    ]
    assert unused == []


def test_every_status_reason_and_outcome_has_its_word() -> None:
    known = table("en")
    assert [one for one in Status if f"status.{one.value}" not in known] == []
    assert [one for one in Reason if f"reason.{one.value}" not in known] == []
    assert [one for one in Reason if f"why.{one.value}" not in known] == []
    assert [one for one in Outcome if f"outcome.{one.value}" not in known] == []


def test_every_command_that_a_template_offers_is_one() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in WEB.rglob("*.html"))
    offered = set(re.findall(r"""data-command="([a-z_]+)\"""", text))
    assert offered
    assert offered <= {verb.value for verb in Verb}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "1 h"),
        (3600, "1 h"),
        (8700, "2 h 25 min"),
        (-5, "0 s"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert Words("en", UTC).duration(seconds) == words


@pytest.mark.parametrize(
    ("header", "chosen", "language"),
    [
        ("", "", "en"),
        ("de", "", "de"),
        ("fr-CH, de;q=0.8", "", "de"),
        ("de", "en", "en"),
        ("xx" * 5000, "", "en"),
        ("de", "../../etc", "de"),
    ],
)
def test_the_language_is_the_first_that_there_is(header: str, chosen: str, language: str) -> None:
    assert preferred(header, chosen) == language


async def test_what_the_agent_says_is_said_in_the_viewers_language(served: Served) -> None:
    agent = FakeAgent()
    sentence, refusal = "Rain was reported at the roof.", "goto needs the controls to be armed."
    agent.rows = (agent.row("rosette", "NGC 2237", "not_tonight", 22, 23, reason="moon", sentence=sentence),)
    agent.more = {
        "status": {"state": "waiting", "reason": "weather", "message": sentence, "running": False},
        "response": {"status": "error", "code": "not_armed", "message": refusal, "hint": ""},
        "polar_alignment": {
            "azimuth_error": -1.24,
            "altitude_error": 0.4,
            "turn": "counter-clockwise",
            "lift": "raise",
        },
    }
    async with served(agent) as page:
        for view in ("/now", "/tonight", "/watch"):
            assert sentence in await page.text(view)
            assert sentence not in await page.text(view, headers={"Accept-Language": "de"}), view
        german = await page.text("/now", headers={"Accept-Language": "de"})
        assert refusal not in german
        assert "-1,2° zur Seite" in german
        assert "gegen den Uhrzeigersinn" in german
        assert table("de")["why.weather"] in german
        assert "Für goto muss erst scharf geschaltet sein." in german


@pytest.mark.parametrize(
    ("download", "told"),
    [
        ({"state": "idle"}, ()),
        ({"state": "fetching", "target": "M 42 <b>"}, ("43 %", "25 von 29 Dateien", "M 42 &lt;b&gt;")),
        (
            {"state": "waiting", "reason": "held_by_other"},
            ("Sitzungen: 2", "Wartet auf ein anderes Programm"),
        ),
        ({"state": "failed", "message": "The archive is full."}, ("nicht geholt", "The archive is full.")),
    ],
)
async def test_how_far_the_pictures_are_is_on_the_page(
    served: Served, download: dict[str, str], told: tuple[str, ...]
) -> None:
    agent = FakeAgent()
    body = {"percent": 43.2, "files": 29, "files_done": 25, "sessions": 2, "reason": None, "message": ""}
    agent.more = {"download": body | download}
    async with served(agent) as page:
        text = await page.text("/now", headers={"Accept-Language": "de"})
    assert [word for word in told if word not in text] == []
    assert (table("de")["archive.title"] in text) is bool(told)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("2026-12-27T23:40:00+01:00", {"M 1 at 23:40", "M 1 is next, at 23:40."}),
        ("2027-01-12T21:30:00+01:00", {"M 1 on Tue 12 Jan at 21:30", "M 1 is next, on Tue 12 Jan at 21:30."}),
        (None, {"then M 1", "M 1 is next."}),
    ],
)
async def test_what_is_next_is_said_with_its_day_when_that_is_another(
    served: Served, start: str | None, said: set[str]
) -> None:
    agent = FakeAgent()
    status = {"state": "idle", "running": False, "reason": None, "message": ""}
    agent.more = {"status": status, "queue": {"next": {"target": "M 1", "scheduled_for": start}}}
    async with served(agent) as page:
        text = await page.text("/now")
    assert [words for words in said if words not in text] == []
