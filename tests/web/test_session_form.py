"""From the form to a session and back: nothing of it is lost, and nothing else of the file."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.session.document import read_session
from agent.sky.catalogue import resolve
from agent.telescope.dwarf.models import capabilities_for
from agent.web.agent import Facts
from agent.web.session_document import document_of
from agent.web.session_form import Form, form_of
from tests.web.conftest import FakeAgent

FULL = Form(
    target="M 31",
    exposure="60",
    gain="80",
    fields="2x1",
    turn="125",
    filter="Astro",
    count="120",
    when="at",
    date="2026-10-20",
    time="22:15",
    end_date="2026-10-21",
    end_time="04:30",
    min_altitude="30",
    max_altitude="85",
    moon_separation="45",
    max_moon="0.5",
    weather="abort",
    calibration="on",
    focus="auto",
    refocus="90",
    nights="3",
    park="on",
    priority="5",
    note="for the wall",
)


def flags() -> st.SearchStrategy[str]:
    return st.sampled_from(["", "on"])


forms = st.builds(
    Form,
    target=st.sampled_from(["M 31", "NGC 2237", "Jupiter"]),
    exposure=st.sampled_from(["", "15", "1/4"]),
    gain=st.sampled_from(["", "80"]),
    filter=st.sampled_from(["", "Astro", "Duo-Band"]),
    camera=st.sampled_from(["", "both"]),
    much=st.just("frames"),
    count=st.integers(1, 999).map(str),
    min_altitude=st.sampled_from(["", "30", "12.5"]),
    moon_separation=st.sampled_from(["", "45"]),
    weather=st.sampled_from(["", "wait", "abort", "ignore"]),
    calibration=flags(),
    focus=st.sampled_from(["", "auto", "infinite", "both"]),
    refocus=st.sampled_from(["", "45"]),
    polar=flags(),
    darks=flags(),
    goal=st.sampled_from(["", "6 h", "1 h 30 min", "400 ×"]),
    group=st.sampled_from(["", "wall"]),
    park=flags(),
    off=flags(),
    any=flags(),
    nights=st.sampled_from(["", "4"]),
    priority=st.sampled_from(["", "-2", "9"]),
    note=st.text(st.characters(blacklist_categories=["C", "Z"]), max_size=20),
)


@given(forms)
def test_what_is_filled_in_is_found_again(form: Form) -> None:
    assert form_of(document_of(form)) == form


def test_a_full_form_is_a_session_that_can_be_read() -> None:
    document = document_of(FULL)
    assert form_of(document) == FULL
    reading = read_session(document, resolve=resolve)
    assert reading.problems == ()
    assert reading.document is not None
    assert reading.document.id_command.priority == 5
    assert reading.document.repeat is not None
    assert reading.document.repeat.times == 3


WIDE = Form(target="Milky Way", camera="wide", wide_exposure="30", wide_gain="80", wide_count="120")


def test_a_session_with_the_wide_camera_is_its_section_alone() -> None:
    made = document_of(WIDE)["command"]
    assert made["setup_wide_camera"] == {"do_action": True, "exposure": "30", "gain": 80, "count": 120}
    assert "setup_camera" not in made
    assert form_of({"command": made}) == WIDE
    until = document_of(dataclasses.replace(WIDE, much="until", until="03:30"))["command"]
    assert (until["setup_wide_camera"]["count"], until["setup_wide_camera"]["end_time"]) == (0, "03:30")


def test_a_camera_that_is_added_or_taken_away_leaves_what_the_other_has() -> None:
    wide, tele = {"do_action": True, "count": 0, "end_time": "03:30"}, {"count": 9, "format": "TIFF"}
    base = {"command": {"setup_wide_camera": wide, "setup_camera": {"do_action": False, **tele}}}
    was = form_of(base)
    both = document_of(dataclasses.replace(was, camera="both", exposure="15", wide_count="40"), base)
    assert both["command"]["setup_camera"] == {
        "do_action": True,
        "format": "TIFF",
        "exposure": "15",
        "count": 0,
        "end_time": "03:30",
    }
    assert both["command"]["setup_wide_camera"] == {"do_action": True, "count": 40}
    alone = document_of(dataclasses.replace(form_of(both), camera=""), both)["command"]
    assert alone["setup_wide_camera"]["do_action"] is False
    assert alone["setup_camera"] == both["command"]["setup_camera"]


@pytest.mark.parametrize(
    "change",
    [
        {"until": "04:00"},
        {"much": "frames", "count": "40"},
        {"exposure": "30"},
        {"much": "frames", "camera": "wide"},
    ],
)
def test_when_one_camera_ends_is_no_matter_of_the_other(change: dict[str, str]) -> None:
    tele, wide = ({"do_action": True, "count": 0, "end_time": at} for at in ("03:30", "02:00"))
    base = {"command": {"setup_camera": tele, "setup_wide_camera": wide}}
    was = form_of(base)
    if change.get("camera"):
        base["command"]["setup_camera"] = {"do_action": True, "count": 40}
        was = form_of(base)
    made = document_of(dataclasses.replace(was, **change), base)["command"]
    assert made["setup_wide_camera"] == wide


def test_a_camera_that_comes_back_brings_no_end_time_that_nobody_sees() -> None:
    off = {"do_action": False, "count": 0, "end_time": "02:00"}
    base = {"command": {"setup_camera": {"do_action": True, "count": 40}, "setup_wide_camera": off}}
    made = document_of(dataclasses.replace(form_of(base), camera="both"), base)["command"]
    assert made["setup_wide_camera"] == {"do_action": True, "count": 60}


class Telescope(FakeAgent):
    """A telescope of a model."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model

    def telescopes(self) -> Any:
        return [Facts("scope", "Scope", capabilities_for(self.model))]


