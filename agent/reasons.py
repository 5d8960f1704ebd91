"""Words of closed lists that events, results and rules say: why, how it ended, whence, how bad."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something waits, was skipped, or ended early."""

    SCHEDULE = "schedule"
    QUEUE = "queue"
    USER = "user"
    RETRY = "retry"
    LOST_CONNECTION = "lost_connection"
    HELD_BY_OTHER = "held_by_other"
    OWN_SCHEDULE = "own_schedule"
    WEATHER = "weather"
    TWILIGHT = "twilight"
    SUN = "sun"
    ALTITUDE = "altitude"
    HORIZON = "horizon"
    MOON = "moon"
    BATTERY = "battery"
    STORAGE = "storage"
    TEMPERATURE = "temperature"
    SKY = "sky"
    WINDOW = "window"
    ENCLOSURE = "enclosure"
    MAINS = "mains"
    MISSED = "missed"
    TELESCOPE = "telescope"
    INVALID = "invalid"
    AGENT_STOPPED = "agent_stopped"
    AGENT_RESTARTED = "agent_restarted"


class Outcome(StrEnum):
    """How a session ended."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    ABORTED = "aborted"
    FAILED = "failed"
    SKIPPED = "skipped"


class Source(StrEnum):
    """Where a session came from."""

    FILE = "file"
    MQTT = "mqtt"
    REPEAT = "repeat"
    GOAL = "goal"


class SafetyLevel(StrEnum):
    """How bad it is: a warning suspends imaging, an alert ends the night."""

    CLEAR = "clear"
    WARNING = "warning"
    ALERT = "alert"
