"""Tonight's best as the body of its topic."""

from __future__ import annotations

from datetime import datetime

from agent.mqtt.bodies import SuggestionBody, SuggestionsBody
from agent.mqtt.payloads import Payloads, short
from agent.planner.suggestions import MOST, Suggestion, Suggestions


def suggested(payloads: Payloads, found: Suggestions | None, message: str, now: datetime) -> SuggestionsBody:
    """Return the body of a list, or of none with the reason."""
    best = found.best[:MOST] if found is not None else ()
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
    longest = max(one.windows, key=lambda window: window.seconds)
    size = None
    if entry.major_arcmin is not None:
        size = [entry.major_arcmin, entry.minor_arcmin or entry.major_arcmin]
    return {
        "target": short(entry.name),
        "called": one.called and short(one.called),
        "kind": entry.kind.value,
        "score": round(one.score, 1),
        "words": short(one.words),
        "start": payloads.stamp(longest.start),
        "end": payloads.stamp(longest.end),
        "highest": round(one.highest, 1),
        "highest_at": payloads.stamp(one.highest_at),
        "moon_separation": round(one.moon_separation, 1),
        "size": size,
        "collected_s": round(one.collected_s, 1),
        "waits": one.waits,
        "advised": one.advised,
    }
