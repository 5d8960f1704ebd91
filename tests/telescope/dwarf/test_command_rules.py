"""What each command asks of the telescope, how long it waits, and what it does about a no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.commands import cameras, control, live
from agent.telescope.dwarf.completion import (
    GoLiveCompletion,
    LockCompletion,
)
from agent.telescope.dwarf.generation import Dialect
from agent.telescope.dwarf.proto import motor_pb2, system_pb2
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.notifications import HostMode
from agent.telescope.errors import (
    CommandTimeoutError,
    HeldByOtherError,
    RefusedError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import CameraSettings, ConnectionState
from tests.telescope.dwarf.scripted import LIMITS, NEWER, NIGHT, OLDER, TELE, WIDE, Wire, on_wire, refused

SITE = Site(47.5, 7.6, 280.0, "Europe/Zurich")
ORION = SkyTarget("M 42", 5.588, -5.39)
BUSY, CLOSED, NEEDS_HOME, GOTO_FAILED = -11501, -10501, -14520, -11505


# -- willing ------------------------------------------------------------------------------------------------


def attempts(wire: Wire, *outcomes: Exception | None) -> tuple[list[float], Callable[[], Awaitable[None]]]:
    made: list[float] = []
    left = list(outcomes)

    async def attempt() -> None:
        made.append(wire.clock.monotonic())
        if (outcome := left.pop(0)) is not None:
            raise outcome

    return made, attempt


def test_a_willing_telescope_is_asked_once() -> None:
    async def story(wire: Wire) -> None:
        made, attempt = attempts(wire, None)
        await live.willing(wire.device, WIDE, attempt)
        assert (wire.did, made, wire.sent) == ([WIDE], [0.0], [])

    on_wire(story)


@pytest.mark.parametrize(
    ("firmware", "cmds", "patience"),
    [
        (OLDER, [Cmd.GO_LIVE, Cmd.GO_LIVE_WIDE], None),
        (NEWER, [Cmd.GO_LIVE], LIMITS.stop),  # which finishes what either camera shows
    ],
)
def test_a_busy_telescope_is_brought_back_to_live_view_first(
    firmware: type[Dialect], cmds: list[Cmd], patience: float | None
) -> None:
    async def story(wire: Wire) -> None:
        wire.ended(displayed=True)
        wire.device.state.captures[WIDE].displayed = True
        made, attempt = attempts(wire, refused(BUSY), None)
        await live.willing(wire.device, TELE, attempt)
        assert wire.sent == [(cmd, None, LIMITS.go_live, None) for cmd in cmds]
        assert [one.patience for one in wire.completions] == [patience] * len(cmds)
        assert all(isinstance(one, GoLiveCompletion) for one in wire.completions)
        assert wire.completions[0].doing == "Returning to live view"
        assert not any(record.displayed for record in wire.device.state.captures.values())
        assert made == [0.0, LIMITS.busy_pause]
        assert wire.did == [TELE, "live", TELE], "live view leaves the mode: it is entered again"

    on_wire(story, firmware)


@pytest.mark.parametrize(("firmware", "patience"), [(OLDER, 5.0), (NEWER, LIMITS.busy)])
def test_busy_with_what_is_over_is_waited_for_as_long_as_the_firmware_may_say_so(
    firmware: type[Dialect], patience: float
) -> None:
    async def story(wire: Wire) -> None:
        made, attempt = attempts(wire, *[refused(BUSY)] * 20)
        with pytest.raises(TransientError):
            await live.willing(wire.device, TELE, attempt)
        assert made == [pytest.approx(5.0 * n) for n in range(int(patience / 5.0) + 1)]
        assert wire.cmds == [Cmd.GO_LIVE], "it is finished once"

    on_wire(story, firmware)


def test_live_view_is_waited_for_by_newer_firmware_and_what_is_held_is_closed_first() -> None:
    async def story(wire: Wire) -> None:
        wire.says = Snapshot(capturing={TELE: False, WIDE: False})
        wire.answers = [refused(BUSY), CommandTimeoutError("silence"), b"", refused(BUSY)]
        await live.go_live(wire.device)
        assert wire.cmds == [Cmd.GO_LIVE, Cmd.STOP_CAPTURE, Cmd.STOP_WIDE_CAPTURE, Cmd.GO_LIVE, Cmd.GO_LIVE]
        assert wire.sent[1] == (Cmd.STOP_CAPTURE, None, LIMITS.stop, 1)
        assert len(wire.asked) == 1
        assert wire.clock.monotonic() == pytest.approx(2 * LIMITS.busy_pause)
        wire.sent.clear()
        wire.says = Snapshot(capturing={WIDE: True})
        wire.answers = [refused(BUSY)]
        with pytest.raises(TransientError):
            await live.go_live(wire.device)
        assert wire.cmds == [Cmd.GO_LIVE], "a capture that runs is not stopped for it"

    on_wire(story)


def test_live_view_is_asked_of_older_firmware_once() -> None:
    async def story(wire: Wire) -> None:
        wire.answers = [refused(BUSY)]
        with pytest.raises(TransientError):
            await live.go_live(wire.device)
        assert (wire.cmds, wire.asked, wire.did) == ([Cmd.GO_LIVE], [], [])

    on_wire(story, OLDER)


@pytest.mark.parametrize("in_its_mode", [True, False])
def test_a_goto_that_failed_is_tried_anew_only_if_it_was_in_another_mode(in_its_mode: bool) -> None:
    async def story(wire: Wire) -> None:
        wire.in_its_mode = in_its_mode
        made, attempt = attempts(wire, refused(GOTO_FAILED), refused(GOTO_FAILED))
        with pytest.raises(TransientError):
            await live.willing(wire.device, TELE, attempt)
        anew = [] if in_its_mode else ["reset", TELE]
        assert wire.did == [TELE, "in place?", *anew]
        assert len(made) == (1 if in_its_mode else 2)

    on_wire(story)


def test_a_telescope_that_is_busy_capturing_is_left_at_it() -> None:
    async def story(wire: Wire) -> None:
        wire.running()
        made, attempt = attempts(wire, refused(BUSY))
        with pytest.raises(TransientError):
            await live.willing(wire.device, TELE, attempt)
        assert (made, wire.sent, wire.did) == ([0.0], [], [TELE])

    on_wire(story)


@pytest.mark.parametrize("code", [CLOSED, -12501, -1])
def test_a_telescope_that_left_its_mode_is_made_ready_anew(code: int) -> None:
    async def story(wire: Wire) -> None:
        made, attempt = attempts(wire, refused(code), None)
        await live.willing(wire.device, WIDE, attempt)
        assert wire.did == [WIDE, "reset", WIDE]
        assert made == [0.0, 0.0]
        _, attempt = attempts(wire, refused(code), refused(code))
        with pytest.raises(TransientError):
            await live.willing(wire.device, WIDE, attempt)

    on_wire(story)


def test_live_view_needs_control() -> None:
    async def story(wire: Wire) -> None:
        wire.device.state.take(HostMode(host=False))
        with pytest.raises(HeldByOtherError):
            await live.go_live(wire.device)
        assert wire.sent == []

    on_wire(story)


# -- control, time, power -----------------------------------------------------------------------------------


@pytest.mark.parametrize("held", [True, False, None])
def test_the_lock_is_asked_for_and_known_to_be_ours_already(held: bool | None) -> None:
    async def story(wire: Wire) -> None:
        if held is not None:
            wire.device.state.take(HostMode(host=held))
        await control.take_control(wire.device)
        assert wire.sent == [(Cmd.MASTER_LOCK, system_pb2.SetMasterLock(lock=True), LIMITS.lock, None)]
        assert isinstance(wire.completions[0], LockCompletion)
        assert wire.completions[0].held is (held is True)
        assert wire.completions[0].doing == "Taking control"

    on_wire(story, OLDER)


def test_a_lock_that_nobody_answers_is_ours_unless_another_client_has_it() -> None:
    async def story(wire: Wire) -> None:
        wire.answers = [CommandTimeoutError("silence"), CommandTimeoutError("silence")]
        await control.take_control(wire.device)
        wire.device.state.take(HostMode(host=False))
        with pytest.raises(HeldByOtherError) as caught:
            await control.take_control(wire.device)
        assert caught.value.message == "Another client controls the telescope."
        wire.link = ConnectionState.CONNECTING
        with pytest.raises(UnreachableError):
            await control.take_control(wire.device)

    on_wire(story, OLDER)


def test_giving_control_back_is_tried_once_and_never_fails() -> None:
    async def story(wire: Wire) -> None:
        wire.answers = [CommandTimeoutError("silence")]
        await control.release_control(wire.device)
        assert wire.sent == [(Cmd.MASTER_LOCK, system_pb2.SetMasterLock(lock=False), LIMITS.settle, 1)]
        wire.link = ConnectionState.CONNECTING
        await control.release_control(wire.device)
        assert len(wire.sent) == 1

    on_wire(story, OLDER)


def test_newer_firmware_has_no_lock_and_is_asked_whether_another_client_let_go() -> None:
    async def story(wire: Wire) -> None:
        await control.take_control(wire.device)
        await control.release_control(wire.device)
        assert (wire.sent, wire.asked) == ([], [])
        wire.device.state.take(HostMode(host=False))
        with pytest.raises(HeldByOtherError):
            await control.take_control(wire.device)
        assert (wire.sent, len(wire.asked)) == ([], 1)

    on_wire(story)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("Europe/Zurich", 2.0), ("Asia/Kolkata", 5.5), ("America/New_York", -4.0), ("UTC", 0.0)],
)
def test_the_clock_is_set_with_zone_and_place(zone: str, hours: float) -> None:
    async def story(wire: Wire) -> None:
        now = datetime(2026, 7, 1, 21, 0, 0, 900_000, tzinfo=UTC)
        await control.set_time(wire.device, now, zone, SITE)
        time = system_pb2.SetTime(timestamp=int(NIGHT.timestamp()), timezone_offset=hours)
        assert wire.sent == [
            (Cmd.SET_TIME, time, "Setting the time", None, 1),
            (Cmd.SET_TIME_ZONE, system_pb2.SetTimeZone(timezone=zone), "Setting the time zone", None, 2),
        ]
        assert wire.did == [("place", SITE)]
        assert wire.device.zone == ZoneInfo(zone)
        wire.sent.clear()
        await control.set_time(wire.device, now, zone, None)
        assert len(wire.sent) == 2
        assert len(wire.did) == 1

    on_wire(story)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../etc/passwd"])
def test_a_time_zone_nobody_knows_is_refused(zone: str) -> None:
    async def story(wire: Wire) -> None:
        with pytest.raises(RefusedError) as caught:
            await control.set_time(wire.device, NIGHT, zone, None)
        assert caught.value.message == f"There is no time zone {zone!r}."
        assert caught.value.code == "unknown_timezone"
        assert caught.value.hint == "Use an IANA name such as Europe/Paris."
        assert wire.sent == []

    on_wire(story)


@pytest.mark.parametrize(
    ("firmware", "busy", "stops"),
    [
        (NEWER, set(), []),
        (OLDER, set(), [Cmd.STOP_ASTRO_AUTO_FOCUS]),  # older firmware does not say whether it focuses
        (NEWER, {"focusing"}, [Cmd.STOP_ASTRO_AUTO_FOCUS]),
        (NEWER, {"calibrating", "solving"}, [Cmd.STOP_CALIBRATION, Cmd.STOP_EQ]),
    ],
)
def test_halting_stops_what_goes_on_and_any_goto(
    firmware: type[Dialect], busy: set[str], stops: list[Cmd]
) -> None:
    async def story(wire: Wire) -> None:
        wire.device.state.busy |= busy
        wire.answers = [CommandTimeoutError("silence")] * len(stops)  # it may answer by its state alone
        await control.halt(wire.device)
        assert [(cmd, within, attempts) for cmd, _, within, attempts in wire.sent] == [
            *((cmd, LIMITS.stop, 1) for cmd in stops),
            (Cmd.STOP_GOTO, LIMITS.stop, 2),
        ]
        assert wire.device.state.busy == set()

    on_wire(story, firmware)


def test_halting_stops_every_capture_and_says_what_failed() -> None:
    async def story(wire: Wire) -> None:
        wire.running()
        wire.answers = [RefusedError("no")]
        with pytest.raises(RefusedError):
            await control.halt(wire.device)
        assert [one[0] for one in wire.sent] == [Cmd.STOP_CAPTURE, Cmd.STOP_GOTO], "all stops are sent"
        wire.link = ConnectionState.CONNECTING
        with pytest.raises(UnreachableError):
            await control.halt(wire.device)

    on_wire(story)


def motor(code: int) -> bytes:
    return motor_pb2.MotorAnswer(code=code).SerializeToString()


FOLD = motor_pb2.MotorRunTo(id=2, end_position=302.0, speed=10.0, speed_ramping=100, resolution_level=2)
HOME = motor_pb2.MotorReset(id=2, direction=True)


def test_parking_stops_the_goto_and_folds_the_barrel() -> None:
    async def story(wire: Wire) -> None:
        await control.park(wire.device)
        assert wire.sent == [
            (Cmd.STOP_GOTO, None, LIMITS.stop, 2),
            (Cmd.MOTOR_RUN_TO, FOLD, LIMITS.motor, 1),
        ]
        wire.device.state.take(HostMode(host=False))
        with pytest.raises(HeldByOtherError):
            await control.park(wire.device)

    on_wire(story)


def test_a_motor_that_wants_its_home_is_sent_there_once() -> None:
    async def story(wire: Wire) -> None:
        wire.answers = [b"", motor(NEEDS_HOME), b"", motor(0)]
        await control.park(wire.device)
        assert wire.sent[1:] == [
            (Cmd.MOTOR_RUN_TO, FOLD, LIMITS.motor, 1),
            (Cmd.MOTOR_RESET, HOME, LIMITS.motor, 1),
            (Cmd.MOTOR_RUN_TO, FOLD, LIMITS.motor, 1),
        ]
        wire.answers = [b"", motor(NEEDS_HOME), b"", motor(NEEDS_HOME)]
        with pytest.raises(TransientError) as caught:
            await control.park(wire.device)
        assert caught.value.device_code == NEEDS_HOME
        assert caught.value.message.startswith("Folding the telescope: ")

    on_wire(story)


@pytest.mark.parametrize(
    ("answer", "farewell", "fails"),
    [
        (b"", False, False),
        (CommandTimeoutError("silence"), True, False),
        (CommandTimeoutError("silence"), False, True),
        (UnreachableError("gone"), False, False),
        (RefusedError("no"), True, True),
    ],
)
def test_a_telescope_that_says_goodbye_or_goes_is_off(answer: Any, farewell: bool, fails: bool) -> None:
    async def story(wire: Wire) -> None:
        wire.answers = [answer]
        wire.device.state.powering_off = True  # from before, after which it stayed
        wire.says_goodbye = farewell
        failed = False
        try:
            await control.power_off(wire.device, Cmd.REBOOT, "Restarting")
        except TelescopeError:
            failed = True
        assert failed is fails
        assert wire.sent == [(Cmd.REBOOT, None, "Restarting", LIMITS.power, 1)]
        wire.link = ConnectionState.CONNECTING
        with pytest.raises(UnreachableError):
            await control.power_off(wire.device, Cmd.REBOOT, "Restarting")

    on_wire(story)


# -- settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("firmware", "one_count"), [(OLDER, True), (NEWER, False)])
def test_what_was_asked_of_a_camera_is_kept_for_its_capture(firmware: type[Dialect], one_count: bool) -> None:
    async def story(wire: Wire) -> None:
        exposures = wire.device.capabilities.cameras[TELE].exposures
        settings = CameraSettings(exposure=exposures[4].index, count=40)
        await cameras.apply(wire.device, TELE, settings)
        assert wire.did == [TELE, ("apply", TELE, settings)]
        tele, wide = wire.device.state.captures[TELE], wire.device.state.captures[WIDE]
        assert (tele.asked, wide.asked) == (40, 40 if one_count else 0)
        assert (tele.exposure_s, wide.exposure_s) == (exposures[4].seconds, 0.0)
        await cameras.apply(wire.device, TELE, CameraSettings(gain=80))
        assert (tele.asked, tele.exposure_s) == (40, exposures[4].seconds)
        await cameras.apply(wire.device, TELE, CameraSettings(exposure=-5, count=0))
        assert (tele.asked, tele.exposure_s) == (0, 0.0)

    on_wire(story, firmware)


def test_what_a_camera_takes_is_learnt_for_the_target() -> None:
    async def story(wire: Wire) -> None:
        await cameras.prepare(wire.device, ORION, WIDE)
        assert wire.did == [("aim", ORION), ("prepare", WIDE)]
        wire.device.state.take(HostMode(host=False))
        with pytest.raises(HeldByOtherError):
            await cameras.prepare(wire.device, None, WIDE)
        assert len(wire.did) == 2

    on_wire(story)


def test_settings_that_were_refused_are_not_kept() -> None:
    async def story(wire: Wire) -> None:
        wire.answers = [RefusedError("no")]
        with pytest.raises(RefusedError):
            await cameras.apply(wire.device, TELE, CameraSettings(count=40))
        assert wire.device.state.captures[TELE].asked == 0
        assert await cameras.read(wire.device, WIDE) == CameraSettings(gain=4)
        wire.link = ConnectionState.CONNECTING
        with pytest.raises(UnreachableError):
            await cameras.read(wire.device, WIDE)
        with pytest.raises(UnreachableError):
            await cameras.apply(wire.device, WIDE, CameraSettings(count=40))

    on_wire(story)
