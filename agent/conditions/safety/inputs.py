"""What safety sources send, read strictly: anything that is not understood is unsafe.

A heartbeat is JSON, `{"safe": true, "reason": "cloud 12 %", "ts": "2026-11-22T21:00:03+01:00", "ttl": 180}`,
or one bare word (safe, unsafe, on, off, true, false; "on" means safe). The age of a reading counts from its
arrival on the agent's own clock. `ts` only unmasks good news that was already old when it arrived: a retained
message, or one the broker held back.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.conditions.safety.errors import UnreadableInputError
from agent.json_in import JsonError, NotJsonError, decode_text, parse_json
from agent.reasons import SafetyLevel
from agent.text import escaped

MAX_TTL_S = 3600.0  # a sensor that is silent for an hour cannot vouch for the sky
CLOCK_SKEW_S = 60.0  # clocks of sensors may be off by this much
MAX_REPORT = 16_384  # bytes; a heartbeat is a hundred bytes; more is something else
_SAFE_WORDS = {"safe": True, "on": True, "true": True, "unsafe": False, "off": False, "false": False}
_MAX_REASON = 200  # characters of a reason that are kept
_MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: how bad, why, and for how many seconds from its arrival it is good (0: too old already).

    `age_s` is how old it was when it arrived; `name` what the source calls itself to people.
    """

    level: SafetyLevel
    reason: str
    good_for_s: float
    age_s: float = 0.0
    name: str = ""


def read_heartbeat(
    payload: bytes,
    *,
    received_at: datetime,
    retained: bool,
    ttl_s: float,
    unsafe_level: SafetyLevel = SafetyLevel.WARNING,
) -> Reading:
    """Read a heartbeat; UnreadableInputError says what is wrong with it.

    `ttl_s` and `unsafe_level` hold where the message does not say them itself. Bad news is never too old:
    age, a retain flag and the time to live weaken good news alone.
    """
    body = _body(payload)
    safe = _safe(body.get("safe"))
    level = _level(body.get("level"), safe, unsafe_level)
    reason = escaped(" ".join(str(body.get("reason") or ("safe" if safe else "unsafe")).split()), _MAX_REASON)
    name = escaped(" ".join(str(body.get("name") or "").split()), _MAX_NAME)
    if not safe:
        return Reading(level, reason, good_for_s=_longest(body.get("ttl"), ttl_s), name=name)
    ttl = _ttl(body.get("ttl"), ttl_s)
    age = age_on_arrival(body.get("ts"), received_at=received_at, retained=retained, ttl_s=ttl)
    return Reading(level, reason, good_for_s=max(0.0, ttl - age), age_s=age, name=name)


def age_on_arrival(stamp: object, *, received_at: datetime, retained: bool, ttl_s: float) -> float:
    """Return how old good news was when it arrived, in seconds; its full time to live if it cannot tell.

    A live message is new unless its stamp says that it is older than its time to live and the clocks' skew
    together. A retained one is as old as its stamp says; without a stamp, or with one from the future, it
    is too old.
    """
    if stamp is None:
        return ttl_s if retained else 0.0
    age = (received_at - _instant(stamp)).total_seconds()
    if retained:
        return ttl_s if age < -CLOCK_SKEW_S else max(0.0, age)
    return age if age > ttl_s + CLOCK_SKEW_S else 0.0


def _body(payload: bytes) -> dict[str, Any]:
    try:
        text = decode_text(payload, max_bytes=MAX_REPORT).strip()
        word = _SAFE_WORDS.get(text.casefold())
        body = {"safe": word} if word is not None else parse_json(text)
    except NotJsonError:
        raise UnreadableInputError(f"{text[:40]!r} is neither JSON nor safe or unsafe.") from None
    except JsonError as error:
        raise UnreadableInputError(error.message) from None
    if not isinstance(body, dict):
        raise UnreadableInputError(f"{text[:40]!r} is not an object with the key safe.")
    return body


def _safe(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = _SAFE_WORDS.get(value.casefold().strip()) if isinstance(value, str) else None
    if word is None:
        raise UnreadableInputError(f"safe must be true or false, not '{escaped(value, 40)}'.")
    return word


def _level(value: object, safe: bool, unsafe_level: SafetyLevel) -> SafetyLevel:
    if value is None:
        return SafetyLevel.CLEAR if safe else unsafe_level
    try:
        level = SafetyLevel(value if isinstance(value, str) else "")
    except ValueError:
        raise UnreadableInputError(f"level must be warning or alert, not '{escaped(value, 40)}'.") from None
    if safe is not (level is SafetyLevel.CLEAR):
        raise UnreadableInputError(f"safe is {safe} but level is {level.value}.")
    return level


def _ttl(value: object, default: float) -> float:
    if value is None:
        return default
    number = _number(value, "ttl")
    if not 0 < number <= MAX_TTL_S:
        raise UnreadableInputError(f"ttl must be above 0 and at most {MAX_TTL_S:g} seconds, not {number:g}.")
    return number


def _longest(value: object, default: float) -> float:
    """Return how long bad news holds: as long as it says, never shorter than the configured time."""
    try:
        return max(_ttl(value, default), default)
    except UnreadableInputError:
        return default


def _instant(stamp: object) -> datetime:
    """Read an ISO 8601 instant with its offset, or seconds since 1970."""
    try:
        if isinstance(stamp, str) and not stamp.strip().replace(".", "", 1).isdigit():
            instant = datetime.fromisoformat(stamp.strip())
        else:
            instant = datetime.fromtimestamp(_number(stamp, "ts"), UTC)
    except (ValueError, OverflowError, OSError):
        raise UnreadableInputError(f"ts must be an ISO 8601 time, not {str(stamp)[:40]!r}.") from None
    if instant.tzinfo is None:
        raise UnreadableInputError(f"ts {str(stamp)[:40]!r} has no offset from UTC, such as +01:00.")
    return instant


def _number(value: object, name: str) -> float:
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise UnreadableInputError(f"{name} must be a number, not {str(value)[:40]!r}.")
    return number
