"""A defect of one driver, listener or question ends nobody's night but, at most, one session of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from agent.mqtt.memory import MemoryPort
from agent.mqtt.port import Publication
from agent.telescope.dwarf.telescope import DwarfTelescope
from tests.safety.rig import Rig, long_session, on_the_wire
from tests.support.invariant import LATE_S, exposes
from tests.support.tables import every, sliced
from tests.support.virtual_loop import run_virtual

TWO = ("broken", "sound")
CALLS = (
    "open",
    "wait_connected",
    "take_control",
    "set_time",
    "go_live",
    "goto",
    "apply",
    "read",
    "start_capture",
    "follow_capture",
    "latest_picture",
    "release_control",
)
"""What an ordinary night asks of a driver; the stops are tried where something has to be stopped."""
VALUES = ("identity", "capabilities", "telemetry", "connection", "streams")


class Defective:
    """A driver with a defect: what `raises` names fails with a KeyError, once it is `broken`."""

    def __init__(self, telescope: DwarfTelescope, raises: str, *, broken: bool = True) -> None:
        self._telescope = telescope
        self._raises = raises
        self.broken = broken
        self.raised = 0

    def __getattr__(self, name: str) -> Any:
        if not (self.broken and name == self._raises):
            return getattr(self._telescope, name)
        if inspect.iscoroutinefunction(getattr(type(self._telescope), name, None)):
            return self._fail
        self.raised += 1
        raise KeyError("a defect of the driver")

    async def _fail(self, *_: Any, **__: Any) -> None:
        self.raised += 1
        await asyncio.sleep(0)
        raise KeyError("a defect of the driver")


def defect_in(
    raises: str, made: list[Defective], *, only: str = "", broken: bool = True
) -> Callable[..., Any]:
    """A wrapper of drivers that puts the defect into that telescope's, or any."""

    def wrap(telescope_id: str, telescope: DwarfTelescope) -> Any:
        if only and telescope_id != only:
            return telescope
        made.append(Defective(telescope, raises, broken=broken))
        return made[-1]

    return wrap


async def completes(rig: Rig, telescope: str, name: str) -> None:
    """Wait for the session's good end."""
    await rig.until(lambda: name in rig.results(telescope), 1800, every_s=1)
    assert rig.results(telescope)[name]["result"] == "completed"


@pytest.mark.parametrize("raises", every(8, [*CALLS, *VALUES]))
def test_one_telescopes_defect_never_ends_anothers_night(tmp_path: Path, raises: str) -> None:
    async def night() -> None:
        made: list[Defective] = []
        wrap = defect_in(raises, made, only="broken", broken=raises not in VALUES)
        async with on_the_wire(tmp_path, telescopes=TWO, wrap=wrap) as rig:
            for telescope in TWO:
                rig.drop("a.json", long_session(frames=6), telescope)
            await rig.begin()
            await rig.clock.sleep(40)
            made[0].broken = True
            rig.drop("b.json", long_session(frames=6), "sound")
            await completes(rig, "sound", "a")
            await completes(rig, "sound", "b")
            await rig.clock.sleep(600)
            assert made[0].raised
            assert rig.agent is not None
            assert not rig.agent.done()

    run_virtual(night())


@pytest.mark.parametrize(
    ("raises", "level"),
    every(5, list(product(("stop_capture", "halt", "stop_goto", "park"), ("warning", "alert")))),
)
def test_a_defect_in_stopping_never_ends_anothers_night_nor_goes_unsaid(
    tmp_path: Path, raises: str, level: str
) -> None:
    async def night() -> None:
        made: list[Defective] = []
        wrap = defect_in(raises, made, only="broken")
        parks = {"conditions": {"unsafe_action": "stop_and_park"}}
        async with on_the_wire(tmp_path, telescopes=TWO, wrap=wrap, **parks) as rig:
            for telescope in TWO:
                rig.drop("a.json", long_session(), telescope)
            await rig.begin()
            await rig.clock.sleep(120)
            rig.rain(level)
            await rig.until(lambda: not exposes(rig.sims["sound"]), 15)
            await rig.clock.sleep(300)
            assert rig.agent is not None
            assert not rig.agent.done()
            made[0].broken = False

    run_virtual(night())


