"""`dwarf-agent provision`, the real bleak under it, against a telescope on a private bus."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import provision
from agent.cli.main import main
from agent.settings import load_settings
from agent.telescope.dwarf.bluetooth.messages import BleCmd
from tests.telescope.bluetooth.conftest import bus_address
from tests.telescope.bluetooth.peripheral import HOME, HOME_IP, HOME_PASSWORD, Peripheral

if sys.platform != "linux":
    pytest.skip("BlueZ is Linux's", allow_module_level=True)

from tests.telescope.bluetooth.fake_bluez import FakeBlueZ

pytestmark = pytest.mark.bluetooth
__all__ = ["bus_address"]

IT = ["provision", "--name", "DWARF3_1A2B3C", "--seconds", "10"]  # ends when it is heard
ANY = ["provision", "--seconds", "0.3"]  # ends after that


@pytest.fixture
def bluez(bus_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBlueZ]:
    """A radio and one telescope, in a folder without configuration, with nobody at the keyboard."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("DWARF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(provision, "_prompts", lambda: None)
    with FakeBlueZ(bus_address) as bluez:
        bluez.plug_in()
        bluez.peripherals = [Peripheral()]
        yield bluez


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_telescopes_are_listed(bluez: FakeBlueZ, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ANY, "--scan"]) == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split() == ["NAME", "MODEL", "SIGNAL", "ADDRESS"]
    assert line.split() == ["DWARF3_1A2B3C", "D3", "-60", "dBm", "AA:BB:CC:1A:2B:3C"]


def test_no_telescope_is_an_answer_too(bluez: FakeBlueZ, capsys: pytest.CaptureFixture[str]) -> None:
    bluez.peripherals = []
    assert main([*ANY, "--scan"]) == 1
    assert "Switch it on" in capsys.readouterr().err
    assert main([*ANY, "--ssid", HOME]) == 2
    assert "No telescope was found" in capsys.readouterr().err


def test_a_telescope_is_put_onto_the_wifi_and_into_the_configuration(
    bluez: FakeBlueZ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, "# mine\ntelescope_host: ''  # not known yet\nmqtt_host: broker\n")
    monkeypatch.setenv("DWARF_BLUETOOTH_WIFI_PASSWORD", HOME_PASSWORD)
    assert main([*IT, "--ssid", HOME]) == 0
    told = capsys.readouterr()
    assert "now on no Wi-Fi (its own access point), firmware 2.1.4" in told.out
    assert f"DWARF3_1A2B3C is on the Wi-Fi {HOME} at {HOME_IP}" in told.out
    assert HOME_PASSWORD not in told.out + told.err
    (telescope,) = load_settings(path).telescopes
    assert (telescope.host, telescope.model, telescope.id) == (HOME_IP, "D3", "dwarf3_1a2b3c")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# mine\ntelescope_host: '{HOME_IP}'  # not known yet\n")
    assert text.endswith("mqtt_host: broker\n")
    assert HOME_PASSWORD not in text


def test_a_telescope_that_ran_before_keeps_its_id(bluez: FakeBlueZ, tmp_path: Path) -> None:
    """Another id would make Home Assistant take it for another device."""
    path = config(tmp_path, "telescope_host: 10.0.0.9\n")
    assert main([*IT, "--ssid", HOME, "--wifi-password", HOME_PASSWORD]) == 0
    assert path.read_text(encoding="utf-8") == f"telescope_host: {HOME_IP}\ntelescope_model: D3\n"


def test_the_right_one_of_several_is_changed(bluez: FakeBlueZ, tmp_path: Path) -> None:
    path = config(
        tmp_path,
        "telescopes:\n- name: Garden\n  host: 10.0.0.9\n"
        "- name: Balcony\n  id: dwarf3_1a2b3c\n  host: 10.0.0.8\n",
    )
    assert main([*IT, "--ssid", HOME, "--wifi-password", HOME_PASSWORD]) == 0
    garden, balcony = load_settings(path).telescopes
    assert garden.host == "10.0.0.9"
    assert (balcony.name, balcony.host, balcony.model) == ("Balcony", HOME_IP, "D3")


