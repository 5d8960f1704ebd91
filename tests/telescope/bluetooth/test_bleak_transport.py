"""The real bleak, over D-Bus, against a telescope that speaks real frames."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import pytest

from agent.clock import SystemClock
from agent.telescope.dwarf.bluetooth.bleak_transport import BleakTransport
from agent.telescope.dwarf.bluetooth.errors import (
    BluetoothPasswordError,
    DamagedFrameError,
    LinkLostError,
    NoAnswerError,
    NoBluetoothError,
    NotInRangeError,
    WifiPasswordError,
)
from agent.telescope.dwarf.bluetooth.found import FoundTelescope, Provisioned
from agent.telescope.dwarf.bluetooth.messages import BleCmd
from agent.telescope.dwarf.bluetooth.provisioning import ATTEMPTS, HomeNetwork, find, join_network, scan
from tests.telescope.bluetooth.peripheral import HOME, HOME_IP, HOME_PASSWORD, Fault, Peripheral

if sys.platform != "linux":
    pytest.skip("BlueZ is Linux's", allow_module_level=True)

from tests.telescope.bluetooth.fake_bluez import FakeBlueZ

pytestmark = pytest.mark.bluetooth

T = TypeVar("T")
LISTEN_S = 0.3  # everything announces itself at once here


class HastyClock(SystemClock):
    """Pauses pass forty times as fast. Limits do so only where they are meant to be reached."""

    def __init__(self, limits: float = 1.0) -> None:
        self._limits = limits

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 40)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        return super().timeout(None if seconds is None else seconds / self._limits)


@pytest.fixture
def bluez(bus_address: str) -> Iterator[FakeBlueZ]:
    with FakeBlueZ(bus_address) as bluez:
        yield bluez


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def joined(password: str = HOME_PASSWORD, ble_password: str = "", limits: float = 1.0) -> Provisioned:
    clock = HastyClock(limits)
    radio = BleakTransport(clock)
    telescope = await find(radio, lambda one: one.name.startswith("DWARF"), seconds=LISTEN_S * limits)
    return await join_network(radio, clock, telescope, HomeNetwork(HOME, password), ble_password=ble_password)


async def heard() -> list[FoundTelescope]:
    return await scan(BleakTransport(SystemClock()), seconds=LISTEN_S)


def limits_for(fault: Fault) -> float:
    return 40.0 if fault is Fault.SILENT else 1.0


def test_a_telescope_is_found_connected_and_put_onto_the_wifi(bluez: FakeBlueZ) -> None:
    bluez.plug_in()
    bluez.peripherals = [Peripheral()]
    assert run(joined()) == Provisioned(
        HOME_IP, "D3", "DWARF3_1A2B3C", "AA:BB:CC:1A:2B:3C", "AA:BB:CC:1A:2B:3D", "2.1.4", HOME
    )
    assert not bluez.objects["/org/bluez/hci0/dev_AA_BB_CC_1A_2B_3C"]["org.bluez.Device1"]["Connected"].value


def test_telescopes_are_listed_with_model_signal_and_address_and_nothing_else_is(bluez: FakeBlueZ) -> None:
    bluez.plug_in()
    bluez.peripherals = [
        Peripheral("DWARF_mini_9Z8Y7X", "AA:00:00:00:00:02", ("0000daf5-0000-1000-8000-00805f9b34fb",), -85),
        Peripheral("Headphones", "AA:00:00:00:00:03", ("0000180f-0000-1000-8000-00805f9b34fb",), -30),
        Peripheral("DWARF_A1B2C3", "AA:00:00:00:00:01", (), -50),
    ]
    assert run(heard()) == [
        FoundTelescope("DWARF_A1B2C3", "D2", "AA:00:00:00:00:01", -50),
        FoundTelescope("DWARF_mini_9Z8Y7X", "mini", "AA:00:00:00:00:02", -85),
    ]


@pytest.mark.parametrize("chunk", [1, 19, 180])
def test_notifications_may_be_cut_anywhere(bluez: FakeBlueZ, chunk: int) -> None:
    bluez.plug_in()
    bluez.peripherals = [Peripheral(chunk=chunk, part=16)]
    assert run(joined()).ip == HOME_IP


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.DAMAGED, Fault.HANG_UP_BEFORE, Fault.HANG_UP_AFTER])
def test_a_fault_on_the_way_is_overcome(bluez: FakeBlueZ, fault: Fault) -> None:
    bluez.plug_in()
    peripheral = Peripheral(faults={BleCmd.CONFIG: [fault], BleCmd.STATION: [fault]})
    bluez.peripherals = [peripheral]
    assert run(joined(limits=limits_for(fault))).ip == HOME_IP
    assert peripheral.faults == {BleCmd.CONFIG: [], BleCmd.STATION: []}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.SILENT, NoAnswerError),
        (Fault.DAMAGED, DamagedFrameError),
        (Fault.HANG_UP_BEFORE, LinkLostError),
    ],
)
def test_a_fault_that_stays_is_told(bluez: FakeBlueZ, fault: Fault, error: type[Exception]) -> None:
    bluez.plug_in()
    bluez.peripherals = [Peripheral(faults={BleCmd.CONFIG: [fault] * ATTEMPTS})]
    with pytest.raises(error):
        run(joined(limits=limits_for(fault)))


def test_connections_that_fail_are_made_again(bluez: FakeBlueZ) -> None:
    bluez.plug_in()
    bluez.peripherals = [Peripheral(refuses_connections=2)]
    assert run(joined()).ip == HOME_IP


def test_wrong_passwords_are_told(bluez: FakeBlueZ) -> None:
    bluez.plug_in()
    bluez.peripherals = [Peripheral()]
    with pytest.raises(WifiPasswordError):
        run(joined(password="wrong"))
    with pytest.raises(BluetoothPasswordError):
        run(joined(ble_password="wrong"))


def test_no_telescope_in_range_is_told(bluez: FakeBlueZ) -> None:
    bluez.plug_in()
    with pytest.raises(NotInRangeError):
        run(joined())


def test_no_adapter_is_told(bluez: FakeBlueZ) -> None:
    with pytest.raises(NoBluetoothError, match="no Bluetooth adapter") as raised:
        run(heard())
    assert "Plug in" in raised.value.hint


def test_an_adapter_that_is_off_is_told(bluez: FakeBlueZ) -> None:
    bluez.plug_in(powered=False)
    with pytest.raises(NoBluetoothError, match="switched off") as raised:
        run(heard())
    assert "power on" in raised.value.hint


def test_an_adapter_without_low_energy_is_told(bluez: FakeBlueZ) -> None:
    bluez.plug_in(roles=())
    with pytest.raises(NoBluetoothError, match="Low Energy"):
        run(heard())


def test_a_service_that_surprises_bleak_is_told_and_raises_nothing_else(bluez: FakeBlueZ) -> None:
    bluez.plug_in(roles=None)
    with pytest.raises(NoBluetoothError, match="cannot scan") as raised:
        run(heard())
    assert "bluetoothctl show" in raised.value.hint


def test_a_policy_that_denies_bluetooth_is_told(bluez: FakeBlueZ) -> None:
    bluez.plug_in()
    bluez.denied = "org.freedesktop.DBus.Error.AccessDenied"
    with pytest.raises(NoBluetoothError, match="does not let") as raised:
        run(heard())
    assert "AppArmor" in raised.value.hint


def test_a_bluetooth_service_that_is_not_running_is_told(bus_address: str) -> None:
    with pytest.raises(NoBluetoothError, match="not running") as raised:
        run(heard())
    assert "systemctl start bluetooth" in raised.value.hint


def test_a_machine_without_a_message_bus_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    with pytest.raises(NoBluetoothError, match="D-Bus cannot be reached"):
        run(heard())


def test_a_missing_bleak_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    with pytest.raises(NoBluetoothError, match="bleak"):
        run(heard())


def test_passwords_stay_out_of_the_log_however_much_it_tells(
    bluez: FakeBlueZ, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.NOTSET, logger="bleak")
    bluez.plug_in()
    bluez.peripherals = [Peripheral(ble_password="blue-sesame", networks={HOME: "wifi-sesame"})]
    run(joined(password="wifi-sesame", ble_password="blue-sesame"))
    assert "sesame" not in caplog.text
