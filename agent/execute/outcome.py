"""What a session is called in the end: earned by frames, never assumed."""

from __future__ import annotations

from collections.abc import Mapping

from agent.capabilities import Camera
from agent.errors import Problem
from agent.events import Frames, Outcome, Reason
from agent.execute.orders import Ending, EndKind


def outcome_of(
    frames: Mapping[Camera, Frames], ending: Ending | None, failure: Problem | None
) -> tuple[Outcome, Reason | None, str]:
    """Return outcome, reason and one sentence for a session with these frames and this end.

    Each camera is judged by its own count: one that took more makes up for no other that took fewer.
    """
    count = _count(frames)
    if ending is not None:
        return _ended(frames, ending), ending.reason, f"{sentence(ending.message)} {count}"
    fewer = Outcome.PARTIAL if _any_taken(frames) else Outcome.FAILED
    if failure is not None:
        message = f"{sentence(failure.message)} {count}" if frames else failure.message
        return fewer, Reason.TELESCOPE, message
    if not frames:
        return Outcome.COMPLETED, None, "All steps done; the session asked for no frames"
    if all_taken(frames):
        return Outcome.COMPLETED, None, count
    return fewer, Reason.TELESCOPE, f"The telescope took fewer frames than it was asked for. {count}"


def _ended(frames: Mapping[Camera, Frames], ending: Ending) -> Outcome:
    if all_taken(frames):
        return Outcome.COMPLETED
    if ending.kind in (EndKind.ABORT, EndKind.END_NIGHT):
        return Outcome.ABORTED
    return Outcome.PARTIAL if _any_taken(frames) else Outcome.SKIPPED


def all_taken(frames: Mapping[Camera, Frames]) -> bool:
    """Whether there are cameras, and each took what it was asked for."""
    return bool(frames) and all(each.taken >= each.requested for each in frames.values())


def _any_taken(frames: Mapping[Camera, Frames]) -> bool:
    return any(each.taken for each in frames.values())


def _count(frames: Mapping[Camera, Frames]) -> str:
    counts = {
        camera.value: f"{each.taken} of {each.requested} frames taken, {each.stacked} stacked"
        for camera, each in frames.items()
    }
    if len(counts) <= 1:
        return next(iter(counts.values()), "No frames were asked for")
    return "; ".join(f"{camera} camera: {count}" for camera, count in counts.items())


def sentence(text: str) -> str:
    """Return a text, which a person may have written, with its end."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "\N{HORIZONTAL ELLIPSIS}")) else f"{text}."
