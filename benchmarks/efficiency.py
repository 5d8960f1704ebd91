"""Open-shutter time of 20 × 15 s on simulated telescopes, and what of the rest the telescope itself needs."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.habits import Habits
from agent.telescope.simulator.history import FrameTaken
from benchmarks.reporting import quiet, say
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_night import PARIS
from tests.support.virtual_loop import run_virtual

FRAMES = 20
EXPOSURE_S = 15.0
LOOK_S = 0.1
OUTAGE_S = 300.0
SHOT = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "count": FRAMES}
ON = {"do_action": True}


@dataclass(frozen=True, slots=True)
class Measured:
    """Shares of open-shutter time: of a session, and if the telescope's own work were all there is."""

    efficiency: float
    limit: float
    wasted_s: float


class _Work:
    """Counts the seconds in which a telescope focuses, moves or captures."""

    def __init__(self, place: Observatory, sim: SimulatedDwarf) -> None:
        self._place, self._sim = place, sim
        self._seconds = 0.0
        self._task = asyncio.create_task(self._watch())

    def weigh(self, result: dict[str, Any]) -> Measured:
        """Set the open-shutter time of a session that is over against its time, and against the work."""
        self._task.cancel()
        began, ended = (datetime.fromisoformat(result[name]) for name in ("started_at", "ended_at"))
        wall_s, exposed_s = (ended - began).total_seconds(), result["frames"]["taken"] * EXPOSURE_S
        return Measured(exposed_s / wall_s, exposed_s / self._seconds, wall_s - self._seconds)

    async def _watch(self) -> None:
        while True:
            await self._place.clock.sleep(LOOK_S)
            state = self._sim.state
            if state.motion.activity or state.focus.activity or state.capturing():
                self._seconds += LOOK_S


async def sessions(root: Path, *faults: str, count: int = 2, **options: Any) -> list[Measured]:
    """Run sessions that ask for focus and calibration, one after the other, and weigh each of them."""
    wanted = {"generation": "v3", "model": "D3", "site": PARIS, "strict": True, "card_port": 0, **options}
    place = Observatory(root, telescopes=[{"id": "scope", "host": "192.0.2.1", "model": wanted["model"]}])
    options_of = SimulatorOptions.from_mapping({**wanted, "faults": list(faults)})
    measured = []
    async with SimulatedDwarf(options_of, place.clock) as sim:
        address = DwarfAddress("127.0.0.1", sim.port, sim.http_port, sim.card_port or 0)
        place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
        async with place.open():
            await place.clock.sleep(60)
            for number in range(1, count + 1):
                work = _Work(place, sim)
                document = session(goto_manual=NEVER_SETS, calibration=ON, auto_focus=ON, setup_camera=SHOT)
                place.drop(f"s{number}.json", document)
                await place.sessions_ended(number)
                measured.append(work.weigh(place.results[-1]))
    return measured


async def found_again_s(root: Path) -> float:
    """Cut a session off for five minutes; return the seconds until the telescope is asked something again."""
    place = Observatory(root)
    options = SimulatorOptions.from_mapping(
        {"generation": "v3", "site": PARIS, "strict": True, "card_port": 0}
    )
    async with SimulatedDwarf(options, place.clock) as sim:
        address = DwarfAddress("127.0.0.1", sim.port, sim.http_port, sim.card_port or 0)
        place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
        place.drop("s.json", session(goto_manual=NEVER_SETS, calibration=ON, setup_camera=SHOT))
        async with place.open():
            await place.until(lambda: len(sim.history.of(FrameTaken)) >= 3)
            sim.faults.add(f"drop-link:refuse_s={OUTAGE_S:g}")
            back = place.clock.monotonic() + OUTAGE_S
            await place.clock.sleep(OUTAGE_S)
            heard = len(sim.received)
            await place.until(lambda: len(sim.received) > heard, every_s=LOOK_S)
            found = place.clock.monotonic() - back
            await place.sessions_ended(1)
    assert place.results[0]["frames"]["taken"] == FRAMES
    return found


TELESCOPES = (("v2", "D2"), ("v2", "D3"), ("v3", "D2"), ("v3", "D3"), ("v3", "mini"))


def measure(telescopes: Sequence[tuple[str, str]] = TELESCOPES, *, habits: bool = True) -> None:
    """Each generation and model, and each habit of newer firmware, without and with a valid calibration."""
    for generation, model in telescopes:
        _tell("efficiency", generation=generation, model=model)
    for habit in Habits.one_by_one()[1:] if habits else ():
        _tell("efficiency_by_habit", habits=habit)
    with tempfile.TemporaryDirectory() as folder:
        say("found_again", outage_s=OUTAGE_S, seconds=round(run_virtual(found_again_s(Path(folder))), 1))


def _tell(name: str, **options: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        without, with_valid = run_virtual(sessions(Path(folder), **options))
    shown = {key: str(value) for key, value in options.items()}
    for calibrated, one in ((False, without), (True, with_valid)):
        percent = {"efficiency": round(100 * one.efficiency, 1), "limit": round(100 * one.limit, 1)}
        say(
            name,
            **shown,
            calibration="valid" if calibrated else "none",
            **percent,
            wasted_s=round(one.wasted_s, 1),
        )


if __name__ == "__main__":
    quiet()
    measure()
