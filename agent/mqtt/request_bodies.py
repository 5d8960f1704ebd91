"""What callers may send, as types: requests are read by them, and the published JSON Schemas are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from agent.requests import Verb
from agent.text import escaped

MAX_REQUEST_ID = 128
MAX_NAME = 255  # characters of a session id: the length of a file name

ALIASES = ("request_id", "transaction", "id")
"""Keys that may hold the request id, the first of them that does counts."""

SYNONYMS = {"stop": Verb.ABORT, "cancel": Verb.ABORT}
"""What people and other programs say, and the verb they mean."""


def is_request_id(value: object) -> bool:
    """Tell whether a value can be a request id; under the key `id` anything else is the session's own."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def _instant(value: object) -> object:
    if value is None or isinstance(value, datetime):
        return value
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.utcoffset() is None:
        raise PydanticCustomError(
            "instant",
            "is not an instant with an offset: {shown}",
            {"shown": _quoted(value), "hint": "Write it like 2026-11-22T21:40:00+01:00."},
        )
    return instant


def _verb(value: object) -> object:
    if isinstance(value, dict):
        raise PydanticCustomError(
            "not_a_word",
            "must be a word here, such as abort",
            {"hint": "Send sessions to the topic session/submit."},
        )
    if not isinstance(value, str) or not value.strip():
        raise PydanticCustomError("no_word", "must hold a word")
    word = value.strip().lower().replace("-", "_").replace(" ", "_")
    try:
        return SYNONYMS.get(word) or Verb(word)
    except ValueError:
        raise PydanticCustomError(
            "unknown_command",
            "does not know {shown}",
            {"shown": _quoted(value), "hint": f"Known are {', '.join(verb.value for verb in Verb)}."},
        ) from None


def _steps(value: object) -> object:
    if isinstance(value, str):
        raise PydanticCustomError(
            "a_word",
            "must hold the session's steps here, not a word",
            {"hint": "Send commands such as abort to the telescope's command topic."},
        )
    return value


def _quoted(value: object) -> str:
    return f"'{escaped(value, 60)}'"


RequestId = Annotated[
    Annotated[str, Field(max_length=MAX_REQUEST_ID)] | Annotated[int, Field(gt=-(2**63), lt=2**63)] | None,
    Field(description="Echoed in every answer, event and result."),
]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
Name = Annotated[str, Field(max_length=MAX_NAME)]


class Request(BaseModel):
    """What every request may hold. Further keys are kept as its `more`."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, hide_input_in_errors=True)

    request_id: RequestId = None
    expires_at: Instant | None = None

    @property
    def more(self) -> dict[str, Any]:
        """The keys beside those of the type, as they came."""
        return dict(self.model_extra or {})


class SubmitBody(Request):
    """A session on its way in: the document wrapped in `command`, or its keys beside these."""

    command: Annotated[dict[str, Any] | None, BeforeValidator(_steps)] = None
    session_id: Name | None = None
    telescope: Name | None = None


class CommandBody(Request):
    """A command: a verb and its arguments beside it. The bare verb alone will do as well."""

    command: Annotated[Verb, BeforeValidator(_verb)]
    reason: Name | None = None


class SetBody(Request):
    """A new value for a setting. The bare value alone will do as well."""

    value: str | int | float | bool | None


class QuestionBody(Request):
    """A question to the agent itself, with what it asks for beside these keys."""


def with_one_request_id(body: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a body whose request id is under `request_id`, and the key that it was under."""
    held = [key for key in ALIASES if body.get(key) is not None]
    named = next((key for key in held if key != "id" or is_request_id(body["id"])), "")
    kept = {
        key: value
        for key, value in body.items()
        if key not in ALIASES or (key == "id" and not is_request_id(value))
    }
    return ({"request_id": body[named], **kept} if named else kept), named or "request_id"
