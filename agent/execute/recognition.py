"""Whose capture is it? What the telescope tells of one, against what the session asked for.

A capture belongs to the telescope, and other clients begin captures too. One that was found running, or in
the album, is ours unless something known of it says otherwise; what is unknown says nothing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.capabilities import Camera
from agent.session.plan import Plan, StepKind
from agent.sky.ephemeris import separation
from agent.targets import SkyTarget, SolarBody, SolarTarget, Target
from agent.telescope.interface import CaptureFacts

SAME_PLACE_DEG = 1.0  # a goto is a fraction of a degree off; a mosaic's neighbour is further away
SAME_MOSAIC_DEG = 4.0  # each of its panes lies aside of the place it was pointed at
SAME_EXPOSURE = 0.2  # the telescope's own overhead counts into its exposures
CLOCK_SLACK = timedelta(seconds=30)  # the telescope's clock is set by us, to the second at best
START_LIMIT = timedelta(minutes=15)  # from asking for a capture to its shutter: a few minutes at the most
BEGINS_WITHIN = timedelta(seconds=45)  # of asking: a telescope may need as long to open its shutter
_CUT_FROM = 24  # letters of a name from which on the telescope may have cut it short
_SEEN_BY_SIGHT = frozenset({SolarBody.SUN, SolarBody.MOON})  # reported under the telescope's own name


@dataclass(frozen=True, slots=True)
class Asked:
    """What a session wants of one camera; `exposure_s` 0 and `target` None are unknown.

    `panes` are those of a mosaic, 0 for a single field; each gets its part of the count.
    """

    count: int = 0
    exposure_s: float = 0.0
    target: Target | None = None
    panes: int = 0

    @property
    def per_pane(self) -> int:
        """Frames of each pane; 0 without panes."""
        return self.count // self.panes if self.panes else 0


def asked_by(plan: Plan) -> dict[Camera, Asked]:
    """Return what each camera is asked for, as far as the plan knows it."""
    target = next(reversed(plan.goto_targets), None)
    return {
        step.camera: Asked(step.count, step.exposure_s, target, step.mosaic.panes if step.mosaic else 0)
        for step in plan.steps
        if step.kind is StepKind.CAPTURE and step.camera is not None and step.count > 0
    }


def may_begin_s(opened_at: datetime, now: datetime, taken: int, told: CaptureFacts) -> float:
    """For how many seconds a capture that was asked for at `opened_at`, and never seen, may still begin."""
    since = now - opened_at
    never_seen = not taken and told == CaptureFacts() and since >= timedelta()
    return max(0.0, (BEGINS_WITHIN - since).total_seconds()) if never_seen else 0.0


def contradiction(asked: Asked, opened_at: datetime, found: CaptureFacts, told: CaptureFacts) -> str:
    """Say what speaks against a capture being the one asked for at `opened_at`; "" when nothing does.

    `told` is what the telescope said of that one while it was surely ours: its own words for the session's.
    """
    return (
        _other_target(asked, opened_at, found, told.target)
        or _other_exposure(told.exposure_s or asked.exposure_s, found.exposure_s)
        or _other_time(opened_at, found.began)
    )


def _other_target(asked: Asked, opened_at: datetime, found: CaptureFacts, told: str | None) -> str:
    ours, near = asked.target, SAME_MOSAIC_DEG if asked.panes else SAME_PLACE_DEG
    if isinstance(ours, SkyTarget) and found.ra_hours is not None and found.dec_degrees is not None:
        place = SkyTarget("", found.ra_hours, found.dec_degrees)
        away = separation(ours, place, None, opened_at)
        return f"it points {away:.0f}° away from {ours.name}" if away > near else ""
    if found.target is None or (ours is None and told is None):
        return ""
    if told is None and isinstance(ours, SolarTarget) and ours.body in _SEEN_BY_SIGHT:
        return ""
    name = told or (ours.name if ours is not None else "")
    wanted, seen = _folded(name), _folded(found.target)
    cut = len(seen) >= _CUT_FROM and wanted.startswith(seen)
    if not wanted or not seen or wanted == seen or cut:
        return ""
    return f"it is of {found.target}, not of {name}"


def _other_exposure(ours: float, found: float | None) -> str:
    if not ours or not found or abs(found - ours) <= SAME_EXPOSURE * ours:
        return ""
    return f"its frames are exposed for {found:g} s, not {ours:g} s"


def _other_time(opened_at: datetime, began: datetime | None) -> str:
    if began is None or -CLOCK_SLACK <= began - opened_at <= START_LIMIT:
        return ""
    return f"it began at {began:%H:%M:%S} UTC, not at {opened_at:%H:%M:%S}"


def _folded(name: str) -> str:
    """A name without what firmware changes in it: case, spaces, signs."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())
