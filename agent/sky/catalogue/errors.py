"""Names that lead to no place, or to several."""

from __future__ import annotations

from collections.abc import Sequence

from agent.errors import AgentError
from agent.session.problems import SeveralPlacesError
from agent.targets import SkyTarget, Target


class UnknownTargetError(AgentError):
    """No such target in the catalogue; `near` holds the names that come closest."""

    code = "unknown_target"

    def __init__(self, name: str, near: tuple[str, ...], message: str = "", hint: str = "") -> None:
        guess = f"Did you mean {' or '.join(near)}?" if near else "Give its coordinates instead."
        super().__init__(message or f"The catalogue has no target {name!r}.", hint=hint or guess)
        self.near = near


class AmbiguousTargetError(SeveralPlacesError):
    """A name that is used for different places, or several names that disagree."""

    code = "ambiguous_target"

    def __init__(self, name: str, targets: Sequence[Target]) -> None:
        hint = f"Say {' or '.join(map(_place_words, targets))}."
        super().__init__(f"{name!r} stands for different places.", targets, hint=hint)


def _place_words(target: Target) -> str:
    if isinstance(target, SkyTarget):
        return f"{target.name} ({target.ra_hours:.4f} h {target.dec_degrees:+.2f}°)"
    return target.name
