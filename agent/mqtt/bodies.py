"""The JSON bodies that go out, as types; the published JSON Schemas are generated from them.

Every key is always there, null while unknown, so templates never meet a missing one.
Times are ISO 8601 with an offset; durations seconds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from agent.afterwards import DownloadState
from agent.events import Lid, Outcome, Reason, SafetyLevel, SafetyState, Source, Status
from agent.mqtt.vocabulary import EventType
from agent.own_schedule import ScheduleState, TaskState
from agent.requests import Code

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
ShortText = Annotated[str, Field(max_length=255, description="At most 255 characters, the limit of a state.")]
Count = Annotated[int, Field(ge=0)]


class FailureBody(TypedDict):
    """What went wrong, and the remedy."""

    code: str
    message: ShortText
    hint: ShortText


class ProblemBody(TypedDict):
    """One thing wrong or worth knowing in a request; `path` is a JSON pointer into its body."""

    path: str
    code: str
    message: ShortText
    hint: ShortText


class InfoBody(TypedDict):
    """The agent itself. `errors` counts those it logged since its start.

    `problem` is there only while its settings keep it from working.
    """

    name: str
    version: str
    api_version: int
    started_at: Instant
    time_zone: str
    telescopes: list[dict[str, Any]]
    capabilities: list[str]
    commands: list[str]
    limits: dict[str, int]
    config_hash: str
    mqtt_protocol: str
    log_level: str
    errors: Count
    problem: NotRequired[FailureBody]


class BridgeEventBody(TypedDict):
    """Something that happened to the agent itself."""

    event_type: str
    ts: Instant
    message: ShortText
    details: dict[str, Any]


class StatusBody(TypedDict):
    """What a telescope's station is doing.

    `night_over`: a night was ended whose sessions still wait; `resume` has them go on.
    """

    state: Status
    since: Instant
    step: ShortText
    reason: Reason | None
    message: ShortText
    running: bool
    night_over: bool
    session_id: str | None
    request_id: str | None
    target: ShortText | None
    problem: FailureBody | None


class DarknessBody(TypedDict):
    """Tonight at the site. Dark is the Sun below -12°; in the dark the Moon is up for `moonlit_s`.

    An instant is null when it does not come that night.
    """

    night: str
    sunset: Instant | None
    dark_from: Instant | None
    dark_until: Instant | None
    sunrise: Instant | None
    moon_percent: int
    moonlit_s: int
    moon_from: Instant | None
    moon_until: Instant | None


class EnclosureBody(TypedDict):
    """The box around a telescope as it is seen; null is unknown, or there is no such thing."""

    lid: Lid | None
    wanted: Literal["open", "closed"]
    power: bool | None
    mains: bool | None
    heater: bool | None
    message: ShortText


class ProgressFramesBody(TypedDict):
    taken: Count
    stacked: Count
    total: Count


class PaneBody(TypedDict):
    taken: Count
    stacked: Count
    requested: Count


class ProgressStepBody(TypedDict):
    index: Count
    count: Count
    name: ShortText


class ProgressBody(TypedDict):
    """How far the running (or last) session is; all null before the first.

    Of a mosaic, `pane` is the one it is at, counted from 1, and `panes` has each one's frames; else null.
    """

    session_id: str | None
    percent: Annotated[float, Field(ge=0, le=100)] | None
    frames: ProgressFramesBody
    pane: Count | None
    panes: list[PaneBody] | None
    integration_s: float | None
    remaining_s: float | None
    estimated_end: Instant | None
    step: ProgressStepBody


class StorageBody(TypedDict):
    free_gb: float | None
    total_gb: float | None


class TelemetryBody(TypedDict):
    """What the telescope last said of itself. GB, percent, degrees Celsius."""

    battery: int | None
    charging: bool | None
    temperature: float | None
    storage: StorageBody
    host: bool | None
    tracking: str | None
    focus_position: int | None


class BriefBody(TypedDict):
    """A session that waits. `waits_for` and `note` say why a due one was passed over.

    `warnings` are the first things in it that may surprise.
    """

    session_id: str
    target: ShortText
    scheduled_for: Instant | None
    priority: int
    source: Source
    waits_for: Reason | None
    note: ShortText
    warnings: list[ShortText]


class QueueBody(TypedDict):
    """What waits, in the order it would run. `count` counts all, `sessions` names the first ones."""

    count: Count
    next_at: Instant | None
    next: BriefBody | None
    sessions: list[BriefBody]


class ScheduledTaskBody(TypedDict):
    target: ShortText
    state: TaskState
    starts_at: Instant | None
    ends_at: Instant | None


class ScheduleBody(TypedDict):
    """One schedule that the telescope keeps. `ours` when this agent gave it."""

    name: ShortText
    state: ScheduleState
    starts_at: Instant
    ends_at: Instant
    ours: bool
    tasks: list[ScheduledTaskBody]


class OwnScheduleBody(TypedDict):
    """What the telescope keeps to do by itself. `next_at` and `ends_at` belong to what runs or comes next."""

    state: Literal["none", "waiting", "imaging"]
    next_at: Instant | None
    ends_at: Instant | None
    target: ShortText | None
    count: Count
    schedules: list[ScheduleBody]


class DownloadBody(TypedDict):
    """How far fetching into the archive is. Bytes, and bytes a second; `sessions` are still to be fetched."""

    state: DownloadState
    session_id: str | None
    target: ShortText | None
    percent: Annotated[float, Field(ge=0, le=100)] | None
    files: Count
    files_done: Count
    size: Count
    size_done: Count
    rate: Count
    sessions: Count
    reason: Reason | None
    message: ShortText


class ResultFramesBody(TypedDict):
    requested: Count
    taken: Count
    stacked: Count
    rejected: Count


class WaitBody(TypedDict):
    reason: Reason
    seconds: float


class StepBody(TypedDict):
    name: str
    started_at: Instant
    ended_at: Instant
    result: str
    attempts: int
    message: ShortText


class NightBody(TypedDict):
    """The last night that was reported: a title and two sentences for a notification, and its sums.

    `path` is its page on the agent's disk, `picture_target` what the best picture shows.
    """

    night: Annotated[str, Field(json_schema_extra={"format": "date"})]
    title: ShortText
    message: ShortText
    sessions: Count
    completed: Count
    frames: ProgressFramesBody
    integration_s: float
    path: str
    picture_target: ShortText | None


class TotalsBody(TypedDict):
    """What the telescope has collected in all: these only grow."""

    light_hours: Annotated[float, Field(ge=0)]
    sessions: Count
    completed: Count
    nights: Count


class SavedBody(TypedDict):
    """Frames as one of the telescope's own records has them; bytes."""

    source: str
    taken: Count
    stacked: Count
    size: Count | None


