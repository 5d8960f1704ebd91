"""Right ascension and declination as people and programs write them, read strictly.

Accepted, as number or text: decimal hours or degrees; `HH:MM:SS.s` and `±DD:MM:SS.s`; the same with blanks,
with h m s, with `hr`, and with degree signs, primes or typographic quotes; decimals with point or comma;
N or S at either end of a declination; all of it in quotes, with its quotes doubled, or after "RA", "Dec".

The sign of -00 counts. A right ascension with a degree sign is in degrees.
"""

from __future__ import annotations

import re

from agent.session.numbers import is_number_text, plain_dashes, read_number, shown
from agent.session.problems import BadValueError

_HOURS_HINT = "Right ascension is in hours from 0 up to 24: 0.7123 or 00:42:44."
_DEGREES_HINT = "Declination is in degrees from -90 to 90: 41.269 or +41:16:09."

_SIGNS = str.maketrans(
    {
        "\u00ba": "d",  # º masculine ordinal, used for a degree sign
        "\u00b0": "d",  # ° degree
        "\u02da": "d",  # ˚ ring above
        "\u2032": "'",
        "\u2019": "'",
        "\u02b9": "'",
        "\u2033": '"',
        "\u201d": '"',
        "\u02ba": '"',
        "\u00a0": " ",
        "\u202f": " ",
    }
)
_FIELDS = (
    r"(?P<sign>[+-]?)\s*(?P<first>\d{{1,3}})\s*(?:{unit}|:|\s)\s*"
    r"(?P<minutes>\d{{1,2}}(?:\.\d+)?)\s*"
    r"(?:(?:min|m|'|:|\s)\s*(?:(?P<seconds>\d{{1,2}}(?:\.\d*)?)\s*(?:sec|s|\"{{1,2}}|'')?)?)?"
    r"(?:\s*{unit})?"
)
_HOURS = re.compile(_FIELDS.format(unit="(?:hours|hrs|hr|h)"), re.ASCII)
_DEGREES = re.compile(_FIELDS.format(unit="(?:degrees|deg|d)"), re.ASCII)
_HOURS_UNIT = re.compile(r"(.*?)\s*(?:hours|hrs|hr|h)", re.ASCII | re.DOTALL)
_DEGREES_UNIT = re.compile(r"(.*?)\s*(?:degrees|deg|d)", re.ASCII | re.DOTALL)
_RA_LABEL = re.compile(r"(?:right ascension|r\.a\.|ra|α)(?![a-z])[\s:=]*", re.IGNORECASE)
_DEC_LABEL = re.compile(r"(?:declination|decl?\.?|de|δ)(?![a-z])[\s:=]*", re.IGNORECASE)
_COMMA = re.compile(r"(?<=\d),(?=\d)", re.ASCII)
_HEMISPHERE = re.compile(
    r"(?P<first>[NS])(?P<after>[\s\d].*)|(?P<ahead>.*[^a-z])(?P<last>[NnS]|[Nn]orth|[Ss]outh)", re.DOTALL
)
_SECONDS_MARK = re.compile(r"m(?:in)?\s*\d[\d.,]*\s*S$", re.ASCII | re.IGNORECASE)


class OutOfRangeError(BadValueError):
    """A coordinate outside of its range; `number` is what it says."""

    def __init__(self, message: str, number: float, hint: str) -> None:
        super().__init__(message, code="out_of_range", hint=hint)
        self.number = number


def parse_ra(value: object) -> float:
    """Return right ascension in hours, 0 <= hours < 24; BadValueError says what is wrong."""
    text = _tidy(_without_label(value, _RA_LABEL))
    if isinstance(text, str) and "d" in text:
        degrees = _read(value, text, _DEGREES, _DEGREES_UNIT, _HOURS_HINT)
        if 0 <= degrees < 360 and not text.startswith("-"):
            return degrees / 15
        message = f"Right ascension {shown(value)} is not between 0 and 360 degrees."
        raise OutOfRangeError(message, degrees, _HOURS_HINT)
    hours = _read(value, text, _HOURS, _HOURS_UNIT, _HOURS_HINT)
    if hours >= 24:
        hint = f"That looks like degrees; in hours it is {hours / 15:.6g}." if hours < 360 else _HOURS_HINT
        hint += f" Or it is 24 h too much: then it is {hours - 24:.6g}." if hours < 48 else ""
        raise OutOfRangeError(f"Right ascension {shown(value)} is not below 24 hours.", hours, hint)
    if hours < 0 or str(text).startswith("-"):
        raise OutOfRangeError(f"Right ascension {shown(value)} is negative.", hours, _HOURS_HINT)
    return hours


