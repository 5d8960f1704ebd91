"""The envelope around every message on the WebSocket, and the one way to decode a message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from agent.telescope.dwarf.proto import envelope_pb2
from agent.telescope.dwarf.wire.texts import readable
from agent.telescope.errors import ProtocolError, TransientError

MAJOR_VERSION = 1

M = TypeVar("M", bound=Message)


class Generation(StrEnum):
    """The two families of firmware: V2 up to about late 2025, V3 since."""

    V2 = "V2"
    V3 = "V3"


class PacketType(IntEnum):
    """What a packet is. Telescopes were seen to answer with 1 (older firmware) and with 3 (newer)."""

    REQUEST = 0
    ANSWER = 1
    NOTIFICATION = 2
    ANSWER_V3 = 3


ANSWER_TYPES = frozenset({PacketType.ANSWER, PacketType.ANSWER_V3})


class MalformedError(ProtocolError, TransientError):
    """Bytes that are no packet, or a message with bytes that do not fit it: worth asking again."""

    code = "malformed"


@dataclass(frozen=True, slots=True)
class Packet:
    """One envelope. `data` is the encoded message; `device_id` tells the model (1 D2, 2 D3, 4 mini)."""

    module_id: int
    cmd: int
    type: int = PacketType.REQUEST
    data: bytes = b""
    device_id: int = 0
    client_id: str = ""
    minor_version: int = 9
    major_version: int = MAJOR_VERSION

    def encode(self) -> bytes:
        """Return the bytes of the envelope; fields that hold their default are left out."""
        return envelope_pb2.Packet(
            major_version=self.major_version,
            minor_version=self.minor_version,
            device_id=self.device_id,
            module_id=self.module_id,
            cmd=self.cmd,
            type=self.type,
            data=self.data,
            client_id=self.client_id,
        ).SerializeToString()

    @classmethod
    def decode(cls, raw: bytes) -> Packet:
        """Read an envelope; MalformedError for anything that is none."""
        message = decode(envelope_pb2.Packet, raw)
        return cls(
            module_id=message.module_id,
            cmd=message.cmd,
            type=message.type,
            data=message.data,
            device_id=message.device_id,
            client_id=message.client_id,
            minor_version=message.minor_version,
            major_version=message.major_version,
        )


def decode(kind: type[M], data: bytes) -> M:
    """Read `data` as a message of that kind; MalformedError when it is none.

    Texts that are no UTF-8 keep what can be read of them: the numbers beside them count all the same.
    """
    message = kind()
    try:
        try:
            message.ParseFromString(data)
        except DecodeError:
            fields: Any = kind.DESCRIPTOR.fields_by_number  # of whichever implementation is installed
            message.ParseFromString(readable(data, fields))
    except (DecodeError, ValueError, RecursionError) as error:
        raise MalformedError(f"{len(data)} bytes are no {kind.DESCRIPTOR.name}: {error}") from error
    return message
