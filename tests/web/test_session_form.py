"""From the form to a session and back: nothing of it is lost, and nothing else of the file."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.session.document import read_session
from agent.sky.catalogue import resolve
from agent.web.session_form import Form, document_of, form_of

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
    end_time="04:30",
    min_altitude="30",
    moon_separation="45",
    max_moon="0.5",
    weather="abort",
    calibration="on",
    autofocus="on",
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
    much=st.just("frames"),
    count=st.integers(1, 999).map(str),
    min_altitude=st.sampled_from(["", "30", "12.5"]),
    moon_separation=st.sampled_from(["", "45"]),
    weather=st.sampled_from(["", "wait", "abort", "ignore"]),
    calibration=flags(),
    autofocus=flags(),
    park=flags(),
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
    made = document_of(dataclasses.replace(FULL, date="", time="", when="any"), base)["command"]
    assert made["id_command"] == {
        "group": "wall",
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
    sections = ("id_command", "setup_camera", "conditions", "goto_manual", "repeat", "shutdown", "command")
    for section in sections:
        form_of({section: body})
        document_of(FULL, {section: body})
