"""A JPEG of a stranger made smaller, in little memory. CPU-bound: call it in a thread."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from PIL import Image, ImageOps

from agent.errors import AgentError

MAX_PIXELS = 80_000_000  # twice the largest panorama a telescope stitches for preview
_STRIP = 64  # rows put together at a time
_ONE = Lock()  # picture in memory at a time: each takes megabytes


class PictureError(AgentError):
    """Bytes that are no usable picture."""

    code = "bad_picture"


@dataclass(frozen=True, slots=True)
class Small:
    """A picture in memory, upright, and how large it was. `is_whole` when nothing was taken from it."""

    picture: Image.Image
    original: tuple[int, int]
    is_whole: bool


@contextmanager
def shrunk(jpeg: bytes, side: int) -> Iterator[Small]:
    """Unpack a JPEG, no larger than `side` pixels. PictureError for anything that is not one.

    Its size is judged by its header, before any pixel is unpacked.
    """
    with _ONE:
        try:
            small = _shrunk(jpeg, side)
        except PictureError:
            raise
        except Exception as error:  # hostile bytes make a decoder raise nearly anything
            raise PictureError(f"The picture cannot be read: {error}") from error
        yield small


def _shrunk(jpeg: bytes, side: int) -> Small:
    with _opened(jpeg) as opened:
        original = opened.size
        if original[0] * original[1] > MAX_PIXELS:
            raise PictureError(f"The picture is too large: {original[0]} × {original[1]} pixels.")
        share = min(1.0, side / max(original))
        size = (max(1, round(original[0] * share)), max(1, round(original[1] * share)))
        mode = opened.mode
    if mode == "RGB" and share < 1:
        picture = _in_colour(jpeg, size)
    else:
        picture = _plain(jpeg, size, "L" if mode == "L" else "RGB")
    ImageOps.exif_transpose(picture, in_place=True)
    return Small(picture, original, is_whole=share == 1)


def _in_colour(jpeg: bytes, size: tuple[int, int]) -> Image.Image:
    """Unpack brightness, then colours as coarse as a JPEG has them: that takes a third of the memory."""
    try:
        _, *colours = _plain(jpeg, (size[0] // 2 or 1, size[1] // 2 or 1), "YCbCr").split()
        brightness = _plain(jpeg, size, "L")
    except OSError:  # a JPEG that keeps no brightness
        return _plain(jpeg, size, "RGB")
    picture, rows = Image.new("YCbCr", size), colours[0].height / size[1]
    picture.info = brightness.info  # which way is up
    for top in range(0, size[1], _STRIP):
        part = (size[0], min(_STRIP, size[1] - top))
        box = (0, top * rows, colours[0].width, (top + part[1]) * rows)
        bands = [band.resize(part, Image.Resampling.BICUBIC, box) for band in colours]
        strip = brightness.crop((0, top, part[0], top + part[1]))
        picture.paste(Image.merge("YCbCr", (strip, *bands)), (0, top))
    return picture


def _plain(jpeg: bytes, size: tuple[int, int], mode: str) -> Image.Image:
    with _opened(jpeg) as opened:
        opened.draft(mode, size)  # unpacked no larger than needed
        picture = opened if opened.mode == mode else opened.convert(mode)
        return picture.resize(size, Image.Resampling.LANCZOS)


def _opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg), formats=("JPEG",))
