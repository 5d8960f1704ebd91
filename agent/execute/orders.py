"""The hand on the brake of a running session: pause it, or end it early."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from agent.events import Reason

USER = "user"
"""The holder of a pause that a person asked for."""

CAP = "cap"
"""The holder of a pause that a person ends by saying where the cap of the lens is."""


class EndKind(StrEnum):
    """Why a running session is told to end before its plan does."""

    ABORT = "abort"  # a person stopped it
    SKIP = "skip"  # a person wants the next one
    END_NIGHT = "end_night"  # the night is over: rain, or a person said so
    GIVE_BACK = "give_back"  # it loses the sky, or its turn: the rest of it waits, with the frames it has
    NEXT_NIGHT = "next_night"  # so it does, but not tonight: the telescope is left as after its end
    LIMIT = "limit"  # its window, the dawn limit or a bounded wait ran out
    AGENT_STOP = "agent_stop"  # the agent is shutting down; the session may go on after a restart


WAITS = frozenset({EndKind.GIVE_BACK, EndKind.NEXT_NIGHT})  # what ends so goes on later


@dataclass(frozen=True, slots=True)
class Ending:
    """An order to end: its kind, the reason people see, and a sentence."""

    kind: EndKind
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One holder's wish that the session pause: why, in code and words."""

    reason: Reason
    message: str


class Orders:
    """Orders to one running session. The first ending wins; several holders may pause it at once."""

    def __init__(self, on_end: Callable[[Ending], None] | None = None) -> None:
        """`on_end` hears of the order to end before anybody obeys it."""
        self._on_end = on_end
        self._ending: Ending | None = None
        self._holds: dict[str, Hold] = {}
        self._focus = ""
        self._changed = asyncio.Event()

    @property
    def ending(self) -> Ending | None:
        """The order to end, if one was given."""
        return self._ending

    @property
    def hold(self) -> Hold | None:
        """The oldest wish to pause that still stands."""
        return next(iter(self._holds.values()), None)

    @property
    def holders(self) -> tuple[str, ...]:
        """Who wants the session paused."""
        return tuple(self._holds)

    def end(self, ending: Ending) -> None:
        """Order the session to end; a later order does not replace an earlier one."""
        if self._ending is None:
            self._ending = ending
            if self._on_end is not None:
                self._on_end(ending)
            self._notify()

    def pause(self, holder: str, hold: Hold) -> None:
        """Pause the session until every holder has resumed it."""
        self._holds[holder] = hold
        self._notify()

    @property
    def focus_asked(self) -> str:
        """Why somebody wants it focused again before it goes on; "" while nobody does."""
        return self._focus

    def ask_focus(self, why: str) -> None:
        """Have the session focus again as soon as its step lets it; "" takes that back."""
        self._focus = why

    def resume(self, holder: str) -> bool:
        """Take back one holder's pause; false when that holder had none."""
        if self._holds.pop(holder, None) is None:
            return False
        self._notify()
        return True

    async def ended(self) -> Ending:
        """Return the order to end as soon as it comes."""
        while self._ending is None:
            await self.changed()
        return self._ending

    async def attention(self) -> None:
        """Return as soon as the session has to end or pause."""
        while self._ending is None and not self._holds:
            await self.changed()

    async def released(self) -> None:
        """Return as soon as nobody holds the session, or it has to end."""
        while self._ending is None and self._holds:
            await self.changed()

    def changed(self) -> Awaitable[object]:
        """Return what is over with the next order after this call that is given or taken back."""
        return self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