class ResultBody(TypedDict):
    """How a session ended. `files` and `steps` are shortened when long; `files_total` counts all files.

    `panes` are the frames of each pane of a mosaic; null for a single field.
    """

    result: Outcome
    session_id: str
    request_id: str | None
    telescope: str
    target: ShortText
    source: Source
    scheduled_for: Instant | None
    started_at: Instant | None
    ended_at: Instant
    frames: ResultFramesBody
    panes: list[PaneBody] | None
    integration_s: float
    error: FailureBody | None
    reason: Reason | None
    message: ShortText
    attempts: int
    waits: list[WaitBody]
    steps: list[StepBody]
    settings: dict[str, Any]
    files: list[str]
    files_total: Count
    saved: NotRequired[list[SavedBody]]
    device: str
    firmware: str
    agent_version: str


class SafetySourceBody(TypedDict):
    safe: bool
    level: SafetyLevel
    age_s: float | None
    reason: ShortText


class SafetyBody(TypedDict):
    """May the sky be opened? The worst of all sources, with every reason against it."""

    safe: bool
    state: SafetyState
    level: SafetyLevel
    reasons: list[ShortText]
    sources: dict[str, SafetySourceBody]
    since: Instant
    policy: str
    next_check: Instant | None


class EventBody(TypedDict):
    """Something that happened; further keys depend on `event_type`."""

    event_type: EventType
    telescope: str
    session_id: str | None
    request_id: str | None
    ts: Instant
    target: NotRequired[ShortText]
    position: NotRequired[int]
    scheduled_for: NotRequired[Instant | None]
    warnings: NotRequired[list[ShortText]]
    error: NotRequired[FailureBody | None]
    reason: NotRequired[str | None]
    message: NotRequired[ShortText]
    until: NotRequired[Instant | None]
    resumed: NotRequired[bool]
    step: NotRequired[ShortText]
    index: NotRequired[int]
    count: NotRequired[int]
    attempt: NotRequired[int]
    result: NotRequired[Outcome]
    frames: NotRequired[ResultFramesBody]
    integration_s: NotRequired[float]
    command: NotRequired[str]
    code: NotRequired[str]
    battery: NotRequired[int]
    storage_free_gb: NotRequired[float]
    complete: NotRequired[bool]
    deleted: NotRequired[bool]
    title: NotRequired[ShortText]
    kept: NotRequired[float]
    usual: NotRequired[float]
    sudden: NotRequired[bool]
    reasons: NotRequired[list[str]]
    files: NotRequired[Count]
    size: NotRequired[Count]
    folder: NotRequired[ShortText]


class AnswerBody(TypedDict):
    """The immediate answer to a submission."""

    request_id: str | None
    status: Literal["accepted", "error"]
    code: Code
    message: ShortText
    session_id: str | None
    telescope: str | None
    position: int | None
    scheduled_for: Instant | None
    duplicate: bool
    errors: list[ProblemBody]
    warnings: list[ProblemBody]


class CommandAnswerBody(TypedDict):
    """An answer to a command or setting: `accepted` when taken, then `done` or `error`."""

    request_id: str | None
    status: Literal["accepted", "done", "error"]
    code: Code
    message: ShortText
    hint: ShortText
    telescope: str
    command: NotRequired[str]
    setting: NotRequired[str]


class BridgeAnswerBody(TypedDict):
    """The answer to a bridge request; `data` is null on error."""

    request_id: str | None
    status: Literal["ok", "error"]
    code: Code
    message: ShortText
    hint: ShortText
    data: dict[str, Any] | None
