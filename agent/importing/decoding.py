"""The bytes of another program's file as text or values: any usual encoding, bounded in every direction."""

from __future__ import annotations

import codecs
import re
from typing import Any
from xml.parsers import expat

from agent.importing.model import MAX_BYTES, UnreadableError
from agent.json_in import read_json
from agent.text import escaped

_JSON_DEPTH = 200  # sequences of N.I.N.A. nest two levels for each container
_XML_DEPTH = 50
_XML_ELEMENTS = 50_000
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-f]{1,6});)", re.IGNORECASE)


def as_text(data: bytes) -> str:
    """Return the text: UTF-8, UTF-16 with its mark, or what older programs of Windows write."""
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"It has {len(data)} bytes; {MAX_BYTES} are the most that is taken.")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def as_json(data: bytes) -> Any:
    """Return the JSON value; JsonError says what is wrong with it, and where."""
    return read_json(as_text(data).strip(), max_bytes=MAX_BYTES, max_depth=_JSON_DEPTH)


class Element:
    """One element of an XML document, with its text and those inside of it."""

    __slots__ = ("attributes", "children", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.text = ""
        self.children: list[Element] = []

    def all(self, tag: str) -> list[Element]:
        """Return the elements of that name directly inside."""
        return [child for child in self.children if child.tag == tag]

    def first(self, *path: str) -> Element | None:
        """Return the first element at the end of a path of names."""
        here: Element | None = self
        for tag in path:
            here = next(iter(here.all(tag)), None) if here is not None else None
        return here

    def said(self, *path: str) -> str:
        """Return the text at the end of a path of names, "" where there is none."""
        found = self.first(*path)
        return " ".join(found.text.split()) if found is not None else ""


def as_xml(data: bytes) -> Element:
    """Return the root of an XML document. Document types and entities are refused unread."""
    text = _BARE_AMPERSAND.sub("&amp;", as_text(data).lstrip())  # KStars writes file names as they are
    reader = _Reader()
    try:
        reader.parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise UnreadableError(
            f"It is not XML: {expat.ErrorString(error.code)} in line {error.lineno}.", hint="Export it again."
        ) from None
    if reader.root is None:
        raise UnreadableError("It is empty.")
    return reader.root


class _Reader:
    """Builds the elements; stops at what only a document that means harm contains."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _XML_ELEMENTS or len(self._open) >= _XML_DEPTH:
            raise UnreadableError("It has more elements, or more inside each other, than any such list.")
        element = Element(tag.rpartition(":")[2], attributes, self.parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _tag: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        self._open[-1].text += text

    def _refuse(self, name: str, *_rest: object) -> None:
        raise UnreadableError(
            f"It declares a document type or an entity ({escaped(name, 60)}), which no such list does.",
            hint="Export it again.",
        )
