"""What a file is that is no session: told from its first bytes, with what to do instead."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from typing import NamedTuple

from agent.errors import Problem

HEAD_BYTES = 4096  # what is looked at

EXCEL_NOTE = re.compile(r"\Asep=[,;\t]\s*\n", re.IGNORECASE)

OTHER_FILE = "other_file"
"""Code of the problem of a file that is another program's."""


class ListFormat(StrEnum):
    """Formats of other programs that can be imported."""

    TABLE = "table"
    STELLARIUM_LIST = "stellarium_list"
    STELLARIUM_BOOKMARKS = "stellarium_bookmarks"
    NINA_JSON = "nina_json"
    NINA_XML = "nina_xml"
    TARGET_SCHEDULER = "target_scheduler"
    EKOS = "ekos"
    UPTONIGHT = "uptonight"
    HORIZON = "horizon"


class OtherFile(NamedTuple):
    """A file of another program: what it is, what to do with it, and its format where it can be imported."""

    what: str
    remedy: str
    format: ListFormat | None = None

    def problem(self) -> Problem:
        """Return the error for a file that was meant to be a session."""
        return Problem(OTHER_FILE, f"This is {self.what}, not a session.", self.remedy)


_IMPORT = "Put it into ToDo, or make sessions of it with dwarf-agent import; see docs/importing.md."
_SEE = "see docs/importing.md."
_RAW = "Save the session file itself (on GitHub: Download raw file)."
_PICTURE = "Sessions are .json files; pictures do not belong here."


def _kind(
    pattern: str, what: str, remedy: str | ListFormat, listed: ListFormat | None = None
) -> tuple[re.Pattern[str], OtherFile]:
    """A kind of file; one that can be imported needs no remedy of its own."""
    found = (
        OtherFile(what, _IMPORT, remedy)
        if isinstance(remedy, ListFormat)
        else OtherFile(what, remedy, listed)
    )
    return re.compile(pattern, re.IGNORECASE | re.DOTALL), found


_RA = (  # in five languages
    r"(?<![a-z])(?:ra|right ascension|rektaszension|ad|ascension droite|ar|ascensi[oó]n recta"
    r"|ascensione retta)[ _]?j?(?:2000)?(?![a-z])(?!\d)"
)
_DEC = (
    r"(?<![a-z])(?:d[eé]c?|declination|deklination|d[eé]clinaison|declinaci[oó]n|declinazione)"
    r"[ _]?j?(?:2000)?(?![a-z])(?!\d)"
)
_NUMBER = r"-?\d{1,3}(?:\.\d+)?"
_POINT = rf"{_NUMBER}[ \t,;]{{1,9}}{_NUMBER}[ \t\r]{{0,9}}\n\s*"

_KINDS = (
    _kind(
        r'[\s"]*pane"?\s*[,;\t]\s*"?ra"?\s*[,;\t]\s*"?dec',
        "a mosaic of Telescopius (CSV)",
        ListFormat.TABLE,
    ),
    _kind(
        r"(?=[^\n]*(?:catalogue entry|familiar name))[^\n]*[,;\t]",
        "an observing list of Telescopius (CSV)",
        ListFormat.TABLE,
    ),
    _kind(
        r'\s*\{.*"(?:observingLists|defaultListOlud)"\s*:|.*"Observing list for Stellarium"',
        "an observing list of Stellarium",
        ListFormat.STELLARIUM_LIST,
    ),
    _kind(r'\s*\{\s*"bookmarks"\s*:', "a list of bookmarks of Stellarium", ListFormat.STELLARIUM_BOOKMARKS),
    _kind(r'\s*[\[{].*"\$type"\s*:\s*"NINA\.', "a target or sequence of N.I.N.A.", ListFormat.NINA_JSON),
    _kind(r".*<(?:ArrayOf)?CaptureSequenceList", "a target or sequence of N.I.N.A.", ListFormat.NINA_XML),
    _kind(
        r'\s*[\[{](?=.*"ProfileId"\s*:)(?=.*"IsMosaic"\s*:|.*"Targets"\s*:)',
        "projects of the Target Scheduler of N.I.N.A.",
        ListFormat.TARGET_SCHEDULER,
    ),
    _kind(r".*<SchedulerList", "a scheduler list of Ekos (KStars)", ListFormat.EKOS),
    _kind(
        r".*<SequenceQueue",
        "a capture sequence of Ekos (KStars)",
        f"Its exposures belong into setup_camera of a session; {_SEE}",
    ),
    _kind(
        r"\s*SkySafariObservingListVersion",
        "an observing list of SkySafari",
        f"It has no coordinates; make a session from each target: its name belongs into goto_manual; {_SEE}",
    ),
    _kind(
        r'\s*\{\s*"(?:id|target name)"\s*:\s*\{\s*"0"\s*:|\s*\[\s*\{(?=[^}]*"target name"\s*:)',
        "a report of uptonight",
        ListFormat.UPTONIGHT,
    ),
    _kind(r"[-\s]*uptonight\b", "a report of uptonight (text)", f"Import its report in JSON instead; {_SEE}"),
    _kind(
        rf"(?=[^\n]*[,;\t])(?=[^\n]*{_RA})[^\n]*{_DEC}[^\n{{}}<>]*\n",
        "a table of targets (CSV)",
        ListFormat.TABLE,
    ),
    _kind(
        rf"\s*(?:[#;][^\n]*\n\s*)*(?:az[^\n]*alt[^\n]*\n\s*)?(?:{_POINT}){{3}}",
        "a horizon (azimuth and altitude)",
        "It belongs into the configuration: dwarf-agent import shows it as the setting conditions.horizon.",
        ListFormat.HORIZON,
    ),
    _kind(r"\s*(?:<!doctype html|<html)", "a web page", _RAW),
    _kind(r"SIMPLE  =", "a picture (FITS)", _PICTURE),
    _kind(r"\xff\xd8\xff|\x89PNG|II\*\x00|MM\x00\*", "a picture", _PICTURE),
    _kind(r"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!", "a packed archive", "Unpack it and put its files here."),
    _kind(r"%PDF", "a PDF document", "Sessions are .json files."),
    _kind(r"\s*<\?xml", "an XML file of another program", f"Sessions are .json files; {_SEE}"),
)


def recognised(data: bytes | str) -> OtherFile | None:
    """Return what a file is whose first HEAD_BYTES show that it is another program's; else None."""
    text = _head(data)
    for pattern, found in _KINDS:
        if pattern.match(text):
            return found
    return None


def other_file(data: bytes | str) -> Problem | None:
    """Return the error for a file whose first HEAD_BYTES show that it is another program's; else None."""
    found = recognised(data)
    return found.problem() if found is not None else None


def _head(data: bytes | str) -> str:
    """Decode what can be a text, without the line in which Excel notes its separator."""
    return EXCEL_NOTE.sub("", _decoded(data).lstrip("\ufeff"))


def _decoded(data: bytes | str) -> str:
    """Return the first characters; bytes of no text stay one character each."""
    if isinstance(data, str):
        return data[:HEAD_BYTES]
    head = data[:HEAD_BYTES]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "replace")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)  # its last character may be cut
    except UnicodeDecodeError:
        return head.decode("latin-1")
