"""Pictures of a made-up but plausible sky: a target always shows the same stars, deeper as it is stacked.

Everything heavy happens inside Pillow, so that a full frame takes well under a second.
"""

from __future__ import annotations

import hashlib
import io
import math
import random
from collections.abc import Mapping, Sequence
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageMath

_STARS = 420
_SKY_LEVEL = 18  # of 255, in one frame's picture
_NOISE = 26.0  # of 255, standard deviation of one frame's picture
_CARD = 80
_BLOCK = 2880
_FITS_ZERO = 32768


def field_seed(name: str, seed: int) -> int:
    """Return the seed of a target's field."""
    return int.from_bytes(hashlib.sha256(f"{seed}|{name}".encode()).digest()[:8], "big")


def picture(seed: int, size: tuple[int, int], depth: int) -> Image.Image:
    """Return a colour picture of a field after `depth` stacked frames (RGB)."""
    stars = _stars(seed, size)
    nebula = _nebula(seed, size)
    noise = _noise(seed ^ depth, size, _NOISE / math.sqrt(depth))
    bands = []
    for gain in _tint(seed):
        band = ImageChops.add(nebula.point([min(255, int(v * gain)) for v in range(256)]), stars)
        band = ImageChops.add(band, noise, offset=_SKY_LEVEL - 128)
        bands.append(band)
    return Image.merge("RGB", bands)


def jpeg(image: Image.Image) -> bytes:
    """Return the picture as JPEG."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=88)
    return stream.getvalue()


def raw_frame(seed: int, size: tuple[int, int], number: int) -> Image.Image:
    """Return one raw exposure, 12 bit deep in 32-bit pixels (mode I). Frames differ in noise and drift."""
    drift = random.Random(seed + number)  # noqa: S311 - a picture, not a secret
    stars = ImageChops.offset(_stars(seed, size), drift.randint(-3, 3), drift.randint(-3, 3))
    light = ImageChops.add(stars, _nebula(seed, size).point([v // 4 for v in range(256)]))
    noise = _noise(seed * 31 + number, size, 40.0)
    pixels: Image.Image = ImageMath.lambda_eval(
        lambda args: args["min"](args["light"] * 14 + args["noise"] * 2, 4095),
        light=light.convert("I"),
        noise=noise.convert("I"),
    )
    return pixels


def raw_dark(seed: int, size: tuple[int, int]) -> Image.Image:
    """Return one raw exposure of a covered lens, as `raw_frame` does."""
    return _noise(seed, size, 6.0).convert("I")


def unsigned(pixels: Image.Image) -> Image.Image:
    """Return mode-I pixels as 16-bit ones."""
    return pixels.convert("I;16")


def fits(pixels: Image.Image, header: Mapping[str, str | int | float | bool]) -> bytes:
    """Return a 16-bit FITS file of mode-I pixels with the given cards after the mandatory ones."""
    return fits_cube([pixels], header)


def fits_cube(planes: Sequence[Image.Image], header: Mapping[str, str | int | float | bool]) -> bytes:
    """Return a 16-bit FITS file of mode-I pictures of one size; a single one has no third axis."""
    cards: dict[str, str | int | float | bool] = {
        "SIMPLE": True,
        "BITPIX": 16,
        "NAXIS": 2 if len(planes) == 1 else 3,
        "NAXIS1": planes[0].width,
        "NAXIS2": planes[0].height,
        **({} if len(planes) == 1 else {"NAXIS3": len(planes)}),
        "BZERO": _FITS_ZERO,
        "BSCALE": 1,
        **header,
    }
    text = "".join(_card(key, value) for key, value in cards.items()) + "END".ljust(_CARD)
    head = _padded(text.encode("ascii"), b" ")
    shifted = [ImageMath.lambda_eval(lambda args: args["p"] ^ _FITS_ZERO, p=plane) for plane in planes]
    return head + _padded(b"".join(plane.convert("I;16B").tobytes() for plane in shifted), b"\0")


def fits_bytes(width: int, height: int) -> int:
    """Return the size of a FITS file with at most one block of header."""
    return _BLOCK + -(-width * height * 2 // _BLOCK) * _BLOCK


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _BLOCK)


def _card(key: str, value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        shown = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        clean = value.encode("ascii", "replace").decode().replace("'", "''")
        shown = f"'{clean[:66]:<8}'"
    else:
        shown = f"{value!r:>20}"
    return f"{key:<8}= {shown}"[:_CARD].ljust(_CARD)


def _tint(seed: int) -> tuple[float, float, float]:
    dice = random.Random(seed)  # noqa: S311
    return 0.7 + 0.5 * dice.random(), 0.5 + 0.3 * dice.random(), 0.6 + 0.5 * dice.random()


@lru_cache(maxsize=4)
def _stars(seed: int, size: tuple[int, int]) -> Image.Image:
    dice = random.Random(seed)  # noqa: S311
    width, height = size
    scale = width / 1920
    faint, bright = Image.new("L", size), Image.new("L", size)
    for _ in range(_STARS):
        x, y, magnitude = dice.random() * width, dice.random() * height, dice.random() ** 0.35
        radius = max(0.6, (1 - magnitude) * 9 * scale)
        layer = bright if magnitude < 0.55 else faint
        ImageDraw.Draw(layer).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    blur = max(0.7, 1.1 * scale)
    return ImageChops.lighter(
        faint.filter(ImageFilter.GaussianBlur(blur)), bright.filter(ImageFilter.GaussianBlur(2 * blur))
    )


@lru_cache(maxsize=4)
def _nebula(seed: int, size: tuple[int, int]) -> Image.Image:
    dice = random.Random(seed + 1)  # noqa: S311
    small = Image.new("L", (96, 54))
    brush = ImageDraw.Draw(small)
    for _ in range(14):
        x, y = dice.gauss(48, 10), dice.gauss(27, 6)
        a, b = dice.uniform(2, 11), dice.uniform(2, 8)
        brush.ellipse((x - a, y - b, x + a, y + b), fill=dice.randint(15, 90))
    return small.filter(ImageFilter.GaussianBlur(4)).resize(size, Image.Resampling.BICUBIC)


def _noise(seed: int, size: tuple[int, int], sigma: float) -> Image.Image:
    dice = random.Random(seed)  # noqa: S311
    flat = Image.frombytes("L", size, dice.randbytes(size[0] * size[1]))
    # the inverse of the normal distribution, near enough: turns even noise into bell-shaped noise around 128
    bell = [int(max(0, min(255, 128 + sigma * 0.55 * math.log((v + 0.5) / (255.5 - v))))) for v in range(256)]
    return flat.point(bell)
