"""The latest picture as Home Assistant's image entity takes it: a small JPEG, and when it was truly taken."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image

from agent.jpeg import shrunk

MAX_SIDE = 960  # pixels: a quarter of a stack, which its JPEG is unpacked to without a larger one in between
MAX_BYTES = 256 * 1024  # retained by the broker and held in Home Assistant's memory
_QUALITIES = (88, 80, 70, 60, 50, 40, 30)
_SMALLER = 0.75  # when the lowest quality is still too large


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """Bytes for the image topic, and the body for the `image_info` topic."""

    jpeg: bytes
    info: dict[str, Any]


def prepare_image(
    jpeg: io.BytesIO, *, taken_at: datetime | None, target: str = "", session_id: str = "", source: str = ""
) -> PreparedImage:
    """Shrink a JPEG to at most 960 pixels and 256 KiB, and close it. CPU-bound: call it in a thread.

    `taken_at` (aware, None unknown) is the capture's own time: Home Assistant shows the time of arrival,
    which is also when it restarted. Raise `PictureError` for anything that is not a JPEG.
    """
    with shrunk(jpeg, MAX_SIDE) as small:
        picture, encoded = small.picture, small.whole
        if not 0 < len(encoded) <= MAX_BYTES:
            encoded = _encode(picture)
        while len(encoded) > MAX_BYTES:
            picture = picture.resize([max(1, int(side * _SMALLER)) for side in picture.size])
            encoded = _encode(picture)
    info = {
        "taken_at": taken_at.isoformat(timespec="seconds") if taken_at else None,
        "target": target or None,
        "session_id": session_id or None,
        "width": picture.width,
        "height": picture.height,
        "original_width": small.original[0],
        "original_height": small.original[1],
        "source": source or None,
    }
    return PreparedImage(encoded, info)


def _encode(picture: Image.Image) -> bytes:
    encoded = b""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        encoded = buffer.getvalue()
        if len(encoded) <= MAX_BYTES:
            break
    return encoded
