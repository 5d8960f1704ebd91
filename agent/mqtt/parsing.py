"""From the bytes of a request to values. Nothing that comes in is trusted; every refusal names the place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.requests import Code, Command, RequestProblem, Submission, Verb

MAX_PAYLOAD = 256 * 1024  # bytes; the longest mosaics are a few kilobytes
MAX_DEPTH = 32  # levels of nesting; session documents have four
MAX_REQUEST_ID = 128
MAX_NAME = 255  # characters of a session id: the length of a file name
MAX_DIGITS = 400  # of an integer: no number of ours has 20, and converting very long ones takes long

_ALIASES = ("request_id", "transaction", "id")
_BRACKET_OR_STRING = re.compile(r'"(?:\\.|[^"\\])*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ENVELOPE = (*_ALIASES, "session_id", "telescope", "expires_at")


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
        self.problem = RequestProblem(path, kind or code.value, message, hint)


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
    body = _object(payload, "A session is a JSON object.")
    request_id = _request_id(body)
    with _on_behalf_of(request_id):
        _check_is_session(body)
        named = _text(body, "telescope", MAX_NAME)
        _check_same(telescope, named)
        return Submission(
            body={key: value for key, value in body.items() if not _in_envelope(key, value)},
            request_id=request_id,
            session_id=_text(body, "session_id", MAX_NAME),
            telescope=telescope or named,
            expires_at=_expiry(body, now),
        )


def read_command(payload: bytes, now: datetime) -> Command:
    """Read a command: a bare word, or a JSON object whose `command` is one."""
    text = _decode(payload).strip()
    body = _object(payload) if text.startswith("{") else {"command": text.strip('"')}
    request_id = _request_id(body)
    with _on_behalf_of(request_id):
        verb = _verb(body.get("command"))
        reason = _text(body, "reason", MAX_NAME)
        _expiry(body, now)
    left_out = {"command", "reason", "expires_at", *_ALIASES}
    arguments = {key: value for key, value in body.items() if key not in left_out}
    return Command(verb=verb, request_id=request_id, reason=reason, arguments=arguments)


def read_setting(payload: bytes, now: datetime) -> SetRequest:
    """Read a new value: a JSON object with `value`, or the bare value as text."""
    text = _decode(payload)
    if not text.lstrip().startswith("{"):
        return SetRequest(text.strip())
    body = _object(payload)
    request_id = _request_id(body)
    with _on_behalf_of(request_id):
        _check_has_value(body)
        _expiry(body, now)
    return SetRequest(body["value"], request_id)


def read_bridge(payload: bytes, now: datetime) -> BridgeRequest:
    """Read a question to the agent: a JSON object, or a bare value that becomes its `value`."""
    text = _decode(payload).strip()
    body = _object(payload) if text.startswith("{") else {"value": text}
    request_id = _request_id(body)
    with _on_behalf_of(request_id):
        _expiry(body, now)
    left_out = {"expires_at", *_ALIASES}
    return BridgeRequest({key: value for key, value in body.items() if key not in left_out}, request_id)


def peek_request_id(payload: bytes) -> str:
    """Return the request id of a payload that is refused unread, "" where none can be made out."""
    try:
        return _request_id(_object(payload))
    except BadRequestError as error:
        return error.request_id


@contextmanager
def _on_behalf_of(request_id: str) -> Iterator[None]:
    try:
        yield
    except BadRequestError as error:
        error.request_id = request_id
        raise


def _check_is_session(body: Mapping[str, Any]) -> None:
    if isinstance(body.get("command"), str):
        raise BadRequestError(
            Code.INVALID,
            "`command` must hold the session's steps here, not a word.",
            path="/command",
            hint="Send commands such as abort to the telescope's command topic.",
        )


def _check_same(telescope: str, named: str) -> None:
    if telescope and named and named != telescope:
        raise BadRequestError(
            Code.INVALID,
            f"The topic names telescope {_quoted(telescope)}, the body {_quoted(named)}.",
            path="/telescope",
            hint="Leave `telescope` out, or make them agree.",
        )


def _check_has_value(body: Mapping[str, Any]) -> None:
    if "value" not in body or isinstance(body["value"], dict | list):
        raise BadRequestError(
            Code.INVALID, "A setting needs a `value`: a text, number or true/false.", path="/value"
        )


def _verb(found: object) -> Verb:
    if isinstance(found, dict):
        raise BadRequestError(
            Code.INVALID,
            "`command` must be a word here, such as abort.",
            path="/command",
            hint="Send sessions to the topic session/submit.",
        )
    if not isinstance(found, str) or not found.strip():
        raise BadRequestError(Code.INVALID, "A command needs a word in `command`.", path="/command")
    try:
        return Verb(found.strip().lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        raise BadRequestError(
            Code.UNKNOWN_COMMAND,
            f"There is no command {_quoted(found)}.",
            path="/command",
            hint=f"Known are {', '.join(verb.value for verb in Verb)}.",
        ) from None


def _decode(payload: bytes) -> str:
    if len(payload) > MAX_PAYLOAD:
        raise BadRequestError(
            Code.TOO_LARGE, f"The message has {len(payload)} bytes; {MAX_PAYLOAD} are the most that is taken."
        )
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequestError(
            Code.INVALID, f"The message is not UTF-8 text (byte {error.start}).", kind="not_utf8"
        ) from None
    if "\x00" in text:
        raise BadRequestError(Code.INVALID, "The message holds a NUL character.", kind="not_text")
    return text


def _object(payload: bytes, otherwise: str = "The message must be a JSON object.") -> dict[str, Any]:
    text = _decode(payload)
    _check_depth(text)
    try:
        body = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
        )
    except json.JSONDecodeError as error:
        raise BadRequestError(
            Code.INVALID,
            f"The message is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            kind="not_json",
        ) from None
    if _SURROGATE.search(text) and not _is_text(body):
        raise BadRequestError(Code.INVALID, "The message holds half of a surrogate pair.", kind="not_text")
    if not isinstance(body, dict):
        raise BadRequestError(Code.INVALID, otherwise, kind="not_object")
    return body


def _check_depth(text: str) -> None:
    depth = 0
    for match in _BRACKET_OR_STRING.finditer(text):
        found = match[0]
        if found in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadRequestError(
                    Code.INVALID, f"The message is nested deeper than {MAX_DEPTH} levels.", kind="too_deep"
                )
        elif found in "]}":
            depth -= 1


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BadRequestError(
                Code.INVALID,
                f"The key {_quoted(key)} stands twice in one object.",
                kind="duplicate_key",
                hint="Keep one of the two.",
            )
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    raise BadRequestError(Code.INVALID, f"{name} is not a number in JSON.", kind="not_json")


def _bounded_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise BadRequestError(Code.INVALID, f"A number has {len(digits)} digits.", kind="out_of_range")
    return int(digits)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise BadRequestError(
            Code.INVALID, f"The number {_quoted(digits)} is too large.", kind="out_of_range"
        )
    return value


def _is_text(body: object) -> bool:
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _request_id(body: Mapping[str, Any]) -> str:
    for key in _ALIASES:
        value = body.get(key)
        if value is None or (key == "id" and not _is_id(value)):
            continue
        if not _is_id(value):
            raise BadRequestError(Code.INVALID, f"`{key}` must be a text.", path=f"/{key}")
        text = str(value)
        if len(text) > MAX_REQUEST_ID:
            raise BadRequestError(
                Code.INVALID,
                f"`{key}` has {len(text)} characters; {MAX_REQUEST_ID} are the most.",
                path=f"/{key}",
                request_id=text[:MAX_REQUEST_ID],
            )
        return text
    return ""


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _in_envelope(key: str, value: object) -> bool:
    return key in _ENVELOPE and (key != "id" or _is_id(value))


def _text(body: Mapping[str, Any], key: str, limit: int) -> str:
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise BadRequestError(
            Code.INVALID, f"`{key}` must be a text of at most {limit} characters.", path=f"/{key}"
        )
    return value


def _expiry(body: Mapping[str, Any], now: datetime) -> datetime | None:
    value = body.get("expires_at")
    if value is None:
        return None
    try:
        expires_at = datetime.fromisoformat(value)
        offset = expires_at.utcoffset()
    except (TypeError, ValueError):
        offset = None
    if offset is None:
        raise BadRequestError(
            Code.INVALID,
            f"`expires_at` is not an instant with an offset: {_quoted(value)}.",
            path="/expires_at",
            hint="Write it like 2026-11-22T21:40:00+01:00.",
        )
    if expires_at <= now:
        raise BadRequestError(
            Code.EXPIRED, f"The request expired at {expires_at.isoformat()}.", path="/expires_at"
        )
    return expires_at


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
