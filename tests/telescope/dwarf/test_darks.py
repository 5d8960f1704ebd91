"""Dark frames: what is there, what fits, and taking what does not."""

from __future__ import annotations

import asyncio

import pytest

from agent.capabilities import Camera
from agent.telescope.darks import DarkFrame, DarkKind, DarkLibrary, DarkState
from agent.telescope.dwarf.commands import darks
from agent.telescope.dwarf.models import capabilities_for
from agent.telescope.dwarf.proto import astro_pb2
from agent.telescope.errors import RefusedError, TransientError
from agent.telescope.interface import CameraSettings
from agent.telescope.simulator.habits import Habits
from agent.telescope.simulator.history import DarksTaken
from tests.telescope.dwarf.scripted import Wire, on_wire
from tests.telescope.dwarf.support import Bench, on_bench
from tests.telescope.dwarf.test_newer_captures import captured

KIND = DarkKind(Camera.TELE, 150, 80)  # ten seconds
WIDE = DarkKind(Camera.WIDE, 150, 80)
KINDS = [("D2", "v2"), ("D2", "v3"), ("D3", "v2"), ("D3", "v3"), ("mini", "v2"), ("mini", "v3")]


@pytest.mark.parametrize(("model", "generation"), KINDS)
@pytest.mark.parametrize("habits", Habits.all("darks_gain", "darks_answer"), ids=str)
def test_darks_are_taken_as_asked_for_and_listed(model: str, generation: str, habits: Habits) -> None:
    async def run(b: Bench) -> tuple[DarkState, DarkState, list[DarksTaken]]:
        b.sim.state.capped = model == "D2"
        before = (await b.telescope.darks(Camera.TELE)).state(KIND)
        await b.telescope.shoot_darks(KIND, 4)
        after = (await b.telescope.darks(Camera.TELE)).state(KIND)
        return before, after, b.sim.history.of(DarksTaken)

    before, after, [taken] = on_bench(run, model=model, generation=generation, habits=habits, darks=False)
    assert (before, after) == (DarkState.MISSING, DarkState.THERE)
    assert (taken.exposure_s, taken.gain, taken.frames, taken.binning) == (10.0, 80, 4, 0)


@pytest.mark.parametrize("model", ["D3", "mini"])
def test_the_wide_camera_has_darks_of_its_own(model: str) -> None:
    async def run(b: Bench) -> list[DarkState]:
        await b.telescope.shoot_darks(WIDE, 2)
        return [(await b.telescope.darks(kind.camera)).state(kind) for kind in (KIND, WIDE)]

    assert on_bench(run, model=model, darks=False) == [DarkState.MISSING, DarkState.THERE]


@pytest.mark.parametrize("model", ["D3", "mini"])
def test_a_capture_with_a_fitting_dark_is_not_held(model: str) -> None:
    async def run(b: Bench) -> list[bool]:
        await b.telescope.shoot_darks(KIND, 2)
        return [(await captured(b)).without_darks]

    assert on_bench(run, model=model, darks=False) == [False]


def test_darks_of_another_temperature_exposure_gain_or_binning_do_not_fit() -> None:
    async def run(b: Bench) -> list[DarkState]:
        await b.telescope.shoot_darks(KIND, 2)
        kinds = [DarkKind(Camera.TELE, 147, 80), DarkKind(Camera.TELE, 150, 70)]
        kinds.append(DarkKind(Camera.TELE, 150, 80, 1))
        others = [(await b.telescope.darks(Camera.TELE)).state(kind) for kind in kinds]
        b.sim.faults.add("overheating:temperature_c=40")
        await b.clock.sleep(5)
        warmer = (await b.telescope.darks(Camera.TELE)).state(KIND)
        await b.telescope.shoot_darks(KIND, 2)
        return [*others, warmer, (await b.telescope.darks(Camera.TELE)).state(KIND)]

    missing = [DarkState.MISSING] * 3
    assert on_bench(run, darks=False) == [*missing, DarkState.OTHER_TEMPERATURE, DarkState.THERE]


def test_a_gain_that_darks_cannot_have_is_refused() -> None:
    async def run(b: Bench) -> None:
        with pytest.raises((RefusedError, TransientError)) as caught:
            await b.telescope.shoot_darks(DarkKind(Camera.TELE, 150, 200), 2)
        assert caught.value.device_code == -11502

    on_bench(run, darks=False)


def test_a_halt_stops_them() -> None:
    async def run(b: Bench) -> int:
        shooting = asyncio.ensure_future(b.telescope.shoot_darks(KIND, 100))
        await b.clock.sleep(60)
        shooting.cancel()
        await asyncio.gather(shooting, return_exceptions=True)
        await b.telescope.halt()
        await b.telescope.apply(Camera.TELE, CameraSettings(exposure=150, gain=80, filter=1, count=1))
        return [one.cmd for one in b.sim.received].count(11022)

    assert on_bench(run, darks=False) == 1


def test_darks_whose_beginning_is_not_answered_are_taken_once_they_are_listed() -> None:
    async def run(b: Bench) -> tuple[DarkState, int]:
        await b.telescope.shoot_darks(KIND, 2)
        taken = [one.cmd for one in b.sim.received].count(11021)
        return (await b.telescope.darks(Camera.TELE)).state(KIND), taken

    assert on_bench(run, "no-answer:command=11021,times=0", darks=False) == (DarkState.THERE, 1)


def test_a_telescope_that_takes_none_is_not_waited_for_for_ever() -> None:
    async def run(b: Bench) -> float:
        began = b.clock.monotonic()
        with pytest.raises(TransientError) as caught:
            await b.telescope.shoot_darks(KIND, 2)
        assert caught.value.code == "no_darks"
        return b.clock.monotonic() - began

    assert on_bench(run, "answer-code:command=11021,code=-5", darks=False) < 200


@pytest.mark.parametrize(
    ("gain_name", "gain"), [("80", 80), ("9999", 9999), ("10000", None), ("٨٠", None), ("-8", None)]
)
def test_a_dark_whose_gain_cannot_be_read_is_not_counted(gain_name: str, gain: int | None) -> None:
    async def story(wire: Wire) -> None:
        dark = astro_pb2.DarkFrame(exp_index=150, exp_name="10", gain_index=9999, gain_name=gain_name)
        wire.answers = [astro_pb2.ListDarksAnswer(darks=[dark]).SerializeToString()]
        kept = await darks.library(wire.device, Camera.TELE)
        assert [frame.kind.gain for frame in kept.frames] == ([] if gain is None else [gain])

    on_wire(story)


def test_what_fits() -> None:
    library = DarkLibrary((DarkFrame(KIND, 20.0),), 28.0)
    assert library.state(KIND) is DarkState.THERE
    assert DarkLibrary(library.frames, 28.5).state(KIND) is DarkState.OTHER_TEMPERATURE
    assert DarkLibrary(library.frames, None).state(KIND) is DarkState.THERE
    assert DarkLibrary((DarkFrame(KIND),), 28.5).state(KIND) is DarkState.THERE
    assert [capabilities_for(model).dark_filter for model in ("D2", "D3", "mini")] == [False, True, True]
