"""What is kept of a capture: when it began is told only while nobody else can have begun it."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.capabilities import Camera
from agent.telescope.dwarf.state import DeviceState
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
