"""What somebody sees who types the first commands, and mistypes some."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.capabilities import read_model
from agent.cli.main import commands_of, main, whole_parser
from agent.mqtt.client import CONNECT_S
from agent.settings import load_settings
from agent.settings.flat import FLAT_SETTINGS
from tests.support.brokers import free_port


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no configuration file and no environment of this machine has a say."""
    import os

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("DWARF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def _log_restored() -> Iterator[None]:
    """Give logging back as it was, after a test that set it up."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of words that are no command line."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_the_bare_command_is_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    told = capsys.readouterr()
    assert "first steps:" in told.out
    assert not told.err


def test_a_mistyped_command_names_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no command 'validat'. Did you mean validate?" in refused(["validat", "x.json"], capsys)
    told = refused(["zzz"], capsys)
    assert "Did you mean" not in told
    assert "Commands: " in told


def test_a_mistyped_flag_names_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(["run", "--telescope-hots", "192.168.1.50"], capsys)
    assert "Did you mean --telescope-host?" in told
    assert told.startswith("usage: dwarf-agent run ")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--set", "latitude=48", "validate", "x.json"], "dwarf-agent validate --set ..."),
        (["--sessions-dir=x", "plan"], "dwarf-agent plan --sessions-dir ..."),
        (["--json"], "dwarf-agent COMMAND --json ..."),
    ],
)
def test_a_flag_before_the_command_is_told_its_place(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(words, capsys)
    assert told.endswith(f"flags come after the command, as in `{meant}`.\n")
    assert "latitude" not in told


@pytest.mark.parametrize(("typed", "meant"), [("--versoin", "--version"), ("--hepl", "--help")])
def test_a_mistyped_flag_of_the_program_itself_is_told_with_what_was_meant(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused([typed], capsys).endswith(f" Did you mean {meant}?\n")


@pytest.mark.parametrize("words", [["--mqtt-password=hunter2"], ["--mqtt-pasword", "hunter2"]])
def test_what_is_given_to_a_flag_that_nobody_knows_is_not_repeated(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(["run", *words], capsys)
    assert words[0].partition("=")[0] in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["download", "--telescope-card-port", "8083"], "--set telescope_card_port=..."),
        (["plan", "--sun-below=90"], "--set sun_below=..."),
        (["goto", "M 31"], "--target 'M 31'."),
    ],
)
def test_what_is_said_in_another_way_here_is_told_how(
    words: list[str], instead: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"Say {instead}" in refused(words, capsys)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["--set", "latitude=99", "--set", "longitude=1"], "--set latitude: "),
        (["--set", "mqtt_port=0"], "--set mqtt_port: "),
        (["--mqtt-port", "0"], "--mqtt-port: "),
    ],
)
def test_a_wrong_value_is_called_by_the_name_that_was_typed(
    words: list[str], place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--telescope-host", "192.0.2.1", *words]) == 2
    assert f"dwarf-agent: {place}must be " in capsys.readouterr().err


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Every command's parser by its name."""
    return commands_of(whole_parser())


def test_every_flag_says_what_it_is() -> None:
    silent = [
        f"{name} {'/'.join(action.option_strings) or action.dest}"
        for name, parser in parsers().items()
        for action in parser._actions
        if not action.help
    ]
    assert silent == []


def test_the_flags_of_settings_are_settings() -> None:
    dests = {action.dest for parser in parsers().values() for action in parser._actions}
    named = {dest.removeprefix("setting_") for dest in dests if dest.startswith("setting_")}
    assert named <= FLAT_SETTINGS.keys()


@pytest.mark.parametrize(
    ("text", "model"),
    [
        *(("d3", "D3"), ("D3", "D3"), ("Dwarf 3", "D3"), ("dwarf-3", "D3"), ("DWARFIII", "D3")),
        *(("d2", "D2"), ("Dwarf II", "D2"), ("DWARF2", "D2"), ("Mini", "mini"), ("dwarf_mini", "mini")),
        *(("", None), ("d4", None), ("dwarf", None), ("33", None)),
    ],
)
def test_a_model_is_understood_however_it_is_written(text: str, model: str | None) -> None:
    assert read_model(text) == model


def test_every_place_that_takes_a_model_takes_it_however_it_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert parsers()["validate"].parse_args(["x.json", "--model", "dwarf 3"]).model == "D3"
    assert parsers()["simulate"].parse_args(["--model", "d3 plus"]).model == "D3 Plus"
    assert load_settings(flags={"telescope_model": "dwarf II"}).telescopes[0].model == "D2"
    assert load_settings(flags={"telescope_model": "AUTO"}).telescopes[0].model == "auto"
    assert "must be D2, D3, mini, not 'd4'" in refused(["plan", "x.json", "--model", "d4"], capsys)


def test_a_broker_that_is_not_there_is_told_at_once_and_once(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    port, began = free_port(), time.monotonic()
    assert main(["status", "--mqtt-host", "127.0.0.1", "--mqtt-port", str(port)]) == 2
    assert time.monotonic() - began < CONNECT_S / 2
    told = capsys.readouterr().err
    assert told.startswith(f"dwarf-agent: The MQTT broker at 127.0.0.1:{port} cannot be reached: ")
    assert caplog.text == ""


@pytest.mark.usefixtures("_log_restored")
@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that nobody can write to")
def test_a_folder_that_cannot_be_written_is_said_first_and_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["run", "--telescope-host", "127.0.0.1", "--telescope-port", str(free_port())]
    assert main([*words, "--sessions-dir", "/sys/dwarf"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "dwarf-agent: Cannot prepare the session folders: permission denied for /sys/dwarf/ToDo. "
        "Let the account that runs dwarf-agent write there."
    ]


def test_a_service_that_is_not_installed_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("agent.cli.service.has_systemd", lambda: True)
    assert main(["service", "status"]) == 1
    assert "`dwarf-agent service install` makes it one" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [["samples", "file/below"], ["service", "install", "--config", "mine.yaml"]],
    ids=lambda one: one[0],
)
def test_what_cannot_be_written_is_one_sentence(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "mine.yaml").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("agent.cli.service.has_systemd", lambda: True)
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith("dwarf-agent: ")
    assert told.endswith("Not a directory.\n")
    assert told.count("\n") == 1
