from __future__ import annotations

from typing import Any

import pytest

from agent.capabilities import Camera, Capabilities
from agent.errors import AgentError, Problem, Severity, errors_of
from agent.session.check import check
from agent.session.choices import find_position
from agent.session.document import read_session
from agent.targets import SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.models import capabilities_for
from tests.session.capabilities import BIG, SMALL

GOTO = {"do_action": True, "target": "M 42", "ra_coord": "05:35:17", "dec_coord": "-05:23:28"}
TELE = {"do_action": True, "exposure": "10", "gain": 60, "count": 5}


def problems(capabilities: Capabilities = BIG, resolve: Any = None, **sections: Any) -> list[Problem]:
    reading = read_session({"command": {"id_command": {}, **sections}})
    assert reading.document is not None, reading.problems
    return check(reading.document, capabilities, resolve=resolve)


def only(found: list[Problem]) -> Problem:
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def test_a_session_with_values_that_exist_has_no_problem() -> None:
    assert problems(goto_manual=GOTO, setup_camera=TELE) == []


@pytest.mark.parametrize(
    "exposure", ["10", 10, 10.0, "10.0", " 10 ", "1/5", 0.2, "0.2", "0.4", "2/5", 0.0333, "1/30"]
)
def test_an_exposure_is_a_name_or_an_equal_number(exposure: object) -> None:
    assert problems(goto_manual=GOTO, setup_camera={**TELE, "exposure": exposure}) == []


@pytest.mark.parametrize(
    ("exposure", "nearest"),
    [
        ("25", "15 or 30"),
        (25.0, "15 or 30"),
        (0.3, "1/5 or 0.4"),
        ("1/3", "1/5 or 0.4"),
        (3600, "60"),
        ("1/10000", "1/100"),
    ],
)
def test_an_exposure_that_does_not_exist_is_an_error_with_the_two_nearest(
    exposure: object, nearest: str
) -> None:
    problem = only(problems(goto_manual=GOTO, setup_camera={**TELE, "exposure": exposure}))
    assert (problem.path, problem.code) == ("/setup_camera/exposure", "unknown_exposure")
    assert problem.hint == f"The nearest is {nearest}."


def test_words_are_no_exposure() -> None:
    problem = only(problems(goto_manual=GOTO, setup_camera={**TELE, "exposure": "long"}))
    assert problem.hint == "Offered are 1/100 to 60."


@pytest.mark.parametrize(
    ("key", "value", "code", "hint"),
    [
        ("gain", 65, "unknown_gain", "60 or 70"),
        ("gain", -1, "unknown_gain", "nearest is 0"),
        ("gain", 1000, "unknown_gain", "nearest is 240"),
        ("ircut", 3, "unknown_filter", "2 (Duo-Band)"),
        ("IRCut", "Green", "unknown_filter", "0 (VIS), 1 (Astro)"),
        ("binning", 2, "unknown_binning", "0 (4k), 1 (2k)"),
        ("format", "RAW", "unknown_format", "FITS, TIFF"),
        ("count", 0, "out_of_range", ""),
        ("count", 1000, "out_of_range", ""),
        ("count", "", "missing", "succeeded"),
    ],
)
def test_a_setting_that_does_not_exist_is_an_error_at_its_place(
    key: str, value: object, code: str, hint: str
) -> None:
    problem = only(problems(goto_manual=GOTO, setup_camera={**TELE, key: value}))
    assert (problem.path, problem.code, problem.severity) == (f"/setup_camera/{key}", code, Severity.ERROR)
    assert hint in problem.hint
    assert "D3 tele camera" in problem.message


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("D3", {0: ["VIS Filter", "VIS_FILTER", "vis"], 1: ["Astro Filter", "ASTRO_FILTER", "astro"]}),
        (
            "D3",
            {2: ["Duo-Band Filter", "DUAL_BAND", "DUAL Band", "Dual-Band", "duo band", "Duo Band filter"]},
        ),
        ("D2", {0: ["IR_CUT", "IR Cut", "cut"], 1: ["IR_PASS", "ir pass", "Pass"]}),
        ("mini", {1: ["Astro Filter"], 2: ["DUAL_BAND_FILTER"]}),
    ],
)
def test_filters_go_by_every_name_that_dwarflab_gives_them(model: str, names: dict[int, list[str]]) -> None:
    offered = capabilities_for(model).cameras[Camera.TELE].filters
    for value, spellings in names.items():
        assert {find_position(offered, spelling, "filter").value for spelling in spellings} == {value}


