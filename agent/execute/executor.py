"""Runs one planned session on one telescope. The default outcome is "stop and report"; success is earned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.capabilities import Capabilities
from agent.clock import Clock
from agent.events import Event, EventBus, Reason, SessionBrief, SessionResult, Status
from agent.execute.context import ExecutorOptions, GotoGuard
from agent.execute.control import Control
from agent.execute.journal import JournalFile
from agent.session.plan import Plan
from agent.targets import Site
from agent.telescope.interface import Telescope


class StatusSink:
    """Where a run says what it is doing; the station merges it with what else it knows."""

    def say(self, status: Status, *, step: str = "", reason: Reason | None = None, message: str = "") -> None:
        """Tell the new status."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Job:
    """A session that may run now: its plan, and where it keeps what must survive a crash."""

    brief: SessionBrief
    plan: Plan
    max_attempts: int
    journal: JournalFile


class Executor:
    """Runs sessions on one telescope, one at a time."""

    def __init__(
        self,
        telescope: Telescope,
        *,
        telescope_id: str,
        site: Site,
        clock: Clock,
        bus: EventBus,
        guard: GotoGuard,
        status: StatusSink,
        capabilities: Callable[[], Capabilities],
        options: ExecutorOptions | None = None,
    ) -> None:
        self.telescope = telescope
        self.telescope_id = telescope_id
        self.site = site
        self.clock = clock
        self.guard = guard
        self.status = status
        self.options = options or ExecutorOptions()
        self.capabilities = capabilities
        self.left_running = False  # a stop that never reached the telescope; the station makes up for it
        self._bus = bus

    def publish(self, event: Event) -> None:
        """Tell the listeners."""
        self._bus.publish(event)

    async def run(self, job: Job, control: Control) -> SessionResult | None:
        """Run a session to its end and return its result; None when the agent stops and it goes on later.

        Never raises for anything the telescope or a person does.
        """
        from agent.execute.run import SessionRun

        return await SessionRun(self, job, control).execute()
