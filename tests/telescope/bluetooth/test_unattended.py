"""Bringing a silent telescope back, unasked, in simulated time."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from agent.clock import LoopClock
from agent.telescope.dwarf.bluetooth.errors import NotInRangeError, WhichTelescopeError, WifiPasswordError
from agent.telescope.dwarf.bluetooth.found import Provisioned
from agent.telescope.dwarf.bluetooth.messages import BleCmd
from agent.telescope.dwarf.bluetooth.provisioning import HomeNetwork
from agent.telescope.dwarf.bluetooth.unattended import (
    ABSENT_RETRY_S,
    AT_START_S,
    FIRST_RETRY_S,
    LAST_RETRY_S,
    LOOK_S,
    SILENCE_S,
    Rejoin,
)
from tests.support.virtual_loop import run_virtual
from tests.telescope.bluetooth.peripheral import HOME, HOME_IP, HOME_PASSWORD, Fault, Peripheral
from tests.telescope.bluetooth.scripted_radio import ScriptedRadio

KNOWN = ("D3SIM001A2B3C",)


def rejoin(radio: ScriptedRadio, known: Iterable[str] = KNOWN, password: str = HOME_PASSWORD) -> Rejoin:
    clock = LoopClock(datetime(2026, 11, 22, 20, tzinfo=UTC))
    return Rejoin(radio, clock, HomeNetwork(HOME, password), lambda: known)


def test_a_telescope_known_by_its_serial_number_is_brought_back() -> None:
    async def night() -> Provisioned | None:
        return await rejoin(ScriptedRadio(Peripheral())).run_once()

    back = run_virtual(night())
    assert back is not None
    assert back.ip == HOME_IP


def test_a_neighbours_telescope_is_never_touched() -> None:
    async def night() -> None:
        neighbour = Peripheral("DWARF3_9F8E7D", "AA:BB:CC:9F:8E:7D")
        one = rejoin(ScriptedRadio(neighbour))
        assert await one.run_once() is None
        assert isinstance(one.last_error, NotInRangeError)
        assert neighbour.asked == []

    run_virtual(night())


def test_a_telescope_nothing_is_known_of_is_not_guessed() -> None:
    async def night() -> None:
        peripheral = Peripheral()
        with pytest.raises(WhichTelescopeError, match="Nothing is known"):
            await rejoin(ScriptedRadio(peripheral), known=("",)).join()
        assert peripheral.asked == []

    run_virtual(night())


def test_a_telescope_out_of_range_is_looked_for_again_every_ten_minutes() -> None:
    async def night() -> None:
        radio = ScriptedRadio()
        one = rejoin(radio)
        for expected in (1, 2, 3):
            assert await one.run_once() is None
            assert await one.run_once() is None, "too early"
            assert radio.scans == expected
            await asyncio.sleep(ABSENT_RETRY_S)

    run_virtual(night())


def test_pauses_grow_while_the_link_keeps_breaking_and_end_with_success() -> None:
    async def night() -> list[float]:
        loop = asyncio.get_running_loop()
        peripheral = Peripheral(refuses_connections=20)
        one = rejoin(ScriptedRadio(peripheral))
        tries, failed_at = [], 0.0
        while (tried := await one.run_once()) is None:
            if one.last_error is not None and peripheral.refuses_connections != failed_at:
                failed_at = peripheral.refuses_connections
                tries.append(loop.time())
            await asyncio.sleep(10)
        assert tried.ip == HOME_IP
        assert one.last_error is None
        return [later - earlier for earlier, later in itertools.pairwise(tries)]

    pauses = run_virtual(night())
    assert len(pauses) == 4
    assert all(later > 1.7 * earlier for earlier, later in itertools.pairwise(pauses))
    assert FIRST_RETRY_S <= pauses[0] <= FIRST_RETRY_S + 60
    assert pauses[-1] <= LAST_RETRY_S


def test_what_only_a_person_can_mend_is_tried_rarely_and_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def night() -> None:
        peripheral = Peripheral()
        one = rejoin(ScriptedRadio(peripheral), password="wrong")
        for _ in range(3):
            assert await one.run_once() is None
            assert isinstance(one.last_error, WifiPasswordError)
            await asyncio.sleep(LAST_RETRY_S)
        assert peripheral.asked.count(BleCmd.STATION) == 3

    run_virtual(night())
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "password is wrong" in warnings[0].message


def test_silence_at_the_start_is_acted_on_soon_and_later_silence_after_hours() -> None:
    async def night() -> None:
        loop = asyncio.get_running_loop()
        peripheral = Peripheral()
        answered_at = [0.0]
        backs: list[float] = []

        async def joined(back: Provisioned) -> None:
            assert back.ip == HOME_IP
            backs.append(loop.time())

        one = rejoin(ScriptedRadio(peripheral))
        watching = asyncio.create_task(one.watch(lambda: loop.time() - answered_at[0], joined))
        await asyncio.sleep(AT_START_S + 2 * LOOK_S)
        assert len(backs) == 1
        for _ in range(100):  # it answers for a while
            answered_at[0] = loop.time()
            await asyncio.sleep(10)
        await asyncio.sleep(SILENCE_S - 2 * LOOK_S)
        assert len(backs) == 1, "short silence is a telescope switched off"
        await asyncio.sleep(4 * LOOK_S)
        assert len(backs) == 2
        await asyncio.sleep(SILENCE_S - 8 * LOOK_S)
        assert len(backs) == 2, "joined, and silent all the same: once more would not help"
        watching.cancel()

    run_virtual(night())


def test_a_telescope_that_answers_again_by_itself_ends_the_pauses() -> None:
    async def night() -> None:
        silent = [10_000.0]
        one = rejoin(ScriptedRadio(Peripheral(faults={BleCmd.CONFIG: [Fault.SILENT] * 4})))

        async def joined(_: Provisioned) -> None:
            raise AssertionError("it must not be asked again")

        watching = asyncio.create_task(one.watch(lambda: silent[0], joined))
        await asyncio.sleep(AT_START_S)
        assert one.last_error is not None
        silent[0] = 0.0
        await asyncio.sleep(2 * LOOK_S)
        assert one.last_error is None
        watching.cancel()

    run_virtual(night())
