"""How the agent comes, goes, and stays through outages."""

from __future__ import annotations

import asyncio
import json

import pytest

from agent.events import EventBus, SessionBrief, SessionQueued, Status, StatusChanged
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.outbox import MAX_EVENTS, Lane, Outbox
from agent.mqtt.port import Publication, matches
from agent.mqtt.service import About, MqttService
from agent.mqtt.topics import TopicError, Topics, check_telescope_id, safe_level
from tests.mqtt.support import NOW, TELESCOPE, FakeHandlers, House, at_house, settle
from tests.support.virtual_loop import run_virtual

AVAILABILITY = "dwarf/bridge/availability"
SESSION = SessionBrief("s1", "M 31")


def test_it_comes_online_with_its_facts_and_leaves_offline_by_itself() -> None:
    async def run() -> None:
        house = House()
        house.service.start()
        await settle()
        assert house.broker.published[0].topic == AVAILABILITY
        assert house.broker.retained[AVAILABILITY].payload == b"online"
        info = house.body("bridge/info")
        assert (info["version"], info["time_zone"]) == ("1.2.3", "Europe/Berlin")
        assert info["telescopes"] == [{"id": TELESCOPE, "model": "D3"}]
        await house.service.stop()
        assert house.broker.retained[AVAILABILITY].payload == b"offline"
        assert house.broker.retained[f"dwarf/{TELESCOPE}/availability"].payload == b"offline"
        assert house.broker.published[-1].topic == AVAILABILITY
        assert not house.port.connected

    run_virtual(run())


def test_without_a_broker_it_starts_and_tells_everything_later() -> None:
    async def run() -> None:
        house = House(reachable=False)
        house.service.start()
        for number in range(3):
            house.bus.publish(SessionQueued(telescope=TELESCOPE, at=NOW, session=SESSION, position=number))
        await settle()
        assert house.broker.published == []
        house.port.restore()
        await settle()
        assert [body["position"] for body in house.bodies(f"{TELESCOPE}/event")] == [0, 1, 2]
        assert house.broker.retained[AVAILABILITY].payload == b"online"
        await house.service.stop()

    run_virtual(run())


def test_after_an_outage_the_truth_comes_first_then_what_happened_meanwhile() -> None:
    async def test(house: House) -> None:
        house.port.cut()
        assert house.broker.retained[AVAILABILITY].payload == b"offline"  # the will
        mark = len(house.broker.published)
        for status in (Status.WAITING, Status.IDLE):
            house.bus.publish(StatusChanged(telescope=TELESCOPE, at=NOW, status=status))
        house.bus.publish(SessionQueued(telescope=TELESCOPE, at=NOW, session=SESSION, position=1))
        await asyncio.sleep(60)
        house.port.restore()
        await settle()
        said = [found.topic.removeprefix("dwarf/") for found in house.broker.published[mark:]]
        assert said[0] == "bridge/availability"
        assert said.count(f"{TELESCOPE}/status") == 1
        assert said[-2:] == [f"{TELESCOPE}/event", "bridge/event"]
        assert said.index(f"{TELESCOPE}/event") > max(
            said.index(f"{TELESCOPE}/{n}") for n in ("queue", "status")
        )
        assert house.body(f"{TELESCOPE}/status")["state"] == "idle"
        assert house.body("bridge/event")["details"] == {"seconds": 60}

    at_house(test)


def test_the_will_of_a_former_life_that_comes_late_is_not_left_standing() -> None:
    async def test(house: House) -> None:
        house.broker.publish(AVAILABILITY, "offline", retain=True)
        await settle()
        assert house.broker.retained[AVAILABILITY].payload == b"online"

    at_house(test)


def test_at_home_assistants_birth_discovery_is_called_for_then_every_state_is_said_again() -> None:
    async def test(house: House) -> None:
        order: list[int] = []
        mark = len(house.broker.published)
        house.service.on_birth(lambda: order.append(len(house.broker.published) - mark))
        house.broker.publish("homeassistant/status", "online")
        house.broker.publish("homeassistant/status", "online")
        await settle()
        assert order == []  # not at once: everybody would
        await asyncio.sleep(5)
        assert order == [2]  # once, and nothing was said before it but the two births
        said = [found.topic for found in house.broker.published[mark + 2 :]]
        assert sorted(said) == sorted(house.broker.retained)

    at_house(test)


