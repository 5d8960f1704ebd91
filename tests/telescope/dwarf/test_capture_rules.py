"""Following, asking for and reporting a capture: what counts, and how long it may be silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.commands import captures
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.generation import Dialect
from agent.telescope.dwarf.state import Phase, Snapshot
from agent.telescope.dwarf.wire.codes import NEEDS_GOTO, NO_FITTING_DARKS, error_for
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import (
    CommandTimeoutError,
    HeldByOtherError,
    NothingExposedError,
    RefusedError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport, ConnectionState
from tests.telescope.dwarf.scripted import LIMITS, NEWER, NIGHT, OLDER, TELE, WIDE, Stage, staged


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


@pytest.mark.parametrize(
    ("exposure_s", "seen_after"),
    [(15.0, 15.0 + LIMITS.first_light), (0.0, 120.0 + LIMITS.first_light)],  # unknown: the longest of a D3
)
def test_a_capture_without_its_first_light_is_told_to_go_on_once(
    monkeypatch: pytest.MonkeyPatch, exposure_s: float, seen_after: float
) -> None:
    async def story(stage: Stage) -> None:
        told: list[float] = []

        def hears(_completion: Any) -> None:
            told.append(stage.clock.monotonic() - 1)  # the turn takes a second

        shutter = Shutter(stage, monkeypatch, hears, opens)
        stage.running(asked=12, exposing=False, exposure_s=exposure_s)
        stage.says = Snapshot(capturing={TELE: True})
        with pytest.raises(NothingExposedError) as caught:
            await followed(stage)
        assert shutter.cmds == [Cmd.GO_ON_WITHOUT_DARKS, Cmd.STOP_CAPTURE], "it is closed in the end"
        assert told == [pytest.approx(seen_after)]
        assert stage.clock.monotonic() == pytest.approx(2 * (seen_after + 1))
        assert (
            caught.value.message == "The telescope says that its tele camera captures, and exposes nothing."
        )

    staged(story)


@pytest.mark.parametrize(
    ("firmware", "facts"),
    [(OLDER, {"exposing": False}), (NEWER, {"exposing": True}), (NEWER, {"exposing": False, "busy": True})],
)
def test_first_light_is_not_waited_for_where_it_was_seen_or_cannot_be_due(
    monkeypatch: pytest.MonkeyPatch, firmware: type[Dialect], facts: dict[str, bool]
) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch)
        stage.running(asked=12, exposure_s=15.0, exposing=facts["exposing"])
        if facts.get("busy"):
            stage.device.state.busy.add("slewing")  # it centres its target anew
        stage.says = Snapshot(capturing={TELE: False})
        await followed(stage)
        assert shutter.sent == []
        assert stage.asked == [pytest.approx(LIMITS.news)]

    staged(story, firmware)


def test_a_capture_that_is_held_is_told_to_go_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        def ends(_completion: Any) -> None:
            stage.record.phase = Phase.ENDED

        shutter = Shutter(stage, monkeypatch, ends)
        stage.running(asked=12, exposing=False, held=True)
        report, _, seconds = await followed(stage)
        assert shutter.cmds == [Cmd.GO_ON_WITHOUT_DARKS]
        assert report.without_darks
        assert seconds < 2
        assert not stage.record.held

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


# -- asking, stopping, starting -----------------------------------------------------------------------------


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


class Shutter:
    """Plays the telescope's part in starts and stops: what each of them brings, in turn."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch, *turns: Callable[[Any], None]) -> None:
        self.stage = stage
        self.turns = list(turns)
        self.sent: list[tuple[int, object, float, float | None]] = []
        self.closed: list[int] = []
        self.lived = 0
        stage.device.carry_out = self.carry_out  # type: ignore[method-assign]
        stage.device.ask = self.ask  # type: ignore[method-assign]

        async def live(_device: Device) -> None:
            self.lived += 1

        monkeypatch.setattr(captures, "go_live", live)

    @property
    def forced(self) -> list[bool]:
        """Whether each start was to go on whatever the telescope warns of."""
        return [one[1][1] for one in self.sent if isinstance(one[1], tuple)]

    @property
    def cmds(self) -> list[int]:
        return [one[0] for one in self.sent]

    async def carry_out(
        self, cmd: int, message: object, completion: Any, *, total: float, news: float | None = None
    ) -> None:
        self.sent.append((cmd, message, total, news))
        await self.stage.clock.sleep(1)
        self.turns.pop(0)(completion)

    async def ask(self, cmd: int, *, within: float) -> bytes:
        assert within == LIMITS.stop
        self.closed.append(cmd)
        raise CommandTimeoutError("silence")


def opens(_completion: Any) -> None:
    """The shutter opened."""


def unheard(completion: Any) -> None:
    completion.unheard = True