@pytest.mark.parametrize("binning", [0, 1, "0", "1"])
def test_the_only_size_of_a_mini_may_be_written_either_way(binning: object) -> None:
    setup = {**TELE, "exposure": 15, "IRCut": 1, "binning": binning}
    assert problems(capabilities_for("mini"), goto_manual=GOTO, setup_camera=setup) == []


@pytest.mark.parametrize("binning", [2, "2k", "4k"])
def test_another_size_on_a_mini_is_an_error(binning: object) -> None:
    setup = {**TELE, "exposure": 15, "IRCut": 1, "binning": binning}
    found = problems(capabilities_for("mini"), goto_manual=GOTO, setup_camera=setup)
    assert (only(found).path, only(found).severity) == ("/setup_camera/binning", Severity.ERROR)


@pytest.mark.parametrize("setup", [{"IRCut": "astro"}, {"binning": "2K"}, {"format": "tiff"}])
def test_settings_may_be_given_by_name(setup: dict[str, Any]) -> None:
    assert problems(goto_manual=GOTO, setup_camera={**TELE, **setup}) == []


def test_all_settings_are_checked_not_only_the_last() -> None:
    found = problems(goto_manual=GOTO, setup_camera={"do_action": True, "exposure": 7, "gain": 7, "count": 0})
    assert [problem.path for problem in found] == [
        f"/setup_camera/{key}" for key in ("exposure", "gain", "count")
    ]


def test_settings_that_are_not_given_are_left_alone_and_said_so() -> None:
    found = problems(goto_manual=GOTO, setup_camera={"do_action": True, "count": 3})
    assert [(p.path, p.code, p.severity) for p in found] == [
        ("/setup_camera/exposure", "left_alone", Severity.WARNING),
        ("/setup_camera/gain", "left_alone", Severity.WARNING),
    ]


def test_after_a_calibration_what_is_left_alone_is_what_calibration_set() -> None:
    found = problems(
        goto_manual=GOTO,
        calibration={"do_action": True},
        setup_camera={"do_action": True, "gain": 10, "count": 3},
    )
    assert "calibration" in only(found).message


def test_each_camera_is_checked_against_its_own_table_and_count() -> None:
    wide = {"do_action": True, "exposure": 60, "gain": 60, "count": 2000}
    found = problems(goto_manual=GOTO, setup_camera={**TELE, "exposure": 60}, setup_wide_camera=wide)
    assert [problem.path for problem in found] == ["/setup_wide_camera/exposure", "/setup_wide_camera/count"]


def test_a_setting_the_camera_has_not_is_a_warning_when_plain_and_an_error_otherwise() -> None:
    plain = only(problems(SMALL, goto_manual=GOTO, setup_camera={**TELE, "exposure": 15, "binning": "0"}))
    assert (plain.code, plain.severity) == ("not_on_this_camera", Severity.WARNING)
    asked = only(problems(SMALL, goto_manual=GOTO, setup_camera={**TELE, "exposure": 15, "binning": 1}))
    assert (asked.path, asked.severity) == ("/setup_camera/binning", Severity.ERROR)


def test_what_the_model_lacks_is_an_error() -> None:
    found = problems(
        SMALL,
        goto_manual=GOTO,
        eq_solving={"do_action": True},
        setup_wide_camera=TELE,
        shutdown={"do_action": True, "power_down": True},
    )
    assert [(problem.path, problem.code) for problem in found] == [
        ("/eq_solving", "not_on_this_model"),
        ("/shutdown/power_down", "not_on_this_model"),
        ("/setup_wide_camera", "not_on_this_model"),
    ]


def test_the_sun_needs_a_declared_filter() -> None:
    problem = only(problems(goto_solar={"do_action": True, "target": "sun"}, setup_camera=TELE))
    assert (problem.path, problem.code, problem.severity) == (
        "/goto_solar/sun_filter",
        "sun_filter",
        Severity.ERROR,
    )
    declared = {"do_action": True, "target": "SUN", "sun_filter": "true"}
    assert problems(goto_solar=declared, setup_camera=TELE) == []


def test_both_gotos_are_a_warning() -> None:
    found = problems(goto_solar={"do_action": True, "target": "Moon"}, goto_manual=GOTO, setup_camera=TELE)
    assert (only(found).code, only(found).severity) == ("both_gotos", Severity.WARNING)


def test_a_capture_without_a_goto_is_a_warning() -> None:
    problem = only(problems(setup_camera=TELE))
    assert (problem.code, problem.severity) == ("no_goto", Severity.WARNING)
    assert "without_goto" in problem.hint
    said = only(problems(setup_camera=TELE | {"without_goto": True}))
    assert (said.code, said.hint) == ("no_goto", "")


