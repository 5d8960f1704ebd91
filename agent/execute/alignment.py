"""What still holds of a telescope's calibration and focus, and so need not be done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.clock import Clock, aware_instant
from agent.planner import Valid
from agent.session.plan import Plan, PlannedStep, StepKind
from agent.session.reuse_rules import ReuseRules
from agent.session.steps import FOCUS
from agent.sky.nights import night_of
from agent.targets import Site
from agent.telescope.interface import TelescopeView


def same_night(one: datetime, other: datetime, site: Site | None, zone: ZoneInfo) -> bool:
    """Whether two instants belong to the same night, which lasts from noon to noon."""
    return night_of(one, site, zone) == night_of(other, site, zone)


@dataclass(frozen=True, slots=True)
class _Focused:
    """When the tele camera was focused, and how warm the telescope was."""

    at: datetime
    celsius: float


class Alignment:
    """Owner of when one telescope was calibrated and focused. Gotos leave that as it is.

    `changed` is called after each change; `kept` is what it may be made of again, by `restore`.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.calibrated_at: datetime | None = None
        self._focused: dict[StepKind, _Focused] = {}
        self._changed = changed

    @property
    def holds(self) -> bool:
        """Whether there is anything that need not be done again."""
        return self.calibrated_at is not None or bool(self._focused)

    def kept(self) -> dict[str, Any]:
        """Return it as a file holds it."""
        at = self.calibrated_at
        focused = {kind.value: [one.at.isoformat(), one.celsius] for kind, one in self._focused.items()}
        return {"calibrated_at": at.isoformat() if at is not None else None, "focused": focused}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Take up what a file holds; what nobody can have written counts as nothing."""
        self.calibrated_at = aware_instant(kept.get("calibrated_at"))
        focused = kept.get("focused")
        for word, one in (focused if isinstance(focused, dict) else {}).items():
            at = aware_instant(one[0]) if isinstance(one, list) and len(one) == 2 else None
            if word in set(FOCUS) and at is not None and isinstance(one[1], int | float):
                self._focused[StepKind(word)] = _Focused(at, float(one[1]))

    def lost(self) -> None:
        """It was parked, restarted or switched off, or others had it."""
        self.calibrated_at = None
        self._focused.clear()
        self._changed()

    def calibrated(self, at: datetime | None) -> None:
        """It was calibrated then; None as long as it is not known to be."""
        self.calibrated_at = at
        self._changed()

    def calibration(
        self, hours: float | None, now: datetime, site: Site | None, zone: ZoneInfo
    ) -> datetime | None:
        """When it was calibrated, if that counts for so many hours (None: for its night); else None."""
        at = self.calibrated_at
        if at is None:
            return None
        counts = same_night(at, now, site, zone) if hours is None else abs(now - at) < timedelta(hours=hours)
        return at if counts else None

    def focused(self, kind: StepKind, at: datetime, celsius: float | None) -> None:
        """It was focused in this way; without a temperature nobody can tell for how long that holds."""
        self._focused.clear()
        if celsius is not None:
            self._focused[kind] = _Focused(at, celsius)
        self._changed()

    def valid(self, rules: ReuseRules, telescope: TelescopeView) -> Valid:
        """Since when the telescope is calibrated and focused, as it is and as warm as it is."""
        found: dict[StepKind, datetime] = {}
        if self.calibrated_at is not None and telescope.calibrated is not False:
            found[StepKind.CALIBRATION] = self.calibrated_at
        celsius = telescope.telemetry.temperature
        for kind, one in self._focused.items():
            if celsius is not None and abs(celsius - one.celsius) <= rules.focus_kelvin:
                found[kind] = one.at
        return found

    def focused_by(self, kind: StepKind) -> _Focused | None:
        """How it was focused last, if it was in this way."""
        return self._focused.get(kind)


class Reuse:
    """Decides for one session which of its steps are not needed."""

    def __init__(
        self,
        alignment: Alignment,
        rules: ReuseRules,
        plan: Plan,
        telescope: TelescopeView,
        clock: Clock,
        site: Site | None,
        zone: str,
    ) -> None:
        self.alignment = alignment
        self._rules = rules
        self._aligns = any(step.kind is StepKind.EQ_SOLVING for step in plan.steps)
        self._telescope = telescope
        self._clock = clock
        self._site = site
        self._zone = ZoneInfo(zone)
        self.passed = False  # a calibration was not needed, as far as anybody knows

    def why(self, step: PlannedStep) -> str:
        """Why a step is not needed, and so is passed; "" when it is."""
        if self._aligns:  # after a polar alignment the telescope may be moved by hand, and that needs focus
            return ""
        if step.kind is StepKind.CALIBRATION:
            return self._calibrated(step)
        return self._focused(step) if step.kind in FOCUS else ""

    def _calibrated(self, step: PlannedStep) -> str:
        hours = self._rules.calibration_h if step.reuse is None else step.reuse
        at = self.alignment.calibration(hours, self._clock.now(), self._site, self._zone)
        if at is None or self._telescope.calibrated is False:
            return ""
        self.passed = True
        return f"not needed: calibrated at {self._local(at)}, and nothing has moved the telescope since"

    def _focused(self, step: PlannedStep) -> str:
        now = self._clock.now()
        last, celsius = self.alignment.focused_by(step.kind), self._telescope.telemetry.temperature
        kelvin = self._rules.focus_kelvin if step.reuse is None else step.reuse
        if last is None or celsius is None or not kelvin:
            return ""
        if not same_night(last.at, now, self._site, self._zone):
            return ""
        change = abs(celsius - last.celsius)
        if change > kelvin:
            return ""
        return f"not needed: focused at {self._local(last.at)}, and it is {change:.1f} K warmer or colder now"

    def _local(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%H:%M}"
