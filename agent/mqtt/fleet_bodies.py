"""What the agents of a fleet say to each other, as types: read by them, and published as JSON Schemas."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from agent.json_in import JsonError, read_json

MOST_TOTALS = 200  # parts of groups that one agent tells of
MOST_BYTES = 8 * 1024  # of an offer or an answer
MOST_ASKED = 16  # agents that make an offer for one session
_SECONDS = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Text = Annotated[str, Field(max_length=300)]

BodyT = TypeVar("BodyT", bound="Said")


class Said(BaseModel):
    """What every message holds: which agent says it. Unknown keys are let pass, for agents to come."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    agent: Word


class Asked(Said):
    """A session on its way: the submission as it came, under the id by which the fleet knows it."""

    id: Id
    command: dict[str, Any]
    session_id: Annotated[str, Field(max_length=255)] = ""
    request_id: Annotated[str, Field(max_length=128)] = ""
    telescope: Annotated[str, Field(max_length=64)]


class Question(Asked):
    """What would your planner do with it? Asked by the agent that took the submission.

    With `asked` only these make offers; the others say whether they know it.
    """

    asked: Annotated[tuple[Word, ...], Field(max_length=MOST_ASKED)] = ()


class HandOver(Asked):
    """Take it: it is yours, for the telescope that you offered. Said again until it is answered."""


class OfferBody(Said):
    """The answer to a question: the best of an agent's telescopes, or nothing (`telescope` null).

    `known` says that this agent has, or had, the submission already.
    """

    id: Id
    telescope: Word | None = None
    night: date | None = None
    starts: AwareDatetime | None = None
    ends: AwareDatetime | None = None
    light_s: Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)] = 0.0
    wanted_s: _SECONDS = 0.0
    queued_s: _SECONDS = 0.0
    absent: bool = False
    known: bool = False
    message: Text = ""


class Taken(Said):
    """The answer to a hand-over: an agent's own answer to the submission."""

    id: Id
    accepted: bool
    duplicate: bool = False
    message: Text = ""
    telescope: Word | None = None
    session_id: Annotated[str, Field(max_length=255)] = ""


class Total(BaseModel):
    """What an agent's telescopes have of one field of a group; `night` is the latest."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    group: Text
    target: Text
    ra_hours: Annotated[float, Field(ge=0, le=24)] | None = None
    dec_degrees: Annotated[float, Field(ge=-90, le=90)] | None = None
    camera: Annotated[str, Field(max_length=20)]
    filter: Annotated[str, Field(max_length=60)] = ""
    taken: Annotated[int, Field(ge=0, le=10**9)]
    stacked: Annotated[int, Field(ge=0, le=10**9)]
    seconds: _SECONDS
    night: date | None = None


class Totals(Said):
    """What an agent's telescopes collected for groups; retained, and says that there is such an agent."""

    groups: Annotated[tuple[Total, ...], Field(max_length=MOST_TOTALS)] = ()


def read(kind: type[BodyT], payload: bytes, most_bytes: int) -> BodyT | None:
    """Return a message of the fleet; None for what is too large, no strict JSON, or not of that kind."""
    try:
        return kind.model_validate(read_json(payload, max_bytes=most_bytes))
    except (JsonError, ValidationError):
        return None


def write(body: Said) -> bytes:
    """Return a message as it is published."""
    return body.model_dump_json().encode()
