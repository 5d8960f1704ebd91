"""What speaks for an object of the sky on one night, and how much: factors from 0 to 1."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import log10, radians, sin, sqrt

from agent.capabilities import CameraCapabilities
from agent.mosaics import panes_along
from agent.sky.catalogue.entry import CatalogueEntry, ObjectKind

ENOUGH_S = 4 * 3600.0  # an evening's worth: more time in one night makes no better target
_FILLS = 0.3  # of the field from which on an object makes a picture
_SURE = 0.95  # of a size in a catalogue: where an object ends is a matter of taste
_NOT_ADVISED = 0.75  # of what another program was asked about and does not name
_HALF_DONE_S = 4 * 3600.0  # of light, after which a new target comes before more of the same

_EMISSION = {
    ObjectKind.EMISSION_NEBULA,
    ObjectKind.CLUSTER_WITH_NEBULA,
    ObjectKind.PLANETARY_NEBULA,
    ObjectKind.SUPERNOVA_REMNANT,
}
_CLUSTERS = {ObjectKind.OPEN_CLUSTER, ObjectKind.GLOBULAR_CLUSTER}
_NARROW = ("duo", "dual")  # what the names of filters that pass nebulae alone begin with
_FAME = (("M ", 1.0, "kind_messier"), ("C ", 0.9, "kind_caldwell"))
_OF_KIND = {  # what a stack of hours gains little of, or needs a darker sky than most have
    ObjectKind.OPEN_CLUSTER: 0.7,
    ObjectKind.GLOBULAR_CLUSTER: 0.9,
    ObjectKind.DARK_NEBULA: 0.7,
}
_MOONLESS = 0.02  # moonlight that nobody sees
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that counts: 1 takes nothing from the score.

    `says` is the key of its words ("" where there is nothing to say), `values` what stands in them: whole
    numbers as they are, others to one decimal.
    """

    name: str
    value: float
    says: str = ""
    values: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Light:
    """The samples of a night in which an object may be imaged, the highest first, `step_s` apart.

    Altitudes in degrees; `moonlight` from 0 to 1: how much of it reaches the object.
    """

    altitudes: tuple[float, ...]
    moonlight: tuple[float, ...]
    step_s: float

    @property
    def seconds(self) -> float:
        """How long it may be imaged, at least."""
        return (len(self.altitudes) - 1) * self.step_s

    @property
    def best(self) -> int:
        """How many samples count: the highest that make an evening."""
        return max(1, min(len(self.altitudes), 1 + round(ENOUGH_S / self.step_s)))


def lasting(entry: CatalogueEntry, camera: CameraCapabilities, collected_s: float) -> tuple[Factor, ...]:
    """Return what is the same on every night: kind, size, brightness and what is collected already."""
    return (_known(entry), _size(entry, camera), _brightness(entry, camera), _collected(collected_s))


def advised(entry: CatalogueEntry, names: Collection[str]) -> tuple[Factor, ...]:
    """Return what uptonight's advice does; nothing where it gave none."""
    if not names:
        return ()
    is_named = entry.name in names
    return (Factor("advised", 1.0, "advised") if is_named else Factor("advised", _NOT_ADVISED),)


def tonights(
    entry: CatalogueEntry, camera: CameraCapabilities, light: Light, illumination: float
) -> tuple[Factor, ...]:
    """Return what the night does: time, height and Moon."""
    best = light.best
    height = sum(sin(radians(max(0.0, one))) for one in light.altitudes[:best]) / best
    glow = sum(light.moonlight[:best]) / best
    heights = {
        "highest": round(light.altitudes[0]),
        "hours": (best - 1) * light.step_s / 3600,
        "lowest": round(light.altitudes[best - 1]),
    }
    moonlight = {} if glow < _MOONLESS else {"lit": round(illumination * 100)}
    return (
        Factor("time", min(1.0, light.seconds / ENOUGH_S), "time", {"hours": light.seconds / 3600}),
        Factor("height", height, "height", heights),
        Factor("moon", 1.0 - _hurts(entry, camera) * glow, _moonlight(glow), moonlight),
    )


