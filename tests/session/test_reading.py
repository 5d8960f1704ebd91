from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.errors import Severity
from agent.session.document import PROCESS_NOT_WAIT, Reading, read_session
from agent.session.jsontext import MAX_BYTES
from agent.session.sections import SECTIONS
from tests.session.test_numbers import JSON_VALUES
from tests.support.chance import often

BOUNDED = settings(deadline=None, max_examples=often(80))

KEYS = [
    *("command", "id_command", "do_action", "wait_after", "wait_afte", "timeout", "target", "ra_coord"),
    *(
        "dec_coord",
        "exposure",
        "IRCut",
        "ircut",
        "count",
        "gain",
        "date",
        "time",
        "process",
        "timezone",
        "end_time",
    ),
    *("days", "expires_at", "every", "min_altitude", "max_altitude", "park", "goal", "result_details"),
    *SECTIONS,
]
SESSION_LIKE = st.recursive(
    JSON_VALUES
    | st.sampled_from(["true", "wait", "Moon", "2026-03-12", "22:00", "Europe/Paris", "../x", "", "0"]),
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


def session(**sections: Any) -> dict[str, Any]:
    return {"command": {"id_command": {"process": "wait"}, **sections}}


def paths(reading: Reading) -> dict[str, str]:
    return {problem.path: problem.code for problem in reading.problems}


@BOUNDED
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_read_or_explained(data: bytes | str) -> None:
    reading = read_session(data)
    assert reading.document is not None or reading.errors


@BOUNDED
@given(st.dictionaries(st.sampled_from(KEYS), SESSION_LIKE, max_size=8), st.booleans())
def test_any_object_is_read_or_explained(value: dict[str, Any], wrapped: bool) -> None:
    body = {"id_command": {}, **value}
    reading = read_session({"command": body} if wrapped else body)
    assert reading.document is not None or reading.errors
    for problem in reading.problems:
        assert problem.message
        assert problem.path == "" or problem.path.startswith("/")
    if reading.document is not None:
        assert all(problem.code == PROCESS_NOT_WAIT for problem in reading.errors)
        assert reading.document.raw == reading.raw


@BOUNDED
@given(st.dictionaries(st.sampled_from(KEYS), SESSION_LIKE, max_size=8))
def test_text_and_object_read_the_same(value: dict[str, Any]) -> None:
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        return
    assert read_session(text).problems == read_session(value).problems


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \t", "empty"),
        (b"{", "not_json"),
        (b'{"command": {"id_command": {}}', "not_json"),
        (b"\xff\xfe{\x00}", "not_utf8"),
        (b"{\x00}\x00", "not_json"),
        (b"\xff\xfe", "empty"),
        (b"\xff\xfe{\x00}\x00", "missing"),
        (b"[]", "not_an_object"),
        (b"42", "not_an_object"),
        (b'{"command": "abort"}', "not_an_object"),
        (b'{"command": []}', "not_an_object"),
        (b'{"id_command": {"uuid": NaN}}', "not_finite"),
        (b'{"id_command": {"uuid": -Infinity}}', "not_finite"),
        (b'{"id_command": {"priority": 1e999}}', "not_finite"),
        (b'{"id_command": {"priority": ' + b"9" * 5000 + b"}}", "not_finite"),
        (b'{"id_command": {"uuid": "\\ud800"}}', "not_utf8"),
        (b'{"id_command": {}, "id_command": {}}', "duplicate_key"),
        (b'{"a": ' * 100 + b"1" + b"}" * 100, "too_deep"),
        (b'{"a": ' * 20_000 + b"1" + b"}" * 20_000, "too_deep"),
        (b" " * (MAX_BYTES + 1), "too_large"),
        (b"{}", "missing"),
        (b'{"command": {"id_command": []}}', "missing"),
    ],
)
def test_what_is_no_session_is_refused_with_a_clear_sentence(data: bytes, code: str) -> None:
    reading = read_session(data)
    assert reading.document is None
    assert [problem.code for problem in reading.errors] == [code]
    assert reading.errors[0].message.endswith(".")


def test_a_syntax_error_names_its_line_and_column() -> None:
    message = read_session('{\n  "command": {,}\n}').problems[0].message
    assert "line 2, column 15" in message


def test_a_duplicate_key_is_named() -> None:
    assert (
        '"gain"'
        in read_session('{"id_command": {}, "setup_camera": {"gain": 1, "gain": 2}}').problems[0].message
    )


def test_an_object_that_json_cannot_hold_is_refused() -> None:
    assert read_session({"id_command": {"uuid": object()}}).errors[0].code == "not_json"
    assert read_session({"id_command": {1: 2}}).errors[0].code == "not_json"
    loop: dict[str, Any] = {"id_command": {}}
    loop["again"] = loop
    assert read_session(loop).errors[0].code == "too_deep"


