"""Two clients with one client id throw each other out for ever: told by the pattern, calmed by waiting."""

from __future__ import annotations

LOSSES = 3  # quick ones in a row: MQTT 3.1.1 gives no reason
QUICK_S = 10.0  # a connection that lived shorter was not lost by chance
PAUSES_S = (15.0, 300.0)  # the first, then doubled up to the longest


class Takeovers:
    """Counts losses of connections that the broker had let in."""

    def __init__(self) -> None:
        self._quick = 0
        self._pause_s = 0.0

    @property
    def suspected(self) -> bool:
        """Whether the latest losses look like another client's doing."""
        return self._pause_s > 0

    def lost(self, lived_s: float, *, said: bool) -> float:
        """Count a loss; return the seconds to stay away, 0 when this looks like chance.

        `said`: the broker itself named another client as the reason.
        """
        quick = said or lived_s < max(QUICK_S, 4 * self._pause_s)  # it came back after a pause of its own
        self._quick = self._quick + 1 if quick else 0
        if not quick:
            self._pause_s = 0.0
        elif said or self._quick >= LOSSES:
            shortest, longest = PAUSES_S
            self._pause_s = min(longest, max(shortest, 2 * self._pause_s))
        return self._pause_s
