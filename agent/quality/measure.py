"""Stars, background and half-flux diameter of one frame. CPU-bound: call it in a thread."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from agent.quality.trend import BRIGHTEST, Measure

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BLOCK, _CARD = 2880, 80
_MOST_PIXELS = 40_000_000
_SIGMAS = 5.0  # above the background, of what counts as a star
_LEAST_AREA = 3  # pixels
_RADIUS = 9.0  # pixels around a star that belong to it
_INNER = 4.5  # of them, what a star fills whatever the seeing
_SHAPED = 20  # stars that tell of shapes, at most
_FEWEST = 8  # of them, below which nothing is told of shapes
_SATURATED = 0.95  # of the brightest value
_RAW_BITS = 16


def measure(content: bytes) -> Measure | None:
    """Measure a raw frame as the card has it (FITS or TIFF, 16 bit); None for what is no such frame."""
    import numpy as np

    try:
        raw = _fits(content) if content.startswith(b"SIMPLE  =") else _tiff(content)
    except (ValueError, OSError, SyntaxError):
        return None
    height, width = (side // 2 * 2 for side in raw.shape)
    if min(height, width) < 64:
        return None
    image = np.zeros((height // 2, width // 2), np.float32)
    for row in (0, 1):  # the four pixels of a colour pattern are one
        for column in (0, 1):
            image += raw[row:height:2, column:width:2]
    return measured(image)


def measured(image: npt.NDArray[np.float32]) -> Measure:
    """Measure an image without a colour pattern; it is changed by that."""
    import numpy as np
    import sep

    brightest = float(image.max())
    background = sep.Background(image, bw=64, bh=64)
    level, noise = float(background.globalback), float(background.globalrms)
    background.subfrom(image)
    try:
        found = sep.extract(image, _SIGMAS, err=noise, minarea=_LEAST_AREA)
    except Exception:  # noqa: BLE001 - sep has one class for all that it cannot do, such as a field too crowded
        return Measure(0, level)
    if noise <= 0 or not len(found):
        return Measure(0, level)
    found = found[np.argsort(-found["flux"])]
    fluxes, _, _ = sep.sum_circle(image, found["x"], found["y"], _RADIUS / 2)
    order = np.argsort(-fluxes)
    found, fluxes = found[order], fluxes[order]
    bright = tuple(float(flux) for flux in fluxes[:BRIGHTEST] if flux > 0)
    round_ones = found[:_SHAPED]
    round_ones = round_ones[round_ones["peak"] + level < _SATURATED * brightest]
    if len(round_ones) < _FEWEST:
        return Measure(len(found), level, bright)
    x, y = round_ones["x"], round_ones["y"]
    half, _ = sep.flux_radius(image, x, y, np.full(len(x), _RADIUS), 0.5, subpix=5)
    inner, _, _ = sep.sum_circle(image, x, y, _INNER)
    outer, _, _ = sep.sum_circle(image, x, y, _RADIUS)
    usable = np.isfinite(half) & (half > 0) & (inner > 0)
    if usable.sum() < _FEWEST:
        return Measure(len(found), level, bright)
    turned = np.exp(2j * round_ones["theta"])
    return Measure(
        len(found),
        level,
        bright,
        hfd=2 * float(np.median(half[usable])),
        wings=float(np.median((outer - inner)[usable] / inner[usable])),
        elongation=float(np.median(round_ones["a"] / np.maximum(round_ones["b"], 1e-3))),
        aligned=float(abs(turned.mean())),
    )


def _fits(content: bytes) -> npt.NDArray[np.uint16]:
    """Read the first picture of a 16-bit FITS file. ValueError for any other."""
    import numpy as np

    values: dict[str, int] = {}
    begins = 0
    for at in range(0, min(len(content), 200 * _BLOCK), _CARD):
        card = content[at : at + _CARD]
        if card == b"END".ljust(_CARD):
            begins = (at // _BLOCK + 1) * _BLOCK
            break
        key = card[:8].rstrip()
        if key in (b"BITPIX", b"NAXIS", b"NAXIS1", b"NAXIS2"):
            values[key.decode()] = int(card[10:].split(b"/")[0])
    width, height = values.get("NAXIS1", 0), values.get("NAXIS2", 0)
    if not begins or values.get("BITPIX") != _RAW_BITS or values.get("NAXIS") != 2:
        raise ValueError("no picture of 16 bits")
    if not 0 < width * height <= _MOST_PIXELS or begins + 2 * width * height > len(content):
        raise ValueError("a picture of another size")
    stored = np.frombuffer(content, ">u2", width * height, begins)
    return (stored ^ 0x8000).astype(np.uint16).reshape(height, width)  # signed, with a zero of 32768


def _tiff(content: bytes) -> npt.NDArray[np.uint16]:
    import numpy as np
    from PIL import Image as Pillow

    with Pillow.open(io.BytesIO(content), formats=("TIFF",)) as opened:
        if opened.width * opened.height > _MOST_PIXELS:
            raise ValueError("a picture of another size")
        pixels = np.asarray(opened)
    if pixels.ndim != 2:
        raise ValueError("a picture in colours")
    return pixels.astype(np.uint16)
