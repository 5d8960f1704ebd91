"""What the agent says is said in the viewer's language, on every page."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.web.agent import Answer
from agent.web.night import NightRecord
from agent.web.sayings import Sayings
from agent.web.words import ENGLISH, languages, said_in
from tests.web.conftest import VIEWS, FakeAgent, record
from tests.web.sentences import forms
from tests.web.test_words import table

OTHERS = sorted(set(languages()) - {ENGLISH})
PLACE = re.compile(r"{\d}")
Served = Callable[..., Any]


@cache
def said(language: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads(
        (Path(str(files("agent.web"))) / "words" / f"{language}.json").read_text(encoding="utf-8")
    )["said"]
    return found


def filled(form: str) -> str:
    """A sentence of that form."""
    return PLACE.sub(lambda place: f"{place[0][1]}7Xy{place[0][1]}", form)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_sentence_of_the_agent(language: str) -> None:
    known = said(language)
    missing = {form: place for form, place in forms().items() if form not in known}
    assert missing == {}, f"python -m tests.web.sentences {language} prints them for words/{language}.json"
    assert [form for form in known if form not in forms() and " " in form] == [], "nobody says these any more"
    for form, other in known.items():
        assert sorted(PLACE.findall(form)) == sorted(PLACE.findall(other)), form


@pytest.mark.parametrize("language", OTHERS)
def test_each_sentence_is_understood_whatever_its_values_are(language: str) -> None:
    wrong = {}
    for form, other in said(language).items():
        if len("".join(PLACE.split(form)).strip()) < 6 or not form[0].isalnum():
            continue  # the end of another sentence, or next to nothing
        if (heard := said_in(language, filled(form))).lower() != filled(other).lower():
            wrong[form] = heard
    assert wrong == {}


@pytest.mark.parametrize(
    ("sentence", "german"),
    [
        ("M 31 is at 20.5 degrees, below the minimum of 25. Better from 23:06 on.",
         "M 31 steht 20,5 Grad hoch, verlangt sind mindestens 25. Besser ab 23:06."),
        ("Capture 2 × 3 panes × 60 × 60 s until 23:00, tele camera",
         "Aufnehmen: 2 × 3 Felder × 60 × 60 s bis 23:00, Tele-Kamera"),
        ("Go to M 42 failed after 3 attempts: Goto M 42: the goto failed.",
         "M 42 anfahren scheiterte nach 3 Versuchen: Fahrt zu M 42: die Fahrt zum Ziel misslang."),
        ("The Dwarf 3 tele camera has no binning setting: it is left alone.",
         "Die Tele-Kamera von Dwarf 3 hat keine Einstellung binning: sie bleibt unberührt."),
        ("Rain was reported at the roof.", "Rain was reported at the roof."),
        ("", ""),
    ],
)  # fmt: skip
def test_sentences_inside_of_sentences(sentence: str, german: str) -> None:
    assert said_in("de", sentence) == german
    assert said_in("en", sentence) == sentence


@given(st.text(alphabet=" .,:;abcdeI12{}", max_size=300))
def test_any_text_can_be_asked_for(text: str) -> None:
    said_in("de", text)


def test_a_file_is_all_that_another_language_needs() -> None:
    french = Sayings({"It waits until {1}.": "Elle attend jusqu'à {1}."}, ",")
    assert french.say("It waits until 23:06.") == "Elle attend jusqu'à 23:06."


ENGLISH_WORDS = re.compile(r"\b(?:the|is|are|not|and|it|of|with|from|has|have|this|that|its|waits)\b")
SENTENCES = {
    "status": {
        "state": "paused",
        "since": "2026-12-27T21:48:00+01:00",
        "reason": "weather",
        "message": "The weather is unsafe: no news for more than 600 s. It waits until 23:00 at the latest.",
        "step": "Capture 60 × 60 s, tele camera",
        "running": True,
        "session_id": "orion",
        "target": "M 42",
        "problem": {
            "code": "not_safe",
            "message": "The telescope is not parked yet: it does not obey. The agent goes on trying.",
            "hint": "Look after it if you can.",
        },
    },
    "response": {"status": "error", "code": "busy", "message": "A session runs.", "hint": "Abort it first."},
    "telemetry": {"battery": 81, "tracking": "a target"},
    "safety": {
        "safe": False,
        "since": "2026-12-27T21:00:00+01:00",
        "sources": {"roof": {"safe": False, "age_s": 700, "reason": "no news for more than 600 s"}},
    },
}


async def test_what_is_said_of_many_sessions_keeps_nothing_else_waiting(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = range(300)
    night = record("m31")
    sessions = tuple(
        replace(night.sessions[0], session_id=f"s{one}", message=f"{one} frames are missing.") for one in many
    )
    problems = [{"message": f"count: {one} is not a number.", "hint": ""} for one in many]
    read = {"what": "", "problems": problems, "sessions": []}
    heard: list[int] = []
    say = Sayings.say

    def slow(sayings: Sayings, text: str) -> str:
        heard.append(threading.get_ident())
        return say(sayings, text)

    async def nights(_: str) -> list[NightRecord]:
        return [replace(night, sessions=sessions)]

    async def read_file(*_: object) -> dict[str, Any]:
        return read

    monkeypatch.setattr(Sayings, "say", slow)
    asks = {"headers": {"Accept-Language": "de"}}
    async with served(agent := FakeAgent()) as page:
        agent.nights, agent.read_file = nights, read_file  # type: ignore[assignment,method-assign]
        for path in ("/nights", f"/nights/{night.night}/report", "/calendar.ics"):
            await page.text(path, **asks)
        async with page.post("/new/import", json={"name": "a.csv", "text": "x"}, **asks) as answer:
            assert answer.status == 200
    assert len(heard) > 4 * len(many)
    assert heard.count(threading.get_ident()) < 20


ASKED = (
    *(*VIEWS, "/setup"),
    *("/tonight?night=yesterday", "/new/search?q=M%2031", "/new/search?q=xyzzy", "/nothing", "/sign-in"),
)


def telling() -> FakeAgent:
    """An agent that says something everywhere it can."""
    agent = FakeAgent()
    agent.more = SENTENCES
    agent.rows = (
        agent.row("orion", "M 42", "paused", 20, 22, reason="weather", sentence="The weather is unsafe."),
        agent.row("two", "M 45", "planned", 22.2, 24, notes=("It ends then because its window closes.",)),
        agent.row("three", "M 1", "waiting", 24, 25, reason="queue", sentence="Session orion runs."),
        agent.row(
            *("four", "M 31", "not_tonight", 22, 23),
            reason="altitude",
            sentence="M 31 never gets above 17 degrees here; the minimum is 20. "
            "No night of the next year has time for it.",
            block=None,
        ),
        agent.row(
            *("five", "M 33", "done", 18, 19),
            outcome="partial",
            sentence="The capture broke off; 12 frames are missing.",
        ),
    )
    agent.answer = Answer(False, dict(SENTENCES["response"]))
    return agent


def seen(page: str) -> str:
    """What a page says, without its markup and the list of keys."""
    page = re.sub(r"(?s)<head>.*?</head>|<dl.*?</dl>|<pre.*?</pre>", " ", page)
    labels = " ".join(re.findall(r'(?:aria-label|placeholder|alt|title)="([^"]*)"', page))
    return html.unescape(re.sub(r"<[^>]+>", " ", page) + " " + labels)


@pytest.mark.parametrize("language", OTHERS)
async def test_no_page_says_an_english_sentence(served: Served, language: str) -> None:
    asks = {"headers": {"Accept-Language": language}}
    english = [text for key, text in table(ENGLISH).items() if text != table(language)[key]]
    form = {"target": "M 31", "count": "60", "exposure": "7", "gain": "60", "much": "count"}
    async with served(telling()) as page:
        texts = {}
        for view in ASKED:
            async with page.get(view, **asks) as answer:
                texts[view] = seen(await answer.text())
        for view, body in {
            "/new/plan": form,
            "/new/save": form,
            "/tonight/change": {"move": "two", "minutes": 15},
            "/tonight/change?": {"move": "nobody"},
            "/api/telescopes/scope/command": {"command": "x"},
            "/api/telescopes/nobody/command": {"command": "x"},
        }.items():
            async with page.post(view, json=body, **asks) as answer:
                texts[view] = seen(await answer.text())
    for view, text in texts.items():
        assert [one for one in english if "{" not in one and " " in one and one in text] == [], view
        assert [text[max(0, odd.start() - 60) :][:120] for odd in ENGLISH_WORDS.finditer(text)] == [], view
