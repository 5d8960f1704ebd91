"""What is said of frames that got worse, or are good again."""

from __future__ import annotations

from collections.abc import Iterable

from agent.execute.frame_trend import Judgement
from agent.quality.trend import Cause, Change

_LOOKS_LIKE = {
    Cause.CLOUD: "a cloud or fog",
    Cause.DEW: "dew on the lens",
    Cause.FOCUS: "a focus that drifts",
    Cause.TRAILING: "stars that trail: wind, or the tracking",
}


def counted_words(judgement: Judgement, causes: Iterable[Cause] = ()) -> str:
    """Return what the telescope's own counts tell; `causes` are what the frames themselves show."""
    share = f"{judgement.kept:.0%} of the newest are stacked, {judgement.usual:.0%} were at the beginning"
    if not judgement.degraded:
        return f"Frames are kept again: {share}."
    guess = "a cloud, wind or an obstacle" if judgement.sudden else "dew, focus or the air"
    return f"The telescope keeps fewer frames: {share}. It looks like {_causes(causes) or guess}."


def measured_words(change: Change) -> str:
    """Return what the frames show."""
    light = f"the stars give {change.light:.0%} of their light at the beginning"
    width = f", and are {change.hfd:.1f} times as wide" if change.hfd is not None else ""
    if not change.degraded:
        return f"The frames are good again: {light}{width}."
    return f"The frames got worse: {light}{width}. It looks like {_causes(change.causes)}."


def _causes(causes: Iterable[Cause]) -> str:
    return " and ".join(_LOOKS_LIKE[cause] for cause in causes)
