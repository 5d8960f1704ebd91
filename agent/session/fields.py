"""Field types of the document's sections: each pairs a lenient reader with its JSON Schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_plain_validator_function

from agent.session.coordinates import parse_dec, parse_ra
from agent.session.numbers import (
    between,
    is_number_text,
    read_boolean,
    read_integer,
    read_number,
    read_seconds,
    read_text,
    shown,
)
from agent.session.problems import BadValueError
from agent.targets import SolarBody

_SHORTEST_PAUSE_S = 600.0
_LONGEST_GOAL_S = 1000 * 3600.0
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_DURATION = re.compile(
    rf"(?:{_NUMBER}\s*(?:h|hours?|hrs?))?\s*(?:{_NUMBER}\s*(?:m|mins?|minutes?))?\s*"
    rf"(?:{_NUMBER}\s*(?:s|secs?|seconds?))?",
    re.ASCII,
)
_CLOCK = re.compile(r"(\d{1,4}):([0-5]?\d):([0-5]?\d)", re.ASCII)
_DATE_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 2000, 2199  # beyond is a slip of the finger

E = TypeVar("E", bound=StrEnum)


class WhenMissed(StrEnum):
    """What happens to a session whose start passed while it could not run."""

    RUN = "run"
    SKIP = "skip"
    WAIT = "wait"


class OnError(StrEnum):
    """What a failed session means for what follows."""

    RETRY = "retry"
    SKIP = "skip"
    END_NIGHT = "end_night"


class WatchFrames(StrEnum):
    """What happens when frames get clearly worse, or fewer are kept, than at a session's beginning."""

    IGNORE = "ignore"
    WARN = "warn"
    PAUSE = "pause"
    REFOCUS = "refocus"


class DownloadWhat(StrEnum):
    """How much of a session is fetched into the archive; each includes the ones before it."""

    NONE = "none"
    STACKED = "stacked"
    STACKED_AND_INFO = "stacked_and_info"
    ALL = "all"


class OnLost(StrEnum):
    """What a running session does when a condition no longer holds."""

    PAUSE = "pause"
    END = "end"
    IGNORE = "ignore"


class WeatherPolicy(StrEnum):
    """What unsafe weather means for a session."""

    IGNORE = "ignore"
    WAIT = "wait"
    ABORT = "abort"


class Every(StrEnum):
    """How often a repeated session comes back."""

    NIGHT = "night"


class DarksWhen(StrEnum):
    """When a session's dark frames are taken."""

    BEFORE = "before"
    AFTER = "after"
    CLOUDS = "clouds"


