"""What the page costs: memory and processor without and with a viewer, bytes and time of each view."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from pathlib import Path

import aiohttp

from benchmarks.idle_cost import LATER, _facts
from benchmarks.reporting import quiet, say
from tests.end_to_end.conftest import Scene
from tests.end_to_end.test_processes import session
from tests.support.brokers import Mosquitto

WARM_UP_S = 8.0
WATCH_S = 15.0
VIEWS = ("tonight", "now", "new?target=M%2031", "nights", "settings", "watch")
PLACE = {"latitude": "48.85", "longitude": "2.35", "timezone": "Europe/Paris"}


async def measure(watch_s: float = WATCH_S) -> None:
    """Real processes (Linux): the agent with the page off, on, and looked at."""
    facts = {}
    for name, options in (("off", {"page_enabled": "false"}), ("on", {})):
        port = _free_port()
        with tempfile.TemporaryDirectory() as folder:
            broker = await Mosquitto(Path(folder)).start()
            scene = Scene(Path(folder), broker)
            try:
                await scene.simulator()
                document = session()
                document["command"]["id_command"] |= LATER
                scene.drop("later.json", document)
                agent = await scene.agent(**PLACE, page_port=str(port), **options)
                await scene.until(lambda agent=agent: "MQTT: connected" in agent.output, agent)
                await asyncio.sleep(WARM_UP_S)
                facts[name] = await _watched(agent.process.pid, watch_s)
                if name == "on":
                    await _looked_at(agent.process.pid, f"http://127.0.0.1:{port}", watch_s, facts)
            finally:
                for process in scene.processes:
                    process.kill()
                broker.stop()
    grown = facts["viewed"]["own_mb"] - facts["off"]["own_mb"]
    say(
        "page_cost",
        rss_mb={name: round(one["rss_mb"], 1) for name, one in facts.items()},
        own_mb={name: round(one["own_mb"], 1) for name, one in facts.items()},
        grown_with_a_viewer_mb=round(grown, 1),
        cpu_percent={name: round(one["cpu_percent"], 2) for name, one in facts.items()},
    )


async def _looked_at(pid: int, address: str, watch_s: float, facts: dict[str, dict[str, float]]) -> None:
    """Open every view twice, as a browser that keeps what it has; then follow the news."""
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        for view in VIEWS:
            first_ms, size = await _ask(http, f"{address}/{view}")
            again_ms, _ = await _ask(http, f"{address}/{view}")
            say("page_view", view=view, first_ms=first_ms, again_ms=again_ms, kb_sent=round(size / 1024, 1))
        async with http.get(f"{address}/events"):
            facts["viewed"] = await _watched(pid, watch_s)


async def _ask(http: aiohttp.ClientSession, address: str) -> tuple[int, int]:
    began = time.perf_counter()
    async with http.get(address, headers={"Accept-Encoding": "gzip"}) as answer:
        size = len(await answer.read())
        assert answer.status == 200, answer.status
    return round(1000 * (time.perf_counter() - began)), size


async def _watched(pid: int, watch_s: float) -> dict[str, float]:
    before = _facts(pid)
    await asyncio.sleep(watch_s)
    after = _facts(pid)
    return {**after, "cpu_percent": 100 * (after["cpu_s"] - before["cpu_s"]) / watch_s}


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


if __name__ == "__main__":
    quiet()
    asyncio.run(measure())
