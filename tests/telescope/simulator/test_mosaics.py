"""How newer firmware makes a mosaic: what it takes, what it refuses, what it tells on the way."""

from __future__ import annotations

import pytest

from agent.telescope.dwarf.proto import astro_pb2 as astro
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.dwarf.proto import param_pb2 as param
from agent.telescope.simulator import HardwareRule
from agent.telescope.simulator.history import FrameTaken, ShutterClosed
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import WireClient, connected
from tests.telescope.simulator.test_newer_captures import STOPPED, aimed, asked
from tests.telescope.simulator.test_newer_firmware import COUNT, enter

MOSAIC_COUNT = 0x0202000000000011
READY = {"generation": "v3", "calibrated": True, "horizon": False}


async def mosaic(client: WireClient, x: int, y: int, rotation: int = -1) -> int:
    request = astro.StartMosaic(horizontal_scale=x, vertical_scale=y, rotation=rotation, ir_index=1)
    return await client.code(11031, request)


def test_a_mosaic_asks_for_a_goto_to_the_deep_sky() -> None:
    async def run() -> int:
        async with connected(generation="v3") as (_, client):
            await enter(client)
            return await mosaic(client, 180, 140)

    assert run_virtual(run()) == -11518


@pytest.mark.parametrize(("x", "y"), [(100, 100), (190, 100), (145, 100), (90, 120), (0, 0)])
def test_framings_that_the_firmware_does_not_take_break_a_rule(x: int, y: int) -> None:
    async def run() -> tuple[int, list[HardwareRule]]:
        async with connected(**READY) as (sim, client):
            await aimed(client)
            return await mosaic(client, x, y), [one.rule for one in sim.broken_rules]

    assert run_virtual(run()) == (-3, [HardwareRule.MOSAIC_SCALES])


@pytest.mark.parametrize("frames", [0, 250])
def test_a_pane_has_1_to_249_frames(frames: int) -> None:
    async def run() -> int:
        async with connected(**READY) as (_, client):
            await aimed(client)
            return await client.code(16703, param.SetIntParam(param_id=MOSAIC_COUNT, value=frames))

    assert run_virtual(run()) == -3


@pytest.mark.parametrize(("habit", "totals", "last"), [("pane", {3}, (3, 3)), ("whole", {12}, (12, 12))])
def test_panes_come_one_after_the_other_and_are_counted_by_habit(
    habit: str, totals: set[int], last: tuple[int, int]
) -> None:
    async def run() -> tuple[list[notify.MosaicProgress], int, int, list[dict[str, object]]]:
        async with connected(**READY, habits={"mosaic_counts": habit}) as (sim, client):
            await aimed(client)
            await client.ask(16703, param.SetIntParam(param_id=MOSAIC_COUNT, value=3))
            assert await mosaic(client, 180, 140) == 0
            await client.notice(15208, STOPPED)
            told = [notify.MosaicProgress.FromString(data) for data in client.told(15263)]
            listed = await asked(sim, {"mediaType": 6})
            return told, len(sim.history.of(FrameTaken)), len(client.told(15209)), listed

    told, frames, plain, listed = run_virtual(run())
    assert [one.fov_id for one in told if not one.update_count_type] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert {one.fov_total for one in told} == {4}
    assert {one.total_count for one in told} == totals
    assert (told[-1].current_count, told[-1].stacked_count) == last
    assert {(one.horizontal_scale, one.vertical_scale, one.rotation) for one in told} == {(180, 140, -1)}
    assert (frames, plain) == (12, 0)
    details = listed[0]["astroMosaicImageDetails"]
    assert isinstance(details, dict)
    assert (details["shotsTaken"], details["subviewShotsToTake"]) == (12, 3)
    assert "astroImageDetails" not in listed[0]


@pytest.mark.parametrize(("habit", "frames"), [("own", 2), ("last_set", 10)])
def test_a_plain_count_set_after_the_mosaics_own_may_replace_it(habit: str, frames: int) -> None:
    async def run() -> int:
        async with connected(**READY, habits={"mosaic_count": habit}) as (sim, client):
            await aimed(client)
            await client.ask(16703, param.SetIntParam(param_id=MOSAIC_COUNT, value=1))
            await client.ask(16703, param.SetIntParam(param_id=COUNT, value=5))
            await mosaic(client, 150, 100)
            await client.notice(15208, STOPPED)
            return sim.history.of(ShutterClosed)[0].taken

    assert run_virtual(run()) == frames


def test_a_mosaic_may_ask_for_the_equatorial_mode() -> None:
    async def run() -> int:
        async with connected(**READY, habits={"mosaic_mount": "equatorial"}) as (_, client):
            await aimed(client)
            return await mosaic(client, 150, 100)

    assert run_virtual(run()) == -11528


def test_a_dwarf_2_makes_no_mosaics() -> None:
    async def run() -> int:
        async with connected(**READY, model="D2") as (_, client):
            await aimed(client)
            return await mosaic(client, 150, 100)

    assert run_virtual(run()) == -1