LISTS = {
    "D2": ("3/10000", "1.0", "60 70 80", "38.9° × 22.4°"),
    "D3": ("1", "90", "0 2 5 10", "43.3° × 24.9°"),
    "mini": ("1", "30", "40 50 60", "Nobody has said how large"),
}


@pytest.mark.parametrize("model", LISTS)
async def test_each_camera_offers_what_it_has_and_shows_its_own_field(served: Any, model: str) -> None:
    shortest, longest, gains, field = LISTS[model]
    async with served(Telescope(model)) as page:
        values = {
            found[1]: found[2]
            for found in re.finditer(r'id="(\w+)" [^>]*data-values="([^"]*)"', await page.text("/new"))
        }
        exposures = values["wide_exposure"].split()
        assert (exposures[0], exposures[-1]) == (shortest, longest)
        assert values["wide_gain"].startswith(gains)
        assert values["exposure"] != values["wide_exposure"]
        form = dataclasses.asdict(dataclasses.replace(WIDE, target="M 31", wide_exposure=longest))
        async with page.post("/new/plan", json=form) as answer:
            told = await answer.text()
        assert field in told
        assert f"120 × {longest} s" in told
        hits = [await page.text(f"/new/search?q=M+31&camera={camera}") for camera in ("", "wide")]
        fits = "small in the field" if "°" in field else field
        assert [fits in one.split('id="hit-2"')[0] for one in hits] == [False, True]
        assert 'class="hit"' not in await page.text("/new/search?q=&camera=wide")
        async with page.post("/new/plan", json={**form, "camera": "both", "exposure": "15"}) as answer:
            assert f"60 × 15 s + wide 120 × {longest} s" in await answer.text()


async def test_the_lists_are_those_of_the_deep_sky_when_the_telescope_saw_the_moon_last(served: Any) -> None:
    class Lately(Telescope):
        def telescopes(self) -> Any:
            own = capabilities_for(self.model)
            few = dataclasses.replace(
                own.cameras[Camera.TELE], exposures=own.cameras[Camera.TELE].exposures[:3]
            )
            cameras = {**own.cameras, Camera.TELE: few}
            after = dataclasses.replace(own, cameras=cameras, model_cameras=own.cameras, deep_sky=False)
            return [Facts("scope", "Scope", after)]

    async with served(Lately("D3")) as page:
        found = re.search(r'id="exposure" [^>]*data-values="([^"]*)"', await page.text("/new"))
        assert found is not None
        assert "60" in found[1].split()


def test_until_a_time_asks_for_as_many_frames_as_come() -> None:
    form = dataclasses.replace(FULL, much="until", until="03:30", count="60")
    document = document_of(form)
    camera = document["command"]["setup_camera"]
    assert (camera["count"], camera["end_time"]) == (0, "03:30")
    assert form_of(document) == form


