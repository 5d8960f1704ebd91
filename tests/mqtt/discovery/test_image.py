"""Pictures for the image entity."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime

import pytest
from PIL import Image

from agent.mqtt.discovery.image import MAX_BYTES, MAX_SIDE, PictureError, prepare_image

TAKEN = datetime(2026, 11, 22, 22, 31, 5, tzinfo=UTC)


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


def test_noise_that_no_jpeg_compresses_still_fits() -> None:
    prepared = prepare_image(jpeg(1600, 1200, noise=True), taken_at=TAKEN)
    assert len(prepared.jpeg) <= MAX_BYTES


def test_grey_and_turned_pictures_stay_what_they_are() -> None:
    prepared = prepare_image(jpeg(2000, 1000, mode="L", orientation=6), taken_at=TAKEN)
    with Image.open(io.BytesIO(prepared.jpeg)) as small:
        assert small.mode == "L"
        assert small.height > small.width


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", jpeg(2000, 2000, noise=True)[:2000], b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_jpeg_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(PictureError, match="cannot be read"):
        prepare_image(data, taken_at=TAKEN)


def test_a_picture_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.mqtt.discovery.image.MAX_PIXELS", 1000)
    with pytest.raises(PictureError, match="640 × 360"):
        prepare_image(jpeg(640, 360), taken_at=TAKEN)
