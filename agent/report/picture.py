"""A picture small enough to stand inside a page."""

from __future__ import annotations

import io

_SIDE = 800
_QUALITY = 82


def small_picture(jpeg: io.BytesIO, side: int = _SIDE) -> bytes | None:
    """Shrink a JPEG to so many pixels a side, and close it; None for what is none. CPU-bound: in a thread."""
    from agent.jpeg import PictureError, shrunk  # megabytes that an idle agent does without

    out = io.BytesIO()
    try:
        with shrunk(jpeg, side) as small:
            small.picture.save(out, "JPEG", quality=_QUALITY)
    except PictureError:
        return None
    return out.getvalue()