@pytest.mark.parametrize("raises", ["latest_picture", "streams"])
def test_a_picture_that_cannot_be_fetched_costs_the_night_nothing(tmp_path: Path, raises: str) -> None:
    async def night() -> None:
        made: list[Defective] = []
        async with on_the_wire(tmp_path, wrap=defect_in(raises, made)) as rig:
            rig.drop("a.json", long_session(frames=20))
            await rig.begin()
            await completes(rig, "scope", "a")
            assert made[0].raised

    run_virtual(night())


@pytest.mark.parametrize(
    ("raises", "verb"),
    sliced(("connection", "identity", "telemetry"), ("health", "sessions/list", "plan")),
)
def test_a_question_that_meets_a_defect_is_answered_and_ends_nothing(
    tmp_path: Path, raises: str, verb: str
) -> None:
    async def night() -> None:
        made: list[Defective] = []
        async with on_the_wire(tmp_path, wrap=defect_in(raises, made, broken=False)) as rig:
            rig.drop("a.json", long_session(frames=20))
            await rig.begin()
            await rig.captures()
            made[0].broken = True
            rig.say(f"bridge/request/{verb}", {"request_id": "q"})
            await rig.clock.sleep(0.5)
            made[0].broken = False
            await rig.until(lambda: rig.broker.said(f"dwarf/bridge/response/{verb}"), 10)
            await completes(rig, "scope", "a")

    run_virtual(night())


@pytest.mark.parametrize("topic", every(2, ["queue", "progress", "telemetry", "event"]))
def test_a_listener_that_fails_costs_the_night_nothing(tmp_path: Path, topic: str) -> None:
    class Failing(MemoryPort):
        failed = 0

        def publish(self, publication: Publication) -> bool:
            if publication.topic == f"dwarf/scope/{topic}" and self.broker.last(publication.topic):
                Failing.failed += 1
                raise KeyError("a defect of the listener")
            return super().publish(publication)

    async def night() -> None:
        async with on_the_wire(tmp_path, port=Failing) as rig:
            rig.drop("a.json", long_session(frames=6))
            rig.drop("b.json", long_session(frames=6))
            await rig.begin()
            rig.rain()
            await rig.clock.sleep(30)
            rig.clear()
            await rig.until(lambda: rig.files("Done") == ["a.json", "b.json"], 1800, every_s=1)
            assert Failing.failed
            assert rig.agent is not None
            assert not rig.agent.done()

    run_virtual(night())


@pytest.mark.parametrize(
    "raises",
    every(3, ["take_control", "set_time", "goto", "apply", "read", "start_capture", "follow_capture"]),
)
def test_a_defect_in_the_driver_fails_that_session_with_a_result(tmp_path: Path, raises: str) -> None:
    async def night() -> None:
        made: list[Defective] = []
        async with on_the_wire(tmp_path, wrap=defect_in(raises, made)) as rig:
            rig.drop("a.json", long_session(frames=6))
            await rig.begin()
            await rig.until(lambda: "a" in rig.results(), 900, every_s=1)
            result = rig.results()["a"]
            assert result["result"] == "failed"
            assert result["error"] is not None
            assert rig.files("Error") == ["a.json"]
            assert made[0].raised
            assert not rig.exposes
            made[0].broken = False
            rig.drop("b.json", long_session(frames=6))
            await completes(rig, "scope", "b")

    run_virtual(night())


def test_a_defect_in_looking_again_is_told_until_the_telescope_is_seen_again(tmp_path: Path) -> None:
    async def night() -> None:
        made: list[Defective] = []
        wrap = defect_in("running_capture", made, broken=False)
        async with on_the_wire(tmp_path, wrap=wrap) as rig:
            await rig.begin()
            rig.rain()
            await rig.clock.sleep(30)
            assert rig.status["problem"] is None
            made[0].broken = True
            for _ in range(3):
                await rig.clock.sleep(60 + LATE_S)
                problem = rig.status["problem"]
                assert problem is not None
                assert (problem["code"], "still" in problem["message"]) == ("not_seen", True)
            assert made[0].raised > 1
            made[0].broken = False
            await rig.until(lambda: rig.status["problem"] is None, 60 + LATE_S)
            rig.clear()
            rig.drop("a.json", long_session(frames=6))
            await completes(rig, "scope", "a")

    run_virtual(night())
