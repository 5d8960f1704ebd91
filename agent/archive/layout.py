"""Where a session and each of its files lie in the archive.

`<archive>/<target>/<night>_<session>/{lights,rejected,stacked,thumbnails,info}`; what the wide camera took
has the same folders below `wide/`, so that each is a project folder of its own for stacking programs.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from pathlib import Path, PurePosixPath

from agent.session.fields import DownloadWhat as What
from agent.telescope.card import CardFile

LIGHTS, REJECTED, STACKED, THUMBNAILS, INFO, WIDE = (
    "lights",
    "rejected",
    "stacked",
    "thumbnails",
    "info",
    "wide",
)

_LONGEST = 180  # bytes of a name: room for ours around it below the 255 of every file system
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_RESERVED = re.compile(  # on Windows, and so on its shares
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d\u00b9\u00b2\u00b3])(?:\..*)?", re.IGNORECASE
)
_FRAME = (".fits", ".fit", ".fts", ".tif", ".tiff")
_STACK = ("stacked", "img_stacked")
_FAILED = "failed_"


_KINDS = {
    What.NONE: frozenset[str](),
    What.STACKED: frozenset({STACKED}),
    What.STACKED_AND_INFO: frozenset({STACKED, INFO, THUMBNAILS}),
    What.ALL: frozenset({LIGHTS, REJECTED, STACKED, INFO, THUMBNAILS}),
}


def session_folder(archive: Path, target: str, night: date, session_id: str) -> Path:
    """Return where a session's files go."""
    return archive / safe(target, "unknown") / safe(f"{night.isoformat()}_{session_id}", night.isoformat())


def kind_of(path: str) -> str:
    """Return the folder that a file of the card belongs into, by its name."""
    below, _, name = path.lower().rpartition("/")
    if "thumb" in below or "thumb" in name:
        return THUMBNAILS
    if name.startswith(_STACK):
        return STACKED
    if name.endswith(_FRAME):
        return REJECTED if name.startswith(_FAILED) else LIGHTS
    return INFO


def chosen(files: Iterable[CardFile], what: What) -> list[CardFile]:
    """Return those of a folder's files that are fetched; each frame's small picture only with `all`."""
    kinds = _KINDS[what]
    return [
        file
        for file in files
        if (kind := kind_of(file.path)) in kinds
        and (what is What.ALL or kind != THUMBNAILS or "/" not in file.path)
    ]


def is_wide(card_folder: str) -> bool:
    """Return whether a folder of the card is the wide camera's."""
    return "_WIDE_" in card_folder.upper()


def place(card_folder: str, file: str, taken: Iterable[str]) -> str:
    """Return the path below the session's folder for a file of the card, unlike any of those `taken`.

    A session has several folders on the card when it had several captures: equal names are numbered.
    """
    folder = f"{WIDE}/{kind_of(file)}" if is_wide(card_folder) else kind_of(file)
    name = PurePosixPath(safe(file.rpartition("/")[2], "file"))
    used = {one.casefold() for one in taken}
    number, candidate = 2, f"{folder}/{name}"
    while candidate.casefold() in used:
        candidate, number = f"{folder}/{name.stem}_{number}{name.suffix}", number + 1
    return candidate


def safe(text: str, otherwise: str) -> str:
    """Return a text as one name on any file system: readable, never a path, never hidden, never empty."""
    name = _UNFIT.sub("-", unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode()))
    name = " ".join(name.split()).strip(". -_")
    if not name:
        return otherwise
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 8:
        stem, ending = name, ""
    else:
        ending = dot + ending
    while len(os.fsencode(stem + ending)) > _LONGEST:
        stem = stem[:-1]
    return stem.rstrip(". ") + ending
