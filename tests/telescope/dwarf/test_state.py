"""What is kept of a capture: when it began, while nobody else can have begun it, and whether it is over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.capabilities import Camera
from agent.telescope.dwarf.state import CaptureRecord, DeviceState, Phase
from agent.telescope.dwarf.wire.notifications import CaptureState, State

AT = datetime(2026, 3, 12, 20, tzinfo=UTC)


def test_the_beginning_of_a_capture_is_told_until_the_link_breaks() -> None:
    state = DeviceState(lambda _event: None, lambda: None)
    record = state.captures[Camera.TELE]
    record.begin(AT)
    state.take(CaptureState(Camera.TELE, State.RUNNING))
    assert record.progress().began is None, "the telescope did not confirm it yet"
    record.confirmed = True
    assert record.progress().began == AT
    state.link_lost()
    assert record.progress().began is None


@pytest.mark.parametrize("over", [State.IDLE, State.STOPPED])
def test_an_end_before_the_first_frame_is_doubted_where_it_was_told_and_nowhere_else(over: State) -> None:
    sure, told = (CaptureRecord(Camera.TELE, Phase.RUNNING, started_at=AT) for _ in range(2))
    sure.state(over)
    assert (sure.phase, sure.doubted) == (Phase.ENDED, False)
    told.told(over)
    told.told(over)
    assert (told.phase, told.doubted) == (Phase.RUNNING, True)
    told.reconcile(running=True)
    assert (told.phase, told.doubted) == (Phase.RUNNING, False)
    told.told(over)
    told.reconcile(running=False)
    assert (told.phase, told.unseen_end) == (Phase.ENDED, False)


@pytest.mark.parametrize("why", ["exposing", "stop_asked"])
def test_an_end_after_a_frame_or_a_stop_is_not_doubted(why: str) -> None:
    record = CaptureRecord(Camera.TELE, Phase.RUNNING, started_at=AT, **{why: True})  # type: ignore[arg-type]
    record.told(State.STOPPED)
    assert (record.phase, record.doubted) == (Phase.ENDED, False)
