"""Writes down what crosses the wire, without what is nobody's business: one JSON object a line."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import astro_pb2, schedule_pb2, system_pb2
from agent.telescope.dwarf.wire.envelope import MalformedError, Packet, decode

_LOGGER = logging.getLogger(__name__)

FORMAT = "dwarf-agent recording"
VERSION = 1
HIDDEN = "hidden"
KEPT_BYTES = 20_000_000  # of a telescope that nobody knows: some nights
_HELD_LINES = 500

# Messages that tell where the telescope stands, or what is nobody's business. Whole degrees are kept: they
# matter to what it answers.
_REQUESTS: dict[int, type[Message]] = {
    11000: astro_pb2.Calibrate,
    11003: astro_pb2.GotoSolarSystem,
    11011: astro_pb2.TrackSunMoon,
    11013: astro_pb2.OneClickGotoDeepSky,
    11014: astro_pb2.OneClickGotoSolarSystem,
    11018: astro_pb2.SolveEq,
    11047: astro_pb2.StartSkyTargetFinder,
    13010: system_pb2.SetLocation,
    16100: schedule_pb2.GiveSchedule,
    16105: schedule_pb2.GiveSchedule,
    **dict.fromkeys((16101, 16103, 16104, 16106, 16107, 16108), schedule_pb2.NameSchedule),
}
_ANSWERS: dict[int, type[Message]] = {
    11003: astro_pb2.GotoSolarSystemAnswer,
    11014: astro_pb2.OneClickSolarAnswer,
    16100: schedule_pb2.SyncScheduleAnswer,
    16102: schedule_pb2.SchedulesAnswer,
    16103: schedule_pb2.ScheduleAnswer,
    16105: schedule_pb2.ReplaceScheduleAnswer,
    16107: schedule_pb2.LockScheduleAnswer,
}
_DEGREES = frozenset({"lat", "lon", "latitude", "longitude"})
_PLACE_WORDS = frozenset({"country_region", "province", "city", "district", "cityname"})
_SECRETS = frozenset({"mac", "password"})
_JSON = "params"  # the field of schedules and their tasks that holds JSON
_SECRET_PARTS = ("pwd", "psd", "psw", "password", "ssid", "wifiname", "mac", "serial", "client_id")
_SECRET_KEYS = frozenset({"sn", "devicename", "bleserviceid", "staipaddress"})


class Recorder:
    """Appends to a file; `now` stamps each line. Trouble with the file ends the recording, nothing else.

    `places` keeps whole degrees of where the telescope stands; without, they read 0. Without a path the first
    lines are held in memory until `keep` or `forget` decides about them.
    """

    def __init__(self, path: Path | None, now: Callable[[], datetime], *, places: bool = True) -> None:
        self._now = now
        self._places = places
        self._started = now()
        self._held: list[str] | None = [] if path is None else None
        self._file: IO[str] | None = path.open("a", encoding="utf-8") if path is not None else None
        self._room = math.inf
        self._write({"format": FORMAT, "version": VERSION, "at": self._started.isoformat()})

    def keep(self, path: Path, limit_bytes: int = KEPT_BYTES) -> None:
        """Write what was held, and all that follows, to this file until it has so many bytes."""
        held, self._held = self._held, None
        if held is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
            self._room = limit_bytes - self._file.tell()
        except OSError as error:
            _LOGGER.warning("Nothing is recorded: %s", error)
        for line in held:
            self._append(line)

    def forget(self) -> None:
        """Let go of what was held, and record nothing."""
        self._held = None

    def frame(self, direction: str, raw: bytes) -> None:
        """Note a binary frame that went "in" or "out"."""
        self._write(
            {"t": self._elapsed(), "dir": direction, "hex": redact_frame(raw, places=self._places).hex()}
        )

    def http(self, method: str, path: str, status: int, body: object) -> None:
        """Note an HTTP exchange and its JSON answer."""
        self._write(
            {
                "t": self._elapsed(),
                "http": f"{method} {path}",
                "status": status,
                "json": redact_json(body, places=self._places),
            }
        )

    def event(self, what: str, detail: str = "") -> None:
        """Note that the link came up or broke."""
        self._write({"t": self._elapsed(), "event": what, "detail": detail})

    def note(self, kind: str, value: object) -> None:
        """Note what a listener made of it, under a name of its own; players of recordings skip it."""
        self._write({"t": self._elapsed(), kind: redact_json(value, places=self._places)})

    def close(self) -> None:
        """End the recording."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _elapsed(self) -> float:
        return round((self._now() - self._started).total_seconds(), 3)

    def _write(self, line: dict[str, Any]) -> None:
        if self._held is None and self._file is None:
            return
        text = json.dumps(line, separators=(",", ":")) + "\n"
        if self._held is None:
            self._append(text)
        elif len(self._held) < _HELD_LINES:
            self._held.append(text)

    def _append(self, text: str) -> None:
        self._room -= len(text)
        if self._file is None or self._room < 0:
            return
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            _LOGGER.warning("The recording ends here: %s", error)
            self._file = None


def redact_frame(raw: bytes, *, places: bool = True) -> bytes:
    """Return the frame without secrets, its place in whole degrees or none; others stay as they are."""
    try:
        packet = Packet.decode(raw)
        kind = (_REQUESTS if packet.type == 0 else _ANSWERS).get(packet.cmd)
        if kind is None or not packet.data:
            return raw
        message = decode(kind, packet.data)
    except MalformedError:
        return raw
    _coarsen(message, places=places)
    return Packet(
        packet.module_id,
        packet.cmd,
        packet.type,
        message.SerializeToString(),
        packet.device_id,
        packet.client_id,
        packet.minor_version,
        packet.major_version,
    ).encode()


def _coarsen(message: Message, *, places: bool) -> None:
    for field, value in message.ListFields():
        if isinstance(value, Message):
            _coarsen(value, places=places)
        elif field.message_type is not None:
            for one in value:
                _coarsen(one, places=places)
        elif field.name in _DEGREES:
            kept = places and math.isfinite(value)
            setattr(message, field.name, float(round(value)) if kept else 0.0)
        elif field.name in _PLACE_WORDS:
            message.ClearField(field.name)
        elif field.name in _SECRETS:
            setattr(message, field.name, HIDDEN)
        elif field.name == _JSON:
            setattr(message, field.name, _redact_text(value, places=places))


def _redact_text(text: str, *, places: bool) -> str:
    """Return JSON in a message without what is nobody's business; what is no JSON is hidden."""
    try:
        return json.dumps(redact_json(json.loads(text), places=places))
    except (ValueError, RecursionError):
        return HIDDEN


def redact_json(body: object, *, places: bool = True) -> object:
    """Return the JSON value without passwords, network names, serial numbers, and exact places."""
    if isinstance(body, dict):
        return {key: _redact_entry(str(key).lower(), value, places=places) for key, value in body.items()}
    if isinstance(body, list):
        return [redact_json(value, places=places) for value in body]
    return body


def _redact_entry(key: str, value: object, *, places: bool) -> object:
    if key in _SECRET_KEYS or key in _PLACE_WORDS or any(part in key for part in _SECRET_PARTS):
        return HIDDEN if value else value
    if key in _DEGREES and isinstance(value, int | float):
        return round(value) if places and math.isfinite(value) else 0
    if key in _DEGREES and isinstance(value, str):
        return HIDDEN
    return redact_json(value, places=places)
