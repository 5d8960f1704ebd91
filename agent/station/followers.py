"""The parts of a station that follow what happens and command nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agent.settings import Settings, TelescopeSettings
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.night_reporter import NightReporter
from agent.station.runner import SessionRunner
from agent.station.status import StationStatus
from agent.station.tasks import Loop
from agent.station.totals import Totals
from agent.store.folders import Tree
from agent.store.results import Results

if TYPE_CHECKING:
    from agent.station.archivist import Archivist


class Followers:
    """Makes them, and owns nothing else."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        tree: Tree,
        results: Results,
        settings: Settings,
        own: TelescopeSettings,
        status: StationStatus,
        runner: SessionRunner,
    ) -> None:
        self._ground = ground
        self._own = own
        self.totals = Totals(ground, tree)
        self.reporter = NightReporter(ground, tree, results, runner, self._name)
        self.archivist: Archivist | None = None
        if settings.archive.dir is not None:
            from agent.station.archivist import Archivist  # half a megabyte with what it reads files by

            on_problem = partial(status.problem, "archive")
            self.archivist = Archivist(ground, hands, tree, settings.archive, runner, on_problem)

    def loops(self) -> dict[str, Loop]:
        """Return the tasks of those that are there."""
        loops: dict[str, Loop] = {"report": self.reporter.run, "totals": self.totals.run}
        return loops | ({"archive": self.archivist.run} if self.archivist is not None else {})

    @property
    def busy(self) -> bool:
        """Whether something of what ended is still to be done."""
        return self.reporter.busy or (self.archivist is not None and self.archivist.fetching)

    def say_again(self) -> None:
        """Publish what they last told."""
        if self.archivist is not None:
            self._ground.bus.publish(self.archivist.event())
        if self.totals.known:
            self._ground.bus.publish(self.totals.event())
        if self.reporter.last is not None:
            self._ground.bus.publish(self.reporter.last)

    def _name(self) -> str:
        identity = self._ground.telescope.identity
        return self._own.name or (identity.name if identity is not None else "") or self._ground.id
