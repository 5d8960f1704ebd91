"""A station whose small state file is lost stops all the same what its sessions' journals say is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import Rig, long_session, on_the_wire, seconds
from tests.soak.mortal import run_mortal
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

AWAY_S = 600.0
RETURN_S = 130.0  # a telescope that is back is found within about a minute
SOON_S = 1.0
CLOSING_S = 5.0


def _taken_out(rig: Rig) -> None:
    (rig.folder("ToDo") / "a.json").unlink()


def _spoiled(rig: Rig) -> None:
    (rig.folder("ToDo") / "a.json").write_text("{}", encoding="utf-8")


ENDS: dict[str, Callable[[Rig], object]] = {
    "removed": lambda rig: rig.command("remove", session_id="a"),
    "taken out": _taken_out,
    "spoiled": _spoiled,
}


async def left_open(rig: Rig) -> datetime:
    """An agent ends while its telescope is away and captures, and its state is lost; return when."""
    rig.drop("a.json", long_session())
    await rig.begin()
    await rig.captures()
    lost = await rig.loses_the_link(AWAY_S)
    await rig.end()
    (rig.root / ".dwarf-agent" / "telescope.json").unlink()
    return lost


async def stopped_when_back(rig: Rig, lost: datetime) -> None:
    await rig.until(lambda: rig.connected(lost), AWAY_S + RETURN_S)
    up = rig.connected(lost)
    assert up is not None
    await rig.clock.sleep(SOON_S + CLOSING_S)
    assert rig.stops(up), f"nothing was stopped; status {rig.status}"
    assert seconds(rig.stops(up)[0], up) <= SOON_S
    assert rig.closed(up)


@pytest.mark.parametrize(("how", "restarts"), sliced(list(ENDS), [0, 1]))
def test_a_capture_that_only_a_journal_knows_is_stopped_when_its_session_is_gone(
    tmp_path: Path, how: str, restarts: int
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            lost = await left_open(rig)
            await rig.begin()
            await rig.clock.sleep(35)
            ENDS[how](rig)
            await rig.clock.sleep(70)  # two looks into the folder
            for _ in range(restarts):
                await rig.end()
                await rig.begin()
            await rig.clock.sleep(5)
            assert rig.exposes
            assert rig.status["problem"] is not None
            rig.drop("b.json", long_session(frames=4))
            await stopped_when_back(rig, lost)
            await rig.until(lambda: "b" in rig.results(), 1800)
            assert rig.results()["b"]["result"] == "completed"

    run_virtual(night())


def test_a_capture_that_nothing_readable_knows_is_stopped_when_its_session_is_lost(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures()
            await rig.kill()
            away = rig.sim.faults.add("refuse-connection")
            (rig.root / ".dwarf-agent" / "telescope.json").unlink()
            journals = list((rig.root / ".dwarf-agent" / "journal").iterdir())
            for spoiled in (rig.folder("Current") / "a.json", *journals):
                spoiled.write_bytes(bytes(100))
            await rig.begin()
            await rig.until(lambda: "a" in rig.results(), 60)
            await rig.clock.sleep(AWAY_S)
            assert rig.exposes
            rig.sim.faults.remove(away)
            await stopped_when_back(rig, rig.clock.now())

    run_mortal(night())
