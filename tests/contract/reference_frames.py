"""What the community's own client sends for each command, as the simulator understood it.

`python -m tests.contract.reference_frames` writes `reference_frames.json` anew; DWARF_LIBRARY_PYTHON names an
interpreter that can import dwarf_python_api.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions, patient
from agent.telescope.simulator.history import Received

FILE = Path(__file__).with_name("reference_frames.json")
PYTHON = os.environ.get("DWARF_LIBRARY_PYTHON", "")
HOST = "127.0.77.5"  # 9900 is the library's only port, so it has a loopback address to itself
ZONE = "Europe/Zurich"
LIMIT_S = 170
FRAMES = 3

# Connecting, which each client does in its own way: who are you, open the cameras.
GREETINGS = frozenset({10000, 12000, 10039})

# Our name of a step, and the library's call. "3" is how it names a Dwarf 3.
CALLS: tuple[tuple[Any, ...], ...] = (
    ("lock", "set_HostMaster"),
    ("time", "perform_time"),
    ("zone", "perform_timezone"),
    ("go live", "perform_GoLive"),
    ("exposure", "perform_update_camera_setting", "exposure", "1", "3"),
    ("gain", "perform_update_camera_setting", "gain", "60", "3"),
    ("filter", "perform_update_camera_setting", "IR", "1", "3"),
    ("binning", "perform_update_camera_setting", "binning", "1", "3"),
    ("format", "perform_update_camera_setting", "fileFormat", "1", "3"),
    ("count", "perform_update_camera_setting", "count", str(FRAMES), "3"),
    ("wide exposure", "perform_update_camera_setting", "wide_exposure", "1/30", "3"),
    ("wide gain", "perform_update_camera_setting", "wide_gain", "60", "3"),
    ("settings", "perform_get_all_camera_setting"),
    ("features", "perform_get_all_feature_camera_setting"),
    ("wide settings", "perform_get_all_camera_wide_setting"),
    ("auto focus", "perform_start_autofocus", False),
    ("infinity focus", "perform_start_autofocus", True),
    ("polar alignment", "start_polar_align"),
    ("calibration", "perform_calibration"),
    ("goto Moon", "perform_goto_stellar", 8, "Moon"),
    ("stop goto", "perform_stop_goto"),
    ("goto M 42", "perform_goto", 5.5881, -5.391, "M 42"),
    ("capture", "perform_takeAstroPhoto"),
    ("stop capture", "perform_stopAstroPhoto"),
    ("go live again", "perform_GoLive"),
    ("wide capture", "perform_takeAstroWidePhoto"),
    ("stop wide capture", "perform_stopAstroWidePhoto"),
    ("fold", "motor_action", 1),
    ("home", "motor_action", 6),
    ("unlock", "unset_HostMaster"),
    ("switch off", "perform_powerdown"),
)

_CONFIG = """\
DWARF_IP = "{host}"
DWARF_UI = ""
DWARF_ID = "2"
DWARF_UID = ""
CLIENT_ID = "0000DAF3-0000-1000-8000-00805F9B34FB"
UPDATE_CLIENT_ID = "False"
TEST_CALIBRATION = ""
DEBUG = "False"
TRACE = "False"
LOG_FILE = "library.log"
TIMEOUT_CMD = "900"
"""
_PLACE = f"[CONFIG]\nLONGITUDE = 7.6\nLATITUDE = 47.5\nTIMEZONE = {ZONE}\n"

Frames = dict[str, list[dict[str, Any]]]


def decoded(requests: list[Received], now: datetime) -> list[dict[str, Any]]:
    """Requests as plain facts: module, command and the fields that are not at their default."""
    return [
        {"module": one.module, "cmd": one.cmd, "fields": _fields(one, now)}
        for one in requests
        if one.cmd not in GREETINGS
    ]


def _fields(one: Received, now: datetime) -> dict[str, Any]:
    if one.request is None:
        raise ValueError(f"command {one.cmd} of module {one.module} could not be decoded")
    known: Message = type(one.request)()
    known.CopyFrom(one.request)
    known.DiscardUnknownFields()
    if known.ByteSize() != one.request.ByteSize():
        raise ValueError(f"command {one.cmd} has fields nobody knows: {one.request}")
    fields = MessageToDict(one.request, preserving_proto_field_name=True)
    if one.cmd == 13000:  # facts of another night: what counts is that they are this night's
        offset = now.astimezone(ZoneInfo(ZONE)).utcoffset()
        assert offset is not None
        assert abs(int(fields["timestamp"]) - now.timestamp()) < 60
        assert fields["timezone_offset"] * 3600 == offset.total_seconds()
        fields = {"timestamp": "now, UTC seconds", "timezone_offset": "hours"}
    return fields


async def record() -> Frames:
    """Let the library make every call, on a telescope of older firmware; return what it sent for each."""
    options = patient(
        SimulatorOptions(
            model="D3", generation="v2", host=HOST, port=9900, http_port=8082, speed=20, horizon=False
        )
    )
    found: Frames = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.py").write_text(_CONFIG.format(host=HOST), encoding="utf-8")
        (Path(folder) / "config.ini").write_text(_PLACE, encoding="utf-8")
        async with SimulatedDwarf(options) as sim, asyncio.timeout(LIMIT_S):
            process = await asyncio.create_subprocess_exec(
                PYTHON,
                str(Path(__file__).with_name("reference_calls.py")),
                json.dumps(CALLS),
                cwd=folder,
                env={**os.environ, "TZ": ZONE},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                assert process.stderr is not None
                seen = 0
                async for raw in process.stderr:
                    line = raw.decode(errors="replace")
                    if not line.startswith("DONE "):
                        continue
                    name, result = json.loads(line.removeprefix("DONE "))
                    if result not in (True, 0) and not isinstance(result, dict):
                        raise RuntimeError(f"{name}: the library returned {result!r}")
                    new, seen = sim.received[seen:], len(sim.received)
                    found[name] = decoded(new, datetime.now(UTC))
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
    return found


def main() -> None:
    if not PYTHON:
        sys.exit("Set DWARF_LIBRARY_PYTHON to an interpreter that can import dwarf_python_api.")
    lines = [f"  {json.dumps(name)}: {json.dumps(frames)}" for name, frames in asyncio.run(record()).items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
