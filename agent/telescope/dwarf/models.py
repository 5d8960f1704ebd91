"""The three telescopes as tables: exposures, gains, filters and limits of both cameras. No I/O.

A telescope that reports tables of its own replaces these; they serve validation without a telescope,
and firmware that reports none. Sources disagree in places; `docs/verified-on-hardware.md` lists where.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

from agent.capabilities import (
    MODEL_NAMES,
    Binning,
    Camera,
    CameraCapabilities,
    Capabilities,
    Exposure,
    Filter,
    StepDurations,
)

MODELS: tuple[str, ...] = tuple(MODEL_NAMES)

# Exposure names in the telescope's order; the index advances by 3 up to 30 s, where the spacing changes.
_SHARED_NAMES = (  # one string: a table of fifty quoted literals cannot be read
    "1/10000 1/8000 1/6400 1/5000 1/4000 1/3200 1/2500 1/2000 1/1600 1/1250 1/1000 1/800 1/640 1/500 "
    "1/400 1/320 1/250 1/200 1/160 1/125 1/100 1/80 1/60 1/50 1/40 1/30 1/25 1/20 "
    "1/15 1/13 1/10 1/8 1/6 1/5 1/4 1/3 0.4 0.5 0.6 0.8 1 1.3 1.6 2 2.5 3.2 4 5 6 8 10 13 15 30"
)
_LONG_NAMES = {160: "45", 162: "60", 163: "90", 165: "120", 168: "180"}
_D2_WIDE_NAMES = (
    "3/10000 1/2500 1/2000 1/1600 1/1250 1/1000 1/800 1/640 1/500 1/400 1/320 1/250 1/200 1/160 1/125 "
    "1/100 1/80 1/60 1/50 1/40 1/30 1/25 1/20 1/15 1/13 1/10 1/8 1/6 1/5 1/4 1/3 0.4 0.5 0.6 0.8 1.0"
)


def seconds_of(name: str) -> float:
    """Return the seconds an exposure name stands for ("1/30", "0.4", "15"); ValueError when it is none."""
    numerator, slash, denominator = name.partition("/")
    seconds = float(numerator) / float(denominator) if slash else float(numerator)
    if not 0 < seconds < float("inf"):
        raise ValueError(f"{name!r} is not an exposure time")
    return seconds


def _stepped(names: str) -> dict[int, str]:
    return {3 * position: name for position, name in enumerate(names.split())}


def _table(names: dict[int, str], up_to: int) -> tuple[Exposure, ...]:
    return tuple(
        Exposure(name, seconds_of(name), index) for index, name in sorted(names.items()) if index <= up_to
    )


_SHARED = _stepped(_SHARED_NAMES) | _LONG_NAMES
_GAINS_BY_TEN = tuple(range(0, 250, 10))
_GAINS_D3 = tuple(sorted({*_GAINS_BY_TEN, 2, 5}))
_GAINS_MINI = tuple(range(40, 250, 10))
_GAINS_D2_WIDE = tuple(range(60, 170, 10))
_UHD, _HD = (3840, 2160), (1920, 1080)  # pixels
_SKY_GAIN_FROM = 40
_SIZES = (Binning(0, "4k"), Binning(1, "2k"))


@dataclass(frozen=True, slots=True)
class Model:
    """What the driver must know of a model beside its capabilities.

    `capture_filter` is what newer firmware wants with the start of a capture when it does not tell its
    filter; -1 when it wants none. `park_pitch` is the pitch in degrees at which newer clients park it.
    `forces_without_darks`: newer firmware of this model goes on without darks when the capture is started
    once more, with force, and in no other way.
    """

    device_id: int
    capture_filter: int
    wide_gain_from: int
    park_pitch: float
    capabilities: Capabilities
    forces_without_darks: bool = False


_D2 = Model(
    device_id=1,
    forces_without_darks=True,
    capture_filter=-1,
    wide_gain_from=60,
    park_pitch=150.5,
    capabilities=Capabilities(
        model="D2",
        cameras={
            Camera.TELE: CameraCapabilities(
                exposures=_table(_SHARED, up_to=156),
                gains=_GAINS_BY_TEN,
                filters=(Filter(0, "Cut"), Filter(1, "Pass")),
                sky_gain_from=_SKY_GAIN_FROM,
                binnings=_SIZES,
                older_binnings=True,
                min_count=2,
                field_of_view=(3.19, 1.79),
                pixels=_UHD,
            ),
            Camera.WIDE: CameraCapabilities(
                exposures=_table(_stepped(_D2_WIDE_NAMES), up_to=105),
                gains=_GAINS_D2_WIDE,
                min_count=2,
                field_of_view=(38.9, 22.4),
            ),
        },
        durations=StepDurations(),
        lacks=frozenset({"mosaic", "milky_way", "star_trails"}),
        dark_filter=False,
    ),
)

_D3 = Model(
    device_id=2,
    capture_filter=1,
    wide_gain_from=0,
    park_pitch=169.0,
    capabilities=Capabilities(
        model="D3",
        cameras={
            Camera.TELE: CameraCapabilities(
                exposures=_table(_SHARED, up_to=165),
                gains=_GAINS_D3,
                filters=(Filter(0, "VIS"), Filter(1, "Astro"), Filter(2, "Duo-Band")),
                sky_filters=(1, 2),
                sky_gain_from=_SKY_GAIN_FROM,
                binnings=_SIZES,
                field_of_view=(2.95, 1.66),
                pixels=_UHD,
            ),
            Camera.WIDE: CameraCapabilities(
                exposures=_table(_SHARED, up_to=163),
                gains=_GAINS_D3,
                field_of_view=(43.3, 24.9),
                pixels=_HD,
            ),
        },
        durations=StepDurations(),
    ),
)

_MINI = Model(
    device_id=4,
    capture_filter=1,
    wide_gain_from=0,
    park_pitch=183.0,
    capabilities=Capabilities(
        model="mini",
        cameras={
            Camera.TELE: CameraCapabilities(
                exposures=_table(_SHARED, up_to=168),
                gains=_GAINS_MINI,
                filters=(Filter(1, "Astro"), Filter(2, "Duo-Band")),
                field_of_view=(2.13, 1.20),
                pixels=_HD,
            ),
            Camera.WIDE: CameraCapabilities(
                exposures=_table(_SHARED, up_to=159), gains=_GAINS_MINI, pixels=_HD
            ),
        },
        durations=StepDurations(),
        lacks=frozenset({"binning"}),
    ),
)

_BY_NAME = MappingProxyType({model.capabilities.model: model for model in (_D2, _D3, _MINI)})
_BY_DEVICE_ID = MappingProxyType({model.device_id: name for name, model in _BY_NAME.items()})
_D3_LOW_GAINS = {2: 1, 5: 2}  # displayed gain -> index; between the regular steps


def model_facts(model: str) -> Model:
    """Return everything known of a model; ValueError names the models there are."""
    try:
        return _BY_NAME[model]
    except KeyError:
        raise ValueError(f"There is no telescope model {model!r}; models are {', '.join(MODELS)}.") from None


def capabilities_for(model: str) -> Capabilities:
    """Return the built-in capabilities of "D2", "D3" or "mini"; ValueError names the models there are."""
    return model_facts(model).capabilities


def newer_capabilities(model: str) -> Capabilities:
    """Return the built-in capabilities with newer firmware, which has binning on a D3 alone."""
    built_in = capabilities_for(model)
    cameras = {
        camera: replace(own, binnings=(), older_binnings=False) if own.older_binnings else own
        for camera, own in built_in.cameras.items()
    }
    return replace(built_in, cameras=cameras, own_mosaics="mosaic" not in built_in.lacks)


def older_capabilities(model: str) -> Capabilities:
    """Return the built-in capabilities with older firmware."""
    return replace(capabilities_for(model), own_mosaics=False)


def gain_index(model: str, camera: Camera, gain: int) -> int:
    """Return the index older firmware uses for a displayed gain; ValueError for a gain it has not."""
    facts = model_facts(model)
    if gain not in facts.capabilities.cameras[camera].gains:
        raise ValueError(f"The {camera} camera of a {model} has no gain {gain}.")
    if gain in _D3_LOW_GAINS:
        return _D3_LOW_GAINS[gain]
    return (gain - (facts.wide_gain_from if camera is Camera.WIDE else 0)) // 10 * 3


def model_from_device_id(device_id: int) -> str | None:
    """Return the model of a telescope's own device id (1, 2, 4); None for one nobody knows yet."""
    return _BY_DEVICE_ID.get(device_id)


def model_from_name(name: str) -> str | None:
    """Return the model of a telescope's configured name ("DWARF3", "DWARF II"); None when it says nothing."""
    folded = "".join(character for character in name.casefold() if character.isalnum())
    if not folded.startswith("dwarf"):
        return None
    rest = folded.removeprefix("dwarf")
    if rest.startswith("mini"):
        return "mini"
    if rest.startswith(("iii", "3")):
        return "D3"
    return "D2" if rest.startswith(("ii", "2")) else None
