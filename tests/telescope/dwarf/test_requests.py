"""Questions and answers: matched by command, one of a kind in flight, nothing left behind."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.telescope.dwarf.link.requests import Answered, Broken, Exchange
from agent.telescope.dwarf.wire.commands import module_of
from agent.telescope.dwarf.wire.envelope import Packet, PacketType
from agent.telescope.dwarf.wire.notifications import BatteryLevel, LateAnswer
from agent.telescope.errors import UnreachableError


class Wire:
    """An exchange whose far end is the test."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self.exchange = Exchange(self._transmit)

    async def _transmit(self, cmd: int, data: bytes) -> None:
        self.sent.append((cmd, data))

    def answers(self, cmd: int, data: bytes = b"", kind: int = PacketType.ANSWER_V3) -> None:
        self.exchange.deliver(Packet(module_of(cmd), cmd, kind, data))

    def notifies(self, cmd: int, data: bytes) -> None:
        self.exchange.deliver(Packet(9, cmd, PacketType.NOTIFICATION, data))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("kind", [PacketType.ANSWER, PacketType.ANSWER_V3])
async def test_answers_of_both_types_are_answers(kind: int) -> None:
    wire = Wire()
    question = asyncio.create_task(wire.exchange.ask(11004))
    await settle()
    wire.answers(11004, b"\x08\x01", kind)
    assert await question == b"\x08\x01"


async def test_an_answer_to_another_command_or_of_another_type_is_none() -> None:
    wire = Wire()
    question = asyncio.create_task(wire.exchange.ask(11004))
    await settle()
    wire.answers(11002)
    wire.answers(11004, kind=PacketType.REQUEST)
    await settle()
    assert not question.done()
    wire.exchange.deliver(Packet(4, 11004, PacketType.ANSWER))  # from whichever module
    assert await question == b""


async def test_one_question_of_a_kind_is_in_flight_and_others_pass() -> None:
    wire = Wire()
    first = asyncio.create_task(wire.exchange.ask(13000, b"a"))
    second = asyncio.create_task(wire.exchange.ask(13000, b"b"))
    other = asyncio.create_task(wire.exchange.ask(13001, b"c"))
    await settle()
    assert wire.sent == [(13000, b"a"), (13001, b"c")]
    wire.answers(13001, b"C")
    wire.answers(13000, b"A")
    assert await other == b"C"
    assert await first == b"A"
    await settle()
    assert wire.sent[-1] == (13000, b"b")
    wire.answers(13000, b"B")
    assert await second == b"B"


async def test_duplicate_and_late_answers_are_told_and_answer_nothing() -> None:
    wire = Wire()
    question = asyncio.create_task(wire.exchange.ask(13000))
    await settle()
    question.cancel()
    await settle()
    heard: list[object] = []
    wire.exchange.listen(heard.append)
    wire.answers(13000, b"late")
    wire.answers(13000, b"late again")
    assert heard == [LateAnswer(13000, b"late"), LateAnswer(13000, b"late again")]
    fresh = asyncio.create_task(wire.exchange.ask(13000))
    await settle()
    wire.answers(13000, b"fresh")
    assert await fresh == b"fresh"


async def test_a_broken_link_ends_every_wait_at_once() -> None:
    wire = Wire()
    error = UnreachableError("gone")
    question = asyncio.create_task(wire.exchange.ask(13000))
    with wire.exchange.watch() as inbox:
        await settle()
        wire.exchange.interrupt(error)
        assert inbox.get_nowait() == Broken(error)
    with pytest.raises(UnreachableError, match="gone"):
        await question


async def test_a_conversation_keeps_the_order_of_answers_and_news() -> None:
    wire = Wire()
    async with wire.exchange.converse(11000) as inbox:
        wire.notifies(15201, b"\x08\x05")
        wire.answers(11000, b"\x08\x01")
        wire.notifies(15201, b"\x08\x04")
        wire.answers(11000, b"\x08\x02")
        got = [inbox.get_nowait() for _ in range(4)]
    assert got == [BatteryLevel(5), Answered(b"\x08\x01"), BatteryLevel(4), Answered(b"\x08\x02")]


async def test_a_command_that_cannot_be_sent_leaves_nothing_pending() -> None:
    async def broken(cmd: int, data: bytes) -> None:
        raise UnreachableError("not connected")

    exchange = Exchange(broken)
    for _ in range(2):
        with pytest.raises(UnreachableError):
            await exchange.ask(13000)


async def test_a_failing_listener_stops_nobody() -> None:
    wire = Wire()
    heard: list[object] = []

    def fails(_news: object) -> None:
        raise RuntimeError("listener")

    remove = wire.exchange.listen(fails)
    wire.exchange.listen(heard.append)
    wire.notifies(15201, b"\x08\x05")
    remove()
    remove()
    assert heard == [BatteryLevel(5)]


@settings(deadline=None)
@given(st.integers(0, 20000), st.integers(0, 20), st.integers(0, 5), st.binary(max_size=40))
def test_whatever_comes_in_is_taken(cmd: int, module: int, kind: int, data: bytes) -> None:
    Wire().exchange.deliver(Packet(module, cmd, kind, data))
