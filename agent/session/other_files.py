"""What a file is that is no session: told from its first bytes, with what to do instead."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from agent.errors import Problem

HEAD_BYTES = 4096  # what is looked at

_FIELDS = "its name and coordinates belong into goto_manual"
_SEE = 'see docs/session-format.md, "Lists of other programs".'
_EACH_LINE = f"Make a session from each line: {_FIELDS}; {_SEE}"
_EACH_TARGET = f"Make a session from each target: {_FIELDS}; {_SEE}"
_RAW = "Save the session file itself (on GitHub: Download raw file)."
_PICTURE = "Sessions are .json files; pictures do not belong here."


class _Kind(NamedTuple):
    pattern: re.Pattern[str]
    what: str
    remedy: str


def _kind(pattern: str, what: str, remedy: str) -> _Kind:
    return _Kind(re.compile(pattern, re.IGNORECASE | re.DOTALL), what, remedy)


_KINDS = (
    _kind(
        r'[\s"]*pane"?\s*[,;]\s*"?ra"?\s*[,;]\s*"?dec',
        "a mosaic of Telescopius (CSV)",
        f"Make a session from each pane: RA is ra_coord and DEC dec_coord of goto_manual; {_SEE}",
    ),
    _kind(
        r"(?=[^\n]*(?:catalogue entry|familiar name))(?=[^\n]*right ascension)",
        "an observing list of Telescopius (CSV)",
        _EACH_LINE,
    ),
    _kind(
        r'\s*\{.*"(?:observingLists|defaultListOlud)"\s*:|.*"Observing list for Stellarium"',
        "an observing list of Stellarium",
        _EACH_TARGET,
    ),
    _kind(r'\s*\{\s*"bookmarks"\s*:', "a list of bookmarks of Stellarium", _EACH_TARGET),
    _kind(
        r'\s*[\[{].*"\$type"\s*:\s*"NINA\.|.*<CaptureSequenceList|.*<ArrayOfCaptureSequenceList',
        "a target or sequence of N.I.N.A.",
        f"{_EACH_TARGET} Its exposures belong into setup_camera.",
    ),
    _kind(
        r".*<SchedulerList",
        "a scheduler list of Ekos (KStars)",
        f"Make a session from each job: {_FIELDS}; {_SEE}",
    ),
    _kind(
        r".*<SequenceQueue",
        "a capture sequence of Ekos (KStars)",
        f"Its exposures belong into setup_camera of a session; {_SEE}",
    ),
    _kind(r"\s*SkySafariObservingListVersion", "an observing list of SkySafari", _EACH_TARGET),
    _kind(r'.*"target name".*"hmsdms"|\s*uptonight', "a report of uptonight", _EACH_TARGET),
    _kind(
        r"(?=[^\n]*[,;\t])(?=[^\n]*\b(?:ra|right ascension)\b)[^\n]*\b(?:dec|declination)\b[^\n{}<>]*\n",
        "a table of targets (CSV)",
        _EACH_LINE,
    ),
    _kind(
        r"\s*(?:[#;][^\n]*\n\s*)*(?:-?\d{1,3}(?:\.\d+)?[ \t]+-?\d{1,2}(?:\.\d+)?[ \t\r]*\n\s*){3}",
        "a horizon (azimuth and altitude)",
        "It belongs into the configuration: conditions.horizon, such as 0:15, 90:30, 180:10.",
    ),
    _kind(r"\s*(?:<!doctype html|<html)", "a web page", _RAW),
    _kind(r"SIMPLE  =", "a picture (FITS)", _PICTURE),
    _kind(r"\xff\xd8\xff|\x89PNG|II\*\x00|MM\x00\*", "a picture", _PICTURE),
    _kind(r"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!", "a packed archive", "Unpack it and put the sessions here."),
    _kind(r"%PDF", "a PDF document", "Sessions are .json files."),
    _kind(r"\s*<\?xml", "an XML file of another program", f"Sessions are .json files; {_SEE}"),
)


def other_file(data: bytes | str) -> Problem | None:
    """Return the error for a file whose first HEAD_BYTES show that it is another program's; else None."""
    text = _head(data)
    for pattern, what, remedy in _KINDS:
        if pattern.match(text):
            return Problem("other_file", f"This is {what}, not a session.", remedy)
    return None


def _head(data: bytes | str) -> str:
    """Decode what can be a text; bytes of none stay one character each."""
    if isinstance(data, str):
        return data[:HEAD_BYTES].lstrip("\ufeff")
    head = data[:HEAD_BYTES]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1")