def test_any_mapping_is_read_and_later_changes_to_it_do_not_matter() -> None:
    source = session()
    reading = read_session(MappingProxyType(source))
    source["command"]["id_command"]["process"] = "ended"
    assert reading.ok
    assert reading.raw == session()


def test_all_problems_are_found_at_once_with_their_places() -> None:
    found = paths(
        read_session(
            session(
                id_command={
                    "date": "2026-13-45",
                    "time": "25:00",
                    "max_retries": "many",
                    "timezone": "Mars/Base",
                },
                goto_solar={"do_action": True, "target": "Pluto"},
                goto_manual={"do_action": True, "target": "x", "ra_coord": 83.6, "dec_coord": "-95"},
                setup_camera={"do_action": "perhaps", "exposure": 1},
                setup_wide_camera={"do_action": True, "gain": "high", "exposure": -1, "count": 1.5},
                shutdown=7,
            )
        )
    )
    assert found == {
        "/id_command/date": "bad_date",
        "/id_command/time": "bad_time",
        "/id_command/max_retries": "invalid_value",
        "/id_command/timezone": "bad_timezone",
        "/goto_solar/target": "unknown_word",
        "/goto_manual/ra_coord": "out_of_range",
        "/goto_manual/dec_coord": "out_of_range",
        "/setup_camera/do_action": "invalid_value",
        "/setup_wide_camera/gain": "invalid_value",
        "/setup_wide_camera/exposure": "out_of_range",
        "/setup_wide_camera/count": "invalid_value",
        "/shutdown": "not_an_object",
    }


def test_a_missing_section_is_off() -> None:
    document = read_session(session()).document
    assert document is not None
    assert all(getattr(document, key) is None for key in SECTIONS)


def test_a_section_that_is_off_is_not_judged() -> None:
    reading = read_session(session(goto_manual={"do_action": False, "ra_coord": 310, "dec_coord": "?"}))
    assert reading.ok
    assert not reading.problems


def test_a_section_without_do_action_is_off_and_said_so() -> None:
    reading = read_session(session(calibration={"wait_after": 10}))
    assert reading.document is not None
    assert reading.document.calibration is None
    assert paths(reading) == {"/calibration": "off"}


def test_conditions_without_do_action_are_an_error() -> None:
    reading = read_session(session(conditions={"min_altitude": 30}))
    assert paths(reading) == {"/conditions/do_action": "missing"}
    assert reading.document is None


def test_an_unknown_condition_is_an_error_with_the_nearest_name() -> None:
    reading = read_session(session(conditions={"do_action": True, "min_alitude": 30}))
    assert [(p.path, p.code, p.severity) for p in reading.problems] == [
        ("/conditions/min_alitude", "unknown_key", Severity.ERROR)
    ]
    assert "min_altitude" in reading.problems[0].hint


def test_misspelt_keys_and_sections_are_warnings_with_the_name_that_is_meant() -> None:
    reading = read_session(
        session(setup_camera={"do_action": True, "expsure": "10"}, calibraton={"wait_before": 3})
    )
    assert reading.ok
    hints = {problem.path: problem.hint for problem in reading.problems}
    assert hints == {
        "/setup_camera/expsure": "Did you mean exposure?",
        "/calibraton": "Did you mean calibration?",
    }


@pytest.mark.parametrize("key", ["goal", "mosaic", "dark_frames", "refocus", "polar_drift"])
@pytest.mark.parametrize("value", [{"do_action": False, "columns": 2}, {}, None, False, "", 0])
def test_a_section_that_is_off_is_silent(key: str, value: object) -> None:
    assert read_session(session(**{key: value})).problems == ()


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ({"calibraton": {"do_action": True}}, "/calibraton"),
        ({"polar_drift": {"do_action": "on"}}, "/polar_drift"),
        ({"setup_camera": {"do_action": True, "dithering": True}}, "/setup_camera/dithering"),
        ({"goto_manual": {"do_action": True, "target": "M 1", "flip": True}}, "/goto_manual/flip"),
        ({"setup_camera": {"do_action": True, "dither": {"do_action": True}}}, "/setup_camera/dither"),
        ({"setup_camera": {"do_action": True, "dither": "on"}}, "/setup_camera/dither"),
        ({"polar_drift": {"doAction": True}}, "/polar_drift"),
        ({"doDither": True}, "/doDither"),
    ],
)
def test_what_is_switched_on_and_unknown_is_an_error_that_names_it(
    sections: dict[str, Any], place: str
) -> None:
    reading = read_session(session(**sections))
    assert [(p.path, p.code) for p in reading.errors] == [(place, "not_acted_on")]
    assert place.rpartition("/")[2] in reading.errors[0].message


