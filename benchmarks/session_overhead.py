"""What the agent adds to a session: first command to open shutter, with a telescope that needs no time."""

from __future__ import annotations

import asyncio
import itertools

from agent.telescope.simulator.history import ShutterOpened
from benchmarks.reporting import quiet, say
from benchmarks.stage import AT_ONCE, document, now, staged

STEPS = ("auto_focus", "infinite_focus", "eq_solving", "calibration")
ANSWER_S = 0.1
BRIEF = [(), ("auto_focus", "infinite_focus"), STEPS]


async def measure(*, every_combination: bool = False) -> None:
    """Combinations of steps against answers at once, and the shortest one against answers after 100 ms."""
    combinations = [
        chosen for count in range(len(STEPS) + 1) for chosen in itertools.combinations(STEPS, count)
    ]
    instant = [await _to_shutter(chosen) for chosen in (combinations if every_combination else BRIEF)]
    slow_ms, commands = await _to_shutter((), f"slow-answers:seconds={ANSWER_S * AT_ONCE}")
    say(
        "session_overhead",
        unit="ms",
        combinations=len(instant),
        shortest=round(min(ms for ms, _ in instant), 1),
        longest=round(max(ms for ms, _ in instant), 1),
        commands_of_longest=max(commands for _, commands in instant),
        with_answers_after_100_ms=round(slow_ms, 1),
        commands_then=commands,
    )


async def _to_shutter(steps: tuple[str, ...], *faults: str) -> tuple[float, int]:
    """Return milliseconds, and the commands sent."""
    async with staged() as stage:
        for fault in faults:
            stage.sim.faults.add(fault)
        began = now()
        stage.say("scope/session/submit", document(**{name: {} for name in steps}))
        await stage.results(1)
        opened = stage.sim.history.of(ShutterOpened)[0].at
        commands = [one for one in stage.received_since(began) if one.at <= opened]
        elapsed_ms = (opened - commands[0].at).total_seconds() * 1000
        return elapsed_ms, len(commands)


if __name__ == "__main__":
    quiet()
    asyncio.run(measure(every_combination=True))
