"""Listens to what happens and says it over MQTT."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from agent.afterwards import DownloadChanged, NightReported, SessionArchived, SkyChanged
from agent.clock import Clock
from agent.events import (
    AvailabilityChanged,
    EnclosureChanged,
    Event,
    EventBus,
    NightOver,
    Outcome,
    OwnScheduleChanged,
    QueueChanged,
    Reason,
    ResultHanded,
    SafetyChanged,
    SessionBrief,
    SessionEnded,
    SessionProgress,
    SessionQueued,
    SessionRejected,
    SessionStarted,
    SessionWaiting,
    Status,
    StatusChanged,
    StepStarted,
    Telemetry,
    TelemetryChanged,
)
from agent.mqtt import event_details
from agent.mqtt.calm import LOW_BATTERY_PERCENT, LOW_STORAGE_GB, calm_end, is_low
from agent.mqtt.encoding import encode
from agent.mqtt.outbox import Outbox
from agent.mqtt.payloads import Payloads, failure, frames, plain, short, warnings
from agent.mqtt.port import Publication
from agent.mqtt.topics import OFFLINE, ONLINE, Topics
from agent.mqtt.vocabulary import EventType, State

PROGRESS_EVERY_S = 10.0  # progress is said this often at most, unless a percent or a step went by
PROGRESS_STEP = 1.0  # percent
TELEMETRY_EVERY_S = 300.0  # said again though unchanged: silent telemetry expires there after 900 s
PROGRESS_EXPIRY_S = 120  # a progress older than this is of no use to anyone
EVENT_EXPIRY_S = 600

_TOLD = {Status.IMAGING: EventType.IMAGING, Status.PAUSED: EventType.PAUSED}
_ENDED = {
    Outcome.COMPLETED: EventType.SESSION_COMPLETED,
    Outcome.PARTIAL: EventType.SESSION_COMPLETED,
    Outcome.ABORTED: EventType.SESSION_ABORTED,
    Outcome.FAILED: EventType.SESSION_FAILED,
    Outcome.SKIPPED: EventType.SESSION_SKIPPED,
}


@dataclass(slots=True)
class _Said:
    """What was last said about one telescope."""

    status: Status | None = None
    since: datetime | None = None
    online: bool | None = None
    heard: bool = False
    safe: bool | None = None
    problem: str = ""  # its code
    waiting: tuple[str, str] | None = None
    progress: SessionProgress | None = None
    progress_at: float = 0.0
    held_back: SessionProgress | None = None
    end: datetime | None = None  # the estimate as last told
    telemetry_at: float = 0.0
    battery_low: bool = False
    storage_low: bool = False


class Publisher:
    """Turns events into messages: retained states, unretained events, and one result per session."""

    def __init__(
        self, outbox: Outbox, topics: Topics, payloads: Payloads, telescopes: Iterable[str], clock: Clock
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._payloads = payloads
        self._clock = clock
        self._bus: EventBus | None = None
        self._said = {telescope: _Said() for telescope in telescopes}
        self._handlers: dict[type[Event], Callable[[Any], None]] = {
            StatusChanged: self._status,
            QueueChanged: self._queue,
            OwnScheduleChanged: self._own_schedule,
            SessionQueued: self._queued,
            SessionRejected: self._rejected,
            SessionWaiting: self._waiting,
            SessionStarted: self._started,
            StepStarted: self._step,
            SessionProgress: self._progress,
            SessionEnded: self._ended,
            TelemetryChanged: self._telemetry,
            AvailabilityChanged: self._availability,
            NightOver: self._night_over,
            EnclosureChanged: self._enclosure,
            SafetyChanged: self._safety,
            DownloadChanged: self._download,
            SessionArchived: self._archived,
            NightReported: self._night,
            SkyChanged: self._sky,
        }

    def attach(self, bus: EventBus) -> Callable[[], None]:
        """Say what is true before anything happened, then listen; call the result to stop listening."""
        now = self._clock.now()
        for telescope in self._said:
            self._availability_is(telescope, OFFLINE)
            self._status(
                StatusChanged(telescope=telescope, at=now, status=Status.OFFLINE, message="Starting.")
            )
            self._state(telescope, State.PROGRESS, self._payloads.no_progress(), qos=0)
            self._state(telescope, State.TELEMETRY, self._payloads.telemetry(Telemetry()))
            self._state(
                telescope,
                State.QUEUE,
                self._payloads.queue(QueueChanged(telescope=telescope, at=now, sessions=())),
            )
            self._state(telescope, State.OWN_SCHEDULE, self._payloads.own_schedule(()))
        self._bus = bus
        return bus.subscribe(self.handle)

    def handle(self, event: Event) -> None:
        """Say one event; those of telescopes not announced are left out."""
        handler = self._handlers.get(type(event))
        if handler is not None and event.telescope in self._said:
            handler(event)

    async def keep_alive(self) -> None:
        """Say unchanged telemetry again from time to time while its telescope answers, until cancelled."""
        while True:
            await self._clock.sleep(TELEMETRY_EVERY_S)
            for telescope, said in self._said.items():
                payload = self._outbox.value(self._topics.state(telescope, State.TELEMETRY))
                quiet = self._clock.monotonic() - said.telemetry_at
                if said.online and said.heard and payload is not None and quiet >= TELEMETRY_EVERY_S:
                    self._telemetry_body(telescope, payload)

    def event(
        self, telescope: str, kind: EventType, session: SessionBrief | None = None, **more: Any
    ) -> None:
        """Say that something happened, for those who listen now."""
        body = {
            "event_type": kind,
            "telescope": telescope,
            "session_id": session.session_id if session else None,
            "request_id": session.request_id or None if session else None,
            "ts": self._payloads.stamp(self._clock.now()),
            **more,
        }
        topic = self._topics.state(telescope, "event")
        self._outbox.publish(Publication(topic, encode(body), expiry_s=EVENT_EXPIRY_S, json=True))

    def bridge_event(self, kind: str, message: str, **details: Any) -> None:
        """Say something about the agent itself, for those who listen now."""
        body = {
            "event_type": kind,
            "ts": self._payloads.stamp(self._clock.now()),
            "message": short(message),
            "details": plain(details),
        }
        self._outbox.publish(
            Publication(self._topics.bridge_event, encode(body), expiry_s=EVENT_EXPIRY_S, json=True)
        )

    def settings(self, telescope: str, values: Mapping[str, Any]) -> None:
        """Say a telescope's settings."""
        self._state(telescope, State.SETTINGS, plain(values))

    def response(self, telescope: str, body: Mapping[str, Any]) -> None:
        """Say the latest answer, to whomever it was given."""
        self._state(telescope, State.RESPONSE, body)

    def image(self, telescope: str, jpeg: bytes, info: Mapping[str, Any]) -> None:
        """Show a picture; `info` holds its true time, target and whatever else is known of it."""
        self._state(telescope, State.IMAGE_INFO, plain(info))
        self._outbox.publish(Publication(self._topics.state(telescope, "image"), jpeg, retain=True))

    def state(self, telescope: str, name: State, body: Mapping[str, Any]) -> None:
        """Say what is retained under a name that nothing on the bus tells of."""
        self._state(telescope, name, body)

    def farewell(self) -> None:
        """Say that nothing answers any more: each telescope, then the agent."""
        for telescope in self._said:
            self._availability_is(telescope, OFFLINE)
        self._outbox.publish(self._topics.will())

    def _status(self, event: StatusChanged) -> None:
        said = self._said[event.telescope]
        before = said.status
        if event.status is not before or said.since is None:
            said.status, said.since = event.status, event.at
        self._state(event.telescope, State.STATUS, self._payloads.status(event, said.since))
        if event.status is not before and event.status in _TOLD:
            message, target = short(event.message), short(event.session.target if event.session else "")
            told: dict[str, Any] = {"reason": event.reason, "message": message, "target": target}
            self.event(event.telescope, _TOLD[event.status], event.session, **told)
        problem = event.problem
        if problem is not None and problem.code != said.problem:
            more: dict[str, Any] = {"error": failure(problem), "message": short(problem.message)}
            self.event(event.telescope, EventType.PROBLEM, event.session, **more)
        said.problem = problem.code if problem is not None else ""

    def _night_over(self, event: NightOver) -> None:
        message = short(event.message)
        self.event(event.telescope, EventType.NIGHT_OVER, reason=event.reason, message=message)

    def _enclosure(self, event: EnclosureChanged) -> None:
        self._state(event.telescope, State.ENCLOSURE, self._payloads.enclosure(event))

    def _queue(self, event: QueueChanged) -> None:
        self._state(event.telescope, State.QUEUE, self._payloads.queue(event))

    def _own_schedule(self, event: OwnScheduleChanged) -> None:
        self._state(event.telescope, State.OWN_SCHEDULE, self._payloads.own_schedule(event.schedules))

    def _queued(self, event: SessionQueued) -> None:
        self.event(
            event.telescope,
            EventType.SESSION_QUEUED,
            event.session,
            target=short(event.session.target),
            position=event.position,
            scheduled_for=self._payloads.instant(event.session.scheduled_for),
            warnings=warnings(event.session),
        )

    def _rejected(self, event: SessionRejected) -> None:
        self.event(
            event.telescope,
            EventType.SESSION_REJECTED,
            event.session,
            target=short(event.session.target),
            error=failure(event.failure),
            message=short(event.failure.message),
        )

    def _waiting(self, event: SessionWaiting) -> None:
        said = self._said[event.telescope]
        why = event.message if event.reason is Reason.USER else event.reason  # a person is told each wish
        if said.waiting == (event.session.session_id, why):
            return  # asked again, still for the same reason: the status carries the details
        said.waiting = (event.session.session_id, why)
        self.event(
            event.telescope,
            EventType.SESSION_WAITING,
            event.session,
            target=short(event.session.target),
            reason=event.reason,
            message=short(event.message),
            until=self._payloads.instant(event.until),
        )

    def _started(self, event: SessionStarted) -> None:
        said = self._said[event.telescope]
        said.waiting = said.progress = said.held_back = said.end = None
        self.event(
            event.telescope,
            EventType.SESSION_STARTED,
            event.session,
            target=short(event.session.target),
            resumed=event.resumed,
        )

    def _step(self, event: StepStarted) -> None:
        self.event(
            event.telescope,
            EventType.SESSION_STEP,
            event.session,
            step=short(event.step),
            index=event.index,
            count=event.count,
            attempt=event.attempt,
            message=short(event.why),
        )

    def _progress(self, event: SessionProgress) -> None:
        said = self._said[event.telescope]
        before = said.progress
        if (
            before is None
            or before.session.session_id != event.session.session_id
            or self._worth(event, said)
        ):
            self._say_progress(event)
        else:
            said.held_back = event

    def _worth(self, event: SessionProgress, said: _Said) -> bool:
        before = said.progress
        return (
            before is None
            or event.index != before.index
            or event.pane != before.pane
            or (event.percent >= 100 and before.percent < 100)
            or abs(event.percent - before.percent) >= PROGRESS_STEP
            or self._clock.monotonic() - said.progress_at >= PROGRESS_EVERY_S
        )

    def _say_progress(self, event: SessionProgress, *, last: bool = False) -> None:
        said = self._said[event.telescope]
        said.progress, said.progress_at, said.held_back = event, self._clock.monotonic(), None
        said.end = calm_end(event.estimated_end, said.end)
        event = replace(event, estimated_end=said.end)
        expiry = None if last else PROGRESS_EXPIRY_S
        self._state(event.telescope, State.PROGRESS, self._payloads.progress(event), qos=0, expiry_s=expiry)

    def _ended(self, event: SessionEnded) -> None:
        result, said = event.result, self._said[event.telescope]
        last = said.held_back or said.progress
        if last is not None and last.session.session_id == result.session.session_id:
            final = replace(last, remaining_s=0.0, estimated_end=None, frames=result.frames)
            final = replace(final, panes=result.panes)
            self._say_progress(replace(final, integration_s=result.integration_s), last=True)
        said.progress = said.held_back = said.waiting = None
        body = self._payloads.result(result)
        once = self._topics.result(event.telescope, result.session.session_id)
        self._outbox.publish(Publication(once, encode(body), json=True), handed=partial(self._handed, event))
        self._state(event.telescope, State.RESULT, body)
        self.event(
            event.telescope,
            _ENDED[result.outcome],
            result.session,
            target=short(result.session.target),
            result=result.outcome,
            reason=result.reason,
            message=short(result.message),
            error=failure(result.error),
            frames=frames(result.frames),
            integration_s=round(result.integration_s, 1),
        )

    def _handed(self, event: SessionEnded) -> None:
        session_id = event.result.session.session_id
        if self._bus is not None:
            told = ResultHanded(telescope=event.telescope, at=self._clock.now(), session_id=session_id)
            self._bus.publish(told)

    def _telemetry(self, event: TelemetryChanged) -> None:
        said, telemetry = self._said[event.telescope], event.telemetry
        payload = encode(self._payloads.telemetry(telemetry))
        known = self._outbox.value(self._topics.state(event.telescope, State.TELEMETRY))
        if payload != known or self._clock.monotonic() - said.telemetry_at >= TELEMETRY_EVERY_S:
            self._telemetry_body(event.telescope, payload)
        was_low = said.battery_low
        said.battery_low = is_low(telemetry.battery, LOW_BATTERY_PERCENT, was_low)
        if said.battery_low and not was_low:
            message = f"The battery is at {telemetry.battery} %."
            self.event(event.telescope, EventType.LOW_BATTERY, battery=telemetry.battery, message=message)
        was_low = said.storage_low
        said.storage_low = is_low(telemetry.storage_free_gb, LOW_STORAGE_GB, was_low)
        if said.storage_low and not was_low:
            free = round(telemetry.storage_free_gb or 0.0, 1)
            message = f"{free} GB of storage are left."
            self.event(event.telescope, EventType.STORAGE_LOW, storage_free_gb=free, message=message)

    def _telemetry_body(self, telescope: str, payload: bytes) -> None:
        self._said[telescope].telemetry_at = self._clock.monotonic()
        topic = self._topics.state(telescope, State.TELEMETRY)
        self._outbox.publish(Publication(topic, payload, retain=True, json=True))

    def _availability(self, event: AvailabilityChanged) -> None:
        said = self._said[event.telescope]
        self._availability_is(event.telescope, ONLINE if event.online else OFFLINE)
        if said.online is not None and said.online is not event.online:
            kind = EventType.CONNECTION_RESTORED if event.online else EventType.CONNECTION_LOST
            self.event(event.telescope, kind, message=short(event.message))
        said.online, said.heard = event.online, event.heard

    def _download(self, event: DownloadChanged) -> None:
        self._state(event.telescope, State.DOWNLOAD, self._payloads.download(event), qos=0)

    def _archived(self, event: SessionArchived) -> None:
        self.event(event.telescope, EventType.SESSION_ARCHIVED, **event_details.archived(event))

    def _night(self, event: NightReported) -> None:
        body = self._payloads.night(event)
        known = self._outbox.value(self._topics.state(event.telescope, State.NIGHT))
        self._state(event.telescope, State.NIGHT, body)
        if event.picture is not None:
            topic = self._topics.state(event.telescope, "night_picture")
            self._outbox.publish(Publication(topic, event.picture, retain=True))
        if known != encode(body):  # said again for who came late, it is no news
            self.event(event.telescope, EventType.NIGHT_REPORT, title=body["title"], message=body["message"])

    def _sky(self, event: SkyChanged) -> None:
        kind = EventType.SKY_DEGRADED if event.degraded else EventType.SKY_RECOVERED
        self.event(event.telescope, kind, event.session, **event_details.sky(event))

    def _safety(self, event: SafetyChanged) -> None:
        said, decision = self._said[event.telescope], event.decision
        body = self._payloads.safety(decision)
        self._state(event.telescope, State.SAFETY, body)
        never_known = said.safe is None and decision.state == "unknown"
        if never_known or said.safe is decision.safe:
            return
        said.safe = decision.safe
        kind = EventType.WEATHER_SAFE if decision.safe else EventType.WEATHER_UNSAFE
        self.event(event.telescope, kind, message=short("; ".join(decision.reasons)), reason=decision.state)

    def _state(
        self,
        telescope: str,
        name: State,
        body: Mapping[str, Any],
        *,
        qos: int = 1,
        expiry_s: int | None = None,
    ) -> None:
        topic, payload = self._topics.state(telescope, name), encode(body)
        if payload != self._outbox.value(topic):
            publication = Publication(topic, payload, qos=qos, retain=True, expiry_s=expiry_s, json=True)
            self._outbox.publish(publication)

    def _availability_is(self, telescope: str, word: str) -> None:
        topic = self._topics.state(telescope, "availability")
        if word.encode() != self._outbox.value(topic):
            self._outbox.publish(Publication(topic, word.encode(), retain=True))