@pytest.mark.parametrize("key", ["refocus", "setup_wide_camera", "mosaic"])
@pytest.mark.parametrize("spelling", ["doAction", "DO_ACTION", "do action"])
def test_a_section_that_is_on_by_another_spelling_is_not_left_off(key: str, spelling: str) -> None:
    reading = read_session(session(**{key: {spelling: True, "count": 5}}))
    assert [(p.path, p.code) for p in reading.errors] == [(f"/{key}/{spelling}", "misspelt")]
    assert read_session(session(**{key: {spelling: False}})).ok


def test_a_section_beside_the_wrapper_that_is_on_is_an_error() -> None:
    reading = read_session({**session(), "setup_camera": {"do_action": True, "count": 3}})
    assert [(p.code, p.hint) for p in reading.errors] == [("not_acted_on", "Move it inside command.")]


def test_what_other_programs_note_is_kept_in_silence() -> None:
    noted = {
        "tonightplan": {"version": 2, "score": 0.91, "enabled": True},
        "created_by": "a planner",
        "id_command": {
            "uuid": "1",
            "tonightplan_id": "t-7",
            "shots_taken": 12,
            "shots_stacked": 11,
            "exposure_actual": "15",
            "gain_actual": 80,
            "ir_actual": "Astro Filter",
            "eq_azimut_error": "0.1200",
            "eq_altitude_error": "-0.0300",
        },
        "goto_manual": {"do_action": True, "target": "M 42", "constellation": "Ori", "magnitude": 4.0},
        "setup_camera": {"do_action": True, "count": 3, "lp_filter": False, "shots_taken": 12, "panel": 1},
    }
    reading = read_session(noted)
    assert reading.problems == ()
    assert reading.raw == noted
    assert read_session({"command": noted, "format": 3, "favourite": True}).problems == ()


@pytest.mark.parametrize("process", ["pending", "ended", "running", "done"])
def test_a_session_that_is_not_waiting_is_an_error_but_can_be_looked_at(process: str) -> None:
    reading = read_session({"command": {"id_command": {"process": process}}}, name="x")
    assert not reading.ok
    assert paths(reading) == {"/id_command/process": PROCESS_NOT_WAIT}
    assert reading.document is not None
    assert reading.document.id_command.process == process
    assert not reading.document.runnable


@pytest.mark.parametrize("process", [None, "", "wait", "Wait ", "WAIT"])
def test_a_session_waits_when_process_says_so_or_is_missing(process: str | None) -> None:
    assert read_session({"command": {"id_command": {"process": process}}}).ok


@pytest.mark.parametrize(
    ("setup", "expected"),
    [
        ({"IRCut": 0}, 0),
        ({"ircut": "0"}, 0),
        ({"ircut": "2"}, 2),
        ({"IRCut": ""}, None),
        ({"IRCut": None}, None),
        ({"IRCut": "", "ircut": 1}, 1),
        ({"IRCut": 1, "ircut": "1"}, 1),
        ({"IRCut": "Duo-Band"}, "Duo-Band"),
    ],
)
def test_the_filter_is_read_in_both_spellings(setup: dict[str, Any], expected: object) -> None:
    document = read_session(session(setup_camera={"do_action": True, **setup})).document
    assert document is not None
    assert document.setup_camera is not None
    assert document.setup_camera.filter == expected


def test_two_different_filters_are_an_error() -> None:
    reading = read_session(session(setup_camera={"do_action": True, "IRCut": 1, "ircut": 2}))
    assert paths(reading) == {"/setup_camera/ircut": "duplicate_key"}


def test_a_problem_names_the_key_as_the_file_spells_it() -> None:
    reading = read_session(session(setup_camera={"do_action": True, "ircut": [1]}))
    assert "/setup_camera/ircut" in paths(reading)


def test_zero_coordinates_count_when_the_goto_is_on() -> None:
    document = read_session(
        session(goto_manual={"do_action": True, "ra_coord": 0, "dec_coord": "0"})
    ).document
    assert document is not None
    assert document.goto_manual is not None
    assert (document.goto_manual.ra_coord, document.goto_manual.dec_coord) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("goto", "place"),
    [
        ({"ra_coord": 5}, "/goto_manual/dec_coord"),
        ({"dec_coord": 5, "target": "M 1"}, "/goto_manual/ra_coord"),
        ({"ra_coord": "", "dec_coord": ""}, "/goto_manual/target"),
    ],
)
def test_a_manual_goto_needs_both_coordinates_or_a_name(goto: dict[str, Any], place: str) -> None:
    assert paths(read_session(session(goto_manual={"do_action": True, **goto}))) == {place: "missing"}


