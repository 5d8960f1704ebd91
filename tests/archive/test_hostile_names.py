"""Names that lead elsewhere or into each other, links, a disk that goes away: every file keeps its place."""

from __future__ import annotations

import errno
import importlib
import itertools
import os
import re
import unicodedata
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.archive.errors import ArchiveError, ArchiveMissingError
from agent.archive.fetch import SessionFetch
from agent.archive.manifest import NAME, State, folder_of, load
from agent.archive.pace import Pace
from agent.clock import LoopClock
from agent.session.fields import DownloadWhat
from agent.telescope.card import Card, CardFile, Content
from tests.archive.support import NIGHT, ended
from tests.support.virtual_loop import run_virtual

FOLDER = "/DWARF3/Astronomy/DWARF_RAW_TELE_M 42"
NAMES = [
    *("../../up.fits", "/etc/passwd.fits", "Thumbnail/../../../up.jpg", "..", ".hidden.fits", "~.fits"),
    *("a.fits", "A.fits", "ａ.fits", "a.FITS", "a:b.fits", "a-b.fits", "a b.fits", "a  b.fits", "a.fits."),
    *("\u00e9.fits", "e\u0301.fits", "\u00c9.fits", "stra\u00dfe.fits", "STRASSE.fits", "\u212b.fits"),
    *(
        "CON.fits",
        "nul",
        "com1.fits",
        "com\u00b9.fits",
        "LPT\u00b3.fits",
        "CONIN$",
        "conout$.fits",
        "aux.a.fits",
    ),
    *("archive.json", "ARCHIVE.JSON", "x" * 300 + ".fits", "y" * 300 + ".fits", "\u2019" * 99 + ".fits"),
    *("\ud800.fits", "\u202egnp.fits", "x\r\ny.fits", "", " ", "stack.ssf", "-rf.fits"),
]
RESERVED = re.compile(
    r"(con|prn|aux|nul|(com|lpt)[\d\u00b9\u00b2\u00b3]|conin\$|conout\$)(\..*)?", re.IGNORECASE
)


class Listed(Card):
    """A card that has files of these names, each with its own content."""

    def __init__(self, names: list[str]) -> None:
        self.content = {name: b"SIMPLE  = " + repr(name).encode() for name in names}
        self.content |= {
            name: b"\xff\xd8\xff" + repr(name).encode() for name in names if name.endswith("jpg")
        }
        self.opened: list[str] = []

    async def files(self, folder: str) -> tuple[CardFile, ...]:
        return tuple(CardFile(name, len(self.content[name]), "1") for name in sorted(self.content))

    @asynccontextmanager
    async def open(
        self, folder: str, file: str, offset: int = 0, tag: str = "", most: int | None = None
    ) -> AsyncIterator[Content]:
        self.opened.append(file)

        async def chunks() -> AsyncIterator[bytes]:
            yield self.content[file][offset:]

        yield Content(len(self.content[file]), offset, "t", chunks())

    async def delete(self, folder: str) -> None:
        raise AssertionError

    async def note(self, folder: str) -> dict[str, object]:
        return {}


def fetched(card: Card, root: Path, session_id: str = "m42") -> SessionFetch:
    async def run() -> SessionFetch:
        clock = LoopClock(NIGHT)
        session = replace(ended(FOLDER), session_id=session_id)
        fetch = SessionFetch(card, root, session, DownloadWhat.ALL, clock=clock, pace=Pace(clock, 0))
        assert (await fetch.run()).state is State.COMPLETE
        return fetch

    return run_virtual(run())


def test_each_name_of_a_card_has_a_place_of_its_own_in_the_archive(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    root.mkdir()
    card = Listed(NAMES)
    folder = fetched(card, root).folder
    known = load(folder)
    assert known is not None
    assert len(known.files) == len(card.content)
    for entry in known.files:
        assert (folder / entry.name).read_bytes() == card.content[entry.source]
    there = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.relative_to(folder).as_posix() for path in there} == {
        NAME,
        *(one.name for one in known.files),
    }
    folded = {unicodedata.normalize("NFC", path.relative_to(root).as_posix()).casefold() for path in there}
    assert len(folded) == len(there)
    for path in there:
        assert len(path.name.encode()) <= 200
        assert not RESERVED.fullmatch(path.name)
        assert not re.search(r'[\x00-\x1f<>:"/\\|?*]|[. ]$|^[. -]', path.name), path.name
    card.opened.clear()
    fetched(card, root)
    assert card.opened == []


