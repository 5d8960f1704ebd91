"""What the community's own client sends, and what we send: the same module, command and fields.

The client's side was recorded once (see reference_frames.py); device and client ids are each client's own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from agent.capabilities import Camera
from agent.targets import SkyTarget, SolarBody, SolarTarget
from agent.telescope.interface import CameraSettings, Telescope
from tests.contract.reference_frames import (
    CALLS,
    FILE,
    FRAMES,
    LIMIT_S,
    PYTHON,
    ZONE,
    Frames,
    decoded,
    record,
)
from tests.contract.stage import BASEL, Contract, Stage

REFERENCE: Frames = json.loads(FILE.read_text(encoding="utf-8"))
MANUAL_GAIN = {"module": 1, "cmd": 10011, "fields": {"mode": 1}}
STOP_GOTO = {"module": 3, "cmd": 11004, "fields": {}}
FOLD, HOME = REFERENCE["fold"], REFERENCE["home"]

Step = Callable[[Telescope], Awaitable[object]]


def tele(**settings: object) -> Step:
    return lambda telescope: telescope.apply(Camera.TELE, CameraSettings(**settings))


def wide(**settings: object) -> Step:
    return lambda telescope: telescope.apply(Camera.WIDE, CameraSettings(**settings))


# Our command, and the reference calls that do the same together. What only we send stands with it.
STEPS: tuple[tuple[Step, tuple[str, ...]], ...] = (
    (lambda telescope: telescope.take_control(), ("lock",)),
    (lambda telescope: telescope.go_live(), ("go live",)),
    (tele(exposure=120), ("exposure",)),
    (tele(filter=1), ("filter",)),
    (tele(binning=1), ("binning",)),
    (tele(format="TIFF"), ("format",)),
    (tele(count=FRAMES), ("count",)),
    (wide(exposure=75), ("wide exposure",)),
    (wide(gain=60), ("wide gain",)),
    (lambda telescope: telescope.read(Camera.TELE), ("settings", "features")),
    (lambda telescope: telescope.read(Camera.WIDE), ("wide settings", "features")),
    (lambda telescope: telescope.auto_focus(), ("auto focus",)),
    (lambda telescope: telescope.infinite_focus(), ("infinity focus",)),
    (lambda telescope: telescope.solve_eq(BASEL), ("polar alignment",)),
    (lambda telescope: telescope.calibrate(BASEL), ("calibration",)),
    (lambda telescope: telescope.goto(SolarTarget("Moon", SolarBody.MOON), BASEL), ("goto Moon",)),
    (lambda telescope: telescope.stop_goto(), ("stop goto",)),
    (lambda telescope: telescope.goto(SkyTarget("M 42", 5.5881, -5.391), BASEL), ("goto M 42",)),
    (lambda telescope: telescope.start_capture(Camera.TELE), ("capture",)),
    (lambda telescope: telescope.stop_capture(Camera.TELE), ("stop capture",)),
    (lambda telescope: telescope.go_live(), ("go live again",)),
    (lambda telescope: telescope.start_capture(Camera.WIDE), ("wide capture",)),
    (lambda telescope: telescope.stop_capture(Camera.WIDE), ("stop wide capture",)),
    (lambda telescope: telescope.release_control(), ("unlock",)),
    (lambda telescope: telescope.shutdown(), ("switch off",)),
)


def test_each_command_goes_over_the_wire_as_the_reference_client_sends_it(contract: Contract) -> None:
    async def story(stage: Stage) -> None:
        async def sent(step: Step) -> list[dict[str, object]]:
            before = len(stage.sim.received)
            await step(stage.telescope)
            return decoded(stage.sim.received[before:], stage.clock.now())

        assert await sent(lambda telescope: telescope.set_time(stage.clock.now(), ZONE, BASEL)) == [
            *REFERENCE["time"],
            *REFERENCE["zone"],
        ]
        assert await sent(tele(gain=60)) == [MANUAL_GAIN, *REFERENCE["gain"]]
        for step, names in STEPS:
            expected = [frame for name in names for frame in REFERENCE[name]]
            assert await sent(step) == expected, names

    contract.play(story, generation="v2", model="D3", horizon=False)


def test_folding_and_homing_are_the_reference_clients_movements(contract: Contract) -> None:
    async def story(stage: Stage) -> None:
        before = len(stage.sim.received)
        await stage.telescope.park()
        sent = decoded(stage.sim.received[before:], stage.clock.now())
        assert sent == [STOP_GOTO, *FOLD, *HOME, *FOLD]

    contract.play(story, "answer-code:command=14001,code=-14520,times=1", generation="v2")


def test_no_call_of_the_reference_is_left_uncompared() -> None:
    compared = {name for _, names in STEPS for name in names} | {"time", "zone", "gain", "fold", "home"}
    assert compared == set(REFERENCE) == {name for name, *_ in CALLS}


@pytest.mark.library
@pytest.mark.timeout(LIMIT_S + 10)
@pytest.mark.skipif(
    not PYTHON, reason="DWARF_LIBRARY_PYTHON does not name an interpreter that can import dwarf_python_api"
)
def test_the_reference_client_still_sends_what_was_recorded() -> None:
    assert asyncio.run(record()) == REFERENCE
