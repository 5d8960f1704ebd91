"""From the bytes of a request to values. Nothing that comes in is trusted; every refusal names the place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent.errors import Problem
from agent.json_in import MAX_BYTES, MAX_DEPTH, JsonError, TooLargeError, decode_text, parse_json
from agent.mqtt.request_bodies import (
    MAX_NAME,
    MAX_REQUEST_ID,
    CommandBody,
    QuestionBody,
    Request,
    SetBody,
    SubmitBody,
    is_request_id,
    with_one_request_id,
)
from agent.requests import Code, Command, Submission
from agent.session.document import with_id_command
from agent.text import escaped

MAX_PAYLOAD = MAX_BYTES

__all__ = [
    "MAX_DEPTH",
    "MAX_PAYLOAD",
    "MAX_REQUEST_ID",
    "BadRequestError",
    "BridgeRequest",
    "SetRequest",
    "peek_request_id",
    "read_bridge",
    "read_command",
    "read_setting",
    "read_submission",
]

_OWN_WORDS = {
    "string_too_long": f"must be a text of at most {MAX_NAME} characters",
    "string_type": f"must be a text of at most {MAX_NAME} characters",
    "dict_type": "must be an object",
    "missing": "is missing",
}
_RequestT = TypeVar("_RequestT", bound=Request)


class BadRequestError(Exception):
    """A request that cannot be read. `request_id` is what could be made out of it."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        path: str = "",
        hint: str = "",
        kind: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id
        self.problem = Problem(kind or code.value, message, hint, path=path)


@dataclass(frozen=True, slots=True)
class SetRequest:
    """A new value for a setting: the text of a bare payload, or the decoded `value` of a JSON body."""

    value: object
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class BridgeRequest:
    """A question to the agent itself."""

    body: dict[str, Any]
    request_id: str = ""


def read_submission(payload: bytes, telescope: str, now: datetime) -> Submission:
    """Read a session on its way in, wrapped in `command` or bare; `telescope` is the topic's, "" for none."""
    found = _read(SubmitBody, _object(_decode(payload), "A session is a JSON object."), now)
    named = found.telescope or ""
    if telescope and named and named != telescope:
        raise BadRequestError(
            Code.INVALID,
            f"The topic names telescope {_quoted(telescope)}, the body {_quoted(named)}.",
            path="/telescope",
            hint="Leave `telescope` out, or make them agree.",
            request_id=_id_of(found),
        )
    wrapped = {} if found.command is None else {"command": found.command}
    return Submission(
        body=with_id_command({**wrapped, **found.more}),
        request_id=_id_of(found),
        session_id=found.session_id or "",
        telescope=telescope or named,
        expires_at=found.expires_at,
    )


def read_command(payload: bytes, now: datetime) -> Command:
    """Read a command: a bare word, or a JSON object whose `command` is one."""
    text = _decode(payload).strip()
    body = _object(text) if text.startswith("{") else {"command": text.strip('"')}
    found = _read(CommandBody, body, now)
    return Command(found.command, _id_of(found), found.reason or "", found.more)


def read_setting(payload: bytes, now: datetime) -> SetRequest:
    """Read a new value: a JSON object with `value`, or the bare value as text."""
    text = _decode(payload)
    if not text.lstrip().startswith("{"):
        return SetRequest(text.strip())
    found = _read(SetBody, _object(text), now)
    return SetRequest(found.value, _id_of(found))


def read_bridge(payload: bytes, now: datetime) -> BridgeRequest:
    """Read a question to the agent: a JSON object, or a bare value that becomes its `value`."""
    text = _decode(payload).strip()
    body = _object(text) if text.startswith("{") else {"value": text}
    found = _read(QuestionBody, body, now)
    return BridgeRequest(found.more, _id_of(found))


def peek_request_id(payload: bytes) -> str:
    """Return the request id of a payload that is refused unread, "" where none can be made out."""
    try:
        return _peek(_object(_decode(payload)))
    except BadRequestError:
        return ""


def _read(kind: type[_RequestT], body: Mapping[str, Any], now: datetime) -> _RequestT:
    request_id = _peek(body)
    normal, named = with_one_request_id(body)
    try:
        found = kind.model_validate(normal)
    except ValidationError as error:
        raise _bad_request(error.errors(include_url=False)[0], named, request_id) from None
    if found.expires_at is not None and found.expires_at <= now:
        raise BadRequestError(
            Code.EXPIRED,
            f"The request expired at {found.expires_at.isoformat()}.",
            path="/expires_at",
            request_id=request_id,
        )
    return found


def _bad_request(wrong: ErrorDetails, named: str, request_id: str) -> BadRequestError:
    key = str(wrong["loc"][0])
    kind, hint = wrong["type"], str(wrong.get("ctx", {}).get("hint", ""))
    code = Code.UNKNOWN_COMMAND if kind == Code.UNKNOWN_COMMAND.value else Code.INVALID
    words = _OWN_WORDS.get(kind, wrong["msg"])
    if key == "request_id":
        key, words = named, f"must be a text of at most {MAX_REQUEST_ID} characters, or a number"
    elif key == "value":
        words = "must be a text, number or true/false"
    return BadRequestError(code, f"`{key}` {words}.", path=f"/{key}", hint=hint, request_id=request_id)


def _decode(payload: bytes) -> str:
    try:
        text = decode_text(payload)
    except JsonError as error:
        raise _unreadable(error) from None
    if "\x00" in text:
        raise BadRequestError(Code.INVALID, "The message holds a NUL character.", kind="not_text")
    return text


def _object(text: str, otherwise: str = "The message must be a JSON object.") -> dict[str, Any]:
    try:
        body = parse_json(text)
    except JsonError as error:
        raise _unreadable(error) from None
    if not isinstance(body, dict):
        raise BadRequestError(Code.INVALID, otherwise, kind="not_object")
    return body


def _unreadable(error: JsonError) -> BadRequestError:
    code = Code.TOO_LARGE if isinstance(error, TooLargeError) else Code.INVALID
    return BadRequestError(
        code,
        f"The message cannot be read: {error.message}",
        path=error.place,
        hint=error.hint,
        kind=error.code,
    )


def _peek(body: Mapping[str, Any]) -> str:
    normal, _ = with_one_request_id(body)
    value = normal.get("request_id")
    return str(value)[:MAX_REQUEST_ID] if is_request_id(value) else ""


def _id_of(request: Request) -> str:
    return "" if request.request_id is None else str(request.request_id)


def _quoted(value: object) -> str:
    return f"'{escaped(value, 60)}'"
