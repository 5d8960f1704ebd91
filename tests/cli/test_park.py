"""`dwarf-agent park --direct`: the way out when no agent lives, on the wire of a simulated telescope."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.cli.park import park_directly
from agent.errors import AgentError
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator.history import ShutterClosed
from tests.safety.rig import BEGINS, GENERATIONS, Rig, long_session, on_the_wire
from tests.support.virtual_loop import run_virtual


def other_machine(rig: Rig) -> DwarfTelescope:
    return DwarfTelescope(DwarfAddress("127.0.0.1", rig.sim.port, rig.sim.http_port), clock=rig.clock)


async def die_while_capturing(rig: Rig) -> None:
    """Have the agent die in the middle of a capture, without a last word."""
    rig.drop("a.json", long_session())
    await rig.begin()
    await rig.captures()
    assert rig.agent is not None
    rig.agent.cancel()
    await asyncio.wait({rig.agent})
    rig.agent = None


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_telescope_whose_agent_died_in_the_rain_is_stopped_and_parked(
    tmp_path: Path, generation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def night() -> int:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            await die_while_capturing(rig)
            dead_at = rig.clock.now()
            assert await park_directly(other_machine(rig), rig.clock, 600) == 0
            assert rig.parked(since=dead_at)
            assert rig.sim.history.of(ShutterClosed)[-1].at > dead_at
            return len(rig.asked(*BEGINS, since=dead_at))

    assert run_virtual(night()) == 0
    assert "The telescope is parked." in capsys.readouterr().out


def test_a_telescope_that_is_away_is_tried_again_and_given_up_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.sim.faults.add("drop-link:after_s=0,refuse_s=3000")
            await rig.clock.sleep(1)
            before = rig.clock.monotonic()
            with pytest.raises(AgentError, match="not parked within 5 min"):
                await park_directly(other_machine(rig), rig.clock, 300)
            assert 280 <= rig.clock.monotonic() - before <= 340

    run_virtual(night())
    assert capsys.readouterr().err.count("not yet") == 1, "the same word is said once"


def test_beside_an_agent_that_lives_it_is_said_who_is_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures()
            with pytest.raises(AgentError, match="stop the agent"):
                await park_directly(other_machine(rig), rig.clock, 60)

    run_virtual(night())
    assert "not yet: Another client holds the telescope" in capsys.readouterr().err


def test_without_an_address_that_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "none.yaml").write_text("mqtt_host: broker.local\n", encoding="utf-8")
    assert main(["park", "--direct", "--config", str(tmp_path / "none.yaml")]) == 2
    assert "Give --telescope-host." in capsys.readouterr().err
