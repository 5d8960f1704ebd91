"""What uptonight advises for a night, published or in a report, as objects of the catalogue."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agent.clock import Clock
from agent.errors import AgentError
from agent.mqtt.port import Message
from agent.sky.catalogue import CatalogueEntry, ObjectKind, entry, resolve
from agent.sky.ephemeris import brightness, fixed
from agent.targets import MovingTarget, SkyTarget
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_MAX_TOPICS = 16  # its objects, bodies and comets, of a few catalogues
_MAX_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Advice:
    """Objects that are advised, and the names that the catalogue does not know."""

    entries: tuple[CatalogueEntry, ...] = ()
    unknown: tuple[str, ...] = ()


class Advisor:
    """Owner of what was last heard on uptonight's topics, each with when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: dict[str, tuple[datetime, bytes]] = {}

    def take(self, message: Message) -> bool:
        """Keep a message; False when nothing of it is new."""
        topic, data = message.topic, message.payload
        before = self._heard.get(topic)
        room = before is not None or len(self._heard) < _MAX_TOPICS
        if len(data) > _MAX_BYTES or not data or not room:
            _LOGGER.warning("What came on %s is not taken (%s bytes)", printable(topic), len(data))
            return False
        self._heard[topic] = (self._clock.now(), data)
        return before is None or before[1] != data

    def heard(self, since: datetime) -> tuple[bytes, ...]:
        """Return what was heard since then; what is older was advice for another night."""
        return tuple(data for at, data in self._heard.values() if at >= since)


def advice_of(reports: Collection[bytes], now: datetime) -> Advice:
    """Read reports or attributes. What cannot be read is logged; what moves is taken as of `now`."""
    if not reports:
        return Advice()

    from agent.importing.uptonight import advised

    entries: dict[str, CatalogueEntry] = {}
    unknown: list[str] = []
    for data in reports:
        try:
            targets = advised(data)
        except AgentError as error:
            _LOGGER.warning("A report of uptonight cannot be read: %s", error.message)
            continue
        for one in targets:
            try:
                found = _entry(one.target, now)
            except AgentError:
                unknown.append(one.target)
                continue
            if found is not None:
                entries.setdefault(found.name, found)
    return Advice(tuple(entries.values()), tuple(dict.fromkeys(unknown)))


def _entry(name: str, now: datetime) -> CatalogueEntry | None:
    """Return the object of that name; None for a planet or the Moon, which need no night of their own."""
    target = resolve(name)
    if not isinstance(target, MovingTarget):
        return entry(name)
    place = fixed(target, now)
    assert isinstance(place, SkyTarget)
    return CatalogueEntry(
        (target.name,),
        ObjectKind.OTHER,
        place.ra_hours,
        place.dec_degrees,
        magnitude=brightness(target.orbit, now),
    )
