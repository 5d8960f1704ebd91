"""Several telescopes in one agent; an agent without a broker; an agent that runs once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from agent.app.building import Drivers
from agent.app.run import run_agent
from agent.clock import LoopClock
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.settings import Settings
from tests.app.conftest import ANY_SKY, BASE, DUSK, session
from tests.support.fake_telescope import FakeTelescope
from tests.support.scheduler_time import scheduler_reads
from tests.support.virtual_loop import run_virtual

TWO = [
    {"id": "balcony", "name": "Balcony", "host": "192.0.2.1", "model": "D3"},
    {"id": "garden", "name": "Garden", "host": "192.0.2.2", "model": "D3"},
]


def drop(folder: Path, name: str, document: Any) -> None:
    (folder / "ToDo").mkdir(parents=True, exist_ok=True)
    (folder / "ToDo" / name).write_text(json.dumps(document), encoding="utf-8")


def test_two_telescopes_work_side_by_side_and_one_that_is_off_never_holds_the_other(tmp_path: Path) -> None:
    async def night() -> tuple[MemoryBroker, dict[str, FakeTelescope]]:
        clock = LoopClock(DUSK)
        settings = Settings.model_validate(
            {
                **BASE,
                "conditions": ANY_SKY,
                "telescopes": TWO,
                "sessions_dir": str(tmp_path / "Astro_Sessions"),
            }
        )
        scopes = {own.host: FakeTelescope(clock) for own in settings.telescopes}
        scopes["192.0.2.2"].cut()
        for own in settings.telescopes:
            drop(settings.sessions_dir_of(own), "m42.json", session())
        broker = MemoryBroker()
        stop = asyncio.Event()
        with scheduler_reads(clock):
            agent = asyncio.create_task(
                run_agent(
                    settings,
                    clock=clock,
                    stop=stop,
                    drivers=Drivers(native=lambda wanted: scopes[wanted.own.host]),
                    port=MemoryPort(broker),
                )
            )
            await clock.sleep(3600)
            stop.set()
            assert await agent == 0
        return broker, scopes

    broker, scopes = run_virtual(night())
    results = [json.loads(message.payload) for message in broker.all("dwarf/+/result/+")]
    assert [(result["telescope"], result["result"]) for result in results] == [("balcony", "completed")]
    assert len(scopes["192.0.2.1"].captures) == 1
    assert scopes["192.0.2.2"].captures == []
    assert (tmp_path / "Devices_Sessions/Garden/Astro_Sessions/ToDo/m42.json").exists()
    assert (tmp_path / "Devices_Sessions/Balcony/Astro_Sessions/Done/m42.json").exists()


def test_without_a_broker_sessions_from_files_run_and_once_ends_when_none_is_due(tmp_path: Path) -> None:
    async def night() -> int:
        clock = LoopClock(DUSK)
        settings = Settings.model_validate(
            {**BASE, "telescopes": TWO[:1], "sessions_dir": str(tmp_path / "Astro_Sessions")}
        )
        drop(tmp_path / "Astro_Sessions", "a.json", session())
        drop(tmp_path / "Astro_Sessions", "b.json", session())
        drop(tmp_path / "Astro_Sessions", "next_week.json", session(id_command={"date": "2026-03-20"}))
        scope = FakeTelescope(clock)
        with scheduler_reads(clock):
            async with asyncio.timeout(3 * 3600):
                return await run_agent(
                    settings,
                    clock=clock,
                    once=True,
                    drivers=Drivers(native=lambda _wanted: scope),
                )

    assert run_virtual(night()) == 0
    assert sorted(path.name for path in (tmp_path / "Astro_Sessions/Done").iterdir()) == ["a.json", "b.json"]
