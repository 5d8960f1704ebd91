"""Keeps the filter that people see equal to the one in front of the camera."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent.capabilities import Camera
from agent.events import Event, SessionEnded, SessionProgress
from agent.telescope.errors import TelescopeError
from agent.telescope.interface import ConnectionState

if TYPE_CHECKING:
    from agent.station.station import Station

_LOGGER = logging.getLogger(__name__)


class ShownFilter:
    """Follows the tele camera's filter: from a session's plan while it runs, else as the telescope says."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._stale = True

    def hear(self, event: Event) -> None:
        """Listen to the bus."""
        if event.telescope != self._station.id:
            return
        match event:
            case SessionProgress(step=label, frames=frames) if frames.taken:
                self._from_plan(label)
            case SessionEnded():
                self._stale = True

    def link(self, state: ConnectionState) -> None:
        """The link changed; while it was away anybody may have turned the filter."""
        self._stale = self._stale or state is ConnectionState.CONNECTED

    async def look(self) -> None:
        """Ask the telescope, if what is shown may be wrong and no session has its cameras."""
        if not self._stale or self._station.running is not None:
            return
        capabilities = self._station.capabilities()
        if capabilities is None:
            return
        self._stale = False
        filters = capabilities.cameras[Camera.TELE].filters
        if not filters:
            return
        try:
            held = (await self._station.telescope.read(Camera.TELE)).filter
        except TelescopeError as error:
            _LOGGER.debug("The filter is not told: %s", error)
            return
        self._show(next((known.name for known in filters if known.value == held), ""))

    def _from_plan(self, label: str) -> None:
        """A capture takes frames, so its settings were set and read back."""
        running = self._station.running
        plan = running.waiting.plan if running is not None else None
        for step in plan.steps if plan is not None else ():
            if step.label == label and step.camera is Camera.TELE and step.filter is not None:
                self._show(step.filter.name)

    def _show(self, name: str) -> None:
        if name and name != self._station.switches.values.filter:
            self._station.switches.change(filter=name)
