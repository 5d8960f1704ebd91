"""The night's page: what it tells, that it needs nothing else, and that no stranger's text becomes markup."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from agent.report.book import Note
from agent.report.page import night_page
from agent.report.picture import small_picture
from agent.report.story import Story
from agent.store.ended import EndedSession
from agent.targets import Site
from tests.support.chance import often

PARIS = Site(48.85, 2.35, 100, "Europe/Paris")
NIGHT = date(2026, 3, 12)
DUSK = datetime(2026, 3, 12, 20, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script>\"' onerror=x &amp;\x07"
VOID = {"meta", "img", "path", "rect"}


ROSETTE = {"ra_hours": 6.5, "dec_degrees": 5.0}


def ended(name: str, hours: float = 0.0, **facts: Any) -> EndedSession:
    values: dict[str, Any] = {
        "session_id": name,
        "target": "M 42",
        "telescope": "scope",
        "night": NIGHT,
        "began_at": DUSK + timedelta(hours=hours),
        "ended_at": DUSK + timedelta(hours=hours + 1),
        "outcome": "completed",
        "reason": "",
        "message": "12 of 12 frames taken, 12 stacked",
        "requested": 12,
        "taken": 12,
        "stacked": 12,
        "integration_s": 1800.0,
        "filter": "Astro",
        "folders": (),
        "place": {"ra_hours": 5.59, "dec_degrees": -5.39},
        "row": {"exposure": "150", "gain": "80", "attempts": "1"},
    }
    return EndedSession(**values | facts)


def notes(*facts: tuple[float, str, dict[str, Any]]) -> list[Note]:
    return [Note(DUSK + timedelta(hours=at), kind, told) for at, kind, told in facts]


def story(*sessions: EndedSession, **more: Any) -> Story:
    values: dict[str, Any] = {"site": PARIS, **more}
    return Story(NIGHT, "Balcony", ZoneInfo("Europe/Paris"), sessions=sessions, **values)


class Reader(HTMLParser):
    """Collects text, tags and addresses; notices what is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self.open, self.addresses = "", [], [], []
        self.feed(page)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]
        assert not [name for name, _ in attributes if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data


def jpeg(size: tuple[int, int] = (1600, 900)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "#204060").save(out, "JPEG")
    return out.getvalue()


def test_goals_and_totals_and_measured_frames_are_on_the_page() -> None:
    goal = {"group": "M 31", "waits": True}
    told = story(
        ended("a"),
        notes=notes(
            (-1, "goal", {**goal, "message": "M 31: 1.0 of 6.0 h in 2 nights, 17 %", "percent": 17}),
            (1, "goal", {**goal, "message": "M 31: 3.0 of 6.0 h in 3 nights, 50 %", "percent": 50}),
            (1, "goal", {"group": EVIL, "waits": False, "message": EVIL, "percent": 400}),
            (1, "totals", {"light_s": 360_000, "sessions": 90, "completed": 80, "nights": 45}),
            (0.1, "quality", {"session_id": "a", "hfd": 2.0, "stars": 120}),
            (0.5, "quality", {"session_id": "a", "hfd": 2.6, "stars": 90}),
        ),
    )
    page = Reader(night_page(told, "1.0"))
    for words in (
        "M 31: 3.0 of 6.0 h in 3 nights, 50 %",
        "+33 % tonight",
        "no session waits for it any more",
        "In all: 100 h 00 min of light in 45 nights, 80 of 90 sessions completed.",
        "Width of the stars: 100\u00a0% to 130\u00a0%",
        "Number of stars: 100\u00a0% to 75\u00a0%",
    ):
        assert words in page.text, words
    assert "1.0 of 6.0" not in page.text
    assert "script" not in page.tags


def test_two_cameras_at_once_are_no_more_than_the_whole_time() -> None:
    lasted = timedelta(seconds=1000)
    both = ended("a", integration_s=1800.0, ended_at=ended("a").began_at + lasted)
    one = ended("b", integration_s=500.0, ended_at=ended("b").began_at + lasted)
    assert "75%of session time was light" in Reader(night_page(story(both, one), "1.0")).text


def test_the_page_tells_the_night() -> None:
    cut = ended(
        "b", 2, target="M 31", outcome="partial", reason="weather", taken=5, stacked=4, message="Rain."
    )
    told = story(
        ended("a"),
        cut,
        ended(
            "d", 4, target="NGC 2237", outcome="failed", reason="telescope", taken=0, stacked=0, place=ROSETTE
        ),
        pictures={"a": small_picture(BytesIO(jpeg())) or b""},
        notes=notes(
            (-1, "planned", {"session_id": "c", "target": "NGC 7000"}),
            (0.1, "progress", {"session_id": "a", "taken": 5, "stacked": 5}),
            (0.4, "progress", {"session_id": "a", "taken": 9, "stacked": 7}),
            (0.5, "telemetry", {"battery": 90, "storage_free_gb": 50.0}),
            (1.5, "telemetry", {"battery": 70, "storage_free_gb": 45.0}),
            (2.2, "weather", {"state": "unsafe", "message": "It rains."}),
            (2.5, "wait", {"session_id": "c", "target": "NGC 7000", "message": "It rains."}),
        ),
        refused=[{"description": "x.json", "message": "The JSON breaks at line 1."}],
    )
    page = Reader(night_page(told, "1.0"))
    for words in (
        "Night of 12 March: 1 of 3 sessions completed",
        "16 of 17 frames stacked. Not completed: NGC 2237 (telescope), and 1 more.",
        "partial: weather",
        "Astro",
        "Battery: 90\u00a0% to 70\u00a0%",
        "The weather is unsafe: It rains.",
        "NGC 7000: It rains.",
        "The JSON breaks at line 1.",
        "21:00–22:00",
        "21:06 to 21:24",  # the chart: from the first frame that was noted to the last
        "not imaged",
        "failed: telescope",
    ):
        assert words in page.text, words
    assert page.tags.count("svg") == 4  # the sky, the ratio, battery, storage
    assert page.addresses == [one for one in page.addresses if one.startswith("data:image/jpeg;base64,")]
    assert len(page.addresses) == 1
    assert "script" not in page.tags
    assert len(night_page(told, "1.0")) < 120_000


def test_a_session_tells_its_plan_its_cameras_its_panes_its_end_and_where_it_lies() -> None:
    both = {"Tele Astro": "True", "Wide Angle": "True", "wide_exposure": "10", "wide_gain": "60"}
    cut = "roof: A cloud. 34 of 400 frames taken, 26 stacked"
    told = story(
        ended("a", row={"exposure": "30", "gain": "80", **both}, details={"panes": [{"pane": 1}] * 4}),
        ended("b", 2, target="M 31", outcome="partial", reason="weather", taken=34, stacked=26, message=cut),
        notes=notes(
            (-1, "planned", {"session_id": "a", "scheduled_for": (DUSK - timedelta(hours=1)).isoformat()}),
            (-1, "planned", {"session_id": "b", "scheduled_for": (DUSK + timedelta(hours=2)).isoformat()}),
            (0, "began", {"session_id": "a", "target": "M 42"}),
            (1.1, "archived", {"session_id": "a", "message": "All is there.", "folder": "/m/M 42/2026_a"}),
            (2.5, "progress", {"session_id": "b", "taken": 15, "stacked": 15}),
            (2.9, "progress", {"session_id": "b", "taken": 30, "stacked": 25}),
            (3, "began", {"session_id": "c", "target": "M 45"}),
            (3, "problem", {"message": cut}),
            (4, "problem", {"message": ""}),
            (5, "problem", {"message": "The disk is full."}),
            (6, "problem", {"message": ""}),
        ),
    )
    text = Reader(night_page(told, "1.0")).text
    for words in (
        "21:00–22:00, planned for 20:00",
        "30 s, gain 80, Astro; wide: 10 s, gain 60; mosaic of 4 panes",
        "All is there. Folder: M 42/2026_a",
        "Frames stacked of those taken: 100\u00a0% to 76\u00a0%",  # as it ended, not as it was last noted
        "21:00M 42 began",
        "22:00M 42 ended, completed: 12 frames stacked, 30 min of light",
        "00:00M 31 ended, partial: weather: 26 frames stacked, 30 min of light\n00:00M 45 began",
    ):
        assert words in text, words
    assert text.count("planned for") == 1
    assert text.count(cut) == 1
    assert text.count("The problem is over") == 1  # what was told is
    assert text.count("12 of 12") == 1  # its message says nothing that does not stand beside it


def test_a_night_without_anything_has_a_page_too() -> None:
    page = Reader(night_page(story(site=None), "1.0"))
    assert "None ended." in page.text
    assert "No light was collected." in page.text


def test_nothing_that_strangers_wrote_becomes_markup() -> None:
    evil = ended(
        EVIL,
        target=EVIL,
        message=EVIL,
        reason=EVIL,
        outcome=EVIL,
        filter=EVIL,
        row={"exposure": EVIL, "gain": EVIL, "attempts": "3"},
        details={"waits": [{"reason": EVIL, "seconds": 3}, "x", {"seconds": "y"}]},
    )
    told = story(
        evil,
        notes=notes(
            (0, "weather", {"state": EVIL, "message": EVIL}),
            (0, "archived", {"session_id": EVIL, "message": EVIL}),
            (0, "planned", {"session_id": "q", "target": EVIL}),
            (0, "problem", {"message": EVIL}),
        ),
        refused=[{"description": EVIL, "message": EVIL}],
    )
    page = Reader(night_page(told, EVIL))
    assert "script" not in page.tags
    assert page.text.count("<script>alert(1)</script>") > 8
    assert "\x07" not in page.text


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FACTS = st.dictionaries(
    st.sampled_from(
        [
            "session_id",
            "target",
            "taken",
            "stacked",
            "battery",
            "message",
            "state",
            "online",
            "storage_free_gb",
        ]
    ),
    JSON,
    max_size=6,
)
KINDS = st.sampled_from(
    ["progress", "telemetry", "weather", "planned", "wait", "link", "sky", "?", "archived"]
)


@settings(max_examples=often(80), deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), KINDS, FACTS), max_size=6), JSON, JSON)
def test_whatever_stands_in_notes_and_files_there_is_a_page(told: Any, place: Any, waits: Any) -> None:
    session = ended(
        "a", place=place if isinstance(place, dict) else {}, details={"waits": waits}, row={"attempts": "x"}
    )
    Reader(night_page(story(session, notes=notes(*told)), "1.0"))


def test_a_pause_in_the_middle_is_no_imaging() -> None:
    minutes = [*range(20), *range(60, 80)]
    shots = notes(*((one / 60, "progress", {"session_id": "a", "taken": 1, "stacked": 1}) for one in minutes))
    imaged = story(ended("a", ended_at=DUSK + timedelta(hours=2)), notes=shots).imaged(
        ended("a", ended_at=DUSK + timedelta(hours=2))
    )
    assert [(one.start - DUSK, one.end - DUSK) for one in imaged] == [
        (timedelta(0), timedelta(minutes=19)),
        (timedelta(minutes=60), timedelta(minutes=79)),
    ]


def test_a_picture_that_is_none_is_left_out() -> None:
    assert small_picture(BytesIO(b"\xff\xd8\xff no")) is None
    assert small_picture(BytesIO(json.dumps({}).encode())) is None
    small = small_picture(BytesIO(jpeg((3000, 2000)))) or b""
    with Image.open(BytesIO(small)) as opened:
        assert max(opened.size) == 800
