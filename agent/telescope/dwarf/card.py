"""The telescope's card as newer firmware serves it, looked into where the album lists nothing."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import unquote

from agent.telescope.dwarf.http import DwarfHttp, HttpError

SESSION_FOLDER = "DWARF_RAW"
_MOST_ROOTS = 6  # a card has one, named after the model
_KNOWN_ROOTS = ("DWARF3", "DWARF_mini", "DWARF_II")  # where the card's own root is not listed
_NOT_IN_NAMES = frozenset("/?#:")
_LINK = re.compile(r"""href\s*=\s*["']([^"']{1,1024})["']""", re.IGNORECASE)


async def session_folders(http: DwarfHttp) -> list[str]:
    """The paths of all captures' folders on the card; empty when it cannot be read."""
    roots = [name for name in await _names(http, "/") if name.upper() != "ASTRONOMY"] or list(_KNOWN_ROOTS)
    for root in roots[:_MOST_ROOTS]:
        place = f"/{root}/Astronomy"
        if found := [name for name in await _names(http, f"{place}/") if SESSION_FOLDER in name]:
            return [f"{place}/{name}" for name in found]
    return []


def linked(link: str) -> str:
    """What a link in a listing names."""
    from html import unescape  # its table of characters is half a megabyte

    return unquote(unescape(link))


async def _names(http: DwarfHttp, folder: str) -> list[str]:
    """What a listing links to: names of files and folders, none of another place."""
    page = b""
    with suppress(HttpError):
        page = await http.file(http.card_port, folder)
    links = (linked(link).rstrip("/") for link in _LINK.findall(page.decode("utf-8", "replace")))
    names = (link.removeprefix(folder) for link in links)
    own = (name for name in names if name and name[0] != "." and not set(name) & _NOT_IN_NAMES)
    return list(dict.fromkeys(own))
