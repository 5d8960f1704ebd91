"""What a FITS file of the archive says of itself: cards that it lacks are added, its data stays as it is."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK = 2880
CARD = 80
SUFFIXES = (".fits", ".fit", ".fts")
_MOST_BLOCKS = 200
_LONGEST = 60  # signs of a text
_END = b"END".ljust(CARD)
_MARK = b"HISTORY dwarf-agent added "
_LONGER = re.compile(rb"dwarf-agent added [ -~]*\((\d+) bytes longer\)")
_EMPTY = re.compile(rb"(?:'\s*'|)\s*(?:/.*)?", re.DOTALL)
_SUMS = frozenset({b"CHECKSUM", b"DATASUM"})  # of a header that nobody may change


@dataclass(frozen=True, slots=True)
class Card:
    """One card. Where the header has a value for `key` or a word of `alike`, it lacks nothing."""

    key: str
    value: str | float
    comment: str
    alike: tuple[str, ...] = ()

    def written(self) -> bytes:
        """Return it as a header has it."""
        if isinstance(self.value, str):
            quoted = _quoted(_plain(self.value)).rstrip()
            shown = f"'{quoted:<8}'"
        else:
            shown = f"{self.value!r:>20}".upper()
        return f"{self.key:<8}= {shown:<20} / {self.comment}"[:CARD].ljust(CARD).encode("ascii")


def read_header(stream: BinaryIO) -> bytes | None:
    """Read from the beginning of a file to the block in which its first header ends; None without one."""
    header = b""
    for _ in range(_MOST_BLOCKS):
        block = stream.read(BLOCK)
        header += block
        if len(block) < BLOCK or not header.startswith(b"SIMPLE  ="):
            return None
        if _END in cards_of(block):
            return header
    return None


def cards_of(header: bytes) -> list[bytes]:
    """Return the cards of a header, or of a block of it."""
    return [header[at : at + CARD] for at in range(0, len(header), CARD)]


def filled(header: bytes, wanted: Sequence[Card]) -> bytes:
    """Return a header with what it lacks of these cards: the same one when it lacks nothing."""
    cards = cards_of(header)
    cards = cards[: cards.index(_END)]
    known = {card[:8].rstrip(): at for at, card in enumerate(cards)}
    has = {key for key, at in known.items() if not is_empty(cards[at])}
    if has & _SUMS:
        return header
    lacking = [
        card for card in wanted if not has & {word.encode("ascii") for word in (card.key, *card.alike)}
    ]
    if not lacking:
        return header
    for card in lacking:
        at = known.get(card.key.encode("ascii"))
        if at is None:
            cards.append(card.written())
        else:
            cards[at] = card.written()
    names = ", ".join(card.key for card in lacking)
    blocks = -(-(len(cards) + 2) * CARD // BLOCK)
    longer = blocks * BLOCK - len(header)
    mark = _MARK + f"{names} ({longer} bytes longer)".encode("ascii")
    while len(mark) > CARD:  # the number of bytes is what counts
        names = names.rpartition(",")[0]
        mark = _MARK + f"{names}, ... ({longer} bytes longer)".encode("ascii")
    return b"".join([*cards, mark.ljust(CARD), _END]).ljust(blocks * BLOCK)


def says_all_of(fuller: bytes, header: bytes) -> bool:
    """Whether a header says what another one says, in its order, and more only behind it."""
    if fuller == header:
        return True
    cards, ours = cards_of(header), cards_of(fuller)
    if _END not in cards or _END not in ours:
        return False
    cards, ours = cards[: cards.index(_END)], ours[: ours.index(_END)]
    return len(ours) >= len(cards) and all(
        mine == theirs or (is_empty(theirs) and mine[:8] == theirs[:8])
        for mine, theirs in zip(ours, cards, strict=False)
    )


def is_empty(card: bytes) -> bool:
    """Whether a card has room for a value and says nothing in it."""
    return card[8:10] == b"= " and _EMPTY.fullmatch(card[10:].strip()) is not None


def complete(part: Path, cards: Sequence[Card]) -> Path:
    """Give a file that came whole the cards that it lacks; return where it lies then.

    What is changed has another name than what can be fetched on: it is never taken for the card's.
    """
    with part.open("rb") as stream:
        header = read_header(stream) if cards else None
        fuller = filled(header, cards) if header is not None else None
        if header is None or fuller is None or fuller == header:
            return part
        whole = part.with_suffix(".whole")
        whole.unlink(missing_ok=True)
        if len(fuller) == len(header):
            part.replace(whole)
            with whole.open("r+b") as changed:
                changed.write(fuller)
            return whole
        with whole.open("wb") as changed:
            changed.write(fuller)
            shutil.copyfileobj(stream, changed, 1 << 20)
    part.unlink()
    return whole


def came_with(path: Path) -> int | None:
    """Return the bytes that a file had when it came, before cards were added; None when it is not there."""
    try:
        size = path.stat().st_size
        if path.suffix.lower() in SUFFIXES:
            with path.open("rb") as stream:
                size -= _longer(read_header(stream))
    except OSError:
        return None
    return size


def _longer(header: bytes | None) -> int:
    for card in reversed(cards_of(header or b"")):
        if (match := _LONGER.search(card)) is not None:
            return int(match[1])
    return 0


def _quoted(text: str) -> str:
    """As much of a text as a card has room for, each quote of it doubled."""
    written = ""
    for letter in text:
        more = "''" if letter == "'" else letter
        if len(written + more) > _LONGEST:
            break
        written += more
    return written


def _plain(text: str) -> str:
    """A text of the signs that a header may have."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if " " <= letter <= "~")
