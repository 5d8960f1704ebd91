"""Parameter ids of the newer firmware: mode, section, camera and item packed into 64 bits."""

from __future__ import annotations

from dataclasses import dataclass

OPTICAL, CAPTURE, MODE_WIDE = 1, 2, 3  # sections
NEITHER = 15  # the camera nibble of parameters both cameras share

EXPOSURE, GAIN, WHITE_BALANCE, FILTER = 1, 2, 3, 13
STACK_BINNING = 30  # Dwarf 3 alone
STACK_FORMAT, STACK_COUNT, MOSAIC_COUNT, DISPLAY_SOURCE = 15, 16, 17, 18
AUTO_CALIBRATION = 100
AUTO_SHUTDOWN, WIDE_MATCHING, DISABLE_HOST_SLAVE = 1389782697508969, 1389782697508968, 1389782697508965

FORMATS = {2: 0, 3: 1}  # value of the newer firmware (FITS, TIFF) to the index of the older
LEAST_ASTRO_GAIN = 40


@dataclass(frozen=True, slots=True)
class ParamId:
    """A parameter id taken apart."""

    mode: int
    section: int
    camera: int
    item: int

    @classmethod
    def of(cls, number: int) -> ParamId:
        """Take an id apart."""
        return cls((number >> 56) & 0xFF, (number >> 48) & 0xFF, (number >> 44) & 0xF, number & 0xFFFF)

    @property
    def number(self) -> int:
        """The id put together."""
        return self.mode << 56 | self.section << 48 | self.camera << 44 | self.item
