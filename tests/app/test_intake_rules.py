"""What is made of which session from one life of the agent to the next, whatever was lost between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.capabilities import Capabilities
from agent.events import EventBus
from agent.schedule.waiting import Waiting
from agent.station.ground import Ground
from agent.station.hands import Hands
from agent.station.intake import Intake
from agent.station.neighbours import Neighbours
from agent.station.parents import Parents
from agent.station.status import StationStatus
from agent.targets import SkyTarget
from agent.telescope.dwarf.models import newer_capabilities, older_capabilities
from tests.app.conftest import NEVER_SETS, session
from tests.app.hands_stand import Memory
from tests.app.test_goals_over_nights import with_goal
from tests.app.test_records_rules import Desk
from tests.store.support import PARIS
from tests.support.fake_telescope import FakeTelescope
from tests.support.virtual_loop import run_virtual

NEWER, OLDER = newer_capabilities("D3"), older_capabilities("D3")
MOSAIC = {
    "do_action": True,
    "exposure": "15",
    "gain": 80,
    "IRCut": "Astro",
    "doMosaic": True,
    "framingX": 180,
    "framingY": 180,
    "mosaic_count": 3,
}


class Queue:
    """What waits for its turn, in the order in which it came."""

    def __init__(self) -> None:
        self.running = None
        self.waiting: dict[str, Waiting] = {}

    @property
    def queue(self) -> tuple[Waiting, ...]:
        return tuple(self.waiting.values())

    def find(self, session_id: str) -> Waiting | None:
        return self.waiting.get(session_id)

    def put(self, waiting: Waiting) -> None:
        self.waiting[waiting.session_id] = waiting

    def drop(self, session_id: str) -> Waiting | None:
        return self.waiting.pop(session_id, None)


class Life(Desk):
    """One life of what takes sessions in, over the folders of the life before; `kept` is its state file."""

    def __init__(self, root: Path, capabilities: Capabilities, **kept: Any) -> None:
        super().__init__(root)
        self.kept = Memory(**kept)
        self.queue: Any = Queue()
        telescope, bus, state = FakeTelescope(self.clock), EventBus(), self.kept
        ground = Ground(*("balcony", telescope, self.clock, PARIS, None), bus, state)  # type: ignore[arg-type]
        hands = Hands(ground, telescope, StationStatus("balcony", self.clock, self.told.append))
        self.neighbours = Neighbours(
            *("balcony", self.store, self.collected, self.ledger),
            lambda: capabilities.model,
            lambda: self.queue,
        )
        around = (self.store, self.records, self.neighbours, lambda: capabilities, found)
        self.parents = Parents(ground, hands, *around)
        self.intake = Intake(
            *("balcony", self.store, self.records, self.parents, self.neighbours),
            clock=self.clock,
            site=None,
            zone=PARIS,
            capabilities=lambda: capabilities,
            archives=False,
            resolve=found,
            publish=self.told.append,
            poll_s=10,
            on_problem=self.problems.append,
            on_orphan=lambda session_id: pytest.fail(f"{session_id} is nobody's"),
        )
        self.intake.dispatcher = self.queue


def found(name: str) -> SkyTarget:
    return SkyTarget(name, NEVER_SETS["ra_coord"], NEVER_SETS["dec_coord"])


@pytest.mark.parametrize("began", [True, False])
def test_a_mosaic_that_the_telescope_began_by_itself_is_its_own_although_its_firmware_was_set_back(
    tmp_path: Path, began: bool
) -> None:
    async def story() -> None:
        first = Life(tmp_path, NEWER)
        first.runs("m81", session(goto_manual=NEVER_SETS, setup_camera=MOSAIC))
        if began:
            first.store.journal("m81").save({"started_at": first.clock.now().isoformat()})
        first.store.close()
        second = Life(tmp_path, OLDER)
        await second.intake.recover()
        assert second.parents.mosaics.holds("m81") is not began
        assert [one.session_id for one in second.queue.queue if one.resume] == (["m81"] if began else [])
        second.store.close()

    run_virtual(story())


def test_the_child_of_a_goal_that_waits_keeps_its_number_although_the_state_file_was_lost(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        first = Life(tmp_path, NEWER, goals={"m81": {"made": 1, "over": "2026-11-21"}})
        first.waits("m81", with_goal({"frames": 250}))
        assert await made(first) == ["m81--night-2"]
        assert first.kept.get("goals") == {"m81": {"made": 2}}
        first.store.close()
        second = Life(tmp_path, NEWER)
        second.store.scan(200)
        assert await made(second) == []
        assert second.kept.get("goals") == {"m81": {"made": 2}}
        assert await second.parents.drop("m81") == ("m81--night-2",), "it is known whose it is"
        assert not second.store.waits("m81--night-2")
        second.store.close()

    async def made(life: Life) -> list[str]:
        parent = life.store.get("m81")
        assert parent is not None
        await life.parents.take(parent, life.parents.maker_of(parent, began=False))
        return [child.session_id for child in (await life.parents.make())[0]]

    run_virtual(story())