def test_a_session_without_a_camera_is_a_warning() -> None:
    assert only(problems(goto_manual=GOTO)).code == "no_capture"


def test_a_name_without_coordinates_is_looked_up() -> None:
    seen = []

    def resolve(name: str) -> SkyTarget:
        seen.append(name)
        return SkyTarget("NGC 224", 0.712, 41.27)

    assert (
        problems(goto_manual={"do_action": True, "target": "M 31"}, setup_camera=TELE, resolve=resolve) == []
    )
    assert seen == ["M 31"]


def test_an_unknown_name_is_an_error_with_the_near_matches() -> None:
    def resolve(name: str) -> SkyTarget:
        raise AgentError(
            f'"{name}" is not in the catalogue.', code="unknown_target", hint="Did you mean M 31?"
        )

    found = problems(goto_manual={"do_action": True, "target": "M 310"}, setup_camera=TELE, resolve=resolve)
    problem = only(found)
    assert (problem.path, problem.code, problem.hint) == (
        "/goto_manual/target", "unknown_target", "Did you mean M 31?"
    )  # fmt: skip


def test_a_name_without_a_catalogue_is_an_error() -> None:
    problem = only(problems(goto_manual={"do_action": True, "target": "M 31"}, setup_camera=TELE))
    assert (problem.path, problem.severity) == ("/goto_manual/target", Severity.ERROR)


def test_a_planet_may_be_named_in_a_manual_goto_but_never_the_sun() -> None:
    def resolve(name: str) -> SolarTarget:
        return SolarTarget(name, SolarBody(name.lower()))

    def named(target: str) -> list[Problem]:
        return problems(goto_manual={"do_action": True, "target": target}, setup_camera=TELE, resolve=resolve)

    assert named("Jupiter") == []
    assert (only(named("Sun")).path, only(named("Sun")).code) == ("/goto_manual/target", "sun_filter")


@pytest.mark.parametrize(
    ("model", "asked", "expected"),
    [
        ("D3", {"IRCut": 0}, ["Use 1 (Astro) or 2 (Duo-Band)."]),
        ("D3", {"IRCut": 1, "gain": 30}, ["Use 40 or more."]),
        ("D3", {"IRCut": 2, "gain": 40}, []),
        ("D2", {"IRCut": 0, "gain": 20}, ["Use 40 or more."]),
        ("mini", {"IRCut": 1, "gain": 40}, []),
    ],
)
def test_what_the_deep_sky_does_not_offer_is_warned_of(
    model: str, asked: dict[str, Any], expected: list[str]
) -> None:
    tele = TELE | asked
    found = problems(capabilities_for(model), goto_manual=GOTO, setup_camera=tele)
    assert [each.hint for each in found] == expected
    assert {each.code for each in found} <= {"not_in_deep_sky"}
    assert not errors_of(found)
    wherever = problems(capabilities_for(model), setup_camera=tele | {"without_goto": True})
    assert [each.hint for each in wherever if each.code != "no_goto"] == expected
    moon = {"do_action": True, "target": "Moon"}
    assert problems(capabilities_for(model), goto_solar=moon, setup_camera=tele) == []


def test_no_count_needs_an_end_time_and_says_so() -> None:
    problem = only(problems(goto_manual=GOTO, setup_camera={**TELE, "count": 0}))
    assert (problem.code, problem.severity) == ("out_of_range", Severity.ERROR)
    assert "end_time" in problem.hint
    assert problems(goto_manual=GOTO, setup_camera={**TELE, "count": 0, "end_time": "04:00"}) == []


@pytest.mark.parametrize(
    ("model", "binning", "warned"), [("D2", "2k", True), ("D2", 0, False), ("D3", 1, False)]
)
@pytest.mark.parametrize("goto", [GOTO, None])
def test_a_binning_that_newer_firmware_of_the_model_has_not_is_warned_of(
    model: str, binning: object, warned: bool, goto: object
) -> None:
    tele = TELE | {"IRCut": 1, "binning": binning, "without_goto": True}
    found = problems(capabilities_for(model), goto_manual=goto, setup_camera=tele)
    told = [each for each in found if each.code == "not_with_newer_firmware"]
    assert bool(told) == warned
    for each in told:
        assert (each.path, each.severity) == ("/setup_camera/binning", Severity.WARNING)
        assert "2k" in each.message
        assert "4k" in each.hint
