"""One night of the campaign: played, judged, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.telescope.simulator.broken_rules import BrokenRulesError
from tests.soak.campaign.judge import Judge
from tests.soak.campaign.player import staged
from tests.soak.campaign.script import Script
from tests.soak.mortal import run_mortal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a night broke, and its figures."""

    seed: int
    violations: tuple[str, ...]
    figures: dict[str, float]
    story: str


def play(script: Script, root: Path) -> Verdict:
    """Play a night to its end in simulated time, in an empty folder, whatever it breaks."""
    return run_mortal(_play(script, root))  # type: ignore[no-any-return]


async def _play(script: Script, root: Path) -> Verdict:
    violations: list[str] = []
    figures: dict[str, float] = {}
    story = ""
    try:
        async with staged(script, root) as (rig, defects):
            began = rig.clock.monotonic()
            try:
                await rig.play(script)
                violations += Judge(rig, defects).look()
            finally:
                figures = {
                    "hours": (rig.clock.monotonic() - began) / 3600,
                    "kills": rig.kills,
                    "lives": rig.lives,
                    "sessions": len(rig.wishes),
                    "frames": rig.frames_shot(),
                    "link losses": sum(
                        one.deed == "fault" and "drop-link" in str(one.with_) for one in script.events
                    ),
                    "broker restarts": sum(one.deed == "broker" for one in script.events),
                    "events": rig.tried,
                }
                story = rig.story()
    except (AssertionError, BrokenRulesError, ExceptionGroup) as error:
        notes = "\n".join(getattr(error, "__notes__", ()))
        violations.append(f"{type(error).__name__}: {error}\n{notes}".strip())
    return Verdict(script.seed, tuple(violations), figures, story)