def refuses(code: int) -> Callable[[Any], None]:
    def turn(completion: Any) -> None:
        completion.refused, completion.warning = True, code

    return turn


def warns(code: int) -> Callable[[Any], None]:
    """The shutter opened, with a warning."""

    def turn(completion: Any) -> None:
        completion.warning = code

    return turn


def raises(error: Exception) -> Callable[[Any], None]:
    def turn(_completion: Any) -> None:
        raise error

    return turn


def test_a_start_makes_a_new_record_and_confirms_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, opens)
        await captures.start_capture(stage.device, WIDE)
        record = stage.device.state.captures[WIDE]
        assert (record.phase, record.started_at, record.confirmed) == (Phase.STARTING, NIGHT, True)
        assert shutter.sent == [(11016, (WIDE, False), LIMITS.capture_start, LIMITS.state_check)]
        assert stage.record.phase is Phase.NONE
        assert shutter.lived == 0
        assert stage.asked == []

    staged(story)


def test_a_picture_that_fills_the_display_is_put_away_before_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, opens)
        stage.ended(displayed=True)
        await captures.start_capture(stage.device, TELE)
        assert shutter.lived == 1

    staged(story)


def test_a_second_start_is_for_later_if_the_first_is_seen_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, opens)
        stage.running()
        stage.says = Snapshot(capturing={TELE: True})
        with pytest.raises(TransientError) as caught:
            await captures.start_capture(stage.device, TELE)
        error = caught.value
        assert error.message == "The tele camera already captures."
        assert (error.code, error.hint) == ("capture_running", "Stop it first.")
        assert shutter.sent == []
        stage.says = Snapshot(capturing={TELE: False})
        await captures.start_capture(stage.device, TELE)
        assert len(shutter.sent) == 1

    staged(story)


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (RefusedError("no"), Phase.NONE),
        (UnreachableError("away"), Phase.STARTING),  # whether it began is for the telescope to say
    ],
)
def test_a_start_that_failed_leaves_no_capture_unless_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, error: Exception, phase: Phase
) -> None:
    async def story(stage: Stage) -> None:
        Shutter(stage, monkeypatch, raises(error))
        with pytest.raises(type(error)):
            await captures.start_capture(stage.device, TELE)
        assert (stage.record.phase, stage.record.confirmed) == (phase, False)

    staged(story)


@pytest.mark.parametrize("firmware", [OLDER, NEWER])
def test_a_missing_goto_is_overruled_once_and_only_where_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, firmware: type[Dialect]
) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, refuses(NEEDS_GOTO), opens)
        await captures.start_capture(stage.device, TELE, without_goto=True)
        assert shutter.forced == [False, True]
        assert not stage.record.without_darks
        stage.record.abandon()
        shutter = Shutter(stage, monkeypatch, refuses(NEEDS_GOTO), refuses(NEEDS_GOTO))
        with pytest.raises(TelescopeError) as caught:
            await captures.start_capture(stage.device, TELE, without_goto=True)
        assert caught.value.device_code == NEEDS_GOTO
        assert caught.value.message.startswith("Starting the tele capture: ")
        for code, without_goto in ((NEEDS_GOTO, False), (-11514, True)):
            shutter = Shutter(stage, monkeypatch, refuses(code))
            with pytest.raises(TelescopeError) as caught:
                await captures.start_capture(stage.device, TELE, without_goto=without_goto)
            assert caught.value.device_code == code
            assert shutter.forced == [False]

    staged(story, firmware)


@pytest.mark.parametrize("code", sorted(NO_FITTING_DARKS))
def test_a_capture_held_for_want_of_darks_is_told_to_go_on_without(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, refuses(code), opens)
        await captures.start_capture(stage.device, WIDE)
        record = stage.device.state.captures[WIDE]
        assert shutter.cmds == [Cmd.START_WIDE_CAPTURE, Cmd.GO_ON_WITHOUT_DARKS]
        assert shutter.sent[1] == (11050, None, LIMITS.capture_start, LIMITS.state_check)
        assert shutter.forced == [False]
        assert (record.told_to_go_on, record.without_darks, record.confirmed) == (True, True, True)

    staged(story)


def test_a_capture_that_opens_with_a_warning_of_darks_may_be_held_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, warns(-11503))
        await captures.start_capture(stage.device, TELE)
        assert shutter.cmds == [Cmd.START_CAPTURE]
        assert (stage.record.held, stage.record.without_darks) == (True, False), "it is for its follower"

    staged(story)


