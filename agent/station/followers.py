"""The parts of a station that follow what happens and command nothing."""

from __future__ import annotations

from functools import partial

from agent.settings import Settings
from agent.station.archivist import Archivist
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.runner import SessionRunner
from agent.station.status import StationStatus
from agent.station.tasks import Loop
from agent.store.folders import Tree


class Followers:
    """Makes them, and owns nothing else."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        tree: Tree,
        settings: Settings,
        status: StationStatus,
        runner: SessionRunner,
    ) -> None:
        self._ground = ground
        self.archivist: Archivist | None = None
        if settings.archive.dir is not None:
            on_problem = partial(status.problem, "archive")
            self.archivist = Archivist(ground, hands, tree, settings.archive, runner, on_problem)

    def loops(self) -> dict[str, Loop]:
        """Return the tasks of those that are there."""
        return {"archive": self.archivist.run} if self.archivist is not None else {}

    @property
    def busy(self) -> bool:
        """Whether something of what ended is still to be done."""
        return self.archivist is not None and self.archivist.fetching

    def say_again(self) -> None:
        """Publish what they last told."""
        if self.archivist is not None:
            self._ground.bus.publish(self.archivist.event())
