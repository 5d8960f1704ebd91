"""The link: renewed for ever, patient with everything a telescope or a network may do."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from websockets.asyncio.server import ServerConnection

from agent.clock import LoopClock
from agent.telescope.dwarf.link.reconnect import Link
from agent.telescope.dwarf.wire.envelope import Packet
from agent.telescope.errors import WHAT_TO_CHECK, UnreachableError
from agent.telescope.interface import ConnectionState
from tests.support.brokers import free_port
from tests.support.virtual_loop import run_virtual
from tests.telescope.dwarf.peer import Behaviour, Peer, notify, peer, quiet
from tests.telescope.dwarf.support import NIGHT


@dataclass
class Watched:
    link: Link
    states: list[tuple[ConnectionState, str]] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    greetings: int = 0

    async def until(self, condition: Callable[[], bool], seconds: float = 3600.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - time jumps here
                await asyncio.sleep(0.5)

    async def connected(self) -> None:
        await self.until(lambda: self.link.state is ConnectionState.CONNECTED)

    def seen(self) -> list[ConnectionState]:
        return [state for state, _ in self.states]


@asynccontextmanager
async def watched(port: int, greet: Callable[[], Awaitable[None]] | None = None) -> AsyncIterator[Watched]:
    made: Watched

    async def welcome() -> None:
        made.greetings += 1
        if greet is not None:
            await greet()

    link = Link(
        f"ws://127.0.0.1:{port}/?client_id=test",
        clock=LoopClock(NIGHT),
        rng=random.Random(1),
        greet=welcome,
        on_packet=lambda packet: made.packets.append(packet),
        on_state=lambda *state: made.states.append(state),
    )
    made = Watched(link)
    link.start()
    try:
        yield made
    finally:
        await link.close()


def with_peer(behaviour: Behaviour, test: Callable[[Peer, Watched], Awaitable[None]]) -> None:
    async def run() -> None:
        async with peer(behaviour) as far, watched(far.port) as near:
            await test(far, near)

    run_virtual(run())


def test_a_link_connects_greets_and_pings() -> None:
    async def test(far: Peer, near: Watched) -> None:
        await near.connected()
        await asyncio.sleep(25)
        assert near.greetings == 1
        assert far.texts == ["ping"] * 3
        assert near.seen() == [ConnectionState.CONNECTING, ConnectionState.CONNECTED]

    with_peer(quiet, test)


def test_a_lost_link_is_made_again_and_greeted_again() -> None:
    async def test(far: Peer, near: Watched) -> None:
        for round_number in range(1, 4):
            await near.until(lambda: near.greetings == round_number)  # noqa: B023 - awaited at once
            await near.connected()
            await asyncio.sleep(40)
            far.open[0].transport.abort()
            await near.until(lambda: near.link.state is not ConnectionState.CONNECTED)
        await near.connected()
        assert far.connections == 4
        lost = [message for _, message in near.states if message]
        assert len(lost) == 3

    with_peer(quiet, test)


def test_only_the_first_failure_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with peer() as far:
            port = far.port
        async with watched(port) as near:
            await asyncio.sleep(600)
            assert near.link.state is ConnectionState.CONNECTING

    with caplog.at_level(logging.DEBUG, logger="agent.telescope.dwarf.link"):
        run_virtual(run())
    levels = [record.levelno for record in caplog.records if "No link" in record.message]
    assert levels.count(logging.WARNING) == 1
    assert levels[0] == logging.WARNING
    assert 10 <= len(levels) <= 25  # patient, not frantic


def test_a_half_open_link_is_noticed_and_replaced() -> None:
    async def deaf_at_first(far: Peer, socket: ServerConnection) -> None:
        if far.connections == 1:
            socket.transport.pause_reading()
            await asyncio.sleep(10_000)
        await quiet(far, socket)

    async def test(far: Peer, near: Watched) -> None:
        await near.connected()
        await near.until(lambda: far.connections == 2, seconds=60)
        await near.connected()
        assert any("no sign of life" in message for _, message in near.states)

    with_peer(deaf_at_first, test)


def test_notifications_without_pongs_keep_a_link() -> None:
    async def talkative(far: Peer, socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        while True:
            await notify(socket, 15201, b"\x08\x57")
            await asyncio.sleep(20)

    async def test(far: Peer, near: Watched) -> None:
        await near.connected()
        await asyncio.sleep(300)
        assert far.connections == 1
        assert len(near.packets) >= 15

    with_peer(talkative, test)


def test_an_occupied_telescope_is_held_by_another_client_and_asked_seldom() -> None:
    async def occupied(far: Peer, socket: ServerConnection) -> None:
        if far.connections < 4:
            await socket.close(4000, "DEVICE_OCCUPIED")
            return
        await quiet(far, socket)

    async def test(far: Peer, near: Watched) -> None:
        await near.until(lambda: near.link.state is ConnectionState.HELD_BY_OTHER)
        await asyncio.sleep(20)
        assert far.connections == 1
        await near.connected()
        assert near.seen().count(ConnectionState.HELD_BY_OTHER) == 3

    with_peer(occupied, test)


def test_a_close_at_once_is_taken_for_an_occupied_telescope() -> None:
    async def shut(far: Peer, socket: ServerConnection) -> None:
        await socket.close(1000)

    async def test(far: Peer, near: Watched) -> None:
        await near.until(lambda: near.link.state is ConnectionState.HELD_BY_OTHER)

    with_peer(shut, test)


def test_garbage_between_packets_is_dropped() -> None:
    async def garbled(far: Peer, socket: ServerConnection) -> None:
        await socket.send(b"\xff\xff\xff")
        await socket.send(b"")
        await socket.send("what is this")
        await socket.send(Packet(9, 15201, 2, b"\x08\x57").encode()[:-1])
        await notify(socket, 15201, b"\x08\x57")
        await quiet(far, socket)

    async def test(far: Peer, near: Watched) -> None:
        await near.until(lambda: any(packet.cmd == 15201 for packet in near.packets))
        assert far.connections == 1

    with_peer(garbled, test)


def test_a_peer_that_is_no_telescope_is_survived() -> None:
    async def run() -> None:
        async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal visits
            visits += 1
            writer.write(b"220 ftp ready\r\n" if visits % 2 else b"")
            await writer.drain()
            if visits % 2:
                writer.close()
            else:
                await reader.read(-1)
                writer.close()

        visits = 0
        server = await asyncio.start_server(rude, "127.0.0.1", 0)
        async with server, watched(server.sockets[0].getsockname()[1]) as near:
            await near.until(lambda: visits >= 4)
            assert near.link.state is not ConnectionState.CONNECTED

    run_virtual(run())


def test_sending_without_a_connection_says_so() -> None:
    async def run() -> None:
        async with peer() as far:
            port = far.port
        async with watched(port) as near:
            with pytest.raises(UnreachableError, match="not connected"):
                await near.link.send(b"")

    run_virtual(run())


def test_an_announced_loss_is_no_surprise(caplog: pytest.LogCaptureFixture) -> None:
    async def test(far: Peer, near: Watched) -> None:
        await near.connected()
        near.link.expect_loss("switched off")
        far.open[0].transport.abort()
        await near.until(lambda: near.link.state is not ConnectionState.CONNECTED)
        assert near.states[-1] == (ConnectionState.CONNECTING, "switched off")

    with_peer(quiet, test)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_resting_link_stays_away_until_it_is_woken() -> None:
    async def test(far: Peer, near: Watched) -> None:
        await near.connected()
        await near.link.rest("resting")
        await near.until(lambda: near.link.state is ConnectionState.RESTING)
        await asyncio.sleep(3000)
        assert far.connections == 1
        near.link.wake()
        await near.connected()
        assert far.connections == 2

    with_peer(quiet, test)


def test_a_failed_greeting_is_tried_again_on_a_fresh_connection() -> None:
    async def run() -> None:
        tries = 0

        async def greet() -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise UnreachableError("no answer")

        async with peer() as far, watched(far.port, greet) as near:
            await near.connected()
            assert (tries, far.connections) == (2, 2)

    run_virtual(run())


def test_closing_ends_every_task() -> None:
    async def run() -> set[str]:
        async with peer() as far:
            async with watched(far.port) as near:
                await near.connected()
            await asyncio.sleep(1)
        names = {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}
        return {name for name in names if "telescope" in name or "link" in name}

    assert run_virtual(run()) == set()


def test_a_telescope_that_is_not_there_is_told_with_what_to_check(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with watched(free_port()) as near:
            await near.until(lambda: "cannot be reached" in caplog.text)

    run_virtual(run())
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert re.fullmatch(
        r"No link to the telescope: "
        r"The telescope at 127\.0\.0\.1:\d+ cannot be reached: connection refused\. "
        + re.escape(WHAT_TO_CHECK),
        told[0],
    )
    assert "client_id" not in caplog.text
