"""What every step is given: the telescope, the site, and ways to wait and to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from agent.capabilities import Camera, Capabilities
from agent.clock import Clock
from agent.errors import AgentError
from agent.events import Event, SessionBrief
from agent.execute.alignment import Alignment, Reuse
from agent.execute.cap import Cap
from agent.execute.darks_under_way import DarksUnderWay
from agent.execute.frame_counter import FrameCounter
from agent.execute.journal import JournalFile
from agent.execute.recentring import Recentring
from agent.execute.refocusing import Refocusing
from agent.execute.status import StatusSink
from agent.execute.told_time import ToldTime
from agent.goals import Level, Wish
from agent.session.plan import Plan, PlannedStep
from agent.session.reuse_rules import ReuseRules
from agent.targets import Site, Target
from agent.telescope.errors import TransientError
from agent.telescope.interface import CaptureFacts, CaptureProgress, CaptureReport, Telescope, TelescopeView

T = TypeVar("T")


class StepFailedError(AgentError):
    """A step ended without success and is not to be tried again."""

    code = "step_failed"


class CaptureLostError(TransientError):
    """A capture ended while nobody watched, short of its frames; the rest can be taken."""

    code = "capture_ended"


class GotoGuard(Protocol):
    """The last gate before the telescope moves; raises AgentError to forbid."""

    def permit(self, target: Target, *, seconds: float) -> None:
        """Allow pointing at the target for that many seconds from now, or raise."""


class Hands(Protocol):
    """What commands the telescope; PreemptedError from `perform` when something more important comes."""

    async def perform(
        self, level: Level, work: Callable[[Telescope], Awaitable[T]], *, moves: bool = True
    ) -> T:
        """Perform work on the telescope as soon as it may, and its turn comes."""

    def want(self, holder: Hashable, wish: Wish) -> asyncio.Future[bool]:
        """Leave a wish; return true once the telescope is seen to be there, false if it was withdrawn."""

    def withdraw(self, holder: Hashable) -> None:
        """Take a wish back."""

    def hold(self, level: Level, *, besides: Hashable = None) -> Wish | None:
        """The weightiest wish, but for that holder's, that keeps this level from moving the telescope."""

    def changed(self) -> Awaitable[object]:
        """Return what is over when a wish came, went or was fulfilled after this call."""

    @property
    def linked(self) -> bool:
        """Whether the telescope is there to be told."""

    @property
    def alignment(self) -> Alignment:
        """What holds of the telescope's calibration and focus."""

    def trouble(self) -> str:
        """Why the telescope is not yet where it is wanted; "" while nothing stands in the way."""

    def take_report(self, camera: Camera) -> CaptureReport | None:
        """What the telescope said when it stopped that camera's capture; told once."""

    def capture_opened(self, camera: Camera) -> None:
        """A shutter is about to open."""

    def capture_left_open(
        self, camera: Camera, stranger: Callable[[CaptureFacts], str], may_begin_s: float
    ) -> None:
        """An earlier life opened a shutter, or it may still open for so long.

        `stranger` says what speaks against a capture being that one.
        """

    def capture_closed(self, camera: Camera, *, taken_over: bool = False) -> None:
        """A capture was seen to be over; `taken_over`: another client's runs in its place."""


@dataclass(frozen=True, slots=True)
class ExecutorOptions:
    """Waits and limits of the executor, in seconds. Each says why it is as long as it is."""

    retry_pause_s: float = 10.0  # lets the telescope settle, and a cloud edge pass, between attempts
    stop_limit_s: float = 120.0  # how long an ending session waits to see the telescope stop, or park
    agent_stop_limit_s: float = 15.0  # the same while the agent itself is told to go
    reconnect_limit_s: float = 3600.0  # how long a session holds on to a telescope that does not answer
    hold_limit_s: float = 6 * 3600.0  # how long a session may stay paused before it ends with what it has
    capture_slack_s: float = 300.0  # a capture may take twice its estimate plus this before it is stopped


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all sessions of one telescope share."""

    telescope: TelescopeView
    hands: Hands
    telescope_id: str
    site: Site | None
    timezone: str
    clock: Clock
    publish: Callable[[Event], None]
    status: StatusSink
    options: ExecutorOptions = ExecutorOptions()
    cap: Cap = field(default_factory=Cap)
    reuse: ReuseRules = field(default_factory=ReuseRules)
    darks: DarksUnderWay = field(default_factory=DarksUnderWay)

    def reuse_for(self, plan: Plan) -> Reuse:
        """What of the telescope's calibration and focus a session can go without."""
        known, clock = self.hands.alignment, self.clock
        return Reuse(known, self.reuse, plan, self.telescope, clock, self.site, self.timezone)


@dataclass(frozen=True, slots=True)
class Job:
    """A session that may run now: its plan, its guard, and where it keeps what must survive a crash."""

    brief: SessionBrief
    plan: Plan
    journal: JournalFile
    guard: GotoGuard


@dataclass(slots=True)
class StepContext:
    """The surroundings of a running step."""

    telescope: Telescope
    site: Site | None
    timezone: str
    clock: Clock
    options: ExecutorOptions
    guard: GotoGuard
    counter: FrameCounter
    plan: Plan
    remaining_s: Callable[[], float]
    tell: Callable[[str], None]
    progressed: Callable[[CaptureProgress], None]
    reuse: Reuse
    told_time: ToldTime
    refocusing: Refocusing | None = None
    recentring: Recentring | None = None
    darks: DarksUnderWay = field(default_factory=DarksUnderWay)

    @property
    def capabilities(self) -> Capabilities:
        """What the telescope takes, by its own tables once it told them."""
        return self.telescope.capabilities


StepRunner = Callable[[StepContext, PlannedStep], Awaitable[None]]
