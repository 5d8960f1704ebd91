"""How often a capture of what moves among the stars is interrupted to be pointed again."""

from __future__ import annotations

from agent.targets import MovingTarget, Target

PART_OF_FIELD = 0.05  # of its short side: once the target moved so far, it is pointed again
LEAST_PAUSE_S = 600.0  # what passes near the Earth must not keep the telescope pointing
SHORT_SIDE_DEG = 1.2  # of a field, at least, where it is not known


def short_side(field: tuple[float, float] | None) -> float:
    """Return the short side of a camera's field in degrees."""
    return SHORT_SIDE_DEG if field is None else min(field)


def recentred_every_s(target: Target | None, field: tuple[float, float] | None) -> float | None:
    """Return after how many seconds a target has to be pointed again; None for what hardly moves."""
    if not isinstance(target, MovingTarget) or target.arcsec_per_min <= 0:
        return None
    minutes = PART_OF_FIELD * short_side(field) * 3600 / target.arcsec_per_min
    return max(LEAST_PAUSE_S, minutes * 60)
