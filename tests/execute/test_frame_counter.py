"""The counter by itself: what it believes, what it doubts, and what it knows to be ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.capabilities import Camera
from agent.clock import LoopClock
from agent.events import Frames
from agent.execute.frame_counter import FrameCounter
from agent.execute.journal import Journal
from agent.execute.recognition import Asked
from agent.targets import SkyTarget, SolarBody, SolarTarget
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport
from tests.execute.conftest import DUSK, MemoryJournal
from tests.support.virtual_loop import run_virtual

ASKED = Asked(12, 15.0, SkyTarget("M 42", 5.59, -5.39))


class Shutters:
    """Which shutters are open, as the counter says."""

    def __init__(self) -> None:
        self.open: list[Camera] = []

    def capture_opened(self, camera: Camera) -> None:
        self.open.append(camera)

    def capture_left_open(self, camera: Camera, _stranger: object, _begins_s: float) -> None:
        self.capture_opened(camera)

    def capture_closed(self, camera: Camera, *, taken_over: bool = False) -> None:
        self.open.remove(camera)


def counted(
    story: Callable[[FrameCounter, LoopClock], Awaitable[None]],
    asked: Asked = ASKED,
    planned: int = 12,
    journal: MemoryJournal | None = None,
    shutters: Shutters | None = None,
) -> FrameCounter:
    """Play a story with a capture that was just opened, or reopened from a journal."""

    async def main() -> FrameCounter:
        clock = LoopClock(DUSK)
        facts = Journal(journal or MemoryJournal(), clock)
        await facts.load()
        counter = FrameCounter(facts, {Camera.TELE: asked}, clock, shutters or Shutters())
        counter.reopen()
        if counter.open_camera is None:
            await counter.open(Camera.TELE, clock.now(), planned=planned, settings={})
        await story(counter, clock)
        return counter

    return run_virtual(main())


def progress(taken: int, total: int = 12, target: str | None = None, **facts: object) -> CaptureProgress:
    return CaptureProgress(Camera.TELE, taken, taken, total, target=target, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after_s", "taken", "total", "believed"),
    [
        (1.0, 11, 5000, True),
        (1.0, 12, 5000, False),  # ten a second at the most
        (600.0, 4000, 5000, True),  # slow to be heard of, but possible
        (600.0, 22, 12, True),  # some more than planned: it could not be stopped sooner
        (600.0, 23, 12, False),
        (600.0, 23, 0, False),
        (600.0, 12, 0, True),
    ],
)
def test_time_and_count_bound_what_is_believed(
    after_s: float, taken: int, total: int, believed: bool
) -> None:
    async def story(counter: FrameCounter, clock: LoopClock) -> None:
        await clock.sleep(after_s)
        counter.progress(progress(taken, total))

    counter = counted(story)
    assert counter.of(Camera.TELE).taken == (taken if believed else 0)
    assert bool(counter.notes) is not believed


def test_a_wall_clock_that_is_set_back_takes_no_frame_away() -> None:
    async def story(counter: FrameCounter, clock: LoopClock) -> None:
        await clock.sleep(200)
        counter.opened_at = clock.now() + timedelta(hours=1)  # as seen after the clock was set
        counter.progress(progress(12))

    assert counted(story).of(Camera.TELE).taken == 12


def test_more_frames_than_asked_for_leave_none_to_take() -> None:
    async def story(counter: FrameCounter, clock: LoopClock) -> None:
        await clock.sleep(300)
        await counter.close(CaptureReport(Camera.TELE, 14, 14, CaptureEnd.STOPPED, "/a", 14))

    counter = counted(story)
    assert counter.closed(Camera.TELE) == Frames(0, 14, 14)
    assert counter.missing(Camera.TELE) == 0
    assert counter.complete


@pytest.mark.parametrize(
    ("taken", "total", "planned", "enough"),
    [
        (11, 12, 12, False),
        (12, 12, 12, False),  # it ends by itself now
        (13, 12, 12, True),
        (12, 40, 12, True),
        (12, 0, 20, True),  # the telescope's least count is above what was asked for
        (11, 40, 20, False),
    ],
)
def test_a_capture_is_stopped_only_when_it_has_enough_and_would_go_on(
    taken: int, total: int, planned: int, enough: bool
) -> None:
    async def story(counter: FrameCounter, clock: LoopClock) -> None:
        await clock.sleep(300)
        told = progress(taken, total)
        counter.progress(told)
        assert counter.enough(told) is enough

    counted(story, planned=planned)


def test_frames_seen_before_a_capture_was_recognised_as_anothers_are_taken_back() -> None:
    async def story(counter: FrameCounter, clock: LoopClock) -> None:
        await clock.sleep(100)
        counter.progress(progress(4, began=DUSK))  # found on return, before it says its target
        assert counter.of(Camera.TELE).taken == 4
        counter.progress(progress(5, target="M 31", began=DUSK))
        assert counter.stranger(progress(5, target="M 31"))
        assert counter.of(Camera.TELE).taken == 4
        await counter.close(None, taken_over=True)

    assert counted(story).closed(Camera.TELE).taken == 0


def test_frames_that_were_surely_ours_stay_when_another_capture_takes_over() -> None:
    async def story(counter: FrameCounter, clock: LoopClock) -> None:
        counter.begun()
        await clock.sleep(100)
        counter.progress(progress(3, target="M 42", began=DUSK))
        counter.progress(progress(4))
        foreign = CaptureReport(Camera.TELE, 9, 9, CaptureEnd.STOPPED, "/theirs", 60, target="M 31")
        await counter.close(foreign)

    counter = counted(story)
    assert counter.closed(Camera.TELE).taken == 3
    assert counter.folders == ()


def test_what_the_telescope_calls_our_capture_is_learnt_once_and_survives_a_restart() -> None:
    disk = MemoryJournal()

    async def first(counter: FrameCounter, clock: LoopClock) -> None:
        counter.begun()
        await clock.sleep(100)
        counter.progress(progress(3, target="NGC1976", exposure_s=30.0, began=DUSK))
        assert counter.of(Camera.TELE).taken == 3
        assert counter.stranger(progress(3, target="M 31"))
        await clock.sleep(10)  # frames are written down every few seconds

    async def second(counter: FrameCounter, clock: LoopClock) -> None:
        assert counter.stranger(progress(4, target="NGC1976", exposure_s=30.0)) == ""
        assert counter.stranger(progress(4, target="M 42"))

    counted(first, journal=disk)
    counted(second, journal=disk)


def test_the_shutter_is_told_to_be_open_before_it_opens_after_a_restart_and_until_it_is_seen_closed() -> None:
    disk, shutters = MemoryJournal(), Shutters()

    async def first(_counter: FrameCounter, _clock: LoopClock) -> None:
        assert shutters.open == [Camera.TELE]

    async def left(counter: FrameCounter, _clock: LoopClock) -> None:
        assert shutters.open == [Camera.TELE] * 2
        await counter.close(None, seen=False)
        assert shutters.open == [Camera.TELE] * 2

    counted(first, journal=disk, shutters=shutters)
    counted(left, journal=disk, shutters=shutters)

    async def seen(counter: FrameCounter, _clock: LoopClock) -> None:
        await counter.close(CaptureReport(Camera.TELE, 0, 0, CaptureEnd.STOPPED))

    shutters = Shutters()
    counted(seen, shutters=shutters)
    assert shutters.open == []


def test_nothing_is_learnt_of_a_capture_whose_start_was_never_confirmed() -> None:
    async def story(counter: FrameCounter, clock: LoopClock) -> None:
        await clock.sleep(100)
        counter.progress(progress(3, target="M 31", began=DUSK))
        assert counter.stranger(progress(3, target="M 31"))
        assert counter.of(Camera.TELE).taken == 0

    counted(story)


def test_names_that_firmware_cuts_or_gives_itself_are_no_contradiction() -> None:
    long = SkyTarget("Andromeda Galaxy with its companions", 0.712, 41.27)
    moon = SolarTarget("Moon", SolarBody.MOON)
    mars = SolarTarget("Mars", SolarBody.MARS)
    cases = [
        (long, "Andromeda Galaxy with its compan", True),
        (long, "Andromeda", False),  # too short to be a cut, and another's name as well
        (moon, "LUNA", True),
        (mars, "LUNA", False),
        (mars, "MARS", True),
    ]
    for target, name, ours in cases:

        async def story(
            counter: FrameCounter, _clock: LoopClock, name: str = name, ours: bool = ours
        ) -> None:
            assert (counter.stranger(progress(1, target=name)) == "") is ours, name

        counted(story, asked=Asked(12, 15.0, target))


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    async def story(counter: FrameCounter, _clock: LoopClock) -> None:
        local = DUSK.astimezone(UTC) + timedelta(seconds=10)
        assert counter.stranger(replace(progress(1), began=local)) == ""
        assert counter.stranger(replace(progress(1), began=datetime(2026, 3, 11, tzinfo=UTC)))

    counted(story)


@pytest.mark.parametrize("heard", [True, False])
def test_frames_without_fitting_darks_are_told_even_after_a_restart(heard: bool) -> None:
    journal = MemoryJournal()

    async def captured(counter: FrameCounter, _: LoopClock) -> None:
        counter.progress(CaptureProgress(Camera.TELE, 0, 0, without_darks=heard))
        await counter.close(CaptureReport(Camera.TELE, 0, 0, CaptureEnd.STOPPED))

    async def afterwards(_counter: FrameCounter, _: LoopClock) -> None:
        return

    assert bool(counted(captured, journal=journal).notes) is heard
    assert bool(counted(afterwards, journal=journal).notes) is heard
