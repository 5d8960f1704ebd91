"""When a long capture is focused again: after so long, once it became colder or warmer, or when asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent.clock import Clock
from agent.execute.orders import Orders
from agent.session.plan import Refocus

_LOGGER = logging.getLogger(__name__)

LEAST_PAUSE_S = 600.0  # a sensor that wavers must not keep the telescope focusing


class Refocusing:
    """Owner of when the tele camera was focused last, and of the temperature it had then."""

    def __init__(
        self, wanted: Refocus | None, clock: Clock, temperature: Callable[[], float | None], orders: Orders
    ) -> None:
        """`wanted` None is done only when somebody asks for it."""
        self.wanted = wanted or Refocus(None, None)
        self._orders = orders
        self._clock = clock
        self._temperature = temperature
        self._at: float | None = None  # monotonic
        self._celsius: float | None = None
        self._due = ""  # why a capture was interrupted for it

    def focused(self) -> None:
        """It was focused now, or has to do as it is."""
        self._due = ""
        self._orders.ask_focus("")
        self._at, self._celsius = self._clock.monotonic(), self._temperature()

    def begins(self) -> None:
        """A capture begins: what was never focused in this session counts from now."""
        if self._at is None:
            self.focused()

    def reason(self) -> str:
        """Why it is to be focused again; "" while it need not."""
        now, celsius = self._clock.monotonic(), self._temperature()
        if self._due or self._at is None:
            return self._due
        if self._orders.focus_asked:
            return self._orders.focus_asked
        if self._celsius is None:
            self._celsius = celsius
        passed = now - self._at
        if self.wanted.every_s is not None and passed >= self.wanted.every_s:
            return f"{passed / 60:.0f} minutes have passed"
        step = self.wanted.kelvin
        if step is None or celsius is None or self._celsius is None or passed < LEAST_PAUSE_S:
            return ""
        change = celsius - self._celsius
        return (
            f"it became {abs(change):.0f} K {'warmer' if change > 0 else 'colder'}"
            if abs(change) >= step
            else ""
        )

    def interrupts(self) -> str:
        """Why a capture is interrupted now, whatever the sensor says by the time that it stands still."""
        self._due = self.reason()
        return self._due
