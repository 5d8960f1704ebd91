"""Every door through which bytes come from outside, with honest examples of what comes.

A door takes any bytes and returns; it may raise what `refusals` names, which its caller turns into words.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from agent.archive import headers
from agent.conditions.safety.errors import UnreadableInputError
from agent.conditions.safety.inputs import read_heartbeat
from agent.conditions.safety.mapping import SafeWhen
from agent.errors import AgentError
from agent.importing.reading import read_other
from agent.mqtt import fleet_bodies
from agent.mqtt.parsing import (
    BadRequestError,
    peek_request_id,
    read_bridge,
    read_command,
    read_setting,
    read_submission,
)
from agent.session.document import read_session
from agent.session.plan import make_plan
from agent.session.problems import InvalidSessionError
from agent.settings.loader import load_settings
from agent.settings.problems import SettingsError
from agent.store.journal import JournalFile
from agent.telescope.dwarf.bluetooth.framing import Assembler, Message, encode
from agent.telescope.dwarf.bluetooth.messages import GetConfig, GetSystemInfo, read_answer, to_message
from agent.telescope.dwarf.card_files import read_index
from agent.telescope.dwarf.http import read_json
from agent.telescope.dwarf.media import _entry, _items
from agent.telescope.dwarf.proto import astro_pb2, notify_pb2
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import MalformedError, Packet, PacketType
from agent.telescope.dwarf.wire.notifications import read_notification
from agent.telescope.dwarf.wire.plausible import plausible
from agent.telescope.errors import TelescopeError
from tests.fuzz.page import EXAMPLES, HostedPage
from tests.support.fake_telescope import CAPABILITIES

_page = cache(HostedPage)
NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
_KEPT = tempfile.TemporaryDirectory(prefix="fuzz-")  # gone with the process
_SCRATCH = Path(_KEPT.name)


@dataclass(frozen=True, slots=True)
class Door:
    """One door. `examples` are honest inputs, from which hostile ones are made."""

    enter: Callable[[bytes], object]
    examples: Sequence[bytes]
    refusals: tuple[type[Exception], ...] = ()

    def knock(self, data: bytes) -> None:
        """Hand in these bytes; whatever is raised but a refusal is a defect."""
        try:
            self.enter(data)
        except self.refusals:
            return


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


SESSION = {
    "command": {
        "id_command": {"date": "2026-12-12", "time": "21:30:00", "process": "wait", "priority": 1},
        "calibration": {"do_action": True, "wait_after": 10},
        "goto_manual": {
            "do_action": True,
            "target": "M 42",
            "ra_coord": "05:35:17",
            "dec_coord": "-05:23:28",
        },
        "goto_solar": {"do_action": False, "target": "Moon"},
        "setup_camera": {"do_action": True, "exposure": "15", "gain": 60, "IRCut": 2, "count": 480},
        "setup_wide_camera": {"do_action": True, "exposure": 10, "gain": "60", "count": "12"},
        "conditions": {"min_altitude": 25, "moon_below": True, "wait_max": "01:00:00"},
        "goal": {"integration": "6 h"},
    }
}


def _session(data: bytes) -> None:
    reading = read_session(data, name="x")
    if reading.document is not None:
        make_plan(reading.document, CAPABILITIES)


def _requests(data: bytes) -> None:
    peek_request_id(data)
    for read in (
        lambda: read_submission(data, "scope", NOW),
        lambda: read_command(data, NOW),
        lambda: read_setting(data, NOW),
        lambda: read_bridge(data, NOW),
    ):
        try:
            read()
        except BadRequestError:
            continue


def _weather(data: bytes) -> None:
    for retained in (False, True):
        try:
            read_heartbeat(data, received_at=NOW, retained=retained, ttl_s=120)
        except UnreadableInputError:
            continue
    for mapping in (SafeWhen(path="a.b", below=3.0), SafeWhen(equals="off")):
        try:
            mapping.read(data)
        except UnreadableInputError:
            continue


def _fleet(data: bytes) -> None:
    for kind in (fleet_bodies.Totals, fleet_bodies.Said):
        fleet_bodies.read(kind, data, 1 << 16)


def _import(data: bytes) -> None:
    found = read_other(data, "x")
    assert all(problem.code != "internal" for problem in found.problems), found.problems


_TOLD = sorted({int(cmd) for cmd in Cmd if cmd >= 15200})


def _wire(data: bytes) -> None:
    packet = Packet.decode(data)
    for cmd in {packet.cmd, _TOLD[len(data) % len(_TOLD)]}:
        plausible(read_notification(cmd, packet.data))


def _packet(cmd: int, message: Any) -> bytes:
    return Packet(9, cmd, PacketType.NOTIFICATION, message.SerializeToString(), device_id=2).encode()


def _bluetooth(data: bytes) -> None:
    for heard in Assembler().feed(data):
        if isinstance(heard, Message):
            for request in (GetConfig("password"), GetSystemInfo()):
                try:
                    read_answer(heard, request)
                except AgentError:
                    continue


def _album(data: bytes) -> None:
    for item in _items(read_json(data)):
        entry = _entry(item, UTC)
        if entry is not None:
            entry.report()


def _index(data: bytes) -> None:
    for entry in read_index(data.decode("utf-8", "replace")):
        assert "/" not in entry.name.rstrip("/")
        assert entry.name.rstrip("/") not in ("", ".", "..")


def _fits(data: bytes) -> None:
    path = _SCRATCH / "x.fits"
    path.write_bytes(data)
    with path.open("rb") as stream:
        header = headers.read_header(stream)
    if header is not None:
        headers.cards_of(header)
        headers.filled(header, [headers.Card("OBJECT", "M 42", "")])


def _settings(data: bytes) -> None:
    path = _SCRATCH / "config.yaml"
    path.write_bytes(data)
    load_settings(path)


def _journal(data: bytes) -> None:
    path = _SCRATCH / "journal.json"
    path.write_bytes(data)
    JournalFile(path).load()


DOORS: dict[str, Door] = {
    "session": Door(
        _session,
        [_json(SESSION), _json(SESSION["command"]), '{"command": {}}'.encode("utf-16")],
        (InvalidSessionError,),  # what is asked for and cannot be done; it holds every problem
    ),
    "request": Door(
        _requests,
        [
            _json(
                {**SESSION, "request_id": "r", "session_id": "s", "expires_at": "2026-11-22T22:00:00+01:00"}
            ),
            _json({"command": "goto", "request_id": "r", "target": "M 42"}),
            b"abort",
            _json({"value": 5, "request_id": "r"}),
        ],
    ),
    "weather": Door(
        _weather,
        [
            _json({"safe": False, "reason": "rain", "level": "alert", "ttl": 120, "ts": NOW.isoformat()}),
            b"safe",
            b"off",
            _json({"a": {"b": 2.5}}),
        ],
    ),
    "fleet": Door(
        _fleet, [_json({"agent": "a", "groups": [{"group": "g", "target": "M 31", "camera": "tele"}]})]
    ),
    "import": Door(
        _import,
        [
            b"Catalogue Entry,Familiar Name,Right Ascension,Declination\nM 31,Andromeda,00h 42m,41 16 9\n",
            b"Pane, RA, DEC, Position Angle (East), Pane width (arcmins)\nM 31 1,00h 42m,41 16,0,60\n",
            _json(
                {"version": "1.0", "listName": "x", "observingLists": {"a": {"objects": [{"name": "M 31"}]}}}
            ),
            b"<?xml version='1.0'?><SchedulerList><Job><Name>M 31</Name><Coordinates><J2000RA>0.7</J2000RA>"
            b"<J2000DE>41.2</J2000DE></Coordinates></Job></SchedulerList>",
            _json({"Target": {"TargetName": "M 31", "InputCoordinates": {"RAHours": 0, "DecDegrees": 41}}}),
            b"0 10\n90 25.5\n180 5\n270 30\n",
        ],
    ),
    "wire": Door(
        _wire,
        [
            _packet(15201, notify_pb2.Battery(percentage=80)),
            _packet(15209, notify_pb2.CountProgress(completed=3, total=10)),
            _packet(15212, notify_pb2.TrackingState(state=1, target_name="M 42")),
            _packet(15210, notify_pb2.CameraOperation(state=1)),
            Packet(3, 11005, PacketType.REQUEST, astro_pb2.StartCapture().SerializeToString()).encode(),
        ],
        (MalformedError, TelescopeError),
    ),
    "bluetooth": Door(
        _bluetooth,
        [
            *encode(to_message(GetConfig("password"))),
            *encode(to_message(GetSystemInfo())),
            *encode(Message(to_message(GetConfig("")).command, b"\x08\x01\x10\x00\x1a\x04abcd")),
        ],
    ),
    "album": Door(
        _album,
        [
            _json(
                {
                    "code": 0,
                    "data": [
                        {
                            "fileName": "DWARF_RAW_TELE_M 42_EXP_15_GAIN_80_2026-01-15-19-20-00-000",
                            "filePath": "/Astronomy/x",
                            "mediaType": 4,
                            "shotsTaken": 5,
                            "modificationTime": 1768501200,
                        }
                    ],
                }
            )
        ],
        (ValueError, RecursionError),
    ),
    "index": Door(
        _index,
        [
            b'<pre><a href="../">../</a>\r\n'
            b'<a href="M%2042_0001.fits">M 42_0001.fits</a>  12-Mar-2026 20:01  16588800\r\n'
            b'<a href="Thumbnail/">Thumbnail/</a>  12-Mar-2026 20:01 -\r\n</pre>'
        ],
    ),
    "fits": Door(
        _fits,
        [
            b"".join(
                card.ljust(80).encode()
                for card in (
                    "SIMPLE  =                    T",
                    "BITPIX  = 16",
                    "NAXIS   = 0",
                    "OBJECT  = ''",
                    "END",
                )
            ).ljust(2880)
        ],
        (AgentError,),
    ),
    "settings": Door(
        _settings,
        [
            b"options:\n  telescopes:\n    - id: scope\n      host: 192.0.2.1\n  site:\n    latitude: 48\n",
            b"latitude: 48.85\nweather_inputs: [roof]\nmqtt_host: 192.0.2.7\nconditions:\n  sun_below: -12\n",
        ],
        (SettingsError,),
    ),
    "page": Door(lambda data: _page().enter(data), EXAMPLES),
    "journal": Door(
        _journal,
        [
            _json(
                {
                    "mark": "",
                    "facts": {
                        "started_at": NOW.isoformat(),
                        "capture": {
                            "camera": "tele",
                            "started_at": NOW.isoformat(),
                            "taken": 3,
                            "stacked": 3,
                        },
                        "frames": {"tele": {"taken": 3, "stacked": 2}},
                        "folders": ["/a"],
                    },
                }
            )
        ],
    ),
}
