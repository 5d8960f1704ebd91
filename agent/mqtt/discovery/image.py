"""The latest picture as Home Assistant's image entity takes it: a small JPEG, and when it was truly taken."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image, ImageOps

from agent.errors import AgentError

MAX_SIDE = 1280  # pixels; enough for a full-screen dashboard
MAX_BYTES = 256 * 1024  # retained by the broker and held in Home Assistant's memory
MAX_PIXELS = (
    80_000_000  # of the picture that comes in: twice the largest panorama a telescope stitches for preview
)
_QUALITIES = (88, 80, 70, 60, 50, 40, 30)
_SMALLER = 0.75  # when the lowest quality is still too large


class PictureError(AgentError):
    """Bytes that are no usable picture."""

    code = "bad_picture"


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """Bytes for the image topic, and the body for the `image_info` topic."""

    jpeg: bytes
    info: dict[str, Any]


def prepare_image(
    jpeg: bytes, *, taken_at: datetime | None, target: str = "", session_id: str = "", source: str = ""
) -> PreparedImage:
    """Shrink a JPEG to at most 1280 pixels and 256 KiB. CPU-bound: call it in a thread.

    Its size is judged by its header, before any pixel is unpacked.

    `taken_at` (aware, None unknown) is the capture's own time: Home Assistant shows the time of arrival,
    which is also when it restarted. Raise `PictureError` for anything that is not a JPEG.
    """
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
            size = opened.size
            _bounded(size)
            if max(size) <= MAX_SIDE and len(jpeg) <= MAX_BYTES:
                opened.load()
                return _prepared(jpeg, opened.size, size, taken_at, target, session_id, source)
            longest = max(size)  # decoded no larger than needed: a whole one takes 25 MB
            opened.draft("RGB", (MAX_SIDE * size[0] // longest or 1, MAX_SIDE * size[1] // longest or 1))
            opened.load()
            ImageOps.exif_transpose(opened, in_place=True)  # a copy more is eight megabytes that stay
            picture = opened if opened.mode in ("RGB", "L") else opened.convert("RGB")
    except PictureError:
        raise
    except Exception as error:  # hostile bytes make a decoder raise nearly anything
        raise PictureError(f"The picture cannot be read: {error}") from error
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    small = _encode(picture)
    while len(small) > MAX_BYTES:
        picture = picture.resize([max(1, int(side * _SMALLER)) for side in picture.size])
        small = _encode(picture)
    return _prepared(small, picture.size, size, taken_at, target, session_id, source)


def _bounded(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureError(f"The picture is too large: {size[0]} × {size[1]} pixels.")


def _encode(picture: Image.Image) -> bytes:
    encoded = b""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
        encoded = buffer.getvalue()
        if len(encoded) <= MAX_BYTES:
            break
    return encoded


def _prepared(
    jpeg: bytes,
    size: tuple[int, int],
    original: tuple[int, int],
    taken_at: datetime | None,
    target: str,
    session_id: str,
    source: str,
) -> PreparedImage:
    info = {
        "taken_at": taken_at.isoformat(timespec="seconds") if taken_at else None,
        "target": target or None,
        "session_id": session_id or None,
        "width": size[0],
        "height": size[1],
        "original_width": original[0],
        "original_height": original[1],
        "source": source or None,
    }
    return PreparedImage(jpeg, info)
