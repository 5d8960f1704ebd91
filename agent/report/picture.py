"""A picture small enough to stand inside a page."""

from __future__ import annotations

import io

_SIDE = 800
_MOST_PIXELS = 80_000_000
_QUALITY = 82


def small_picture(jpeg: bytes, side: int = _SIDE) -> bytes | None:
    """Shrink a JPEG to so many pixels a side; None for what is no JPEG. CPU-bound: call it in a thread."""
    from PIL import Image  # megabytes that an idle agent does without

    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return None
            longest = max(opened.size)  # decoded no larger than needed: a whole one takes 25 MB
            wanted = (side * opened.width // longest or 1, side * opened.height // longest or 1)
            opened.draft("RGB", wanted)
            opened.thumbnail((side, side), Image.Resampling.LANCZOS)
            picture = opened.convert("RGB")
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=_QUALITY)
    except Exception:  # noqa: BLE001 - hostile bytes make a decoder raise nearly anything
        return None
    return out.getvalue()
