"""Power cuts, full disks and folders that go away, through the whole agent."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.reasons import Reason
from agent.store import disk
from agent.telescope.interface import CaptureReport
from tests.app.conftest import Observatory, session
from tests.support.fake_telescope import FakeCapture, FakeTelescope
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
LATER = {"time": "21:00:00"}


def frames(place: Observatory, count: int) -> Callable[[], bool]:
    return lambda: bool(place.telescope.captures) and place.telescope.captures[-1].taken >= count


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Nothing can be written any more; the folders are there and can be read."""

    def full(folder: Path, *_: object, **__: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "_write_temporary", full)
        yield


def problems(place: Observatory) -> list[str | None]:
    """The codes of the problems that were told, one after the other."""
    codes = [(body["problem"] or {}).get("code") for body in place.said("status")]
    return [code for i, code in enumerate(codes) if i == 0 or codes[i - 1] != code]


def power_cut(place: Observatory, spoilt: bytes | None, *, copy: bool) -> None:
    """Leave what a power cut in the middle of the capture leaves: it goes on, the file is spoilt."""
    current, hidden = place.folder("Current"), place.folder(".dwarf-agent") / "journal"
    facts = json.loads((hidden / "m42.json").read_text())
    began = facts["facts"]["started_at"]
    facts["facts"] = {"started_at": began, "capture": {"camera": "tele", "started_at": began, "taken": 5}}
    (hidden / "m42.json").write_text(json.dumps(facts))
    waiting = place.folder("ToDo") / "m42.json"
    (hidden / "m42.session").write_bytes(waiting.read_bytes() if copy else b"")
    waiting.unlink()
    if spoilt is not None:
        (current / "m42.json").write_bytes(spoilt)
    place.telescope.captures[-1].running = True
    place.telescope.online = True


@pytest.mark.parametrize("spoilt", [b"", b"\x00" * 512, None])
def test_a_power_cut_that_empties_the_running_file_loses_neither_session_nor_capture(
    observatory: Make, spoilt: bytes | None
) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session())
        async with place.open():
            await place.until(frames(place, 5))
        power_cut(place, spoilt, copy=True)
        async with place.open():
            await place.sessions_ended(1)
            await place.clock.sleep(3600)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
    assert not any(capture.running for capture in place.telescope.captures)
    assert "m42.json" in place.files("Done")
    assert place.files("Current") == place.files("ToDo") == []


def test_without_the_copy_the_session_is_ended_from_its_journal_and_its_capture_stopped(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session())
        async with place.open():
            await place.until(frames(place, 5))
        power_cut(place, b"", copy=False)
        async with place.open():
            await place.sessions_ended(1)
            await place.clock.sleep(600)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["session_id"], result["result"]) == ("m42", "partial")
    assert result["reason"] == "agent_restarted"
    assert "power cut" in result["message"]
    assert result["frames"]["taken"] == 5
    assert not any(capture.running for capture in place.telescope.captures)
    assert place.files("Error") == ["m42.json"]


def test_a_session_whose_start_finds_the_disk_full_runs_as_soon_as_there_is_room(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session(id_command=LATER))
        place.drop("b.json", session(id_command=LATER))
        async with place.open():
            with full_disk():
                await place.clock.sleep(3 * 3600)
                assert place.results == []
                assert place.said("status")[-1]["problem"]["code"] == "disk_full"
                assert place.telescope.captures == []
            await place.sessions_ended(2, hours=1)
            assert place.said("status")[-1]["problem"] is None
        return place

    place = run_virtual(night())
    assert [result["result"] for result in place.results] == ["completed"] * 2
    assert place.files("Done") == ["a.json", "b.json"]


