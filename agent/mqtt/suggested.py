"""Tonight's best as the body of its topic."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from agent.mqtt.bodies import Count, Instant, ShortText
from agent.mqtt.payloads import Payloads, short
from agent.planner.suggestions import MOST, Suggestion, Suggestions


class SuggestionBody(TypedDict):
    """One object worth a picture. `score` is from 0 to 100; `start` and `end` are of its longest window.

    Degrees; `size` in arcminutes. `waits`: a session of it is in the queue. `advised`: by uptonight.
    """

    target: ShortText
    called: ShortText | None
    kind: str
    score: Annotated[float, Field(ge=0, le=100)]
    words: ShortText
    start: Instant
    end: Instant
    highest: float
    highest_at: Instant
    moon_separation: float
    size: list[float] | None
    collected_s: Annotated[float, Field(ge=0)]
    waits: bool
    advised: bool


class SuggestionsBody(TypedDict):
    """What is worth a picture this night, the best first. `message` says why there is nothing, else ""."""

    night: Annotated[str, Field(json_schema_extra={"format": "date"})] | None
    made_at: Instant
    count: Count
    best: ShortText | None
    message: ShortText
    moon_illumination: Annotated[float, Field(ge=0, le=1)] | None
    suggestions: Annotated[list[SuggestionBody], Field(max_length=MOST)]


def suggested(payloads: Payloads, found: Suggestions | None, message: str, now: datetime) -> SuggestionsBody:
    """Return the body of a list, or of none with the reason."""
    best = found.best if found is not None else ()
    return {
        "night": found.night.isoformat() if found is not None else None,
        "made_at": payloads.stamp(found.made_at if found is not None else now),
        "count": len(best),
        "best": short(best[0].title) if best else None,
        "message": short(found.why_none if found is not None else message),
        "moon_illumination": round(min(1.0, found.illumination), 2) if found is not None else None,
        "suggestions": [_suggestion(payloads, one) for one in best],
    }


def _suggestion(payloads: Payloads, one: Suggestion) -> SuggestionBody:
    entry = one.entry
    size = None
    if entry.major_arcmin is not None:
        size = [entry.major_arcmin, entry.minor_arcmin or entry.major_arcmin]
    return {
        "target": short(entry.name),
        "called": one.called and short(one.called),
        "kind": entry.kind.value,
        "score": round(one.score, 1),
        "words": short(one.words),
        "start": payloads.stamp(one.longest.start),
        "end": payloads.stamp(one.longest.end),
        "highest": round(one.highest, 1),
        "highest_at": payloads.stamp(one.highest_at),
        "moon_separation": round(one.moon_separation, 1),
        "size": size,
        "collected_s": round(one.collected_s, 1),
        "waits": one.waits,
        "advised": one.advised,
    }
