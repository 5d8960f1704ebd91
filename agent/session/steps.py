"""The steps of a session, as they run and as they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from agent.capabilities import Binning, Camera, Exposure, Filter, Learned, StepDurations
from agent.mosaics import Mosaic
from agent.session.coordinates import format_dec, format_ra
from agent.session.sections import Step
from agent.targets import SolarTarget, Target


class StepKind(StrEnum):
    """What a step does; the executor has one runner for each."""

    SET_TIME = "set_time"
    GO_LIVE = "go_live"
    AUTO_FOCUS = "auto_focus"
    INFINITE_FOCUS = "infinite_focus"
    EQ_SOLVING = "eq_solving"
    CALIBRATION = "calibration"
    GOTO_SOLAR = "goto_solar"
    GOTO_MANUAL = "goto_manual"
    CAPTURE = "capture"
    DARK_FRAMES = "dark_frames"
    FINISH = "finish"
    PARK = "park"
    POWER_DOWN = "power_down"


FOCUS = frozenset({StepKind.AUTO_FOCUS, StepKind.INFINITE_FOCUS})
"""The ways to focus; one does not stand for another."""


@dataclass(frozen=True, slots=True)
class Refocus:
    """When a capture is focused again: after seconds, or kelvin; by going to infinity, or by a search."""

    every_s: float | None
    kelvin: float | None
    infinity: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"every_s": self.every_s, "kelvin": self.kelvin, "infinity": self.infinity}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step. Durations are seconds; `timeout_s` None leaves the limit to the telescope's driver.

    `section` is the key of the document it comes from ("" for steps every session has); `label` names the
    step for people and `why` says what is being waited for. Camera settings are set for calibration and
    capture; None leaves a setting alone. `count` is the number of frames of a capture, of `exposure_s` each
    (0: not known), which take `frame_s` each on average, after `setup_s` for the camera; with `until` it is
    the most that fits, and the capture ends at that instant (aware UTC).
    `without_goto` lets it image wherever the telescope points. With a `mosaic`, which the telescope makes by
    itself, the frames are those of all its panes. `darks` are the frames of a dark, taken with the `cap` on
    where the telescope has no dark filter. `reuse`: what was done before counts for so many hours
    (calibration) or kelvin (focus); None leaves that to the configuration. `learned` is where the estimate
    comes from; None for what the model usually needs. What moves is pointed again every `recentre_s`.
    """

    kind: StepKind
    label: str
    why: str
    section: str = ""
    wait_before_s: float = 0.0
    wait_after_s: float = 0.0
    estimate_s: float = 0.0
    timeout_s: float | None = None
    target: Target | None = None
    camera: Camera | None = None
    exposure: Exposure | None = None
    gain: int | None = None
    filter: Filter | None = None
    binning: Binning | None = None
    format: str | None = None
    count: int = 0
    exposure_s: float = 0.0
    frame_s: float = 0.0
    setup_s: float = 0.0
    integration_s: float = 0.0
    until: datetime | None = None
    without_goto: bool = False
    mosaic: Mosaic | None = None
    refocus: Refocus | None = None
    recentre_s: float | None = None
    darks: int = 0
    cap: bool = False
    cap_wait_s: float = 0.0
    reuse: float | None = None
    learned: Learned | None = None

    @property
    def total_s(self) -> float:
        """The estimate with the waits around the step."""
        return self.wait_before_s + self.estimate_s + self.wait_after_s

    def to_json(self) -> dict[str, Any]:
        """Return the step as plain JSON values, without what it does not use."""
        values: dict[str, Any] = {
            "step": self.kind.value,
            "label": self.label,
            "section": self.section or None,
            "estimate_s": round(self.estimate_s, 1),
            "estimate_error_s": self.learned and round(self.learned.error_s, 1),
            "estimate_from": self.learned and self.learned.sessions,
            "wait_before_s": self.wait_before_s or None,
            "wait_after_s": self.wait_after_s or None,
            "timeout_s": self.timeout_s,
            "target": None if self.target is None else target_json(self.target),
            "camera": self.camera and self.camera.value,
            "exposure": self.exposure and self.exposure.name,
            "gain": self.gain,
            "filter": self.filter and self.filter.name,
            "binning": self.binning and self.binning.name,
            "format": self.format,
            "count": self.count or None,
            "until": self.until and self.until.isoformat(),
            "without_goto": self.without_goto or None,
            "mosaic": self.mosaic and self.mosaic.to_json(),
            "refocus": self.refocus and self.refocus.to_json(),
            "recentre_every_s": self.recentre_s and round(self.recentre_s),
            "dark_frames": self.darks or None,
            "cap": self.cap or None,
            "reuse": self.reuse,
        }
        return {key: value for key, value in values.items() if value is not None}


def target_json(target: Target) -> dict[str, Any]:
    """Return a target as plain JSON values."""
    if isinstance(target, SolarTarget):
        return {"name": target.name, "body": target.body.value}
    return {
        "name": target.name,
        "ra_hours": target.ra_hours,
        "dec_degrees": target.dec_degrees,
        "ra": format_ra(target.ra_hours),
        "dec": format_dec(target.dec_degrees),
    }


def estimated(durations: StepDurations, name: str) -> dict[str, Any]:
    """Return the estimate of what a field of the durations names, as values of a step."""
    return {"estimate_s": durations.of(name), "learned": durations.learned_of(name)}


def step_of(kind: StepKind, step: Step | None, section: str, **values: Any) -> PlannedStep:
    if step is None:
        return PlannedStep(kind=kind, section=section, **values)
    return PlannedStep(
        kind=kind,
        section=section,
        wait_before_s=step.wait_before,
        wait_after_s=step.wait_after,
        timeout_s=step.timeout,
        **values,
    )
