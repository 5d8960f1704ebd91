"""What a telescope's cameras make of a session: the field, whether the target fits, how it turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.app.candidate import Candidate
from agent.capabilities import Camera, CameraCapabilities, Capabilities, Exposure
from agent.conditions import Requirements
from agent.conditions.moment import clock_words
from agent.errors import Problem, warning
from agent.mosaics import Grid, panes_along
from agent.session.plan import Plan, PlannedStep, StepKind
from agent.sky.ephemeris import altitude, instants
from agent.sky.field import corner_trail, rotation_rate, size_of
from agent.sky.nights import Interval
from agent.targets import Site, Target

TRAIL_PX = 4.0
"""Pixels by which stars in the corners may trail before it is worth a word."""
USUAL_S = 15.0
"""The exposure that owners use in alt-az mode, whatever the corners do."""
ZENITH = 85.0
"""Degrees above which the field turns too fast for any exposure of use."""

_SURE = 0.95  # of a size in a catalogue: where an object ends is a matter of taste
_WORTH_TELLING_PX = 0.5
_STEP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Turning:
    """The field's turning in alt-az mode while a session runs, at its fastest.

    `trail_px` is the way of a star in the corner during one frame, `limit_s` the exposure in which it is
    TRAIL_PX.
    """

    at: datetime
    altitude: float
    trail_px: float
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One capture as its camera sees it. `turning` is None in EQ mode, or where it cannot be told.

    `mosaic` is what all panes of an ordered one span, in degrees along the long side of the field and the
    short one.
    """

    step: PlannedStep
    camera: Camera
    offered: CameraCapabilities
    target: Target | None
    site: Site | None
    equatorial: bool
    turning: Turning | None
    mosaic: tuple[float, float] | None = None

    @property
    def size(self) -> tuple[float, float] | None:
        """The target's two sides in degrees; None while unknown."""
        minutes = size_of(self.target) if self.target is not None else None
        return (minutes[0] / 60, minutes[1] / 60) if minutes else None

    @property
    def panes(self) -> tuple[int, int] | None:
        """How many fields hold the target, along its long and its short side; None while unknown."""
        size, field = self.size, self.offered.field_of_view
        if size is None or field is None:
            return None
        return panes_along(size[0] * _SURE / field[0]), panes_along(size[1] * _SURE / field[1])

    @property
    def words(self) -> str:
        """One sentence for people; "" when nothing is known."""
        said = [*self._framing(), *self._rotation()]
        return f"{self.camera.value} camera: {'; '.join(said)}" if said else ""

    def problems(self) -> Iterator[Problem]:
        """Warn of stars that trail more than owners take for granted, and of the zenith."""
        turning, target, site = self.turning, self.target, self.site
        if turning is None or target is None or site is None:
            return
        seconds, path = self.step.exposure_s, f"/{self.step.section}"
        allowed = max(USUAL_S, turning.limit_s)
        if seconds > allowed:
            shorter = [one for one in self.offered.exposures if one.seconds <= allowed]
            enough = f"{max(shorter, key=_seconds).name} s" if shorter else "less"
            message = (
                "In alt-az mode the field turns: stars in the corners trail by up to "
                f"{turning.trail_px:.0f} px in {seconds:g} s."
            )
            hint = f"Expose {enough}, unless the telescope stands in EQ mode."
            yield warning("field_rotation", message, hint, f"{path}/exposure")
        if turning.altitude > ZENITH and turning.trail_px > TRAIL_PX:
            when = clock_words(turning.at, site)
            message = (
                f"{target.name} is {turning.altitude:.0f} degrees high at {when}, where in alt-az mode the "
                f"field turns by up to {turning.trail_px:.0f} px in {seconds:g} s."
            )
            hint = f'"max_altitude": {ZENITH:g} in its conditions keeps it from the zenith.'
            yield warning("zenith", message, hint, path)

    def to_json(self) -> dict[str, Any]:
        """The same for programs: degrees, pixels, seconds; null is not known."""
        turning = self.turning
        return {
            "camera": self.camera.value,
            "field_of_view": self.offered.field_of_view,
            "target_size": self.size,
            "panes": self.panes,
            "mosaic": self.mosaic,
            "eq_mode": self.equatorial,
            "rotation": turning
            and {
                "at": turning.at.isoformat(),
                "altitude": round(turning.altitude, 1),
                "trail_px": round(turning.trail_px, 1),
                "limit_s": round(turning.limit_s, 1),
            },
        }

    def _framing(self) -> Iterator[str]:
        field, size = self.offered.field_of_view, self.size
        if field is None:
            return
        yield f"field {_degrees(field)}"
        if self.mosaic is not None:
            yield f"mosaic of {_degrees(self.mosaic)}"
        if size is None or self.panes is None or self.target is None:
            return
        name = f"{self.target.name} ({size[0]:.2g}° × {size[1]:.2g}°)"
        long, short = sorted(self.mosaic or field, reverse=True)
        if size[0] * _SURE > long or size[1] * _SURE > short:
            yield f"{name} needs {self.panes[0]} × {self.panes[1]} panes"
        elif size[0] > short:
            yield f"{name} fits along its long side"
        else:
            yield f"{name} fits"

    def _rotation(self) -> Iterator[str]:
        if self.equatorial:
            yield "after a polar alignment, in EQ mode, the field does not turn"
        elif self.turning is not None and self.turning.trail_px >= _WORTH_TELLING_PX:
            turning, exposure = self.turning, self.step.exposure
            seconds = exposure.name if exposure is not None else f"{self.step.exposure_s:g}"
            yield (
                f"in alt-az mode stars in the corners trail up to {turning.trail_px:.0f} px in {seconds} s "
                f"({TRAIL_PX:.0f} px in {turning.limit_s:.0f} s)"
            )


