"""Lists of callbacks in which one that fails never stops the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")

_LOGGER = logging.getLogger(__name__)


class Callbacks(Generic[P]):
    """Callbacks in order of subscription."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[P, None]] = []

    def add(self, callback: Callable[P, None]) -> Callable[[], None]:
        """Add one; call the returned function to remove it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    def call(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call them all."""
        for callback in tuple(self._callbacks):
            try:
                callback(*args, **kwargs)
            except Exception:
                _LOGGER.exception("MQTT callback %r failed", callback)
