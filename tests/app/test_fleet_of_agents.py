"""Two whole agents on one broker share submissions, and what they collected for a group."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.app.conftest import Observatory, session
from tests.support.fake_telescope import FakeTelescope
from tests.support.virtual_loop import run_virtual

ORION = {"max_retries": 2, "group": "orion"}


def agents(root: Path) -> tuple[Observatory, Observatory]:
    """Two agents with a broker and a clock in common."""
    north = Observatory(root / "north", mqtt={"fleet_topic": "club", "base_topic": "dwarf"})
    south = Observatory(root / "south", mqtt={"fleet_topic": "club", "base_topic": "south"})
    south.broker, south.clock, south.telescope = north.broker, north.clock, FakeTelescope(north.clock)
    south.said = lambda topic: [  # type: ignore[method-assign]
        json.loads(one.payload or b"null") for one in north.broker.all(f"south/scope/{topic}")
    ]
    return north, south


def test_two_agents_take_one_session_each_and_know_what_the_other_collected(tmp_path: Path) -> None:
    north, south = agents(tmp_path)

    def submit(name: str) -> None:
        body: dict[str, Any] = {**session(id_command=ORION), "session_id": name, "request_id": f"r-{name}"}
        north.broker.publish("club/any/session/submit", json.dumps(body))

    async def night() -> float:
        async with north.open(), south.open():
            await north.clock.sleep(40)
            for name in ("one", "two", "one"):
                submit(name)
                await north.clock.sleep(20)
            ended: Callable[[], bool] = lambda: len(north.results) + len(south.results) >= 2  # noqa: E731
            await north.until(ended, hours=3, every_s=30)
            await north.clock.sleep(60)
            parent = north.stations["scope"].store.add("goal", session(id_command=ORION))
            return sum(one.seconds for one in north.stations["scope"].neighbours.lights(parent.document))

    seconds = run_virtual(night())
    said = [json.loads(one.payload) for one in north.broker.all("club/any/session/response")]
    assert [one["code"] for one in said] == ["queued", "queued", "duplicate"]
    assert sorted(one["session_id"] for one in (*north.results, *south.results)) == ["one", "two"]
    assert len(north.results) == len(south.results) == 1
    assert seconds == 2 * 12 * 15
