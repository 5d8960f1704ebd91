"""Whether the battery charges, of firmware that tells the same number with and without the charger."""

from __future__ import annotations

from dataclasses import dataclass

_FELL_PERCENT = 2  # a level shown one lower may be rounding


@dataclass(slots=True)
class ChargingTrend:
    """`charging` as it was told, or, while that says nothing, as the level shows since then; None unknown."""

    charging: bool | None = None
    _open: bool = False  # what was told leaves it open
    _level: int | None = None
    _from: int | None = None  # the level that the next one is compared with

    def told(self, charging: bool | None) -> None:
        """Take in what the telescope says; None leaves it to the level from now on, or still."""
        if charging is None and self._open:
            return
        self.charging, self._open, self._from = charging, charging is None, self._level

    def level(self, percent: int) -> None:
        """Take in the battery's level."""
        self._level = percent
        if not self._open:
            return
        if self._from is None:
            self._from = percent
            return
        change = percent - self._from
        # One that was seen to fall is believed to charge only when it rises by more than rounding.
        if change <= -_FELL_PERCENT or change >= (_FELL_PERCENT if self.charging is False else 1):
            self.charging, self._from = change > 0, percent

    def forget(self) -> None:
        """The link broke: what the level showed before says nothing of the time after."""
        if self._open:
            self.charging, self._from, self._open = None, None, False
        self._level = None
