"""Every value that telemetry promises is one that a telescope tells."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tests.contract.stage import BASEL, ORION, Contract, Stage


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_every_value_of_telemetry_is_told_by_the_telescope(contract: Contract, generation: str) -> None:
    async def story(stage: Stage) -> None:
        telescope, step = stage.telescope, stage.step
        await step(telescope.take_control)
        await step(lambda: telescope.set_time(stage.clock.now(), BASEL.timezone, BASEL))
        await step(telescope.go_live)
        await step(telescope.auto_focus)
        await step(lambda: telescope.calibrate(BASEL))
        await step(lambda: telescope.goto(ORION, BASEL))
        told = telescope.telemetry
        assert [field.name for field in fields(told) if getattr(told, field.name) is None] == []

    contract.play(story, generation=generation, model="D3")
