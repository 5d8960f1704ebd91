"""The faults in force: what is still to happen, and what still holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import TypeVar

from agent.telescope.simulator.faults import Fault, LastingFault, SingleFault, parse_fault

R = TypeVar("R", bound=LastingFault)


class FaultBox:
    """Faults by number. Events leave when they happened, rules when they were used up."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._numbers = count(1)
        self._faults: dict[int, Fault] = {}
        self._uses: dict[int, int] = {}
        self._waiting: list[int] = []
        self._on_event: Callable[[SingleFault, int], None] | None = None
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault | str) -> int:
        """Put a fault (or its text) in force and return its number."""
        if isinstance(fault, str):
            fault = parse_fault(fault)
        number = next(self._numbers)
        self._faults[number] = fault
        if isinstance(fault, LastingFault):
            self._uses[number] = fault.times
        elif isinstance(fault, SingleFault) and fault.frame is None and fault.command is None:
            if self._on_event is None:
                self._waiting.append(number)
            else:
                self._on_event(fault, number)
        return number

    def remove(self, number: int) -> bool:
        """Take a fault away; false when there is none of that number."""
        self._uses.pop(number, None)
        return self._faults.pop(number, None) is not None

    def clear(self) -> None:
        """Take every fault away."""
        self._faults.clear()
        self._uses.clear()

    @property
    def active(self) -> dict[int, Fault]:
        """The faults in force by number."""
        return dict(self._faults)

    def attach(self, on_event: Callable[[SingleFault, int], None]) -> None:
        """Tell `on_event` of each event that no frame or command triggers, given before or later."""
        self._on_event = on_event
        waiting, self._waiting = self._waiting, []
        for number in waiting:
            fault = self._faults.get(number)
            if isinstance(fault, SingleFault):
                on_event(fault, number)

    def use(
        self, kind: type[R], command: int | None = None, where: Callable[[R], bool] | None = None
    ) -> R | None:
        """Return a rule of that kind that applies now, and count one use of it."""
        for number, fault in self._faults.items():
            if not isinstance(fault, kind):
                continue
            if fault.command is not None and fault.command != command:
                continue
            if where is not None and not where(fault):
                continue
            if fault.times:
                self._uses[number] -= 1
                if self._uses[number] <= 0:
                    self.remove(number)
            return fault
        return None

    def holds(self, kind: type[LastingFault]) -> bool:
        """Tell whether a rule of that kind is in force, without using it."""
        return any(isinstance(fault, kind) for fault in self._faults.values())

    def at_frame(self, taken: int) -> list[SingleFault]:
        """Return, and remove, the events due once `taken` frames are taken."""
        return self._due(lambda event: event.frame is not None and event.frame <= taken)

    def on_command(self, command: int) -> list[SingleFault]:
        """Return, and remove, the events that this command triggers."""
        return self._due(lambda event: event.command == command)

    def _due(self, is_due: Callable[[SingleFault], bool]) -> list[SingleFault]:
        due = [
            (number, one)
            for number, one in self._faults.items()
            if isinstance(one, SingleFault) and is_due(one)
        ]
        for number, _ in due:
            self.remove(number)
        return [event for _, event in due]
