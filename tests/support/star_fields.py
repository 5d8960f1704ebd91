"""Raw frames of a made-up star field whose seeing, sky, optics and tracking are known. Needs numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

GAIN = 4.0  # steps of the camera for one electron
READ_NOISE = 2.0  # electrons
BIAS = 200.0
_STAMP = 9  # pixels from a star's middle to the edge of what is drawn of it
_HALO = 7.0  # pixels, width of the light that dew scatters
_BAYER = ((0.8, 1.0), (1.0, 0.7))


@dataclass(frozen=True, slots=True)
class Conditions:
    """One exposure's: lengths in raw pixels, sky in electrons a pixel, `clear` the light that comes.

    `defocus` is the radius of a point's disc. Of dew, `halo` is the share of light that it scatters, and
    `ring` the share that it takes at the field's edge.
    """

    fwhm: float = 3.2
    sky: float = 60.0
    clear: float = 1.0
    defocus: float = 0.0
    trail: float = 0.0
    angle: float = 0.5
    halo: float = 0.0
    ring: float = 0.0


class StarField:
    """A field of so many stars, bright ones rare, on a sensor of that size."""

    def __init__(self, seed: int, stars: int = 500, size: tuple[int, int] = (640, 360)) -> None:
        self._dice = np.random.default_rng(seed)
        self._width, self._height = size
        self._x = self._dice.uniform(0, self._width, stars)
        self._y = self._dice.uniform(0, self._height, stars)
        self._electrons = np.minimum(300 * (1 - self._dice.uniform(0, 0.9999, stars)) ** -0.9, 400_000)

    def expose(self, conditions: Conditions, drift: tuple[float, float] = (0.0, 0.0)) -> Any:
        """Take one raw frame (16 bit, with a colour pattern)."""
        frame = self._stars(conditions, drift)
        if (spot := self._spot(conditions)) is not None:
            frame = np.fft.irfft2(np.fft.rfft2(frame) * np.fft.rfft2(spot), frame.shape)
        frame += conditions.sky
        for row in (0, 1):
            for column in (0, 1):
                frame[row::2, column::2] *= _BAYER[row][column]
        noisy = self._dice.poisson(np.maximum(frame, 0)) + self._dice.normal(0, READ_NOISE, frame.shape)
        return np.clip(noisy * GAIN + BIAS, 0, 65535).astype(np.uint16)

    def _stars(self, conditions: Conditions, drift: tuple[float, float]) -> Any:
        frame = np.zeros((self._height, self._width))
        xs, ys = self._x + drift[0], self._y + drift[1]
        off = np.hypot(xs - self._width / 2, ys - self._height / 2) * 2 / np.hypot(self._width, self._height)
        light = self._electrons * conditions.clear * (1 - conditions.ring * off**2)
        sigma = conditions.fwhm / 2.355
        for x, y, electrons in zip(xs, ys, light, strict=True):
            across = np.arange(max(0, int(x) - _STAMP), min(self._width, int(x) + _STAMP))
            down = np.arange(max(0, int(y) - _STAMP), min(self._height, int(y) + _STAMP))
            if len(across) and len(down):
                spot = np.outer(_gauss(down - y, sigma), _gauss(across - x, sigma))
                frame[down[0] : down[-1] + 1, across[0] : across[-1] + 1] += electrons * spot
        return frame

    def _spot(self, conditions: Conditions) -> Any:
        """What optics, tracking and dew make of a point; None when nothing."""
        y, x = np.mgrid[: self._height, : self._width]
        x, y = (x + self._width // 2) % self._width - self._width // 2, (y + self._height // 2) % self._height
        y = y - self._height // 2
        spots = []
        if conditions.defocus:
            spots.append(np.hypot(x, y) <= conditions.defocus)
        if conditions.trail:
            cos, sin = np.cos(conditions.angle), np.sin(conditions.angle)
            along, beside = x * cos + y * sin, y * cos - x * sin
            spots.append((np.abs(along) <= conditions.trail / 2) & (np.abs(beside) <= 0.5))
        whole = None
        for spot in spots:
            one = np.fft.rfft2(spot / spot.sum())
            whole = one if whole is None else whole * one
        if conditions.halo:
            wide = np.outer(_gauss(y[:, 0], _HALO), _gauss(x[0], _HALO))
            halo = 1 - conditions.halo + conditions.halo * np.fft.rfft2(wide)
            whole = halo if whole is None else whole * halo
        return None if whole is None else np.fft.irfft2(whole, (self._height, self._width))


def _gauss(offset: Any, sigma: float) -> Any:
    return np.exp(-(offset**2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)


def fits(frame: Any) -> bytes:
    """Return a frame as the card has it."""
    cards = {"SIMPLE": "T", "BITPIX": 16, "NAXIS": 2, "NAXIS1": frame.shape[1], "NAXIS2": frame.shape[0]}
    text = "".join(f"{key:<8}= {value:>20}".ljust(80) for key, value in cards.items())
    text += f"{'BZERO':<8}= {32768:>20}".ljust(80) + "END".ljust(80)
    data = (frame ^ 0x8000).astype(">u2").tobytes()
    return text.ljust(2880).encode() + data + b"\0" * (-len(data) % 2880)
