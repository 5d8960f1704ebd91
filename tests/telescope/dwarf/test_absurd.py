"""What no telescope can mean is not believed, and what can be read of a damaged message is."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.telescope.dwarf.link.requests import Exchange
from agent.telescope.dwarf.proto import astro_pb2, envelope_pb2, notify_pb2, schedule_pb2, task_pb2
from agent.telescope.dwarf.wire.envelope import MalformedError, Packet, PacketType, decode
from agent.telescope.dwarf.wire.notifications import GotoStep, State, Tracking, read_notification
from agent.telescope.dwarf.wire.texts import readable, same_text
from agent.telescope.errors import ProtocolError
from agent.telescope.simulator import SimulatedDwarf
from tests.telescope.dwarf.support import BASEL, ORION, Bench, on_bench

MOST, LEAST = 2**31 - 1, -(2**31)
INFINITE, NO_NUMBER = math.inf, math.nan
CUT = "M 42 Große Nebel".encode()[:9]  # in the middle of the ß


async def tells(sim: SimulatedDwarf, cmd: int, message: Message | bytes) -> None:
    data = message if isinstance(message, bytes) else message.SerializeToString()
    for client in sim.clients.clients:
        await client.connection.send(Packet(9, cmd, PacketType.NOTIFICATION, data, device_id=2).encode())


@pytest.mark.parametrize(
    ("cmd", "messages"),
    [
        (15201, [notify_pb2.Battery(percentage=one) for one in (-1, 101, MOST, LEAST)]),
        (15243, [notify_pb2.BodyTemperature(temperature=one) for one in (-61, 121, MOST, LEAST)]),
        (
            15203,
            [
                notify_pb2.Storage(available_size=free, total_size=total)
                for free, total in ((-1, 100), (101, 100), (MOST, MOST), (50, -3))
            ],
        ),
        (15212, [notify_pb2.TrackingState(state=1, target_name="M 42 " * 1000)]),
    ],
)
def test_numbers_beyond_all_reason_change_nothing_that_is_known(cmd: int, messages: list[Message]) -> None:
    """Else an owner's battery were empty, the telescope too hot, the card full, because of a broken frame."""

    async def run(b: Bench) -> None:
        await b.clock.sleep(70)
        before = b.telescope.telemetry
        for message in messages:
            await tells(b.sim, cmd, message)
        await b.clock.sleep(1)
        assert b.telescope.telemetry == before

    on_bench(run)


@pytest.mark.parametrize("seconds", [INFINITE, NO_NUMBER, -5.0, 1e9])
def test_an_exposure_of_no_length_is_no_sign_of_life(seconds: float) -> None:
    async def run(b: Bench) -> None:
        record = b.telescope._state.captures[Camera.TELE]
        await tells(b.sim, 15208, notify_pb2.CameraOperation(state=1))
        await tells(b.sim, 15288, notify_pb2.LongExposure(total_time=seconds))
        await b.clock.sleep(1)
        assert not record.exposing

    on_bench(run)


@pytest.mark.parametrize(
    ("azimuth", "altitude"), [(INFINITE, 0.1), (0.1, NO_NUMBER), (1e12, 0.1), (0.1, -200.0)]
)
def test_a_polar_error_of_no_angle_is_not_told_to_the_owner(azimuth: float, altitude: float) -> None:
    async def run(b: Bench) -> None:
        answer = astro_pb2.SolveEqAnswer(azi_err=azimuth, alt_err=altitude)
        b.sim.faults.add("deaf:command=11018,times=0")

        async def speak() -> None:
            while not any(one.cmd == 11018 for one in b.sim.received):
                await b.clock.sleep(0.1)
            for client in b.sim.clients.clients:
                packet = Packet(3, 11018, PacketType.ANSWER_V3, answer.SerializeToString(), device_id=2)
                await client.connection.send(packet.encode())

        speaking = asyncio.create_task(speak())
        with pytest.raises(ProtocolError):
            await b.telescope.solve_eq(BASEL)
        await speaking

    on_bench(run)


def test_a_name_that_is_cut_off_in_a_letter_is_the_name() -> None:
    raw = b"\x08\x01\x12" + bytes([len(CUT)]) + CUT
    assert read_notification(15212, raw) == Tracking(State.RUNNING, "M 42 Gro\ufffd")
    assert read_notification(15211, raw) == GotoStep(State.RUNNING, "M 42 Gro\ufffd")
    assert same_text("M 42 Gro\ufffd", "M 42 Große Nebel")
    assert not same_text("M 31\ufffd", "M 42 Große Nebel")
    assert not same_text("\ufffd", "M 42 Große Nebel"), "nothing was read at all"
    assert not same_text("M 42 Gro", "M 42 Große Nebel"), "only what was damaged is read with indulgence"


def test_a_telescope_that_cuts_names_off_in_a_letter_is_seen_to_track() -> None:
    async def run(b: Bench) -> None:
        b.sim.faults.add("cut-names:after=9,times=0")
        await b.telescope.calibrate(BASEL)
        await b.telescope.goto(ORION, BASEL)
        assert b.telescope.telemetry.tracking == "M 42 Gro\ufffd"

    on_bench(run)


def test_texts_deep_inside_are_mended_and_the_rest_is_kept() -> None:
    task = b"\x0a\x02ok\x12\x03a\xffb\x18\x03"  # schedule id, params, state
    schedule = b"\x0a\x01s\x12\x02\xc3\x28" + b"\x6a" + bytes([len(task)]) + task
    data = b"\x0a" + bytes([len(schedule)]) + schedule
    [found] = decode(schedule_pb2.SchedulesAnswer, data).schedules
    assert (found.id, found.name) == ("s", "\ufffd(")
    assert (found.tasks[0].schedule_id, found.tasks[0].params, found.tasks[0].state) == ("ok", "a\ufffdb", 3)


@given(st.binary(max_size=120), st.sampled_from([task_pb2.DeviceStateAnswer, schedule_pb2.SchedulesAnswer]))
def test_any_bytes_are_a_message_or_malformed(data: bytes, kind: type[Message]) -> None:
    with suppress(MalformedError):
        assert isinstance(decode(kind, data), kind)


@given(st.text(max_size=20), st.integers(0, 2**31 - 1), st.binary(max_size=20))
def test_a_message_without_damage_stays_as_it_is(name: str, state: int, data: bytes) -> None:
    sound = notify_pb2.GotoState(state=state, target_name=name).SerializeToString()
    assert readable(sound, notify_pb2.GotoState.DESCRIPTOR.fields_by_number) == sound
    packet = Packet(9, 15211, 2, data).encode()
    assert decode(envelope_pb2.Packet, packet).data == data


def test_damage_in_a_huge_message_is_not_looked_for() -> None:
    """Four megabytes of it, the most that a frame has, would keep everything else waiting for seconds."""
    huge = b"\x08\x01" * 1_000_000 + b"\x12\x01\xff"
    with pytest.raises(MalformedError, match="too long"):
        decode(notify_pb2.GotoState, huge)


def test_strangers_without_end_are_not_remembered_without_end() -> None:
    async def nowhere(_cmd: int, _data: bytes) -> None:
        return

    exchange = Exchange(nowhere)
    for cmd in range(20_000, 60_000):
        exchange.deliver(Packet(9, cmd, PacketType.NOTIFICATION, b"x"))
    assert len(exchange._strangers) < 1000