def test_home_assistants_death_is_passed_on_and_a_retained_birth_is_not() -> None:
    async def test(house: House) -> None:
        births: list[int] = []
        deaths: list[int] = []
        house.service.on_birth(lambda: births.append(1))
        house.service.on_death(lambda: deaths.append(1))
        house.broker.publish("homeassistant/status", "offline")
        await settle()
        assert deaths == [1]
        house.port.cut()
        house.broker.publish("homeassistant/status", "online", retain=True)
        house.port.restore()
        await asyncio.sleep(10)
        assert births == []

    at_house(test)


def test_pictures_and_settings_are_kept_for_late_readers() -> None:
    async def test(house: House) -> None:
        publisher = house.service.publisher
        publisher.image(TELESCOPE, b"\xff\xd8", {"taken_at": NOW, "target": "M 31"})
        publisher.settings(TELESCOPE, {"armed": False, "max_wait": 60})
        kept = house.broker.retained
        assert kept[f"dwarf/{TELESCOPE}/image"].payload == b"\xff\xd8"
        assert json.loads(kept[f"dwarf/{TELESCOPE}/settings"].payload) == {"armed": False, "max_wait": 60}

    at_house(test)


def _outbox() -> tuple[MemoryBroker, MemoryPort, Outbox]:
    broker = MemoryBroker()
    port = MemoryPort(broker)
    outbox = Outbox(port)
    port.on_connected(outbox.republish)
    return broker, port, outbox


def test_a_slow_broker_gets_the_last_value_only_and_every_event() -> None:
    async def run() -> None:
        broker, port, outbox = _outbox()
        port.start()
        await settle()
        port.room = 1
        for number in range(5):
            outbox.publish(Publication("status", str(number).encode(), retain=True))
            outbox.publish(Publication("event", str(number).encode()))
        assert [found.payload for found in broker.published] == [b"0"]
        port.make_room(3)
        port.make_room(None)
        assert [found.payload for found in broker.all("event")] == [b"0", b"1", b"2", b"3", b"4"]
        assert [found.payload for found in broker.all("status")] == [b"0", b"4"]
        assert await outbox.drained(1)

    run_virtual(run())


def test_a_long_outage_keeps_the_latest_events_and_no_flood_of_answers_pushes_them_out() -> None:
    async def run() -> None:
        broker, port, outbox = _outbox()
        for number in range(MAX_EVENTS + 50):
            outbox.publish(Publication("event", str(number).encode()))
        for number in range(1000):
            outbox.publish(Publication("answer", str(number).encode()), Lane.ANSWER)
        assert not await outbox.drained(1)
        port.start()
        await settle()
        events = [int(found.payload) for found in broker.all("event")]
        assert events == list(range(50, MAX_EVENTS + 50))
        assert [int(found.payload) for found in broker.all("answer")] == list(range(900, 1000))

    run_virtual(run())


def test_a_topic_cleared_during_an_outage_is_cleared_afterwards_and_never_comes_back() -> None:
    async def run() -> None:
        broker, port, outbox = _outbox()
        port.start()
        outbox.publish(Publication("discovery", b"{}", retain=True))
        await settle()
        port.cut()
        outbox.clear("discovery")
        port.restore()
        await settle()
        assert broker.retained == {}
        outbox.republish()
        assert broker.retained == {}

    run_virtual(run())


@pytest.mark.parametrize("base", ["", "a//b", "/a", "a/", "a+b", "#", "$SYS", "a b", "x" * 129, "a\x00"])
def test_a_base_topic_that_cannot_work_is_refused(base: str) -> None:
    with pytest.raises(TopicError, match="base topic"):
        Topics.below(base)


@pytest.mark.parametrize("telescope", ["", "bridge", "safety", "session", "a/b", "a+", "ä", "x" * 65])
def test_a_telescope_id_that_cannot_work_is_refused(telescope: str) -> None:
    with pytest.raises(TopicError, match="telescope id"):
        check_telescope_id(telescope)


def test_two_telescopes_of_one_id_are_refused() -> None:
    async def run() -> None:
        with pytest.raises(TopicError, match="share an id"):
            MqttService(
                MemoryPort(MemoryBroker()),
                Topics(),
                EventBus(),
                FakeHandlers(),
                About("1", [{"id": "a"}, {"id": "a"}]),
                clock=House().service._clock,
                zone=NOW.tzinfo,  # type: ignore[arg-type]
            )

    run_virtual(run())


@pytest.mark.parametrize(
    ("topic_filter", "topic", "fits"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/+/c", "a//c", True),
        ("a", "a/b", False),
    ],
)
def test_filters_match_as_the_standard_says(topic_filter: str, topic: str, fits: bool) -> None:
    assert matches(topic_filter, topic) is fits


def test_a_session_id_becomes_one_safe_level() -> None:
    assert safe_level("M 31/#1+") == "M 31__1_"
    assert safe_level("") == "_"
