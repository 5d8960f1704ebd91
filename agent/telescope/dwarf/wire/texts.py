"""Texts in messages that are no UTF-8, as of a name that was cut off in the middle of a letter."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.descriptor import FieldDescriptor

_CUT = "\ufffd"  # stands for what could not be read
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}  # wire type -> bytes
_LONGEST_VARINT = 10
_LONGEST = 65536  # bytes; messages have some kilobytes, and looking takes its time


def readable(data: bytes, fields: Mapping[int, FieldDescriptor]) -> bytes:
    """Return the message of these fields, by number, with every text as UTF-8; ValueError for no message."""
    if len(data) > _LONGEST:
        raise ValueError("too long to look for texts in it")
    out, at = bytearray(), 0
    while at < len(data):
        begun = at
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == _BYTES:
            size, at = _varint(data, at)
            inner = _mended(data[at : at + size], fields.get(tag >> 3))
            out += _number(tag) + _number(len(inner)) + inner
            at += size
        elif wire == _VARINT or wire in _FIXED:
            at = at + _FIXED[wire] if wire in _FIXED else _varint(data, at)[1]
            out += data[begun:at]
        else:
            raise ValueError(f"wire type {wire}")
        if at > len(data):
            raise ValueError("the message ends too early")
    return bytes(out)


def same_text(told: str, sent: str) -> bool:
    """Whether a telescope that tells this text may mean the one it was sent; one that was cut off may."""
    kept, cut, _ = told.partition(_CUT)
    return told == sent or bool(cut and kept and sent.startswith(kept))


def _mended(inner: bytes, field: FieldDescriptor | None) -> bytes:
    if field is not None and field.type == FieldDescriptor.TYPE_STRING:
        return inner.decode("utf-8", "replace").encode()
    if field is not None and field.message_type is not None:
        return readable(inner, field.message_type.fields_by_number)
    return inner


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    raise ValueError("a number without an end")


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
