"""The watcher beside the simulators can fail: at a broken agent, and at words that do not explain."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.clock import LoopClock
from agent.mqtt.memory import MemoryBroker
from agent.telescope.dwarf.telescope import DwarfTelescope
from agent.telescope.interface import CaptureEnd, CaptureProgress, CaptureReport, Listener, TelescopeEvent
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions, capture
from agent.telescope.simulator.profiles import TELE
from tests.safety.rig import long_session, on_the_wire
from tests.support.invariant import at_rest_or_told
from tests.support.virtual_loop import run_virtual

START = datetime(2026, 1, 15, 18, 0, tzinfo=UTC)
IDLE = {"state": "idle", "running": False, "session_id": None, "reason": None, "problem": None}
IMAGING = {**IDLE, "state": "imaging", "running": True, "session_id": "a"}
PROBLEM = {"code": "unreachable", "message": "It still captures.", "hint": ""}
SAFE = {"safe": True, "state": "safe", "policy": "wait", "reasons": []}
UNSAFE = {"safe": False, "state": "unsafe", "policy": "wait", "reasons": ["roof: rain"]}


def _watched(seconds: float, *said: tuple[float, str, dict[str, Any]]) -> Coroutine[Any, Any, None]:
    """A telescope out of reach that captures all the time, and what is published at which second."""

    async def night() -> None:
        clock, broker = LoopClock(START), MemoryBroker()
        async with SimulatedDwarf(SimulatorOptions(), clock) as sim, at_rest_or_told(sim, broker, clock):
            sim.state.cameras[TELE].count = 9999
            capture.begin(sim.device, TELE)
            for at, topic, body in said:
                await clock.sleep(at - clock.monotonic())
                broker.publish(f"dwarf/scope/{topic}", json.dumps(body), retain=True)
            await clock.sleep(seconds - clock.monotonic())

    return night()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([(0, "status", IDLE)], "nothing runs"),
        (
            # the problem was there before, and says nothing of this
            [(0, "status", {**IMAGING, "problem": PROBLEM}), (10, "status", {**IDLE, "problem": PROBLEM})],
            "nothing runs",
        ),
        ([(0, "status", IMAGING), (5, "safety", SAFE), (20, "safety", UNSAFE)], "roof: rain"),
        ([(0, "status", {**IMAGING, "state": "paused"})], "paused"),
        ([(0, "status", IMAGING), (20, "status", IDLE)], "nothing runs"),
    ],
)
def test_a_capture_that_must_not_be_is_seen(said: list[tuple[float, str, dict[str, Any]]], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        run_virtual(_watched(100, *said))


@pytest.mark.parametrize(
    "said",
    [
        [(0, "status", IMAGING), (1, "safety", SAFE)],
        [(0, "status", IDLE), (40, "status", {**IDLE, "problem": PROBLEM})],
        [(0, "status", IMAGING), (20, "status", {**IDLE, "problem": PROBLEM})],
        [(0, "status", IDLE), (40, "status", IMAGING)],
        [(0, "status", IMAGING), (20, "safety", {**UNSAFE, "policy": "ignore"})],
        [(0, "status", {**IDLE, "state": "waiting", "session_id": "a", "reason": "lost_connection"})],
    ],
)
def test_a_capture_that_may_be_or_is_explained_is_let_be(said: list[tuple[float, str, Any]]) -> None:
    run_virtual(_watched(100, *said))


class _Careless:
    """A telescope's driver that says it stopped, and did not; nothing it tells shows that it captures."""

    def __init__(self, telescope: DwarfTelescope) -> None:
        self._telescope = telescope

    def __getattr__(self, name: str) -> Any:
        return getattr(self._telescope, name)

    async def halt(self) -> None:
        return

    def listen(self, listener: Listener) -> Callable[[], None]:
        def hear(event: TelescopeEvent) -> None:
            if not isinstance(event, CaptureProgress):
                listener(event)

        return self._telescope.listen(hear)

    async def running_capture(self, _camera: Any) -> None:
        return

    async def stop_capture(self, camera: Any) -> CaptureReport:
        return CaptureReport(camera, 4, 4, CaptureEnd.STOPPED)


@pytest.mark.parametrize("order", ["rain", "abort", "pause"])
def test_an_agent_that_only_believes_it_stopped_is_found_out(tmp_path: Path, order: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, wrap=lambda _id, telescope: _Careless(telescope)) as rig:
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures()
            if order == "rain":
                rig.rain()
            else:
                rig.command(order)
            await rig.clock.sleep(30)
            assert rig.exposes

    with pytest.raises(AssertionError, match=r"exposes at 18:01:\d\d although"):
        run_virtual(night())


def test_a_telescope_that_can_be_reached_has_ten_seconds(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures()
            rig.broker.publish("dwarf/scope/status", json.dumps(IDLE), retain=True)
            await rig.clock.sleep(15)
            rig.broker.publish("dwarf/scope/status", json.dumps(IMAGING), retain=True)

    with pytest.raises(AssertionError, match="in reach: True"):
        run_virtual(night())
