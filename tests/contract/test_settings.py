"""Camera settings: everything in the tables is taken, read back, and used for the frames."""

from __future__ import annotations

import pytest

from agent.capabilities import Camera
from agent.telescope.errors import RefusedError, TelescopeError
from agent.telescope.interface import CameraSettings
from agent.telescope.simulator.history import ShutterOpened
from agent.telescope.simulator.profiles import TELE, WIDE
from tests.contract.stage import BASEL, ORION, Contract, Stage
from tests.contract.transports import BYTE_BY_BYTE, DOUBLING, PERFECT, SLOW, Transport
from tests.support.tables import every

NUMBER = {Camera.TELE: TELE, Camera.WIDE: WIDE}
both = pytest.mark.parametrize("generation", ["v2", "v3"])


@pytest.mark.parametrize(
    ("generation", "model", "transport"),
    every(
        2,
        [
            ("v2", "D2", PERFECT),
            ("v2", "D3", BYTE_BY_BYTE),
            ("v3", "mini", DOUBLING),
            ("v3", "D2", BYTE_BY_BYTE),
            ("v3", "D3", PERFECT),
            ("v2", "mini", PERFECT),
        ],
    ),
    ids=str,
)
def test_every_exposure_gain_and_filter_of_the_tables_is_taken(
    contract: Contract, generation: str, model: str, transport: Transport
) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        for camera in Camera:
            await telescope.apply(camera, CameraSettings(count=5))  # now the tables are the telescope's own
            own, lens = telescope.capabilities.cameras[camera], stage.sim.state.cameras[NUMBER[camera]]
            filters = [each.value for each in own.filters] or [None]
            for turn in range(max(len(own.exposures), len(own.gains))):
                wanted = CameraSettings(
                    exposure=own.exposures[turn % len(own.exposures)].index,
                    gain=own.gains[turn % len(own.gains)],
                    filter=filters[turn % len(filters)],
                )
                await telescope.apply(camera, wanted)
                assert (lens.exposure, lens.gain) == (wanted.exposure, wanted.gain)
                assert wanted.filter in (None, lens.filter)
            assert lens.exposure_manual
            assert lens.gain_manual or (camera is Camera.WIDE and generation == "v2")  # it has no such mode

    contract.play(story, generation=generation, model=model, transport=transport)


@pytest.mark.parametrize(
    ("generation", "model", "transport"),
    list(zip(["v2", "v3"] * 3, ["D2", "D3", "mini"] * 2, [SLOW, DOUBLING, BYTE_BY_BYTE] * 2, strict=True)),
    ids=str,
)
def test_what_is_set_is_read_back(
    contract: Contract, generation: str, model: str, transport: Transport
) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        for camera in Camera:
            await telescope.apply(camera, CameraSettings(count=5))
            own = telescope.capabilities.cameras[camera]
            for turn in (0, -1):
                wanted = CameraSettings(
                    exposure=own.exposures[turn].index,
                    gain=own.gains[turn],
                    filter=own.filters[turn].value if own.filters else None,
                    binning=own.binnings[turn].value if own.binnings else None,
                    format=own.formats[turn],
                    count=(own.min_count, own.max_count)[turn],
                )
                await telescope.apply(camera, wanted)
                assert await telescope.read(camera) == wanted

    contract.play(story, generation=generation, model=model, transport=transport)


@both
@pytest.mark.parametrize("setting", ["exposure", "gain", "filter", "count", "binning", "format"])
def test_a_setting_the_telescope_only_pretends_to_take_is_seen(
    contract: Contract, generation: str, setting: str
) -> None:
    wanted = CameraSettings(exposure=120, gain=90, filter=2, count=17, binning=1, format="TIFF")

    async def story(stage: Stage) -> None:
        await stage.telescope.apply(Camera.TELE, wanted)
        held = await stage.telescope.read(Camera.TELE)
        different = [
            name
            for name in ("exposure", "gain", "filter", "count", "binning", "format")
            if getattr(held, name) != getattr(wanted, name)
        ]
        assert different == [setting]

    contract.play(story, f"setting-ignored:setting={setting}", generation=generation)


@both
def test_a_setting_that_is_none_is_left_alone(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        first = CameraSettings(exposure=120, gain=90, filter=2, count=17, binning=1, format="TIFF")
        await telescope.apply(Camera.TELE, first)
        await telescope.apply(Camera.TELE, CameraSettings(gain=100))
        await telescope.apply(Camera.TELE, CameraSettings())
        held = await telescope.read(Camera.TELE)
        assert (held.exposure, held.gain, held.filter, held.count) == (120, 100, 2, 17)
        assert (held.binning, held.format) == (1, "TIFF")

    contract.play(story, generation=generation)


@both
@pytest.mark.parametrize(
    "settings",
    [
        CameraSettings(exposure=999),
        CameraSettings(gain=85),
        CameraSettings(filter=7),
        CameraSettings(count=5000),
    ],
    ids=["exposure", "gain", "filter", "count"],
)
def test_what_is_in_no_table_is_refused_for_good(
    contract: Contract, generation: str, settings: CameraSettings
) -> None:
    async def story(stage: Stage) -> None:
        with pytest.raises(TelescopeError) as caught:
            await stage.telescope.apply(Camera.TELE, settings)
        assert isinstance(caught.value, RefusedError)

    contract.play(story, generation=generation)


@both
def test_frames_are_exposed_with_the_settings_of_their_camera(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        telescope = stage.telescope
        await telescope.apply(Camera.TELE, CameraSettings(exposure=129, gain=60, filter=2, count=2))
        await telescope.calibrate(BASEL)
        await telescope.goto(ORION, BASEL)
        await telescope.start_capture(Camera.TELE)
        await telescope.follow_capture(Camera.TELE)
        await telescope.apply(Camera.WIDE, CameraSettings(exposure=120, gain=100, count=3))
        await telescope.start_capture(Camera.WIDE)
        report = await telescope.follow_capture(Camera.WIDE)
        assert (report.camera, report.taken) == (Camera.WIDE, 3)
        tele, wide = stage.sim.history.of(ShutterOpened)
        assert (tele.camera, tele.exposure_s, tele.gain, tele.filter, tele.frames) == (TELE, 2.0, 60, 2, 2)
        assert (wide.camera, wide.exposure_s, wide.gain, wide.frames) == (WIDE, 1.0, 100, 3)

    contract.play(story, generation=generation)
