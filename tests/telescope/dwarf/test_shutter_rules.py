"""Opening and closing the shutter: warnings, missing darks, first light, and stops that are not heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.commands import captures
from agent.telescope.dwarf.commands.missing_darks import FirstLight
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.generation import Dialect
from agent.telescope.dwarf.state import Phase, Snapshot
from agent.telescope.dwarf.wire.codes import NEEDS_GOTO, NO_FITTING_DARKS, error_for
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import (
    CommandTimeoutError,
    NothingExposedError,
    RefusedError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import CaptureEnd
from tests.telescope.dwarf.scripted import LIMITS, NEWER, NIGHT, OLDER, TELE, WIDE, Stage, staged


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


# -- starting ----------------------------------------------------------------------------------------------


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


# -- first light -------------------------------------------------------------------------------------------


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
            await captures.follow_capture(stage.device, TELE)
        assert shutter.cmds == [Cmd.GO_ON_WITHOUT_DARKS, Cmd.STOP_CAPTURE], "it is closed in the end"
        assert told == [pytest.approx(seen_after)]
        assert stage.clock.monotonic() == pytest.approx(2 * (seen_after + 1))
        assert (
            caught.value.message == "The telescope says that its tele camera captures, and exposes nothing."
        )

    staged(story)


def test_a_first_light_is_due_at_the_very_second() -> None:
    async def story(stage: Stage) -> None:
        stage.running(asked=12, exposing=False, exposure_s=15.0)
        watch, due = FirstLight(stage.device, TELE), 15.0 + LIMITS.first_light
        assert await watch.look(connected=True) == due
        await stage.clock.sleep(due - 0.5)
        assert await watch.look(connected=True) == pytest.approx(0.5)
        assert not stage.record.told_to_go_on

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
        await captures.follow_capture(stage.device, TELE)
        assert shutter.sent == []
        assert stage.asked == [pytest.approx(LIMITS.news)]

    staged(story, firmware)


def test_a_capture_that_is_held_is_told_to_go_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        def ends(_completion: Any) -> None:
            stage.record.phase = Phase.ENDED

        shutter = Shutter(stage, monkeypatch, ends)
        stage.running(asked=12, exposing=False, held=True)
        report = await captures.follow_capture(stage.device, TELE)
        assert shutter.cmds == [Cmd.GO_ON_WITHOUT_DARKS]
        assert report.without_darks
        assert stage.clock.monotonic() < 2
        assert not stage.record.held

    staged(story)


# -- stopping ----------------------------------------------------------------------------------------------


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
