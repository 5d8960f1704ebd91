"""What brings one telescope to rest: captures stopped, the barrel folded, the telescope switched off."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from agent.capabilities import Camera
from agent.clock import Clock
from agent.errors import AgentError
from agent.goals import Goal
from agent.station.belief import Belief
from agent.station.safing_status import SafingStatus, StillCapturingError
from agent.telescope.interface import CaptureEnd, CaptureFacts, CaptureReport, Telescope

_LOGGER = logging.getLogger(__name__)

Stranger = Callable[[CaptureFacts], str]


class Safing:
    """Owner of what was told of the captures that it stopped. Each act is over once it is seen to be."""

    def __init__(
        self, clock: Clock, belief: Belief, told: SafingStatus, goal: Callable[[], Goal | None]
    ) -> None:
        self._clock = clock
        self._belief = belief
        self._told = told
        self._goal = goal
        self._reports: dict[Camera, CaptureReport] = {}
        self._begins_until: dict[Camera, float] = {}  # until when a capture that is not seen may begin
        self._strangers: dict[Camera, Stranger] = {}  # of captures that an earlier life left open

    def opened(self, camera: Camera, may_begin_s: float, stranger: Stranger | None = None) -> None:
        """A shutter opens within so long, or was left open: `stranger` tells another capture from it."""
        self._reports.pop(camera, None)
        self._begins_until[camera] = self._clock.monotonic() + may_begin_s
        self._strangers.pop(camera, None)
        if stranger is not None:
            self._strangers[camera] = stranger
        self._belief.shutter_opens(camera)

    def take_report(self, camera: Camera) -> CaptureReport | None:
        """What the telescope said when its capture was stopped; each is told once."""
        return self._reports.pop(camera, None)

    async def stop(self, telescope: Telescope) -> None:
        """Stop everything, and see that no shutter is open; StillCapturingError when one is.

        Of a telescope that we did not move only the shutters are looked at: somebody else may use it.
        """
        belief, goal = self._belief, self._goal()
        stops = belief.stops
        await self._recognise(telescope, spares=belief.spares(goal))
        if belief.others and not belief.capturing:
            return
        ours = belief.moved or belief.capturing or belief.carries_out
        untold = not (belief.capturing or telescope.schedules_told) and belief.spares(goal)
        if not ours or untold:
            running = await self.running(telescope)
            if running and belief.theirs(goal):
                raise StillCapturingError("It captures; it did not tell yet whether by its own schedule.")
            if not ours:
                belief.captures(running)
                if not belief.capturing:
                    belief.stopped(stops)
                    return
        if self._told.attempts > 1 and belief.capturing:
            await telescope.take_control()
        begins: list[str] = []
        for camera in tuple(belief.capturing):
            report = await telescope.stop_capture(camera)
            if self._may_begin(report):
                begins.append(camera.value)
            else:
                self._reports[camera] = report
        if ours or belief.capturing:
            await telescope.halt()
        if running := await self.running(telescope):
            belief.captures(running)
            raise StillCapturingError(f"The {next(iter(running)).value} camera still captures.")
        if begins:
            raise StillCapturingError(f"The {begins[0]} camera may still begin what it was asked for.")
        belief.stopped(stops)

    async def running(self, telescope: Telescope) -> set[Camera]:
        """The cameras that capture, as the telescope says, but for those that are left to others."""
        found = {camera for camera in Camera if await telescope.running_capture(camera) is not None}
        self._belief.others &= found
        return found - self._belief.others

    async def fold(self, telescope: Telescope) -> None:
        """Stop and park it."""
        await telescope.take_control()  # it may have been left alone
        if not self._belief.still:
            await self.stop(telescope)
        stops = self._belief.stops
        self._belief.folds()
        await telescope.park()
        self._belief.parked = self._belief.stops == stops

    async def power_down(self, telescope: Telescope) -> None:
        """Stop it and switch it off."""
        await telescope.take_control()
        if not self._belief.still:
            await self.stop(telescope)
        await telescope.shutdown()
        self._belief.switched_off()

    def _may_begin(self, stopped: CaptureReport) -> bool:
        """Whether a capture was stopped before it was seen to begin: the stop may have come too soon."""
        unseen = stopped.end is CaptureEnd.UNKNOWN and not stopped.taken
        return unseen and self._clock.monotonic() < self._begins_until.get(stopped.camera, 0.0)

    async def _recognise(self, telescope: Telescope, *, spares: bool) -> None:
        """See which captures that were left open are others' by now; what is unknown of one is ours."""
        belief = self._belief
        for camera in tuple(belief.capturing & self._strangers.keys()):
            with contextlib.suppress(AgentError):
                found = await telescope.running_capture(camera)
                if found is not None and (against := self._strangers[camera](found)):
                    done = "left to it" if spares else "stopped all the same"
                    _LOGGER.warning("Another client's %s capture is %s: %s", camera.value, done, against)
                    belief.left_to_others(camera)
        if not spares:
            belief.captures(belief.others)
