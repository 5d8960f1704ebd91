"""Captures of other clients: found after a lost link, never credited, never disturbed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from agent.capabilities import Camera
from agent.events import Outcome, Reason, Status
from agent.execute.orders import Ending, EndKind
from agent.execute.recognition import Asked, contradiction
from agent.targets import SkyTarget
from agent.telescope.errors import UnreachableError
from agent.telescope.interface import CaptureFacts, CaptureProgress
from tests.execute.conftest import Bench, session


def _lost_start(bench: Bench, target: str | None, exposure_s: float, after_s: float = 30) -> None:
    """The start is lost with the link; meanwhile another client shoots 20 frames; then the link is back."""
    start = bench.telescope.start_capture

    async def lost(camera: Camera, *, without_goto: bool = False) -> None:
        bench.telescope.start_capture = start  # type: ignore[method-assign]
        bench.telescope.cut()
        asyncio.get_running_loop().create_task(meanwhile(), name="another client")
        raise UnreachableError("The telescope went away.")

    async def meanwhile() -> None:
        await bench.clock.sleep(after_s)
        bench.telescope.expose(Camera.TELE, 20, exposure_s, target)
        bench.telescope.restore()

    bench.telescope.start_capture = lost  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("target", "exposure_s", "after_s"),
    [("M 31", 15.0, 30), ("M 42", 30.0, 30), ("m42", 10.0, 30), ("M 42", 15.0, 1800)],
    ids=["target", "exposure", "spelling", "time"],
)
def test_frames_of_another_client_are_not_credited(
    bench: Bench, target: str, exposure_s: float, after_s: float
) -> None:
    _lost_start(bench, target, exposure_s, after_s)
    result = bench.result_of(session())
    assert result.outcome is Outcome.COMPLETED
    assert result.frames.taken == 12
    assert [(c.target, c.taken) for c in bench.telescope.captures] == [(target, 20), ("M 42", 12)]
    assert result.files == ("/Astronomy/1",)
    assert bench.telescope.calls.count("goto") == 2, "it pointed again"
    assert Reason.HELD_BY_OTHER in [wait.reason for wait in result.waits]
    assert Status.WAITING in bench.said.statuses


def test_a_start_that_arrived_although_the_link_was_lost_is_ours(bench: Bench) -> None:
    _lost_start(bench, "M42", 15.0)
    result = bench.result_of(session())
    assert result.outcome is Outcome.COMPLETED
    assert len(bench.telescope.captures) == 1


def test_what_is_unknown_of_a_capture_does_not_make_up_for_what_contradicts() -> None:
    asked = Asked(12, 15.0, SkyTarget("M 42", 5.59, -5.39))
    at = datetime(2026, 3, 12, 21, tzinfo=UTC)
    same = {
        "target": "M 42",
        "ra_hours": 5.6,
        "dec_degrees": -5.4,
        "exposure_s": 15.0,
        "began": at + timedelta(seconds=20),
    }
    other = {
        "target": "M 31",
        "ra_hours": 0.7,
        "dec_degrees": 41.3,
        "exposure_s": 30.0,
        "began": at - timedelta(minutes=5),
    }
    nothing = CaptureFacts()
    assert contradiction(asked, at, nothing, nothing) == ""
    assert contradiction(asked, at, CaptureFacts(**same), nothing) == ""
    for key, value in other.items():
        place = {"ra_hours", "dec_degrees"}
        facts = {name: other[name] for name in place} if key in place else {key: value}
        assert contradiction(asked, at, CaptureFacts(**facts), nothing) != "", key
        if key != "target":  # where both places are known, they decide and not the names
            assert contradiction(asked, at, CaptureFacts(**(same | facts)), nothing) != "", key


def test_the_telescopes_own_words_for_our_capture_are_no_contradiction() -> None:
    asked = Asked(12, 15.0, SkyTarget("Orion Nebula", 5.59, -5.39))
    at = datetime(2026, 3, 12, 21, tzinfo=UTC)
    told = CaptureFacts(target="NGC1976", exposure_s=30.0)
    assert contradiction(asked, at, told, CaptureFacts()) != ""
    assert contradiction(asked, at, told, told) == ""
    assert contradiction(asked, at, CaptureFacts(target="Orion Nebula"), told) != ""


def test_an_abort_counts_no_frame_of_another_clients_capture(bench: Bench) -> None:
    _lost_start(bench, "M 31", 15.0)
    follow = bench.telescope.running_capture

    async def slow(camera: Camera) -> CaptureProgress | None:
        await bench.clock.sleep(200)  # the order comes before anything was recognised
        return await follow(camera)

    bench.telescope.running_capture = slow  # type: ignore[method-assign]

    async def abort() -> None:
        await bench.after_frames(3)
        bench.orders.end(Ending(EndKind.ABORT, Reason.USER, "Stop."))

    result = bench.result_of(session(), abort)
    assert result.outcome is Outcome.ABORTED
    assert result.frames.taken == 0
    assert result.files == ()


def test_the_telescope_is_not_folded_while_another_client_captures(bench: Bench) -> None:
    async def outage() -> None:
        await bench.after_frames(2)
        bench.telescope.cut()
        await bench.after_frames(12)
        bench.telescope.expose(Camera.TELE, 20, 15.0, "M 31")
        bench.telescope.restore()

    result = bench.result_of(session(shutdown={"do_action": True, "park": True}), outage)
    assert result.outcome is Outcome.COMPLETED
    assert [capture.taken for capture in bench.telescope.captures] == [12, 20]
    assert bench.telescope.calls[-1] == "park"
