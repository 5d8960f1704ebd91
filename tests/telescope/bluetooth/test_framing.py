"""Frames: known bytes, any cut, any damage."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.telescope.dwarf.bluetooth.errors import DamagedFrameError
from agent.telescope.dwarf.bluetooth.framing import MIN_FRAME, Assembler, Message, crc16, encode
from agent.telescope.dwarf.bluetooth.messages import FACTORY_PASSWORD, GetConfig, GetSystemInfo, to_message
from tests.support.chance import often

CONFIG = bytes.fromhex(
    "aa 01 01 00 01 00 00 00 12 08 01 12 0e 44 57 41 52 46 5f 31 32 33 34 35 36 37 38 33 d2 0d"
)
INFO = bytes.fromhex("aa 01 07 00 01 00 00 00 02 08 07 c9 a5 0d")

messages = st.builds(Message, st.integers(0, 255), st.binary(max_size=300))


def feed_in_pieces(assembler: Assembler, data: bytes, cuts: list[int]) -> list[Message | DamagedFrameError]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [heard for start, end in itertools.pairwise(edges) for heard in assembler.feed(data[start:end])]


def test_known_requests_have_their_known_bytes() -> None:
    assert encode(to_message(GetConfig(FACTORY_PASSWORD))) == [CONFIG]
    assert encode(to_message(GetSystemInfo())) == [INFO]


def test_the_check_sum_has_its_published_check_value() -> None:
    assert crc16(b"123456789") == 0x4B37


def test_the_shortest_frame_has_twelve_bytes_and_is_read() -> None:
    (frame,) = encode(Message(5, b""))
    assert len(frame) == MIN_FRAME == 12
    assert Assembler().feed(frame) == [Message(5, b"")]


@settings(deadline=None, max_examples=often(150))
@given(
    st.lists(messages, min_size=1, max_size=4),
    st.integers(1, 120),
    st.lists(st.integers(0, 5000), max_size=12),
)
def test_messages_arrive_whole_however_they_are_split_and_cut(
    sent: list[Message], part: int, cuts: list[int]
) -> None:
    data = b"".join(frame for message in sent for frame in encode(message, part))
    assert feed_in_pieces(Assembler(), data, cuts) == sent


@settings(deadline=None, max_examples=often(300))
@given(messages, st.integers(1, 120), st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_never_makes_another_message(sent: Message, part: int, where: int, flip: int) -> None:
    data = bytearray(b"".join(encode(sent, part)))
    where %= len(data)
    data[where] ^= flip
    assert [one for one in Assembler().feed(bytes(data)) if isinstance(one, Message)] == []


@settings(deadline=None, max_examples=often(100))
@given(messages, messages, st.binary(max_size=40))
def test_a_frame_after_noise_and_after_a_reset_is_read(first: Message, second: Message, noise: bytes) -> None:
    assembler = Assembler()
    assembler.feed(encode(first)[0][:-1])
    assembler.reset()
    quiet = noise.replace(b"\xaa", b"")
    assert assembler.feed(quiet + encode(second)[0]) == [second]


@settings(deadline=None, max_examples=often(200))
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_no_bytes_whatsoever_break_the_reader(pieces: list[bytes]) -> None:
    assembler = Assembler()
    for piece in pieces:
        for heard in assembler.feed(piece):
            assert isinstance(heard, Message | DamagedFrameError)


def test_a_damaged_frame_is_told_once_and_the_next_is_read() -> None:
    damaged = bytearray(INFO)
    damaged[-2] ^= 1
    first, second = Assembler().feed(bytes(damaged) + CONFIG)
    assert isinstance(first, DamagedFrameError)
    assert isinstance(second, Message)
    assert second.command == 1


def test_a_lost_part_of_a_long_answer_is_damage_not_a_shorter_answer() -> None:
    parts = encode(Message(6, bytes(range(100))), 40)
    assert len(parts) == 3
    (heard,) = Assembler().feed(parts[0] + parts[2])
    assert isinstance(heard, DamagedFrameError)


def test_an_answer_that_begins_again_replaces_the_one_left_half_way() -> None:
    parts = encode(Message(6, bytes(range(100))), 40)
    assert Assembler().feed(parts[0] + b"".join(parts)) == [Message(6, bytes(range(100)))]


def test_a_length_no_answer_has_is_damage_at_once_and_not_a_wait() -> None:
    (heard,) = Assembler().feed(bytes.fromhex("aa 01 07 00 01 00 00 ff ff"))
    assert isinstance(heard, DamagedFrameError)


def test_a_message_that_fits_no_number_of_frames_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(Message(3, bytes(300)), 1)


def test_a_message_never_shows_its_payload() -> None:
    assert repr(to_message(GetConfig("sesame"))) == "Message(command=1, 10 bytes)"
