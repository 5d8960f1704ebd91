"""The picture people see: every last stack, under the name the telescope gives it, before the next first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agent.telescope.simulator import SimulatedDwarf
from agent.telescope.simulator.history import ShutterClosed
from tests.app.conftest import Observatory, session
from tests.app.test_archive_on_the_wire import SHORT, Archive


def test_the_last_stack_of_a_session_is_shown_before_the_next_ones_first(
    observatory: Callable[..., Observatory],
) -> None:
    place = observatory()
    for number, target in enumerate(("M 42", "M 31", "NGC 2244")):
        goto = {"do_action": True, "target": target}
        place.drop(f"{number}.json", session(setup_camera={**SHORT, "exposure": "1"}, goto_manual=goto))

    async def work(sim: SimulatedDwarf) -> list[datetime]:
        await place.sessions_ended(3)
        await place.clock.sleep(60)
        return [one.at for one in sim.history.of(ShutterClosed)]

    closed = Archive(place, what="stacked").night(work)
    shown = place.said("image_info")
    order = [(one["session_id"], one["target"]) for one in shown]
    ran = [(one["session_id"], one["target"]) for one in place.results]
    assert list(dict.fromkeys(order)) == ran
    assert order == sorted(order, key=ran.index)
    for (session_id, _), ended in zip(ran, closed, strict=True):
        last = [one for one in shown if one["session_id"] == session_id][-1]
        assert abs((datetime.fromisoformat(last["taken_at"]) - ended).total_seconds()) <= 2
