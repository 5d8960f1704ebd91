"""What a telescope model can be asked for: plain values that validation, planning and the drivers share.

The tables themselves live with the driver (`agent.telescope.dwarf.models`); a telescope that reports its
own tables replaces them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

MODEL_NAMES = MappingProxyType({"D2": "Dwarf II", "D3": "Dwarf 3", "mini": "Dwarf mini"})
_SPELLINGS = {"2": "D2", "ii": "D2", "3": "D3", "iii": "D3", "mini": "mini"}


def read_model(text: str) -> str | None:
    """Return "D2", "D3" or "mini" for a model as people write it (`d3`, `Dwarf II`); None when it is none."""
    folded = "".join(sign for sign in text.casefold() if sign.isalnum())
    rest = folded.removeprefix("dwarflab").removeprefix("dwarf")
    return _SPELLINGS.get(rest) or _SPELLINGS.get(rest.removeprefix("d"))


class Camera(StrEnum):
    """The two cameras of a telescope."""

    TELE = "tele"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure of a camera: its name as shown ("1/30", "15"), seconds, and the telescope's index."""

    name: str
    seconds: float
    index: int


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter position: the telescope's value and its name ("VIS", "Astro", "Duo-Band")."""

    value: int
    name: str


@dataclass(frozen=True, slots=True)
class Binning:
    """One binning mode: the session's value (0, 1) and its name ("4k", "2k")."""

    value: int
    name: str


@dataclass(frozen=True, slots=True)
class CameraCapabilities:
    """What one camera takes. An empty `filters` or `binnings` means the camera has no such setting.

    `field_of_view` is in degrees, `pixels` the size of a picture at full resolution, each as its long side
    and its short one; None while unknown. With `older_binnings` newer firmware has none of them.
    """

    exposures: tuple[Exposure, ...]
    gains: tuple[int, ...]
    filters: tuple[Filter, ...] = ()
    binnings: tuple[Binning, ...] = ()
    older_binnings: bool = False
    formats: tuple[str, ...] = ("FITS", "TIFF")
    sky_filters: tuple[int, ...] = ()  # values that newer firmware offers for the deep sky; empty is all
    sky_gain_from: int = 0
    max_count: int = 999
    min_count: int = 1
    field_of_view: tuple[float, float] | None = None
    pixels: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """Seconds one telescope was seen to need, how far off that usually is, and from how many sessions."""

    seconds: float
    error_s: float
    sessions: int


@dataclass(frozen=True, slots=True)
class StepDurations:
    """Seconds each step usually takes, for estimates only (never for time limits).

    `learned` are those of this telescope, by the name of the field, for a camera with its name behind it.
    """

    set_time: float = 1.0
    go_live: float = 3.0
    auto_focus: float = 10.0
    infinite_focus: float = 5.0
    eq_solving: float = 60.0
    calibration: float = 70.0
    goto: float = 30.0
    camera_setup: float = 15.0
    frame_overhead: float = 1.0
    next_pane: float = 30.0
    learned: Mapping[str, Learned] = field(default_factory=dict)

    def of(self, name: str, camera: Camera | None = None) -> float:
        """Seconds of what a field names, with that camera."""
        learned = self.learned_of(name, camera)
        return learned.seconds if learned is not None else float(getattr(self, name))

    def learned_of(self, name: str, camera: Camera | None = None) -> Learned | None:
        """What was learned of it."""
        return self.learned.get(name if camera is None else f"{name} {camera.value}")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one telescope model can do. `model` is "D2", "D3" or "mini"; `lacks` names features it has not.

    With `model_cameras`, which are those of the model, `cameras` are what the telescope offers in one mode:
    that of the `deep_sky`, or another.
    `own_mosaics`: whether the telescope makes mosaics by itself; None where that depends on its firmware.
    `dark_filter`: whether it takes dark frames without a cap on its lens.
    """

    model: str
    cameras: dict[Camera, CameraCapabilities]
    durations: StepDurations = field(default_factory=StepDurations)
    lacks: frozenset[str] = frozenset()
    own_mosaics: bool | None = None
    dark_filter: bool = True
    model_cameras: dict[Camera, CameraCapabilities] | None = None
    deep_sky: bool = True

    def for_mode(self, *, deep_sky: bool) -> Capabilities:
        """What is known of the deep sky's mode, or of others; one mode's offer says nothing of another."""
        if self.model_cameras is None or deep_sky == self.deep_sky:
            return self
        return replace(self, cameras=self.model_cameras, model_cameras=None)
