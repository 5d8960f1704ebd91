"""Safety sources as configured, and the state of one source."""

from __future__ import annotations

from dataclasses import dataclass

from agent.conditions.safety.inputs import Reading
from agent.conditions.safety.mapping import SafeWhen
from agent.events import SafetySourceState
from agent.reasons import SafetyLevel

DEFAULT_TTL_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSource:
    """A source that reports on `<base>/safety/input/<name>`.

    `level` is what its bare "unsafe" means; `delay_s` how long unsafe must last before it counts (0 for
    rain); `from_home_assistant`: Home Assistant going offline may end it before its time.
    """

    name: str
    ttl_s: float = DEFAULT_TTL_S
    level: SafetyLevel = SafetyLevel.WARNING
    delay_s: float = 0.0
    from_home_assistant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSource:
    """Any MQTT topic, with what of it is safe. Two sources on one topic give it two levels."""

    name: str
    topic: str
    safe_when: SafeWhen
    max_age_s: float = DEFAULT_TTL_S
    level: SafetyLevel = SafetyLevel.WARNING
    delay_s: float = 0.0
    from_home_assistant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySource:
    """A Home Assistant entity. `max_age_s` None trusts a value for as long as Home Assistant answers."""

    name: str
    entity_id: str
    safe_when: SafeWhen
    max_age_s: float | None = None
    level: SafetyLevel = SafetyLevel.WARNING
    delay_s: float = 0.0
    from_home_assistant: bool = True


SafetySource = HeartbeatSource | TopicSource | EntitySource


class SourceTracker:
    """One source: its last reading and since when it is unsafe. Seconds are of the monitor's clock.

    A delay forgives only a source that was safe before: what was never safe, fell silent, or says worse than
    its usual level counts at once.
    """

    def __init__(self, source: SafetySource) -> None:
        self.source = source
        self.heard = False
        self._reading: Reading | None = None
        self._read_at = 0.0
        self._lost = "nothing has been heard yet"
        self._forgiven_until: float | None = None

    def take(self, reading: Reading, now: float) -> None:
        """Take a new reading. Good news that was too old on arrival says nothing."""
        if reading.good_for_s <= 0:
            if not self._fresh(now):
                self._lost = "only an old message has been heard"
            return
        if reading.level is SafetyLevel.CLEAR or self.level(now) is not SafetyLevel.CLEAR:
            self._forgiven_until = None
        elif self._forgiven_until is None:
            self._forgiven_until = now + self.source.delay_s
        self.heard = True
        self._reading, self._read_at = reading, now

    def lose(self, why: str, now: float) -> None:
        """Trust no good news of it any more; bad news that was heard stands until its time is over."""
        self.heard = True
        self._forgiven_until = None
        if not self.reports_unsafe(now):
            self._reading = None
            self._lost = why

    @property
    def title(self) -> str:
        """What people are told it is called: by itself, else as configured."""
        told = self._reading.name if self._reading is not None else ""
        name = self.source.name
        return told or (name.replace("_", " ") if isinstance(self.source, HeartbeatSource) else name)

    def reports_unsafe(self, now: float) -> bool:
        """Tell whether it said that it is unsafe, and that counts now; silence is no report."""
        return self._fresh(now) and self.level(now) is not SafetyLevel.CLEAR

    def within_its_time(self, now: float) -> bool:
        """Tell whether it vouches for itself for a time, and that is not over. An entity never does."""
        return not isinstance(self.source, EntitySource) and self._fresh(now)

    def level(self, now: float) -> SafetyLevel:
        """How bad this source is now. Silence is a warning."""
        reading = self._reading
        if reading is None or not self._fresh(now):
            return SafetyLevel.WARNING
        return SafetyLevel.CLEAR if self._forgiven(now) else reading.level

    def state(self, now: float) -> SafetySourceState:
        """The source as published."""
        level = self.level(now)
        reading = self._reading
        if reading is None:
            return SafetySourceState(False, level, None, self._lost)
        stale_after = reading.age_s + reading.good_for_s
        reason = reading.reason if self._fresh(now) else f"no news for more than {stale_after:.0f} s"
        return SafetySourceState(
            level is SafetyLevel.CLEAR, level, reading.age_s + now - self._read_at, reason
        )

    def deadline(self, now: float) -> float | None:
        """When this source may change by itself: by going stale or by its delay running out."""
        reading = self._reading
        if reading is None or not self._fresh(now):
            return None
        stale = self._read_at + reading.good_for_s
        forgiven = self._forgiven_until
        return min(stale, forgiven) if forgiven is not None and now < forgiven else stale

    def _fresh(self, now: float) -> bool:
        return self._reading is not None and now < self._read_at + self._reading.good_for_s

    def _forgiven(self, now: float) -> bool:
        if self._reading is None or self._forgiven_until is None:
            return False
        usual = self._reading.level is self.source.level
        return usual and now < self._forgiven_until
