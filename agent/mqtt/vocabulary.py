"""Words that only exist on MQTT."""

from __future__ import annotations

from enum import StrEnum

API_VERSION = 1


class EventType(StrEnum):
    """What `<base>/<telescope>/event` tells."""

    SESSION_QUEUED = "session_queued"
    SESSION_REJECTED = "session_rejected"
    COMMAND_REJECTED = "command_rejected"
    SESSION_WAITING = "session_waiting"
    SESSION_STARTED = "session_started"
    SESSION_STEP = "session_step"
    IMAGING = "imaging"
    PAUSED = "paused"
    SESSION_COMPLETED = "session_completed"
    SESSION_FAILED = "session_failed"
    SESSION_ABORTED = "session_aborted"
    SESSION_SKIPPED = "session_skipped"
    WEATHER_UNSAFE = "weather_unsafe"
    WEATHER_SAFE = "weather_safe"
    PROBLEM = "problem"
    NIGHT_OVER = "night_over"
    GOAL_REACHED = "goal_reached"
    SESSION_ARCHIVED = "session_archived"
    SKY_DEGRADED = "sky_degraded"
    SKY_RECOVERED = "sky_recovered"
    NIGHT_REPORT = "night_report"
    LOW_BATTERY = "low_battery"
    STORAGE_LOW = "storage_low"
    CONNECTION_LOST = "connection_lost"
    CONNECTION_RESTORED = "connection_restored"


class State(StrEnum):
    """Names of a telescope's retained topics that hold JSON."""

    STATUS = "status"
    PROGRESS = "progress"
    TELEMETRY = "telemetry"
    QUEUE = "queue"
    OWN_SCHEDULE = "own_schedule"
    POLAR_ALIGNMENT = "polar_alignment"
    SUGGESTIONS = "suggestions"
    DARKNESS = "darkness"
    ENCLOSURE = "enclosure"
    RESULT = "result"
    RESPONSE = "response"
    SETTINGS = "settings"
    SAFETY = "safety"
    DOWNLOAD = "download"
    NIGHT = "night"
    TOTALS = "totals"
    IMAGE_INFO = "image_info"
