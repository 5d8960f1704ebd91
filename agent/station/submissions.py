"""Taking a submitted session: checked, remembered, stored, queued; the same one twice runs once."""

from __future__ import annotations

import asyncio
import itertools
import re
from datetime import datetime

from agent.clock import aware_instant
from agent.errors import AgentError, Problem, errors_of, warnings_of
from agent.events import Source
from agent.requests import Acknowledgement, Code, Submission
from agent.schedule.waiting import Waiting
from agent.session.document import Reading, body_of, read_session
from agent.session.identity import safe_session_id
from agent.session.problems import InvalidSessionError
from agent.sky.catalogue import resolve
from agent.station.expected import expected_of_new
from agent.station.station import Station
from agent.store.ledger import Entry, body_hash, submission_key


class Submissions:
    """Takes sessions for one station."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._lock = asyncio.Lock()

    async def submit(self, submission: Submission) -> Acknowledgement:
        """Answer one submission at once; its result is an event."""
        station = self._station
        now = station.clock.now()
        if submission.expires_at is not None and submission.expires_at <= now:
            return self._refusal(submission, Code.EXPIRED, "The submission came after its expires_at.")
        reading = read_session(submission.body, name=submission.session_id, resolve=resolve)
        if not reading.ok:
            return self._invalid(submission, reading.problems)
        async with self._lock:
            entry = await asyncio.to_thread(self._find, submission, now)
            if entry is not None and (answer := await self._again(submission, entry)) is not None:
                return answer
            key = entry.key if entry is not None else _key(submission, now)
            return await self._store(submission, reading, key)

    async def known(self, submission: Submission) -> Acknowledgement | None:
        """Return the answer to a submission that was taken before; None to a new one."""
        entry = await asyncio.to_thread(self._find, submission, self._station.clock.now())
        return None if entry is None else await self._again(submission, entry)

    def _find(self, submission: Submission, now: datetime) -> Entry | None:
        ledger = self._station.ledger
        if not submission.session_id and not submission.request_id:
            return ledger.redelivered(_content(submission))
        return ledger.find(_key(submission, now))

    async def _store(self, submission: Submission, reading: Reading, key: str) -> Acknowledgement:
        station = self._station
        assert reading.document is not None
        named = submission.session_id or _named(reading.document.target, key)
        session_id = await asyncio.to_thread(self._free_id, safe_session_id(named))
        await self._record(key, session_id, submission)
        try:
            stored = await asyncio.to_thread(station.store.add, session_id, _signed(submission, reading))
        except InvalidSessionError as error:
            await asyncio.to_thread(station.ledger.forget, key)
            return self._invalid(submission, error.problems)
        except AgentError:
            await asyncio.to_thread(station.ledger.forget, key)
            raise
        try:
            if stored.session_id != session_id:
                await self._record(key, stored.session_id, submission)
            waiting = await station.intake.take_submission(stored)
        except AgentError as error:  # refused must mean that nothing runs
            await asyncio.to_thread(station.store.withdraw, stored.session_id)
            await asyncio.to_thread(station.ledger.forget, key)
            if isinstance(error, InvalidSessionError):
                return self._invalid(submission, error.problems)
            raise
        position = station.dispatcher.position(stored.session_id)
        return Acknowledgement(
            accepted=True,
            code=Code.QUEUED,
            message=await self._queued(waiting, position),
            telescope=station.id,
            request_id=submission.request_id,
            session_id=stored.session_id,
            position=position,
            scheduled_for=waiting.start,
            warnings=stored.problems,
        )

    async def _queued(self, waiting: Waiting, position: int | None) -> str:
        target, station = waiting.brief.target, self._station
        if position is None:  # others are made of it
            return f"{target} is queued."
        soon = await expected_of_new(station, waiting, station.dispatcher.queue[: position - 1])
        return f"{target} is queued at place {position}. {soon.words(station.clock.now(), station.zone)}"

    def _free_id(self, wished: str) -> str:
        """The id the session will get: written down before it is stored, it must be no other session's."""
        numbered = (f"{wished}--{number}" for number in itertools.count(2))
        return next(
            each for each in itertools.chain([wished], numbered) if not self._station.store.waits(each)
        )

    async def _record(self, key: str, session_id: str, submission: Submission) -> None:
        await asyncio.to_thread(
            self._station.ledger.record,
            key,
            session_id=session_id,
            request_id=submission.request_id,
            body_hash=_content(submission),
        )

    async def _again(self, submission: Submission, entry: Entry) -> Acknowledgement | None:
        """The answer to a submission that was taken before; None when it never reached the disk."""
        station = self._station
        session_id = entry.session_id
        if await asyncio.to_thread(station.neighbours.waits, session_id):
            runs = station.running is not None and station.running.waiting.session_id == session_id
            return self._still_open(submission, entry, "it runs" if runs else "it waits")
        ended = (
            (entry.outcome, entry.ended_at) if entry.outcome else await asyncio.to_thread(self._end, entry)
        )
        return None if ended is None else self._ended(submission, session_id, *ended)

    def _end(self, entry: Entry) -> tuple[str, datetime | None] | None:
        """How and when its file says that it ended; the file of an older one of that name does not count."""
        found = self._station.neighbours.ended(entry.session_id)
        if found is None:
            return None
        details = body_of(found[1].raw)["result_details"]
        ended_at = aware_instant(details.get("ended_at"))
        same_request = bool(entry.request_id) and details.get("request_id") == entry.request_id
        if not same_request and ended_at is not None and ended_at < entry.at.replace(microsecond=0):
            return None
        return str(details.get("outcome")), ended_at

    def _still_open(self, submission: Submission, entry: Entry, what: str) -> Acknowledgement:
        changed = Problem(
            "not_taken",
            "It differs from what was submitted before; what is different now is not taken.",
            "Remove the session first, or send this under another session_id.",
        )
        return Acknowledgement(
            accepted=True,
            code=Code.DUPLICATE,
            message=f"This session was submitted before; {what}.",
            telescope=self._station.id,
            request_id=submission.request_id,
            session_id=entry.session_id,
            position=self._station.dispatcher.position(entry.session_id),
            duplicate=True,
            warnings=() if entry.body_hash == _content(submission) else (changed,),
        )

    def _ended(
        self, submission: Submission, session_id: str, outcome: str, at: datetime | None
    ) -> Acknowledgement:
        """Nothing will come of it, and that must not look like success."""
        when = f" on {at.astimezone(self._station.zone):%Y-%m-%d at %H:%M}" if at else ""
        message = f"This session was submitted before and ended as {outcome}{when}; it does not run again."
        name = "session_id" if submission.session_id else "request_id"
        problem = Problem(
            Code.DUPLICATE.value, message, f"To run it again, send it with another {name}.", path=f"/{name}"
        )
        return Acknowledgement(
            accepted=False,
            code=Code.DUPLICATE,
            message=message,
            telescope=self._station.id,
            request_id=submission.request_id,
            session_id=session_id,
            duplicate=True,
            errors=(problem,),
        )

    def _invalid(self, submission: Submission, problems: tuple[Problem, ...]) -> Acknowledgement:
        errors = errors_of(problems)
        first = errors[0].message if errors else "The session cannot be used."
        return Acknowledgement(
            accepted=False,
            code=Code.INVALID,
            message=first,
            telescope=self._station.id,
            request_id=submission.request_id,
            session_id=submission.session_id,
            errors=errors,
            warnings=warnings_of(problems),
        )

    def _refusal(self, submission: Submission, code: Code, message: str) -> Acknowledgement:
        return Acknowledgement(
            accepted=False,
            code=code,
            message=message,
            telescope=self._station.id,
            request_id=submission.request_id,
            session_id=submission.session_id,
            errors=(Problem(code.value, message),),
        )


def _key(submission: Submission, now: datetime) -> str:
    return submission_key(submission.session_id, submission.request_id, _content(submission), now)


def _content(submission: Submission) -> str:
    """The hash of what it asks for, wrapped in `command` or bare."""
    return body_hash(submission.body.get("command", submission.body))


def _named(target: str, key: str) -> str:
    word = re.sub(r"[^A-Za-z0-9]+", "", target) or "session"
    return f"{word[:40]}-{body_hash(key)[:8]}"


def _signed(submission: Submission, reading: Reading) -> dict[str, object]:
    """The document with what must survive a restart written into it."""
    assert reading.document is not None
    raw = reading.document.raw
    body = raw.get("command", raw)
    book = {"request_id": submission.request_id, "source": Source.MQTT.value}
    body["id_command"] = {**body["id_command"], **{key: value for key, value in book.items() if value}}
    return {"command": body}
