"""When discovery is published, on a broker in memory and simulated time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.clock import LoopClock
from agent.mqtt.discovery.announced import Announced
from agent.mqtt.discovery.announcer import MIN_GAP_S, Announcer
from agent.mqtt.discovery.model import DeviceMessage
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.topics import Topics
from tests.mqtt.discovery.samples import OPTIONS, bridge, telescope
from tests.support.virtual_loop import run_virtual

CONFIG = telescope().topic


@dataclass
class House:
    """One life of the agent: broker and announced file outlive it."""

    broker: MemoryBroker
    port: MemoryPort
    announcer: Announcer

    def said(self, topic: str = CONFIG) -> list[dict[str, Any]]:
        """Everything published on a discovery topic; {} for an empty payload."""
        return [json.loads(p.payload or b"{}") for p in self.broker.all(topic)]

    def components(self, index: int = -1) -> dict[str, Any]:
        found: dict[str, Any] = self.said()[index]["cmps"]
        return found


@asynccontextmanager
async def life(
    broker: MemoryBroker, path: Path, *messages: DeviceMessage, retained: Iterable[str] = ()
) -> AsyncIterator[House]:
    port = MemoryPort(broker)
    announcer = Announcer(port, Announced(path), LoopClock(datetime(2026, 11, 22, 18, 0, tzinfo=UTC)))
    announcer.announce(messages, retained)
    task = asyncio.create_task(announcer.run())
    await asyncio.sleep(0)
    port.start()
    await asyncio.sleep(1)
    try:
        yield House(broker, port, announcer)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await port.stop()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "discovery.json"


def test_the_agent_is_announced_before_its_telescopes_and_both_are_retained(path: Path) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        async with life(broker, path, bridge(), telescope()):
            assert [p.topic for p in broker.published] == [bridge().topic, CONFIG]
            assert all(p.retain and p.qos == 1 for p in broker.published)
            await asyncio.sleep(3600)
            assert len(broker.published) == 2

    run_virtual(night())


def test_home_assistant_that_comes_up_is_told_everything_again(path: Path) -> None:
    async def night() -> None:
        async with life(MemoryBroker(), path, bridge(), telescope()) as house:
            await asyncio.sleep(60)
            house.announcer.resend()
            await asyncio.sleep(1)
            assert len(house.said()) == 2
            assert house.said()[0] == house.said()[1]

    run_virtual(night())


def test_a_broker_that_lost_its_store_gets_everything_again(path: Path) -> None:
    async def night() -> None:
        async with life(MemoryBroker(), path, bridge(), telescope()) as house:
            house.port.cut()
            house.broker.retained.clear()
            await asyncio.sleep(60)
            house.port.restore()
            await asyncio.sleep(1)
            assert set(house.broker.retained) == {bridge().topic, CONFIG}

    run_virtual(night())


def test_a_device_that_was_deleted_comes_back_when_asked_for(path: Path) -> None:
    async def night() -> None:
        async with life(MemoryBroker(), path, bridge(), telescope()) as house:
            house.broker.publish(CONFIG, b"", retain=True)
            await asyncio.sleep(60)
            assert CONFIG not in house.broker.retained
            house.announcer.resend()
            await asyncio.sleep(1)
            assert json.loads(house.broker.retained[CONFIG].payload)["cmps"].keys() >= {"status", "abort"}

    run_virtual(night())


def test_changes_within_seconds_become_one_message_with_the_last_content(path: Path) -> None:
    async def night() -> None:
        async with life(MemoryBroker(), path, bridge(), telescope()) as house:
            for number in range(10):
                house.announcer.announce([bridge(), telescope(session_files=(f"file-{number}",))], [])
                await asyncio.sleep(0.1)
            await asyncio.sleep(MIN_GAP_S)
            assert len(house.said()) == 2
            assert house.components()["session_file"]["ops"][1] == "file-9"
            assert len(house.said(bridge().topic)) == 1

    run_virtual(night())


def test_the_same_content_is_not_said_twice(path: Path) -> None:
    async def night() -> None:
        async with life(MemoryBroker(), path, telescope()) as house:
            await asyncio.sleep(10)
            house.announcer.announce([telescope()], [])
            await asyncio.sleep(10)
            assert len(house.said()) == 1

    run_virtual(night())


def test_a_component_that_vanished_after_an_upgrade_is_taken_out_and_then_left_out(path: Path) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        async with life(broker, path, telescope()):
            pass
        async with life(broker, path, telescope(filters=(), can_provision=False)) as house:
            await asyncio.sleep(10)
            assert house.components(1)["filter"] == {"p": "select"}
            assert house.components(1)["provision"] == {"p": "button"}
            assert "filter" not in house.components(2)
            assert len(house.said()) == 3
        async with life(broker, path, telescope(filters=(), can_provision=False)) as house:
            await asyncio.sleep(10)
            assert len(house.said()) == 4

    run_virtual(night())


def test_a_component_that_changed_its_platform_is_taken_out_before_it_returns(path: Path) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        before = telescope()
        parts = {**before.payload["components"]}
        parts["status"] = {"platform": "binary_sensor", "unique_id": "x", "state_topic": "y"}
        async with life(broker, path, replace(before, payload={**before.payload, "components": parts})):
            pass
        async with life(broker, path, telescope()) as house:
            await asyncio.sleep(10)
            assert house.components(1)["status"] == {"p": "binary_sensor"}
            assert house.components(2)["status"]["p"] == "sensor"

    run_virtual(night())


def test_a_removal_cut_short_by_a_restart_is_done_again(path: Path) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        async with life(broker, path, telescope()):
            pass
        async with life(broker, path, telescope(filters=())) as house:
            assert house.components()["filter"] == {"p": "select"}
        async with life(broker, path, telescope(filters=())) as house:
            assert house.components()["filter"] == {"p": "select"}
            await asyncio.sleep(10)
            assert "filter" not in house.components()

    run_virtual(night())


@pytest.mark.parametrize("announced", [True, False], ids=["discovery on", "discovery off"])
def test_a_telescope_that_left_the_configuration_leaves_nothing_behind(path: Path, announced: bool) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        both = [bridge(), telescope()] if announced else []
        async with life(broker, path, *both, retained=["dwarf/d3_1a2b3c/status", "dwarf/d3_1a2b3c/image"]):
            broker.publish("dwarf/d3_1a2b3c/status", b"{}", retain=True)
            broker.publish("dwarf/d3_1a2b3c/image", b"jpeg", retain=True)
        async with life(broker, path, *both[:1]):
            await asyncio.sleep(MIN_GAP_S)
            assert set(broker.retained) == {message.topic for message in both[:1]}
        broker.forget()
        async with life(broker, path, *both[:1]):
            await asyncio.sleep(MIN_GAP_S)
            assert [p.topic for p in broker.published] == [message.topic for message in both[:1]]

    run_virtual(night())


def test_switching_discovery_off_takes_the_devices_and_leaves_what_the_agent_says(path: Path) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        states = OPTIONS.topics.retained(["d3_1a2b3c"])
        async with life(broker, path, bridge(), telescope(), retained=states):
            broker.publish("dwarf/d3_1a2b3c/status", b"{}", retain=True)
        async with life(broker, path, retained=states):
            await asyncio.sleep(60)
            assert set(broker.retained) == {"dwarf/d3_1a2b3c/status"}

    run_virtual(night())


def test_a_new_base_topic_leaves_nothing_below_the_old_one(path: Path) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        async with life(broker, path, telescope(), retained=Topics("dwarf").retained(["d3_1a2b3c"])):
            broker.publish("dwarf/d3_1a2b3c/status", b"{}", retain=True)
        new = Topics.below("sky")
        moved = telescope(replace(OPTIONS, topics=new))
        async with life(broker, path, moved, retained=new.retained(["d3_1a2b3c"])) as house:
            assert set(broker.retained) == {CONFIG, "dwarf/d3_1a2b3c/status"}, "entities may still read it"
            await asyncio.sleep(MIN_GAP_S)
            assert set(broker.retained) == {CONFIG}
            assert house.components()["status"]["stat_t"] == "sky/d3_1a2b3c/status"

    run_virtual(night())


def test_old_topics_are_emptied_few_at_a_time_each_once(path: Path) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        old = [f"dwarf/old/{number}" for number in range(21)]
        async with life(broker, path, bridge(), retained=["dwarf/new", *old]):
            pass
        async with life(broker, path, bridge(), retained=["dwarf/new"]) as house:
            for _ in range(6):
                house.port.make_room(5)  # a broker takes only some messages at a time
                await asyncio.sleep(2)
        assert sorted(p.topic for p in broker.published if not p.payload) == sorted(old)
        async with life(broker, path, bridge(), retained=["dwarf/new"]):
            await asyncio.sleep(10)
        assert len([p for p in broker.published if not p.payload]) == len(old)

    run_virtual(night())


def test_a_port_without_room_is_offered_the_message_again(path: Path) -> None:
    async def night() -> None:
        broker = MemoryBroker()
        async with life(broker, path, telescope()):
            pass
        async with life(broker, path, telescope()) as house:
            house.port.make_room(0)
            house.announcer.announce([telescope(session_files=())], [])
            await asyncio.sleep(60)
            assert len(house.said()) == 2
            house.port.make_room(None)
            await asyncio.sleep(2)
            assert house.components()["session_file"]["ops"] == ["(no file)"]

    run_virtual(night())