def test_sessions_whose_names_are_one_to_a_share_have_folders_of_their_own(tmp_path: Path) -> None:
    card = Listed(["a.fits"])
    first = fetched(card, tmp_path).folder
    other = first.with_name("2026-03-12_M42")
    other.symlink_to(first)  # as on a file system that does not tell small letters from large ones
    second = fetched(card, tmp_path, "M42").folder
    assert second not in (first, other)
    assert folder_of(tmp_path, replace(ended(FOLDER), session_id="M42")) == second
    assert [known.session_id for folder in (first, second) if (known := load(folder))] == ["m42", "M42"]


@pytest.mark.parametrize("planted", [".a.fits.part", "a.fits", ".a.fits.whole", ".a.fits.part/"])
def test_nothing_is_written_through_a_link_or_stopped_by_a_folder(tmp_path: Path, planted: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    card = Listed(["a.fits"])
    card.content["a.fits"] = b"SIMPLE  =".ljust(80) + b"END".ljust(2800) + b"pixels"
    place = tmp_path / "archive" / "M 42" / "2026-03-12_m42" / "lights"
    place.mkdir(parents=True)
    (place / planted).mkdir() if planted.endswith("/") else (place / planted).symlink_to(victim)
    fetched(card, tmp_path / "archive")
    assert victim.read_bytes() == b"mine"
    assert not (place / "a.fits").is_symlink()
    assert (place / "a.fits").read_bytes().endswith(b"pixels")


def test_a_file_that_never_ends_does_not_fill_the_disk(tmp_path: Path) -> None:
    sent = itertools.count()

    class Endless(Listed):
        @asynccontextmanager
        async def open(self, folder: str, file: str, *more: Any) -> AsyncIterator[Content]:
            async def chunks() -> AsyncIterator[bytes]:
                while next(sent) < 10_000:
                    yield b"SIMPLE  =".ljust(65_536)

            yield Content(None, 0, "", chunks())

    with pytest.raises(AssertionError):  # not complete
        fetched(Endless(["a.fits"]), tmp_path)
    (known,) = (load(folder) for folder in (tmp_path / "M 42").iterdir())
    assert known is not None
    assert "instead of" in known.files[0].problem
    assert next(sent) < 10


@pytest.mark.parametrize("empty", [False, True])
def test_an_archive_that_goes_away_is_not_filled_from_below(tmp_path: Path, empty: bool) -> None:
    root, away = tmp_path / "archive", tmp_path / "away"
    root.mkdir()

    class Unmounting(Listed):
        def open(self, folder: str, file: str, *more: Any) -> AbstractAsyncContextManager[Content]:
            if len(self.opened) == 2:
                root.rename(away)
                if empty:  # as a mount point is
                    root.mkdir()
            return super().open(folder, file, *more)

    names = [f"{number}.fits" for number in range(4)] + ["shotsInfo.json"]
    with pytest.raises(ArchiveMissingError):
        fetched(Unmounting(names), root)
    assert [path for path in root.rglob("*") if root.exists()] == []
    if empty:
        root.rmdir()
    away.rename(root)
    fetched(Listed(names), root)


@pytest.mark.parametrize(
    "call", ["os.replace", "os.fsync", "os.write", "os.open", "os.ftruncate", "shutil.disk_usage"]
)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.ESTALE])
def test_whatever_the_disk_refuses_is_told_and_gone_on_with_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    card = Listed(["a.fits", "b.fits", "shotsInfo.json"])
    module, _, name = call.partition(".")
    real = getattr(importlib.import_module(module), name)
    calls = itertools.count()

    def refuses(*args: Any, **named: Any) -> Any:
        if next(calls) >= 2 or call.startswith("shutil"):
            raise OSError(number, os.strerror(number))
        return real(*args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(call, refuses)
        with pytest.raises(ArchiveError):
            fetched(card, tmp_path)
    fetched(card, tmp_path)
