"""The files on a telescope's card, read without commanding it: listed, and fetched from any byte on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from agent.telescope.errors import RefusedError


class CardFileMissingError(RefusedError):
    """The card has no such file or folder: it was deleted, or never written."""

    code = "card_file_missing"


@dataclass(frozen=True, slots=True)
class CardFile:
    """One file of a folder: `path` below it, and its bytes (None when the card tells them only roughly).

    `modified` is the time of its last change as the card writes it; only whether it differs has a meaning.
    """

    path: str
    size: int | None
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A file on its way. `chunks` begin at byte `offset` of `size` bytes (None: not told).

    `tag` tells this state of the file from any other ("" when the card tells none): with it the rest can be
    asked for later.
    """

    size: int | None
    offset: int
    tag: str
    chunks: AsyncIterator[bytes]


class Card(ABC):
    """A telescope's card. UnreachableError when it does not answer, or stops in the middle of a file."""

    @abstractmethod
    async def files(self, folder: str) -> tuple[CardFile, ...]:
        """Every file below a folder, sorted by path; CardFileMissingError when it is not there."""

    @abstractmethod
    def open(
        self, folder: str, file: str, offset: int = 0, tag: str = "", most: int | None = None
    ) -> AbstractAsyncContextManager[Content]:
        """Begin to fetch a file of a folder, from `offset` on if it is still the one of that tag, else whole.

        No more than `most` bytes of it come from a card that gives parts. CardFileMissingError when it is not
        there.
        """

    @abstractmethod
    async def delete(self, folder: str) -> None:
        """Delete a session's folder with all that is in it; RefusedError when the telescope does not.

        Whether it is gone is seen by listing it.
        """

    @abstractmethod
    async def note(self, folder: str) -> dict[str, object]:
        """What the card itself notes of the session in a folder (`shotsInfo.json`); empty when nothing."""
