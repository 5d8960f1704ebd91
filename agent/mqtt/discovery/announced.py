"""What was announced before, kept in a file: without it, renamed and removed things stay as ghosts."""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from agent.mqtt.discovery.model import DeviceMessage

_LOGGER = logging.getLogger(__name__)

_VERSION = 1
_FALLBACK_PREFIX = "dwarf"
_LONGEST_SLUG = (
    64  # Home Assistant cuts entity ids at 255, and what is cut off would be what tells them apart
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One discovery topic as last published: component keys with their platforms.

    `leaving` are components whose removal was begun: they are in the retained message, to be left out of the
    next one.
    """

    components: dict[str, str]
    leaving: dict[str, str] = field(default_factory=dict)

    def gone_from(self, message: DeviceMessage) -> dict[str, str]:
        """Return the components (key -> old platform) that the message no longer has as they were."""
        now = message.components
        before = {**self.components, **self.leaving}
        return {key: platform for key, platform in before.items() if now.get(key) != platform}


@dataclass(frozen=True, slots=True)
class Pins:
    """Ids chosen at the first publication and kept: unique ids and entity ids begin with them."""

    hardware_id: str
    entity_prefix: str


class Announced:
    """The entries by discovery topic, the pins by telescope id, and the retained topics that may exist.

    Change it, then `save`. What `older` files (of former places) know is taken over, and they go at the next
    save. A file that cannot be read is put aside as `<name>.bad`: ghosts are better than a dead agent.
    """

    def __init__(self, path: Path, older: Iterable[Path] = ()) -> None:
        self._path = path
        self._entries: dict[str, Entry] = {}
        self._pins: dict[str, Pins] = {}
        self._retained: set[str] = set()
        self._older = [each for each in older if each != path and each.exists()]
        for each in (*self._older, path):  # what the file itself says wins
            self._load(each)

    @property
    def entries(self) -> dict[str, Entry]:
        """Return a copy of all entries by discovery topic."""
        return dict(self._entries)

    def get(self, topic: str) -> Entry | None:
        """Return what was last published on a discovery topic."""
        return self._entries.get(topic)

    @property
    def retained(self) -> frozenset[str]:
        """Return the retained topics that may be on the broker, those of former telescopes among them."""
        return frozenset(self._retained)

    def add_retained(self, topics: Iterable[str]) -> bool:
        """Note topics before they are published; false when all were known."""
        before = len(self._retained)
        self._retained.update(topics)
        return len(self._retained) > before

    def drop_retained(self, topics: Iterable[str]) -> None:
        """Forget topics that were emptied."""
        self._retained.difference_update(topics)

    def put(self, topic: str, entry: Entry) -> bool:
        """Note what was published; false when that was known."""
        if self._entries.get(topic) == entry:
            return False
        self._entries[topic] = entry
        return True

    def drop(self, topic: str) -> None:
        """Forget a discovery topic that was emptied."""
        self._entries.pop(topic, None)

    def pin(self, telescope_id: str, *, hardware_id: str, name: str, entity_prefix: str = "") -> Pins:
        """Return a telescope's pins, made from these facts if there are none yet.

        An empty `hardware_id` (the telescope was never reached) takes the telescope id, an empty
        `entity_prefix` the name. A prefix given later replaces the old one for entities yet to be registered.
        """
        known = self._pins.get(telescope_id)
        pins = Pins(
            hardware_id=known.hardware_id if known else _topic_safe(hardware_id or telescope_id),
            entity_prefix=slug(entity_prefix)
            or (known.entity_prefix if known else slug(name))
            or _FALLBACK_PREFIX,
        )
        self._pins[telescope_id] = pins
        return pins

    def save(self) -> None:
        """Write the file, atomically. An error is logged: announcing goes on without memory."""
        body = {
            "version": _VERSION,
            "topics": {topic: asdict(entry) for topic, entry in self._entries.items()},
            "pins": {telescope: asdict(pins) for telescope, pins in self._pins.items()},
            "retained": sorted(self._retained),
        }
        try:
            _write(self._path, json.dumps(body, indent=1, sort_keys=True))
            while self._older:
                self._older[-1].unlink(missing_ok=True)
                self._older.pop()
        except OSError as error:
            _LOGGER.warning("Discovery: cannot keep %s: %s", self._path, error)

    def _load(self, path: Path) -> None:
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            topics = body["topics"].items()
            entries = {topic: Entry(dict(raw["components"]), dict(raw["leaving"])) for topic, raw in topics}
            pins = {telescope: Pins(**raw) for telescope, raw in body["pins"].items()}
            retained = {str(topic) for topic in body.get("retained", ())}
            retained.update(
                str(owned) for _, raw in topics for owned in raw.get("owned", ())
            )  # as once written
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            aside = path.with_name(f"{path.name}.bad")
            _LOGGER.warning(
                "Discovery: cannot read %s (%s); starting a new one, the old is kept as %s",
                path,
                error,
                aside.name,
            )
            try:
                path.replace(aside)
            except OSError as again:
                _LOGGER.debug("Discovery: cannot put %s aside: %s", path, again)
            return
        self._entries |= entries
        self._pins |= pins
        self._retained |= retained


def slug(name: str) -> str:
    """Return a name as Home Assistant writes it in an entity id: a-z, 0-9, single underscores; not long."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST_SLUG].rstrip("_")


def _topic_safe(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
