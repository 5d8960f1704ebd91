"""Joining a network as it goes, and as it goes wrong, over a scripted radio in simulated time."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from agent.clock import LoopClock
from agent.telescope.dwarf.bluetooth.errors import (
    AnswerError,
    BluetoothPasswordError,
    BusyError,
    DamagedFrameError,
    LinkLostError,
    NoAddressError,
    NoAnswerError,
    NotInRangeError,
    WifiNotFoundError,
    WifiNotGivenError,
    WifiPasswordError,
)
from agent.telescope.dwarf.bluetooth.found import Provisioned
from agent.telescope.dwarf.bluetooth.messages import BleCmd
from agent.telescope.dwarf.bluetooth.provisioning import (
    ATTEMPTS,
    HomeNetwork,
    TelescopeState,
    find,
    join_network,
    read_state,
    scan,
)
from agent.telescope.dwarf.bluetooth.transport import Sighting
from tests.support.virtual_loop import run_virtual
from tests.telescope.bluetooth.peripheral import HOME, HOME_IP, HOME_PASSWORD, Fault, Peripheral
from tests.telescope.bluetooth.scripted_radio import ScriptedRadio

T = TypeVar("T")
HEADPHONES = Sighting("00:00:00:00:00:01", "Headphones", -20)
NETWORK = HomeNetwork(HOME, HOME_PASSWORD)


def run(work: Coroutine[Any, Any, T]) -> T:
    return run_virtual(work)


def clock() -> LoopClock:
    return LoopClock(datetime(2026, 11, 22, 20, tzinfo=UTC))


async def joined(
    peripheral: Peripheral, network: HomeNetwork = NETWORK, told: list[str] | None = None, **options: str
) -> Provisioned:
    radio = ScriptedRadio(peripheral, others=(HEADPHONES,))
    (telescope,) = await scan(radio)
    try:
        return await join_network(
            radio, clock(), telescope, network, told=told.append if told is not None else None, **options
        )
    finally:
        assert radio.open == 0, "a connection was left open"
        assert not radio.turn.locked()


async def state_of(peripheral: Peripheral, **options: str) -> TelescopeState:
    radio = ScriptedRadio(peripheral)
    (telescope,) = await scan(radio)
    return await read_state(radio, clock(), telescope, **options)


def test_telescopes_are_listed_strongest_first_and_other_devices_left_out() -> None:
    far = Peripheral("DWARF_mini_9Z8Y7X", "AA:00:00:00:00:02", (), -90)
    found = run(scan(ScriptedRadio(far, Peripheral(), others=(HEADPHONES,))))
    assert [(one.name, one.model, one.signal) for one in found] == [
        ("DWARF3_1A2B3C", "D3", -60),
        ("DWARF_mini_9Z8Y7X", "mini", -90),
    ]


def test_a_telescope_that_is_waited_for_ends_the_scan_when_it_is_heard() -> None:
    async def timed() -> float:
        ticking = clock()
        await find(ScriptedRadio(Peripheral()), lambda one: one.answers_to("dwarf3_1a2b3c"))
        return ticking.monotonic()

    assert run(timed()) < 2


def test_a_telescope_that_is_not_in_range_is_told_with_those_that_are() -> None:
    with pytest.raises(NotInRangeError, match="DWARF3_1A2B3C"):
        run(find(ScriptedRadio(Peripheral()), lambda one: one.answers_to("DWARF_FFFFFF")))
    with pytest.raises(NotInRangeError, match="No telescope") as raised:
        run(find(ScriptedRadio(others=(HEADPHONES,)), lambda _: True))
    assert "close the phone app" in raised.value.hint


def test_a_new_telescope_joins_and_everything_about_it_is_known() -> None:
    steps: list[str] = []
    peripheral = Peripheral()
    assert run(joined(peripheral, told=steps)) == Provisioned(
        HOME_IP, "D3", "DWARF3_1A2B3C", "AA:BB:CC:1A:2B:3C", "AA:BB:CC:1A:2B:3D", "2.1.4", HOME
    )
    assert peripheral.asked == [
        BleCmd.CONFIG,
        BleCmd.SYSTEM_INFO,
        BleCmd.NETWORKS,
        BleCmd.STATION,
    ]
    assert steps == ["asking which Wi-Fi networks the telescope sees", f"joining the Wi-Fi {HOME}"]


@pytest.mark.parametrize("chunk", [1, 7, 20, 500])
@pytest.mark.parametrize("part", [5, 8192])
def test_it_joins_however_its_answers_are_cut(chunk: int, part: int) -> None:
    assert run(joined(Peripheral(chunk=chunk, part=part, noise=b"\x00\x0d"))).ip == HOME_IP


def test_a_telescope_that_is_on_a_network_tells_its_address_without_being_given_any() -> None:
    peripheral = Peripheral(ssid=HOME, wifi_password=HOME_PASSWORD, ip=HOME_IP)
    assert run(joined(peripheral, HomeNetwork())).ip == HOME_IP
    assert run(joined(peripheral, HomeNetwork(HOME))).ip == HOME_IP


def test_a_telescope_on_no_network_needs_one() -> None:
    with pytest.raises(WifiNotGivenError, match="none was given"):
        run(joined(Peripheral(), HomeNetwork()))


def test_an_address_that_comes_late_is_waited_for() -> None:
    assert run(joined(Peripheral(ip_after=5))).ip == HOME_IP


def test_an_address_that_never_comes_is_told_after_its_limit_and_not_tried_again() -> None:
    peripheral = Peripheral(ip_after=1000)
    with pytest.raises(NoAddressError, match="no address") as raised:
        run(joined(peripheral))
    assert "DHCP" in raised.value.hint
    assert peripheral.asked.count(BleCmd.STATION) == 1


def test_a_telescope_that_is_changing_its_network_is_waited_for() -> None:
    steps: list[str] = []
    assert run(joined(Peripheral(busy_for=4), told=steps)).ip == HOME_IP
    assert "the telescope is changing its network, waiting" in steps


def test_a_telescope_that_stays_busy_is_given_up() -> None:
    with pytest.raises(BusyError, match="more than 60 s"):
        run(joined(Peripheral(busy_for=10_000)))


def test_a_wrong_bluetooth_password_ends_it_at_once() -> None:
    peripheral = Peripheral(ble_password="changed-by-owner")
    with pytest.raises(BluetoothPasswordError):
        run(joined(peripheral))
    assert peripheral.asked == [BleCmd.CONFIG]
    assert run(joined(peripheral, ble_password="changed-by-owner")).ip == HOME_IP


def test_a_wrong_wifi_password_ends_it_at_once() -> None:
    peripheral = Peripheral()
    with pytest.raises(WifiPasswordError):
        run(joined(peripheral, HomeNetwork(HOME, "wrong")))
    assert peripheral.asked.count(BleCmd.STATION) == 1
    with pytest.raises(WifiPasswordError, match="empty"):
        run(joined(peripheral, HomeNetwork(HOME)))


def test_a_network_the_telescope_does_not_see_is_told_with_those_it_sees() -> None:
    peripheral = Peripheral()
    with pytest.raises(WifiNotFoundError, match="'Hone'; it sees Home Wi-Fi, Neighbour"):
        run(joined(peripheral, HomeNetwork("Hone", "x")))
    assert BleCmd.STATION not in peripheral.asked


def test_a_hidden_network_is_joined_unseen() -> None:
    peripheral = Peripheral()
    assert run(joined(peripheral, HomeNetwork(HOME, HOME_PASSWORD, hidden=True))).ip == HOME_IP
    assert BleCmd.NETWORKS not in peripheral.asked


@pytest.mark.parametrize("trouble", [*Fault, -7, -13])
@pytest.mark.parametrize("command", [BleCmd.NETWORKS, BleCmd.SYSTEM_INFO])
def test_what_is_only_a_courtesy_never_stands_in_the_way(command: BleCmd, trouble: Fault | int) -> None:
    peripheral = Peripheral()
    if isinstance(trouble, Fault):
        peripheral.faults = {command: [trouble]}
    else:
        peripheral.codes = {command: [trouble]}
    assert run(joined(peripheral)).ip == HOME_IP


@pytest.mark.parametrize("fault", [one for one in Fault if one is not Fault.MEANINGLESS])
@pytest.mark.parametrize("command", [BleCmd.CONFIG, BleCmd.STATION])
def test_one_fault_is_overcome(command: BleCmd, fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    assert run(joined(Peripheral(faults={command: [fault]}))).ip == HOME_IP
    assert [one.levelno for one in caplog.records if "Trying again" in one.message] == [logging.WARNING]


def test_a_link_that_breaks_once_the_telescope_has_understood_does_not_ask_twice() -> None:
    peripheral = Peripheral(faults={BleCmd.STATION: [Fault.HANG_UP_AFTER]})
    assert run(joined(peripheral)).ip == HOME_IP
    assert peripheral.asked.count(BleCmd.STATION) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.SILENT, NoAnswerError),
        (Fault.DAMAGED, DamagedFrameError),
        (Fault.HANG_UP_BEFORE, LinkLostError),
    ],
)
def test_a_fault_that_stays_is_told_after_the_last_attempt(fault: Fault, error: type[Exception]) -> None:
    peripheral = Peripheral(faults={BleCmd.CONFIG: [fault] * ATTEMPTS})
    with pytest.raises(error):
        run(joined(peripheral))
    assert peripheral.asked == [BleCmd.CONFIG] * ATTEMPTS


def test_an_answer_without_meaning_is_told_at_once() -> None:
    with pytest.raises(AnswerError):
        run(joined(Peripheral(faults={BleCmd.CONFIG: [Fault.MEANINGLESS]})))


def test_connections_that_fail_are_made_again() -> None:
    assert run(joined(Peripheral(refuses_connections=ATTEMPTS - 1))).ip == HOME_IP
    with pytest.raises(LinkLostError):
        run(joined(Peripheral(refuses_connections=ATTEMPTS)))


@pytest.mark.parametrize("code", [-2, -3, -4, -5, -11, -12, -14, -15])
@pytest.mark.parametrize("how", ["codes", "reports"])
def test_a_refusal_that_passes_is_overcome(code: int, how: str) -> None:
    peripheral = Peripheral()
    setattr(peripheral, how, {BleCmd.STATION: [code]})
    assert run(joined(peripheral)).ip == HOME_IP


def test_configured_already_means_looking_for_the_address() -> None:
    peripheral = Peripheral(ssid=HOME, wifi_password=HOME_PASSWORD, ip=HOME_IP, codes={BleCmd.STATION: [-6]})
    assert run(joined(peripheral)).ip == HOME_IP


def test_an_unknown_refusal_is_told_with_its_number() -> None:
    with pytest.raises(Exception, match=r"unknown code \(-77\)"):
        run(joined(Peripheral(codes={BleCmd.STATION: [-77]})))


def test_the_state_is_read_without_changing_anything() -> None:
    peripheral = Peripheral(ssid=HOME, wifi_password=HOME_PASSWORD, ip=HOME_IP)
    state = run(state_of(peripheral))
    assert state.config.is_station
    assert (state.config.ssid, state.config.ip) == (HOME, HOME_IP)
    assert state.info.firmware == "2.1.4"
    assert set(peripheral.asked) == {BleCmd.CONFIG, BleCmd.SYSTEM_INFO}
    assert not run(state_of(Peripheral())).config.is_station


@pytest.mark.parametrize("trouble", ["none", "wrong Wi-Fi password", "broken link"])
def test_no_password_reaches_the_log_or_a_traceback(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ("blue-sesame", "wifi-sesame")
    peripheral = Peripheral(ble_password=secrets[0], networks={HOME: secrets[1]})
    if trouble == "wrong Wi-Fi password":
        peripheral.networks = {HOME: "another"}
    if trouble == "broken link":
        peripheral.faults = {BleCmd.STATION: [Fault.DAMAGED] * ATTEMPTS}
    told: list[str] = []
    try:
        run(joined(peripheral, HomeNetwork(HOME, secrets[1]), told, ble_password=secrets[0]))
    except Exception:
        told.append(traceback.format_exc())
    everything = caplog.text + "".join(told)
    assert not any(secret in everything for secret in secrets)
