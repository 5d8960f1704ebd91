"""What was made of which session, as it outlives the agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from agent.station.state_file import StateFile


class Kept(Protocol):
    """What is remembered of one parent."""

    def kept(self) -> dict[str, Any]:
        """Return it as the state file holds it."""


T = TypeVar("T")


class MadeOf(Generic[T]):
    """One kind's entries in the state file, by the parent's id. `read` makes of one what it stands for."""

    def __init__(self, state: StateFile, key: str, read: Callable[[object], T]) -> None:
        self._state = state
        self._key = key
        self._read = read

    def parents(self) -> set[str]:
        """The ids of which something is remembered."""
        return set(self._all())

    def of(self, parent_id: str) -> T:
        """What is remembered of a parent."""
        return self._read(self._all().get(parent_id))

    def remember(self, parent_id: str, made: Kept | None) -> None:
        """Write it down, or forget the parent."""
        rest = {name: known for name, known in self._all().items() if name != parent_id}
        self._state.set(**{self._key: rest if made is None else {**rest, parent_id: made.kept()}})

    def _all(self) -> dict[str, Any]:
        kept = self._state.get(self._key)
        return kept if isinstance(kept, dict) else {}
