"""What a session is called in the end: earned by frames, never assumed."""

from __future__ import annotations

from agent.events import Failure, Frames, Outcome, Reason
from agent.execute.orders import Ending, EndKind


def outcome_of(
    frames: Frames, ending: Ending | None, failure: Failure | None
) -> tuple[Outcome, Reason | None, str]:
    """Return outcome, reason and one sentence for a session with these frames and this end."""
    count = f"{frames.taken} of {frames.requested} frames taken, {frames.stacked} stacked"
    if ending is not None:
        return _ended(frames, ending), ending.reason, f"{_sentence(ending.message)} {count}"
    fewer = Outcome.PARTIAL if frames.taken else Outcome.FAILED
    if failure is not None:
        message = f"{_sentence(failure.message)} {count}" if frames.requested else failure.message
        return fewer, Reason.TELESCOPE, message
    if frames.requested == 0:
        return Outcome.COMPLETED, None, "All steps done; the session asked for no frames"
    if frames.taken >= frames.requested:
        return Outcome.COMPLETED, None, count
    return fewer, Reason.TELESCOPE, f"The telescope ended early. {count}"


def _ended(frames: Frames, ending: Ending) -> Outcome:
    if frames.requested and frames.taken >= frames.requested:
        return Outcome.COMPLETED
    if ending.kind in (EndKind.ABORT, EndKind.END_NIGHT):
        return Outcome.ABORTED
    return Outcome.PARTIAL if frames.taken else Outcome.SKIPPED


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
