"""The worst of all safety sources, fail closed, with a calm way back.

Unsafe acts at once; safe needs every source to be clear without a break for the clear time. Only right after
the agent's start is the first complete and clear set of readings believed at once: nothing was seen to be
unsafe then. Silence, nonsense and Home Assistant going away are unsafe.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.conditions.safety.errors import UnreadableInputError
from agent.conditions.safety.inputs import Reading, read_heartbeat
from agent.conditions.safety.sources import HeartbeatSource, SafetySource, SourceTracker, TopicSource
from agent.errors import AgentError
from agent.events import SafetyDecision, SafetyState
from agent.reasons import SafetyLevel
from agent.session.fields import WeatherPolicy
from agent.text import escaped

_LOGGER = logging.getLogger(__name__)

CLEAR_FOR_S = 600.0  # clouds come in fields: ten clear minutes are worth re-centring for
MAX_UNKNOWN = (
    20  # names without a source that are said in the log: a flood of them fills neither it nor memory
)
GRACE_S = 15.0  # Home Assistant drops its connection for a moment when MQTT is reloaded
_SEVERITY = {SafetyLevel.CLEAR: 0, SafetyLevel.WARNING: 1, SafetyLevel.ALERT: 2}


class SafetyConfigError(AgentError):
    """A weather policy without sources, or sources that cannot be told apart."""

    code = "invalid_safety_configuration"


class SafetyMonitor:
    """Collects readings and decides. One per agent; owns its state, to be used from one event loop.

    `on_change` is called at once, in the caller's task, whenever the state, the level, a source or a reason
    changes. `run()` watches the deadlines: without it nothing goes stale. With `trust_ttl` a report of Home
    Assistant's is good for its time even when Home Assistant itself goes offline.
    """

    def __init__(
        self,
        clock: Clock,
        sources: Sequence[SafetySource],
        *,
        policy: WeatherPolicy,
        clear_for_s: float = CLEAR_FOR_S,
        trust_ttl: bool = True,
        timezone: str = "UTC",
        on_change: Callable[[SafetyDecision], None] = lambda _: None,
    ) -> None:
        if not sources and policy is not WeatherPolicy.IGNORE:
            raise SafetyConfigError(
                f"The weather policy is {policy.value}, but no source tells of the weather.",
                hint="Name a safety input, a topic or an entity, or set the policy to ignore.",
            )
        self._trackers = {source.name: SourceTracker(source) for source in sources}
        if len(self._trackers) != len(sources):
            raise SafetyConfigError("Two safety sources have the same name.")
        self._clock = clock
        self._policy = policy
        self._clear_for_s = clear_for_s
        self._trust_ttl = trust_ttl
        self._zone = ZoneInfo(timezone)
        self._on_change = on_change
        self._wake = asyncio.Event()
        self._unknown_names: set[str] = set()
        self._clear_since: float | None = None
        self._offline_at: float | None = None
        self._decision = SafetyDecision(
            SafetyState.UNKNOWN, SafetyLevel.WARNING, (), {}, clock.now(), policy.value
        )
        self._decision = self._decide()

    @property
    def decision(self) -> SafetyDecision:
        """The decision as of the last change."""
        return self._decision

    @property
    def topics(self) -> tuple[str, ...]:
        """The MQTT topics to subscribe to, beside the safety inputs."""
        found = (tracker.source for tracker in self._trackers.values())
        return tuple(sorted({source.topic for source in found if isinstance(source, TopicSource)}))

    def receive(
        self, name: str, payload: bytes, *, retained: bool, received_at: datetime | None = None
    ) -> bool:
        """Take a message of a safety input; false when no such input is configured."""
        tracker = self._trackers.get(name)
        if tracker is None or not isinstance(tracker.source, HeartbeatSource):
            if len(self._unknown_names) < MAX_UNKNOWN and name not in self._unknown_names:
                self._unknown_names.add(name)
                _LOGGER.warning("Safety input %s is not configured; its messages are ignored", escaped(name))
            return False
        source = tracker.source
        if not payload:
            return True  # an empty message clears a retained one; it says nothing
        at = received_at or self._clock.now()
        self._take(
            tracker,
            lambda: read_heartbeat(
                payload, received_at=at, retained=retained, ttl_s=source.ttl_s, unsafe_level=source.level
            ),
        )
        return True

    def receive_topic(self, topic: str, payload: bytes, *, retained: bool) -> bool:
        """Take a message of any other topic; false when no source listens to it."""
        listening = False
        for tracker in self._trackers.values():
            source = tracker.source
            if isinstance(source, TopicSource) and source.topic == topic:
                listening = True
                self._take(tracker, lambda source=source: _from_topic(source, payload, retained))  # type: ignore[misc]
        return listening

    def report(self, name: str, read: Callable[[], Reading]) -> None:
        """Take what `read` returns as a reading of that source; an UnreadableInputError makes it unsafe."""
        self._take(self._trackers[name], read)

    def lose(self, name: str, why: str) -> None:
        """A source's connection is gone: it is unsafe at once."""
        self._trackers[name].lose(why, self._clock.monotonic())
        self.evaluate()

    def home_assistant(self, *, online: bool) -> None:
        """Home Assistant announced itself or was announced gone: after a short grace its sources are lost."""
        if online:
            self._offline_at = None
        elif self._offline_at is None:
            self._offline_at = self._clock.monotonic()
        self.evaluate()

    def next_deadline(self) -> float | None:
        """When the decision may change without new input, on the clock's monotonic time; None: never."""
        return self._next_deadline(self._clock.monotonic(), self._decision.state)

    def evaluate(self) -> SafetyDecision:
        """Decide anew, and tell if anything changed."""
        decision = self._decide()
        previous, self._decision = self._decision, decision
        if _essence(decision) != _essence(previous):
            if decision.state is not previous.state:
                _LOGGER.info("Safety is %s: %s", decision.state.value, "; ".join(decision.reasons) or "clear")
            self._on_change(decision)
        self._wake.set()
        return decision

    async def run(self) -> None:
        """Decide anew at every deadline, until cancelled."""
        while True:
            self.evaluate()
            self._wake.clear()
            deadline = self.next_deadline()
            wait = None if deadline is None else max(0.0, deadline - self._clock.monotonic())
            try:
                async with self._clock.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _take(self, tracker: SourceTracker, read: Callable[[], Reading]) -> None:
        try:
            tracker.take(read(), self._clock.monotonic())
        except UnreadableInputError as unreadable:
            _LOGGER.debug("Safety source %s: %s", tracker.source.name, unreadable)
            tracker.lose(str(unreadable).rstrip("."), self._clock.monotonic())
        self.evaluate()

    def _decide(self) -> SafetyDecision:
        now, at = self._clock.monotonic(), self._clock.now()
        if self._offline_at is not None and now >= self._offline_at + GRACE_S:
            self._offline_at = None
            for tracker in self._trackers.values():
                vouched = self._trust_ttl and tracker.within_its_time(now)
                if tracker.source.from_home_assistant and not vouched:
                    tracker.lose("Home Assistant is offline", now)
        levels = [tracker.level(now) for tracker in self._trackers.values()]
        worst = max(levels, key=_SEVERITY.__getitem__, default=SafetyLevel.WARNING)
        if worst is not SafetyLevel.CLEAR:
            self._clear_since = None
        elif self._clear_since is None:
            self._clear_since = now
        state = self._state(worst, now)
        level = SafetyLevel.WARNING if worst is SafetyLevel.CLEAR and state is not SafetyState.SAFE else worst
        sources = {name: tracker.state(now) for name, tracker in self._trackers.items()}
        reasons = tuple(
            f"{self._trackers[name].title}: {source.reason}"
            for name, source in sources.items()
            if not source.safe
        )
        if self._clear_since is not None and state is not SafetyState.SAFE:
            reasons = (self._clear_words(now, at),)
        since = self._decision.since if state is self._decision.state else at
        deadline = self._next_deadline(now, state)
        next_check = None if deadline is None else at + timedelta(seconds=max(0.0, deadline - now))
        live = any(tracker.reports_unsafe(now) for tracker in self._trackers.values())
        return SafetyDecision(state, level, reasons, sources, since, self._policy.value, next_check, live)

    def _next_deadline(self, now: float, state: SafetyState) -> float | None:
        edges = [tracker.deadline(now) for tracker in self._trackers.values()]
        if self._offline_at is not None:
            edges.append(self._offline_at + GRACE_S)
        if self._clear_since is not None and state is not SafetyState.SAFE:
            edges.append(self._clear_since + self._clear_for_s)
        return min((edge for edge in edges if edge is not None), default=None)

    def _state(self, worst: SafetyLevel, now: float) -> SafetyState:
        before = self._decision.state
        if not self._trackers:
            return SafetyState.UNKNOWN
        if worst is SafetyLevel.CLEAR:
            clear_since = now if self._clear_since is None else self._clear_since
            enough = before is not SafetyState.UNSAFE or now >= clear_since + self._clear_for_s
            return SafetyState.SAFE if enough else SafetyState.UNSAFE
        bad = (tracker for tracker in self._trackers.values() if tracker.level(now) is not SafetyLevel.CLEAR)
        starting = before is SafetyState.UNKNOWN and not any(tracker.heard for tracker in bad)
        return SafetyState.UNKNOWN if starting else SafetyState.UNSAFE

    def _clear_words(self, now: float, at: datetime) -> str:
        since = at - timedelta(seconds=now - (self._clear_since or now))
        until = since + timedelta(seconds=self._clear_for_s)
        shown = (instant.astimezone(self._zone).strftime("%H:%M") for instant in (since, until))
        return "clear since {}, safe from {} on".format(*shown)


def _from_topic(source: TopicSource, payload: bytes, retained: bool) -> Reading:
    safe, value = source.safe_when.read(payload)
    if not safe:
        return Reading(source.level, value, good_for_s=source.max_age_s)
    age = source.max_age_s if retained else 0.0  # without a time of its own, a retained value may be any age
    return Reading(SafetyLevel.CLEAR, value, good_for_s=source.max_age_s - age, age_s=age)


def _essence(decision: SafetyDecision) -> tuple[object, ...]:
    """What listeners want to hear of: everything but ages and the words of safe sources."""
    sources = {name: (source.safe, source.level) for name, source in decision.sources.items()}
    return decision.state, decision.level, decision.live, decision.reasons, sources
