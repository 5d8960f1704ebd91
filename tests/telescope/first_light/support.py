"""First light on a simulated telescope, with an owner who says what a test wants, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agent.clock import LoopClock
from agent.targets import Site
from agent.telescope.first_light.line import Place
from agent.telescope.first_light.notebook import Notebook
from agent.telescope.first_light.walk import walk
from agent.telescope.simulator import Habits, SimulatedDwarf, SimulatorOptions
from tests.support.virtual_loop import run_virtual

BASEL = Site(47.5, 7.6, 280.0, "Europe/Zurich")
NIGHT = datetime(2026, 1, 15, 20, 0, tzinfo=UTC)
MOONLIT = datetime(2026, 1, 1, 22, 0, tzinfo=UTC)

Act = Callable[[SimulatedDwarf], None]


@dataclass(slots=True)
class Script:
    """An owner who says yes, except to what has a word of `refuses` in it; `acts` are done before a yes."""

    refuses: tuple[str, ...] = ()
    acts: Mapping[str, Act] = field(default_factory=dict)
    sim: SimulatedDwarf | None = None
    told: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def agrees(self, question: str) -> bool:
        self.asked.append(question)
        if any(word in question for word in self.refuses):
            return False
        for word, act in self.acts.items():
            if word in question and self.sim is not None:
                act(self.sim)
        return True


def plug(sim: SimulatedDwarf) -> None:
    sim.state.body.charging = True


def unplug(sim: SimulatedDwarf) -> None:
    sim.state.body.charging = False


def fold(sim: SimulatedDwarf) -> None:
    sim.state.pointing.pitch = 317.0


HANDS: dict[str, Act] = {"Plug the charger": plug, "Unplug": unplug, "fold the telescope": fold}


def place_of(sim: SimulatedDwarf) -> Place:
    files = sim.http_port if sim.card_port is None else sim.card_port
    return Place("127.0.0.1", sim.port, sim.http_port, files_port=files, pictures_port=sim.http_port)


@dataclass(slots=True)
class Lit:
    """What a walk left behind."""

    notebook: Notebook
    sim: SimulatedDwarf
    owner: Script


def light(
    path: Path,
    *only: str,
    owner: Script | None = None,
    habits: Habits | None = None,
    start: datetime = NIGHT,
    site: Site | None = BASEL,
    **simulated: object,
) -> Lit:
    """Walk through checks on a telescope like this, with its file at `path`."""
    script = owner or Script(acts=HANDS)

    async def run() -> Lit:
        clock = LoopClock(start)
        options = SimulatorOptions.from_mapping(
            {
                "generation": "v3",
                "exclusive": True,
                "card_port": 0,
                "site": BASEL,
                "habits": habits or Habits(),
                **simulated,
            }
        )
        async with SimulatedDwarf(options, clock) as sim:
            script.sim = sim
            notebook = Notebook.open(path, clock.now)
            try:
                await walk(place_of(sim), notebook, script, clock, site=site, only=only)
            finally:
                notebook.close()
            return Lit(notebook, sim, script)

    return run_virtual(run())
