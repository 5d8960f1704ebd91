from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.capabilities import Camera, Capabilities
from agent.errors import errors_of
from agent.session.check import check
from agent.session.document import read_session
from agent.session.plan import Plan, PlannedStep, StepKind, make_plan
from agent.session.problems import InvalidSessionError
from agent.session.text import duration_text, plan_text
from agent.targets import SkyTarget, SolarBody, SolarTarget
from tests.session.capabilities import BIG, SMALL

GOTO = {"do_action": True, "target": "M 42", "ra_coord": 5.5, "dec_coord": -5.5, "wait_after": 30}
TELE = {"do_action": True, "exposure": 10, "gain": 60, "IRCut": 1, "binning": 0, "count": 5, "wait_after": 10}
WIDE = {"do_action": True, "exposure": "1/5", "gain": 90, "count": 50}
ON = {"do_action": True}
EVERYTHING: dict[str, Any] = {
    "setup_wide_camera": WIDE,
    "setup_camera": TELE,
    "shutdown": {"do_action": True, "park": True, "power_down": True},
    "goto_manual": GOTO,
    "goto_solar": {"do_action": True, "target": "moon", "timeout": 120},
    "calibration": {"do_action": True, "wait_before": 5, "wait_after": "00:00:20"},
    "eq_solving": ON,
    "infinite_focus": ON,
    "auto_focus": ON,
}


def plan(capabilities: Capabilities = BIG, **sections: Any) -> Plan:
    reading = read_session({"command": {"id_command": {"max_retries": 2}, **sections}}, name="tonight")
    assert reading.document is not None, reading.problems
    return make_plan(reading.document, capabilities)


def test_the_steps_come_in_one_order_whatever_the_file_says() -> None:
    assert [step.kind for step in plan(**EVERYTHING).steps] == [
        StepKind.SET_TIME,
        StepKind.GO_LIVE,
        StepKind.AUTO_FOCUS,
        StepKind.INFINITE_FOCUS,
        StepKind.EQ_SOLVING,
        StepKind.CALIBRATION,
        StepKind.GOTO_SOLAR,
        StepKind.GOTO_MANUAL,
        StepKind.CAPTURE,
        StepKind.CAPTURE,
        StepKind.FINISH,
        StepKind.PARK,
        StepKind.POWER_DOWN,
    ]


def test_tele_captures_before_wide_and_each_has_its_own_count() -> None:
    tele, wide = (step for step in plan(**EVERYTHING).steps if step.kind is StepKind.CAPTURE)
    assert (tele.camera, tele.count, wide.camera, wide.count) == (Camera.TELE, 5, Camera.WIDE, 50)


def test_sections_that_are_off_make_no_step() -> None:
    kinds = [
        step.kind
        for step in plan(goto_manual=GOTO, setup_camera=TELE, calibration={"do_action": False}).steps
    ]
    assert kinds == [
        StepKind.SET_TIME, StepKind.GO_LIVE, StepKind.GOTO_MANUAL, StepKind.CAPTURE, StepKind.FINISH
    ]  # fmt: skip


def test_a_capture_carries_settings_that_exist_on_the_model() -> None:
    capture = plan(goto_manual=GOTO, setup_camera=TELE).steps[3]
    assert capture.exposure in BIG.cameras[Camera.TELE].exposures
    assert capture.exposure is not None
    assert (capture.exposure.name, capture.gain, capture.filter and capture.filter.name) == (
        "10",
        60,
        "Astro",
    )
    assert capture.binning is not None
    assert capture.binning.value == 0


def test_zero_is_a_value_and_not_given_is_none() -> None:
    zero = plan(goto_manual=GOTO, setup_camera={**TELE, "gain": 0, "IRCut": "0", "binning": "0"}).steps[3]
    assert (zero.gain, zero.filter and zero.filter.value, zero.binning and zero.binning.value) == (0, 0, 0)
    unset = plan(goto_manual=GOTO, setup_camera={"do_action": True, "count": 5, "IRCut": ""}).steps[3]
    assert (unset.gain, unset.filter, unset.binning, unset.exposure) == (None, None, None, None)


def test_waits_and_time_limits_are_those_of_the_section() -> None:
    steps = {step.kind: step for step in plan(**EVERYTHING).steps}
    calibration, goto = steps[StepKind.CALIBRATION], steps[StepKind.GOTO_SOLAR]
    assert (calibration.wait_before_s, calibration.wait_after_s, calibration.timeout_s) == (5, 20, None)
    assert goto.timeout_s == 120


def test_the_sums_add_up() -> None:
    found = plan(goto_manual=GOTO, setup_camera=TELE, setup_wide_camera=WIDE)
    d = BIG.durations
    tele = d.camera_setup + 5 * (10 + d.frame_overhead) + 10
    wide = d.camera_setup + 50 * (0.2 + d.frame_overhead)
    assert found.estimate_s == pytest.approx(d.set_time + d.go_live + d.goto + 30 + tele + wide + d.go_live)
    assert found.frames_requested == 55
    assert found.integration_s == pytest.approx(60)
    assert found.max_attempts == 2


def test_the_calibration_recipe_is_the_usual_one_where_the_model_has_it() -> None:
    step = next(step for step in plan(**EVERYTHING).steps if step.kind is StepKind.CALIBRATION)
    assert step.exposure is not None
    assert (step.exposure.seconds, step.gain) == (1.0, 80)
    assert (step.filter and step.filter.value, step.binning and step.binning.value) == (1, 0)


