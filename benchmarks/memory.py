"""Where an idle agent's memory goes: what each import adds, alone and as the agent imports it."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.reporting import say

LIBRARIES = (
    *("asyncio", "ssl", "ephem", "PIL.Image", "pydantic", "aiohttp", "websockets.asyncio.client"),
    *("paho.mqtt.client", "apscheduler.schedulers.asyncio", "bleak", "google.protobuf.message", "yaml"),
)
ROOMS = (
    *(
        "agent.session.document",
        "agent.sky.catalogue",
        "agent.conditions",
        "agent.settings",
        "agent.store.store",
    ),
    *(
        "agent.telescope.dwarf.telescope",
        "agent.station.station",
        "agent.mqtt.service",
        "agent.app.mqtt_side",
    ),
    *("agent.web.server", "agent.app.page_side", "agent.app.run"),
)
_RSS = """
import importlib, sys
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * 4
before = rss()
for name in sys.argv[1:]:
    importlib.import_module(name)
    now = rss()
    print(name, now - before, now)
    before = now
"""


def measure() -> None:
    """Print kilobytes by what was imported (Linux)."""
    say("memory_of_imports_alone_kb", **{name: _grown([name])[-1][1] for name in LIBRARIES})
    rooms = _grown(list(ROOMS))
    say("memory_of_rooms_in_turn_kb", total=rooms[-1][2], **{name: more for name, more, _ in rooms})


def _grown(names: list[str]) -> list[tuple[str, int, int]]:
    ended = subprocess.run([sys.executable, "-c", _RSS, *names], capture_output=True, text=True, check=True)
    lines = [line.split() for line in ended.stdout.splitlines()]
    return [(name, int(more), int(total)) for name, more, total in lines]


if __name__ == "__main__":
    measure()
