"""What is seen of the box around a telescope. Nothing of it is believed because it was told to be so."""

from __future__ import annotations

from collections.abc import Callable

from agent.clock import Clock
from agent.events import Lid

HOLDER = "enclosure"  # of the wish that the telescope stand still while the lid is not seen open
BOUNCE_S = 5.0  # an open lid whose switch flickers for less is open


class Seen:
    """Owner of what was last seen of each part; None is unknown. `changed` is called with every change."""

    def __init__(self, clock: Clock, parts: frozenset[str], changed: Callable[[], None]) -> None:
        self._clock = clock
        self._parts = parts
        self._changed = changed
        self._values: dict[str, bool | None] = {}
        self._open_at: float | None = None  # when it was last seen open

    def see(self, part: str, value: bool | None) -> None:
        """One part was looked at; None: it says nothing any more."""
        if self.lid is Lid.OPEN:
            self._open_at = self._clock.monotonic()
        if part not in self._values or self._values[part] is not value:
            self._values[part] = value
            self._changed()

    def value(self, part: str) -> bool | None:
        """What was last seen of a part."""
        return self._values.get(part)

    @property
    def heard(self) -> bool:
        """Whether everything of the lid was seen at least once."""
        return {"lid_open", "lid_closed"} & self._parts <= set(self._values)

    @property
    def lid(self) -> Lid:
        """The lid as its switches show it now."""
        is_open, is_closed = self._values.get("lid_open"), self._values.get("lid_closed")
        if is_open and is_closed:
            return Lid.CONTRADICTS
        if is_open is None or is_closed is None:
            return Lid.UNKNOWN
        return Lid.OPEN if is_open else Lid.CLOSED if is_closed else Lid.BETWEEN

    def bounces_for(self) -> float:
        """For how many seconds more a lid that is no longer seen open may be taken for a flicker."""
        if self._open_at is None or self.lid in (Lid.OPEN, Lid.CLOSED):
            return 0.0
        return max(0.0, self._open_at + BOUNCE_S - self._clock.monotonic())