def test_an_edit_keeps_what_the_form_does_not_show_and_drops_what_was_written_back() -> None:
    base: dict[str, Any] = {
        "command": {
            "id_command": {
                "group": "wall",
                "uuid": "7",
                "process": "pending",
                "nb_try": 1,
                "date": "2026-01-01",
            },
            "goto_manual": {
                "do_action": True,
                "target": "M 31",
                "ra_coord": "0:42:44",
                "dec_coord": "41:16:9",
            },
            "setup_camera": {"do_action": True, "count": 3, "format": "TIFF", "wait_after": 5, "ircut": 1},
            "conditions": {"do_action": True, "min_battery": 40, "min_altitude": 10},
            "tonightplan": {"x": 1},
            "result_details": {"outcome": "failed"},
        }
    }
    made = document_of(
        dataclasses.replace(FULL, group="wall", date="", time="", when="any", end_date=""), base
    )["command"]
    assert made["id_command"] == {
        "group": "wall",
        "uuid": "7",
        "description": "for the wall",
        "end_time": "04:30",
        "priority": 5,
    }
    assert made["goto_manual"]["ra_coord"] == "0:42:44"
    assert made["setup_camera"]["format"] == "TIFF"
    assert made["setup_camera"]["IRCut"] == "Astro"
    assert "ircut" not in made["setup_camera"]
    assert made["conditions"]["min_battery"] == 40
    assert made["conditions"]["min_altitude"] == 30
    assert made["tonightplan"] == {"x": 1}
    assert "result_details" not in made
    assert base["command"]["setup_camera"]["count"] == 3, "what is edited stays as it is"


def test_another_target_does_not_keep_the_coordinates_of_the_old_one() -> None:
    base = {
        "goto_manual": {"do_action": True, "target": "M 31", "ra_coord": "0:42:44", "dec_coord": "41:16:9"}
    }
    made = document_of(dataclasses.replace(FULL, target="M 42"), base)["command"]
    assert made["goto_manual"] == {"do_action": True, "target": "M 42"}


RICH: dict[str, Any] = {
    "command": {
        "id_command": {
            "uuid": "7",
            "description": "two lines\nof words",
            "date": "2026-12-28T22:30:45+01:00",
            "end_date": "2026-12-29",
            "end_time": "05:15:30",
            "timezone": "Europe/Paris",
            "max_retries": 5,
            "on_error": "retry",
            "when_missed": "wait",
            "telescope": "D3",
        },
        "auto_focus": {"do_action": True, "reuse_focus": 1, "wait_after": 3},
        "infinite_focus": {"do_action": False, "reuse_focus": 0},
        "eq_solving": {"do_action": True, "timeout": 300},
        "calibration": {"do_action": True, "reuse_calibration": 4},
        "goto_manual": {
            "do_action": True,
            "target": "M 31",
            "ra_coord": "0:42:44",
            "dec_coord": "41:16:9",
            "trust_coordinates": True,
        },
        "setup_camera": {
            "do_action": True,
            "exposure": 15,
            "gain": 0,
            "IRCut": 1,
            "binning": 0,
            "format": "TIFF",
            "count": 90,
            "end_time": "03:30:00",
        },
        "setup_wide_camera": {"do_action": True, "exposure": "1/4", "gain": 5, "count": 12},
        "mosaic": {
            "do_action": True,
            "columns": 12,
            "rows": 2,
            "overlap": 30,
            "panes": [1, 3],
            "rotation": 200,
        },
        "dark_frames": {"do_action": True, "when": "clouds", "count": 30},
        "refocus": {"do_action": True, "every": "01:30:00", "temperature_step": 3},
        "conditions": {
            "do_action": True,
            "sun_below": -15,
            "min_altitude": 33.5,
            "weather_policy": "wait",
            "wait_max": "02:00:00",
            "on_lost": "end",
        },
        "repeat": {"do_action": True, "days": ["fri", "sat"], "until_date": "2027-03-01"},
        "shutdown": {"do_action": True, "park": True, "power_down": True, "wait_before": 9},
        "download": {"do_action": False, "what": "all"},
        "tonightplan": {"x": 1},
    },
    "device": "roof",
}
OTHERS: list[dict[str, Any]] = [
    {"goto_solar": {"do_action": True, "target": "Sun", "sun_filter": True}},
    {"goto_manual": {"do_action": True, "ra_coord": "0:42:44", "dec_coord": "41:16:9"}},
    {"setup_wide_camera": {"do_action": True, "exposure": "10", "gain": 60, "count": 5}},
    {"conditions": {"do_action": False, "min_altitude": 50}},
    {"goal": {"do_action": True, "frames": 400}},
    {"repeat": {"do_action": True, "every": "night"}},
    {"shutdown": {"do_action": True, "power_down": True}},
    {
        "setup_camera": {"do_action": True, "count": 0, "end_time": "5:30"},
        "goto_manual": {"do_action": False},
    },
]


