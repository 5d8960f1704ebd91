"""What an agent without page or sessions takes: memory, processor and wake-ups, and whether it leaks."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import tempfile
import time
import tracemalloc
from pathlib import Path
from random import Random

from benchmarks.reporting import quiet, say
from tests.end_to_end.conftest import Scene
from tests.soak.mortal import run_mortal
from tests.soak.world import World
from tests.support.brokers import Mosquitto
from tests.support.scheduler_time import scheduler_reads

WARM_UP_S = 20.0  # the suggestions are made ten seconds after the telescope is there
WATCH_S = 20.0
LATER = {"date": "2027-01-15", "time": "22:00:00"}  # a session that waits keeps the telescope connected
IDLE_H = 24
MESSAGES = 10_000


async def measure(watch_s: float = WATCH_S) -> None:
    """A real process (Linux), with a broker and a simulated telescope; then a day and many messages."""
    with tempfile.TemporaryDirectory() as folder:
        broker = await Mosquitto(Path(folder)).start()
        scene = Scene(Path(folder), broker)
        try:
            await scene.simulator()
            began = time.perf_counter()
            agent = await scene.agent(latitude="48.85", longitude="2.35", page_enabled="false")
            await scene.until(lambda: "MQTT: connected" in agent.output, agent)
            ready_s = time.perf_counter() - began
            await asyncio.sleep(WARM_UP_S)
            before = _facts(agent.process.pid)
            await asyncio.sleep(watch_s)
            after = _facts(agent.process.pid)
        finally:
            for process in scene.processes:
                process.kill()
            broker.stop()
    minutes = watch_s / 60
    say(
        "idle_cost",
        start_to_mqtt_s=round(ready_s, 2),
        rss_mb=round(after["rss_mb"], 1),
        own_mb=round(after["own_mb"], 1),
        cpu_percent=round(100 * (after["cpu_s"] - before["cpu_s"]) / watch_s, 2),
        wake_ups_per_minute=round((after["wake_ups"] - before["wake_ups"]) / minutes),
    )


def measure_leaks(hours: float = IDLE_H, messages: int = MESSAGES) -> None:
    """The same in simulated time: traced memory after that long, and after that many submissions refused."""
    with tempfile.TemporaryDirectory() as folder:
        grown = run_mortal(_idle(Path(folder), hours, messages))
    say("idle_leaks", hours=hours, messages=messages, grown_kb=grown)


async def _idle(root: Path, hours: float, messages: int) -> dict[str, int]:
    world = World(root, Random(1))
    with scheduler_reads(world.clock):
        await world.begin_life()
        await _ask(world, 200)
        await world.clock.sleep(3600)
        tracemalloc.start()
        start = _traced_kb(world)
        await world.clock.sleep(hours * 3600)
        idle = _traced_kb(world)
        await _ask(world, messages)
        asked = _traced_kb(world)
        tracemalloc.stop()
        await world.end_life()
    return {"after_idling": idle - start, "after_messages": asked - idle}


async def _ask(world: World, messages: int) -> None:
    body = json.dumps({"command": {"id_command": {}}, "request_id": "r"})
    for _ in range(messages):
        world.say("scope/session/submit", body)
        await world.clock.sleep(0.05)
    await world.clock.sleep(60)


def _traced_kb(world: World) -> int:
    world.broker.published.clear()  # the broker's memory is not the agent's
    gc.collect()
    return tracemalloc.get_traced_memory()[0] // 1024


def _facts(pid: int) -> dict[str, float]:
    process = Path("/proc") / str(pid)
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    spent = (process / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
    threads = [(task / "status").read_text() for task in (process / "task").iterdir()]
    switches = [
        int(line.split()[1]) for text in threads for line in text.splitlines() if line[:9] == "voluntary"
    ]
    return {
        "rss_mb": int(status["VmRSS"].split()[0]) / 1024,
        "own_mb": int(status["RssAnon"].split()[0]) / 1024,
        "cpu_s": sum(map(int, spent)) / os.sysconf("SC_CLK_TCK"),
        "wake_ups": float(sum(switches)),
    }


if __name__ == "__main__":
    quiet()
    asyncio.run(measure(300.0))
    measure_leaks()
