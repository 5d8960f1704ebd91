"""Taking a submitted session: checked, remembered, stored, queued; the same one twice runs once."""

from __future__ import annotations

import asyncio
import logging
import re

from agent.errors import AgentError
from agent.events import Source
from agent.requests import Acknowledgement, Code, RequestProblem, Submission
from agent.session.document import Reading, read_session
from agent.session.identity import safe_session_id
from agent.session.problems import InvalidSessionError, Problem, Severity
from agent.sky.nights import night_of
from agent.station.station import Station
from agent.store.ledger import Entry, body_hash, submission_key

_LOGGER = logging.getLogger(__name__)


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
        reading = read_session(submission.body, name=submission.session_id)
        if not reading.ok:
            return self._invalid(submission, reading.problems)
        night = night_of(now, station.site, station.zone).isoformat()
        key = submission_key(station.id, submission.session_id, submission.body, night)
        async with self._lock:
            entry = await asyncio.to_thread(station.ledger.find, key)
            if entry is not None and (answer := await self._again(submission, entry)) is not None:
                return answer
            return await self._store(submission, reading, key)

    async def _store(self, submission: Submission, reading: Reading, key: str) -> Acknowledgement:
        station = self._station
        assert reading.document is not None
        digest = body_hash(submission.body)
        session_id = safe_session_id(submission.session_id or _named(reading.document.target, digest))
        await asyncio.to_thread(
            station.ledger.record,
            key,
            session_id=session_id,
            request_id=submission.request_id,
            body_hash=digest,
        )
        try:
            stored = await asyncio.to_thread(station.store.add, session_id, _signed(submission, reading))
        except InvalidSessionError as error:
            await asyncio.to_thread(station.ledger.forget, key)
            return self._invalid(submission, error.problems)
        except AgentError:
            await asyncio.to_thread(station.ledger.forget, key)
            raise
        if stored.session_id != session_id:
            await asyncio.to_thread(
                station.ledger.record,
                key,
                session_id=stored.session_id,
                request_id=submission.request_id,
                body_hash=digest,
            )
        waiting = await station.intake.take_submission(stored)
        position = station.dispatcher.position(stored.session_id)
        return Acknowledgement(
            accepted=True,
            code=Code.QUEUED,
            message=f"{waiting.brief.target} is queued" + (f" at place {position}." if position else "."),
            telescope=station.id,
            request_id=submission.request_id,
            session_id=stored.session_id,
            position=position,
            scheduled_for=waiting.start,
            warnings=tuple(_problem(problem) for problem in stored.problems),
        )

    async def _again(self, submission: Submission, entry: Entry) -> Acknowledgement | None:
        """The answer to a submission that was taken before; None when it never reached the disk."""
        station = self._station
        session_id = entry.session_id
        waits = station.dispatcher.position(session_id)
        running = station.running is not None and station.running.waiting.session_id == session_id
        if not entry.outcome and waits is None and not running:
            on_disk = await asyncio.to_thread(station.store.get, session_id)
            if on_disk is None and await asyncio.to_thread(station.store.find_ended, session_id) is None:
                return None
        said = f"it ended as {entry.outcome}" if entry.outcome else "it runs" if running else "it waits"
        return Acknowledgement(
            accepted=True,
            code=Code.DUPLICATE,
            message=f"This session was submitted before; {said}.",
            telescope=station.id,
            request_id=submission.request_id,
            session_id=session_id,
            position=waits,
            duplicate=True,
        )

    def _invalid(self, submission: Submission, problems: tuple[Problem, ...]) -> Acknowledgement:
        errors = tuple(_problem(problem) for problem in problems if problem.severity is Severity.ERROR)
        first = errors[0].message if errors else "The session cannot be used."
        return Acknowledgement(
            accepted=False,
            code=Code.INVALID,
            message=first,
            telescope=self._station.id,
            request_id=submission.request_id,
            session_id=submission.session_id,
            errors=errors,
            warnings=tuple(_problem(problem) for problem in problems if problem.severity is Severity.WARNING),
        )

    def _refusal(self, submission: Submission, code: Code, message: str) -> Acknowledgement:
        return Acknowledgement(
            accepted=False,
            code=code,
            message=message,
            telescope=self._station.id,
            request_id=submission.request_id,
            session_id=submission.session_id,
            errors=(RequestProblem("", code.value, message),),
        )


def _named(target: str, digest: str) -> str:
    word = re.sub(r"[^A-Za-z0-9]+", "", target) or "session"
    return f"{word[:40]}-{digest[:8]}"


def _signed(submission: Submission, reading: Reading) -> dict[str, object]:
    """The document with what must survive a restart written into it."""
    assert reading.document is not None
    raw = reading.document.raw
    body = raw.get("command", raw)
    book = {"request_id": submission.request_id, "source": Source.MQTT.value}
    body["id_command"] = {**body["id_command"], **{key: value for key, value in book.items() if value}}
    return {"command": body}


def _problem(problem: Problem) -> RequestProblem:
    return RequestProblem(problem.path, problem.code, problem.message, problem.hint)
