"""What newer firmware's simulator writes down of clients that forget cap and dark frames."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import focus_pb2 as focus
from agent.telescope.simulator.broken_rules import HardwareRule
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import connected

VEGA = {"ra": 18.6156, "dec": 38.78, "target_name": "Vega"}
MOON = {"index": 8, "lon": 7.6, "lat": 47.5, "target_name": "Moon"}
DARKS = astro.StartDarksWithParams(exp_index=120, gain_index=60, cap_size=3)


def broken_by(
    cmd: int, message: Message | None, *before: tuple[int, Message], model: str = "D3", capped: bool
) -> list[HardwareRule]:
    async def run() -> list[HardwareRule]:
        async with connected(generation="v3", model=model, horizon=False) as (sim, client):
            sim.state.capped = capped
            for asked, given in before:
                await client.code(asked, given)
            await client.send(cmd, message)
            await client.ask(16405)
            return [one.rule for one in sim.broken_rules]

    return run_virtual(run())


@pytest.mark.parametrize("capped", [True, False])
@pytest.mark.parametrize(
    ("cmd", "message"),
    [
        (11000, astro.Calibrate(lon=7.6, lat=47.5)),
        (11005, astro.StartCapture()),
        (11013, astro.OneClickGotoDeepSky(**VEGA, lon=7.6, lat=47.5, shooting_mode=2)),
        (11014, astro.OneClickGotoSolarSystem(**MOON, shooting_mode=9)),
        (11016, astro.StartWideCapture()),
        (11018, astro.SolveEq(lon=7.6, lat=47.5)),
        (15004, focus.AstroAutoFocus(mode=0)),
    ],
)
def test_with_the_cap_on_nothing_is_looked_at(cmd: int, message: Message, capped: bool) -> None:
    assert broken_by(cmd, message, capped=capped) == ([HardwareRule.CAPPED] if capped else [])


@pytest.mark.parametrize(
    ("cmd", "message"), [(11002, astro.GotoDeepSky(**VEGA)), (11003, astro.GotoSolarSystem(**MOON))]
)
def test_with_the_cap_on_it_is_not_pointed(cmd: int, message: Message) -> None:
    assert HardwareRule.CAPPED in broken_by(cmd, message, capped=True)
    assert HardwareRule.CAPPED not in broken_by(cmd, message, capped=False)


def test_an_infinity_focus_needs_no_light() -> None:
    assert broken_by(15004, focus.AstroAutoFocus(mode=1), capped=True) == []


@pytest.mark.parametrize(("model", "broken"), [("D2", [HardwareRule.DARKS_IN_THE_LIGHT]), ("D3", [])])
def test_the_darks_of_a_dwarf_ii_are_taken_with_its_cap_on(model: str, broken: list[HardwareRule]) -> None:
    assert broken_by(11021, DARKS, model=model, capped=False) == broken
    assert broken_by(11021, DARKS, model=model, capped=True) == []


def test_nothing_is_captured_while_darks_are_taken() -> None:
    dark = (11021, DARKS)
    assert broken_by(11005, astro.StartCapture(), dark, capped=False) == [HardwareRule.IN_THE_DARK]