def test_the_calibration_recipe_says_what_it_had_to_change() -> None:
    found = plan(SMALL, goto_manual=GOTO, calibration=ON, setup_camera={**TELE, "exposure": 15, "IRCut": 0})
    step = found.steps[2]
    assert step.exposure is not None
    assert (step.exposure.name, step.gain, step.filter, step.binning) == ("0.8", 90, None, None)
    notes = " ".join(found.notes)
    assert "exposes 0.8 s instead of 1 s" in notes
    assert "gain 90 instead of 80" in notes
    assert "leaves the filter alone" in notes


def test_a_kept_exposure_counts_as_calibration_left_it() -> None:
    setup = {"do_action": True, "count": 7, "gain": 60}
    assert plan(goto_manual=GOTO, calibration=ON, setup_camera=setup).integration_s == 7
    assert plan(goto_manual=GOTO, setup_camera=setup).integration_s == 0


def test_targets_are_named_as_the_session_names_them() -> None:
    document = read_session({"id_command": {}, "goto_manual": {**ON, "target": "Andromeda"}}).document
    assert document is not None
    found = make_plan(document, BIG, resolve=lambda _: SkyTarget("NGC 224", 0.712, 41.27))
    assert found.target == "Andromeda"
    assert found.goto_targets == (SkyTarget("Andromeda", 0.712, 41.27),)
    solar = plan(goto_solar={**ON, "target": "JUPITER"}, setup_camera=TELE)
    assert solar.goto_targets == (SolarTarget("Jupiter", SolarBody.JUPITER),)


def test_an_invalid_session_has_no_plan() -> None:
    with pytest.raises(InvalidSessionError) as caught:
        plan(goto_manual=GOTO, setup_camera={**TELE, "exposure": 11, "gain": 61})
    assert [problem.path for problem in caught.value.problems] == [
        "/setup_camera/exposure",
        "/setup_camera/gain",
    ]
    assert "/setup_camera/exposure" in str(caught.value)
    assert "and 1 more" in str(caught.value)


def test_the_plan_is_json() -> None:
    found = json.loads(json.dumps(plan(**EVERYTHING).to_json()))
    assert found["frames_requested"] == 55
    goto = next(step for step in found["steps"] if step["step"] == "goto_manual")
    assert goto["target"] == {
        "name": "M 42", "ra_hours": 5.5, "dec_degrees": -5.5, "ra": "05:30:00.00", "dec": "-05:30:00.0"
    }  # fmt: skip


def test_every_step_says_what_it_waits_for() -> None:
    for step in plan(**EVERYTHING).steps:
        assert step.label
        assert step.why.startswith("waiting for")


def test_the_plan_reads_as_a_table() -> None:
    text = plan_text(plan(goto_manual=GOTO, setup_camera=TELE))
    assert text.splitlines()[0] == "M 42: 5 steps, about 2 min"
    assert "Capture 5 × 10 s, tele camera" in text
    assert "(waits 30 s after)" in text
    assert "5 frames, 50 s of exposure" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3569, "59 min"),
        (3599, "1 h 00 min"),
        (11_100, "3 h 05 min"),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


BEGIN = datetime(2026, 3, 12, 21, 0, tzinfo=UTC)  # 22:00 in Paris


def capture_until(**setup: Any) -> PlannedStep:
    body = {"setup_camera": {"do_action": True, "exposure": "15", "gain": 60, "IRCut": 1, **setup}}
    reading = read_session({"id_command": {}, **body})
    assert reading.document is not None, reading.problems
    found = make_plan(reading.document, BIG, begin=BEGIN, zone=ZoneInfo("Europe/Paris"))
    return next(step for step in found.steps if step.kind is StepKind.CAPTURE)


def test_a_count_of_nothing_until_an_end_time_is_as_many_as_fit() -> None:
    step = capture_until(count=0, end_time="23:00")
    assert step.until == datetime(2026, 3, 12, 22, 0, tzinfo=UTC)
    assert 3590 / 15 <= step.count <= 3600 / 15
    assert 3500 < step.estimate_s < 3600
    assert step.integration_s < step.count * 15
    assert capture_until(count=5, end_time="23:00").estimate_s < 120


def test_the_waits_of_a_camera_come_before_its_shutter() -> None:
    step = capture_until(count=5, wait_before=10, wait_after="00:00:30")
    assert (step.wait_before_s, step.wait_after_s) == (40.0, 0.0)


def test_an_end_time_is_never_planned_without_an_instant() -> None:
    setup = {"do_action": True, "end_time": "23:00", "count": 5}
    reading = read_session({"id_command": {}, "setup_camera": setup})
    assert reading.document is not None
    with pytest.raises(ValueError, match="end_time"):
        make_plan(reading.document, BIG)


def test_as_many_as_fit_needs_an_exposure() -> None:
    setup = {"do_action": True, "end_time": "23:00", "count": 0}
    reading = read_session({"id_command": {}, "setup_camera": setup})
    assert reading.document is not None
    assert "/setup_camera/exposure" in {p.path for p in errors_of(check(reading.document, BIG))}


def test_darks_and_calibration_are_those_of_the_captures_mode_whatever_the_telescope_did_last() -> None:
    tele = BIG.cameras[Camera.TELE]
    moons = replace(tele, exposures=tele.exposures[:2], gains=(0, 10), filters=tele.filters[:1])
    after_the_moon = replace(
        BIG, cameras={**BIG.cameras, Camera.TELE: moons}, model_cameras=BIG.cameras, deep_sky=False
    )
    for when in ("before", "after"):
        wanted = {"dark_frames": {**ON, "when": when}, "goto_manual": GOTO, "setup_camera": TELE}
        wanted["calibration"] = ON
        assert plan(after_the_moon, **wanted) == plan(BIG, **wanted)
