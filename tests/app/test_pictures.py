"""The picture people see: every last stack, under the name the telescope gives it, before the next first."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.telescope.dwarf.telescope import DwarfTelescope
from agent.telescope.interface import Picture
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


def test_a_picture_that_comes_late_is_that_of_its_own_session(
    observatory: Callable[..., Observatory], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = observatory()
    wide = {"do_action": True, "exposure": "1", "gain": 60, "count": 60}
    place.drop("a.json", session(setup_camera={**SHORT, "exposure": "1"}, setup_wide_camera=wide))
    goto = {"do_action": True, "target": "M 31"}
    place.drop("b.json", session(setup_camera={**SHORT, "exposure": "1", "count": 60}, goto_manual=goto))
    real = DwarfTelescope.latest_picture

    async def late(telescope: DwarfTelescope, *asked: Any) -> Any:
        if "a" in {one["session_id"] for one in place.results}:
            await place.until(lambda: bool(place.said("progress")[-1]["frames"]["stacked"]))
            await place.clock.sleep(20)
        return await real(telescope, *asked)

    async def work(_sim: SimulatedDwarf) -> None:
        await place.sessions_ended(2)
        await place.clock.sleep(60)

    monkeypatch.setattr(DwarfTelescope, "latest_picture", late)
    Archive(place, what="stacked").night(work)
    folders = {one["session_id"]: one["files"] for one in place.results}
    for session_id in ("a", "b"):
        last = [one for one in place.said("image_info") if one["session_id"] == session_id][-1]
        assert last["source"].rpartition("/")[0] in folders[session_id]
        assert "_TELE_" in last["source"]
    kept = (place.root / "Astro_Sessions" / ".dwarf-agent" / "nights").glob("*.jpg")
    assert len({path.read_bytes() for path in kept}) == 2


def test_no_more_than_one_picture_is_in_memory_at_a_time(
    observatory: Callable[..., Observatory], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = observatory(media_dir=str(tmp_path / "media"))  # page, report and copy all want the last one
    for name in "ab":
        place.drop(f"{name}.json", session(setup_camera={**SHORT, "exposure": "1"}))
    alive: weakref.WeakSet[Held] = weakref.WeakSet()
    most = 0

    async def asked(telescope: DwarfTelescope, *args: Any) -> Picture | None:
        nonlocal most
        await place.clock.sleep(3)
        assert not [one for one in alive if one.jpeg], "of an earlier one"
        found = await real(telescope, *args)
        if found is None:
            return None
        held = Held(found.jpeg, found.path, found.taken_at, found.target)
        alive.add(held)
        most += 1
        await place.clock.sleep(3)
        return held

    async def work(_sim: SimulatedDwarf) -> None:
        await place.sessions_ended(2)
        await place.clock.sleep(120)

    real = DwarfTelescope.latest_picture
    monkeypatch.setattr(DwarfTelescope, "latest_picture", asked)
    Archive(place, what="stacked").night(work)
    assert most >= 6
    assert len(list((tmp_path / "media").rglob("*.jpg"))) == 2
    assert {one["session_id"] for one in place.said("image_info")} == {"a", "b"}
    kept = (place.root / "Astro_Sessions" / ".dwarf-agent" / "nights").glob("*.jpg")
    assert len(list(kept)) == 2


class Held(Picture):
    """A picture of which it is seen whether it is still there."""

    __slots__ = ("__weakref__",)
