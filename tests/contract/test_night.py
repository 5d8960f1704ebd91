"""The story that matters: a whole night, on every telescope, every firmware, and every network."""

from __future__ import annotations

import pytest

from agent.capabilities import Camera
from agent.telescope.interface import CameraSettings, CaptureEnd, CaptureProgress, CaptureReport
from agent.telescope.simulator.history import (
    Calibration,
    Focused,
    FrameTaken,
    ShutterClosed,
    ShutterOpened,
    Slew,
)
from tests.contract.stage import BASEL, ONE_SECOND, ORION, TEN_SECONDS, Contract, Stage
from tests.contract.transports import TRANSPORTS, Transport
from tests.support.tables import sliced

FRAMES = 12


async def capture(stage: Stage, seen: list[CaptureProgress]) -> CaptureReport:
    """Start and follow, as an agent does whose link may break between the two."""
    telescope = stage.telescope

    async def started() -> None:
        if await telescope.running_capture(Camera.TELE) is None:
            await telescope.start_capture(Camera.TELE)

    await stage.step(started)
    return await stage.step(lambda: telescope.follow_capture(Camera.TELE, seen.append))


async def night(stage: Stage) -> None:
    telescope, step = stage.telescope, stage.step
    exposure = TEN_SECONDS if stage.network.transport.lasts else ONE_SECOND
    settings = CameraSettings(
        exposure=exposure,
        gain=80,
        filter=1,
        binning=1 if telescope.capabilities.cameras[Camera.TELE].binnings else None,
        format="FITS",
        count=FRAMES,
    )
    await step(telescope.take_control)
    await step(lambda: telescope.set_time(stage.clock.now(), BASEL.timezone, BASEL))
    await step(telescope.go_live)
    await step(telescope.auto_focus)
    await step(lambda: telescope.apply(Camera.TELE, settings))
    assert await step(lambda: telescope.read(Camera.TELE)) == settings
    await step(lambda: telescope.calibrate(BASEL))
    await step(lambda: telescope.goto(ORION, BASEL))
    begun = stage.clock.now()
    seen: list[CaptureProgress] = []
    report = await capture(stage, seen)

    assert (report.taken, report.stacked, report.end) == (FRAMES, FRAMES, CaptureEnd.FINISHED)
    assert [one.taken for one in seen] == sorted(one.taken for one in seen)
    assert (seen[-1].taken, seen[-1].stacked) == (FRAMES, FRAMES)
    picture = await telescope.latest_picture(begun)
    assert picture is not None
    assert picture.jpeg.startswith(b"\xff\xd8\xff")
    await step(telescope.go_live)
    await step(telescope.halt)
    await step(telescope.release_control)


@pytest.mark.parametrize(
    ("generation", "model", "transport"), sliced(["v2", "v3"], ["D2", "D3", "mini"], TRANSPORTS), ids=str
)
def test_a_night_takes_every_frame_once(
    contract: Contract, generation: str, model: str, transport: Transport
) -> None:
    async def story(stage: Stage) -> None:
        await night(stage)
        journal = stage.sim.history
        (opened,) = journal.of(ShutterOpened)
        seconds = 10.0 if transport.lasts else 1.0
        assert (opened.camera, opened.exposure_s, opened.gain, opened.filter) == (0, seconds, 80, 1)
        assert (opened.frames, opened.target) == (FRAMES, ORION.name)
        assert [one.number for one in journal.of(FrameTaken)] == list(range(1, FRAMES + 1))
        (closed,) = journal.of(ShutterClosed)
        assert (closed.taken, closed.reason) == (FRAMES, "finished")
        assert 0 in [one.code for one in journal.of(Calibration)]
        assert journal.of(Focused)
        last = journal.of(Slew)[-1]
        assert (last.ra_hours, last.dec_degrees) == pytest.approx((ORION.ra_hours, ORION.dec_degrees))
        if transport.lasts:
            assert stage.network.broken >= 2
        else:
            assert stage.network.connections == 1

    contract.play(story, generation=generation, model=model, transport=transport)
