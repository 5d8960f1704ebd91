"""A few of the pairs on the machine's own clock, ten times as fast as life: no jumping loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.clock import ScaledClock
from agent.telescope.simulator.history import FrameTaken
from tests.safety.rig import DUSK, STOP_LIMIT_S, long_session, on_the_wire

SPEED = 10.0
LATE_S = 10.0  # a second of a busy machine


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("order", ["abort", "rain", "SIGTERM"])
@pytest.mark.parametrize(
    ("fault", "within_s"), [("drop-link:refuse_s=25", 65), ("deaf:command=11006,times=1", 16)]
)
def test_an_order_is_carried_out_in_real_time(
    tmp_path: Path, order: str, fault: str, within_s: float
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, clock=ScaledClock(SPEED, DUSK), late_s=LATE_S) as rig:
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures(2)
            rig.sim.faults.add(fault)
            if order == "SIGTERM":
                assert await rig.end() <= STOP_LIMIT_S + LATE_S
                assert not rig.exposes or rig.status["problem"] is not None
                return
            if order == "rain":
                rig.rain()
            else:
                rig.command(order)
            await rig.until(lambda: not rig.exposes, within_s + LATE_S)
            if order == "abort":
                await rig.until(lambda: "a" in rig.results(), 60)
                taken = rig.results()["a"]["frames"]["taken"]
                assert taken == len(rig.sim.history.of(FrameTaken))

    asyncio.run(night())