class Weekday(StrEnum):
    """The local day on which a night begins."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def choice(kind: type[E], value: object, aliases: dict[str, E] | None = None) -> E:
    """Read one word of a closed list, in any case."""
    words = {member.value: member for member in kind} | (aliases or {})
    word = read_text(value).lower()
    if word in words:
        return words[word]
    from difflib import get_close_matches  # for mistakes alone

    close = get_close_matches(word, words, n=1)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    names = ", ".join(member.value for member in kind)
    raise BadValueError(f"{shown(value)} is not one of {names}.", code="unknown_word", hint=hint.strip())


def _read_date(value: object) -> date:
    """Read YYYY-MM-DD, or a full ISO date and time (then the result is a datetime)."""
    text = value.strip() if isinstance(value, str) else ""
    if _DATE_SHAPE.match(text):
        try:
            day = date.fromisoformat(text) if len(text) == len("2026-03-12") else datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            if _FIRST_YEAR <= day.year <= _LAST_YEAR:
                return day
    raise BadValueError(
        f"{shown(value)} is not a date of the calendar.", code="bad_date", hint="Write it as 2026-03-12."
    )


def _read_day(value: object) -> date:
    """Read YYYY-MM-DD only."""
    day = _read_date(value)
    if isinstance(day, datetime):
        raise BadValueError(f"{shown(value)} has a time; a date is needed.", code="bad_date")
    return day


def _read_time(value: object) -> time:
    """Read HH:MM or HH:MM:SS, with an offset (Z, +01:00) or without."""
    if isinstance(value, str):
        text = value.strip()
        if ":" in text[:3]:
            try:
                return time.fromisoformat(text if text[1:2] != ":" else f"0{text}")
            except ValueError:
                pass
    raise BadValueError(
        f"{shown(value)} is not a time of day.",
        code="bad_time",
        hint="Write it as 22:30:00 (00:00:00 is midnight).",
    )


def _read_instant(value: object) -> datetime:
    """Read an ISO date and time that carries its offset."""
    instant = _read_date(value)
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise BadValueError(
            f"{shown(value)} does not say its offset from UTC.",
            code="bad_date",
            hint="Write 2026-03-12T22:30:00+01:00.",
        )
    return instant


def _read_zone(value: object) -> str:
    name = read_text(value)
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise BadValueError(
            f"{shown(value)} is not a known time zone.",
            code="bad_timezone",
            hint='Write it as "Europe/Paris".',
        ) from error
    return name


def _read_exposure(value: object) -> str | float:
    """Read a name as the telescope shows it ("15", "1/5") or seconds as a number."""
    if isinstance(value, str) and not is_number_text(value):
        return value.strip()
    seconds = read_number(value)
    if seconds <= 0:
        raise BadValueError(f"{shown(value)} is not an exposure: it must be above 0 s.", code="out_of_range")
    return value.strip() if isinstance(value, str) else seconds


def _read_position(value: object) -> str | int:
    """Read a setting that has numbered positions with names: the number, or the name as it stands."""
    return value.strip() if isinstance(value, str) and not is_number_text(value) else read_integer(value)


def _read_retries(value: object) -> int:
    return int(between(read_integer(value), 0, 100))


def _read_count(value: object) -> int:
    return int(between(read_integer(value), 1, 100_000))


def _read_pause(value: object) -> float:
    seconds = read_seconds(value)
    if seconds < _SHORTEST_PAUSE_S:
        hint = 'A number is seconds: half an hour is 1800, or "00:30:00".'
        raise BadValueError(f"{shown(value)} is shorter than 10 minutes.", code="out_of_range", hint=hint)
    return seconds


def _read_integration(value: object) -> float:
    """Read how long is to be exposed in all: "6 h", "90 min", "1 h 30 min", HH:MM:SS, or seconds."""
    text = value.strip().lower() if isinstance(value, str) else ""
    parts = _DURATION.fullmatch(text)
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        seconds = 3600.0 * int(clock[1]) + 60 * int(clock[2]) + int(clock[3])
    elif parts is not None and any(parts.groups()):
        hours, minutes, rest = (read_number(part) if part else 0.0 for part in parts.groups())
        seconds = 3600 * hours + 60 * minutes + rest
    else:
        try:
            seconds = read_number(value)
        except BadValueError as error:
            raise BadValueError(
                f"{shown(value)} is not a duration.", hint='Write "6 h", "90 min" or seconds.'
            ) from error
    return between(seconds, 1, _LONGEST_GOAL_S, "seconds")


def _read_dark_count(value: object) -> int:
    return int(between(read_integer(value), 1, 100))


def _read_side(value: object) -> int:
    return int(between(read_integer(value), 1, 20))


def _read_numbers(value: object) -> tuple[int, ...]:
    numbers = value if isinstance(value, list) else str(value).replace(",", " ").split()
    return tuple(dict.fromkeys(int(between(read_integer(number), 1, 1000)) for number in numbers))


def _read_days(value: object) -> tuple[Weekday, ...]:
    words = value if isinstance(value, list) else str(value).replace(",", " ").split()
    days = {choice(Weekday, read_text(word)[:3]) for word in words}
    return tuple(day for day in Weekday if day in days)


def _schema(types: str, description: str, **more: Any) -> WithJsonSchema:
    """Return the schema of a field; null and "" always mean "not given"."""
    kinds = [{"type": kind} for kind in types.split()]
    return WithJsonSchema({"description": description, "anyOf": [*kinds, {"type": "null"}], **more})


def _words(kind: type[E], aliases: dict[str, E] | None = None) -> Any:
    def read(value: object) -> E:
        return choice(kind, value, aliases)

    return PlainValidator(read)


_SIGNS = {"percent": ("%", "％"), "degrees": ("°", "º")}  # "180 %" is 180, "45°" is 45


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `low` to `high`, both included, read leniently."""

    low: float
    high: float
    unit: str

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_plain_validator_function(self._read)

    def _read(self, value: object) -> float:
        signs = _SIGNS.get(self.unit)
        if signs is not None and isinstance(value, str):
            value = value.strip().removesuffix(signs[0]).removesuffix(signs[1]).rstrip()
        return between(read_number(value), self.low, self.high, self.unit)


_LENIENT = "number string"

