"""The community's own client, unchanged, spends a night with the simulator.

It runs in an interpreter of its own: set DWARF_LIBRARY_PYTHON to one that can import dwarf_python_api.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions, patient
from agent.telescope.simulator.history import (
    Calibration,
    Focused,
    FrameTaken,
    PhotoTaken,
    PolarAlignment,
    ShutterClosed,
    Slew,
)
from agent.telescope.simulator.options import Generation

PYTHON = os.environ.get("DWARF_LIBRARY_PYTHON", "")
NIGHT = Path(__file__).with_name("library_night.py")
LIGHTS = {
    "perform_powerOpenRGB": 1,
    "perform_powerCloseRGB": 0,
    "perform_powerIndOff": 0,
    "perform_powerIndOn": 1,
}
NIGHT_LIMIT_S = 170
GOODBYE_LIMIT_S = 10

pytestmark = [
    pytest.mark.library,
    pytest.mark.timeout(NIGHT_LIMIT_S + 2 * GOODBYE_LIMIT_S),
    pytest.mark.skipif(
        not PYTHON,
        reason="DWARF_LIBRARY_PYTHON does not name an interpreter that can import dwarf_python_api",
    ),
]

CONFIG = """\
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
SITE = "[CONFIG]\nLONGITUDE = 7.6\nLATITUDE = 47.5\nTIMEZONE = Europe/Zurich\n"


async def spend_night(host: str, folder: Path) -> list[dict[str, Any]]:
    (folder / "config.py").write_text(CONFIG.format(host=host), encoding="utf-8")
    (folder / "config.ini").write_text(SITE, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        PYTHON,
        str(NIGHT),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(NIGHT_LIMIT_S):
            _, output = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = output.decode(errors="replace").splitlines()
    results = [json.loads(line.removeprefix("RESULT ")) for line in lines if line.startswith("RESULT ")]
    assert results, "\n".join(lines[-20:])
    return results


# 9900 is the library's only port, so each run has a loopback address to itself
@pytest.mark.parametrize(
    ("generation", "answer_type", "host"),
    [("both", 3, "127.0.77.3"), ("both", 1, "127.0.77.1"), ("v2", 3, "127.0.77.2")],
)
async def test_the_library_completes_everything_it_can_do(
    generation: Generation, answer_type: int, host: str, tmp_path: Path
) -> None:
    options = patient(
        SimulatorOptions(
            model="D3",
            generation=generation,
            host=host,
            port=9900,
            http_port=8082,
            speed=20,
            answer_type=answer_type,
            horizon=False,
        )
    )
    async with SimulatedDwarf(options) as sim:
        results = await spend_night(host, tmp_path)
        async with asyncio.timeout(GOODBYE_LIMIT_S):
            while sim.power != "off":
                await sim.clock.sleep(1)

    for line in results:
        call, result = line["call"], line["result"]
        if call in LIGHTS:
            assert result == LIGHTS[call], line
        elif call == "start_polar_align":
            assert result == 0, line
        elif call.startswith("perform_get_all"):
            assert result["code"] == 0, line
        else:
            assert result is True, line
    assert results[-1]["call"] == "perform_powerdown"

    tele = next(line for line in results if line["call"] == "perform_get_all_camera_setting")["result"]
    shown = {param["id"]: param["index"] for param in tele["all_params"]}
    assert (shown[0], shown[1], shown[8]) == (120, 18, 1)

    journal = sim.history
    first = journal.of(ShutterClosed)[0]
    assert (first.taken, first.stacked, first.reason) == (4, 4, "finished")
    assert len(journal.of(FrameTaken)) >= 4
    assert [one.code for one in journal.of(Calibration)] == [0]
    assert [(one.target, one.code) for one in journal.of(Slew)] == [("Moon", 0), ("M 42", 0)]
    assert len(journal.of(Focused)) == 2
    assert len(journal.of(PhotoTaken)) == 2
    assert journal.of(PolarAlignment)[0].code == 0
    assert all(one.request is not None for one in sim.received)