def test_contradicting_altitudes_are_an_error() -> None:
    reading = read_session(session(conditions={"do_action": True, "min_altitude": 60, "max_altitude": 30}))
    assert paths(reading) == {"/conditions/min_altitude": "out_of_range"}


def test_a_shutdown_that_does_nothing_is_an_error() -> None:
    assert paths(read_session(session(shutdown={"do_action": True}))) == {"/shutdown": "missing"}


@pytest.mark.parametrize(
    ("word", "meaning"), [("run", "run"), ("Skip", "skip"), ("wait", "wait"), ("next_night", "wait")]
)
def test_when_missed_is_read(word: str, meaning: str) -> None:
    document = read_session({"id_command": {"when_missed": word}}).document
    assert document is not None
    assert document.id_command.when_missed == meaning


@pytest.mark.parametrize("value", ["2026-03-12T22:00:00", "2026-03-12", "soon", 1770000000])
def test_an_expiry_needs_its_offset(value: object) -> None:
    assert paths(read_session({"id_command": {"expires_at": value}})) == {
        "/id_command/expires_at": "bad_date"
    }


@pytest.mark.parametrize("zone", ["Europe", "../Europe/Paris", "/etc/passwd", "Nowhere", "a\x00b", 5])
def test_a_time_zone_must_exist(zone: object) -> None:
    assert paths(read_session({"id_command": {"timezone": zone}})) == {"/id_command/timezone": "bad_timezone"}


def test_max_retries_is_never_less_than_one_try() -> None:
    document = read_session({"id_command": {"max_retries": 0}}).document
    assert document is not None
    assert document.id_command.max_attempts == 1


def test_the_wrapper_is_optional_and_remembered() -> None:
    wrapped, bare = read_session(session()).document, read_session(session()["command"]).document
    assert wrapped is not None
    assert bare is not None
    assert (wrapped.raw, bare.raw) == (session(), session()["command"])


def test_keys_beside_the_wrapper_are_kept_with_a_warning_except_those_of_a_submission() -> None:
    reading = read_session({"request_id": "a", "telescope": "b", "setup_camera": {}, **session()})
    assert [(problem.code, problem.hint) for problem in reading.problems] == [
        ("unknown_key", "Move it inside command.")
    ]
    assert reading.raw is not None
    assert "setup_camera" in reading.raw


def test_a_document_cannot_be_changed() -> None:
    document = read_session(session(calibration={"do_action": True})).document
    assert document is not None
    document.raw["command"]["id_command"]["process"] = "ended"
    assert document.raw == session(calibration={"do_action": True})
    with pytest.raises(ValidationError):
        document.calibration = None
    with pytest.raises(ValidationError):
        document.id_command.process = "ended"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_saved_as_utf_16_is_read_when_it_says_so(encoding: str) -> None:
    text = '\ufeff{"id_command": {"description": "Nébuleuse d’Orion"}}'
    document = read_session(
        text.removeprefix("\ufeff" if encoding == "utf-16" else "").encode(encoding)
    ).document
    assert document is not None
    assert document.id_command.description == "Nébuleuse d’Orion"


@pytest.mark.parametrize(
    "text",
    ["{'command': {'id_command': {}}}", '{"id_command": {}, "calibration": {"do_action": True}}', "[None]"],
)
def test_what_python_printed_is_refused_with_the_remedy(text: str) -> None:
    assert read_session(text).errors[0].hint == "That is how Python writes it: use | to_json in the template."


def test_a_byte_order_mark_is_tolerated_in_bytes_and_in_text() -> None:
    assert read_session('\ufeff\t {"id_command": {}} \n').ok
    assert read_session(b'\xef\xbb\xbf\t {"id_command": {}} \n').ok


@pytest.mark.parametrize(
    ("written", "read"),
    [("180 %", 180), ("180%", 180), ("120,5 %", 120.5), ("150", 150)],
)
def test_a_percentage_may_have_its_sign(written: str, read: float) -> None:
    order = {"do_action": True, "doMosaic": True, "framingX": written, "framingY": 100, "rotation": "45,5°"}
    document = read_session(session(setup_camera={**order, "mosaic_count": 3})).document
    assert document is not None
    assert document.setup_camera is not None
    assert (document.setup_camera.framing_x, document.setup_camera.rotation) == (read, 45.5)


@pytest.mark.parametrize("written", ["%", "180 %%", "180 °", "% 180"])
def test_another_sign_is_no_percentage(written: str) -> None:
    order = {"do_action": True, "doMosaic": True, "framingX": written, "framingY": 100, "mosaic_count": 3}
    assert [p.path for p in read_session(session(setup_camera=order)).errors] == ["/setup_camera/framingX"]
