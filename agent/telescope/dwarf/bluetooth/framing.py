"""Frames of the Bluetooth characteristic: one message is one or more of them.

    0xAA | version | command | index | count | 0 | 0 | length (2, big-endian) | payload | CRC (2) | 0x0D

The CRC is CRC-16/MODBUS over everything before it, high byte first. The link cuts frames into notifications
wherever it likes; `Assembler` puts them together again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from agent.telescope.dwarf.bluetooth.errors import DamagedFrameError

HEAD = 0xAA
TAIL = 0x0D
VERSION = 1  # what the phone app sends; answers may carry another
MIN_FRAME = 12  # bytes of a frame without payload
MAX_PAYLOAD = 8192  # bytes; the longest list of networks stays far below, a longer length is damage

_HEADER = struct.Struct(">BBBBBHH")  # head, version, command, index, count, zeros, length
_CRC = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message: the command it belongs to, and its protobuf bytes."""

    command: int
    payload: bytes

    def __repr__(self) -> str:
        return f"Message(command={self.command}, {len(self.payload)} bytes)"  # payloads hold passwords


@dataclass(frozen=True, slots=True)
class _Frame:
    message: Message
    index: int
    count: int
    size: int


def crc16(data: bytes) -> int:
    """Return the CRC-16/MODBUS of `data`: start 0xFFFF, reflected polynomial 0xA001."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def encode(message: Message, max_payload: int = MAX_PAYLOAD) -> list[bytes]:
    """Return the message as frames with at most `max_payload` bytes of payload each."""
    parts = [message.payload[at : at + max_payload] for at in range(0, len(message.payload), max_payload)]
    parts = parts or [b""]
    if len(parts) > 0xFF or max_payload > 0xFFFF:
        raise ValueError(f"a message of {len(message.payload)} bytes does not fit {max_payload} a frame")
    return [_encode_frame(message.command, part, index, len(parts)) for index, part in enumerate(parts)]


class Assembler:
    """Turns notifications into messages, whatever way they were cut.

    Noise before a frame is skipped. A damaged frame is reported once, as a value, and reading goes on with
    the next byte that could begin a frame.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._parts: list[Message] = []

    def reset(self) -> None:
        """Forget what is incomplete: a new question begins with a clean slate."""
        self._buffer.clear()
        self._parts.clear()

    def feed(self, data: bytes) -> list[Message | DamagedFrameError]:
        """Add the bytes of one notification; return what became complete with them."""
        self._buffer += data
        found: list[Message | DamagedFrameError] = []
        while True:
            self._skip_noise()
            try:
                frame = _decode_frame(self._buffer)
            except DamagedFrameError as error:
                del self._buffer[0]
                self._parts.clear()
                found.append(error)
                continue
            if frame is None:
                return found
            del self._buffer[: frame.size]
            try:
                message = self._joined(frame)
            except DamagedFrameError as error:
                found.append(error)
                continue
            if message is not None:
                found.append(message)

    def _skip_noise(self) -> None:
        start = self._buffer.find(HEAD)
        del self._buffer[: start if start >= 0 else len(self._buffer)]

    def _joined(self, frame: _Frame) -> Message | None:
        if frame.index == 0:
            self._parts.clear()
        elif frame.index != len(self._parts) or frame.message.command != self._parts[0].command:
            self._parts.clear()
            raise DamagedFrameError("A part of the telescope's answer over Bluetooth is missing.")
        self._parts.append(frame.message)
        if len(self._parts) < frame.count:
            return None
        message = Message(frame.message.command, b"".join(part.payload for part in self._parts))
        self._parts.clear()
        return message


def _encode_frame(command: int, payload: bytes, index: int, count: int) -> bytes:
    body = _HEADER.pack(HEAD, VERSION, command, index, count, 0, len(payload)) + payload
    return body + _CRC.pack(crc16(body)) + bytes((TAIL,))


def _decode_frame(data: bytes | bytearray) -> _Frame | None:
    """Return the frame that begins at the first byte; None while it is incomplete."""
    if len(data) < _HEADER.size:
        return None
    _, _, command, index, count, _, length = _HEADER.unpack_from(data)
    if index >= count or length > MAX_PAYLOAD:
        raise DamagedFrameError("The telescope's answer over Bluetooth has no valid head.")
    size = MIN_FRAME + length
    if len(data) < size:
        return None
    body = bytes(data[: _HEADER.size + length])
    if data[size - 1] != TAIL or _CRC.unpack_from(data, len(body))[0] != crc16(body):
        raise DamagedFrameError("The telescope's answer over Bluetooth arrived damaged.")
    return _Frame(Message(command, body[_HEADER.size :]), index, count, size)
