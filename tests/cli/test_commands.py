"""The command line as people type it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent import __version__
from agent.cli.logging_setup import set_up_logging
from agent.cli.main import main
from agent.errors import AgentError
from agent.log_lines import without_secrets
from agent.store.collected import Collected
from agent.store.folders import Tree
from agent.store.journal import Journals
from agent.telescope.dwarf.models import capabilities_for

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "agent" / "cli" / "demo_session.json"
COMMANDS = (
    "dashboard",
    "run",
    "demo",
    "simulate",
    "validate",
    "plan",
    "import",
    "submit",
    "status",
    "abort",
    "pause",
    "resume",
    "skip",
    "end-night",
    "stop-after-this",
    "run-now",
    "remove",
    "reschedule",
    "park",
    "goto",
    "shutdown",
    "reboot",
    "download",
    "history",
    "provision",
    "elements",
    "schema",
)
HEAVY = (
    "pydantic",
    "yaml",
    "paho",
    "websockets",
    "google",
    "ephem",
    "apscheduler",
    "bleak",
    "PIL",
    "aiohttp",
    "rich",
)


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no configuration file and no environment of this machine has a say."""
    import os

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("DWARF_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def _log_restored() -> Iterator[None]:
    """Give logging back as it was, after a test that set it up."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def write(path: Path, session: dict[str, object]) -> Path:
    path.write_text(json.dumps({"command": session}), encoding="utf-8")
    return path


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_every_command_explains_itself(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert f"dwarf-agent {' '.join(command)}".rstrip() in told
    assert "examples:" in told or "first steps:" in told


def test_help_is_there_without_importing_anything_heavy() -> None:
    code = (
        "import sys\nfrom agent.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"dwarf-agent {__version__}\n"


def test_a_command_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validat"])
    assert ended.value.code == 2
    assert "validate" in capsys.readouterr().err


def test_run_without_a_telescope_and_a_page_says_what_to_set_and_simulates_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "--set", "page_enabled=false"]) == 2
    told = capsys.readouterr().err
    for way in ("telescope_host", "DWARF_TELESCOPE_HOST", "--telescope-host"):
        assert way in told
    assert "Traceback" not in told


def test_run_tells_every_mistake_of_the_configuration_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DWARF_TELESCOPE_HSOT", "x")
    assert main(["run", "--mqtt-port", "many", "--set", "latitud=1"]) == 2
    told = capsys.readouterr().err
    assert "Did you mean DWARF_TELESCOPE_HOST?" in told
    assert "--mqtt-port: must be a whole number." in told
    assert "Did you mean latitude?" in told


def test_errors_of_tasks_that_run_together_are_told_one_by_one_and_bugs_are_not_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail_with(error: BaseException) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("agent.session.schema.json_schema", fail)

    group = ExceptionGroup(
        "both", [AgentError("One."), ExceptionGroup("more", [AgentError("Two.", hint="Fix it.")])]
    )
    fail_with(group)
    assert main(["schema"]) == 2
    assert capsys.readouterr().err == "dwarf-agent: One.\ndwarf-agent: Two. Fix it.\n"
    fail_with(ExceptionGroup("mixed", [AgentError("One."), KeyError("a bug")]))
    with pytest.raises(ExceptionGroup, match="mixed"):
        main(["schema"])
    fail_with(KeyboardInterrupt())
    assert main(["schema"]) == 130


def test_a_valid_session_exits_0_and_an_invalid_one_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = write(
        tmp_path / "bad.json", {"id_command": {}, "setup_camera": {"do_action": True, "exposure": "7"}}
    )
    assert main(["validate", str(SAMPLE), "--model", "D3"]) == 0
    assert "valid: M 42" in capsys.readouterr().out
    assert main(["validate", str(SAMPLE), str(bad), "--model", "D3"]) == 1
    told = capsys.readouterr().out
    assert f"{bad}: NOT VALID" in told
    assert "/setup_camera/exposure" in told


def test_validation_says_which_model_it_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(SAMPLE)]) == 0
    assert "Checked against a D3" in capsys.readouterr().err
    assert main(["validate", str(SAMPLE), "--set", "telescope_model=D3"]) == 0
    assert "Checked against" not in capsys.readouterr().err


def test_validation_as_json_lists_every_file_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.json", {"id_command": {}})
    (tmp_path / "b.json").write_text("{half written", encoding="utf-8")
    assert main(["validate", str(tmp_path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(Path(one["file"]).name, one["valid"]) for one in found] == [("a.json", True), ("b.json", False)]
    assert found[1]["problems"][0]["message"]


def test_files_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "none.json"]) == 2
    assert "none.json does not exist" in capsys.readouterr().err
    assert main(["plan", str(tmp_path)]) == 2
    assert "no session file" in capsys.readouterr().err
    assert main(["run", "--config", "none.yaml"]) == 2
    assert "none.yaml: cannot be read" in capsys.readouterr().err


def test_a_plan_shows_steps_start_end_and_the_sky(capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--set", "latitude=48.85", "--set", "longitude=2.35", "--set", "timezone=Europe/Paris"]
    assert main(["plan", str(SAMPLE), "--model", "D3", *where]) == 0
    told = capsys.readouterr().out
    for word in (
        "Autofocus",
        "Calibration",
        "Capture 20 × 10 s",
        "starts as soon as it can: see the night below",
        "Europe/Paris",
        "Sun",
    ):
        assert word in told
    assert main(["plan", str(SAMPLE), "--model", "D3", "--json", *where]) == 0
    found = json.loads(capsys.readouterr().out)[0]
    assert found["plan"]["frames_requested"] == 20
    assert found["start"] < found["end"]
    assert {place["target"] for place in found["sky"]} == {"M 42 Orion Nebula"}


def test_a_plan_without_sessions_still_shows_the_night(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ToDo").mkdir()
    assert main(["plan", "--model", "D3", "--set", f"sessions_dir={tmp_path}", *SITE]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"No session waits in {tmp_path / 'ToDo'}.")
    assert "Sun: sets " in told


SITE = ["--set", "latitude=48.85", "--set", "longitude=2.35", "--set", "timezone=Europe/Paris"]


def goes_to(target: str, day: str, clock: str, **more: object) -> dict[str, object]:
    """A session of an hour and three quarters."""
    return {
        "id_command": {"date": day, "time": clock},
        "goto_manual": {"do_action": True, "target": target},
        "setup_camera": {"do_action": True, "exposure": "15", "gain": 60, "count": 400},
        **more,
    }


def test_a_plan_tells_the_night_who_runs_when_and_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.json", goes_to("M 31", "2027-11-22", "21:00:00"))
    low = {"do_action": True, "min_altitude": 20, "wait_max": 3600}
    write(tmp_path / "b.json", goes_to("M 31", "2027-11-22", "21:30:00"))
    write(tmp_path / "c.json", goes_to("Sirius", "2027-11-22", "20:00:00", conditions=low))
    write(tmp_path / "d.json", goes_to("Canopus", "2027-11-22", "14:00:00"))
    night = ["--night", "2027-11-22", "--model", "D3", *SITE]
    assert main(["plan", str(tmp_path), "--png", "night.png", "--svg", "night.svg", *night]) == 0
    told = capsys.readouterr().out
    for line in (
        "Night of 2027-11-22 (Europe/Paris)",
        "Sun: sets 17:0",
        "Moon: ",
        "Runs 21:00 to 22:47",
        "Runs 22:47 to 00:3",
        "Runs 01:",
        "Will not run: Canopus never rises here.",
        "warning /goto_manual: Canopus is below the horizon at 14:00.",
    ):
        assert line in told, line
    assert (tmp_path / "night.png").read_bytes().startswith(b"\x89PNG")
    drawn = (tmp_path / "night.svg").read_text(encoding="utf-8")
    assert "M 31" in drawn
    assert "21:00 to 22:47" in drawn
    assert "Canopus never rises here." in drawn
    assert main(["plan", str(tmp_path), "--json", *night]) == 0
    a, b, c, d = json.loads(capsys.readouterr().out)
    assert a["night"]["session"]["run"][0] == "2027-11-22T21:00:00+01:00"
    assert b["night"]["session"]["conflicts"] == []
    assert c["night"]["session"]["run"][0] > a["night"]["session"]["run"][1]  # it waits until it is up
    assert (d["night"]["session"]["run"], d["night"]["session"]["reason"]) == (None, "altitude")


def test_a_plan_of_the_folders_knows_what_runs_and_the_frames_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "Astro_Sessions"
    for folder in ("ToDo", "Current"):
        (base / folder).mkdir(parents=True)
    runs = goes_to("M 81", "2020-01-01", "21:00:00", conditions={"do_action": True, "sun_below": 90})
    runs["id_command"] = {**runs["id_command"], "process": "pending"}  # type: ignore[dict-item]
    write(base / "Current" / "runs.json", runs)
    write(base / "ToDo" / "b.json", {**runs, "id_command": {}})
    journals = Tree(base).journals
    journals.mkdir(parents=True)
    Journals(journals).of("b").save({"frames": {"tele": {"taken": 300, "stacked": 299}}})
    assert main(["plan", "--model", "D3", *SITE]) == 0
    told = capsys.readouterr().out
    assert told.index("\nruns (M 81)\n  Runs ") < told.index("\nb (M 81)\n  Runs ")
    assert main(["plan", "--model", "D3", "--json", *SITE]) == 0
    (b,) = json.loads(capsys.readouterr().out)
    assert sum(block["frames"] for block in b["night"]["session"]["blocks"]) == 100


def test_a_plan_has_what_is_left_of_a_goal_and_says_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "Astro_Sessions"
    for folder in ("ToDo", "Done", ".dwarf-agent"):
        (base / folder).mkdir(parents=True)
    wanted = goes_to("M 81", "2020-01-01", "21:00:00", conditions={"do_action": True, "sun_below": 90})
    goal = {"do_action": True, "frames": 350}
    write(base / "ToDo" / "a.json", {**wanted, "goal": goal})
    write(base / "ToDo" / "b.json", {**wanted, "goal": goal, "id_command": {"group": "has it all"}})
    setup = wanted["setup_camera"]
    assert isinstance(setup, dict)
    for group, stacked in (("a", 310), ("has it all", 350)):
        details = {
            "ended_at": "2026-11-22T23:00:00+01:00",
            "session_id": group,
            "frames_by_camera": {"tele": {"taken": stacked, "stacked": stacked}},
        }
        done = {"id_command": {"process": "ended", "group": group}, "result_details": details}
        write(base / "Done" / f"{group}.json", {**wanted, **done})
    paris = ZoneInfo("Europe/Paris")
    Collected(Tree(base), paris, None, lambda: capabilities_for("D3")).catch_up()
    assert main(["plan", "--model", "D3", *SITE]) == 0
    told = capsys.readouterr().out
    assert "  Goal a: " in told
    assert "  Goal has it all: " in told
    assert "in 1 night, 100 %" in told
    assert main(["plan", "--model", "D3", "--json", *SITE]) == 0
    a, b = json.loads(capsys.readouterr().out)
    assert sum(block["frames"] for block in a["night"]["session"]["blocks"]) == 40
    assert b["night"]["session"] is None


def test_a_plan_without_a_site_says_so_and_still_tells_the_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    todo = tmp_path / "Astro_Sessions" / "ToDo"
    todo.mkdir(parents=True)
    write(todo / "a.json", goes_to("M 31", "2027-11-22", "21:00:00"))
    assert main(["plan", "--model", "D3"]) == 0
    told = capsys.readouterr().out
    assert "Capture 400 × 15 s" in told
    assert "Set latitude and longitude" in told
    assert main(["plan", "--model", "D3", "--png", "night.png"]) == 2
    assert "latitude" in capsys.readouterr().err


def test_validation_warns_of_a_target_below_the_horizon_or_in_daylight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.json", goes_to("Canopus", "2027-11-22", "14:00:00"))
    assert main(["validate", "a.json", "--model", "D3", "--json", *SITE]) == 0
    problems = json.loads(capsys.readouterr().out)[0]["problems"]
    assert [problem["code"] for problem in problems] == ["below_horizon"]


def test_a_session_with_a_start_is_planned_in_the_local_zone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = {
        "id_command": {"date": "2027-03-12", "time": "22:30:00", "end_time": "22:31"},
        "auto_focus": {"do_action": True},
    }
    write(tmp_path / "a.json", session)
    assert main(["plan", "a.json", "--model", "D3", "--set", "timezone=Europe/Paris"]) == 0
    told = capsys.readouterr().out
    assert "start 2027-03-12 22:30" in told
    assert "window closes 2027-03-12 22:31" in told


def test_a_target_is_found_by_name_planets_too_but_never_the_sun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def named(target: str) -> list[str]:
        goto = {"do_action": True, "target": target}
        return [
            "validate",
            str(write(tmp_path / "a.json", {"id_command": {}, "goto_manual": goto})),
            "--model",
            "D3",
        ]

    assert main(named("M 31")) == 0
    assert main(named("Jupiter")) == 0
    assert "goto_solar" not in capsys.readouterr().out
    assert main(named("Sun")) == 1
    assert "goto_solar" in capsys.readouterr().out
    assert main(named("M 3x1")) == 1


def test_the_schema_is_one_that_the_sample_fits(capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    assert main(["schema"]) == 0
    jsonschema.validate(json.loads(SAMPLE.read_text()), json.loads(capsys.readouterr().out))


def test_submit_of_something_that_is_no_session_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text, remedy in (("[1]", 'starts with {"command": {...}}'), ("{", "dwarf-agent validate a.json")):
        (tmp_path / "a.json").write_text(text)
        assert main(["submit", "a.json", "--mqtt-host", "127.0.0.1"]) == 2
        told = capsys.readouterr().err
        assert told.startswith("dwarf-agent: a.json is no session: ")
        assert remedy in told


@pytest.mark.usefixtures("_log_restored")
def test_secrets_never_reach_the_log() -> None:
    stream = StringIO()
    for form in ("plain", "json"):
        set_up_logging("info", form, stream)
        try:
            logging.getLogger("agent.x").info(
                "joining with wifi_password=%s and token: %s", "geheim", "geheim"
            )
            logging.getLogger("agent.x").warning('{"password": "geheim", "ssid": "home"}')
            try:
                raise ValueError("psw='geheim'")
            except ValueError:
                logging.getLogger("agent.x").exception("it failed")
        finally:
            logging.getLogger().handlers.clear()
    told = stream.getvalue()
    assert "geheim" not in told
    assert "home" in told
    assert "it failed" in told


@pytest.mark.usefixtures("_log_restored")
@pytest.mark.parametrize("form", ["plain", "json"])
def test_what_strangers_send_makes_no_second_line_of_the_log(form: str) -> None:
    stream = StringIO()
    set_up_logging("info", form, stream)
    try:
        logging.getLogger("agent.x").info("refused %s", "a\r\n2026 ERROR all is lost\x1b[31m")
    finally:
        logging.getLogger().handlers.clear()
    told = stream.getvalue()
    assert len(told.splitlines()) == 1
    assert not set("\r\x1b") & set(told)
    assert "all is lost" in told


def test_text_without_secrets_stays_as_it_is() -> None:
    text = "Go to M 42, gain=60: the token of a password is not the password"
    assert without_secrets(text) == text


@pytest.mark.usefixtures("_log_restored")
def test_json_log_lines_are_json_with_time_level_and_session() -> None:
    stream = StringIO()
    set_up_logging("info", "json", stream)
    logging.getLogger("agent.x").warning("a line\nin two %s", "parts")
    logging.getLogger("agent.x").debug("not shown")
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert (found["level"], found["session"], found["message"]) == ("warning", "-", "a line\nin two parts")
