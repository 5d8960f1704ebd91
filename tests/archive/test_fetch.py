"""Fetching a session over a line that breaks, lies and crawls: it ends whole, or says what is missing."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import threading
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.archive import fetch as fetching
from agent.archive.errors import ArchiveBusyError, ArchiveMissingError, NoRoomError
from agent.archive.lock import locked
from agent.archive.manifest import Counts, Manifest, State, load
from agent.session.fields import DownloadWhat
from agent.telescope.dwarf.card_ftp import FtpCard
from agent.telescope.errors import UnreachableError
from tests.archive.support import Stand, at_stand, take, with_folders
from tests.support.chance import often
from tests.support.small_sensors import small_sensors as small_sensors

Usage = namedtuple("Usage", "total used free")


def files(root: Path, pattern: str) -> list[Path]:
    return sorted(root.rglob(pattern))


def fetched(root: Path, *faults: str, **options: Any) -> Manifest:
    """Fetch everything, and see that it is what the card has."""

    async def work(stand: Stand) -> Manifest:
        while True:
            try:
                manifest = await stand.fetch().run()
            except UnreachableError:
                continue
            stand.check(manifest)
            return manifest

    return at_stand(root, work, *faults, **options)


def test_a_session_is_fetched_whole_into_folders_that_stacking_programs_take(tmp_path: Path) -> None:
    manifest = fetched(tmp_path)
    folder = tmp_path / "M 42" / "2026-03-12_m42"
    assert manifest.state is State.COMPLETE
    assert sorted(path.name for path in folder.iterdir()) == [
        "info",
        "lights",
        "rejected",
        "stacked",
        "thumbnails",
    ]
    assert len(list((folder / "lights").iterdir())) == 2
    assert [path.name[:7] for path in (folder / "rejected").iterdir()] == ["failed_"]
    assert load(folder) == manifest
    assert manifest.noted == Counts(3, 2)


@settings(max_examples=often(25), deadline=None)
@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=12), st.sampled_from(["taken", "ignored"]))
def test_cut_at_any_byte_it_ends_whole(cuts: list[int], ranges: str) -> None:
    with TemporaryDirectory() as root:
        fetched(Path(root), *(f"card-cut:after={after},times=1" for after in cuts), habits={"ranges": ranges})


@pytest.mark.parametrize("after", [4_096, 20_000, 65_536])
def test_a_line_that_breaks_always_after_so_many_bytes_brings_everything(tmp_path: Path, after: int) -> None:
    fetched(tmp_path, f"card-cut:after={after}")


def test_what_is_there_is_not_fetched_again_after_a_cut(tmp_path: Path) -> None:
    sent: list[tuple[bool, bool, int | None]] = []

    async def work(stand: Stand) -> None:
        name = stand.sim.device.card.sessions[0].frame_name(1)
        stand.sim.faults.add(f"card-slow:bytes_per_s=20000,path={name},times=1")
        stand.sim.faults.add(f"card-cut:after=50000,path={name},times=1")
        opened = stand.card.open

        def noting(folder: str, file: str, offset: int, tag: str, most: int | None) -> Any:
            if file == name:
                sent.append((offset > 0, bool(tag), most))
            return opened(folder, file, offset, tag, most)

        stand.card.open = noting  # type: ignore[method-assign]
        stand.check(await stand.fetch().run())

    at_stand(tmp_path, work)
    assert sent == [(False, False, None), (True, True, None)]


@pytest.mark.parametrize("index", ["exact", "rounded", "none"])
def test_whatever_index_the_firmware_has(tmp_path: Path, index: str) -> None:
    async def work(stand: Stand) -> list[str]:
        manifest = await stand.fetch().run()
        served = stand.served()
        folder = tmp_path / "M 42" / "2026-03-12_m42"
        for entry in manifest.files:
            assert (folder / entry.name).read_bytes() == served[entry.source]
        return sorted(served.keys() - {entry.source for entry in manifest.files})

    missing = at_stand(tmp_path, work, habits={"card_index": index})
    # without an index nobody tells of the stack at full depth and of the frames' small pictures
    assert all(name.startswith(("stacked-16_", "Thumbnail/")) for name in missing)
    assert bool(missing) is (index == "none")


def test_a_file_written_anew_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    manifest = fetched(tmp_path, "card-changes:path=.fits,after=30000,times=2")
    assert manifest.state is State.COMPLETE


def test_a_file_that_always_comes_short_is_told_and_the_rest_is_there(tmp_path: Path) -> None:
    async def work(stand: Stand) -> Manifest:
        return await stand.fetch().run()

    manifest = at_stand(tmp_path, work, "card-short:by=1,path=stacked.jpg")
    assert manifest.state is State.INCOMPLETE
    (bad,) = [entry for entry in manifest.files if not entry.done]
    assert bad.source == "stacked.jpg"
    assert "bytes" in bad.problem
    assert not (tmp_path / "M 42" / "2026-03-12_m42" / bad.name).exists()


def test_a_file_that_came_short_once_is_whole_in_the_end(tmp_path: Path) -> None:
    assert fetched(tmp_path, "card-short:by=9,times=1").state is State.COMPLETE


def test_a_file_that_is_listed_and_not_there_is_told(tmp_path: Path) -> None:
    async def work(stand: Stand) -> Manifest:
        return await stand.fetch().run()

    manifest = at_stand(tmp_path, work, "card-missing:path=_0001.fits")
    assert [entry.problem for entry in manifest.files if not entry.done] == [
        "the card lists it and does not have it"
    ]


def test_a_card_that_was_emptied_says_so(tmp_path: Path) -> None:
    async def work(stand: Stand) -> Manifest:
        stand.sim.device.card.delete(stand.folder)
        return await stand.fetch().run()

    assert at_stand(tmp_path, work).state is State.GONE


def test_a_crawling_line_is_waited_for(tmp_path: Path) -> None:
    async def work(stand: Stand) -> float:
        began = stand.clock.monotonic()
        stand.check(await stand.fetch().run())
        return stand.clock.monotonic() - began

    assert at_stand(tmp_path, work, "card-slow:bytes_per_s=1000,path=stacked_thumb") > 3


def test_a_telescope_that_goes_away_is_told_and_gone_on_with_later(tmp_path: Path) -> None:
    async def work(stand: Stand) -> None:
        stand.sim.faults.add("card-cut:after=0,path=_0003.fits")
        with pytest.raises(UnreachableError):
            await stand.fetch().run()
        done = {path: path.stat().st_mtime_ns for path in files(tmp_path, "*_0001.fits")}
        assert done
        stand.sim.faults.clear()
        stand.check(await stand.fetch().run())
        assert {path: path.stat().st_mtime_ns for path in done} == done

    at_stand(tmp_path, work)


def test_ended_in_the_middle_it_goes_on_from_there(tmp_path: Path) -> None:
    async def work(stand: Stand) -> None:
        task = asyncio.create_task(stand.fetch(rate=100_000).run())
        while not stand.heard or stand.heard[-1].size_done < 150_000:
            await stand.clock.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        before = stand.heard[-1].size_done
        stand.heard.clear()
        stand.check(await stand.fetch().run())
        assert stand.heard[0].size_done >= before

    at_stand(tmp_path, work)


def test_ended_while_it_takes_up_what_is_there_it_forgets_nothing_and_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(folder: Path) -> Manifest | None:
        begun.set()
        assert go_on.wait(10)
        return load(folder)

    async def work(stand: Stand) -> None:
        manifest = await stand.fetch().run()
        with monkeypatch.context() as share:
            share.setattr(fetching, "load", slow)
            task = asyncio.create_task(stand.fetch().run())
            await asyncio.to_thread(begun.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            go_on.set()
            folder = next((tmp_path / "M 42").iterdir())
            assert load(folder) == manifest
            await asyncio.to_thread(_until_free, folder)
        stand.heard.clear()
        assert await stand.fetch().run() == manifest
        assert stand.heard[0].size_done == manifest.size

    at_stand(tmp_path, work, ftp_port=0)


def _until_free(folder: Path) -> None:
    for _ in range(1000):
        try:
            handle = locked(folder)
        except ArchiveBusyError:
            time.sleep(0.01)
            continue
        assert handle is not None
        os.close(handle)
        return
    raise AssertionError("it is still locked")


def test_no_more_than_the_rate_comes(tmp_path: Path) -> None:
    async def work(stand: Stand) -> tuple[float, int]:
        began = stand.clock.monotonic()
        manifest = await stand.fetch(rate=50_000).run()
        return stand.clock.monotonic() - began, manifest.size

    lasted, size = at_stand(tmp_path, work)
    assert size / lasted == pytest.approx(50_000, rel=0.1)


def test_more_of_a_session_is_fetched_beside_what_is_there(tmp_path: Path) -> None:
    async def work(stand: Stand) -> None:
        first = await stand.fetch(DownloadWhat.STACKED).run()
        assert {entry.name.partition("/")[0] for entry in first.files} == {"stacked"}
        assert first.covers(DownloadWhat.STACKED, stand.session.folders)
        assert not first.covers(DownloadWhat.ALL, stand.session.folders)
        stand.check(await stand.fetch(DownloadWhat.ALL).run())
        again = await stand.fetch(DownloadWhat.STACKED).run()  # nobody takes anything away
        assert again.what is DownloadWhat.ALL

    at_stand(tmp_path, work)


def test_two_captures_and_two_cameras_of_one_session_stay_apart(tmp_path: Path) -> None:
    async def work(stand: Stand) -> list[str]:
        with_folders(stand, take(stand.sim, second=30), take(stand.sim, camera=1, second=40))
        manifest = await stand.fetch().run()
        assert manifest.state is State.COMPLETE
        assert manifest.noted == Counts(9, 6)
        return [entry.name for entry in manifest.files if entry.source == "stacked.jpg"]

    assert at_stand(tmp_path, work) == [
        "stacked/stacked.jpg",
        "stacked/stacked_2.jpg",
        "wide/stacked/stacked.jpg",
    ]


def test_sessions_of_one_name_of_two_telescopes_stay_apart(tmp_path: Path) -> None:
    async def work(stand: Stand) -> None:
        first = await stand.fetch(DownloadWhat.STACKED).run()
        stand.session = replace(stand.session, telescope="garden")
        with_folders(stand, take(stand.sim, second=30))
        second = await stand.fetch(DownloadWhat.STACKED).run()
        assert (len(first.files), len(second.files)) == (3, 6)

    at_stand(tmp_path, work)
    assert sorted(path.name for path in (tmp_path / "M 42").iterdir()) == [
        "2026-03-12_m42",
        "2026-03-12_m42_garden",
    ]


# -- the disk ---------------------------------------------------------------------------------------------


def test_a_file_that_somebody_took_out_of_the_archive_comes_back(tmp_path: Path) -> None:
    async def work(stand: Stand) -> None:
        await stand.fetch().run()
        files(tmp_path, "*_0001.fits")[0].unlink()
        stand.check(await stand.fetch().run())

    at_stand(tmp_path, work)


def test_without_room_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(stand: Stand) -> None:
        with pytest.raises(NoRoomError, match=r"0\.0 GB more"):
            await stand.fetch().run()
        assert not files(tmp_path, "*.fits")

    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _path: Usage(1 << 40, 0, 1 << 30))
    at_stand(tmp_path, work)


def test_a_disk_that_fills_up_is_told_and_what_came_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.write, [200_000]

    def write(handle: int, data: Any) -> int:
        if len(data) > 20_000:
            left[0] -= len(data)
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data)

    async def work(stand: Stand) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("agent.archive.transfer.os.write", write)
            with pytest.raises(NoRoomError, match="full"):
                await stand.fetch().run()
        stand.check(await stand.fetch().run())

    at_stand(tmp_path, work)


def test_an_archive_that_is_not_mounted_is_not_made(tmp_path: Path) -> None:
    async def work(stand: Stand) -> None:
        with pytest.raises(ArchiveMissingError, match="mounted"):
            await stand.fetch().run()

    at_stand(tmp_path / "share", work)
    assert not (tmp_path / "share").exists()


@settings(max_examples=often(60), deadline=None)
@given(st.binary(max_size=300))
def test_a_note_that_cannot_be_read_is_as_none(damage: bytes) -> None:
    with TemporaryDirectory() as root:
        folder = Path(root)
        (folder / "info").mkdir()
        (folder / "info" / "archive.json").write_bytes(damage)
        assert load(folder) is None


def test_a_note_that_leads_out_of_the_archive_is_as_none(tmp_path: Path) -> None:
    manifest = fetched(tmp_path)
    folder = tmp_path / "M 42" / "2026-03-12_m42"
    manifest.files[0].name = "../../../evil"
    manifest.save(folder)
    assert load(folder) is None
    shutil.rmtree(folder)


# -- FTP --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["D3", "mini"])
def test_without_an_index_everything_comes_by_ftp(tmp_path: Path, model: str) -> None:
    manifest = fetched(tmp_path, model=model, ftp_port=0, habits={"card_index": "none"})
    assert manifest.state is State.COMPLETE
    assert any(entry.source.startswith("stacked-16_") for entry in manifest.files)


@pytest.mark.parametrize("after", [0, 1, 20_000])
def test_ftp_that_breaks_off_is_gone_on_with(tmp_path: Path, after: int) -> None:
    fetched(tmp_path, f"card-cut:after={after},times=4", ftp_port=0, habits={"card_index": "none"})


def test_ftp_that_is_not_there_leaves_what_the_album_lists(tmp_path: Path) -> None:
    async def work(stand: Stand) -> set[str]:
        stand.card._ftp = FtpCard("127.0.0.1", 9)
        return {entry.source for entry in (await stand.fetch().run()).files if entry.done}

    found = at_stand(tmp_path, work, habits={"card_index": "none"})
    assert {"stacked.jpg", "shotsInfo.json"} <= found
