"""A JPEG of a stranger made smaller, in little memory. CPU-bound: call it in a thread."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO

from PIL import Image, ImageOps

from agent.errors import AgentError

MAX_PIXELS = 80_000_000  # twice the largest panorama a telescope stitches for preview
_IN_MEMORY = 1 << 18  # bytes of a JPEG
_STRIP = 32  # rows put together at a time
_ONE = Lock()  # picture in memory at a time: each takes megabytes


class PictureError(AgentError):
    """Bytes that are no usable picture."""

    code = "bad_picture"


@dataclass(frozen=True, slots=True)
class Small:
    """A picture in memory, upright; how large it was; its JPEG if nothing was taken from it (else b"")."""

    picture: Image.Image
    original: tuple[int, int]
    whole: bytes


@contextmanager
def shrunk(jpeg: io.BytesIO, side: int) -> Iterator[Small]:
    """Unpack a JPEG, no larger than `side` pixels. PictureError for anything that is not one.

    Its size is judged by its header, before any pixel is unpacked. It is closed before that: one that nobody
    else holds makes room for the picture.
    """
    with _ONE:
        try:
            small = _shrunk(jpeg, side)
        except PictureError:
            raise
        except Exception as error:  # hostile bytes make a decoder raise nearly anything
            raise PictureError(f"The picture cannot be read: {error}") from error
        yield small


def _shrunk(jpeg: io.BytesIO, side: int) -> Small:
    with _aside(jpeg) as kept:
        original, planes, whole = _unpacked(kept, side)
    picture = _joined(planes) if len(planes) > 1 else planes[0]
    ImageOps.exif_transpose(picture, in_place=True)
    return Small(picture, original, whole)


@contextmanager
def _aside(jpeg: io.BytesIO) -> Iterator[IO[bytes]]:
    """Keep a large JPEG in a file without a name while it is unpacked, in memory where no disk takes it."""
    jpeg.seek(0)
    kept: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed below
    try:
        copyfileobj(jpeg, kept, 1 << 16)
        kept.flush()
        jpeg.close()
    except OSError:
        with suppress(OSError):  # what it still holds is refused once more
            kept.close()
        kept = jpeg
    with kept:
        yield kept


def _unpacked(jpeg: IO[bytes], side: int) -> tuple[tuple[int, int], list[Image.Image], bytes]:
    """Return how large it is, its planes no larger than that side, and all of it where that is no smaller."""
    with _opened(jpeg) as opened:
        original = opened.size
        if original[0] * original[1] > MAX_PIXELS:
            raise PictureError(f"The picture is too large: {original[0]} × {original[1]} pixels.")
        share = min(1.0, side / max(original))
        size = (max(1, round(original[0] * share)), max(1, round(original[1] * share)))
        mode = opened.mode
    planes = _planes(jpeg, size) if mode == "RGB" and share < 1 else []
    planes = planes or [_plain(jpeg, size, "L" if mode == "L" else "RGB")]
    jpeg.seek(0)
    return original, planes, jpeg.read() if share == 1 else b""


def _planes(jpeg: IO[bytes], size: tuple[int, int]) -> list[Image.Image]:
    """Unpack brightness, and colours as coarse as a JPEG has them: that takes a third of the memory.

    Nothing of a JPEG that keeps no brightness.
    """
    try:
        _, *colours = _plain(jpeg, (size[0] // 2 or 1, size[1] // 2 or 1), "YCbCr").split()
        return [_plain(jpeg, size, "L"), *colours]
    except OSError:
        return []


def _joined(planes: list[Image.Image]) -> Image.Image:
    """Put brightness and colours together, and take them from the list."""
    brightness, *colours = planes
    planes.clear()
    picture, rows = Image.new("YCbCr", brightness.size), colours[0].height / brightness.height
    picture.info = brightness.info  # which way is up
    for top, part in _strips(brightness.size):
        box = (0, top * rows, colours[0].width, (top + part[1]) * rows)
        bands = [band.resize(part, Image.Resampling.BICUBIC, box) for band in colours]
        strip = brightness.crop((0, top, part[0], top + part[1]))
        picture.paste(Image.merge("YCbCr", (strip, *bands)), (0, top))
    return picture


def _plain(jpeg: IO[bytes], size: tuple[int, int], mode: str) -> Image.Image:
    with _opened(jpeg) as opened:
        opened.draft(mode, size)  # unpacked no larger than needed
        picture = opened if opened.mode == mode else opened.convert(mode)
        small, rows = Image.new(mode, size), picture.height / size[1]
        small.info = picture.info
        for top, part in _strips(size):
            box = (0, top * rows, picture.width, min(picture.height, (top + part[1]) * rows))
            small.paste(picture.resize(part, Image.Resampling.LANCZOS, box), (0, top))
        return small


def _strips(size: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield where each strip of a picture begins, and its size."""
    for top in range(0, size[1], _STRIP):
        yield top, (size[0], min(_STRIP, size[1] - top))


def _opened(jpeg: IO[bytes]) -> Image.Image:
    return Image.open(jpeg, formats=("JPEG",))
