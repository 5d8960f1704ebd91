"""The cap of a telescope without a dark filter: on or off is what its owner said last."""

from __future__ import annotations

from collections.abc import Callable


def _forget(_on: bool) -> None:
    """Keep nothing."""


class Cap:
    """Owner of whether the cap is on the lens; `keep` writes it down, for it outlives the agent."""

    def __init__(self, *, on: bool = False, keep: Callable[[bool], None] = _forget) -> None:
        self._on = on
        self._keep = keep

    @property
    def on(self) -> bool:
        """Whether it is on the lens, as far as anybody said."""
        return self._on

    def is_now(self, *, on: bool) -> None:
        """Its owner said so, or is asked to put it on and may do so from now on."""
        if on != self._on:
            self._on = on
            self._keep(on)
