"""Calling the agent from the command line: over memory, mosquitto, and the embedded broker."""

from __future__ import annotations

import asyncio
import builtins
import json
import logging
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.clock import SystemClock
from agent.events import EventBus, Outcome, SessionBrief, SessionEnded, SessionResult, Status, StatusChanged
from agent.mqtt.broker import NoEmbeddedBrokerError, embedded_broker
from agent.mqtt.broker_options import BrokerOptions, Protocol
from agent.mqtt.client import CallerError, caller_id, calling
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.service import About, MqttService
from agent.mqtt.topics import Topics
from agent.requests import Acknowledgement, Code, Submission
from tests.mqtt.support import NOW, TELESCOPE, FakeHandlers, House, at_house, listening, settle
from tests.support.brokers import Mosquitto
from tests.support.virtual_loop import run_virtual

NOBODY = BrokerOptions("127.0.0.1", 1)


class HastyHandlers(FakeHandlers):
    """A handlers whose sessions are over before they are acknowledged: the fastest there can be."""

    def __init__(self, bus: EventBus) -> None:
        super().__init__()
        self.bus = bus

    async def submit(self, submission: Submission) -> Acknowledgement:
        self.bus.publish(SessionEnded(telescope=TELESCOPE, at=NOW, result=_result(submission.request_id)))
        return await super().submit(submission)


def _result(request_id: str, session_id: str = "made-up") -> SessionResult:
    session = SessionBrief(session_id, "M 31", request_id=request_id)
    return SessionResult(TELESCOPE, session, Outcome.COMPLETED, NOW)


def _service(port: Any, handlers: FakeHandlers, bus: EventBus) -> MqttService:
    return MqttService(
        port,
        Topics(),
        bus,
        handlers,
        About("1.2.3", [{"id": TELESCOPE}]),
        clock=SystemClock(),
        zone=ZoneInfo("Europe/Berlin"),
    )


def test_a_result_that_comes_before_its_acknowledgement_is_not_missed() -> None:
    async def test(house: House) -> None:
        hasty = HastyHandlers(house.bus)
        house.service._inbox._handlers = hasty
        async with calling(NOBODY, port=MemoryPort(house.broker)) as caller:
            submitted = await caller.submit({"goto_manual": {}}, wait=True)
            assert submitted.accepted
            assert submitted.result is not None
            assert submitted.result["result"] == "completed"

    at_house(test)


def test_a_result_said_while_the_caller_was_cut_off_is_found_when_it_is_back() -> None:
    async def test(house: House) -> None:
        port = MemoryPort(house.broker)
        async with calling(NOBODY, port=port) as caller:
            asking = asyncio.create_task(caller.submit({"request_id": "mine"}, wait=True))
            await settle()
            port.cut()
            house.bus.publish(SessionEnded(telescope=TELESCOPE, at=NOW, result=_result("mine")))
            await settle()
            port.restore()
            submitted = await asking
            assert submitted.result is not None

    at_house(test)


def test_a_result_is_found_even_when_another_session_ended_right_after_it() -> None:
    async def test(house: House) -> None:
        async with calling(NOBODY, port=MemoryPort(house.broker)) as caller:
            asking = asyncio.create_task(caller.submit({"request_id": "mine"}, wait=True))
            await settle()
            house.bus.publish(SessionEnded(telescope=TELESCOPE, at=NOW, result=_result("mine")))
            house.bus.publish(SessionEnded(telescope=TELESCOPE, at=NOW, result=_result("other", "next")))
            submitted = await asking
            assert submitted.result is not None
            assert submitted.result["request_id"] == "mine"

    at_house(test)


def test_another_sessions_result_is_not_taken_for_ours() -> None:
    async def test(house: House) -> None:
        house.bus.publish(SessionEnded(telescope=TELESCOPE, at=NOW, result=_result("older")))
        async with calling(NOBODY, port=MemoryPort(house.broker)) as caller:
            with pytest.raises(CallerError, match="did not end within 5 s"):
                await caller.submit({"request_id": "mine"}, wait=True, limit_s=5)

    at_house(test)


def test_a_refused_session_is_not_waited_for() -> None:
    async def test(house: House) -> None:
        async with calling(NOBODY, port=MemoryPort(house.broker)) as caller:
            submitted = await caller.submit({"command": "abort"}, telescope=TELESCOPE, wait=True)
            assert not submitted.accepted
            assert submitted.answer["code"] == Code.INVALID
            assert submitted.result is None

    at_house(test)


def test_status_is_everything_retained() -> None:
    async def test(house: House) -> None:
        house.bus.publish(StatusChanged(telescope=TELESCOPE, at=NOW, status=Status.IDLE))
        house.service.publisher.image(TELESCOPE, b"\xff\xd8\xff", {"target": "M 31"})
        async with calling(NOBODY, port=MemoryPort(house.broker)) as caller:
            status = await caller.status()
        assert status["bridge/availability"] == "online"
        assert status[f"{TELESCOPE}/status"]["state"] == "idle"
        assert status[f"{TELESCOPE}/image"] == {"bytes": 3}

    at_house(test)


def test_news_reach_the_caller_while_it_waits() -> None:
    async def test(house: House) -> None:
        news: list[tuple[str, Mapping[str, Any]]] = []
        async with calling(NOBODY, port=MemoryPort(house.broker)) as caller:
            asking = asyncio.create_task(
                caller.submit({"request_id": "mine"}, wait=True, on_news=lambda *new: news.append(new))
            )
            await settle()
            house.bus.publish(StatusChanged(telescope=TELESCOPE, at=NOW, status=Status.SLEWING))
            house.bus.publish(SessionEnded(telescope=TELESCOPE, at=NOW, result=_result("mine")))
            await asking
        assert (f"{TELESCOPE}/status", "slewing") in [(topic, body.get("state")) for topic, body in news]

    at_house(test)


