"""What follows from a telescope that comes, goes, or says something of itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from agent.afterwards import PolarAlignmentMeasured
from agent.errors import Problem, Severity
from agent.events import OwnScheduleChanged, TelemetryChanged
from agent.station.ground import Ground
from agent.station.sharing import Sharing, ShownFilter
from agent.station.status import Availability, StationStatus
from agent.telescope.interface import (
    ConnectionChanged,
    EqError,
    Identity,
    SchedulesReport,
    TelemetryReport,
    TelescopeEvent,
)

UNKNOWN_MODEL = "Results/unknown-model.jsonl"  # what a telescope says that nobody knows


class Link:
    """Tells a station's other parts of its telescope. `begin`, then `follow` is its one task."""

    def __init__(
        self,
        ground: Ground,
        status: StationStatus,
        shown_filter: ShownFilter,
        sharing: Sharing,
        *,
        kick: Callable[[], None],
        look: Callable[[], None],
        look_again: Callable[[], Awaitable[None]],
        poll_s: float,
    ) -> None:
        """`kick`: the link changed; `look`: conditions may have; `look_again`: it is another telescope."""
        self._ground = ground
        self._status = status
        self._filter = shown_filter
        self._sharing = sharing
        self._kick = kick
        self._look = look
        self._look_again = look_again
        self._poll_s = poll_s
        self.availability = Availability(ground.id, ground.bus.publish, ground.clock.now)

    def begin(self) -> None:
        """Listen to the telescope, which may have connected before."""
        telescope = self._ground.telescope
        telescope.listen(self._hear)
        self._status.link(telescope.connection)
        self.availability.link(telescope.connection)

    async def follow(self) -> None:
        """Each time the telescope is there, check what waits against it; for ever."""
        telescope, checked = self._ground.telescope, None
        while True:
            await telescope.wait_connected()
            identity = telescope.identity
            if identity is not None:
                self._ground.state.set(model=identity.model, serial=identity.serial, name=identity.name)
                self._status.problem("model", _doubted(identity) if identity.doubt else None)
            known: Any = (identity, telescope.capabilities)
            if known != checked:
                checked = known
                await self._look_again()
            await self._sharing.stay()
            await self._ground.clock.sleep(self._poll_s)  # another client may hold a link that is up

    def own_schedule(self) -> OwnScheduleChanged:
        """What the telescope keeps to do by itself, as it told last."""
        known = self._ground.telescope.schedules
        return OwnScheduleChanged(telescope=self._ground.id, at=self._ground.clock.now(), schedules=known)

    def _polar_alignment(self, error: EqError) -> PolarAlignmentMeasured:
        turn, lift = error.knobs
        return PolarAlignmentMeasured(
            telescope=self._ground.id,
            at=self._ground.clock.now(),
            azimuth=error.azimuth,
            altitude=error.altitude,
            turn=turn,
            lift=lift,
            message=error.words,
        )

    def _hear(self, event: TelescopeEvent) -> None:
        match event:
            case TelemetryReport(telemetry):
                now = self._ground.clock.now()
                self._ground.bus.publish(
                    TelemetryChanged(telescope=self._ground.id, at=now, telemetry=telemetry)
                )
                self._look()
            case SchedulesReport():
                self._ground.bus.publish(self.own_schedule())
                self._look()
            case EqError():
                self._ground.bus.publish(self._polar_alignment(event))
            case ConnectionChanged(state, message):
                self._status.link(state, message)
                self.availability.link(state, message)
                self._filter.link(state)
                self._kick()


def _doubted(identity: Identity) -> Problem:
    hint = (
        f"Stay with it on its first nights, and send {UNKNOWN_MODEL}: what it says, without names and places."
    )
    return Problem("unknown_model", identity.doubt, hint, severity=Severity.WARNING)
