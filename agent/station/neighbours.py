"""The other telescopes of this agent: what one of them has of the sessions that another one's folder gave it.

A session that leaves the choice of its telescope open moves from one ToDo/ to another in one step of the file
system, and only while it has not begun: whoever takes it first has it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.errors import Problem
from agent.planner.goal_progress import Light
from agent.schedule.dispatcher import Dispatcher
from agent.schedule.waiting import Waiting
from agent.session.document import SessionDocument
from agent.session.telescope_wish import is_open, suits, wish_of
from agent.store.collected import Collected
from agent.store.errors import StoreError, UnknownSessionError
from agent.store.ledger import Ledger
from agent.store.store import SessionStore


class Neighbours:
    """One telescope's view of itself and the others. `join` them once; until then it is alone.

    Methods that look at files block, and may be called from any thread.
    """

    def __init__(
        self,
        telescope_id: str,
        store: SessionStore,
        collected: Collected,
        ledger: Ledger,
        model: Callable[[], str | None],
        queue: Callable[[], Dispatcher],
    ) -> None:
        self.id = telescope_id
        self.store = store
        self.ledger = ledger
        self._collected = collected
        self._model = model
        self._queue = queue
        self._all: tuple[Neighbours, ...] = (self,)
        self._moving = threading.RLock()  # one for all, so that nothing is looked for while it moves
        self._promised: tuple[str, tuple[Light, ...]] = ("", ())  # by the session that runs here
        self.wants_less: Callable[[Waiting], bool] = lambda _: False  # of a child of a goal that is here
        self.lights_of_others: Callable[[], Sequence[Light]] = tuple  # what other agents told

    @staticmethod
    def join(all_of_them: Sequence[Neighbours]) -> None:
        """Make these know each other."""
        lock = threading.RLock()
        for one in all_of_them:
            others = [other for other in all_of_them if other is not one]
            one._all, one._moving = (one, *others), lock

    @property
    def alone(self) -> bool:
        """Whether this agent has no other telescope."""
        return len(self._all) == 1

    # -- whose a session is -----------------------------------------------------------------------------

    def suits(self, document: SessionDocument) -> bool:
        """Whether this telescope is one that the session may run on."""
        return suits(wish_of(document), self.id, self._model())

    def stranger(self, document: SessionDocument) -> Problem | None:
        """Return what is wrong with a session for a telescope that this agent does not have; else None."""
        word = wish_of(document)
        if not self.alone or self.suits(document) or (is_open(word) and self._model() is None):
            return None
        here = f"{self.id}, a {self._model() or 'telescope of unknown model'}"
        return Problem(
            "other_telescope",
            f"The session is for the telescope {word!r}; this one is {here}.",
            "Write another telescope, `any`, or leave it out.",
            document.pointer("id_command", "telescope"),
        )

    # -- where sessions are -----------------------------------------------------------------------------

    def waits(self, session_id: str) -> bool:
        """Whether a session of that id waits or runs on any telescope."""
        with self._moving:
            return any(one.store.waits(session_id) for one in self._all)

    def ended(self, session_id: str) -> tuple[Path, SessionDocument] | None:
        """Return the newest file that this session became, on whichever telescope."""
        found = [end for one in self._all if (end := one.store.find_ended(session_id)) is not None]
        return max(found, key=lambda end: str(_details(end[1]).get("ended_at")), default=None)

    def withdraw(self, session_id: str) -> None:
        """Delete a waiting session's file, wherever it waits; StoreError when it waits nowhere."""
        with self._moving:
            for one in self._all:
                try:
                    one.store.withdraw(session_id)
                except UnknownSessionError:
                    continue
                return
        raise UnknownSessionError(f"Session {session_id} waits on no telescope.")

    def dropped(self, session_id: str) -> None:
        """A session was withdrawn: no queue holds it. Call it in the event loop."""
        for one in self._all:
            one._queue().drop(session_id)

    def waiting(self, session_id: str) -> Waiting | None:
        """Find a session in whichever queue it stands."""
        return next(
            (found for one in self._all if (found := one._queue().find(session_id)) is not None), None
        )

    def give(self, session_id: str, to: Neighbours) -> None:
        """Move a session that has not begun into another telescope's ToDo/; StoreError if that cannot be."""
        with self._moving:
            if to.store.waits(session_id):
                raise StoreError(f"{to.id} has another session {session_id}.")
            entry = self.ledger.by_session(session_id)
            if entry is not None and not entry.outcome:
                to.ledger.record(
                    entry.key,
                    session_id=entry.session_id,
                    request_id=entry.request_id,
                    body_hash=entry.body_hash,
                )
            self.store.move_to(session_id, to.store.tree)
            if entry is not None and not entry.outcome:
                self.ledger.forget(entry.key)

    # -- what they collected ----------------------------------------------------------------------------

    def lights(self, document: SessionDocument) -> tuple[Light, ...]:
        """Return the results that count for a session's goal: of a named group those of every telescope."""
        mine = self._collected.all()
        if not document.id_command.group and not is_open(wish_of(document)):
            return mine
        others = [light for one in self._all[1:] for light in one._collected.all()]
        return (*mine, *others, *self.lights_of_others())

    def promised(self, besides: str) -> tuple[Light, ...]:
        """Return what the sessions that run on all telescopes will give, but for one of them."""
        return tuple(
            light
            for one in self._all
            for name, lights in [one._promised]
            for light in lights
            if name != besides
            and (running := one._queue().running) is not None
            and running.session_id == name
        )

    def promise(self, waiting: Waiting, lights: tuple[Light, ...]) -> bool:
        """Count what a session gives that is about to run here; False when no more is wanted of it by now."""
        with self._moving:  # one after the other, so that two do not take the same
            if not waiting.resume and any(one.wants_less(waiting) for one in self._all):
                return False
            self._promised = waiting.session_id, lights
            return True


def _details(document: SessionDocument) -> dict[str, object]:
    raw = document.raw
    details = raw.get("command", raw).get("result_details")
    return details if isinstance(details, dict) else {}
