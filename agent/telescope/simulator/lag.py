"""What newer firmware still tells over HTTP of a setting that was changed a moment ago: its old value."""

from __future__ import annotations

from typing import TypeVar

from agent.clock import Clock

LAG_S = 5.0

T = TypeVar("T")


class Lag:
    """Old values by setting, each until it has been left alone for a while."""

    def __init__(self, clock: Clock, *, of: float) -> None:
        self._clock = clock
        self._seconds = of
        self._old: dict[object, tuple[float, object]] = {}

    def changed(self, setting: object, before: object) -> None:
        """A setting got another value than `before`."""
        now = self._clock.monotonic()
        until, old = self._old.get(setting, (now, before))
        self._old[setting] = (now + self._seconds, old if until > now else before)

    def shown(self, setting: object, value: T) -> T:
        """The value to tell of a setting that is `value`."""
        until, old = self._old.get(setting, (0.0, value))
        return old if self._clock.monotonic() < until else value  # type: ignore[return-value]  # of one setting