def surface_brightness(entry: CatalogueEntry) -> float | None:
    """Return it in magnitudes per square arcsecond, from magnitude and size where the sources have none."""
    if entry.surface_brightness is not None or entry.magnitude is None or entry.major_arcmin is None:
        return entry.surface_brightness
    area = entry.major_arcmin * (entry.minor_arcmin or entry.major_arcmin) * 3600 * 0.7854
    return entry.magnitude + 2.5 * log10(area) if area > 0 else None


def score_of(factors: Sequence[Factor]) -> float:
    """Return the product of the factors, 0 to 100."""
    product = 100.0
    for factor in factors:
        product *= factor.value
    return product


def _known(entry: CatalogueEntry) -> Factor:
    kind = {"kind": entry.kind.value}
    sort = _OF_KIND.get(entry.kind, 1.0)
    for letters, value, says in _FAME:
        if any(name.startswith(letters) and name[len(letters) :].isdigit() for name in entry.names):
            return Factor("kind", value * sort, says, kind)
    if not all(map(_NUMBER.search, entry.names)):
        return Factor("kind", 0.8 * sort, "kind_named", kind)
    if entry.name.startswith(("NGC ", "IC ", "Sh2")):
        return Factor("kind", 0.5 * sort, "kind", kind)
    return Factor("kind", 0.3 * sort, "kind_little_known", kind)


def _size(entry: CatalogueEntry, camera: CameraCapabilities) -> Factor:
    frame = camera.field_of_view
    if frame is None or entry.major_arcmin is None:
        return Factor("size", 0.5, "size_unknown")
    long, short = entry.major_arcmin / 60, (entry.minor_arcmin or entry.major_arcmin) / 60
    along, across = panes_along(long * _SURE / frame[0]), panes_along(short * _SURE / frame[1])
    if along * across > 1:
        value = 0.9 / sqrt(along * across)
        return Factor("size", value, "size_panes", {"columns": along, "rows": across})
    fills = max(long / frame[0], short / frame[1])
    percent = {"percent": round(min(fills, 1) * 100)}
    return Factor("size", min(1.0, sqrt(fills / _FILLS)), "size_fills", percent)


def _brightness(entry: CatalogueEntry, camera: CameraCapabilities) -> Factor:
    narrow = entry.kind in _EMISSION and _passes_nebulae(camera)
    if entry.kind in _CLUSTERS and entry.magnitude is not None:
        value = _between(entry.magnitude, 6.0, 12.0)
        return Factor("brightness", value, "brightness_magnitude", {"magnitude": float(entry.magnitude)})
    surface = surface_brightness(entry)
    if surface is None and narrow:
        return Factor("brightness", 0.6, "brightness_unknown_narrow")
    if surface is None:
        return Factor("brightness", 0.4, "brightness_unknown")
    value = _between(surface, 21.0, 26.0)
    if narrow and value < 0.7:
        return Factor("brightness", 0.7, "brightness_surface_narrow", {"surface": float(surface)})
    return Factor("brightness", value, "brightness_surface", {"surface": float(surface)})


def _collected(seconds: float) -> Factor:
    value = _HALF_DONE_S / (_HALF_DONE_S + seconds)
    if not seconds:
        return Factor("collected", value)
    return Factor("collected", value, "collected", {"hours": seconds / 3600})


def _hurts(entry: CatalogueEntry, camera: CameraCapabilities) -> float:
    """Return how much moonlight harms a picture of that kind."""
    if entry.kind in _EMISSION:
        return 0.3 if _passes_nebulae(camera) else 0.6
    return 0.4 if entry.kind in _CLUSTERS else 0.85


def _moonlight(glow: float) -> str:
    if glow < _MOONLESS:
        return "moon_none"
    return "moon_little" if glow < 0.15 else "moon_some" if glow < 0.4 else "moon_much"


def _passes_nebulae(camera: CameraCapabilities) -> bool:
    return any(one.name.lower().startswith(_NARROW) for one in camera.filters)


def _between(value: float, good: float, bad: float) -> float:
    """Return 1 up to the good value, falling to 0.2 at the bad one."""
    return max(0.2, min(1.0, 1.0 - 0.8 * (value - good) / (bad - good)))
