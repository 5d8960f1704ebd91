"""The real client against the broker that users have."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import MQTT_ERR_SUCCESS, Client

from agent.mqtt.broker_options import BrokerError, BrokerOptions, Protocol, TlsOptions
from agent.mqtt.client import CONNECT_S, CallerError, calling
from agent.mqtt.outbox import Outbox
from agent.mqtt.paho_port import WINDOW, PahoPort
from agent.mqtt.port import Publication, shared
from agent.mqtt.topics import Topics
from tests.mqtt.support import Ear, listening, logged
from tests.support.brokers import Mosquitto, free_port

BOTH = pytest.mark.parametrize("protocol", [Protocol.V5, Protocol.V311])


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    broker = await Mosquitto(tmp_path).start()
    yield broker
    broker.stop()


def _options(
    broker: Mosquitto, client_id: str, protocol: Protocol = Protocol.AUTO, **more: object
) -> BrokerOptions:
    return BrokerOptions("127.0.0.1", broker.port, client_id, protocol=protocol, **more)  # type: ignore[arg-type]


@BOTH
async def test_a_retained_message_reaches_late_comers_flagged_and_early_ones_unflagged(
    mosquitto: Mosquitto, protocol: Protocol
) -> None:
    async with listening(_options(mosquitto, "early", protocol), "t/#") as early:
        assert early.port.protocol == protocol.value
        assert early.port.publish(Publication("t/x", "ä".encode(), retain=True, expiry_s=60, json=True))
        assert not (await early.message("t/x")).retain
        async with listening(_options(mosquitto, "late", protocol), "t/#") as late:
            assert (await late.message("t/x", "ä".encode())).retain


@BOTH
async def test_the_will_is_said_when_the_client_dies_and_not_when_it_leaves(
    mosquitto: Mosquitto, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.mqtt.paho_client.WILL_DELAY_S", 0)
    topics = Topics()
    async with listening(_options(mosquitto, "watcher"), "dwarf/#") as watcher:
        async with listening(_options(mosquitto, "agent", protocol), will=topics.will()) as polite:
            polite.port.publish(Publication("dwarf/bridge/availability", b"online", retain=True))
            await watcher.message("dwarf/bridge/availability", b"online")
        watcher.port.publish(Publication("dwarf/marker", b""))
        await watcher.message("dwarf/marker")
        assert [m.payload for m in watcher.heard if m.topic == topics.availability] == [b"online"]

        killed = PahoPort(_options(mosquitto, "agent", protocol), will=topics.will())
        ear = Ear(killed, "none")
        killed.start()
        await ear.connected()
        assert killed._client is not None
        sock = killed._client.socket()
        assert sock is not None
        killed._client.loop_stop()
        sock.close()  # as a killed process leaves it
        assert (await watcher.message(topics.availability, b"offline")).payload == b"offline"


async def test_after_a_broker_restart_the_last_state_and_all_events_arrive_in_order(
    mosquitto: Mosquitto,
) -> None:
    async with listening(_options(mosquitto, "agent"), "none") as agent:
        outbox = Outbox(agent.port)
        agent.port.on_connected(outbox.republish)
        lost = asyncio.Event()
        agent.port.on_disconnected(lambda _: lost.set())
        outbox.publish(Publication("dwarf/d3/status", b"old", retain=True))
        mosquitto.stop()
        await asyncio.wait_for(lost.wait(), 20)
        for number in range(30):
            outbox.publish(Publication("dwarf/d3/status", str(number).encode(), retain=True))
            outbox.publish(Publication("dwarf/d3/event", str(number).encode()))
        await mosquitto.start()
        async with listening(_options(mosquitto, "watcher"), "dwarf/#") as watcher:
            await agent.connected(times=2)
            await watcher.message("dwarf/d3/event", b"29")
            events = [int(m.payload) for m in watcher.heard if m.topic == "dwarf/d3/event"]
            assert events == sorted(events)
            assert [m.payload for m in watcher.heard if m.topic == "dwarf/d3/status"][-1] == b"29"
        assert await outbox.drained(5)


async def test_a_broker_that_comes_later_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.mqtt.paho_client.RETRY_S", (0.1, 60))
    broker = Mosquitto(tmp_path, port=free_port())
    port = PahoPort(_options(broker, "agent"))
    ear = Ear(port)
    port.start()
    try:
        await broker.start()
        await ear.connected()
        assert port.protocol == "5"
    finally:
        await port.stop()
        broker.stop()


async def test_a_wrong_password_is_named_once_and_never_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = await _with_users(tmp_path)
    caplog.set_level(logging.DEBUG)
    port = PahoPort(_options(broker, "agent", username="dwarf", password="not-the-secret"))
    port.start()
    try:
        await logged(caplog, "check user and password")
        assert not port.connected
        assert "not-the-secret" not in caplog.text
        assert "not-the-secret" not in repr(port._options)
        warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(warnings) == 1
        async with listening(_options(broker, "right", username="dwarf", password="the-secret")) as right:
            assert right.port.connected
    finally:
        await port.stop()
        broker.stop()


async def test_a_caller_that_is_not_let_in_is_told_at_once(tmp_path: Path) -> None:
    broker = await _with_users(tmp_path)
    try:
        async with asyncio.timeout(CONNECT_S / 2):
            with pytest.raises(CallerError, match="refuses user 'dwarf': check user and password"):
                async with calling(_options(broker, "caller", username="dwarf", password="wrong")):
                    pass
    finally:
        broker.stop()


async def test_tls_trusts_the_given_authority_and_shows_the_client_certificate(tmp_path: Path) -> None:
    ca = _certificates(tmp_path)
    broker = await Mosquitto(
        tmp_path,
        listener_extra=(
            f"cafile {ca}",
            f"certfile {tmp_path / 'server.pem'}",
            f"keyfile {tmp_path / 'server.key'}",
            "require_certificate true",
        ),
    ).start()
    try:
        known = TlsOptions(ca, tmp_path / "client.pem", tmp_path / "client.key")
        options = BrokerOptions("localhost", broker.port, "agent", tls=known)
        async with listening(options) as agent:
            assert agent.port.connected
        careless = TlsOptions(None, tmp_path / "client.pem", tmp_path / "client.key", insecure=True)
        async with listening(BrokerOptions("127.0.0.1", broker.port, "agent", tls=careless)) as agent:
            assert agent.port.connected
    finally:
        broker.stop()


async def test_an_unknown_authority_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ca = _certificates(tmp_path)
    broker = await Mosquitto(
        tmp_path,
        listener_extra=(
            f"cafile {ca}",
            f"certfile {tmp_path / 'server.pem'}",
            f"keyfile {tmp_path / 'server.key'}",
        ),
    ).start()
    port = PahoPort(BrokerOptions("localhost", broker.port, "agent", tls=TlsOptions()))
    port.start()
    try:
        await logged(caplog, "certificate does not check out")
        assert not port.connected
    finally:
        await port.stop()
        broker.stop()


def test_a_missing_certificate_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"nowhere\.pem"):
        PahoPort(BrokerOptions("localhost", tls=TlsOptions(tmp_path / "nowhere.pem")))


async def test_a_subscription_the_broker_refuses_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rights = tmp_path / "acl"
    rights.write_text("topic readwrite allowed/#\n")
    broker = await Mosquitto(tmp_path, listener_extra=(f"acl_file {rights}",)).start()
    try:
        async with listening(_options(broker, "agent"), "allowed/#") as agent:
            agent.port.publish(Publication("forbidden/x", b"1"))
            agent.port.publish(Publication("allowed/x", b"1"))
            await agent.message("allowed/x")
            await logged(caplog, "did not take a message on forbidden/x")
    finally:
        broker.stop()


async def test_a_broker_that_only_knows_3_1_1_is_spoken_to_in_3_1_1() -> None:
    greetings: list[int] = []

    async def old_broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        packet = await reader.read(1024)
        version = packet[8]
        greetings.append(version)
        writer.write(b"\x20\x02\x00\x00" if version == 4 else b"\x20\x02\x00\x01")
        if version == 4:
            subscribe = await reader.read(1024)
            writer.write(b"\x90\x03" + subscribe[2:4] + b"\x01")
            await reader.read(1024)
        writer.close()

    server = await asyncio.start_server(old_broker, "127.0.0.1", 0)
    async with server:
        options = BrokerOptions("127.0.0.1", server.sockets[0].getsockname()[1], "agent")
        async with listening(options) as agent:
            assert agent.port.protocol == "3.1.1"
    assert greetings == [5, 4]


async def test_a_broker_that_confirms_nothing_is_given_no_more_than_the_window() -> None:
    confirm = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(b"\x20\x02\x00\x00")
        await confirm.wait()
        writer.write(b"".join(b"\x40\x02\x00" + bytes([mid]) for mid in range(1, WINDOW + 1)))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    async with server:
        where = server.sockets[0].getsockname()[1]
        port = PahoPort(BrokerOptions("127.0.0.1", where, "agent", protocol=Protocol.V311))
        up, room = asyncio.Event(), asyncio.Event()
        port.on_connected(up.set)
        port.on_room(room.set)
        port.start()
        await asyncio.wait_for(up.wait(), 20)
        taken = [port.publish(Publication("t", b"x")) for _ in range(WINDOW + 5)]
        assert taken == [True] * WINDOW + [False] * 5
        confirm.set()
        await asyncio.wait_for(room.wait(), 20)
        assert port.publish(Publication("t", b"x", qos=0))
        await port.stop()


async def test_a_network_thread_that_dies_is_replaced_and_loses_nothing(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        listening(_options(mosquitto, "watcher"), "t/#") as watcher,
        listening(_options(mosquitto, "agent"), "none") as agent,
    ):
        real, first = Client._loop, agent.port._client

        def dying(client: Client, *args: Any) -> Any:
            if client is first:
                raise ValueError("a packet that nobody expected")
            return real(client, *args)

        monkeypatch.setattr(Client, "_loop", dying)
        monkeypatch.setattr(Client, "_packet_queue", _unsent(Client._packet_queue, first))
        agent.port.publish(Publication("t/event", b"held"))
        await agent.connected(times=2)
        assert "a packet that nobody expected" in caplog.text
        await watcher.message("t/event", b"held")


def _unsent(real: Any, stuck: Client | None) -> Any:
    """Return a way to queue packets that loses those of one client: its thread died before sending."""

    def queue(client: Client, *args: Any, **more: Any) -> Any:
        return MQTT_ERR_SUCCESS if client is stuck else real(client, *args, **more)

    return queue


async def test_rubbish_from_a_broker_ends_neither_the_thread_nor_the_port() -> None:
    connections = 0
    third = asyncio.Event()

    async def mad(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(1024)
        writer.write(b"\x20\x7f" + b"\xff" * 127)
        writer.close()
        if connections >= 3:
            third.set()

    server = await asyncio.start_server(mad, "127.0.0.1", 0)
    async with server:
        port = PahoPort(BrokerOptions("127.0.0.1", server.sockets[0].getsockname()[1], "agent"))
        port.start()
        await asyncio.wait_for(third.wait(), 20)
        assert not port.connected
        await port.stop()


async def _with_users(directory: Path) -> Mosquitto:
    users = _users(directory)
    return await Mosquitto(directory, anonymous=False, extra=(f"password_file {users}",)).start()


def _users(directory: Path) -> Path:
    users = directory / "users"
    users.touch(mode=0o600)
    try:
        subprocess.run(
            ["mosquitto_passwd", "-b", str(users), "dwarf", "the-secret"], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("mosquitto_passwd is not installed (Debian: apt-get install mosquitto)")
    return users


def _certificates(directory: Path) -> Path:
    """Make an authority and the certificates of a server on localhost and of a client."""

    def openssl(*args: str) -> None:
        try:
            subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=directory)
        except FileNotFoundError:
            pytest.skip("openssl is not installed")

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem")
    for name, subject in (("server", "/CN=localhost"), ("client", "/CN=agent")):
        openssl("req", *key[:-2], "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (directory / "san").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san")
        openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")
    return directory / "ca.pem"


async def test_a_shared_subscription_gives_each_message_to_one_of_the_clients(mosquitto: Mosquitto) -> None:
    filter_ = shared("t/any", "us")
    async with (
        listening(_options(mosquitto, "one"), filter_) as one,
        listening(_options(mosquitto, "two"), filter_) as two,
        listening(_options(mosquitto, "all"), "t/#") as everybody,
    ):
        assert one.port.shares
        for number in range(10):
            assert everybody.port.publish(Publication("t/any", str(number).encode()))
        everybody.port.publish(Publication("t/end", b""))
        await everybody.message("t/end")
        await one.until(lambda: len(one.heard) == 5)
        await two.until(lambda: len(two.heard) == 5)
        assert sorted(int(each.payload) for each in (*one.heard, *two.heard)) == list(range(10))


async def test_over_3_1_1_shared_subscriptions_are_left_alone(mosquitto: Mosquitto) -> None:
    async with listening(_options(mosquitto, "old", Protocol.V311), "t/end") as old:
        assert not old.port.shares
        old.port.subscribe(shared("t/any", "us"), old.heard.append)
        old.port.publish(Publication("t/any", b"1"))
        old.port.publish(Publication("t/end", b""))
        await old.message("t/end")
        assert [each.topic for each in old.heard] == ["t/end"]