@pytest.mark.parametrize(
    ("text", "more", "why"),
    [
        (None, [], "no configuration file"),
        ("telescope_host: 10.0.0.9\n", ["--no-write"], "--no-write"),
        ("telescope_host: 10.0.0.9\ntelescope_id: dwarf2_ffffff\n", [], "names another telescope"),
        ("telescope_host: 10.0.0.9\ntelescope_model: mini\n", [], "names another telescope"),
        ("telescopes:\n- {name: a, host: 10.0.0.9}\n- {name: b, host: 10.0.0.8}\n", [], "or several"),
        ("telescopes: [{host: 10.0.0.9}]\n", [], "on one line"),
    ],
)
def test_what_cannot_be_written_is_told_instead(
    bluez: FakeBlueZ,
    tmp_path: Path,
    text: str | None,
    more: list[str],
    why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = config(tmp_path, text) if text is not None else None
    assert main([*IT, "--ssid", HOME, "--wifi-password", HOME_PASSWORD, *more]) == 0
    told = capsys.readouterr().out
    assert why in told
    assert f"telescope_host: {HOME_IP}" in told
    if path is not None:
        assert path.read_text(encoding="utf-8") == text


def test_an_address_in_the_environment_is_pointed_out(
    bluez: FakeBlueZ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config(tmp_path, "telescope_host: ''\n")
    monkeypatch.setenv("DWARF_TELESCOPE_HOST", "10.0.0.9")
    assert main([*IT, "--ssid", HOME, "--wifi-password", HOME_PASSWORD]) == 0
    assert "DWARF_TELESCOPE_HOST is set" in capsys.readouterr().err


def test_the_file_whose_values_win_is_the_one_written(bluez: FakeBlueZ, tmp_path: Path) -> None:
    further = tmp_path / "agent.yaml"
    further.write_text("telescope_host: ''\n", encoding="utf-8")
    main_file = config(tmp_path, f"config_file: {further}\n")
    assert main([*IT, "--ssid", HOME, "--wifi-password", HOME_PASSWORD]) == 0
    assert HOME_IP in further.read_text(encoding="utf-8")
    assert HOME_IP not in main_file.read_text(encoding="utf-8")


def test_a_person_is_asked_for_what_is_missing(bluez: FakeBlueZ, monkeypatch: pytest.MonkeyPatch) -> None:
    bluez.peripherals = [Peripheral(ble_password="changed-by-me")]
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return {"B": "changed-by-me", "N": HOME, "P": HOME_PASSWORD}[question[0]]

    monkeypatch.setattr(provision, "_prompts", lambda: provision.Prompts(answer, answer))
    assert main(IT) == 0
    assert asked == [
        "Bluetooth password of the telescope: ",
        "Name of the Wi-Fi to join: ",
        f"Password of the Wi-Fi {HOME}: ",
    ]


def test_ctrl_d_and_ctrl_c_at_a_question_end_the_command(
    bluez: FakeBlueZ, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ctrl_d(question: str) -> str:
        raise EOFError

    def ctrl_c(question: str) -> str:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("the event loop kept the signal")

    for key in (ctrl_d, ctrl_c):
        ask = provision._interruptible(key)
        monkeypatch.setattr(provision, "_prompts", lambda ask=ask: provision.Prompts(ask, ask))
        assert main(IT) == 130


def test_a_telescope_on_the_wifi_only_tells_its_address(
    bluez: FakeBlueZ, capsys: pytest.CaptureFixture[str]
) -> None:
    bluez.peripherals = [Peripheral(ssid=HOME, wifi_password=HOME_PASSWORD, ip=HOME_IP)]
    assert main(ANY) == 0
    assert f"now on the Wi-Fi {HOME} at {HOME_IP}" in capsys.readouterr().out


def test_several_telescopes_need_a_choice(bluez: FakeBlueZ, capsys: pytest.CaptureFixture[str]) -> None:
    other = Peripheral("DWARF_9F8E7D", "AA:BB:CC:9F:8E:7D", ("0000daf2-0000-1000-8000-00805f9b34fb",))
    bluez.peripherals.append(other)
    order = [*ANY, "--ssid", HOME, "--wifi-password", HOME_PASSWORD]
    assert main(order) == 2
    assert "DWARF_9F8E7D" in capsys.readouterr().err
    assert main([*order, "--name", "dwarf_9f8e7d"]) == 0
    assert "dwarf2_9f8e7d" in capsys.readouterr().out
    assert BleCmd.STATION not in bluez.peripherals[0].asked
    assert main([*order, "--name", "DWARF_000000"]) == 2


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--ssid", HOME, "--wifi-password", "sesame"], "Wi-Fi password is wrong"),
        (["--ssid", "Hone", "--wifi-password", "sesame"], f"it sees {HOME}"),
        (["--ssid", HOME, "--ble-password", "sesame"], "refuses the Bluetooth password"),
        ([], "none was given"),
    ],
)
def test_a_refusal_is_one_sentence_with_a_remedy(
    bluez: FakeBlueZ, more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*IT, *more]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert "sesame" not in line


def test_a_setting_by_a_wrong_name_is_told_the_right_one(
    bluez: FakeBlueZ, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DWARF_WIFI_PASSWORD", HOME_PASSWORD)
    assert main([*IT, "--ssid", HOME]) == 2
    told = capsys.readouterr().err
    assert "DWARF_BLUETOOTH_WIFI_PASSWORD" in told
    assert HOME_PASSWORD not in told
