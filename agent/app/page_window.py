"""What the page sees: the bodies that were said last, the newest picture, and what became of each frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.afterwards import FrameMeasured
from agent.clock import Clock
from agent.events import Event, EventBus, SessionProgress, SessionStarted
from agent.mqtt.callbacks import Callbacks
from agent.mqtt.outbox import Outbox
from agent.mqtt.port import Publication
from agent.mqtt.topics import Topics
from agent.mqtt.vocabulary import State
from agent.web.agent import Body, FramesTaken, News
from agent.web.night import Course

_MOST_MEASURED = 300  # of one session: one each two minutes
_MOST_FRAMES = 2000  # of one session whose fates are kept
_GROUP = "group/"
_NAMES = frozenset({"availability", *(state.value for state in State)})


@dataclass(slots=True)
class _Fates:
    session_id: str = ""
    began: datetime | None = None
    unseen: int = 0
    stacked: int = 0
    frames: list[bool] = field(default_factory=list)
    measured: list[FrameMeasured] = field(default_factory=list)


class PageWindow:
    """Follows the outbox and the bus."""

    def __init__(self, outbox: Outbox, topics: Topics, bus: EventBus, clock: Clock) -> None:
        self._outbox = outbox
        self._topics = topics
        self._clock = clock
        self._listeners = Callbacks[[News]]()
        self._fates: dict[str, _Fates] = {}
        self._answered: dict[str, datetime] = {}
        self._groups: dict[str, dict[str, Body]] = {}
        self._ends = [outbox.listen(self._published), bus.subscribe(self._hear)]

    def close(self) -> None:
        """Follow no longer."""
        for end in self._ends:
            end()

    def listen(self, listener: Callable[[News], None]) -> Callable[[], None]:
        """Call back for each news."""
        return self._listeners.add(listener)

    def states(self, telescope: str) -> Mapping[str, Body]:
        """The body of each state topic by its name."""
        found: dict[str, Body] = {}
        for name in _NAMES:
            payload = self._outbox.value(self._topics.state(telescope, name))
            if payload:
                found[name] = _body(name, payload)
        return found

    def picture(self, telescope: str) -> bytes | None:
        """The newest picture."""
        return self._outbox.value(self._topics.state(telescope, "image"))

    def groups(self, telescope: str) -> Sequence[Body]:
        """How far each group is whose goals sessions wait for."""
        return list(self._groups.get(telescope, {}).values())

    def answered_at(self, telescope: str) -> datetime | None:
        """When the latest answer was given."""
        return self._answered.get(telescope)

    def frames(self, telescope: str) -> FramesTaken:
        """What became of each frame."""
        fates = self._fates.get(telescope, _Fates())
        return FramesTaken(fates.unseen, tuple(fates.frames), _courses(fates.measured))

    def began(self, telescope: str, session_id: str) -> datetime | None:
        """When the running session began, if that was seen."""
        fates = self._fates.get(telescope)
        return fates.began if fates is not None and fates.session_id == session_id else None

    def _published(self, publication: Publication) -> None:
        base = f"{self._topics.base}/"
        telescope, _, name = publication.topic.removeprefix(base).partition("/")
        if not publication.topic.startswith(base) or telescope == "bridge":
            return
        if name == "image":
            self._listeners.call(News(telescope, name, {}))
        elif name.startswith(_GROUP):
            known = self._groups.setdefault(telescope, {})
            if publication.payload:
                known[name] = _body(name, publication.payload)
            else:
                known.pop(name, None)
        elif publication.payload and (name in _NAMES or name == "event"):
            if name == State.RESPONSE:
                self._answered[telescope] = self._clock.now()
            self._listeners.call(News(telescope, name, _body(name, publication.payload)))

    def _hear(self, event: Event) -> None:
        match event:
            case SessionStarted(session=session):
                known = self._fates.get(event.telescope)
                if known is None or known.session_id != session.session_id:
                    self._fates[event.telescope] = _Fates(session.session_id, event.at)
            case SessionProgress(session=session):
                self._count(event, session.session_id)
            case FrameMeasured(session=session):
                fates = self._fates.get(event.telescope)
                if fates is not None and fates.session_id == session.session_id:
                    fates.measured = [*fates.measured[1 - _MOST_MEASURED :], event]

    def _count(self, event: SessionProgress, session_id: str) -> None:
        fates = self._fates.get(event.telescope)
        if fates is None or fates.session_id != session_id:
            fates = self._fates[event.telescope] = _Fates(session_id)
        taken, stacked = event.frames.taken, event.frames.stacked
        if not fates.frames and taken > 1 and not fates.unseen:
            fates.unseen, fates.stacked = taken, stacked
            return
        missing = min(taken - fates.unseen, _MOST_FRAMES) - len(fates.frames)
        fates.frames += [False] * max(0, missing)
        for _ in range(stacked - fates.stacked):
            newest = next((at for at in reversed(range(len(fates.frames))) if not fates.frames[at]), None)
            if newest is not None:
                fates.frames[newest] = True
        fates.stacked = max(stacked, fates.stacked)


def _body(name: str, payload: bytes) -> dict[str, Any]:
    if name == "availability":
        return {"state": payload.decode()}
    found: dict[str, Any] = json.loads(payload)
    return found


def _courses(measured: Sequence[FrameMeasured]) -> tuple[Course, ...]:
    """What was measured of a session's frames."""
    widths = tuple((one.at, one.hfd) for one in measured if one.hfd is not None)
    return (
        Course("hfd", widths),
        Course("stars", tuple((one.at, float(one.stars)) for one in measured)),
        Course("background", tuple((one.at, one.background) for one in measured)),
    )