@pytest.mark.parametrize(("model", "code"), [("D2", None), ("D3", -1), ("mini", -3)])
def test_a_telescope_that_knows_no_going_on_is_forced(
    monkeypatch: pytest.MonkeyPatch, model: str, code: int | None
) -> None:
    async def story(stage: Stage) -> None:
        stage.device.model = model
        turns = [raises(RefusedError("no", device_code=code))] if code is not None else []
        shutter = Shutter(stage, monkeypatch, refuses(-11503), *turns, opens)
        await captures.start_capture(stage.device, TELE)
        asked = [Cmd.GO_ON_WITHOUT_DARKS] if code is not None else []
        assert shutter.cmds == [Cmd.START_CAPTURE, *asked, Cmd.START_CAPTURE]
        assert shutter.forced == [False, True]
        assert stage.record.without_darks
        stage.record.abandon()
        shutter = Shutter(stage, monkeypatch, refuses(-11503), *turns, refuses(-11530))
        with pytest.raises(TelescopeError) as caught:
            await captures.start_capture(stage.device, TELE)
        assert caught.value.message.startswith("Starting the tele capture without fitting darks: ")
        assert caught.value.device_code == -11530
        assert stage.record.phase is Phase.NONE
        assert shutter.closed == [Cmd.STOP_CAPTURE], "its question keeps the telescope busy"

    staged(story)


def test_older_firmware_holds_no_capture_and_refuses_it_without_darks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, refuses(-11503))
        with pytest.raises(TelescopeError) as caught:
            await captures.start_capture(stage.device, TELE)
        assert caught.value.device_code == -11503
        assert caught.value.message.startswith("Starting the tele capture: ")
        assert (shutter.forced, shutter.closed) == ([False], [])

    staged(story, OLDER)


@pytest.mark.parametrize("firmware", [OLDER, NEWER])
def test_a_refusal_means_what_its_firmware_means(
    monkeypatch: pytest.MonkeyPatch, firmware: type[Dialect]
) -> None:
    async def story(stage: Stage) -> None:
        Shutter(stage, monkeypatch, refuses(-10504))
        with pytest.raises(TelescopeError) as caught:
            await captures.start_capture(stage.device, TELE)
        expected = error_for(-10504, "Starting the tele capture", firmware.generation)
        assert (type(caught.value), str(caught.value)) == (type(expected), str(expected))

    staged(story, firmware)


def test_a_stop_is_asked_again_until_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, unheard, unheard, opens)
        stage.running(taken=5, stacked=4)
        report = await captures.stop_capture(stage.device, TELE)
        assert shutter.sent == [(11006, None, LIMITS.capture_stop, None)] * 3
        assert (report.taken, report.stacked, report.end) == (5, 4, CaptureEnd.STOPPED)
        assert (stage.record.phase, stage.record.unseen_end) == (Phase.ENDED, True)

    staged(story)


@pytest.mark.parametrize(
    ("firmware", "camera", "stop", "fast"),
    [
        (NEWER, TELE, Cmd.STOP_CAPTURE, Cmd.FAST_STOP_CAPTURE),
        (NEWER, WIDE, Cmd.STOP_WIDE_CAPTURE, Cmd.FAST_STOP_WIDE_CAPTURE),
        (OLDER, TELE, Cmd.STOP_CAPTURE, Cmd.STOP_CAPTURE),  # it has no other
    ],
)
def test_every_fourth_stop_that_is_not_heard_is_the_fast_one(
    monkeypatch: pytest.MonkeyPatch, firmware: type[Dialect], camera: Camera, stop: Cmd, fast: Cmd
) -> None:
    async def story(stage: Stage) -> None:
        shutter = Shutter(stage, monkeypatch, *[unheard] * 8, opens)
        await captures.stop_capture(stage.device, camera)
        assert shutter.cmds == [stop, stop, stop, fast] * 2 + [stop]

    staged(story, firmware)


def test_a_stop_that_is_never_heard_ends_in_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        Shutter(stage, monkeypatch, *[unheard] * 400)
        stage.running()
        with pytest.raises(CommandTimeoutError) as caught:
            await captures.stop_capture(stage.device, TELE)
        assert caught.value.message == "The tele capture did not stop within 300 s."
        assert stage.clock.monotonic() == pytest.approx(LIMITS.capture_stop)

    staged(story)


@pytest.mark.parametrize(
    ("phase", "after", "asked_for"),
    [
        (Phase.STARTING, Phase.NONE, True),
        (Phase.RUNNING, Phase.ENDED, True),
        (Phase.ENDED, Phase.ENDED, False),
        (Phase.NONE, Phase.NONE, False),
    ],
)
def test_a_stop_is_noted_where_there_is_something_to_stop(
    monkeypatch: pytest.MonkeyPatch, phase: Phase, after: Phase, asked_for: bool
) -> None:
    async def story(stage: Stage) -> None:
        Shutter(stage, monkeypatch, opens)
        stage.record.phase = phase
        await captures.stop_capture(stage.device, TELE)
        assert stage.record.phase is after
        assert stage.record.stop_asked is asked_for

    staged(story)