Text = Annotated[str, PlainValidator(read_text), _schema("string number", "Text.")]
Flag = Annotated[bool, PlainValidator(read_boolean), _schema("boolean number string", "true or false.")]
Anything = Annotated[Any, WithJsonSchema({"description": "Written by the agent; not read."})]
Integer = Annotated[int, PlainValidator(read_integer), _schema(_LENIENT, "Whole number.")]
Retries = Annotated[int, PlainValidator(_read_retries), _schema(_LENIENT, "Tries in all, 0 to 100.")]
Seconds = Annotated[float, PlainValidator(read_seconds), _schema(_LENIENT, "Seconds, or HH:MM:SS.")]
Count = Annotated[int, PlainValidator(_read_count), _schema(_LENIENT, "Whole number above 0.")]
Hours = Annotated[float, PlainValidator(parse_ra), _schema(_LENIENT, "Hours from 0 to 24, or HH:MM:SS.")]
Degrees = Annotated[float, PlainValidator(parse_dec), _schema(_LENIENT, "Degrees, or ±DD:MM:SS.")]
ExposureWish = Annotated[
    str | float,
    PlainValidator(_read_exposure),
    _schema(_LENIENT, 'The exposure as the telescope names it ("1/5", "15"), or its seconds.'),
]
Position = Annotated[
    str | int,
    PlainValidator(_read_position),
    _schema(_LENIENT, "Position of a setting: its number or its name."),
]
Start = Annotated[
    datetime | date,
    PlainValidator(_read_date),
    _schema("string", "YYYY-MM-DD, or a full ISO date and time, with or without offset."),
]
Day = Annotated[date, PlainValidator(_read_day), _schema("string", "YYYY-MM-DD.")]
TimeOfDay = Annotated[time, PlainValidator(_read_time), _schema("string", "HH:MM or HH:MM:SS.")]
Instant = Annotated[datetime, PlainValidator(_read_instant), _schema("string", "ISO time with offset.")]
Zone = Annotated[str, PlainValidator(_read_zone), _schema("string", "IANA time zone name.")]
Altitude = Annotated[float, Range(-90, 90, "degrees"), _schema(_LENIENT, "Altitude in degrees.")]
Height = Annotated[
    float, Range(0, 90, "degrees"), _schema(_LENIENT, "Altitude above the horizon in degrees.")
]
Twilight = Annotated[float, Range(-90, 90, "degrees"), _schema(_LENIENT, "Altitude of the Sun in degrees.")]
Separation = Annotated[float, Range(0, 180, "degrees"), _schema(_LENIENT, "Separation in degrees.")]
Fraction = Annotated[float, Range(0, 1, "(1 is full)"), _schema(_LENIENT, "Fraction from 0 to 1.")]
Percent = Annotated[float, Range(0, 100, "percent"), _schema(_LENIENT, "Percent.")]
Framing = Annotated[
    float, Range(100, 1000, "percent"), _schema(_LENIENT, "Percent of the field, 100 to 1000.")
]
Overlap = Annotated[float, Range(0, 80, "percent"), _schema(_LENIENT, "Percent of a field, 0 to 80.")]
Side = Annotated[int, PlainValidator(_read_side), _schema(_LENIENT, "Panes along a side, 1 to 20.")]
Numbers = Annotated[
    tuple[int, ...], PlainValidator(_read_numbers), _schema("array", "Whole numbers above 0.")
]
Pause = Annotated[
    float, PlainValidator(_read_pause), _schema(_LENIENT, "Seconds, or HH:MM:SS; at least 10 minutes.")
]
ReuseHours = Annotated[float, Range(0, 24, "hours"), _schema(_LENIENT, "Hours; 0 never goes without.")]
ReuseKelvin = Annotated[float, Range(0, 30, "kelvin"), _schema(_LENIENT, "Kelvin; 0 never goes without.")]
Kelvin = Annotated[float, Range(1, 30, "kelvin"), _schema(_LENIENT, "Kelvin, 1 to 30.")]
DarkTime = Annotated[
    DarksWhen,
    _words(DarksWhen, {"on_pause": DarksWhen.CLOUDS}),
    _schema("string", "before, after or clouds."),
]
Integration = Annotated[
    float, PlainValidator(_read_integration), _schema(_LENIENT, '"6 h", "90 min", HH:MM:SS, or seconds.')
]
DarkCount = Annotated[int, PlainValidator(_read_dark_count), _schema(_LENIENT, "Frames of a dark, 1 to 100.")]
Rotation = Annotated[float, Range(-360, 360, "degrees"), _schema(_LENIENT, "Degrees.")]
Gigabytes = Annotated[float, Range(0, 100_000, "GB"), _schema(_LENIENT, "Gigabytes.")]
Celsius = Annotated[float, Range(0, 100, "°C"), _schema(_LENIENT, "Degrees Celsius.")]
Body = Annotated[SolarBody, _words(SolarBody), _schema("string", "Sun, Moon or a planet, in any case.")]
Missed = Annotated[
    WhenMissed,
    _words(WhenMissed, {"next_night": WhenMissed.WAIT, "ask": WhenMissed.WAIT}),
    _schema("string", "run, skip, or wait (for the next night)."),
]
FrameRule = Annotated[WatchFrames, _words(WatchFrames), _schema("string", "ignore, warn, pause or refocus.")]
Downloaded = Annotated[
    DownloadWhat, _words(DownloadWhat), _schema("string", "none, stacked, stacked_and_info or all.")
]
ErrorRule = Annotated[OnError, _words(OnError), _schema("string", "retry, skip or end_night.")]
LostRule = Annotated[OnLost, _words(OnLost), _schema("string", "pause, end or ignore.")]
Policy = Annotated[WeatherPolicy, _words(WeatherPolicy), _schema("string", "ignore, wait or abort.")]
Interval = Annotated[Every, _words(Every), _schema("string", "night.")]
Days = Annotated[
    tuple[Weekday, ...],
    PlainValidator(_read_days),
    _schema("array string", "Days on which the night begins."),
]
