"""Lenient readers for the scalars of session files: numbers may be strings, strings may have blanks around.

Every reader raises `BadValueError` with a sentence, and nothing else, whatever it is given.
"""

from __future__ import annotations

import math
import re

from agent.session.problems import BadValueError

MAX_SECONDS = 86_400.0  # no wait or time limit of one step is longer than a day
_SHOWN = 60  # characters of a bad value repeated in a sentence

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)  # a thousand and more, or a fraction
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)", re.ASCII)
_DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2010": "-", "\u2011": "-"})
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


def shown(value: object) -> str:
    """Return a value as a sentence quotes it: short, strings in double quotes."""
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, bool):
        text = str(value).lower()
    elif value is None:
        text = "null"
    elif isinstance(value, int | float):
        text = _number_text(value)
    else:
        text = (
            "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "this value"
        )
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def plain_dashes(text: str) -> str:
    """Return the text with every kind of minus sign as "-"."""
    return text.translate(_DASHES)


def is_number_text(text: str) -> bool:
    """Tell whether a string is a plain decimal number, with a point or a comma."""
    return _NUMBER.fullmatch(plain_dashes(text).strip()) is not None


def read_number(value: object, *, grouped: bool = True) -> float:
    """Read a finite number, or a string that holds one; the decimal sign may be a comma.

    "1,500" may be 1.5 or 1500 and is refused, unless numbers that large (`grouped`) cannot be.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadValueError(f"{shown(value)} is not a number.")
    if isinstance(value, str) and not is_number_text(value):
        raise BadValueError(f"{shown(value)} is not a number.")
    if isinstance(value, str) and grouped and _GROUPED.fullmatch(plain_dashes(value).strip()):
        hint = f"Write {value.strip().replace(',', '')} or {value.strip().replace(',', '.')}."
        raise BadValueError(f"{shown(value)} can be read as two numbers.", hint=hint)
    try:
        number = float(plain_dashes(value).replace(",", ".") if isinstance(value, str) else value)
    except (OverflowError, ValueError):
        number = math.inf
    if not math.isfinite(number):
        raise BadValueError(f"{shown(value)} is not a finite number.")
    return number


def read_integer(value: object) -> int:
    """Read a whole number: 10, 10.0, "10", " 3.0 "."""
    number = read_number(value)
    if not number.is_integer():
        raise BadValueError(f"{shown(value)} is not a whole number.")
    return int(number)


def read_boolean(value: object) -> bool:
    """Read true/false, also as 0/1 or as the words true, false, yes, no, on, off in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
    raise BadValueError(f"{shown(value)} is neither true nor false.")


def read_seconds(value: object) -> float:
    """Read a duration: seconds as a number or string, or "HH:MM:SS"; 0 to a day."""
    clock = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if clock:
        minutes, seconds = int(clock[2]), float(clock[3])
        if minutes >= 60 or seconds >= 60:
            raise BadValueError(f"{shown(value)} has minutes or seconds above 59.")
        total = int(clock[1]) * 3600 + minutes * 60 + seconds
    else:
        try:
            total = read_number(value)
        except BadValueError as error:
            hint = "Write seconds (90) or HH:MM:SS (00:01:30)."
            raise BadValueError(f"{shown(value)} is not a duration.", hint=hint) from error
    if not 0 <= total <= MAX_SECONDS:
        raise BadValueError(
            f"{shown(value)} is not between 0 and {MAX_SECONDS:.0f} seconds.", code="out_of_range"
        )
    return total


def read_text(value: object) -> str:
    """Read a text: a string without the blanks around it, or a number as it is written."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_text(value)
    raise BadValueError(f"{shown(value)} is not a text.")


def between(number: float, low: float, high: float, unit: str = "") -> float:
    """Return the number when low <= number <= high, else raise."""
    if not low <= number <= high:
        suffix = f" {unit}" if unit else ""
        raise BadValueError(f"{number:g} is not between {low:g} and {high:g}{suffix}.", code="out_of_range")
    return number


def _number_text(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits
        return "a very long number"
