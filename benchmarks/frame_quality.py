"""Nights of made-up stars in which a cloud, dew, drift or wind comes, or nothing: what is found of it.

Needs the extra `quality`. Every night has its own field, seeing that wanders, extinction, single bad frames,
and often a Moon that rises. `hits` are nights whose trouble was named in time, `others` those in which
another was named; `alarms` are good nights in which anything was said; `over` are those whose end was seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from statistics import median

from agent.quality.measure import measure
from agent.quality.trend import Cause, Change, QualityTrend
from benchmarks.reporting import quiet, say
from tests.support.star_fields import Conditions, StarField, fits

NIGHTS = 20
FRAMES = 36  # measured, one in two minutes
COMES = 14  # the frame with which the trouble comes
GOES = 26
WITHIN = 10  # frames until it has to be named

Spoil = Callable[[Conditions, float, Random], Conditions]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of night: what is wrong, and how it spoils a frame when it is there to this degree (0 to 1)."""

    cause: Cause | None
    spoil: Spoil
    sudden: bool = False


def _cloud(c: Conditions, _degree: float, dice: Random) -> Conditions:
    return replace(c, clear=c.clear * dice.uniform(0.05, 0.4), sky=c.sky * dice.uniform(1.0, 1.8))


def _dew(c: Conditions, degree: float, _dice: Random) -> Conditions:
    halo, ring = 0.45 * degree, 0.5 * degree
    return replace(c, clear=c.clear * (1 - 0.4 * degree), halo=halo, ring=ring)


def _drift(c: Conditions, degree: float, _dice: Random) -> Conditions:
    return replace(c, defocus=4.0 * degree)


def _wind(c: Conditions, _degree: float, dice: Random) -> Conditions:
    return replace(c, trail=dice.uniform(5, 9), angle=0.9)


KINDS = {
    "good": Kind(None, lambda c, _degree, _dice: c),
    "cloud": Kind(Cause.CLOUD, _cloud, sudden=True),
    "dew": Kind(Cause.DEW, _dew),
    "focus": Kind(Cause.FOCUS, _drift),
    "trailing": Kind(Cause.TRAILING, _wind, sudden=True),
}


def night(kind: Kind, seed: int) -> tuple[list[tuple[int, Change]], float]:
    """Return what was said in a night, with its frame, and the milliseconds that a frame took."""
    dice = Random(seed)
    field = StarField(seed, stars=dice.randint(250, 700))
    trend, said, took = QualityTrend(), [], []
    fwhm, seeing = dice.uniform(2.8, 3.8), 0.0
    moonrise = dice.choice([None, None, 10, 20])
    for number in range(FRAMES):
        seeing = 0.7 * seeing + dice.gauss(0, 0.04)
        air = 1 + 0.5 * number / FRAMES
        conditions = Conditions(
            fwhm=fwhm * (1 + seeing) * air**0.3,
            sky=60 * (1 + (0 if moonrise is None else max(0, number - moonrise) * 0.2)),
            clear=10 ** (-0.4 * 0.25 * (air - 1)) * dice.uniform(0.97, 1.0),
        )
        if dice.random() < 0.03:
            conditions = _wind(conditions, 1.0, dice)  # a gust: one frame means nothing
        if COMES <= number < GOES:
            degree = 1.0 if kind.sudden else min(1.0, (number - COMES + 1) / 8)
            conditions = kind.spoil(conditions, degree, dice)
        content = fits(field.expose(conditions, (number * 0.3, number * 0.2)))
        began = time.perf_counter()
        found = measure(content)
        took.append(1000 * (time.perf_counter() - began))
        assert found is not None
        if (change := trend.add(found)) is not None:
            said.append((number, change))
    return said, median(took)


def measure_kinds(nights: int = NIGHTS) -> None:
    """Each kind of night, so many times."""
    for name, kind in KINDS.items():
        hits = others = over = 0
        after, took = [], []
        for seed in range(nights):
            said, lasted = night(kind, 1000 * (list(KINDS).index(name) + 1) + seed)
            took.append(lasted)
            named = [(number, change) for number, change in said if change.degraded]
            right = [at for at, one in named if kind.cause in one.causes and COMES <= at < COMES + WITHIN]
            hits += bool(right)
            after += [right[0] - COMES + 1] if right else []
            others += any(set(one.causes) - {kind.cause} for _, one in named)
            over += bool(said) and not said[-1][1].degraded
        if kind.cause is None:
            say("frame_quality", night=name, nights=nights, alarms=others)
            continue
        say(
            "frame_quality",
            night=name,
            nights=nights,
            hits=hits,
            others=others,
            over=over,
            frames_until_named=median(after) if after else None,
            ms_a_frame=round(median(took), 1),
        )


if __name__ == "__main__":
    quiet()
    measure_kinds()