def parse_dec(value: object) -> float:
    """Return declination in degrees, -90 to 90; BadValueError says what is wrong."""
    side, inner = _hemisphere(_without_label(value, _DEC_LABEL))
    text = _tidy(inner)
    degrees = _read(value, text, _DEGREES, _DEGREES_UNIT, _DEGREES_HINT)
    if side and str(text).startswith(("-", "+")):
        raise BadValueError(f"{shown(value)} has both a sign and a letter.", hint=_DEGREES_HINT)
    if side == "s":
        degrees = -degrees
    if not -90 <= degrees <= 90:
        message = f"Declination {shown(value)} is not between -90 and 90 degrees."
        raise OutOfRangeError(message, degrees, _DEGREES_HINT)
    return degrees


def format_ra(hours: float) -> str:
    """Return hours as `HH:MM:SS.ss`, wrapped into one day."""
    hundredths = round(hours * 360_000) % (24 * 360_000)
    rest, fraction = divmod(hundredths, 100)
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{fraction:02d}"


def format_dec(degrees: float) -> str:
    """Return degrees as `±DD:MM:SS.s`."""
    tenths = round(abs(degrees) * 36_000)
    sign = "-" if degrees < 0 and tenths else "+"
    rest, fraction = divmod(tenths, 10)
    return f"{sign}{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{fraction}"


def _without_label(value: object, label: re.Pattern[str]) -> object:
    """Take what a coordinate is called off its front, as in "RA 00h42m44s"."""
    found = label.match(value.strip()) if isinstance(value, str) else None
    return found.string[found.end() :] if found else value


def _tidy(value: object) -> object:
    """Return a text with plain signs and decimal points, out of its quotes; other values as they are."""
    if not isinstance(value, str):
        return value
    text = plain_dashes(value).translate(_SIGNS).strip().lower()
    if text.startswith('"'):
        text = text.strip('"').strip()
    return _COMMA.sub(".", text)


def _hemisphere(value: object) -> tuple[str, object]:
    """Take N or S off a declination: "n", "s" or "", and the rest. In "03m55s" and "03M55S" it is seconds."""
    found = _HEMISPHERE.fullmatch(value.strip().strip('"').strip()) if isinstance(value, str) else None
    if found is None or _SECONDS_MARK.search(found[0]):
        return "", value
    letter, rest = found["first"] or found["last"], found["after"] or found["ahead"]
    return letter[0].lower(), rest


def _read(value: object, text: object, fields: re.Pattern[str], unit: re.Pattern[str], hint: str) -> float:
    """Read a tidy number, or the sexagesimal shapes of `fields`, with the sign of the whole."""
    if not isinstance(text, str):
        return read_number(text)
    with_unit = unit.fullmatch(text)
    plain = with_unit[1] if with_unit else text
    if is_number_text(plain):
        return read_number(plain, grouped=False)
    match = fields.fullmatch(text)
    if match is None:
        raise BadValueError(f"{shown(value)} is not a coordinate.", hint=hint)
    minutes, seconds = float(match["minutes"]), float(match["seconds"] or 0)
    if minutes >= 60 or seconds >= 60:
        raise BadValueError(
            f"{shown(value)} has minutes or seconds above 59.", code="out_of_range", hint=hint
        )
    if match["seconds"] and not minutes.is_integer():
        raise BadValueError(f"{shown(value)} has decimals before its seconds.", hint=hint)
    size = int(match["first"]) + minutes / 60 + seconds / 3600
    return -size if match["sign"] == "-" else size
