"""The first set-up at home: what is asked, what is tried, what is written, and the service of systemd."""

from __future__ import annotations

import os
import shutil
import socketserver
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.cli.service import unit_text
from agent.cli.setup import Person, set_up
from agent.clock import SystemClock
from agent.errors import AgentError
from agent.mqtt.broker_options import BrokerOptions
from agent.settings import load_settings
from agent.telescope.dwarf.look_around import Neighbour, look_around
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from tests.support.brokers import free_port

NOTHING_MORE = (
    ("Latitude", ""),
    ("Time zone", ""),
    ("Weather", ""),
    ("Folder", ""),
    ("Run it now", "n"),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, with a systemctl that only writes down what it is told."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("systemctl", "loginctl"):
        (tools / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/told\n')
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("DWARF_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of something that lets everybody connect."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """No telescope answers, even where a simulated one runs on this machine."""

    async def silence(*_: object) -> bool:
        return False

    monkeypatch.setattr("agent.telescope.dwarf.http.listens", silence)


class Script:
    """A person who answers as written: the beginning of each question, and the answer."""

    def __init__(self, *lines: tuple[str, str]) -> None:
        self._lines = list(lines)
        self.told: list[str] = []

    def person(self) -> Person:
        return Person(self._answer, self._answer, self.told.append)

    def _answer(self, question: str) -> str:
        begins, answer = self._lines.pop(0)
        assert question.strip().startswith(begins), question
        return answer

    def done(self) -> bool:
        return not self._lines


def test_the_few_things_are_asked_tried_and_written_where_every_command_finds_them(
    home: Path, listener: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".config" / "dwarf-agent" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"telescope_port: {listener}\n")
    script = Script(
        ("Address of the telescope", "127.0.0.1"),
        ("MQTT broker (Enter: none)", "127.0.0.1"),
        ("its port", str(free_port())),
        ("user name", "dwarf"),
        ("password", "s3cret"),
        ("Keep it all the same?", ""),
        ("MQTT broker", "127.0.0.1"),
        ("its port", str(free_port())),
        ("user name", "dwarf"),
        ("password", "s3cret: #1"),
        ("Keep it all the same?", "y"),
        ("Latitude, longitude", "48.85, 235"),
        ("Latitude, longitude", "48,85, 2,35"),
        ("Time zone", "Europe/Paris"),
        ("Weather:", "sky/rain is"),
        ("unsafe means", "wait"),
        ("Weather:", "sky/rain is 0"),
        ("unsafe means", "abort"),
        ("Folder of the session files", "~/nights"),
        ("Run it now and at every boot", "y"),
    )
    assert set_up(path, script.person()) == 0
    assert script.done()
    told = "\n".join(script.told)
    assert "The telescope at 127.0.0.1 answers." in told
    assert "cannot be reached" in told
    assert "longitude: must be less than or equal to 180." in told
    assert "s3cret" not in told
    settings = load_settings(path)
    assert settings.telescopes[0].host == "127.0.0.1"
    assert settings.telescopes[0].port == listener, "what stood there is kept"
    assert settings.mqtt.password.get_secret_value() == "s3cret: #1"
    assert (settings.site.latitude, settings.site.timezone) == (48.85, "Europe/Paris")
    assert settings.weather.policy.value == "abort"
    assert settings.sessions_dir == home / "nights"
    assert (home / "told").read_text().splitlines() == [
        "systemctl --user daemon-reload",
        "systemctl --user enable dwarf-agent.service",
        "systemctl --user restart dwarf-agent.service",
        "loginctl enable-linger",
    ]
    unit = (home / ".config/systemd/user/dwarf-agent.service").read_text()
    assert f'--config" "{path}"' in unit
    assert main(["page"]) == 0, "other commands read the same file"
    assert main(["service", "uninstall"]) == 0
    assert not (home / ".config/systemd/user/dwarf-agent.service").exists()
    assert main(["service", "uninstall"]) == 1
    assert path.exists()


@pytest.mark.usefixtures("nobody_listens")
def test_a_new_file_is_for_its_owner_alone_and_a_bare_one_needs_little(home: Path) -> None:
    path = home / ".config" / "dwarf-agent" / "config.yaml"
    script = Script(
        ("Address of the telescope", "127.0.0.1"),
        ("Keep this address", ""),
        ("MQTT broker", ""),
        ("Latitude", ""),
        ("Time zone", ""),
        ("Folder", ""),
        ("Run it now", "n"),
    )
    assert set_up(path, script.person()) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_settings(path).sessions_dir == home / "Astro_Sessions"
    assert "Is it on, in this network" in "\n".join(script.told)
    assert not (home / "told").exists()


def test_without_a_telescope_in_sight_the_rest_is_written_before_bluetooth_begins(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(*_: object) -> list[Neighbour]:
        return []

    monkeypatch.setattr("agent.telescope.dwarf.look_around.look_around", nobody)
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr("agent.cli.setup._run_command", lambda *words: asked.append(words))
    path = home / "config.yaml"
    script = Script(
        ("Address of the telescope", ""),
        ("Bring it here over Bluetooth", ""),
        ("MQTT broker", ""),
        ("Latitude, longitude", "48.85, 2.35"),
        ("Time zone", "Europe/Paris"),
        ("Folder", ""),
        ("Run it now", "n"),
    )
    assert set_up(path, script.person()) == 0
    assert asked == [("provision", "--config", str(path))]
    assert load_settings(path).site.latitude == 48.85


@pytest.mark.usefixtures("nobody_listens")
def test_what_cannot_be_is_asked_again_and_never_written(home: Path) -> None:
    path = home / "config.yaml"
    script = Script(
        ("Address of the telescope", "http://dwarf"),
        ("Address of the telescope", "127.0.0.1:9900"),
        ("Address of the telescope", "a..b"),
        ("Keep this address", "n"),
        ("Address of the telescope", "127.0.0.1"),
        ("Keep this address", ""),
        ("MQTT broker", "broker.local:1883"),
        ("MQTT broker", "127.0.0.1"),
        ("its port", "mqtt"),
        ("MQTT broker", "127.0.0.1"),
        ("its port", str(free_port())),
        ("user name", ""),
        ("Keep it all the same?", "y"),
        *NOTHING_MORE,
    )
    assert set_up(path, script.person()) == 0
    assert script.done()
    told = "\n".join(script.told)
    assert "telescope_host: must be an address alone" in told
    assert told.count("its port is a setting of its own") == 2
    assert "mqtt_port: must be a whole number." in told
    assert load_settings(path).mqtt.host == "127.0.0.1"


@pytest.mark.usefixtures("nobody_listens")
def test_several_things_that_are_wrong_stand_on_lines_of_their_own(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = Script(
        ("Address of the telescope", "127.0.0.1"),
        ("Keep this address", "y"),
        ("MQTT broker", ""),
        ("Latitude", "north, south"),
    )
    person = script.person()

    def answer(question: str) -> str:
        if script.done():
            raise EOFError
        return person.answer(question)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    assert main(["setup", "--config", str(home / "config.yaml")]) == 130
    told = capsys.readouterr().out
    assert "The configuration has 2 problems:\n  - latitude: must be a number.\n  - longitude: " in told


@pytest.mark.usefixtures("nobody_listens")
def test_what_was_right_is_offered_when_something_else_was_wrong(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two(*_: object) -> list[Neighbour]:
        return [Neighbour("192.0.2.5"), Neighbour("192.0.2.6")]

    monkeypatch.setattr("agent.telescope.dwarf.look_around.look_around", two)
    (home / "a file").touch()
    path, port = home / "config.yaml", str(free_port())
    script = Script(
        ("Address of the telescope", ""),
        ("Which one", "3"),
        ("Which one", "2"),
        ("MQTT broker", "127.0.0.1"),
        ("its port", port),
        ("user name", "dwarf"),
        ("password", "wrong"),
        ("Keep it all the same?", ""),
        ("MQTT broker ('none' for none) [127.0.0.1]", ""),
        (f"its port [{port}]", ""),
        ("user name (Enter: none) [dwarf]", ""),
        ("password", "right"),
        ("Keep it all the same?", "y"),
        ("Latitude", "48.85°,2.35°"),
        ("Time zone", "Paris"),
        ("Time zone", "Europe/Paris"),
        ("Weather", "sky/rain is 0"),
        ("unsafe means", "wait"),
        ("Folder", str(home / "a file")),
        ("Folder", "~nobody-of-that-name/sessions"),
        ("Folder", ""),
        ("Run it now", "n"),
    )
    assert set_up(path, script.person()) == 0
    assert script.done()
    told = "\n".join(script.told)
    assert "Type a number from 0 to 2." in told
    assert "None is in this network" not in told
    assert "Cannot prepare the session folders" in told
    assert "~nobody-of-that-name/sessions is the home of nobody." in told
    settings = load_settings(path)
    assert settings.telescopes[0].host == "192.0.2.6"
    assert (settings.mqtt.username, settings.mqtt.port) == ("dwarf", int(port))
    assert (settings.site.latitude, settings.site.longitude) == (48.85, 2.35)
    assert (home / "Astro_Sessions" / "ToDo").is_dir()


def test_a_password_is_not_written_where_everybody_reads_it(home: Path, listener: int) -> None:
    real = home / "kept" / "config.yaml"
    real.parent.mkdir()
    real.write_text(f"telescope_port: {listener}\ntelescope_host: 127.0.0.1\n")
    real.chmod(0o644)
    path = home / "config.yaml"
    path.symlink_to(real)
    script = Script(
        ("Telescope", ""),
        ("MQTT broker", "127.0.0.1"),
        ("its port", str(free_port())),
        ("user name", "dwarf"),
        ("password", "s3cret"),
        ("Keep it all the same?", "y"),
        *NOTHING_MORE,
    )
    assert set_up(path, script.person()) == 0
    assert path.is_symlink()
    assert "s3cret" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_broker_is_tried_with_what_else_the_file_says_of_it(
    home: Path, listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "config.yaml"
    path.write_text(f"telescope_port: {listener}\ntelescope_host: 127.0.0.1\nmqtt_tls: true\n")
    seen: list[bool] = []

    @asynccontextmanager
    async def calling(options: BrokerOptions, **_more: object) -> AsyncIterator[None]:
        seen.append(options.tls is not None)
        yield

    monkeypatch.setattr("agent.mqtt.client.calling", calling)
    script = Script(
        ("Telescope", ""),
        ("MQTT broker", "127.0.0.1"),
        ("its port", ""),
        ("user name", ""),
        *NOTHING_MORE,
    )
    assert set_up(path, script.person()) == 0
    assert seen == [True]


def test_a_file_in_groups_is_written_where_they_are(home: Path, listener: int) -> None:
    path = home / "mine.yaml"
    place = "site:\n  latitude: 1  # to be corrected\n  longitude: 2\n"
    path.write_text(f"{place}telescopes:\n  - id: garden\n    port: {listener}\n")
    script = Script(
        ("Address of the telescope", "127.0.0.1"),
        ("MQTT broker", ""),
        ("Latitude", "48.85, 2.35"),
        ("Time zone", ""),
        ("Folder", ""),
        ("Run it now", "n"),
    )
    assert set_up(path, script.person()) == 0
    settings = load_settings(path)
    assert (settings.telescopes[0].id, settings.telescopes[0].host) == ("garden", "127.0.0.1")
    assert (settings.site.latitude, settings.site.longitude) == (48.85, 2.35)
    assert "  latitude: 48.85  # to be corrected\n" in path.read_text()


def test_a_file_that_cannot_be_changed_is_said_before_anything_is_asked(home: Path) -> None:
    path = home / "mine.yaml"
    path.write_text("site: {latitude: 1, longitude: 2}\n")
    with pytest.raises(AgentError, match="written on one line"):
        set_up(path, Script().person())
    assert path.read_text() == "site: {latitude: 1, longitude: 2}\n"


def test_the_service_takes_over_what_the_environment_sets(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "mine.yaml"
    path.write_text("telescope_host: 127.0.0.1\n")
    monkeypatch.setenv("DWARF_MQTT_HOST", "broker")
    monkeypatch.setenv("DWARF_MQTT_PASSWORD", '$50 "% off')
    monkeypatch.setenv("DWARF_CONFIG", str(path))
    monkeypatch.setenv("DWARF_NO_SETTING", "1")
    assert main(["service", "install"]) == 0
    unit = home / ".config/systemd/user/dwarf-agent.service"
    assert [line for line in unit.read_text().splitlines() if line.startswith("Environment=")] == [
        'Environment="DWARF_MQTT_HOST=broker"',
        r'Environment="DWARF_MQTT_PASSWORD=$50 \"%% off"',
    ]
    assert stat.S_IMODE(unit.stat().st_mode) == 0o600, "there may be passwords in it"
    told = capsys.readouterr().out
    assert "DWARF_MQTT_HOST, DWARF_MQTT_PASSWORD" in told
    assert "50" not in told


@pytest.mark.parametrize(
    ("refused", "was", "told"),
    [
        (0, "no", "The agent runs, and will at every boot."),
        (1, "yes", "The agent runs, and will at every boot."),
        (1, "no", "It runs while you are logged in. For every boot: sudo loginctl enable-linger $USER"),
    ],
    ids=["allowed", "the administrator did it before", "not allowed"],
)
def test_a_service_that_will_not_run_without_a_login_does_not_say_that_it_will(
    refused: int, was: str, told: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "mine.yaml").write_text("telescope_host: 127.0.0.1\n")
    (home / "bin" / "loginctl").write_text(
        f'#!/bin/sh\n[ "$1" = show-user ] && echo {was} && exit\n'
        f"echo Could not enable linger: Access denied >&2; exit {refused}\n"
    )
    assert main(["service", "install", "--config", "mine.yaml"]) == 0
    said = capsys.readouterr()
    assert told in said.out
    assert ("while you are logged in" in said.out + said.err) == ("while" in told)


def test_settings_that_do_not_hold_are_told_before_they_become_a_service(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "mine.yaml").write_text("telescope_host: 127.0.0.1\nlatitude: 480\nlongitude: 2\n")
    assert main(["service", "install", "--config", "mine.yaml"]) == 2
    assert "latitude: must be less than or equal to 90" in capsys.readouterr().err
    assert not (home / ".config/systemd").exists()
    assert not (home / "told").exists(), "what runs goes on as it was"
    monkeypatch.setenv("DWARF_LATITUDE", "48")
    assert main(["service", "install", "--config", "mine.yaml"]) == 0, (
        "the environment wins, and goes with it"
    )


@pytest.mark.parametrize("refused", ["daemon-reload", "enable", "restart"])
@pytest.mark.parametrize("before", [None, "[Service]\nExecStart=/usr/bin/older\n"])
def test_a_service_that_cannot_be_made_leaves_things_as_they_were(
    refused: str, before: str | None, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = home / ".config/systemd/user/dwarf-agent.service"
    if before is not None:
        unit.parent.mkdir(parents=True)
        unit.write_text(before)
    (home / "mine.yaml").write_text("telescope_host: 127.0.0.1\n")
    (home / "bin" / "systemctl").write_text(
        f'#!/bin/sh\necho "$@" >> {home}/told\n[ "$2" != {refused} ] || [ -e {home}/failed ] || '
        f"{{ touch {home}/failed; exit 1; }}\n"
    )
    assert main(["service", "install", "--config", "mine.yaml"]) == 2
    assert f"systemctl --user {refused}" in capsys.readouterr().err
    assert (unit.read_text() if unit.exists() else None) == before
    told = (home / "told").read_text().splitlines()
    told = told[next(at for at, line in enumerate(told) if line.startswith(f"--user {refused}")) + 1 :]
    begun = refused == "restart"
    assert told == [
        *(["--user disable --now dwarf-agent.service"] if begun and before is None else []),
        "--user daemon-reload",
        *(["--user restart dwarf-agent.service"] if begun and before is not None else []),
    ]


def test_without_a_person_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup"]) == 2
    assert "nobody to answer" in capsys.readouterr().err
    assert main(["service", "install"]) == 2
    assert "Run `dwarf-agent setup` first" in capsys.readouterr().err


def test_systemd_reads_the_unit_back_as_it_was_meant(tmp_path: Path) -> None:
    unit = unit_text(tmp_path / 'my "50%" $HOME.yaml', {"DWARF_MQTT_PASSWORD": 'a $b\n"c%'})
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert line.startswith(f'ExecStart="{sys.executable}" "-P" "-m" "agent" "run" "--config" ')
    assert line.endswith('/my \\"50%%\\" $$HOME.yaml"')
    assert '/a\\x0aRestart=no"' in unit_text(tmp_path / "a\nRestart=no", {}), "no line of its own"
    if (verify := shutil.which("systemd-analyze")) is not None:
        (tmp_path / "dwarf-agent.service").write_text(unit)
        words = [verify, "--user", "verify", str(tmp_path / "dwarf-agent.service")]
        checked = subprocess.run(
            words, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}, capture_output=True, text=True
        )
        assert "dwarf-agent.service" not in checked.stderr, checked.stderr


async def test_a_telescope_on_the_network_is_found_with_its_name_and_model() -> None:
    async with SimulatedDwarf(SimulatorOptions(port=0, http_port=0), SystemClock()) as telescope:
        port, http_port = telescope.port, telescope.http_port
        found = await look_around(["127.0.0.1", "127.0.0.77"], port=port, http_port=http_port)
    assert [(one.host, one.model) for one in found] == [("127.0.0.1", "D3")]
    assert found[0].name
    assert await look_around(["127.0.0.1"], port=free_port()) == []
    assert Neighbour("192.0.2.1").model == ""
