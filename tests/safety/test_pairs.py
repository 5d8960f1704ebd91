"""Every order meets every trouble: the capture ends as soon as it can, nothing begins, no frame is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from agent.telescope.simulator.history import FrameTaken
from tests.safety.mortal_rig import MortalRig, full_disk
from tests.safety.rig import STOP_LIMIT_S, long_session, on_the_wire
from tests.soak.mortal import run_mortal
from tests.support.tables import marked

FRAMES = 60
RESULT_S = 2400.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong at the order's instant, and how many seconds later the capture must have ended."""

    within_s: float
    fault: str = ""
    kill: bool = False
    disk: bool = False


TROUBLES = {
    "none": Trouble(6),
    "a lost link": Trouble(65, "drop-link:refuse_s=25"),
    "a link long away": Trouble(700, "drop-link:refuse_s=600"),
    "a half-open link": Trouble(65, "half-open"),
    "two lost stops": Trouble(28, "deaf:command=11006,times=2"),
    "two unheard answers": Trouble(28, "no-answer:command=11006,times=2"),
    "slow answers": Trouble(30, "slow-answers:seconds=8,times=3"),
    "another client": Trouble(130, "take-control:for_s=60"),
    "a kill": Trouble(60, kill=True),
    "a kill while the link is away": Trouble(130, "drop-link:refuse_s=60", kill=True),
    "a kill and a lost stop": Trouble(60, "deaf:command=11006,times=1", kill=True),
    "a full disk": Trouble(10, disk=True),
    "a full disk and a lost stop": Trouble(28, "deaf:command=11006,times=2", disk=True),
    "a full disk and a lost link": Trouble(65, "drop-link:refuse_s=25", disk=True),
    "a full disk and a kill": Trouble(60, kill=True, disk=True),
}
ENDS = ("abort", "end_night", "downpour")
PAUSES = ("pause", "rain")
ALL = [
    (trouble, order)
    for trouble in TROUBLES
    for order in (*ENDS, *PAUSES, "SIGTERM")
    if not (TROUBLES[trouble].kill and order == "pause")  # a pause need not outlive the agent
]


def _slice() -> set[tuple[str, str]]:
    """Each trouble with one order, each order in turn."""
    orders = (*ENDS, *PAUSES, "SIGTERM")
    pairs = [(trouble, orders[(row + row // 6) % 6]) for row, trouble in enumerate(TROUBLES)]
    return {pair if pair in ALL else (pair[0], "SIGTERM") for pair in pairs}


@pytest.mark.parametrize(("trouble", "order"), marked(ALL, _slice()))
def test_an_order_is_carried_out_through_any_trouble(tmp_path: Path, trouble: str, order: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session(frames=FRAMES))
            await rig.begin()
            await rig.captures(6)
            if order == "SIGTERM":
                await _stopped(rig, TROUBLES[trouble])
            else:
                await _ordered(rig, TROUBLES[trouble], order)
            result = rig.results()["a"]
            assert result["frames"]["taken"] == len(rig.sim.history.of(FrameTaken))
            assert rig.files("ToDo") == rig.files("Current") == []
            assert not rig.exposes

    run_mortal(night())


async def _ordered(rig: MortalRig, trouble: Trouble, order: str) -> None:
    """Give the order in trouble, and hold what comes of it against what is promised."""
    told = rig.clock.now()
    forgotten = trouble.kill and trouble.disk  # the agent died before it could write down what was ordered
    with full_disk() if trouble.disk else contextlib.nullcontext():
        if trouble.fault:
            rig.sim.faults.add(trouble.fault)
        _give(rig, order)
        if trouble.kill:
            await _killed_and_begun_again(rig, order, remembers=not trouble.disk)
        await rig.until(lambda: not rig.exposes, trouble.within_s)
        assert rig.begun(told) == [] or forgotten
        await rig.clock.sleep(60)
    assert rig.begun(told) == [] or forgotten
    if order in PAUSES:
        await rig.clock.sleep(300)
        assert rig.begun(told) == []
        _take_back(rig, order)
        await _completes(rig)
        return
    await rig.until(lambda: "a" in rig.results(), 3 * 3600 if forgotten else RESULT_S, every_s=1)
    assert rig.results()["a"]["result"] in ("aborted", "partial") or forgotten
    if order != "downpour" and not trouble.kill:  # an agent that was killed answers no more
        await rig.until(lambda: rig.final(order), 60)
        final = rig.final(order)
        assert final is not None
        assert final.body["status"] == "done"
    await rig.clock.sleep(600)
    assert rig.begun(told) == [] or forgotten


def _give(rig: MortalRig, order: str) -> None:
    given: dict[str, Callable[[], datetime]] = {
        "rain": rig.rain,
        "downpour": lambda: rig.rain("alert"),
    }
    given.get(order, lambda: rig.command(order))()


def _take_back(rig: MortalRig, order: str) -> None:
    if order == "rain":
        rig.clear()
    else:
        rig.command("resume")


async def _killed_and_begun_again(rig: MortalRig, order: str, *, remembers: bool) -> None:
    await rig.clock.sleep(0.2)
    await rig.kill()
    await rig.clock.sleep(15)
    taken = remembers and bool(rig.answers(order))
    await rig.begin()
    if order not in ("rain", "downpour") and not taken:
        rig.command(order)  # nobody said that it was taken, or it could not be written down


async def _stopped(rig: MortalRig, trouble: Trouble) -> None:
    """Stop the agent in trouble, begin it again when that is over, and let the session go on."""
    told, began = rig.clock.now(), rig.clock.monotonic()
    with full_disk() if trouble.disk else contextlib.nullcontext():
        if trouble.fault:
            rig.sim.faults.add(trouble.fault)
        if trouble.kill:
            rig.stop.set()
            await rig.clock.sleep(0.2)
            await rig.kill()
        else:
            assert await rig.end() <= STOP_LIMIT_S
            told_of = rig.status["problem"] is not None
            assert not rig.exposes or told_of, rig.status
        assert rig.begun(told) == []
    rest_s = trouble.within_s - (rig.clock.monotonic() - began)
    await rig.clock.sleep(max(30.0, rest_s))
    rig.sim.faults.clear()
    await rig.begin()
    await _completes(rig)


async def _completes(rig: MortalRig) -> None:
    await rig.until(lambda: "a" in rig.results(), RESULT_S, every_s=1)
    result = rig.results()["a"]
    assert result["result"] == "completed", result["message"]
    assert result["frames"]["taken"] == FRAMES
