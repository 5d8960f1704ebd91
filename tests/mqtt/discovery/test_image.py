"""Pictures for the image entity."""

from __future__ import annotations

import io
import random
import tracemalloc
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from agent.jpeg import PictureError
from agent.mqtt.discovery.image import MAX_BYTES, MAX_SIDE, PreparedImage
from agent.mqtt.discovery.image import prepare_image as prepare
from tests.support.chance import often

TAKEN = datetime(2026, 11, 22, 22, 31, 5, tzinfo=UTC)

ROTATED = Image.Exif()
ROTATED[0x0112] = 6


def prepare_image(jpeg: bytes, *, taken_at: datetime | None, **more: str) -> PreparedImage:
    return prepare(io.BytesIO(jpeg), taken_at=taken_at, **more)


def jpeg(width: int, height: int, *, noise: bool = False, mode: str = "RGB", orientation: int = 1) -> bytes:
    if noise:
        data = random.Random(1).randbytes(width * height * 3)
        picture = Image.frombytes("RGB", (width, height), data)
    else:
        picture = Image.new(mode, (width, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def test_a_small_picture_is_passed_on_untouched_with_its_true_time() -> None:
    original = jpeg(640, 360)
    prepared = prepare_image(original, taken_at=TAKEN, target="M 31", session_id="m31", source="a/b.jpg")
    assert prepared.jpeg == original
    assert prepared.info == {
        "taken_at": "2026-11-22T22:31:05+00:00",
        "target": "M 31",
        "session_id": "m31",
        "width": 640,
        "height": 360,
        "original_width": 640,
        "original_height": 360,
        "source": "a/b.jpg",
    }


@pytest.mark.parametrize(("width", "height"), [(3840, 2160), (1080, 1920), (5000, 40)])
def test_a_large_picture_shrinks_and_keeps_its_shape(width: int, height: int) -> None:
    prepared = prepare_image(jpeg(width, height), taken_at=None)
    with Image.open(io.BytesIO(prepared.jpeg)) as small:
        assert max(small.size) == MAX_SIDE
        assert small.size == (prepared.info["width"], prepared.info["height"])
        assert small.width / small.height == pytest.approx(width / height, rel=0.1)
    assert prepared.info["original_width"] == width
    assert prepared.info["taken_at"] is None


def test_the_jpeg_is_let_go_before_the_small_picture_is_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    given, seen = io.BytesIO(jpeg(2560, 1440)), []
    new = Image.new

    def made(mode: str, *args: Any, **more: Any) -> Image.Image:
        if mode == "YCbCr" and args[0] == (MAX_SIDE, 540):
            seen.append(given.closed)
        return new(mode, *args, **more)

    monkeypatch.setattr(Image, "new", made)
    assert prepare(given, taken_at=None).jpeg
    assert seen == [True]


def missing(*_: Any, **__: Any) -> Any:
    raise FileNotFoundError(2, "No usable temporary directory found")


def full(*_: Any, **__: Any) -> Any:
    return Path("/dev/full").open("w+b", buffering=1 << 24)  # all is refused at the end


@pytest.mark.parametrize("disk", [None, missing, full])
def test_a_large_jpeg_is_the_same_wherever_it_lies(disk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = jpeg(1600, 1200, noise=True)
    expected = prepare_image(data, taken_at=None).jpeg
    monkeypatch.setattr("agent.jpeg._IN_MEMORY", 1)
    if disk is not None:
        monkeypatch.setattr("tempfile.TemporaryFile", disk)
    assert prepare_image(data, taken_at=None).jpeg == expected


def test_noise_that_no_jpeg_compresses_still_fits() -> None:
    prepared = prepare_image(jpeg(1600, 1200, noise=True), taken_at=TAKEN)
    assert len(prepared.jpeg) <= MAX_BYTES


def test_grey_and_turned_pictures_stay_what_they_are() -> None:
    prepared = prepare_image(jpeg(2000, 1000, mode="L", orientation=6), taken_at=TAKEN)
    with Image.open(io.BytesIO(prepared.jpeg)) as small:
        assert small.mode == "L"
        assert small.height > small.width


@pytest.mark.parametrize("kept", [{}, {"keep_rgb": True}, {"mode": "CMYK"}, {"progressive": True}], ids=str)
def test_colours_stay_what_they_are(kept: dict[str, Any]) -> None:
    colours = Image.new("RGB", (2560, 1440), (200, 40, 30))
    colours.paste((20, 60, 190), (1280, 0, 2560, 1440))
    buffer = io.BytesIO()
    colours.convert(kept.pop("mode", "RGB")).save(buffer, "JPEG", exif=ROTATED, **kept)
    with Image.open(io.BytesIO(prepare_image(buffer.getvalue(), taken_at=None).jpeg)) as small:
        assert small.size == (540, 960)
        seen = [small.convert("RGB").getpixel((270, y)) for y in (220, 700)]
    assert seen[0] == pytest.approx((200, 40, 30), abs=6)
    assert seen[1] == pytest.approx((20, 60, 190), abs=6)


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", jpeg(2000, 2000, noise=True)[:2000], b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_jpeg_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(PictureError, match="cannot be read"):
        prepare_image(data, taken_at=TAKEN)


def test_a_picture_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.jpeg.MAX_PIXELS", 1000)
    with pytest.raises(PictureError, match="640 × 360"):
        prepare_image(jpeg(640, 360), taken_at=TAKEN)


def bomb(side: int, size: int) -> bytes:
    """A JPEG of `size` bytes whose header claims that many pixels a side."""
    data = jpeg(64, 64)
    at = data.index(b"\xff\xc0") + 5  # start of frame: length, precision, then height and width
    claimed = side.to_bytes(2, "big") * 2
    return (data[:at] + claimed + data[at + 4 :]).ljust(size, b"\0")


@pytest.mark.parametrize("side", [12_000, 60_000, 65_500])
@pytest.mark.parametrize("strict", [False, True], ids=["", "warnings are errors"])
def test_a_small_file_that_claims_billions_of_pixels_is_never_unpacked(side: int, strict: bool) -> None:
    data = bomb(side, 1_000_000)
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("error" if strict else "ignore")
        with pytest.raises(PictureError):
            prepare_image(data, taken_at=TAKEN)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


def test_a_png_of_billions_of_pixels_is_no_picture() -> None:
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    with pytest.raises(PictureError, match="cannot be read"):
        prepare_image(head.ljust(1_000_000, b"\0"), taken_at=TAKEN)


@settings(deadline=None, max_examples=often(150))
@given(st.data())
def test_a_picture_with_any_bytes_changed_is_shown_or_refused(data: st.DataObject) -> None:
    picture = bytearray(jpeg(1400, 100, orientation=6))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(700, len(picture) - 1)))  # the headers, mostly
        picture[at] = data.draw(st.integers(0, 255))
    with suppress(PictureError):
        assert len(prepare_image(bytes(picture), taken_at=TAKEN).jpeg) <= MAX_BYTES
