"""Following, asking for and reporting a capture: what counts, and how long it may be silent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.telescope.dwarf.commands import captures
from agent.telescope.dwarf.state import Phase, Snapshot
from agent.telescope.errors import (
    CommandTimeoutError,
    GarbledLinkError,
    HeldByOtherError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport, ConnectionState
from tests.telescope.dwarf.scripted import LIMITS, NIGHT, TELE, WIDE, Stage, staged


def entry(
    begun: datetime,
    ended: datetime,
    *,
    taken: int = 12,
    stacked: int = 11,
    to_take: int = 12,
    target: str = "M 31",
) -> dict[str, Any]:
    """A record of the album."""
    folder = f"/Astronomy/DWARF_RAW_TELE_{target}_EXP_15_GAIN_80_{begun:%Y-%m-%d-%H-%M-%S}-000"
    return {
        "filePath": f"{folder}/stacked.jpg",
        "modificationTime": int(ended.timestamp()),
        "astroImageDetails": {
            "target": target,
            "shotsTaken": taken,
            "shotsStacked": stacked,
            "shotsToTake": to_take,
            "srcDir": folder,
        },
    }


async def followed(stage: Stage, **end: Any) -> tuple[CaptureReport, list[CaptureProgress], float]:
    """Follow to the end; return the report, what was told on the way, and how long it took."""
    told: list[CaptureProgress] = []
    began = stage.clock.monotonic()
    report = await captures.follow_capture(stage.device, TELE, told.append)
    return report, told, stage.clock.monotonic() - began


# -- the report ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "taken", "stacked", "end"),
    [
        ({"taken": 8, "stacked": 7, "asked": 12}, 8, 7, CaptureEnd.FINISHED),
        ({"taken": 8, "stacked": 7, "asked": 12, "stop_asked": True}, 8, 7, CaptureEnd.STOPPED),
        ({"taken": 8, "stacked": 7, "asked": 12, "missed": True}, 12, 11, CaptureEnd.FINISHED),
        ({"taken": 8, "stacked": 7, "asked": 12, "unseen_end": True}, 12, 11, CaptureEnd.FINISHED),
        ({"taken": 14, "stacked": 13, "asked": 12, "missed": True}, 14, 13, CaptureEnd.FINISHED),
        (
            {"taken": 8, "stacked": 7, "unseen_end": True},
            12,
            11,
            CaptureEnd.FINISHED,
        ),  # the album knows how many
        ({"taken": 8, "asked": 12, "unseen_end": True, "stop_asked": True}, 12, 11, CaptureEnd.STOPPED),
    ],
)
def test_the_album_counts_where_nobody_watched(
    facts: dict[str, Any], taken: int, stacked: int, end: CaptureEnd
) -> None:
    async def story(stage: Stage) -> None:
        stage.ended(**facts)
        stage.sessions = [entry(NIGHT, NIGHT + timedelta(seconds=180))]
        report, _, _ = await followed(stage)
        assert (report.taken, report.stacked, report.end) == (taken, stacked, end)
        assert report.folder == stage.sessions[0]["astroImageDetails"]["srcDir"]
        assert (report.total, report.target, report.exposure_s) == (12, "M 31", None)
        assert report.began is not None

    staged(story)


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        ({"taken": 11, "asked": 12, "unseen_end": True}, CaptureEnd.UNKNOWN),
        ({"taken": 12, "asked": 12, "unseen_end": True}, CaptureEnd.FINISHED),
        ({"taken": 12, "unseen_end": True}, CaptureEnd.UNKNOWN),  # of how many is not known
        ({"taken": 1, "asked": 1, "unseen_end": True}, CaptureEnd.FINISHED),
        ({"taken": 11, "asked": 12}, CaptureEnd.FINISHED),
    ],
)
def test_without_an_album_only_an_end_that_nobody_saw_is_doubtful(
    facts: dict[str, Any], end: CaptureEnd
) -> None:
    async def story(stage: Stage) -> None:
        stage.ended(**facts)
        report, _, _ = await followed(stage)
        assert (report.taken, report.end, report.folder) == (facts["taken"], end, "")

    staged(story)


@pytest.mark.parametrize(
    ("facts", "album", "ours"),
    [
        ({}, {}, True),
        ({"asked": 12}, {"to_take": 12}, True),
        ({"asked": 12}, {"to_take": 20}, False),
        ({"asked": 12}, {"to_take": 0}, True),  # it does not say
        ({}, {"to_take": 20}, True),
        ({"target": "M 31"}, {}, True),
        ({"target": "M 42"}, {}, False),
        ({"target": "M 42"}, {"target": ""}, True),
    ],
)
def test_a_record_of_another_count_or_target_is_another_capture(
    facts: dict[str, Any], album: dict[str, Any], ours: bool
) -> None:
    async def story(stage: Stage) -> None:
        stage.ended(taken=8, **facts)
        stage.sessions = [entry(NIGHT, NIGHT + timedelta(seconds=180), **album)]
        report, _, _ = await followed(stage)
        assert bool(report.folder) is ours

    staged(story)


def test_the_record_of_an_older_capture_is_not_taken_for_a_new_one() -> None:
    async def story(stage: Stage) -> None:
        stage.sessions = [entry(NIGHT - timedelta(minutes=9), NIGHT - timedelta(minutes=6))]
        stage.ended(taken=8)
        assert (await followed(stage))[0].folder == ""

    staged(story)


def test_a_capture_of_which_we_know_no_beginning_is_the_one_written_last() -> None:
    async def story(stage: Stage) -> None:
        stage.sessions = [entry(NIGHT - timedelta(hours=1), NIGHT + timedelta(seconds=2))]
        stage.ended(taken=8, started_at=None, missed=True)
        report, _, _ = await followed(stage)
        assert report.folder
        assert report.taken == 12
        stage.sessions = [entry(NIGHT - timedelta(hours=1), NIGHT - timedelta(minutes=1))]
        report, _, _ = await followed(stage)
        assert report.folder == ""

    staged(story)


def test_the_record_of_the_other_camera_is_another_capture() -> None:
    async def story(stage: Stage) -> None:
        wide = entry(NIGHT, NIGHT + timedelta(seconds=9), taken=40) | {"camId": 1}
        stage.sessions = [wide, entry(NIGHT, NIGHT + timedelta(seconds=2))]
        stage.ended(taken=8, started_at=None, missed=True)
        assert (await followed(stage))[0].taken == 12
        stage.ended(taken=8, missed=True)
        assert (await followed(stage))[0].taken == 12

    staged(story)


def test_what_the_telescope_said_goes_before_what_the_album_says() -> None:
    async def story(stage: Stage) -> None:
        exposures = stage.device.capabilities.cameras[TELE].exposures
        chosen = exposures[5]
        stage.ended(taken=8, stacked=8, total=8, target="M 31", exposure_index=chosen.index)
        stage.sessions = [entry(NIGHT + timedelta(seconds=3), NIGHT + timedelta(seconds=180))]
        report, _, _ = await followed(stage)
        assert report == CaptureReport(
            TELE,
            8,
            8,
            CaptureEnd.FINISHED,
            stage.sessions[0]["astroImageDetails"]["srcDir"],
            8,
            target="M 31",
            exposure_s=chosen.seconds,
            began=NIGHT,
        )

    staged(story)


def test_there_is_nothing_to_report_where_nothing_ran() -> None:
    async def story(stage: Stage) -> None:
        stage.says = Snapshot()
        report, told, _ = await followed(stage)
        assert report == CaptureReport(TELE, 0, 0, CaptureEnd.UNKNOWN)
        assert len(stage.asked) == 1, "whether one runs was asked"
        assert told == [CaptureProgress(TELE, 0, 0, 0)]

    staged(story)


# -- following ----------------------------------------------------------------------------------------------


def test_each_change_is_told_once_and_the_last_count_of_the_album_too() -> None:
    async def story(stage: Stage) -> None:
        record = stage.running(taken=1, asked=12, missed=True)
        stage.sessions = [entry(NIGHT, NIGHT + timedelta(seconds=60), taken=5, stacked=4)]

        async def events() -> None:
            for taken, phase in ((1, Phase.RUNNING), (2, Phase.RUNNING), (3, Phase.ENDED)):
                await stage.clock.sleep(10)
                record.taken, record.phase = taken, phase
                record.changed.set()

        task = asyncio.create_task(events())
        report, told, seconds = await followed(stage)
        await task
        assert [each.taken for each in told] == [1, 2, 5]
        assert told[-1].stacked == report.stacked == 4
        assert seconds == pytest.approx(30.5), "a last count may come half a second after the end"

    staged(story)


def test_a_capture_with_all_its_frames_is_reported_at_once() -> None:
    async def story(stage: Stage) -> None:
        stage.ended(taken=3, stacked=3, total=3)
        report, told, seconds = await followed(stage)
        assert seconds == 0.0
        assert [each.taken for each in told] == [3] == [report.taken]

    staged(story)


@pytest.mark.parametrize(
    ("facts", "patience"),
    [
        ({"asked": 12, "taken": 11}, LIMITS.news),
        ({"asked": 12, "taken": 12}, LIMITS.state_check),  # its end is due
        ({"asked": 0, "taken": 0}, LIMITS.news),
        ({"asked": 12, "exposure_s": 600.0}, 1200.0 + LIMITS.settle),
        ({"asked": 12, "exposure_s": 74.0}, LIMITS.news),
        ({"asked": 12, "exposure_s": 75.0}, 150.0 + LIMITS.settle),
    ],
)
def test_a_silent_capture_is_asked_about_after_two_frames(facts: dict[str, Any], patience: float) -> None:
    async def story(stage: Stage) -> None:
        stage.running(**facts)
        stage.says = Snapshot(capturing={TELE: False})
        report, _, _ = await followed(stage)
        assert stage.asked == [pytest.approx(patience)]
        assert report.end is CaptureEnd.UNKNOWN or facts["taken"] >= facts["asked"] > 0

    staged(story)


def test_a_question_that_fails_is_asked_again() -> None:
    async def story(stage: Stage) -> None:
        stage.running(asked=12)
        stage.trouble = TransientError("The telescope did not answer.")

        async def mended() -> None:
            await stage.clock.sleep(200)
            stage.trouble, stage.says = None, Snapshot(capturing={TELE: False})

        task = asyncio.create_task(mended())
        await followed(stage)
        await task
        assert stage.asked == [pytest.approx(LIMITS.news), pytest.approx(2 * LIMITS.news)]

    staged(story)


def test_a_telescope_that_stays_away_for_an_hour_is_given_up() -> None:
    async def story(stage: Stage) -> None:
        stage.running(asked=12)
        stage.link = ConnectionState.CONNECTING
        with pytest.raises(UnreachableError):
            await followed(stage)
        assert stage.clock.monotonic() == pytest.approx(LIMITS.away + 30)
        assert stage.asked == [], "one that is away is not asked"

    staged(story)


def test_being_away_is_counted_anew_after_each_return() -> None:
    async def story(stage: Stage) -> None:
        record = stage.running(asked=12)
        stage.says = Snapshot(capturing={TELE: True})

        async def comes_and_goes() -> None:
            for _ in range(3):
                stage.link = ConnectionState.CONNECTING
                record.changed.set()
                await stage.clock.sleep(LIMITS.away - 60)
                stage.link = ConnectionState.CONNECTED
                record.changed.set()
                await stage.clock.sleep(60)
            record.phase = Phase.ENDED
            record.changed.set()

        task = asyncio.create_task(comes_and_goes())
        await followed(stage)
        await task

    staged(story)


# -- asking -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "says", "runs"),
    [
        (Phase.RUNNING, Snapshot(capturing={TELE: True}), True),
        (Phase.RUNNING, Snapshot(capturing={TELE: False}), False),
        (Phase.RUNNING, None, True),
        (Phase.STARTING, None, True),
        (Phase.STARTING, Snapshot(), False),
        (Phase.STARTING, Snapshot(capturing={TELE: True}), True),
        (Phase.NONE, Snapshot(capturing={TELE: True}), True),
        (Phase.NONE, None, False),
        (Phase.ENDED, Snapshot(), False),
    ],
)
def test_whether_a_capture_runs_is_what_the_telescope_says(
    phase: Phase, says: Snapshot | None, runs: bool
) -> None:
    async def story(stage: Stage) -> None:
        stage.record.phase, stage.says = phase, says
        assert (await captures.running_capture(stage.device, TELE) is not None) is runs
        assert stage.record.active is runs
        assert len(stage.asked) == 1

    staged(story)


@pytest.mark.parametrize("garbled", [False, True])
@pytest.mark.parametrize("phase", [Phase.NONE, Phase.ENDED])
def test_silence_of_a_telescope_that_tells_such_things_is_no_answer(phase: Phase, garbled: bool) -> None:
    async def story(stage: Stage) -> None:
        if not garbled:
            stage.says = Snapshot(capturing={TELE: False})
            assert await captures.running_capture(stage.device, TELE) is None
        stage.record.phase, stage.says = phase, None

        async def query(_device: object) -> None:
            if garbled:
                stage.device.exchange.could_not_read()

        stage.query = query  # type: ignore[method-assign,assignment]
        with pytest.raises(GarbledLinkError if garbled else CommandTimeoutError):
            await captures.running_capture(stage.device, TELE)

    staged(story)


@pytest.mark.parametrize(
    ("target", "tracking", "told"),
    [("M 31", "M 42", "M 31"), ("", "M 42", "M 42"), ("", "a target", None), ("", None, None)],
)
def test_before_its_first_frame_a_capture_is_of_what_is_tracked(
    target: str, tracking: str | None, told: str | None
) -> None:
    async def story(stage: Stage) -> None:
        stage.running(target=target)
        stage.device.state.telemetry = replace(stage.device.state.telemetry, tracking=tracking)
        found = await captures.running_capture(stage.device, TELE)
        assert found is not None
        assert found.target == told

    staged(story)


def test_nothing_can_be_asked_of_a_telescope_that_is_away() -> None:
    async def story(stage: Stage) -> None:
        stage.link = ConnectionState.CONNECTING
        with pytest.raises(UnreachableError):
            await captures.running_capture(stage.device, TELE)
        with pytest.raises(UnreachableError):
            await captures.stop_capture(stage.device, TELE)
        stage.link = ConnectionState.HELD_BY_OTHER
        with pytest.raises(HeldByOtherError):
            await captures.start_capture(stage.device, TELE)

    staged(story)


def test_the_albums_records_are_of_one_camera_and_of_what_began_since() -> None:
    async def story(stage: Stage) -> None:
        new, old = NIGHT + timedelta(minutes=10), NIGHT - timedelta(minutes=10)
        stage.sessions = [
            entry(new, new + timedelta(minutes=3)),
            {**entry(new, new + timedelta(minutes=2)), "camId": 1},
            entry(old, old + timedelta(minutes=3)),
            entry(NIGHT, NIGHT + timedelta(minutes=3), taken=9),
        ]
        found = await captures.recorded_captures(stage.device, TELE, NIGHT)
        assert [each.taken for each in found] == [12, 9]
        assert all(each.camera is TELE for each in found)
        found = await captures.recorded_captures(stage.device, WIDE, NIGHT)
        assert len(found) == 1

    staged(story)
