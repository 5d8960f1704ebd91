"""Every error code of the telescope becomes the error that says what to do next.

The table is the public knowledge about the codes, written down a second time and apart from the driver's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from agent.capabilities import Camera
from agent.telescope.errors import RefusedError, TelescopeError, TransientError
from agent.telescope.interface import CameraSettings, CaptureEnd, Telescope
from agent.telescope.simulator.history import ShutterClosed
from tests.contract.stage import BASEL, NIGHT, ORION, Contract, Stage
from tests.support.tables import every

both = pytest.mark.parametrize("generation", ["v2", "v3"])

# Try the step again after a pause; the rest of the codes that mean failure never pass by themselves.
AGAIN = {
    *(-10501, -10502, -10507, -10511),
    *(-11500, -11501, -11504, -11505, -11506, -11507, -11508, -11509, -11510, -11512, -11515, -11516, -11517),
    *(-11529, -11531, -11532, -11533),
    *(-12501, -12502, -12503, -12504, -12505, -12506, -12507),
    *(-13300, -13301, -13302, -13800, -13801),
    *(-14500, -14503, -14510, -14511, -14512, -14513, -14514, -14517, -14520, -14521, -14522),
    *(-14900, -14906),
    *(-15100, -15101, -15107, -15108),
    *(-15600, -15601, -15609, -15615, -16600),
    *(-16305, -16307, -16308, -16309, -16310, -16311),
}
NEVER = {
    *(-1, -2, -3, -4, -5, -6),
    *(-10515, -12508, -11527, -15106),
    *(-11502, -11511, -11518, -11519, -11525, -11528),
    *(-16300, -16301, -16302, -16306),
    *(-12509, -14504, -14505, -14509, -14519),
    *(-17, -9999, -20000, 7),  # numbers nobody knows: nothing may be tried blindly
}
AGAIN_BY_GENERATION = {
    "v2": {-10504, -10510},
    "v3": {-10503, -10504, -10505, -10506, -10508, -10509, -10510, -10512, -10513, -10514, -10516, -10517},
}

COMMANDS: dict[int, Callable[[Telescope], Awaitable[object]]] = {
    13000: lambda telescope: telescope.set_time(NIGHT, "UTC", None),
    11000: lambda telescope: telescope.calibrate(BASEL),
    11002: lambda telescope: telescope.goto(ORION, BASEL),
    11018: lambda telescope: telescope.solve_eq(BASEL),
    11005: lambda telescope: telescope.start_capture(Camera.TELE),
}


@both
@pytest.mark.parametrize("command", every(2, COMMANDS))
def test_each_code_becomes_the_right_kind_of_error(contract: Contract, generation: str, command: int) -> None:
    again = AGAIN | AGAIN_BY_GENERATION[generation]

    async def story(stage: Stage) -> None:
        stage.sim.state.calibrated = True
        for code in sorted(again | NEVER):
            number = stage.sim.faults.add(f"answer-code:command={command},code={code}")
            with pytest.raises(TelescopeError) as caught:
                await COMMANDS[command](stage.telescope)
            expected = TransientError if code in again else RefusedError
            assert type(caught.value) is expected, code
            assert caught.value.device_code == code
            assert str(code) in caught.value.message
            assert caught.value.code
            stage.sim.faults.remove(number)
        await stage.telescope.goto(ORION, BASEL)
        await COMMANDS[command](stage.telescope)

    contract.play(story, generation=generation)


@both
def test_a_camera_that_is_open_already_is_open(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        for camera, code in ((Camera.TELE, -10500), (Camera.WIDE, -12500)):
            stage.sim.faults.add(
                f"answer-code:command={10000 if code == -10500 else 12000},code={code},times=1"
            )
            stage.sim.state.cameras[0 if camera is Camera.TELE else 1].open = True
            await stage.telescope.apply(camera, CameraSettings(exposure=105))

    contract.play(story, generation=generation)


@both
@pytest.mark.parametrize("code", [-11514, -11526])
def test_a_warning_is_no_failure_of_a_capture(contract: Contract, generation: str, code: int) -> None:
    async def story(stage: Stage) -> None:
        report = await stage.captured(3)
        assert (report.taken, report.end) == (3, CaptureEnd.FINISHED)

    contract.play(story, f"capture-fails:code={code},times=1", generation=generation)


@both
def test_a_capture_without_a_goto_runs_on_older_firmware_and_is_refused_by_newer(
    contract: Contract, generation: str
) -> None:
    async def story(stage: Stage) -> None:
        await stage.telescope.apply(Camera.TELE, CameraSettings(exposure=120, gain=80, count=2))
        if generation == "v2":
            await stage.telescope.start_capture(Camera.TELE)
            assert (await stage.telescope.follow_capture(Camera.TELE)).taken == 2
            return
        with pytest.raises(RefusedError) as caught:
            await stage.telescope.start_capture(Camera.TELE)
        assert caught.value.code == "needs_goto"

    contract.play(story, generation=generation)


@pytest.mark.parametrize("code", [-11503, -11530, None])
def test_missing_darks_cost_no_frames(contract: Contract, code: int | None) -> None:
    faults = [f"capture-fails:code={code},times=1"] if code is not None else []

    async def story(stage: Stage) -> None:
        stage.sim.state.darks = code is not None
        assert (await stage.captured(3)).taken == 3
        assert [one.taken for one in stage.sim.history.of(ShutterClosed)] == [3]
        assert stage.received(11005, 11050) == [11005, 11050]

    contract.play(story, *faults, generation="v3")
