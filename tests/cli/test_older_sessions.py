"""An owner's folder of the older program, of any version: read as it was meant, and no word too many."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.session.document import read_session
from tests.cli.conftest import Asked
from tests.cli.older_sessions import SESSIONS

MODELS = ("D2", "D3", "mini")
TOLD = {
    "2024 copied wait_afte": ["/goto_manual/wait_afte: misspelt"],
    "2025 Dwarfium": ["/setup_camera/gain: left_alone"],
}
TOLD_OF_MODEL = {("2026 rewrite, mini", "D2"): ["/setup_camera/binning: not_with_newer_firmware"]}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", SESSIONS)
def test_it_is_valid_and_only_what_may_surprise_is_told(asked: Asked, name: str, model: str) -> None:
    (answer,) = json.loads(asked("validate", SESSIONS[name], "--json", model=model))
    problems = [f"{one['path']}: {one['code']}" for one in answer["problems"]]
    told = TOLD.get(name, []) + TOLD_OF_MODEL.get((name, model), [])
    assert (answer["valid"], problems) == (True, told)


@pytest.mark.parametrize("name", SESSIONS)
def test_its_plan_does_what_it_says(asked: Asked, name: str) -> None:
    (answer,) = json.loads(asked("plan", SESSIONS[name], "--json", "--night", "2035-12-12"))
    body = json.loads(SESSIONS[name].decode("utf-8-sig"))["command"]
    on = {key for key, section in body.items() if section.get("do_action")}
    assert {step["section"] for step in answer["plan"]["steps"] if "section" in step} == on
    captures = [step for step in answer["plan"]["steps"] if step["step"] == "capture"]
    for step in captures:
        setup = body[step["section"]]
        assert step["count"] == int(setup["count"]) or (setup.get("end_time") and step["until"])
        assert step["gain"] == int(setup["gain"]) if setup["gain"] else "gain" not in step
    assert answer["night"]["session"]["run"][0] == "2035-12-12T22:05:00+01:00"


def test_the_copied_slip_waits_what_it_says() -> None:
    def wait(**goto: object) -> tuple[float, str]:
        section = {"do_action": True, "target": "M 81", **goto}
        reading = read_session({"id_command": {}, "goto_manual": section})
        assert reading.document is not None
        assert reading.document.goto_manual is not None
        (problem,) = reading.problems
        return reading.document.goto_manual.wait_after, problem.message

    assert wait(wait_afte=15) == (15, "wait_afte is read as wait_after.")
    assert wait(wait_afte=15, wait_after=None) == (15, "wait_afte is read as wait_after.")
    assert wait(wait_afte=15, wait_after="") == (15, "wait_afte is read as wait_after.")
    assert wait(wait_afte=15, wait_after=5) == (5, "wait_afte is kept, not used, as wait_after is given.")


def test_a_place_without_a_name_is_called_by_its_coordinates(asked: Asked) -> None:
    south = SESSIONS["2025 place without a name"].replace(b"+69:03:55", b"-69:03:55")
    assert "09:55:33.20 -69:03:55.0 is below the horizon at 22:05." in asked("validate", south)


@pytest.mark.parametrize("process", ["ended", "pending"])
def test_a_session_that_is_over_is_not_told_the_sky_of_now(asked: Asked, process: str) -> None:
    over = json.loads(SESSIONS["2025 editor"])
    over["command"]["id_command"] |= {"process": process, "date": "2025-07-01", "time": "13:00:00"}
    (answer,) = json.loads(asked("validate", over, "--json"))
    assert [problem["code"] for problem in answer["problems"]] == ["process_not_wait"]
    plan = asked("plan", over)
    assert "Autofocus" not in plan
    assert "Calibration" in plan
    assert not [line for line in plan.splitlines() if line.startswith(("  start", "  Runs", "  Will not"))]


def test_an_old_result_does_not_hide_that_the_start_is_over(asked: Asked) -> None:
    again = json.loads(SESSIONS["2025 editor"])
    times = {"starting_date": "2025-07-01 22:05:02", "processed_date": "2025-07-01 22:40:00"}
    again["command"]["id_command"] |= {"date": "2025-07-01", **times}
    assert "Its start (2025-07-01 22:05:00) is over." in asked("validate", again)
    again["command"]["id_command"]["starting_date"] = "2025-07-02 22:05:02"  # it began again since
    assert "Its start" not in asked("validate", again)


def test_the_whole_folder_of_the_older_program_names_those_that_hold_sessions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "Astro_Sessions"
    for name in ("ToDo", "Current", "Done", "Results"):
        (root / name).mkdir(parents=True)
    for name in ("ToDo", "Done"):
        (root / name / "M 81.json").write_bytes(SESSIONS["2025 editor"])
    (root / "Results" / "results_list.txt").write_text("M 81.json")
    assert main(["validate", str(root), "--model", "D3"]) == 2
    assert "There are some in Done, ToDo: name one of them." in capsys.readouterr().err
    assert main(["validate", str(root / "ToDo"), "--model", "D3"]) == 0