def views(
    plan: Plan, capabilities: Capabilities, site: Site | None, window: Interval | None, ceiling: float = 90.0
) -> tuple[View, ...]:
    """Return how each capture sees its target in the time it is expected to run, below the `ceiling`."""
    equatorial = any(step.kind is StepKind.EQ_SOLVING for step in plan.steps)
    target = next(iter(reversed(plan.goto_targets)), None)
    found = []
    for step in plan.steps:
        if step.kind is not StepKind.CAPTURE or step.camera is None:
            continue
        offered = capabilities.cameras[step.camera]
        turning = None
        if site is not None and window is not None and target is not None and not equatorial:
            turning = _turning(step, offered, target, site, window, ceiling)
        found.append(
            View(
                step=step,
                camera=step.camera,
                offered=offered,
                target=target,
                site=site,
                equatorial=equatorial,
                turning=turning,
                mosaic=_ordered(plan.grid, offered),
            )
        )
    return tuple(found)


def views_of(
    candidate: Candidate,
    capabilities: Capabilities,
    requirements: Requirements,
    site: Site | None,
    now: datetime,
) -> tuple[View, ...]:
    """Return how the captures of a session see their target when it runs: at its start, else tonight."""
    own = candidate.document.conditions
    limit = (
        own.max_altitude if own is not None and own.max_altitude is not None else requirements.max_altitude
    )
    window = None if site is None else _expected(candidate, site, requirements, now)
    return views(candidate.plan, capabilities, site, window, 90.0 if limit is None else limit)


def _expected(candidate: Candidate, site: Site, requirements: Requirements, now: datetime) -> Interval | None:
    if candidate.start is not None and candidate.document.repeat is None:
        begin = max(candidate.start, now)
        return Interval(begin, begin + timedelta(seconds=candidate.plan.estimate_s))
    from agent.app.tonight import tonight  # the planner, which a session with a start does without

    (one,) = tonight(site, [candidate], requirements, now, zone=ZoneInfo(site.timezone)).sessions
    return one.run


def _turning(
    step: PlannedStep,
    offered: CameraCapabilities,
    target: Target,
    site: Site,
    window: Interval,
    ceiling: float,
) -> Turning | None:
    """Return the fastest turning while the target is up; None when it is not, or a figure is not known."""
    up = [
        (rotation_rate(target, site, when), when, height)
        for when in instants(window.start, window.end, _STEP)
        if 0 < (height := altitude(target, site, when)) <= ceiling
    ]
    if not up or not step.exposure_s or offered.pixels is None:
        return None
    rate, when, height = max(up)
    trail = corner_trail(rate, offered.pixels) / (2 if step.binning is not None and step.binning.value else 1)
    return Turning(when, height, trail * step.exposure_s, TRAIL_PX / max(trail, 1e-9))


def _ordered(grid: Grid | None, offered: CameraCapabilities) -> tuple[float, float] | None:
    """Return what a mosaic of that camera's fields spans; None for another camera's, and without one."""
    return grid.span if grid is not None and grid.field == offered.field_of_view else None


def _degrees(sides: tuple[float, float]) -> str:
    return f"{sides[0]:.2f}° × {sides[1]:.2f}°"


def _seconds(exposure: Exposure) -> float:
    return exposure.seconds
