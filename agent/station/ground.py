"""What every part of a station stands on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.events import EventBus
from agent.station.state_file import StateFile
from agent.targets import Site
from agent.telescope.interface import TelescopeView


@dataclass(frozen=True, slots=True)
class Ground:
    """One telescope's name, place and time, and what is seen of it. Who wants to move it asks the hands."""

    id: str
    telescope: TelescopeView
    clock: Clock
    zone: ZoneInfo
    site: Site | None
    bus: EventBus
    state: StateFile
    pictures: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while one is in memory: megabytes
