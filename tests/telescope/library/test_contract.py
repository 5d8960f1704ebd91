"""Stories of the drivers' contract, kept by the driver over the real library.

It runs where DWARF_LIBRARY_PYTHON names an interpreter that can import dwarf_python_api. The library takes
real time, so these are the stories that matter most, on the firmware it speaks to.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agent.clock import Clock, ScaledClock
from agent.telescope.dwarf.telescope import DwarfAddress
from agent.telescope.interface import Telescope
from agent.telescope.library.core import LibraryOptions
from agent.telescope.library.limits import Limits
from agent.telescope.library.telescope import LibraryTelescope
from tests.contract import test_captures, test_connection, test_night, test_pointing, test_settings
from tests.contract.stage import NIGHT, Contract, Place
from tests.contract.transports import PERFECT

T = TypeVar("T")

PYTHON = os.environ.get("DWARF_LIBRARY_PYTHON", "")
SPEED = 10.0
LIMIT_S = 150

pytestmark = [
    pytest.mark.library,
    pytest.mark.timeout(LIMIT_S),
    pytest.mark.skipif(
        not PYTHON,
        reason="DWARF_LIBRARY_PYTHON does not name an interpreter that can import dwarf_python_api",
    ),
]


class Library:
    """The driver over the real library, which takes its own time."""

    name = "library"

    def __init__(self) -> None:
        self._hosts = itertools.count(1)

    def finds(self) -> tuple[str, int]:
        return f"127.0.95.{next(self._hosts)}", 9900  # its only port

    def make(self, place: Place, clock: Clock, *, record: Path | None = None) -> Telescope:
        return LibraryTelescope(
            DwarfAddress(place.host, place.port, place.http_port),
            options=LibraryOptions(python=PYTHON),
            limits=Limits(calibrate_at_least=2.0, retry_first=0.5, retry_most=1.0),
            clock=clock,
        )

    def clock(self) -> Clock:
        return ScaledClock(SPEED, NIGHT)

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(story)


V2 = {"generation": "v2"}
STORIES: list[tuple[Callable[..., None], dict[str, Any]]] = [
    (test_night.test_a_night_takes_every_frame_once, V2 | {"model": "D3", "transport": PERFECT}),
    (test_night.test_a_night_takes_every_frame_once, V2 | {"model": "mini", "transport": PERFECT}),
    (test_captures.test_a_link_dropped_at_frame_2_of_12_costs_no_frame, V2),
    (test_captures.test_several_captures_in_a_row_are_kept_apart, V2),
    (test_captures.test_cancelling_a_follower_disturbs_neither_the_capture_nor_the_next_follower, V2),
    (test_captures.test_a_second_start_while_one_runs_is_for_later, V2),
    (test_captures.test_without_any_capture_there_is_none_to_tell, V2),
    (test_connection.test_parking_folds_it, V2),
    (test_connection.test_restarting_and_switching_off_are_expected, V2),
    (test_pointing.test_halting_an_idle_telescope_is_harmless, V2),
    (test_pointing.test_coordinates_arrive_in_hours_and_degrees, V2),
    (test_pointing.test_a_goto_before_any_calibration_is_refused, V2),
    (test_settings.test_a_setting_that_is_none_is_left_alone, V2),
]


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract, to be kept by the library."""
    return Contract(Library())


@pytest.mark.parametrize(
    ("story", "settings"), STORIES, ids=[f"{story.__name__[5:]}-{settings}" for story, settings in STORIES]
)
def test_the_library_keeps_the_contract(
    contract: Contract, story: Callable[..., None], settings: dict[str, Any]
) -> None:
    story(contract, **settings)
