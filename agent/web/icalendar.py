"""A calendar as iCalendar text (RFC 5545): events with a beginning, an end and words, all in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.text import printable_lines

_LONGEST = 75  # octets of a line; a longer one goes on in the next, after a space
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `uid` is printable and stays the same however often the event is told."""

    uid: str
    start: datetime
    end: datetime
    summary: str
    description: str = ""
    tentative: bool = False


def calendar(name: str, events: Iterable[Event], made_at: datetime) -> bytes:
    """Return the calendar, in which every text is text, whatever it holds."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//dwarf-agent//dwarf-agent//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        *(line for event in events for line in _event(event, made_at)),
        "END:VCALENDAR",
    ]
    return b"".join(part + b"\r\n" for line in lines for part in _folded(line))


def _event(event: Event, made_at: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{_instant(made_at)}"
    yield f"DTSTART:{_instant(event.start)}"
    yield f"DTEND:{_instant(event.end)}"
    yield f"SUMMARY:{_text(event.summary)}"
    if event.description:
        yield f"DESCRIPTION:{_text(event.description)}"
    yield f"STATUS:{'TENTATIVE' if event.tentative else 'CONFIRMED'}"
    yield "END:VEVENT"


def _text(text: str) -> str:
    return printable_lines(text).translate(_ESCAPES)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> Iterator[bytes]:
    """Cut a line where it is too long, never inside a character."""
    left = line.encode()
    room = _LONGEST
    while len(left) > room:
        cut = room
        while left[cut] & 0xC0 == 0x80:
            cut -= 1
        yield left[:cut] if room == _LONGEST else b" " + left[:cut]
        left, room = left[cut:], _LONGEST - 1
    yield left if room == _LONGEST else b" " + left
