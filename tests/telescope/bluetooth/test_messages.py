"""Answers become values, codes become errors with a remedy, and passwords stay hidden."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.telescope.dwarf.bluetooth import errors
from agent.telescope.dwarf.bluetooth.errors import error_of
from agent.telescope.dwarf.bluetooth.found import FoundTelescope, Provisioned
from agent.telescope.dwarf.bluetooth.framing import Message
from agent.telescope.dwarf.bluetooth.messages import (
    AccessPointAnswer,
    GetConfig,
    GetSystemInfo,
    ListNetworks,
    NetworkConfig,
    NetworksAnswer,
    SetAccessPoint,
    SetStation,
    SystemInfo,
    WifiNetwork,
    read_answer,
    to_message,
)
from agent.telescope.dwarf.bluetooth.provisioning import HomeNetwork
from agent.telescope.dwarf.bluetooth.transport import Sighting, model_of
from agent.telescope.dwarf.proto import ble_pb2 as pb
from agent.telescope.errors import RefusedError, TelescopeError, TransientError

KINDS = {
    -1: errors.BluetoothPasswordError,
    -2: errors.DeviceFaultError,
    -3: errors.MisunderstoodError,
    -4: errors.MisunderstoodError,
    -5: errors.BusyError,
    -6: errors.AlreadyConfiguredError,
    -7: errors.DeviceFaultError,
    -8: errors.WifiPasswordError,
    -9: errors.WifiPasswordError,
    -10: errors.WifiNotGivenError,
    -11: errors.BusyError,
    -12: errors.BusyError,
    -13: errors.NotSupportedError,
    -14: errors.MisunderstoodError,
    -15: errors.MisunderstoodError,
    -16: errors.NotSupportedError,
    -17: errors.DeviceFaultError,
    -18: errors.DeviceFaultError,
}
SECRETS = ("hunter2hunter2", "swordfish-wifi")


def answer(command: int, message: object) -> Message:
    return Message(command, message.SerializeToString())  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", KINDS)
def test_each_code_is_an_error_of_its_kind_with_a_sentence_and_a_remedy(code: int) -> None:
    with pytest.raises(KINDS[code]) as raised:
        read_answer(answer(3, pb.BleStationAnswer(cmd=3, code=code)), SetStation("a", "b", "c"))
    error = raised.value
    assert error.device_code == code
    assert f"({code})" in error.message
    assert re.fullmatch(r"[A-Z].+\.", error.hint)


@settings(deadline=None)
@given(st.integers(-(2**31), 2**31 - 1).filter(bool))
def test_any_code_is_an_error_and_a_person_is_told_the_number(code: int) -> None:
    error = error_of(code)
    assert isinstance(error, TelescopeError)
    assert str(code) in error.message
    assert isinstance(error, RefusedError | TransientError)


def test_an_error_report_is_the_answer_to_the_request_it_names_and_to_no_other() -> None:
    mine = answer(0, pb.BleErrorReport(cmd=3, code=-9))
    with pytest.raises(errors.WifiPasswordError):
        read_answer(mine, SetStation("a", "b", "c"))
    assert read_answer(mine, GetSystemInfo()) is None
    with pytest.raises(errors.MisunderstoodError):
        read_answer(answer(0, pb.BleErrorReport(code=-4)), GetSystemInfo())


def test_the_answer_to_another_request_is_not_taken() -> None:
    assert read_answer(answer(1, pb.BleConfigAnswer(cmd=1, code=-1)), GetSystemInfo()) is None


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        ("192.168.1.57", "192.168.1.57"),
        (" 10.0.0.9", "10.0.0.9"),
        ("192.168.88.1", ""),  # the telescope's own access point
        ("0.0.0.0", ""),
        ("127.0.0.1", ""),
        ("none", ""),
        ("", ""),
    ],
)
def test_only_an_address_on_somebodys_network_counts(told: str, understood: str) -> None:
    read = read_answer(
        answer(1, pb.BleConfigAnswer(cmd=1, state=2, wifi_mode=2, ssid="x", ip=told)), GetConfig("p")
    )
    assert isinstance(read, NetworkConfig)
    assert read.ip == understood


def test_networks_are_listed_once_with_the_signal_where_the_firmware_tells_it() -> None:
    old = answer(6, pb.BleWifiListAnswer(cmd=6, ssid=["a", "b", "a", ""]))
    assert read_answer(old, ListNetworks()) == NetworksAnswer((WifiNetwork("a"), WifiNetwork("b")))
    new = answer(
        6, pb.BleWifiListAnswer(cmd=6, ssid=["a"], networks=[pb.BleWifiNetwork(ssid="a", signal=-40)])
    )
    assert read_answer(new, ListNetworks()) == NetworksAnswer((WifiNetwork("a", -40),))


def test_system_information_and_access_point_are_read() -> None:
    info = pb.BleSystemInfoAnswer(
        cmd=7, protocol_version=2, device="DWARF3", mac="AA", firmware_version="1.2"
    )
    assert read_answer(answer(7, info), GetSystemInfo()) == SystemInfo("DWARF3", "AA", "1.2", 2)
    point = pb.BleAccessPointAnswer(cmd=2, mode=1, ssid="DWARF3_1", psd="secret")
    assert read_answer(answer(2, point), SetAccessPoint("p", "DE")) == AccessPointAnswer(
        1, "DWARF3_1", "secret"
    )


def test_an_access_point_on_2_4_ghz_is_asked_for_as_such() -> None:
    asked = pb.BleSetAccessPoint.FromString(to_message(SetAccessPoint("p", "DE", five_ghz=False)).payload)
    assert (asked.cmd, asked.wifi_type, asked.country, asked.ble_psd) == (2, 1, "DE", "p")


def test_an_answer_that_is_no_message_is_an_error_that_quotes_none_of_it() -> None:
    with pytest.raises(errors.AnswerError) as raised:
        read_answer(Message(1, b"\x4a\x7fhunter2hunter2"), GetConfig("p"))
    assert raised.value.__cause__ is None
    assert SECRETS[0] not in str(raised.value)


def test_no_value_shows_a_password() -> None:
    bluetooth, wifi = SECRETS
    values = [
        GetConfig(bluetooth),
        SetAccessPoint(bluetooth, "DE"),
        SetStation(bluetooth, "Home", wifi),
        to_message(SetStation(bluetooth, "Home", wifi)),
        NetworkConfig(2, 2, "Home", wifi, "192.168.1.2"),
        AccessPointAnswer(1, "DWARF3_1", wifi),
        HomeNetwork("Home", wifi),
    ]
    shown = repr(values) + str(values)
    assert "Home" in shown
    assert not any(secret in shown for secret in SECRETS)


@pytest.mark.parametrize(
    ("name", "service", "model"),
    [
        ("DWARF_1A2B3C", "daf2", "D2"),
        ("DWARF3_1A2B3C", "daf3", "D3"),
        ("DWARF_mini_1A2B3C", "daf4", "mini"),
        ("DWARF_mini_1A2B3C", "daf5", "mini"),
        ("DWARF_1A2B3C", "", "D2"),
        ("DWARF3_1A2B3C", "", "D3"),
        ("DWARF_mini_1A2B3C", "", "mini"),
        ("Balcony", "daf3", "D3"),
        ("DWARFX", "", ""),
    ],
)
def test_the_model_is_told_by_the_service_and_else_by_the_name(name: str, service: str, model: str) -> None:
    services = (f"0000{service}-0000-1000-8000-00805f9b34fb",) if service else ()
    assert model_of(name, services) == model
    assert Sighting("AA", name, -50, services).is_telescope


def test_other_devices_are_no_telescopes() -> None:
    assert not Sighting("AA", "Headphones", -30, ("0000180f-0000-1000-8000-00805f9b34fb",)).is_telescope


@pytest.mark.parametrize(
    ("name", "mac", "stable"),
    [
        ("DWARF3_1A2B3C", "AA:BB:CC:00:11:22", "dwarf3_1a2b3c"),
        ("DWARF3_balcony", "AA:BB:CC:00:11:22", "dwarf3_001122"),
        ("Balcony", "", "dwarf3_ddeeff"),
        ("DWARF_garden", "AA:BB:CC:00:11:22", "dwarf3_001122"),  # a name somebody chose
    ],
)
def test_the_stable_id_comes_from_the_hardware(name: str, mac: str, stable: str) -> None:
    assert Provisioned("1.2.3.4", "D3", name, "AA:BB:CC:DD:EE:FF", mac, "", "Home").stable_id == stable


@pytest.mark.parametrize(
    ("word", "means_it"),
    [
        ("DWARF3_1A2B3C", True),
        ("dwarf3_1a2b3c", True),
        ("D3SIM001A2B3C", True),
        ("aa:bb:cc:dd:ee:ff", True),
        ("1a2b3c", True),
        ("DWARF3_1A2B3D", False),
        ("2b3c", False),
        ("Balcony", False),
        ("", False),
    ],
)
def test_a_telescope_answers_to_its_name_address_id_and_serial_number(word: str, means_it: bool) -> None:
    assert FoundTelescope("DWARF3_1A2B3C", "D3", "AA:BB:CC:DD:EE:FF", -50).answers_to(word) is means_it