def test_without_an_agent_or_a_broker_the_caller_says_which() -> None:
    async def run() -> None:
        with pytest.raises(CallerError, match="No agent answers below the topic 'dwarf'"):
            async with calling(NOBODY, port=MemoryPort(MemoryBroker())):
                pass
        with pytest.raises(CallerError, match="broker cannot be reached"):
            async with calling(NOBODY, port=MemoryPort(MemoryBroker(), reachable=False)):
                pass

    run_virtual(run())


@pytest.mark.parametrize("protocol", [Protocol.V5, Protocol.V311])
async def test_over_mosquitto_a_session_is_submitted_answered_and_ended(
    tmp_path: Path, protocol: Protocol
) -> None:
    broker = await Mosquitto(tmp_path).start()
    try:
        await _submit_and_end(broker.port, protocol)
    finally:
        broker.stop()


async def test_over_the_embedded_broker_a_session_is_submitted_answered_and_ended() -> None:
    async with embedded_broker() as found:
        await _submit_and_end(found.port, found.protocol)


async def test_the_embedded_broker_ends_although_a_client_left_before_it_was_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.mqtt.broker.ENDS_WITHIN_S", 0.3)
    hello = bytes.fromhex("100d 0004 4d515454 04 02 003c 0001 61")
    async with asyncio.timeout(30), embedded_broker() as found:
        with socket.create_connection((found.host, found.port)) as client:
            client.sendall(hello)
        async with listening(found):
            pass  # it came later: the broker has met the first one


async def test_a_broker_that_never_answers_the_greeting_of_mqtt_5_is_spoken_to_in_3_1_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.mqtt.paho_port.GREETING_S", 0.5)
    async with embedded_broker() as found:
        await _submit_and_end(found.port, Protocol.AUTO, expected="3.1.1")


async def _submit_and_end(broker_port: int, protocol: Protocol, expected: str = "") -> None:
    bus = EventBus()
    options = BrokerOptions("127.0.0.1", broker_port, "agent", protocol=protocol)
    agent = PahoPort(options, will=Topics().will())
    service = _service(agent, HastyHandlers(bus), bus)
    service.start()
    try:
        asking = BrokerOptions("127.0.0.1", broker_port, caller_id(), protocol=protocol)
        async with calling(asking) as caller:
            assert agent.protocol == (expected or protocol.value)
            submitted = await caller.submit({"goto_manual": {"target": "M 31"}}, wait=True)
            assert submitted.result is not None
            assert submitted.result["target"] == "M 31"
            status = await caller.status()
            assert status[f"{TELESCOPE}/result"]["request_id"] == submitted.answer["request_id"]
    finally:
        await service.stop()


async def test_over_mosquitto_a_response_topic_is_answered_with_its_correlation(tmp_path: Path) -> None:
    broker = await Mosquitto(tmp_path).start()
    bus = EventBus()
    service = _service(PahoPort(BrokerOptions("127.0.0.1", broker.port, "agent")), FakeHandlers(), bus)
    service.start()
    try:
        async with listening(BrokerOptions("127.0.0.1", broker.port, "ear"), "dwarf/#") as ear:
            await ear.message("dwarf/bridge/availability", b"online")
            asker = await asyncio.create_subprocess_exec(
                *("mosquitto_rr", "-V", "5", "-h", "127.0.0.1", "-p", str(broker.port), "-W", "10"),
                *("-t", f"dwarf/{TELESCOPE}/set/armed", "-e", "dwarf/reply/1", "-m", "ON"),
                *("-D", "publish", "correlation-data", "c-7"),
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await asker.communicate()
            assert json.loads(out)["setting"] == "armed"
            assert (await ear.message("dwarf/reply/1")).correlation == b"c-7"
    finally:
        await service.stop()
        broker.stop()


async def test_a_retained_command_on_mosquitto_moves_nothing_and_is_removed(tmp_path: Path) -> None:
    broker = await Mosquitto(tmp_path).start()
    options = BrokerOptions("127.0.0.1", broker.port, "ear")
    handlers = FakeHandlers()
    service = _service(PahoPort(BrokerOptions("127.0.0.1", broker.port, "agent")), handlers, EventBus())
    try:
        async with listening(options, "dwarf/#") as ear:
            command = await asyncio.create_subprocess_exec(
                *("mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-r"),
                *("-t", f"dwarf/{TELESCOPE}/command", "-m", "park"),
            )
            await command.wait()
            service.start()
            assert (await ear.body(f"dwarf/{TELESCOPE}/command/response"))["code"] == "retained_replay"
            assert (await ear.message(f"dwarf/{TELESCOPE}/command", b"")).payload == b""
            assert handlers.commands == []
    finally:
        await service.stop()
        broker.stop()


async def test_without_the_extra_the_embedded_broker_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("amqtt"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(NoEmbeddedBrokerError, match=r"dwarf-agent\[demo\]"):
        async with embedded_broker():
            pass


async def test_the_embedded_broker_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with embedded_broker() as found, listening(found):
        pass
    assert not [record for record in caplog.records if record.name.startswith(("amqtt", "transitions"))]