def test_a_session_that_the_disk_takes_and_does_not_give_back_runs_as_soon_as_there_is_room(
    observatory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, write, full = disk.rename_exclusive, disk._write_temporary, [False]

    def renamed(source: Path, target: Path) -> None:
        refuse(target)
        rename(source, target)
        full[0] = target.parent.name == "Current" and target.name == "a.json"

    def written(folder: Path, *args: Any, **more: Any) -> Path:
        refuse(folder)
        return write(folder, *args, **more)

    def refuse(place: Path) -> None:
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device", str(place))

    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        async with place.open():
            await place.clock.sleep(600)
            assert place.files("Current") == ["a.json"]
            assert place.said("status")[-1]["problem"]["code"] == "disk_full"
            monkeypatch.undo()
            await place.sessions_ended(1, hours=1)
            assert place.said("status")[-1]["problem"] is None
        return place

    monkeypatch.setattr(disk, "rename_exclusive", renamed)
    monkeypatch.setattr(disk, "_write_temporary", written)
    (result,) = run_virtual(night()).results
    assert result["result"] == "completed"


def test_a_capture_that_could_not_be_noted_begins_once_there_is_room(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        async with place.open():
            await place.until(lambda: place.said("status")[-1]["state"] == "slewing")
            with full_disk():
                await place.clock.sleep(3600)
                status = place.said("status")[-1]
                assert (status["state"], status["problem"]["code"]) == ("waiting", "disk_full")
                assert "journal" in status["message"]
                assert place.telescope.captures == []
                pointed = len(place.telescope.gotos)
            await place.until(frames(place, 1))
            assert place.said("status")[-1]["problem"] is None
            assert len(place.telescope.gotos) == pointed + 1, "an hour later the target is elsewhere"
            await place.sessions_ended(1)
        return place

    (result,) = run_virtual(night()).results
    assert (result["result"], result["frames"]["taken"], result["attempts"]) == ("completed", 12, 1)


def test_a_person_may_end_what_waits_for_room(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        async with place.open():
            await place.until(lambda: place.said("status")[-1]["state"] == "slewing")
            with full_disk():
                await place.clock.sleep(600)
                place.say("scope/command", {"command": "abort"})
                await place.clock.sleep(60)
                assert place.stations["scope"].running is None
            await place.sessions_ended(1, hours=1)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"]) == ("aborted", 0)
    assert place.telescope.captures == []


def test_a_result_the_disk_refuses_for_hours_is_written_and_told_once(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        async with place.open():
            await place.until(frames(place, 11))
            with full_disk():
                await place.clock.sleep(2 * 3600)
                assert place.results == []
                assert place.said("status")[-1]["problem"]["code"] == "disk_full"
                assert place.stations["scope"].running is None
            await place.sessions_ended(1, hours=1)
            place.drop("b.json", session())
            await place.sessions_ended(2, hours=1)
            assert problems(place)[-1] is None
        return place

    place = run_virtual(night())
    assert [result["session_id"] for result in place.results] == ["a", "b"]
    assert place.files("Done") == ["a.json", "b.json"]


def test_what_ran_before_a_start_with_a_full_disk_goes_on_when_there_is_room(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session())
        async with place.open():
            await place.until(frames(place, 5))
        power_cut(place, (place.folder("ToDo") / "m42.json").read_bytes(), copy=True)
        current = place.folder("Current") / "m42.json"
        current.write_text(current.read_text().replace('"wait"', '"pending"'))
        with contextlib.ExitStack() as trouble:
            trouble.enter_context(full_disk())
            async with place.open():
                await place.clock.sleep(600)
                assert place.said("status")[-1]["problem"]["code"] == "disk_full"
                trouble.close()
                await place.sessions_ended(1, hours=1)
                assert place.said("status")[-1]["problem"] is None
        return place

    (result,) = run_virtual(night()).results
    assert (result["result"], result["frames"]["taken"]) == ("completed", 12)


def test_a_turn_given_back_on_a_full_disk_is_taken_again_when_there_is_room(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session())
        async with place.open():
            await place.until(frames(place, 5))
            with full_disk():
                runner = place.stations["scope"].runner
                runner.give_back("m42", Reason.QUEUE, "Another one has its turn.")
                await place.clock.sleep(600)
                assert place.stations["scope"].running is None
                assert place.said("status")[-1]["problem"]["code"] == "disk_full"
            await place.sessions_ended(1, hours=1)
            assert place.said("status")[-1]["problem"] is None
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
    assert place.files("Current") == place.files("ToDo") == []


def test_a_tree_that_is_not_there_for_a_while_is_a_problem_and_loses_nothing(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session(id_command=LATER))
        root = place.folder("")
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            root.rename(root.with_name("unmounted"))
            await place.clock.sleep(600)
            assert place.said("status")[-1]["problem"]["code"] == "folder_missing"
            place.say("scope/session/submit", {"session_id": "b", **session()})
            await place.clock.sleep(60)
            assert place.files("ToDo") == []
            assert not root.exists(), "what is made there would lie below the share when it is back"
            root.with_name("unmounted").rename(root)
            await place.sessions_ended(1, hours=6)
            assert place.said("status")[-1]["problem"] is None
            kept = json.loads((root / ".dwarf-agent" / "telescope.json").read_text())
            assert kept["switches"]["filter"] == "VIS", "seen while the tree was away"
        return place

    assert [result["result"] for result in run_virtual(night()).results] == ["completed"]


def test_taking_out_the_file_of_a_session_that_would_go_on_stops_its_capture(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session())
        async with place.open():
            await place.until(frames(place, 5))
            remembered = place.folder(".dwarf-agent") / "telescope.json"
            at_work = remembered.read_bytes()
        remembered.write_bytes(at_work)  # as a killed agent leaves it
        place.telescope.captures[-1].running = True
        async with place.open():  # the telescope is away
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            (place.folder("ToDo") / "m42.json").unlink()
            await place.until(lambda: place.said("queue")[-1]["count"] == 0)
            place.telescope.restore()
            await place.clock.sleep(60)
            assert not place.telescope.captures[-1].running
        return place

    assert run_virtual(night()).results == []


@pytest.mark.parametrize("folder", ["ToDo", "Current", "Done", "Results", ".dwarf-agent"])
def test_a_folder_removed_while_a_session_runs_holds_nothing_up(observatory: Make, folder: str) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session())
        async with place.open():
            await place.until(frames(place, 3))
            shutil.rmtree(place.folder(folder))
            await place.sessions_ended(1, hours=1)
            await place.clock.sleep(10)
            (place.folder("ToDo") / "b.json").write_text(json.dumps(session()))
            await place.sessions_ended(2, hours=1)
        return place

    place = run_virtual(night())
    assert [result["result"] for result in place.results] == ["completed"] * 2
    assert place.files("Done") == ["a.json", "b.json"]


def test_a_path_that_is_no_text_is_told_and_written_escaped(
    observatory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = FakeTelescope._report

    def broken(telescope: FakeTelescope, capture: FakeCapture) -> CaptureReport:
        folder = f"/Astronomy/\udcff M42\ud83d {capture.camera}"
        return replace(told(telescope, capture), folder=folder)

    monkeypatch.setattr(FakeTelescope, "_report", broken)

    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session())
        async with place.open():
            await place.sessions_ended(1, hours=1)
        return place

    place = run_virtual(night())
    done = json.loads((place.folder("Done") / "m42.json").read_text(encoding="utf-8"))["command"]
    assert done["result_details"]["files"] == ["/Astronomy/\\udcff M42\\ud83d tele"]
    assert done["id_command"]["dwarf"] == "D3"
    assert len(place.results) == 1
