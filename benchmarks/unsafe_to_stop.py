"""From "unsafe" on MQTT to the command that stops the telescope, at random instants of every state."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from agent.events import Status
from agent.telescope.dwarf.wire.commands import Cmd
from benchmarks.reporting import quiet, say, spread
from benchmarks.stage import Stage, document, now, staged

TRIALS = 30
SPEED = 20.0  # calibration, slew and frames take a twentieth of their time; the agent takes its own
SESSIONS = (  # what a session begins with, and within how many seconds the rain comes
    ((), 1.0),
    ((), 8.0),
    (("auto_focus",), 1.0),
    (("calibration",), 14.0),
)
LIMIT_S = 5.0
STOPS = frozenset(
    {
        *(Cmd.STOP_CALIBRATION, Cmd.STOP_GOTO, Cmd.STOP_CAPTURE, Cmd.STOP_EQ),
        Cmd.STOP_ASTRO_AUTO_FOCUS,
    }
)
WEATHER = {"policy": "wait", "inputs": ["roof"], "ttl_s": 3600, "clear_for_min": 0}


async def measure(trials: int = TRIALS) -> None:
    """Rain on that many sessions."""
    rng = random.Random(1)
    states: Counter[str] = Counter()
    delays: list[float] = []
    async with staged(speed=SPEED, calibrated=False, weather=WEATHER) as stage:
        for trial in range(trials):
            _report(stage, safe=True)
            steps, longest_s = SESSIONS[trial % len(SESSIONS)]
            session = document(200, **{name: {} for name in steps})
            stage.say("scope/session/submit", {**session, "session_id": f"t{trial}"})
            while stage.station.running is None:
                await asyncio.sleep(0.01)
            await asyncio.sleep(rng.uniform(0.05, longest_s))
            states[stage.station.status.status.value] += 1
            began = now()
            _report(stage, safe=False)
            delay = await _stopped(stage, began)
            if delay is not None:
                delays.append(delay)
            stage.say("scope/command", "abort")
            await stage.results(trial + 1)
    say("unsafe_to_stop", unit="ms", **spread(delays), states=dict(states))


async def _stopped(stage: Stage, began: object) -> float | None:
    """Milliseconds until a stop is on the wire; None when the session pauses with nothing to stop."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            stops = [one for one in stage.received_since(began) if one.cmd in STOPS]  # type: ignore[arg-type]
            if stops:
                return (stops[0].at - began).total_seconds() * 1000  # type: ignore[operator]
            if stage.station.running is None or stage.station.status.status is Status.PAUSED:
                return None
            await asyncio.sleep(0.01)


def _report(stage: Stage, *, safe: bool) -> None:
    stage.say("safety/input/roof", {"safe": safe, "ttl": 3600})


if __name__ == "__main__":
    quiet()
    asyncio.run(measure())
