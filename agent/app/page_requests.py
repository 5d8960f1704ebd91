"""Where requests that do not come over MQTT are read, carried out and answered, as MQTT's are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from agent.app.handlers import AgentHandlers
from agent.clock import Clock
from agent.mqtt.answers import refusal
from agent.mqtt.inbox import LIMITS, Work, error_reply, is_stop
from agent.mqtt.parsing import BadRequestError, read_bridge, read_command, read_setting, read_submission
from agent.mqtt.payloads import Payloads, command_answer, plain
from agent.requests import Code, Command, Reply
from agent.session.telescope_wish import is_open
from agent.text import escaped
from agent.web.agent import Answer, Body

_LOGGER = logging.getLogger(__name__)

Tell = Callable[[str, Body], None]  # telescope, the answer it was given


class PageRequests:
    """Owner of the requests in work. `tell` hears every answer about a telescope."""

    def __init__(self, handlers: AgentHandlers, payloads: Payloads, clock: Clock, tell: Tell) -> None:
        self._handlers = handlers
        self._payloads = payloads
        self._clock = clock
        self._tell = tell
        self._in_work = dict.fromkeys(Work, 0)
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop working on requests."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def submit(self, payload: bytes, telescope: str, who: str) -> Answer:
        """Check and store a session."""
        request_id = ""
        try:
            submission = read_submission(payload, telescope, self._clock.now())
            request_id = submission.request_id
            _LOGGER.info("Page: %s submits a session to %s", who, telescope)
            told = await self._limited(Work.SUBMISSION, request_id, lambda: self._handlers.submit(submission))
            told = replace(told, request_id=told.request_id or request_id)
        except BadRequestError as error:
            reply = Reply(False, error.code, error.problem.message, error.request_id, error.problem.hint)
            told = refusal(reply, telescope, error.request_id, error.problem)
        except Exception as error:  # noqa: BLE001
            told = refusal(error_reply(error), telescope, request_id)
        body, where = self._payloads.answer(told), told.telescope or telescope
        return (
            Answer(told.accepted, plain(body)) if is_open(where) else self._answer(told.accepted, where, body)
        )

    async def command(self, telescope: str, payload: bytes, who: str) -> Answer:
        """Carry out a command; answer as soon as anything is said."""
        try:
            command = read_command(payload, self._clock.now())
        except BadRequestError as error:
            reply = Reply(False, error.code, error.problem.message, error.request_id, error.problem.hint)
            return self._reply(telescope, reply)
        _LOGGER.info("Page: %s asks %s to %s", who, telescope, command.verb.value)
        place = Work.STOP if is_stop(command) else Work.COMMAND
        if self._in_work[place] >= LIMITS[place]:
            return self._reply(telescope, _busy(place, command.request_id), command.verb.value)
        first: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._carry_out(telescope, command, place, first), name="page-command")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await first

    async def set_value(self, telescope: str, key: str, payload: bytes, who: str) -> Answer:
        """Change a setting of a telescope."""
        request_id = ""
        try:
            request = read_setting(payload, self._clock.now())
            request_id = request.request_id
            _LOGGER.info("Page: %s sets %s of %s", who, escaped(key, 40), telescope)
            reply = await self._limited(
                Work.SETTING, request_id, lambda: self._handlers.set_value(telescope, key, request.value)
            )
        except BadRequestError as error:
            reply = Reply(False, error.code, error.problem.message, error.request_id, error.problem.hint)
        except Exception as error:  # noqa: BLE001
            reply = error_reply(error)
        return self._reply(telescope, _with_id(reply, request_id), setting=key)

    async def ask(self, verb: str, payload: bytes, who: str) -> Answer:
        """Answer a question about the agent itself."""
        request_id, data = "", None
        try:
            request = read_bridge(payload, self._clock.now())
            request_id = request.request_id
            _LOGGER.debug("Page: %s asks for %s", who, escaped(verb, 40))
            data = plain(
                await self._limited(
                    Work.QUESTION, request_id, lambda: self._handlers.bridge_request(verb, request.body)
                )
            )
            reply = Reply(True, Code.DONE, "", request_id)
        except BadRequestError as error:
            reply = Reply(False, error.code, error.problem.message, error.request_id, error.problem.hint)
        except Exception as error:  # noqa: BLE001
            reply = _with_id(error_reply(error), request_id)
        body = {
            "request_id": reply.request_id or None,
            "status": "ok" if reply.ok else "error",
            "code": reply.code,
            "message": reply.message,
            "hint": reply.hint,
            "data": data,
        }
        return Answer(reply.ok, plain(body))

    async def _carry_out(
        self, telescope: str, command: Command, place: Work, first: asyncio.Future[Answer]
    ) -> None:
        verb = command.verb.value

        def say(reply: Reply) -> None:
            answer = self._reply(telescope, _with_id(reply, command.request_id), verb)
            if not first.done():
                first.set_result(answer)

        self._in_work[place] += 1
        try:
            say(
                await self._handlers.command(
                    telescope, command, lambda text: say(Reply(True, Code.ACCEPTED, text))
                )
            )
        except Exception as error:  # noqa: BLE001
            say(error_reply(error))
        finally:
            self._in_work[place] -= 1
            first.cancel()

    async def _limited(self, place: Work, request_id: str, work: Callable[[], Awaitable[Any]]) -> Any:
        if self._in_work[place] >= LIMITS[place]:
            busy = _busy(place, request_id)
            raise BadRequestError(busy.code, busy.message, hint=busy.hint, request_id=request_id)
        self._in_work[place] += 1
        try:
            return await work()
        finally:
            self._in_work[place] -= 1

    def _reply(self, telescope: str, reply: Reply, command: str = "", *, setting: str = "") -> Answer:
        return self._answer(
            reply.ok, telescope, command_answer(reply, telescope, command=command, setting=setting)
        )

    def _answer(self, ok: bool, telescope: str, body: Any) -> Answer:
        self._tell(telescope, body)
        return Answer(ok, plain(body))


def _with_id(reply: Reply, request_id: str) -> Reply:
    return replace(reply, request_id=reply.request_id or request_id)


def _busy(place: Work, request_id: str) -> Reply:
    message = f"{LIMITS[place]} requests of this kind are in work already."
    return Reply(False, Code.BUSY, message, request_id, "Wait for their answers, then send it again.")
