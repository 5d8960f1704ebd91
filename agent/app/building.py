"""One station built from its settings: which driver, which id."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.app.folders import note_owner, state_of
from agent.clock import Clock
from agent.events import EventBus
from agent.mqtt.topics import RESERVED_IDS
from agent.schedule.timetable import Timetable
from agent.settings import Settings, TelescopeSettings
from agent.station.ground import Ground
from agent.station.link import UNKNOWN_MODEL
from agent.station.state_file import StateFile
from agent.station.station import Station
from agent.telescope.interface import Telescope

LEARN_ID_S = 5.0  # at its very first start the agent waits this long for the telescope's own number
LEARN_ID_LIBRARY_S = 30.0  # the same through the library, whose process takes a while to start
LIBRARY = "dwarf_python_api"  # the settings' word for the second driver

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a driver is made of. `client_id` is what the telescope knows this installation by."""

    own: TelescopeSettings
    clock: Clock
    client_id: str
    record: Path | None = None
    record_unknown: Path | None = None


Connect = Callable[[Wanted], Telescope]


def _native(wanted: Wanted) -> Telescope:
    from agent.telescope.dwarf.telescope import DwarfAddress, DwarfOptions, DwarfTelescope

    own = wanted.own
    return DwarfTelescope(
        DwarfAddress(own.host, own.port, own.http_port, own.card_port, own.ftp_port, own.stream_port),
        options=DwarfOptions(
            model=own.model,
            client_id=wanted.client_id,
            keep_control=own.keep_control,
            rest_when_released=not own.keep_control,
            record=wanted.record,
            record_unknown=wanted.record_unknown,
        ),
        clock=wanted.clock,
    )


def _library(wanted: Wanted) -> Telescope:
    from agent.telescope.dwarf.telescope import DwarfAddress
    from agent.telescope.library.core import LibraryOptions
    from agent.telescope.library.telescope import LibraryTelescope

    own = wanted.own
    if wanted.record is not None:
        _LOGGER.warning("Nothing is recorded of %s: only the built-in driver sees the wire", own.host)
    return LibraryTelescope(
        DwarfAddress(own.host, own.port, own.http_port, stream_port=own.stream_port),
        options=LibraryOptions(
            model=own.model,
            python=own.library_python,
            client_id=wanted.client_id,
            keep_control=own.keep_control,
        ),
        clock=wanted.clock,
    )


@dataclass(frozen=True, slots=True)
class Drivers:
    """How a telescope of the settings becomes a `Telescope`."""

    native: Connect = _native
    library: Connect = _library

    def connect(self, wanted: Wanted) -> Telescope:
        """Return the unconnected telescope."""
        connect = self.library if wanted.own.driver == LIBRARY else self.native
        return connect(wanted)


async def build_station(
    settings: Settings,
    own: TelescopeSettings,
    bus: EventBus,
    timetable: Timetable,
    clock: Clock,
    record: Path | None,
    drivers: Drivers,
) -> Station:
    """Return a station that is not started yet, with the id it will keep."""
    state = state_of(settings.sessions_dir_of(own))
    await asyncio.to_thread(state.load)
    if record is not None and len(settings.telescopes) > 1:
        record = record.with_stem(f"{record.stem}-{settings.telescopes.index(own) + 1}")
    unknown = settings.sessions_dir_of(own) / UNKNOWN_MODEL
    telescope = drivers.connect(Wanted(moved(own, state), clock, _client_id(state), record, unknown))
    telescope_id = own.id or _remembered(state) or await _learn_id(telescope, own, clock)
    if not own.id:
        state.set(id=telescope_id)
    note_owner(state, telescope_id, own)
    site = settings.site
    ground = Ground(telescope_id, telescope, clock, ZoneInfo(site.zone_name), site.site(), bus, state)
    station = Station(ground, telescope, settings, own, timetable)
    bus.subscribe(station.records.hear)
    return station


def moved(own: TelescopeSettings, state: StateFile) -> TelescopeSettings:
    """Return the settings with the address the telescope got when it last joined the Wi-Fi over Bluetooth."""
    host = state.get("host")
    if isinstance(host, str) and host and state.get("configured_host") == own.host:
        return own.model_copy(update={"host": host})
    return own


def _client_id(state: StateFile) -> str:
    """The same after every restart, and no other installation's: a telescope binds its capture to it."""
    known = state.get("client_id")
    if isinstance(known, str) and known:
        return known
    made = str(uuid.uuid4())
    state.set(client_id=made)
    return made


def _remembered(state: StateFile) -> str:
    known = state.get("id")
    return known if isinstance(known, str) and known not in RESERVED_IDS else ""


async def _learn_id(telescope: Telescope, own: TelescopeSettings, clock: Clock) -> str:
    """Make an id of the telescope's own number; of its address when it does not answer at the first start."""
    await telescope.open()
    try:
        async with clock.timeout(LEARN_ID_LIBRARY_S if own.driver == LIBRARY else LEARN_ID_S):
            await telescope.wait_connected()
    except TimeoutError:
        return _word(f"dwarf_{own.name or own.host}")
    identity = telescope.identity
    if identity is None or not identity.serial:
        return _word(f"dwarf_{own.name or own.host}")
    return _word(f"{_MODEL_WORDS.get(identity.model, 'dwarf')}_{identity.serial[-6:]}")


_MODEL_WORDS = {"D2": "dwarf2", "D3": "dwarf3", "mini": "dwarfmini"}


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "_", text.lower()).strip("_") or "dwarf"
