"""What a person or an automation can ask of the agent, and how it answers: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.errors import Problem


class Verb(StrEnum):
    """Commands a telescope's station understands."""

    PAUSE = "pause"  # suspend the running session; the queue waits with it
    RESUME = "resume"  # go on after pause
    SKIP = "skip"  # end the running session as skipped or partial, go on with the next
    ABORT = "abort"  # stop the running session now
    END_NIGHT = "end_night"  # stop now, start nothing more tonight, run the closing steps
    STOP_AFTER_THIS = "stop_after_this"  # finish the running session, then start nothing more tonight
    RUN = "run"  # run a given session now, whatever its start time
    QUEUE = "queue"  # make a session of one of tonight's suggestions
    REMOVE = "remove"  # take a waiting session out of the queue
    RESCHEDULE = "reschedule"  # give a waiting session another start
    PRIORITIZE = "prioritize"  # give a waiting session another priority
    PARK = "park"  # fold the telescope
    GOTO = "goto"  # manual goto
    NUDGE = "nudge"  # turn a little, as a joystick does
    FOCUS_STEP = "focus_step"  # turn the focus by hand
    AUTOFOCUS = "autofocus"  # search the focus on stars
    CALIBRATE = "calibrate"  # find out where it points by plate solving
    ALIGN = "align"  # measure the polar alignment, and say which way to turn the mount
    SHUTDOWN = "shutdown"  # power the telescope off
    REBOOT = "reboot"  # restart the telescope
    PROVISION = "provision"  # bring the telescope back on the network over Bluetooth


class Code(StrEnum):
    """Closed list of codes in answers; each has a sentence beside it."""

    QUEUED = "queued"
    DUPLICATE = "duplicate"
    ACCEPTED = "accepted"
    DONE = "done"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    EXPIRED = "expired"
    RETAINED_REPLAY = "retained_replay"
    UNKNOWN_COMMAND = "unknown_command"
    UNKNOWN_TELESCOPE = "unknown_telescope"
    UNKNOWN_SESSION = "unknown_session"
    UNKNOWN_SETTING = "unknown_setting"
    NOT_ARMED = "not_armed"
    NOT_RUNNING = "not_running"
    NOT_ALLOWED = "not_allowed"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Submission:
    """A session document on its way in. `body` is the decoded JSON, wrapped in `command` or bare."""

    body: dict[str, object]
    request_id: str = ""
    session_id: str = ""
    telescope: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The immediate answer to a submission. `accepted` false means `errors` says why."""

    accepted: bool
    code: Code
    message: str
    telescope: str = ""
    request_id: str = ""
    session_id: str = ""
    position: int | None = None
    scheduled_for: datetime | None = None
    duplicate: bool = False
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A verb with its arguments (`session_id`, `at`, `ra`, ...), as decoded from JSON."""

    verb: Verb
    request_id: str = ""
    reason: str = ""
    arguments: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command or setting: `ok` with code accepted/done, or an error with its code."""

    ok: bool
    code: Code
    message: str
    request_id: str = ""
    hint: str = ""
