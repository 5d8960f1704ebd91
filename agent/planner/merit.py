"""What speaks for an object of the sky on one night, and how much: factors from 0 to 1, each in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
_FAME = (("M ", 1.0, "a Messier object"), ("C ", 0.9, "in the Caldwell catalogue"))
_OF_KIND = {  # what a stack of hours gains little of, or needs a darker sky than most have
    ObjectKind.OPEN_CLUSTER: 0.7,
    ObjectKind.GLOBULAR_CLUSTER: 0.9,
    ObjectKind.DARK_NEBULA: 0.7,
}
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that counts: 1 takes nothing from the score. `words` is a clause, or ""."""

    name: str
    value: float
    words: str


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
    return (Factor("advised", 1.0 if is_named else _NOT_ADVISED, "uptonight advises it" if is_named else ""),)


def tonights(
    entry: CatalogueEntry, camera: CameraCapabilities, light: Light, illumination: float
) -> tuple[Factor, ...]:
    """Return what the night does: time, height and Moon."""
    best = light.best
    hours = light.seconds / 3600
    height = sum(sin(radians(max(0.0, one))) for one in light.altitudes[:best]) / best
    lowest = light.altitudes[best - 1]
    glow = sum(light.moonlight[:best]) / best
    return (
        Factor("time", min(1.0, light.seconds / ENOUGH_S), f"{hours:.1f} h of time"),
        Factor(
            "height",
            height,
            f"up to {light.altitudes[0]:.0f}°, {(best - 1) * light.step_s / 3600:.1f} h "
            f"of it above {lowest:.0f}°",
        ),
        Factor("moon", 1.0 - _hurts(entry, camera) * glow, _moon_words(glow, illumination)),
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
    kind = entry.kind.value if entry.kind is not ObjectKind.OTHER else "moving object"
    words, sort = f"an {kind}" if kind[0] in "aeio" else f"a {kind}", _OF_KIND.get(entry.kind, 1.0)
    for letters, value, more in _FAME:
        if any(name.startswith(letters) and name[len(letters) :].isdigit() for name in entry.names):
            return Factor("kind", value * sort, f"{words}, {more}")
    if not all(map(_NUMBER.search, entry.names)):
        return Factor("kind", 0.8 * sort, f"{words} with a name of its own")
    if entry.name.startswith(("NGC ", "IC ", "Sh2")):
        return Factor("kind", 0.5 * sort, words)
    return Factor("kind", 0.3 * sort, f"{words} that few know")


def _size(entry: CatalogueEntry, camera: CameraCapabilities) -> Factor:
    field = camera.field_of_view
    if field is None or entry.major_arcmin is None:
        return Factor("size", 0.5, "its size against the field is not known")
    long, short = entry.major_arcmin / 60, (entry.minor_arcmin or entry.major_arcmin) / 60
    along, across = panes_along(long * _SURE / field[0]), panes_along(short * _SURE / field[1])
    if along * across > 1:
        return Factor("size", 0.9 / sqrt(along * across), f"larger than the field: {along} × {across} panes")
    fills = max(long / field[0], short / field[1])
    return Factor("size", min(1.0, sqrt(fills / _FILLS)), f"fills {min(fills, 1) * 100:.0f} % of the field")


def _brightness(entry: CatalogueEntry, camera: CameraCapabilities) -> Factor:
    narrow = entry.kind in _EMISSION and _passes_nebulae(camera)
    if entry.kind in _CLUSTERS and entry.magnitude is not None:
        value = _between(entry.magnitude, 6.0, 12.0)
        return Factor("brightness", value, f"of magnitude {entry.magnitude:.1f}")
    surface = surface_brightness(entry)
    if surface is None:
        words = "its brightness is not known" + (", its light passes the narrow filter" if narrow else "")
        return Factor("brightness", 0.6 if narrow else 0.4, words)
    value, words = _between(surface, 21.0, 26.0), f"{surface:.1f} mag/arcsec²"
    if narrow and value < 0.7:
        return Factor("brightness", 0.7, f"{words}, its light passes the narrow filter")
    return Factor("brightness", value, words)


def _collected(seconds: float) -> Factor:
    words = f"{seconds / 3600:.1f} h are collected already" if seconds else ""
    return Factor("collected", _HALF_DONE_S / (_HALF_DONE_S + seconds), words)


def _hurts(entry: CatalogueEntry, camera: CameraCapabilities) -> float:
    """Return how much moonlight harms a picture of that kind."""
    if entry.kind in _EMISSION:
        return 0.3 if _passes_nebulae(camera) else 0.6
    return 0.4 if entry.kind in _CLUSTERS else 0.85


def _moon_words(glow: float, illumination: float) -> str:
    if glow < 0.02:
        return "no moonlight"
    strength = "little" if glow < 0.15 else "some" if glow < 0.4 else "much"
    return f"{strength} light of the Moon, {illumination * 100:.0f} % lit"


def _passes_nebulae(camera: CameraCapabilities) -> bool:
    return any(one.name.lower().startswith(_NARROW) for one in camera.filters)


def _between(value: float, good: float, bad: float) -> float:
    """Return 1 up to the good value, falling to 0.2 at the bad one."""
    return max(0.2, min(1.0, 1.0 - 0.8 * (value - good) / (bad - good)))
