"""What sessions left on the card comes into the archive by itself, and in nobody's way."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.afterwards import DownloadChanged, DownloadState, SessionArchived
from agent.archive import fetch as fetching
from agent.archive.errors import NoRoomError
from agent.events import Event, SessionStarted
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfOptions, DwarfTelescope
from agent.telescope.interface import ConnectionState
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.archive.support import came
from tests.support.small_sensors import small_sensors
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import client_of

small_pictures = small_sensors  # in the place of the fixture of that name
SHORT = {"do_action": True, "exposure": "10", "gain": 80, "count": 3}
Work = Callable[[SimulatedDwarf], Awaitable[Any]]


class Archive:
    """An agent with an archive, on a simulated telescope."""

    def __init__(self, place: Observatory, **archive: Any) -> None:
        self.place = place
        self.root = place.root / "archive"
        self.root.mkdir()
        settings = place.settings.model_dump() | {"archive": {"dir": self.root, "what": "all", **archive}}
        place.settings = type(place.settings).model_validate(settings)
        self.heard: list[Event] = []

    def night(self, work: Work, *faults: str, **simulated: Any) -> Any:
        """Do this while the agent runs; every event is heard."""

        async def main() -> Any:
            options = {
                "generation": "v3",
                "site": PARIS,
                "calibrated": True,
                "card_port": 0,
                "faults": faults,
                "strict": True,
            }
            wanted = SimulatorOptions.from_mapping(options | simulated)
            async with SimulatedDwarf(wanted, self.place.clock) as sim:
                self.begin(sim)
                async with self.place.open():
                    self.place.stations["scope"].ground.bus.subscribe(self.heard.append)
                    return await work(sim)

        return run_virtual(main())

    def begin(self, sim: SimulatedDwarf) -> None:
        address = DwarfAddress("127.0.0.1", sim.port, sim.http_port, sim.card_port or 80)
        self.place.driver = DwarfTelescope(
            address,
            options=DwarfOptions(rest_when_released=True),
            clock=self.place.clock,
            rng=random.Random(1),
        )

    def archived(self) -> list[SessionArchived]:
        return [event for event in self.heard if isinstance(event, SessionArchived)]

    def downloads(self, state: DownloadState) -> list[DownloadChanged]:
        return [one for one in self.heard if isinstance(one, DownloadChanged) and one.state is state]

    async def until_archived(self, count: int = 1) -> None:
        await self.place.until(lambda: len(self.archived()) >= count, every_s=1)

    def check(self, sim: SimulatedDwarf, folders: int = 1) -> None:
        """Every file of the card is in the archive, byte for byte but for what headers lacked."""
        card, found = sim.device.card, {}
        for note in self.root.rglob("info/archive.json"):
            for entry in json.loads(note.read_text())["files"]:
                path = f"{entry['folder'].rstrip('/')}/{entry['source']}"
                found[path] = note.parent.parent / entry["name"]
        assert len(card.sessions) == folders
        assert found.keys() == set(card.paths())
        for path, here in found.items():
            assert came(here, (card.read(path) or (b"",))[0]), path


@pytest.fixture
def archive(observatory: Callable[..., Observatory]) -> Archive:
    return Archive(observatory())


def test_a_session_is_in_the_archive_soon_after_its_end(archive: Archive) -> None:
    archive.place.drop("a.json", session(setup_camera=SHORT))

    async def work(sim: SimulatedDwarf) -> None:
        await archive.until_archived()
        archive.check(sim)
        await archive.place.until(lambda: archive.place.said("download")[-1]["state"] == "idle")

    archive.night(work)
    (event,) = [one for one in archive.place.said("event") if one["event_type"] == "session_archived"]
    assert event["complete"]
    assert (event["session_id"], event["target"]) == ("a", "M 42")
    assert Path(event["folder"]).parent.name == "M 42"
    fetching = [body for body in archive.place.said("download") if body["state"] == "fetching"]
    assert fetching[0]["session_id"] == "a"


def test_nothing_is_deleted_unless_a_person_set_it(archive: Archive) -> None:
    archive.place.drop("a.json", session(setup_camera=SHORT))

    async def work(sim: SimulatedDwarf) -> int:
        await archive.until_archived()
        await archive.place.until(lambda: not archive.place.stations["scope"].followers.busy)
        await archive.place.clock.sleep(7200)
        return len(sim.device.card.sessions)

    assert archive.night(work) == 1
    assert [one.deleted for one in archive.archived()] == [False]


def test_what_was_compared_twice_is_deleted_where_a_person_set_it(
    observatory: Callable[..., Observatory],
) -> None:
    archive = Archive(observatory(), delete_after="verified")
    place = archive.place
    place.drop("a.json", session(setup_camera=SHORT))
    place.drop("b.json", session(setup_camera=SHORT, download={"do_action": True, "what": "stacked"}))

    async def work(sim: SimulatedDwarf) -> list[str]:
        await archive.until_archived(3)
        await place.until(lambda: not place.stations["scope"].followers.busy)
        return [one.path for one in sim.device.card.sessions]

    left = archive.night(work)
    assert [(one.session_id, one.deleted) for one in archive.archived() if one.session_id == "a"] == [
        ("a", False),
        ("a", True),
    ]
    assert [one.deleted for one in archive.archived() if one.session_id == "b"] == [False]
    assert len(left) == 1  # of b nothing but the stack is in the archive
    assert "deleted on the telescope" in archive.archived()[1].message
    assert place.said("event")[-1]["event_type"] == "session_archived"


def test_a_session_that_differs_stays_and_is_a_problem(observatory: Callable[..., Observatory]) -> None:
    archive = Archive(observatory(), delete_after="verified")
    place = archive.place
    place.drop("a.json", session(setup_camera=SHORT))

    async def work(sim: SimulatedDwarf) -> int:
        await place.until(lambda: bool(place.said("status") and place.said("status")[-1]["problem"]))
        await place.until(lambda: bool(archive.downloads(DownloadState.IDLE)))
        return len(sim.device.card.sessions)

    assert archive.night(work, habits={"album_delete": "item"}) == 1
    assert place.said("status")[-1]["problem"]["code"] == "not_deleted"
    assert place.said("download")[-1]["state"] == "idle"


def test_a_lossy_line_loses_nothing(archive: Archive) -> None:
    archive.place.drop("a.json", session(setup_camera=SHORT))
    faults = [f"card-cut:after={after},times=3" for after in (0, 1, 5_000, 30_000)]
    faults += ["card-short:by=5,times=1", "card-changes:after=9000,path=stacked-16,times=1"]

    async def work(sim: SimulatedDwarf) -> None:
        await archive.until_archived()
        archive.check(sim)

    archive.night(work, *faults)
    assert archive.archived()[0].complete


def test_a_session_that_becomes_due_has_the_telescope_within_a_second(archive: Archive) -> None:
    place = archive.place
    place.drop("a.json", session(setup_camera=SHORT))

    async def work(sim: SimulatedDwarf) -> tuple[datetime, datetime]:
        sim.faults.add("card-slow:bytes_per_s=4000")
        await place.until(lambda: len(archive.downloads(DownloadState.FETCHING)) > 3)
        place.drop("b.json", session(setup_camera=SHORT))
        await place.sessions_ended(2)
        sim.faults.clear()
        await archive.until_archived(2)
        archive.check(sim, 2)
        began = next(
            one.at
            for one in archive.heard
            if isinstance(one, SessionStarted) and one.session.session_id == "b"
        )
        waits = [one.at for one in archive.downloads(DownloadState.WAITING) if one.at >= began]
        fetched = [one.at for one in archive.downloads(DownloadState.FETCHING) if one.at >= began]
        assert waits[0] < fetched[0]
        return began, waits[0]

    began, waited = archive.night(work)
    assert 0 <= (waited - began).total_seconds() <= 1


def test_a_telescope_that_is_slow_to_say_who_uses_it_keeps_no_session_out(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = archive.place
    place.drop("a.json", session(setup_camera=SHORT))

    async def slow(_telescope: DwarfTelescope) -> bool:
        await place.clock.sleep(1.9)
        return False

    monkeypatch.setattr(DwarfTelescope, "in_use", slow)

    async def work(sim: SimulatedDwarf) -> list[float]:
        sim.faults.add("card-slow:bytes_per_s=4000")
        await place.until(lambda: len(archive.downloads(DownloadState.FETCHING)) > 3)
        waits = []
        for name in "bcd":  # whatever it is just being asked
            place.drop(f"{name}.json", session(setup_camera=SHORT))
            await place.until(lambda: place.stations["scope"].runner.running is not None, every_s=0.1)
            began, told = place.clock.now(), len(archive.downloads(DownloadState.WAITING))
            await place.until(lambda n=told: len(archive.downloads(DownloadState.WAITING)) > n, every_s=0.1)
            waits.append((archive.downloads(DownloadState.WAITING)[-1].at - began).total_seconds())
            await place.until(lambda: place.stations["scope"].runner.running is None, every_s=0.7)
            fetched = len(archive.downloads(DownloadState.FETCHING))
            await place.until(lambda n=fetched: len(archive.downloads(DownloadState.FETCHING)) > n + 2)
        return waits

    assert max(archive.night(work)) <= 1


def test_the_phone_app_has_the_telescope_to_itself(archive: Archive) -> None:
    place = archive.place
    place.drop("a.json", session(setup_camera=SHORT))

    async def work(sim: SimulatedDwarf) -> float:
        sim.faults.add("card-slow:bytes_per_s=500")
        station = place.stations["scope"]
        await place.until(lambda: len(archive.downloads(DownloadState.FETCHING)) > 3)
        await place.until(lambda: station.telescope.connection is ConnectionState.RESTING)
        await place.clock.sleep(10)
        assert archive.heard[-1] in archive.downloads(DownloadState.FETCHING)
        async with client_of(sim, minor=20, client_id="phone"):
            came = place.clock.monotonic()
            await place.until(lambda: bool(archive.downloads(DownloadState.WAITING)), every_s=0.1)
            waited = place.clock.monotonic() - came
            await place.clock.sleep(60)
            assert archive.downloads(DownloadState.WAITING)[-1].reason == "held_by_other"
            assert not archive.archived()
        sim.faults.clear()
        await archive.until_archived()
        archive.check(sim)
        return waited

    assert archive.night(work) <= 1


def test_a_restart_in_the_middle_goes_on_where_it_was(archive: Archive) -> None:
    place = archive.place
    place.drop("a.json", session(setup_camera=SHORT))

    async def main() -> None:
        options = {"generation": "v3", "site": PARIS, "calibrated": True, "card_port": 0, "strict": True}
        async with SimulatedDwarf(SimulatorOptions.from_mapping(options), place.clock) as sim:
            archive.begin(sim)
            async with place.open():
                place.stations["scope"].ground.bus.subscribe(archive.heard.append)
                sim.faults.add("card-slow:bytes_per_s=20000")
                await place.until(
                    lambda: any(one.files_done > 1 for one in archive.downloads(DownloadState.FETCHING))
                )
                before = archive.downloads(DownloadState.FETCHING)[-1].size_done
            sim.faults.clear()
            archive.heard.clear()
            archive.begin(sim)
            async with place.open():
                place.stations["scope"].ground.bus.subscribe(archive.heard.append)
                await archive.until_archived()
            assert archive.downloads(DownloadState.FETCHING)[0].size_done >= before * 0.9
            archive.check(sim)

    run_virtual(main())


def test_a_session_says_itself_how_much_of_it_is_fetched(archive: Archive) -> None:
    archive.place.drop("a.json", session(setup_camera=SHORT, download={"do_action": True, "what": "none"}))
    archive.place.drop("b.json", session(setup_camera=SHORT, download={"do_action": True, "what": "stacked"}))

    async def work(_sim: SimulatedDwarf) -> None:
        await archive.place.sessions_ended(2)
        await archive.until_archived()
        await archive.place.until(lambda: bool(archive.downloads(DownloadState.IDLE)))

    archive.night(work)
    assert [one.session_id for one in archive.archived()] == ["b"]
    (folder,) = (archive.root / "M 42").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["info", "stacked"]


def test_an_archive_that_is_not_there_is_a_problem_and_costs_no_session(archive: Archive) -> None:
    archive.root.rmdir()
    archive.place.drop("a.json", session(setup_camera=SHORT))

    async def work(sim: SimulatedDwarf) -> None:
        await archive.place.until(lambda: bool(archive.downloads(DownloadState.FAILED)))
        assert archive.place.said("status")[-1]["problem"]["code"] == "archive_missing"
        archive.root.mkdir()
        await archive.until_archived()
        archive.check(sim)
        await archive.place.until(lambda: archive.place.said("status")[-1]["problem"] is None)

    archive.night(work)
    assert archive.place.results[0]["result"] == "completed"


def test_a_session_that_asks_for_an_archive_where_there_is_none_is_refused(
    observatory: Callable[..., Observatory],
) -> None:
    place = observatory()
    place.drop("a.json", session(download={"do_action": True}))

    async def main() -> None:
        async with place.open():
            await place.until(lambda: place.files("Error") == ["a.json", "a.json.reason.txt"])

    run_virtual(main())
    assert "archive_dir" in (place.folder("Error") / "a.json.reason.txt").read_text()


def test_a_session_that_cannot_be_fetched_keeps_no_other_out(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = archive.place
    place.drop("a.json", session(setup_camera=SHORT))
    place.drop("b.json", session(setup_camera=SHORT))
    real = fetching.SessionFetch._make_room

    async def make_room(fetch: Any) -> None:
        if fetch.folder.name.endswith("_a"):
            raise NoRoomError("There is no room.")
        await real(fetch)

    monkeypatch.setattr(fetching.SessionFetch, "_make_room", make_room)

    async def work(_sim: SimulatedDwarf) -> None:
        await archive.until_archived()
        await place.until(lambda: bool(archive.downloads(DownloadState.FAILED)))
        assert place.said("status")[-1]["problem"]["code"] == "archive_full"

    archive.night(work)
    assert [one.session_id for one in archive.archived()] == ["b"]


def test_an_agent_that_runs_once_waits_for_the_archive_and_not_for_a_telescope_that_is_off(
    archive: Archive,
) -> None:
    place = archive.place
    place.drop("a.json", session(setup_camera=SHORT))

    async def work(sim: SimulatedDwarf) -> None:
        station = place.stations["scope"]
        await archive.until_archived()
        await place.until(lambda: not station.followers.busy, hours=1)
        sim.faults.add("card-slow:bytes_per_s=3000")
        place.drop("b.json", session(setup_camera=SHORT))
        await place.sessions_ended(2)
        await place.until(lambda: archive.heard[-1] in archive.downloads(DownloadState.FETCHING))
        assert station.followers.busy
        sim.faults.add("power-off")
        await place.until(lambda: not station.followers.busy, hours=1)

    archive.night(work)
    assert len(archive.archived()) == 1
