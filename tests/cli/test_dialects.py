"""What owners' programs write, as `validate` and `plan` answer it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.cli.main import main

PARIS = ZoneInfo("Europe/Paris")
SITE = ("--set", "latitude=48.85", "--set", "longitude=2.35", "--set", "timezone=Europe/Paris")
GOTO = {"do_action": True, "wait_after": 10, "target": "M 81", "ra_coord": 9.9258, "dec_coord": 69.0653}
TELE = {"do_action": True, "exposure": "15", "gain": "80", "binning": "0", "ircut": "1", "count": "60"}

Checked = Callable[..., dict[str, Any]]


def document(**sections: Any) -> dict[str, Any]:
    """A session as the older program's editor writes it, changed by the given sections."""
    body = {
        "id_command": {"uuid": "00001", "date": "2035-12-12", "time": "22:00:00", "process": "wait"},
        "calibration": {"do_action": True, "wait_before": 0, "wait_after": 0},
        "goto_manual": GOTO,
        "setup_camera": TELE,
    }
    return {"command": {**body, **sections}}


@pytest.fixture
def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Write a session, ask a command about it, and return its answer about the file."""
    monkeypatch.chdir(tmp_path)

    def check(session: Any, model: str = "D3", verb: str = "validate") -> dict[str, Any]:
        data = session if isinstance(session, bytes) else json.dumps(session).encode()
        (tmp_path / "session.json").write_bytes(data)
        night = ["--night", "2035-12-12"] if verb == "plan" else []
        code = main([verb, "session.json", "--model", model, "--json", *night, *SITE])
        (answer,) = json.loads(capsys.readouterr().out)
        assert code == (0 if answer["valid"] else 1)
        return dict(answer)

    return check


def codes(answer: dict[str, Any]) -> dict[str, str]:
    return {problem["path"]: problem["code"] for problem in answer["problems"]}


@pytest.mark.parametrize(
    ("setup", "model"),
    [
        ({"end_time": "01:30", "count": "999"}, "D3"),
        ({"end_time": "01:30", "count": "0", "exposure": "10.0", "lp_filter": False}, "D3"),
        ({"end_time": ""}, "D3"),
        ({"doMosaic": False, "framingX": 100, "framingY": 100, "mosaic_count": 60, "rotation": 0}, "D3"),
        ({"doMosaic": True, "framingX": 100, "framingY": 100, "mosaic_count": 45}, "D3"),
        ({"doMosaic": False, "framingX": 180, "framingY": 140}, "D3"),
        ({"ircut": "Duo-Band Filter"}, "D3"),
        ({"ircut": "ASTRO_FILTER"}, "D3"),
        ({"binning": "1"}, "mini"),
        ({"binning": "0"}, "mini"),
        ({"exposure_actual": "15", "shots_taken": 60, "shots_stacked": 58}, "D3"),
    ],
)
def test_what_the_editors_of_2026_write_is_valid_and_silent(
    checked: Checked, setup: dict[str, Any], model: str
) -> None:
    answer = checked(document(setup_camera={**TELE, **setup}), model)
    assert (answer["valid"], answer["problems"]) == (True, [])


@pytest.mark.parametrize("section", ["setup_camera", "setup_wide_camera"])
@pytest.mark.parametrize("count", ["999", "0"])
def test_the_plan_of_a_capture_with_an_end_time_ends_then(checked: Checked, section: str, count: str) -> None:
    setup = {key: value for key, value in TELE.items() if section == "setup_camera" or key != "ircut"}
    setup |= {"exposure": "15", "count": count, "end_time": "01:30"}
    if section == "setup_wide_camera":
        setup.pop("binning")
    answer = checked(document(**{"setup_camera": {}, section: setup}), verb="plan")
    (capture,) = [step for step in answer["plan"]["steps"] if step["step"] == "capture"]
    assert datetime.fromisoformat(capture["until"]) == datetime(2035, 12, 13, 1, 30, tzinfo=PARIS)
    assert capture["label"].startswith("Capture up to ")
    assert "until 01:30" in capture["label"]
    assert datetime.fromisoformat(answer["window_end"]) == datetime(2035, 12, 13, 1, 30, tzinfo=PARIS)
    assert (
        abs(
            datetime.fromisoformat(answer["end"]).timestamp()
            - datetime(2035, 12, 13, 1, 30, tzinfo=PARIS).timestamp()
        )
        < 10
    )


@pytest.mark.parametrize(
    ("setup", "panes", "per_pane", "framing"),
    [
        ({"framingX": 180, "framingY": 140, "mosaic_count": 45, "count": "180"}, (2, 2), 45, (180, 140)),
        ({"framingX": "150", "framingY": "100", "mosaic_count": "10"}, (2, 1), 10, (150, 100)),
        ({"framingX": 100, "framingY": 110, "mosaic_count": 1, "rotation": -1}, (1, 2), 1, (100, 110)),
    ],
)
@pytest.mark.parametrize("model", ["D3", "mini"])
def test_a_mosaic_order_is_planned_pane_by_pane(
    checked: Checked,
    setup: dict[str, Any],
    panes: tuple[int, int],
    per_pane: int,
    framing: tuple[int, int],
    model: str,
) -> None:
    order = {**TELE, "doMosaic": True, "count": 0, **setup}
    answer = checked(document(setup_camera=order), model, verb="plan")
    assert answer["problems"] == []
    (capture,) = [step for step in answer["plan"]["steps"] if step["step"] == "capture"]
    mosaic = capture["mosaic"]
    assert (mosaic["columns"], mosaic["rows"]) == panes
    assert (mosaic["frames_per_pane"], mosaic["framing_x"], mosaic["framing_y"]) == (per_pane, *framing)
    assert capture["count"] == answer["plan"]["frames_requested"] == panes[0] * panes[1] * per_pane
    assert f"{panes[0]} × {panes[1]} panes × {per_pane}" in capture["label"]


@pytest.mark.parametrize(
    ("setup", "place", "code"),
    [
        ({"framingX": 180, "framingY": 140}, "mosaic_count", "missing"),
        ({"mosaic_count": 45}, "framingX", "missing"),
        ({"framingX": 180, "mosaic_count": 45}, "framingY", "missing"),
        ({"framingX": 90, "framingY": 140, "mosaic_count": 45}, "framingX", "out_of_range"),
        ({"framingX": 180, "framingY": 140, "mosaic_count": 250}, "mosaic_count", "out_of_range"),
        ({"framingX": 180, "framingY": 140, "mosaic_count": 0}, "mosaic_count", "out_of_range"),
    ],
)
def test_a_mosaic_that_is_not_fully_told_is_an_error_at_its_key(
    checked: Checked, setup: dict[str, Any], place: str, code: str
) -> None:
    answer = checked(document(setup_camera={**TELE, "doMosaic": True, **setup}))
    assert codes(answer) == {f"/setup_camera/{place}": code}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"setup_camera": {"count": "60"}}, ("/setup_camera/count", "mosaic_count", True)),
        ({"setup_camera": {"framingX": 145}}, ("/setup_camera/framingX", "mosaic_framing", True)),
        (
            {"goto_manual": None, "goto_solar": {"do_action": True, "target": "Moon"}},
            ("/setup_camera/doMosaic", "mosaic_target", False),
        ),
        ({"goto_manual": {"target": "Jupiter"}}, ("/setup_camera/doMosaic", "mosaic_target", False)),
    ],
)
def test_what_may_surprise_in_a_mosaic_is_told(
    checked: Checked, changed: dict[str, Any], told: tuple[str, str, bool]
) -> None:
    order = {**TELE, "doMosaic": True, "framingX": 180, "framingY": 140, "mosaic_count": 45, "count": "180"}
    goto = changed.get("goto_manual", GOTO)
    if goto is not None and goto is not GOTO:
        goto = {"do_action": True, **goto}
    body = {
        "setup_camera": {**order, **changed.get("setup_camera", {})},
        "goto_manual": goto,
        "goto_solar": changed.get("goto_solar"),
    }
    answer = checked(document(**{key: value or {} for key, value in body.items()}))
    place, code, valid = told
    assert codes(answer)[place] == code
    assert answer["valid"] is valid


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ("09h55m33s", "69°03'55\" N"),
        ("9,9258", "69,0653"),
        ("148.887°", "69.0653°"),
        ('"09:55:33"', '69°03\'55""'),
    ],
)
def test_coordinates_of_planetarium_programs_are_read(checked: Checked, ra: str, dec: str) -> None:
    answer = checked(document(goto_manual={**GOTO, "ra_coord": ra, "dec_coord": dec}), verb="plan")
    assert answer["problems"] == []
    (goto,) = [step for step in answer["plan"]["steps"] if step["step"] == "goto_manual"]
    assert goto["target"]["ra_hours"] == pytest.approx(9.9258, abs=1e-3)
    assert goto["target"]["dec_degrees"] == pytest.approx(69.0653, abs=1e-3)


@pytest.mark.parametrize(
    ("goto", "says"),
    [
        (
            {"target": "M 31", "ra_coord": 10.6847, "dec_coord": 41.269},
            "10.6847 degrees would be 0.7123 hours",
        ),
        ({"target": "M 42", "ra_coord": 5, "dec_coord": -5}, "M 42 stands at 5.5879 h -5.39°"),
        ({"target": "M 31", "ra_coord": "24.712313", "dec_coord": 41.26917}, "24 h too much: 0.712313"),
        ({"target": "M 102", "ra_coord": None, "dec_coord": None}, "NGC 5866 (15.1082 h +55.76°)"),
        (
            {"target": "M 17", "ra_coord": "275.2", "dec_coord": "-16.17"},
            "275.2 degrees would be 18.3467 hours",
        ),
    ],
)
def test_the_wrong_place_is_an_error_with_the_right_one(
    checked: Checked, goto: dict[str, Any], says: str
) -> None:
    answer = checked(document(goto_manual={**GOTO, **goto}))
    assert not answer["valid"]
    (problem,) = answer["problems"]
    assert says in f"{problem['message']} {problem['hint']}"


def test_what_never_rises_is_told_and_planned_for_no_night(checked: Checked) -> None:
    goto = {"do_action": True, "wait_after": 10, "target": "Omega Centauri"}
    answer = checked(document(goto_manual=goto), verb="plan")
    below = next(problem for problem in answer["problems"] if problem["code"] == "below_horizon")
    assert below["hint"] == "It does not rise at this site, so the session is not begun."
    assert answer["night"]["session"]["run"] is None
    assert answer["night"]["session"]["reason"] == "altitude"


def test_what_is_down_all_of_the_night_it_is_for_is_told(checked: Checked) -> None:
    goto = {"do_action": True, "target": "M 17"}
    (problem,) = checked(document(goto_manual=goto))["problems"]
    assert (problem["code"], problem["severity"]) == ("below_horizon", "warning")
    assert problem["message"] == "M 17 is below the horizon from 22:00 to 07:58."
    times = {"date": "2035-12-12", "time": "22:00", "end_time": "03:00"}
    (problem,) = checked(document(goto_manual=goto, id_command=times))["problems"]
    assert problem["message"] == "M 17 is below the horizon from 22:00 to 03:00."
    assert problem["hint"] == "So it is not begun."
    assert checked(document(goto_manual={**goto, "target": "M 104"}))["problems"] == []  # rises after four


def test_what_a_capture_has_by_its_end_time_is_all_that_was_asked(checked: Checked) -> None:
    setup = {**TELE, "count": "0", "end_time": "01:30"}
    session = checked(document(setup_camera=setup), verb="plan")["night"]["session"]
    assert session["run"] is not None
    assert session["cut_short"] == "It ends at 01:30 because its window closes."
    limited = {"date": "2035-12-12", "time": "22:00", "end_time": "01:00"}
    session = checked(document(setup_camera=setup, id_command=limited), verb="plan")["night"]["session"]
    assert "frames are left when its window closes at 01:00" in session["cut_short"]


@pytest.mark.parametrize(
    ("section", "key", "meant"),
    [
        ("setup_camera", "filter", "IRCut"),
        ("setup_camera", "frames", "count"),
        ("goto_manual", "ra", "ra_coord"),
    ],
)
def test_a_key_of_another_program_is_named_with_ours_while_that_is_not_given(
    checked: Checked, section: str, key: str, meant: str
) -> None:
    whole = {"setup_camera": {**TELE, "IRCut": TELE["ircut"]}, "goto_manual": GOTO}[section]
    assert checked(document(**{section: {**whole, "ircut": None, key: "5"}}))["problems"] == []
    without = {one: value for one, value in whole.items() if one not in (meant, "ircut")}
    told = checked(document(**{section: {**without, key: "5"}}))["problems"]
    (problem,) = [one for one in told if one["path"] == f"/{section}/{key}"]
    assert problem["hint"] == f"Did you mean {meant}?"


def test_a_session_that_is_over_is_not_warned(checked: Checked) -> None:
    over = {"date": "2025-01-01", "time": "22:00:00", "process": "ended"}
    answer = checked(document(id_command=over, goto_manual={"do_action": False}))
    assert codes(answer) == {"/id_command/process": "process_not_wait"}


def test_the_count_is_held_against_the_panes_that_are_really_made(checked: Checked) -> None:
    order = {**TELE, "doMosaic": True, "framingX": 200, "framingY": 140, "mosaic_count": 45, "count": "60"}
    (problem,) = checked(document(setup_camera=order))["problems"]
    assert problem["message"] == "The mosaic takes 6 panes of 45 frames each, 270 in all; count says 60."
    assert checked(document(setup_camera={**order, "count": "270"}))["problems"] == []


def test_python_instead_of_json_is_told_with_the_remedy(checked: Checked) -> None:
    answer = checked(str(document()).encode())
    assert "use | to_json in the template" in answer["problems"][0]["hint"]


def test_the_other_programs_own_format_is_read_and_named(checked: Checked) -> None:
    session = {
        "name": "M 81 tele",
        "target": {"name": "M 81", "kind": "equatorial", "ra_hours": 9.9258, "dec_degrees": 69.0653},
        "scheduled_start": "2035-12-12T21:00:00+00:00",
        "camera": {"camera": "tele", "exposure_seconds": 15.0, "gain": 60, "frame_count": 60, "binning": 1},
        "workflow": {"calibrate": True, "autofocus": True, "goto": True},
        "status": "planned",
    }
    answer = checked(session, verb="plan")
    assert answer["valid"]
    assert ["Astro Dwarf" in problem["message"] for problem in answer["problems"]] == [True]
    assert answer["start"] == "2035-12-12T21:00:00+00:00"
    (capture,) = [step for step in answer["plan"]["steps"] if step["step"] == "capture"]
    assert (capture["count"], capture["binning"]) == (60, "4k")


def test_a_folder_shows_its_sessions_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    others = [
        "._m81.json",
        "m81 (conflicted copy 2035-12-12).json",
        "m81 (Ana's conflicted copy 2035-12-12 101010).json",
        "m81.sync-conflict-20351212-101010-ABCDEFG.json",
        "m81 (Copie en conflit de Ana 2035-12-12).json",
        "m81_conflict-20351212-101010.json",
        "notes.txt",
    ]
    for name in ("m81.json", "conflict of interest.json", *others):
        (tmp_path / name).write_text(json.dumps(document()), encoding="utf-8")
    assert main(["validate", str(tmp_path), "--model", "D3", "--json", *SITE]) == 0
    named = [Path(one["file"]).name for one in json.loads(capsys.readouterr().out)]
    assert named == ["conflict of interest.json", "m81.json"]


@pytest.mark.parametrize(
    ("refocus", "place", "message"),
    [
        ({}, "/refocus/every", "Neither every nor temperature_step is given."),
        ({"every": 599}, "/refocus/every", "shorter than 10 minutes"),
        ({"every": "00:09:00"}, "/refocus/every", "shorter than 10 minutes"),
        ({"temperature_step": 0.5}, "/refocus/temperature_step", "between 1 and 30"),
        ({"every": 3600, "minutes": 5}, "/refocus/minutes", "refocus has no key"),
    ],
)
def test_a_refocus_that_makes_no_sense_is_refused(
    checked: Checked, refocus: dict[str, Any], place: str, message: str
) -> None:
    answer = checked(document(refocus={"do_action": True, **refocus}))
    (problem,) = answer["problems"]
    assert problem["path"] == place
    assert message in problem["message"]


def test_a_mosaic_of_the_telescope_is_not_interrupted_for_focusing(checked: Checked) -> None:
    order = {**TELE, "doMosaic": True, "framingX": 180, "framingY": 140, "mosaic_count": 45, "count": 0}
    refocus = {"do_action": True, "every": 3600}
    assert codes(checked(document(setup_camera=order, refocus=refocus))) == {"/refocus": "mosaic_refocus"}
    assert checked(document(setup_camera=order, refocus=refocus), "D2")["valid"]


def test_the_plan_has_the_pauses_for_focusing(checked: Checked) -> None:
    plain, focused = (
        checked(document(setup_camera={**TELE, "count": 600}, **more), verb="plan")["plan"]
        for more in ({}, {"refocus": {"do_action": True, "every": "01:00:00", "temperature_step": 3}})
    )
    (capture,) = [step for step in focused["steps"] if step["step"] == "capture"]
    assert capture["refocus"] == {"every_s": 3600.0, "kelvin": 3.0, "infinity": False}
    assert plain["estimate_s"] < focused["estimate_s"] < plain["estimate_s"] + 300


@pytest.mark.parametrize(
    ("darks", "camera", "model", "told"),
    [
        ({"when": "clouds"}, {}, "D2", {"/dark_frames/when": "cap"}),
        ({"when": "on_pause"}, {}, "D2", {"/dark_frames/when": "cap"}),
        ({"when": "on_pause"}, {}, "D3", {}),
        ({"when": "midnight"}, {}, "D3", {"/dark_frames/when": "unknown_word"}),
        ({"count": 0}, {}, "D3", {"/dark_frames/count": "out_of_range"}),
        ({"frames": 5}, {}, "D3", {"/dark_frames/frames": "unknown_key"}),
        ({}, {"gain": 200}, "D3", {"/setup_camera/gain": "dark_gain"}),
        ({}, {"gain": ""}, "D3", {"/setup_camera/gain": "left_alone", "/dark_frames": "missing"}),
    ],
)
def test_dark_frames_that_cannot_be_had_are_told_beforehand(
    checked: Checked, darks: dict[str, Any], camera: dict[str, Any], model: str, told: dict[str, str]
) -> None:
    setup = {**TELE, **camera} if model != "D2" else {**TELE, **camera, "binning": 0}
    answer = checked(document(setup_camera=setup, dark_frames={"do_action": True, **darks}), model)
    assert codes(answer) == told


@pytest.mark.parametrize(("when", "place"), [("before", 2), ("after", -2)])
@pytest.mark.parametrize(("model", "cap"), [("D2", True), ("D3", None), ("mini", None)])
def test_the_plan_says_when_darks_are_taken_and_whether_with_the_cap(
    checked: Checked, when: str, place: int, model: str, cap: bool | None
) -> None:
    plan = checked(document(dark_frames={"do_action": True, "when": when}), model, verb="plan")["plan"]
    step = plan["steps"][place]
    assert (step["step"], step["dark_frames"], step.get("cap")) == ("dark_frames", 20, cap)
    assert plan["frames_requested"] == 60