@pytest.mark.parametrize("session", [RICH["command"], *OTHERS], ids=lambda one: next(iter(one)))
def test_what_was_not_changed_stays_as_it_was_written(session: dict[str, Any]) -> None:
    base = {"id_command": {}, **session}
    assert document_of(form_of(base), base)["command"] == base
    noted = document_of(dataclasses.replace(form_of(base), priority="9"), base)["command"]
    assert noted == {**base, "id_command": {**base["id_command"], "priority": 9}}


class Fields(HTMLParser):
    """What a browser would send of the form on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        name = of.get("name")
        box = of.get("type") in ("radio", "checkbox")
        if tag != "input" or not name or "disabled" in of or (box and "checked" not in of):
            return
        self.sent[name] = re.sub(r"[\r\n]", "", of.get("value") or "")


async def test_an_edit_in_the_browser_changes_what_was_changed_and_nothing_else(served: Any) -> None:
    class Keeper(FakeAgent):
        async def document(self, telescope: str, session_id: str) -> Any:
            return RICH

    async with served(Keeper()) as page:
        sent = Fields(await page.text("/new?edit=wall")).sent
        assert sent["exposure"] == "15"
        async with page.post("/new/save", json={**sent, "count": "120"}) as answer:
            assert answer.status == 200
    _, _, payload, _ = page.agent.asked[0]
    made = json.loads(payload)
    del made["request_id"]
    wanted = copy.deepcopy(RICH)
    wanted["command"]["setup_camera"]["count"] = 120
    assert made == wanted
    assert json.loads(page.agent.asked[1][2])["command"] == "remove"


async def test_a_goal_that_is_edited_keeps_what_was_collected(served: Any) -> None:
    class Keeper(FakeAgent):
        async def document(self, telescope: str, session_id: str) -> Any:
            return {"command": {"goal": {"do_action": True, "integration": "6 h"}, "goto_manual": RICH}}

    async with served(Keeper()) as page:
        sent = Fields(await page.text("/new?edit=wall")).sent
        async with page.post("/new/save", json={**sent, "goal": "8"}) as answer:
            assert answer.status == 200
    made = json.loads(page.agent.asked[0][2])["command"]
    assert made["goal"] == {"do_action": True, "integration": "8 h"}
    assert made["id_command"]["group"] == "wall"


def test_the_sun_needs_a_filter_that_is_said_to_be_there() -> None:
    made = document_of(Form(target="sun", sun="on"))["command"]
    assert made["goto_solar"] == {"do_action": True, "target": "Sun", "sun_filter": True}
    assert "goto_manual" not in made
    moved = document_of(Form(target="M 42"), {"command": made})["command"]
    assert "goto_solar" not in moved


@pytest.mark.parametrize(
    "sent", [{"count": ["1"]}, {"target": {"a": 1}}, {"nothing": "x"}, {"note": "x" * 5000}, {}, {"gain": 80}]
)
def test_whatever_a_browser_sends_is_taken_as_texts(sent: dict[str, Any]) -> None:
    form = Form.of(sent)
    assert all(isinstance(value, str) and len(value) <= 200 for value in dataclasses.astuple(form))
    document_of(form)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
        max_leaves=8,
    )
)
def test_no_document_breaks_the_form(body: Any) -> None:
    sections = (
        *("id_command", "setup_camera", "conditions", "goto_manual", "repeat", "shutdown", "command"),
        *("goal", "refocus", "mosaic", "goto_solar", "dark_frames"),
    )
    for section in sections:
        form_of({section: body})
        document_of(FULL, {section: body})
        document_of(form_of({section: body}), {section: body})
