"""What `validate` and `plan` say of the instrument: field, framing, turning of the field, and times."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import SITE, Asked

EVENING = {"date": "2035-12-12", "time": "22:00:00"}
BODE = {"do_action": True, "target": "M 81"}  # 38 degrees high in the north-east
ORION = {"do_action": True, "target": "M 42"}
OWN_FIELD = {"do_action": True, "target": "my own field", "ra_coord": 9.9259, "dec_coord": 69.0653}
TELE = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "binning": 0, "count": 60}
PLEIADES = {"do_action": True, "target": "M 45"}


def session(**sections: Any) -> dict[str, Any]:
    return {"command": {"id_command": EVENING, "goto_manual": BODE, "setup_camera": TELE, **sections}}


def answer(asked: Asked, whole: dict[str, Any], verb: str = "validate", **more: Any) -> dict[str, Any]:
    (one,) = json.loads(asked(verb, whole, "--json", **more))
    return dict(one)


def warned(asked: Asked, whole: dict[str, Any], **more: Any) -> dict[str, str]:
    return {
        one["code"]: f"{one['message']} {one['hint']}" for one in answer(asked, whole, **more)["problems"]
    }


@pytest.mark.parametrize("verb", ["validate", "plan"])
@pytest.mark.parametrize(
    ("model", "field"), [("D2", "3.19° × 1.79°"), ("D3", "2.95° × 1.66°"), ("mini", "2.13° × 1.20°")]
)
def test_the_field_of_the_camera_and_what_turns_in_it_are_told_in_one_line(
    asked: Asked, verb: str, model: str, field: str
) -> None:
    lines = asked(verb, session(goto_manual=OWN_FIELD), model=model).splitlines()
    (told,) = [line.strip() for line in lines if "tele camera: " in line]
    pixels, limit = ("1", "65") if model == "mini" else ("2", "33")
    assert told == (
        f"tele camera: field {field}; in alt-az mode stars in the corners trail up to {pixels} px in 15 s "
        f"(4 px in {limit} s)"
    )


def test_each_camera_has_its_own_field(asked: Asked) -> None:
    wide = {"do_action": True, "exposure": "10", "gain": 80, "count": 10}
    tele, other = answer(asked, session(setup_wide_camera=wide))["views"]
    assert (tele["camera"], tele["field_of_view"]) == ("tele", [2.95, 1.66])
    assert (other["camera"], other["field_of_view"]) == ("wide", [43.3, 24.9])
    assert answer(asked, session(setup_wide_camera=wide), model="mini")["views"][1]["field_of_view"] is None


@pytest.mark.parametrize(("size", "panes", "says"), [
    ((20, 15), [1, 1], "M 81 (0.33° × 0.25°) fits"),
    ((160, 40), [1, 1], "M 81 (2.7° × 0.67°) fits along its long side"),
    ((190, 60), [2, 1], "M 81 (3.2° × 1° ) needs 2 × 1 panes".replace("° )", "°)")),
])  # fmt: skip
def test_a_target_fits_or_needs_panes(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, size: tuple[float, float], panes: list[int], says: str
) -> None:
    monkeypatch.setattr("agent.app.instrument.size_of", lambda _target: size)
    assert answer(asked, session())["views"][0]["panes"] == panes
    assert f"; {says};" in asked("validate", session())


@pytest.mark.parametrize("model", ["D2", "D3", "mini"])
@pytest.mark.parametrize(("x", "y", "size", "says"), [
    (180, 100, (190, 60), "fits along its long side"),
    (180, 140, (500, 60), "needs"),
    (100, 180, (20, 15), "fits"),
])  # fmt: skip
def test_a_target_is_held_against_the_mosaic_that_is_ordered(
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    x: int,
    y: int,
    size: tuple[float, float],
    says: str,
) -> None:
    monkeypatch.setattr("agent.app.instrument.size_of", lambda _target: size)
    order = {**TELE, "binning": None, "doMosaic": True, "framingX": x, "framingY": y, "mosaic_count": 9}
    whole = session(setup_camera=order)
    view = answer(asked, whole, model=model)["views"][0]
    width, height = view["field_of_view"]
    assert view["mosaic"] == [pytest.approx(width * x / 100), pytest.approx(height * y / 100)]
    minutes = f"({size[0] / 60:.2g}° × {size[1] / 60:.2g}°)"
    spanned = f"mosaic of {view['mosaic'][0]:.2f}° × {view['mosaic'][1]:.2f}°"
    assert f"; {spanned}; M 81 {minutes} {says}" in asked("validate", whole, model=model)


def test_a_mosaic_that_the_agent_makes_is_a_field_too(asked: Asked) -> None:
    order = {"do_action": True, "columns": 3, "rows": 2, "overlap": 20}
    goto = {"do_action": True, "target": "M 31"}
    whole = session(mosaic=order, goto_manual=goto)
    assert answer(asked, whole)["views"][0]["mosaic"] == pytest.approx([2.95 * 2.6, 1.66 * 1.8])
    assert "; mosaic of 7.67° × 2.99°; M 31 (3° × 1.2°) fits;" in asked("validate", whole)


def test_panes_that_never_rise_are_told(asked: Asked) -> None:
    low = {"do_action": True, "target": "low", "ra_coord": 3.0, "dec_coord": -40.5}
    column = session(goto_manual=low, mosaic={"do_action": True, "columns": 1, "rows": 3})
    assert "Pane 3 does not rise at this site" in warned(asked, column)["below_horizon"]
    high = session(goto_manual={**low, "dec_coord": -35.0}, mosaic=column["command"]["mosaic"])
    assert "below_horizon" not in warned(asked, high)


def test_the_moon_fits_without_a_catalogue(asked: Asked) -> None:
    moon = session(goto_manual={}, goto_solar={"do_action": True, "target": "Moon"})
    assert "Moon (0.52° × 0.52°) fits" in asked("validate", moon)


@pytest.mark.parametrize("exposure", ["10", "15"])
@pytest.mark.parametrize("goto", [BODE, ORION, PLEIADES])
def test_what_owners_expose_in_alt_az_mode_is_no_reason_for_a_warning(
    asked: Asked, exposure: str, goto: dict[str, Any]
) -> None:
    whole = session(goto_manual=goto, setup_camera={**TELE, "exposure": exposure, "count": 400})
    assert warned(asked, whole) == {}


@pytest.mark.parametrize(
    ("goto", "exposure", "shorter"), [(BODE, "60", "30"), (PLEIADES, "30", "15"), (PLEIADES, "60", "15")]
)
def test_a_long_exposure_in_alt_az_mode_is_warned_with_one_that_is_short_enough(
    asked: Asked, goto: dict[str, Any], exposure: str, shorter: str
) -> None:
    whole = session(goto_manual=goto, setup_camera={**TELE, "exposure": exposure})
    told = warned(asked, whole)
    assert list(told) == ["field_rotation"]
    assert (
        f" px in {exposure} s. Expose {shorter} s, unless the telescope stands in EQ mode."
        in (told["field_rotation"])
    )
    assert warned(asked, session(goto_manual=goto, setup_camera={**TELE, "exposure": shorter})) == {}


def test_low_in_the_east_the_field_hardly_turns(asked: Asked) -> None:
    rising = session(
        goto_manual={"do_action": True, "target": "M 44"}, setup_camera={**TELE, "exposure": "60"}
    )
    rising["command"]["id_command"] = {"date": "2035-12-12", "time": "21:00:00"}
    rising["command"]["setup_camera"]["count"] = 10
    assert warned(asked, rising) == {}


def test_after_a_polar_alignment_the_field_does_not_turn(asked: Asked) -> None:
    whole = session(eq_solving={"do_action": True}, setup_camera={**TELE, "exposure": "60"})
    assert warned(asked, whole) == {}
    assert "in EQ mode, the field does not turn" in asked("validate", whole)


def test_the_zenith_is_warned_unless_the_session_keeps_from_it(asked: Asked) -> None:
    capella = session(
        goto_manual={"do_action": True, "target": "Capella"}, setup_camera={**TELE, "count": 600}
    )
    told = warned(asked, capella)
    assert list(told) == ["zenith"]
    assert "degrees high at 00:" in told["zenith"]
    assert '"max_altitude": 85' in told["zenith"]
    capella["command"]["conditions"] = {"do_action": True, "max_altitude": 80}
    assert warned(asked, capella) == {}


def test_half_the_pixels_trail_half_as_far(asked: Asked) -> None:
    trails = [
        answer(asked, session(setup_camera={**TELE, "binning": size}))["views"][0]["rotation"]["trail_px"]
        for size in (0, 1)
    ]
    assert trails[0] == pytest.approx(2 * trails[1], abs=0.1)


def test_without_a_site_only_the_field_is_told(asked: Asked) -> None:
    whole = session(goto_manual=OWN_FIELD, setup_camera={**TELE, "exposure": "60"})
    told = asked("validate", whole, site=())
    assert told.splitlines()[1:] == ["  tele camera: field 2.95° × 1.66°"]


def test_a_session_without_a_start_is_seen_when_it_runs_tonight(asked: Asked) -> None:
    whole = session(id_command={})
    (view,) = answer(asked, whole)["views"]
    night = answer(asked, whole, verb="plan")["night"]["session"]["run"]
    assert (view["rotation"] is None) == (night is None)


def test_a_polar_alignment_alone_is_planned_with_the_focus_it_needs(asked: Asked) -> None:
    def labels(**sections: Any) -> list[str]:
        plan = answer(asked, session(**sections), verb="plan")["plan"]
        return [step["label"] for step in plan["steps"]][2:-3]

    on = {"do_action": True}
    assert labels(eq_solving=on) == ["Infinity focus", "Polar alignment check"]
    assert labels(eq_solving=on, infinite_focus=on) == ["Infinity focus", "Polar alignment check"]
    assert labels(eq_solving=on, auto_focus=on) == ["Autofocus", "Polar alignment check"]
    assert list(warned(asked, session(eq_solving=on, auto_focus=on))) == ["both_focus"]


def test_a_capture_that_ends_at_its_end_time_is_not_too_long_for_a_window(asked: Asked) -> None:
    whole = session(setup_camera={**TELE, "count": 999, "end_time": "01:30"})
    plan = asked("plan", whole, "--night", "2035-12-12")
    assert "start 2035-12-12 22:00, end about 2035-12-13 01:30 (Europe/Paris)" in plan
    assert "too long" not in plan
    assert "valid: M 81, up to 999 frames, about 3 h 30 min" in asked("validate", whole)
    whole["command"]["id_command"] = EVENING | {"end_time": "22:05"}
    assert "window closes 2035-12-12 22:05  (too long for its window)" in asked("plan", whole)


def test_a_warning_of_the_plan_is_told_once(asked: Asked) -> None:
    told = asked("plan", session(goto_manual={}))
    assert told.count("No goto is on") == 1


def test_conditions_that_the_configuration_cannot_meet_are_an_error(asked: Asked) -> None:
    whole = session(conditions={"do_action": True, "horizon": True})
    for verb in ("validate", "plan"):
        one = answer(asked, whole, verb)
        assert not one["valid"]
        (problem,) = one["problems"]
        assert (problem["path"], problem["code"]) == ("/conditions", "invalid_conditions")


@pytest.mark.parametrize("section", ["id_command", "setup_camera"])
def test_an_end_time_just_before_the_start_is_told(asked: Asked, section: str) -> None:
    whole = session()
    whole["command"][section] = whole["command"][section] | {"end_time": "21:30"}
    (problem,) = answer(asked, whole)["problems"]
    assert (problem["code"], problem["path"]) == ("end_far", f"/{section}/end_time")
    assert problem["message"] == "It comes 23 h 30 min after the start."


def test_what_the_sun_guard_would_refuse_is_told_before_the_night(asked: Asked) -> None:
    def solar(target: str, clock: str, **keys: Any) -> dict[str, str]:
        goto = {"do_action": True, "target": target, **keys}
        short = {**TELE, "exposure": "1/1000"}
        whole = session(goto_manual={}, goto_solar=goto, setup_camera=short)
        whole["command"]["id_command"] = EVENING | {"time": clock}
        return warned(asked, whole)

    assert list(solar("Sun", "12:00", sun_filter=True)) == ["sun_limit"]
    assert "not allowed by the configuration" in solar("Sun", "12:00", sun_filter=True)["sun_limit"]
    allowed = (*SITE, "--set", "allow_sun=true")
    sun = session(goto_manual={}, goto_solar={"do_action": True, "target": "Sun", "sun_filter": True})
    sun["command"]["id_command"] = EVENING | {"time": "12:00"}
    assert warned(asked, sun, site=allowed) == {}
    assert "sun_limit" not in solar("Jupiter", "22:00")
    assert "Mercury is 16 degrees from the Sun" in solar("Mercury", "12:00")["sun_limit"]
