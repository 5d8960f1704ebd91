"""Says what a telescope collected and measured beyond the session that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from agent.afterwards import PolarAlignmentMeasured, TotalsChanged
from agent.events import Event, EventBus
from agent.group_progress import GoalReached
from agent.mqtt.bodies import Instant, ShortText, TotalsBody
from agent.mqtt.payloads import Payloads, short
from agent.mqtt.publisher import Publisher
from agent.mqtt.vocabulary import EventType, State


class PolarAlignmentBody(TypedDict):
    """The error in degrees as it was measured last, and which way to turn the mount, and to move it."""

    azimuth_error: float
    altitude_error: float
    turn: Literal["clockwise", "counter-clockwise"]
    lift: Literal["raise", "lower"]
    message: ShortText
    measured_at: Instant


class Collected:
    """Listens, and says it through the publisher."""

    def __init__(self, publisher: Publisher, payloads: Payloads, telescopes: Iterable[str]) -> None:
        self._publisher = publisher
        self._payloads = payloads
        self._telescopes = frozenset(telescopes)

    def attach(self, bus: EventBus) -> Callable[[], None]:
        """Listen; call the result to stop listening."""
        return bus.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        if event.telescope not in self._telescopes:
            return
        match event:
            case TotalsChanged():
                self._publisher.state(event.telescope, State.TOTALS, _totals(event))
            case PolarAlignmentMeasured():
                self._publisher.state(event.telescope, State.POLAR_ALIGNMENT, self._polar_alignment(event))
            case GoalReached(session=session):
                target = short(session.target)
                self._publisher.event(event.telescope, EventType.GOAL_REACHED, session, target=target)

    def _polar_alignment(self, event: PolarAlignmentMeasured) -> PolarAlignmentBody:
        return {
            "azimuth_error": round(event.azimuth, 3),
            "altitude_error": round(event.altitude, 3),
            "turn": event.turn,
            "lift": event.lift,
            "message": event.message,
            "measured_at": self._payloads.stamp(event.at),
        }


def _totals(event: TotalsChanged) -> TotalsBody:
    return {
        "light_hours": round(event.light_s / 3600, 3),
        "sessions": event.sessions,
        "completed": event.completed,
        "nights": event.nights,
    }
