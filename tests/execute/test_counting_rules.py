"""Whose capture it is and which of its frames count, at every edge of the rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.events import Frames
from agent.execute.frame_counter import FrameCounter
from agent.execute.journal import Journal
from agent.execute.recognition import Asked, contradiction
from agent.targets import SkyTarget, SolarBody, SolarTarget, Target
from agent.telescope.interface import CaptureEnd, CaptureFacts, CaptureProgress, CaptureReport
from tests.execute.conftest import DUSK, MemoryJournal
from tests.support.virtual_loop import run_virtual

TELE, WIDE = Camera.TELE, Camera.WIDE
ORION = SkyTarget("M 42", 5.5, 0.0)
MARS, MOON, SUN = (SolarTarget(body.value, body) for body in (SolarBody.MARS, SolarBody.MOON, SolarBody.SUN))
UNTOLD = CaptureFacts()
CUT = "Andromeda Galaxy with its companions"


def against(
    found: CaptureFacts,
    *,
    target: Target | None = ORION,
    exposure_s: float = 15.0,
    told: CaptureFacts = UNTOLD,
) -> str:
    return contradiction(Asked(12, exposure_s, target), DUSK, found, told)


# -- whose capture ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dec", "words"),
    [
        (0.0, ""),
        (0.99, ""),
        (-0.99, ""),
        (1.01, "it points 1° away from M 42"),
        (30.0, "it points 30° away from M 42"),
    ],
)
def test_a_capture_that_points_elsewhere_is_anothers(dec: float, words: str) -> None:
    assert against(CaptureFacts(target="NGC 1976", ra_hours=5.5, dec_degrees=dec)) == words


def test_the_place_decides_only_where_both_are_known() -> None:
    elsewhere = CaptureFacts(target="M 42", ra_hours=9.0, dec_degrees=30.0)
    assert against(elsewhere).startswith("it points ")
    assert against(elsewhere, target=SolarTarget("M 42", SolarBody.MARS)) == ""
    assert against(CaptureFacts(target="M 31", ra_hours=5.5)) == "it is of M 31, not of M 42"
    assert against(CaptureFacts(target="M 31", dec_degrees=0.0)) == "it is of M 31, not of M 42"
    assert against(CaptureFacts(target="M 42", ra_hours=9.0)) == ""


@pytest.mark.parametrize(
    ("ours", "told", "found", "same"),
    [
        (ORION, None, None, True),
        (ORION, None, "m42", True),
        (ORION, None, "M-42 ", True),
        (ORION, None, "Ｍ４２", True),  # as wide letters
        (ORION, None, "M 43", False),
        (ORION, None, "***", True),  # nothing that could be another name
        (SkyTarget("...", 5.5, 0.0), None, "M 43", True),
        (ORION, "NGC1976", "NGC 1976", True),
        (ORION, "NGC1976", "M 42", False),  # the telescope's own words go first
        (None, None, "M 31", True),
        (None, "M 42", "M 31", False),
        (None, "", "M 31", True),
        (None, "M 42", "M 42", True),
        (MOON, None, "LUNA", True),
        (SUN, None, "SOL", True),
        (MARS, None, "LUNA", False),
        (MOON, "LUNA", "SOL", False),
        (SkyTarget(CUT, 5.5, 0.0), None, "AndromedaGalaxywithitscom", True),  # cut after 25 letters
        (SkyTarget(CUT, 5.5, 0.0), None, "Andromeda Galaxy with its co", True),  # 24 letters
        (SkyTarget(CUT, 5.5, 0.0), None, "Andromeda Galaxy with its c", False),  # 23 letters
        (SkyTarget(CUT, 5.5, 0.0), None, "Andromeda Galaxy with his companions", False),
        (SkyTarget("Andromeda Galaxy with its co", 5.5, 0.0), None, CUT, False),
    ],
)
def test_a_capture_of_another_name_is_anothers(
    ours: Target | None, told: str | None, found: str | None, same: bool
) -> None:
    words = against(CaptureFacts(target=found), target=ours, told=CaptureFacts(target=told))
    name = told or (ours.name if ours is not None else "")
    assert words == ("" if same else f"it is of {found}, not of {name}")


@pytest.mark.parametrize(
    ("ours", "told", "found", "same"),
    [
        (15.0, None, 15.0, True),
        (15.0, None, 18.0, True),
        (15.0, None, 18.1, False),
        (15.0, None, 12.0, True),
        (15.0, None, 11.9, False),
        (15.0, None, None, True),
        (15.0, None, 0.0, True),
        (0.0, None, 30.0, True),
        (0.0, 15.0, 30.0, False),
        (15.0, 30.0, 30.0, True),
        (15.0, 30.0, 15.0, False),
    ],
)
def test_a_capture_of_other_exposures_is_anothers(
    ours: float, told: float | None, found: float | None, same: bool
) -> None:
    words = against(CaptureFacts(exposure_s=found), exposure_s=ours, told=CaptureFacts(exposure_s=told))
    assert words == ("" if same else f"its frames are exposed for {found:g} s, not {told or ours:g} s")


@pytest.mark.parametrize(
    ("after_s", "same"), [(-30, True), (-31, False), (0, True), (900, True), (901, False)]
)
def test_a_capture_of_another_time_is_anothers(after_s: int, same: bool) -> None:
    began = DUSK + timedelta(seconds=after_s)
    words = against(CaptureFacts(began=began))
    assert words == ("" if same else f"it began at {began:%H:%M:%S} UTC, not at 18:00:00")


# -- counting -----------------------------------------------------------------------------------------------


class Shutters:
    def __init__(self) -> None:
        self.said: list[tuple[str, Camera]] = []

    def capture_opened(self, camera: Camera) -> None:
        self.said.append(("opened", camera))

    def capture_left_open(self, camera: Camera, _stranger: object, _begins_s: float) -> None:
        self.capture_opened(camera)

    def capture_closed(self, camera: Camera, *, taken_over: bool = False) -> None:
        self.said.append(("closed", camera))


class Count:
    """A counter with everything around it."""

    def __init__(self, disk: MemoryJournal, asked: dict[Camera, Asked]) -> None:
        self.clock = LoopClock(DUSK)
        self.disk = disk
        self.journal = Journal(disk, self.clock)
        self.shutters = Shutters()
        self.counter = FrameCounter(self.journal, asked, self.clock, self.shutters)

    async def opened(self, camera: Camera = TELE, planned: int = 12) -> None:
        await self.counter.open(camera, self.clock.now(), planned=planned, settings={"gain": 80})
        await self.clock.sleep(600)

    def told(self, taken: int, stacked: int | None = None, total: int = 12, **facts: Any) -> None:
        camera = facts.pop("camera", TELE)
        stacked = taken if stacked is None else stacked
        self.counter.progress(CaptureProgress(camera, taken, stacked, total, **facts))


BOTH = {TELE: Asked(12, 15.0, ORION), WIDE: Asked(4, 30.0, ORION)}


def counting(
    story: Callable[[Count], Awaitable[Any]],
    *,
    asked: dict[Camera, Asked] | None = None,
    disk: MemoryJournal | None = None,
) -> Any:
    async def main() -> Any:
        count = Count(disk or MemoryJournal(), {TELE: BOTH[TELE]} if asked is None else asked)
        await count.journal.load()
        return await story(count)

    return run_virtual(main())


def report(taken: int, stacked: int | None = None, **more: Any) -> CaptureReport:
    facts = {"folder": "/a", "total": 12, **more}
    return CaptureReport(TELE, taken, taken if stacked is None else stacked, CaptureEnd.FINISHED, **facts)


def test_nothing_is_counted_before_a_capture_opens() -> None:
    async def story(count: Count) -> None:
        counter = count.counter
        assert (counter.open_camera, counter.opened_at, counter.folders, counter.settings) == (
            None,
            None,
            (),
            {},
        )
        assert counter.frames == Frames(12, 0, 0)
        assert counter.integration_s == 0
        assert not counter.complete
        count.told(3)
        assert counter.frames == Frames(12, 0, 0)
        assert counter.enough(CaptureProgress(TELE, 30, 30, 40)) is False
        assert counter.stranger(CaptureFacts(target="M 31")) == ""
        await counter.close(report(5))
        assert counter.frames == Frames(12, 0, 0)
        assert count.shutters.said == []

    counting(story)


def test_both_cameras_are_counted_for_themselves() -> None:
    async def story(count: Count) -> None:
        counter = count.counter
        await count.opened(WIDE, planned=4)
        assert counter.open_camera is WIDE
        count.told(4, 3, 4, camera=WIDE)
        count.told(9)  # of the camera that is not open
        assert counter.by_camera == {TELE: Frames(12, 0, 0), WIDE: Frames(4, 4, 3)}
        assert counter.frames == Frames(16, 4, 3)
        assert counter.integration_s == 90.0
        await counter.close(None)
        assert (counter.missing(TELE), counter.missing(WIDE)) == (12, 0)
        assert not counter.complete
        await count.opened()
        count.told(12, 10)
        assert not counter.complete, "it is still open"
        await counter.close(report(12, 10))
        assert counter.complete
        assert counter.frames == Frames(16, 16, 13)
        assert counter.integration_s == 10 * 15.0 + 3 * 30.0
        assert counter.folders == ("/a",)
        assert counter.settings == {"tele": {"gain": 80}, "wide": {"gain": 80}}
        assert count.shutters.said == [("opened", WIDE), ("closed", WIDE), ("opened", TELE), ("closed", TELE)]

    counting(story, asked=BOTH)


def test_where_nothing_was_asked_for_nothing_is_complete() -> None:
    async def story(count: Count) -> None:
        assert not count.counter.complete
        assert count.counter.frames == Frames()
        assert count.counter.of(TELE) == Frames()
        assert count.counter.missing(TELE) == 0
        await count.opened()
        count.told(3)
        assert count.counter.of(TELE) == Frames(0, 3, 3)
        assert count.counter.integration_s == 0

    counting(story, asked={})


def test_counts_never_go_back() -> None:
    async def story(count: Count) -> None:
        counter = count.counter
        await count.opened()
        count.told(5, 4)
        count.told(3, 2)
        assert counter.of(TELE) == Frames(12, 5, 4)
        count.told(6, 9)
        assert counter.of(TELE) == Frames(12, 6, 6), "what is stacked was taken"
        count.told(-1, -1)
        assert counter.of(TELE) == Frames(12, 6, 6)
        await counter.close(report(2, 1))
        assert counter.closed(TELE) == Frames(0, 6, 6)

    counting(story)


@pytest.mark.parametrize(
    ("taken", "total", "planned", "believed"),
    [
        (0, 12, 12, True),
        (22, 12, 12, True),
        (23, 12, 12, False),
        (30, 20, 12, True),
        (31, 20, 12, False),
        (30, 12, 20, True),
        (31, 12, 20, False),
        (-1, 12, 12, False),
    ],
)
def test_no_more_than_there_can_be_is_believed(taken: int, total: int, planned: int, believed: bool) -> None:
    async def story(count: Count) -> None:
        await count.opened(planned=planned)
        count.told(taken, total=total)
        assert count.counter.of(TELE).taken == (taken if believed else 0)
        doubt = "the telescope told of frames that it cannot have taken; they are not counted"
        assert count.counter.notes == (() if believed else (doubt,))
        count.told(taken, total=total)
        assert len(count.counter.notes) <= 1

    counting(story)


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 1), (0.05, 1), (0.15, 2), (1.05, 11)])
def test_ten_frames_a_second_are_the_most_there_can_be(seconds: float, most: int) -> None:
    async def story(count: Count) -> None:
        await count.counter.open(TELE, count.clock.now(), planned=100, settings={})
        await count.clock.sleep(seconds)
        count.told(most + 1, total=100)
        assert count.counter.of(TELE).taken == 0
        count.told(most, total=100)
        assert count.counter.of(TELE).taken == most

    counting(story)


def test_enough_is_told_of_the_open_camera_alone() -> None:
    async def story(count: Count) -> None:
        await count.opened(planned=20)
        count.told(12, total=40)
        assert count.counter.enough(CaptureProgress(TELE, 12, 12, 40)) is True
        assert count.counter.enough(CaptureProgress(WIDE, 12, 12, 40)) is False
        assert count.counter.enough(CaptureProgress(TELE, 12, 12, 12)) is False
        assert count.counter.enough(CaptureProgress(TELE, 12, 12, 13)) is True
        assert count.counter.enough(CaptureProgress(TELE, 12, 12, 0)) is True  # as planned: 20

    counting(story)


def test_a_report_of_anothers_capture_counts_nothing_of_it() -> None:
    async def story(count: Count) -> None:
        counter = count.counter
        await count.opened()
        count.told(3, target="M 42")
        count.told(4)
        await counter.close(report(9, target="M 31"))
        assert counter.closed(TELE) == Frames(0, 3, 3)
        assert counter.folders == ()
        assert [camera for camera, _ in counter.unplaced] == [TELE]

    counting(story)


def test_frames_are_sure_from_what_the_telescope_confirmed_or_named() -> None:
    async def story(count: Count) -> None:
        counter = count.counter
        await count.opened()
        count.told(2, began=DUSK)  # not vouched for: nobody saw it begin
        await counter.close(None, taken_over=True)
        assert counter.closed(TELE).taken == 0
        await counter.open(TELE, count.clock.now(), planned=12, settings={})
        counter.begun()
        await count.clock.sleep(600)
        count.told(3)  # it does not say when it began
        await counter.close(None, taken_over=True)
        assert counter.closed(TELE).taken == 0
        await counter.open(TELE, count.clock.now(), planned=12, settings={})
        counter.begun()
        count.told(1, began=count.clock.now())
        await count.clock.sleep(600)
        count.told(4)
        await counter.close(None, taken_over=True)
        assert counter.closed(TELE).taken == 1
        await counter.open(TELE, count.clock.now(), planned=12, settings={})
        await counter.close(None)
        assert counter.closed(TELE).taken == 1, "each capture is counted from nothing"

    counting(story)


def test_a_capture_that_took_nothing_has_no_folder_and_one_that_nobody_placed_is_looked_for() -> None:
    async def story(count: Count) -> None:
        counter = count.counter
        await count.opened()
        await counter.close(report(0))
        assert (counter.folders, counter.unplaced) == ((), ())
        at = count.clock.now()
        await count.opened()
        count.told(3)
        await counter.close(None)
        assert counter.unplaced == ((TELE, at),)
        theirs = report(9, folder="/theirs", target="M 31", began=at)
        newer, ours = report(3, folder="/newer", began=at), report(3, folder="/ours", began=at)
        await counter.place(TELE, at, [theirs])
        assert counter.folders == ()
        await counter.place(TELE, at, [newer, theirs, ours, theirs])
        assert counter.folders == ("/ours",)
        await counter.place(WIDE, at, [])
        assert counter.folders == ("/ours",)

    counting(story)


def test_an_open_capture_is_taken_up_again_with_its_frames() -> None:
    disk = MemoryJournal()

    async def first(count: Count) -> None:
        count.counter.reopen()
        assert count.counter.open_camera is None
        await count.opened(planned=20)
        count.told(3, 2)
        await count.clock.sleep(10)

    async def second(count: Count) -> None:
        counter = count.counter
        counter.reopen()
        assert (counter.open_camera, counter.opened_at) == (TELE, DUSK)
        assert counter.of(TELE) == Frames(12, 3, 2)
        assert count.shutters.said == [("opened", TELE)]
        await count.clock.sleep(600)
        count.told(30, total=12)
        assert counter.of(TELE).taken == 30, "20 were planned"
        count.told(31, total=12)
        assert counter.of(TELE).taken == 30
        await counter.close(None, taken_over=True, seen=False)
        assert counter.closed(TELE).taken == 3, "those of the earlier life are sure"
        assert count.shutters.said == [("opened", TELE)]

    counting(first, disk=disk)
    counting(second, disk=disk)


@pytest.mark.parametrize(
    ("kept", "frames"),
    [
        ({"taken": 5, "stacked": 4}, Frames(12, 5, 4)),
        ({"taken": 5}, Frames(12, 5, 0)),
        ({"stacked": 4}, Frames(12, 0, 4)),
        ({}, Frames(12, 0, 0)),
        ({"taken": "5", "stacked": 4}, Frames(12, 0, 0)),
        ({"taken": 5, "stacked": None}, Frames(12, 0, 0)),
        ([5], Frames(12, 0, 0)),
    ],
)
def test_of_frames_written_down_what_is_missing_is_none_and_nonsense_is_nothing(
    kept: Any, frames: Frames
) -> None:
    disk = MemoryJournal()
    disk.facts = {"frames": {"tele": kept}}

    async def story(count: Count) -> None:
        assert count.counter.of(TELE) == frames

    counting(story, disk=disk)


def test_of_a_capture_whose_count_was_not_written_down_the_missing_frames_are_planned() -> None:
    disk = MemoryJournal()
    disk.facts = {
        "capture": {"camera": "tele", "started_at": DUSK.isoformat()},
        "frames": {"tele": {"taken": 5, "stacked": 5}},
    }

    async def story(count: Count) -> None:
        count.counter.reopen()
        count.counter.begun()
        await count.clock.sleep(600)
        count.told(18, total=0)
        assert count.counter.of(TELE).taken == 5, "7 are missing, and 10 more are possible"
        count.told(17, total=0)
        assert count.counter.of(TELE).taken == 22

    counting(story, disk=disk)


def test_the_monotonic_clock_counts_where_the_wall_clock_was_set_back() -> None:
    async def story(count: Count) -> None:
        await count.opened()
        count.counter.opened_at = count.clock.now() + timedelta(hours=1)
        count.told(12)
        assert count.counter.of(TELE).taken == 12

    async def reopened(count: Count) -> None:
        count.counter.reopen()
        count.counter.opened_at = count.clock.now() + timedelta(hours=1)
        count.told(2)
        assert count.counter.of(TELE).taken == 0, "no time has passed by either clock"
        count.told(1)
        assert count.counter.of(TELE).taken == 1
        await count.clock.sleep(30)
        count.told(3)
        assert count.counter.of(TELE).taken == 3

    counting(story)
    disk = MemoryJournal()
    disk.facts = {"capture": {"camera": "tele", "started_at": DUSK.isoformat(), "planned": 12}}
    counting(reopened, disk=disk)


def test_where_the_wall_clock_was_set_back_between_two_lives_no_time_limits_the_frames() -> None:
    async def story(count: Count) -> None:
        count.counter.reopen()
        count.told(23)
        assert count.counter.of(TELE).taken == 0, "12 are planned"
        count.told(12)
        assert count.counter.of(TELE).taken == 12

    disk = MemoryJournal()
    later = DUSK + timedelta(hours=1)
    disk.facts = {"capture": {"camera": "tele", "started_at": later.isoformat(), "planned": 12}}
    counting(story, disk=disk)


# -- an end time, and the panes of a mosaic -----------------------------------------------------------------


@pytest.mark.parametrize(("taken", "asked", "settled"), [(5, 5, True), (0, 12, False), (14, 12, True)])
def test_what_was_taken_by_the_end_time_is_what_was_asked_for(taken: int, asked: int, settled: bool) -> None:
    async def story(count: Count) -> None:
        await count.opened()
        await count.counter.close(report(taken))
        assert count.counter.settle(TELE) is settled
        assert count.counter.frames == Frames(asked, taken, taken)
        assert count.counter.integration_s == taken * 15.0, "nothing else of it is another"
        assert count.counter.complete is settled
        assert count.counter.notes == ()

    counting(story)


def test_every_pane_of_a_mosaic_needs_its_own_frames_even_at_an_end_time() -> None:
    async def story(count: Count) -> None:
        counter = count.counter
        await count.opened()
        await counter.close(report(10, panes=(Frames(0, 5, 5), Frames(0, 4, 3), Frames(0, 1, 1))))
        assert counter.panes(TELE) == (Frames(4, 5, 5), Frames(4, 4, 3), Frames(4, 1, 1))
        assert (counter.missing(TELE), counter.missing_per_pane(TELE)) == (3, 3)
        assert counter.frames == Frames(12, 9, 8)
        assert counter.settle(TELE) is True
        assert counter.frames == Frames(12, 9, 8)
        assert counter.notes == ("the end time came before every pane had its frames",)
        assert not counter.complete

    counting(story, asked={TELE: Asked(12, 15.0, ORION, 3)})
