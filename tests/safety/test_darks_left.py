"""Dark frames that an agent left behind are stopped before anything is pointed at or captured."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.simulator.history import DarksTaken, FrameTaken, ShutterOpened
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import GENERATIONS, long_session, on_the_wire
from tests.soak.mortal import run_mortal
from tests.support.tables import sliced

FRAMES = 20
RESULT_S = 3600.0


@pytest.mark.parametrize(
    ("generation", "when", "trouble"),
    sliced(GENERATIONS, ("before", "clouds"), ("a kill", "a lost link", "a lost link and a kill")),
)
def test_no_frame_is_taken_in_the_dark(tmp_path: Path, generation: str, when: str, trouble: str) -> None:
    """The simulator is strict: what is asked of it while it takes darks breaks a rule of the hardware."""

    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig, generation=generation) as rig:
            assert isinstance(rig, MortalRig)
            rig.sim.state.darks = False
            darks = {"do_action": True, "when": when, "count": 40}
            rig.drop("a.json", long_session(frames=FRAMES, dark_frames=darks))
            await rig.begin()
            if when == "clouds":
                await rig.captures(5)
                rig.rain()
            await rig.until(lambda: rig.asked(Cmd.TAKE_DARKS), 900)
            await rig.clock.sleep(20)
            if "link" in trouble:
                rig.sim.faults.add("drop-link:refuse_s=60")
                await rig.clock.sleep(3)
            if "kill" in trouble:
                await rig.kill()
                await rig.clock.sleep(30)
                rig.clear()
                await rig.begin()
            rig.clear()
            await rig.until(lambda: "a" in rig.results(), RESULT_S)
            result = rig.results()["a"]
            assert (result["result"], result["frames"]["taken"]) == ("completed", FRAMES)
            assert len(rig.sim.history.of(FrameTaken)) == FRAMES
            if when == "before":
                (taken,) = rig.sim.history.of(DarksTaken)
                assert taken.at < rig.sim.history.of(ShutterOpened)[0].at
                assert "without fitting darks" not in result["message"]

    run_mortal(night())


@pytest.mark.parametrize(
    ("generation", "by_hand"), [*((one, "goto") for one in GENERATIONS), (GENERATIONS[-1], "filter")]
)
def test_a_hand_on_the_telescope_stops_darks_that_a_dead_agent_left(
    tmp_path: Path, generation: str, by_hand: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig, generation=generation) as rig:
            assert isinstance(rig, MortalRig)
            rig.sim.state.darks = False
            rig.drop("a.json", long_session(dark_frames={"do_action": True, "when": "before", "count": 40}))
            await rig.begin()
            await rig.until(lambda: rig.asked(Cmd.TAKE_DARKS), 900)
            await rig.clock.sleep(20)
            await rig.kill()
            for folder in ("ToDo", "Current"):
                (rig.folder(folder) / "a.json").unlink(missing_ok=True)
            for copy in (rig.root / ".dwarf-agent" / "journal").glob("*"):
                copy.unlink()
            await rig.begin()
            rig.say("scope/set/armed", "true")
            await rig.clock.sleep(10)
            since = rig.clock.now()
            if by_hand == "filter":
                rig.say("scope/set/filter", "Duo-Band")
                await rig.until(lambda: rig.said("settings")[-1].body["filter"] == "Duo-Band", 60)
                assert rig.asked(Cmd.STOP_DARKS, since=since)
                return
            rig.command("goto", target="M 42", ra=5.59, dec=-5.39)
            await rig.until(lambda: rig.final("goto"), 300)
            final = rig.final("goto")
            assert final is not None
            assert final.body["status"] == "done", final.body
            both = (Cmd.STOP_DARKS, Cmd.GOTO_DEEP_SKY)
            asked = [one.cmd for one in rig.sim.received if one.at >= since and one.cmd in both]
            assert asked == [*both]

    run_mortal(night())
