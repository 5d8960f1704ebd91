"""What is deleted on the card was compared with the archive twice; whatever is in doubt stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.archive import headers
from agent.archive.errors import ArchiveMissingError
from agent.archive.headers import BLOCK, CARD, Card, filled, says_all_of
from agent.archive.manifest import State, load
from agent.archive.pace import Pace
from agent.archive.removal import KeptError, Removal
from agent.session.fields import DownloadWhat
from agent.settings.parts import ArchiveSettings
from agent.telescope.dwarf import card_files
from agent.telescope.dwarf.card_files import HttpCard
from agent.telescope.simulator.card import SessionFolder
from agent.telescope.simulator.card_files import CardFiles
from tests.archive.support import Stand, at_stand, take
from tests.archive.test_headers import MANY, PARIS, PLACE
from tests.support.chance import often
from tests.support.small_sensors import small_sensors as small_sensors

Change = Callable[[Stand, Path], None]


def removed(
    root: Path, change: Change = lambda _stand, _folder: None, *faults: str, what: str = "all", **options: Any
) -> tuple[str, list[str]]:
    """Fetch a session, change something, and delete it on the card; return why it stays, and what is left."""

    async def work(stand: Stand) -> tuple[str, list[str]]:
        stand.session, stand.site = replace(stand.session, place=PLACE), PARIS
        other = take(stand.sim, second=30)  # nobody asked for this one
        fetch = stand.fetch(DownloadWhat(what))
        await fetch.run()
        change(stand, fetch.folder)
        for fault in faults:
            stand.sim.faults.add(fault)
        why = ""
        try:
            await Removal(stand.card, fetch.folder, clock=stand.clock, pace=Pace(stand.clock, 0)).run()
        except KeptError as error:
            why = str(error)
        else:
            known = load(fetch.folder)
            assert known is not None
            assert known.state is State.REMOVED
            assert known.covers(DownloadWhat.ALL, stand.session.folders)
        left = [one.path for one in stand.sim.device.card.sessions]
        assert other in left
        return why, [path for path in left if path != other]

    return at_stand(root, work, **options)


def frame(stand: Stand, folder: Path) -> Path:
    return folder / "lights" / stand.sim.device.card.sessions[0].frame_name(1)


def flip(at: int) -> Change:
    def change(stand: Stand, folder: Path) -> None:
        path = frame(stand, folder)
        content = bytearray(path.read_bytes())
        content[at] ^= 1
        path.write_bytes(content)

    return change


def one_frame_more(stand: Stand, _folder: Path) -> None:
    session: SessionFolder = stand.sim.device.card.sessions[0]
    stand.sim.device.card.frame(session.path, 4, stacked=True, when=session.changed_at)


def written_anew(stand: Stand, _folder: Path) -> None:
    session = stand.sim.device.card.sessions[0]
    stand.sim.device.card.rewrite(f"{session.path}/{session.frame_name(3)}")


@pytest.mark.parametrize("bare", ["full", "bare"])
def test_a_session_that_is_all_there_is_deleted_and_no_other(
    tmp_path: Path, bare: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = headers.filled
    monkeypatch.setattr(headers, "filled", lambda header, cards: real(header, [*cards, *MANY]))
    assert removed(tmp_path, habits={"headers": bare}) == ("", [])


def test_a_line_that_breaks_costs_nothing(tmp_path: Path) -> None:
    assert removed(tmp_path, flip_nothing, "card-cut:after=30000") == ("", [])
    habits = {"ranges": "ignored"}
    assert removed(tmp_path, flip_nothing, "card-cut:after=0,times=3", habits=habits) == ("", [])


def flip_nothing(_stand: Stand, _folder: Path) -> None:
    pass


def emptied(_stand: Stand, folder: Path) -> None:
    (folder / "info" / "shotsInfo.json").write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (flip(9 * CARD + 12), "not in the archive as the card has it"),  # a header's word
        (flip(BLOCK + 5_000), "not in the archive as the card has it"),
        (emptied, "not in the archive as the card has it"),
        (flip(-1), "not in the archive as the card has it"),
        (lambda stand, folder: frame(stand, folder).unlink(), "cannot be read"),
        (lambda stand, folder: (folder / "info" / "archive.json").unlink(), "Not every file"),
        (one_frame_more, "and the archive has not"),
        (written_anew, "not in the archive as the card has it"),
    ],
)
def test_whatever_differs_keeps_it(tmp_path: Path, change: Change, why: str) -> None:
    said, left = removed(tmp_path, change)
    assert why in said
    assert len(left) == 1


@pytest.mark.parametrize(
    ("faults", "options", "why"),
    [
        (("card-changes:path=_0001,after=9000",), {}, "as the card has it"),
        (("card-short:by=1,path=_0001",), {}, "as the card has it"),
        (("card-missing:path=_0001",), {}, "as the card has it"),
        ((), {"habits": {"album_delete": "item"}}, "still has"),
        ((), {"habits": {"card_index": "none"}}, "does not list all"),
        ((), {"habits": {"card_index": "none"}, "ftp_port": 0}, "more on the card than could be listed"),
        (("empty-album",), {}, "does not list"),
    ],
)
def test_whatever_the_telescope_does_otherwise_keeps_it_and_is_told(
    tmp_path: Path, faults: tuple[str, ...], options: dict[str, Any], why: str
) -> None:
    said, left = removed(tmp_path, flip_nothing, *faults, **options)
    assert why in said
    assert len(left) == 1


def test_an_archive_that_goes_away_meanwhile_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = HttpCard.open

    async def work(stand: Stand) -> list[int]:
        fetch = stand.fetch()
        await fetch.run()
        removal = Removal(stand.card, fetch.folder, clock=stand.clock, pace=Pace(stand.clock, 0))
        opened = iter((False, False, True))

        def unmounting(card: HttpCard, *asked: Any) -> Any:
            if next(opened, False):
                (tmp_path / "M 42").rename(tmp_path / "away")
            return real(card, *asked)

        monkeypatch.setattr(HttpCard, "open", unmounting)
        left = []
        for _ in range(2):
            with pytest.raises(ArchiveMissingError):
                await removal.run()
            left.append(len(stand.sim.device.card.sessions))
        (tmp_path / "away").rename(tmp_path / "M 42")
        await removal.run()
        return [*left, len(stand.sim.device.card.sessions)]

    assert at_stand(tmp_path, work) == [1, 1, 0]


def test_a_session_that_is_there_in_part_is_kept(tmp_path: Path) -> None:
    said, left = removed(tmp_path, what="stacked_and_info")
    assert (said, len(left)) == ("Not every file of it is in the archive.", 1)


def test_a_setting_that_would_lose_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="needs what: all"):
        ArchiveSettings(delete_after="verified", what="stacked")
    assert ArchiveSettings().delete_after == "never"


@settings(max_examples=often(40))
@given(st.integers(0, 5 * CARD - 1), st.integers(1, 255))
def test_no_change_of_what_a_header_says_is_taken_for_the_same(at: int, change: int) -> None:
    told = [Card(f"KEY{n}", f"word {n}", "as it is").written() for n in range(4)]
    header = b"".join([b"SIMPLE  =                    T".ljust(CARD), *told, b"END".ljust(CARD)]).ljust(BLOCK)
    fuller = filled(header, [Card("OBJECT", "M 42", "target"), *MANY])
    assert says_all_of(fuller, header)
    other = bytearray(header)
    other[at] ^= change
    assert not says_all_of(fuller, bytes(other))


@pytest.mark.parametrize("more", ["a\\b.fits", "deeper/"])
def test_what_cannot_be_listed_keeps_it(tmp_path: Path, more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = CardFiles._entries

    def entries(self: CardFiles, folder: str) -> Any:
        found = real(self, folder)
        if "DWARF_RAW" not in folder or not (found or "deeper" in folder):
            return found
        return {**(found or {}), more: (datetime(2026, 3, 12, tzinfo=UTC), None if more[-1] == "/" else 5)}

    monkeypatch.setattr(CardFiles, "_entries", entries)
    said, left = removed(tmp_path)
    assert "more on the card than could be listed" in said
    assert len(left) == 1


def test_more_files_than_are_listed_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_files, "_MOST", 3)
    said, left = removed(tmp_path)
    assert "more on the card than could be listed" in said
    assert len(left) == 1
