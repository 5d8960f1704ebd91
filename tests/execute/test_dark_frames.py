"""Dark frames within a session: what its owner is asked, what the telescope is told, what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agent.capabilities import Camera
from agent.events import Outcome, Reason, SessionWaiting
from agent.execute.orders import CAP, Ending, EndKind, Hold
from agent.telescope.darks import DarkFrame, DarkKind, DarkLibrary
from tests.execute.conftest import DUSK, Bench, session
from tests.support.fake_telescope import CAPABILITIES, FakeTelescope

CLOUDS = Hold(Reason.WEATHER, "Clouds.")


class DarkTelescope(FakeTelescope):
    """Keeps the darks it takes."""

    kept: tuple[DarkFrame, ...] = ()

    async def darks(self, camera: Camera) -> DarkLibrary:
        await self._do("darks", 0)
        return DarkLibrary(tuple(one for one in self.kept if one.kind.camera is camera))

    async def shoot_darks(self, kind: DarkKind, frames: int) -> None:
        await self._do(f"shoot_darks {frames}", 40)
        self.kept += (DarkFrame(kind),)


@pytest.fixture
def dark() -> Bench:
    bench = Bench()
    bench.telescope = DarkTelescope(bench.clock)
    return bench


@pytest.fixture
def capped(dark: Bench) -> Bench:
    """A telescope that needs a cap for its darks."""
    dark.capabilities = replace(CAPABILITIES, dark_filter=False)
    return dark


def ordered(when: str) -> dict[str, object]:
    return session(dark_frames={"do_action": True, "when": when, "count": 4, "cap_wait": 600})


def asked(bench: Bench) -> list[SessionWaiting]:
    return [event for event in bench.events if isinstance(event, SessionWaiting)]


async def _is_asked(bench: Bench, times: int) -> None:
    while len(asked(bench)) < times:
        await bench.clock.sleep(1)


def test_darks_are_taken_and_told_without_asking_anybody(dark: Bench) -> None:
    result = dark.result_of(ordered("before"))
    calls = dark.telescope.calls
    assert calls.index("shoot_darks 4") < calls.index("start_capture")
    assert "4 dark frames for the tele camera were taken" in result.message
    assert asked(dark) == []


def test_an_owner_who_answers_has_darks_and_takes_the_cap_off_again(capped: Bench) -> None:
    async def owner() -> None:
        for times in (1, 2):
            await _is_asked(capped, times)
            assert capped.orders.holders == (CAP,)
            await capped.clock.sleep(30)
            assert "start_capture" not in capped.telescope.calls, "it waits for the answer"
            assert capped.cap.on is (times == 2)
            capped.orders.resume(CAP)

    result = capped.result_of(ordered("before"), owner)
    assert result.outcome is Outcome.COMPLETED
    assert [one.message for one in asked(capped)] == [
        "Put the cap on the lens for dark frames, then press Resume. Without an answer within 10 minutes "
        "none are taken; leave the lens free then.",
        "Take the cap off the lens, then press Resume. Nothing is imaged before.",
    ]
    assert [one.until - one.at for one in asked(capped) if one.until] == [
        timedelta(minutes=10),
        timedelta(hours=1),
    ]
    assert not capped.cap.on
    assert capped.telescope.calls.count("shoot_darks 4") == 1


def test_a_look_for_darks_moves_nothing(capped: Bench) -> None:
    async def onlooker() -> None:
        while "go_live" not in capped.telescope.calls:
            await capped.clock.sleep(0.1)
        await capped.hands.park()  # by hand, as the last before it looks
        await _is_asked(capped, 1)
        assert capped.telescope.calls[-2:] == ["park", "darks"]
        assert capped.hands.parked, "what was seen of it stays true"

    capped.result_of(ordered("before"), onlooker)


def test_nobody_puts_the_cap_on_so_the_session_goes_on_without_darks(capped: Bench) -> None:
    result = capped.result_of(ordered("before"))
    assert result.outcome is Outcome.COMPLETED
    assert "nobody put the cap on, so no dark frames were taken" in result.message
    assert "shoot_darks 4" not in capped.telescope.calls
    assert capped.telescope.captures[0].began - DUSK > timedelta(minutes=10)


def test_an_order_to_end_is_obeyed_while_the_cap_is_asked_for(capped: Bench) -> None:
    async def abort() -> None:
        await _is_asked(capped, 1)
        await capped.clock.sleep(5)
        capped.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    result = capped.result_of(ordered("before"), abort)
    assert result.outcome is Outcome.ABORTED
    assert result.ended_at - result.started_at < timedelta(minutes=5)


def test_nothing_is_imaged_while_nobody_says_that_the_cap_is_off(capped: Bench) -> None:
    capped.cap.is_now(on=True)
    result = capped.result_of(session())
    assert result.error is not None
    assert (result.error.code, result.error.message, result.error.hint) == (
        "cap_on",
        "Nobody said that the cap is off the lens, so nothing is imaged.",
        "Take it off and run the session again; it asks once more.",
    )
    assert "goto" not in capped.telescope.calls
    assert capped.cap.on


def test_a_cap_that_nobody_takes_off_after_the_last_frame_is_told(capped: Bench) -> None:
    async def owner() -> None:
        await _is_asked(capped, 1)
        capped.orders.resume(CAP)

    result = capped.result_of(ordered("after"), owner)
    assert result.outcome is Outcome.COMPLETED
    assert result.message.split("; ")[-1] == "the cap is still on the lens"
    assert capped.cap.on


def test_clouds_leave_time_for_darks(dark: Bench) -> None:
    async def clouds() -> None:
        await dark.after_frames(3)
        dark.orders.pause("weather", CLOUDS)
        await dark.clock.sleep(600)
        dark.orders.resume("weather")

    result = dark.result_of(ordered("clouds"), clouds)
    assert result.outcome is Outcome.COMPLETED
    assert result.frames.taken == 12
    assert dark.telescope.calls.count("shoot_darks 4") == 1
    assert "4 dark frames for the tele camera were taken" in result.message


def test_a_clear_sky_ends_the_darks_that_the_clouds_left_time_for(dark: Bench) -> None:
    async def clouds() -> None:
        await dark.after_frames(3)
        dark.orders.pause("weather", CLOUDS)
        while "shoot_darks 4" not in dark.telescope.calls:
            await dark.clock.sleep(1)
        dark.telescope.calls.append("clear")
        dark.orders.resume("weather")

    result = dark.result_of(ordered("clouds"), clouds)
    calls = dark.telescope.calls
    assert result.outcome is Outcome.COMPLETED
    assert "halt" in calls[calls.index("clear") : calls.index("start_capture", calls.index("clear"))]
    assert "dark frames for the tele camera were taken" not in result.message
