"""Whatever a session, a journal or a state file says: the agent goes on, with every other session."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent.capabilities import Camera, Capabilities
from agent.store.ledger import Ledger
from agent.store.store import SessionStore
from agent.telescope.interface import Identity
from tests.app.conftest import Observatory, session
from tests.store.test_spoilt import json_values, spoilt_facts, times
from tests.support.chance import often
from tests.support.fake_telescope import CAMERA, CAPABILITIES, FakeCapture, FakeTelescope
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
AUTO = [{"id": "scope", "host": "192.0.2.1"}]
FEW = replace(CAPABILITIES, cameras={Camera.TELE: replace(CAMERA, exposures=CAMERA.exposures[:2])})
FIFTEEN = session()
TEN = session(setup_camera={"do_action": True, "exposure": "10", "gain": 80, "count": 12})


@dataclass
class OtherTelescope(FakeTelescope):
    """One that nobody knows before it says what it is, and whose tables lack an exposure."""

    known: bool = True

    @property
    def identity(self) -> Identity | None:
        return super().identity if self.known else None

    @property
    def capabilities(self) -> Capabilities:
        return FEW


def refused(place: Observatory, name: str) -> None:
    told = {result["session_id"]: result for result in place.results}
    assert (told[name]["result"], told[name]["reason"]) == ("failed", "invalid")
    assert "15" in told[name]["message"]
    assert [result["session_id"] for result in place.results].count(name) == 1
    assert f"{name}.json" in place.files("Error")


def test_a_model_that_becomes_known_between_scan_and_queue_refuses_one_session_only(
    observatory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = SessionStore.scan

    async def night() -> Observatory:
        place = observatory(telescopes=AUTO)
        telescope = OtherTelescope(place.clock, known=False)
        place.telescope = telescope

        def scan_then_know(store: SessionStore, limit: int | None = None) -> Any:
            changes = scan(store, limit)
            telescope.known = telescope.known or bool(changes.added)
            return changes

        monkeypatch.setattr(SessionStore, "scan", scan_then_know)
        async with place.open():
            place.drop("a.json", FIFTEEN)
            place.drop("b.json", TEN)
            await place.sessions_ended(2, hours=2)
        return place

    place = run_virtual(night())
    refused(place, "a")
    assert place.files("Done") == ["b.json"]


def test_a_session_that_the_remembered_model_could_run_and_the_real_one_cannot_is_refused(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory(telescopes=AUTO)
        place.drop("a.json", session(id_command={"time": "22:00:00"}))
        place.drop("b.json", {"command": {**TEN["command"], "id_command": {"time": "22:00:00"}}})
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 2)
        place.telescope = telescope = OtherTelescope(place.clock, known=False)
        telescope.cut()
        async with place.open():
            await place.clock.sleep(600)
            assert place.results == []
            telescope.known = True
            telescope.restore()
            await place.sessions_ended(2, hours=6)
        return place

    place = run_virtual(night())
    refused(place, "a")
    assert place.files("Done") == ["b.json"]


@pytest.mark.parametrize("known", [True, False])
def test_what_ran_and_cannot_run_on_the_telescope_of_the_next_start_is_ended_with_its_capture(
    observatory: Make, known: bool
) -> None:
    async def night() -> Observatory:
        place = observatory(telescopes=AUTO)
        place.drop("a.json", FIFTEEN)
        async with place.open():
            await place.until(lambda: any(capture.taken >= 3 for capture in place.telescope.captures))
        left = place.telescope.captures
        left[0].running = True  # as a killed agent leaves it
        left_running.append(left[0])
        place.telescope = telescope = OtherTelescope(place.clock, captures=left, known=known)
        place.drop("b.json", TEN)
        telescope.online = known
        async with place.open():
            await place.clock.sleep(60)
            telescope.known = True
            telescope.restore()
            await place.sessions_ended(2, hours=2)
        left_running[:] = [capture for capture in left_running if capture.running]
        return place

    left_running: list[FakeCapture] = []
    place = run_virtual(night())
    assert {one["session_id"]: one["frames"]["taken"] for one in place.results} == {"a": 3, "b": 12}
    assert [one["reason"] for one in place.results if one["session_id"] == "a"] == ["invalid"]
    assert "a.json" in place.files("Error")
    assert not left_running


@pytest.mark.parametrize("method", ["by_session", "settle"])
def test_a_ledger_nobody_can_read_ends_no_agent(
    observatory: Make, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        from agent.store.errors import StoreError

        raise StoreError("Cannot read the ledger of submissions: Input/output error.")

    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            monkeypatch.setattr(Ledger, method, broken)
            place.drop("torn.json", "{")
            place.drop("later.json", session(id_command={"time": "23:00:00"}))
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            (place.folder("ToDo") / "later.json").unlink()
            await place.until(lambda: "torn.json" in place.files("Error"))
            place.drop("a.json", session())
            await place.sessions_ended(1, hours=1)
        return place

    assert run_virtual(night()).files("Done") == ["a.json"]


made = st.fixed_dictionaries(
    {}, optional={"last": times | st.just("9999-12-31") | json_values, "start": times, "made": json_values}
)
states = st.fixed_dictionaries(
    {},
    optional={
        "repeats": st.dictionaries(st.sampled_from(["rep", "gone"]), made | json_values) | json_values,
        "model": json_values | st.just("D9"),
        "serial": json_values,
        "name": json_values,
        "night_over": json_values,
    },
)


async def life(root: Path, state: Any, journals: dict[str, Any], note: Any) -> Observatory:
    place = Observatory(root, telescopes=AUTO, poll_seconds=60)
    hidden = place.folder(".dwarf-agent")
    for folder in (hidden / "journal", hidden / "unreported"):
        folder.mkdir(parents=True)
    (hidden / "telescope.json").write_text(json.dumps(state))
    for name, facts in journals.items():
        (hidden / f"journal/{name}.json").write_text(json.dumps({"mark": "", "facts": facts}))
    (hidden / "unreported/odd.json").write_text(json.dumps(note))
    place.drop("rep.json", session(id_command={"time": "21:00:00"}, repeat={"do_action": True, "times": 2}))
    place.drop("todo.json", session())
    place.folder("Current").mkdir(parents=True)
    (place.folder("Current") / "ran.json").write_text(json.dumps(session(id_command={"process": "pending"})))
    (place.folder("Current") / "empty.json").write_bytes(b"")
    async with place.open():
        await place.clock.sleep(4 * 3600)
        place.drop("last.json", session())
        await place.until(lambda: "last" in {one["session_id"] for one in place.results}, hours=12)
    return place


@settings(max_examples=often(12, few=4), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    states | json_values,
    st.dictionaries(st.sampled_from(["todo", "ran", "empty"]), spoilt_facts),
    json_values,
)
@example({"repeats": {"rep": {"last": "tomorrow", "start": "2026-03-12T20:00:00", "made": "x"}}}, {}, None)
@example({"model": "D9", "repeats": {"rep": {"last": "9999-12-31", "made": -3}}}, {}, [])
@example({}, {"empty": {"started_at": "2026-03-12T17:00:00+00:00", "capture": {"camera": []}}}, {})
def test_no_spoilt_state_or_journal_ends_the_agent(state: Any, journals: dict[str, Any], note: Any) -> None:
    with tempfile.TemporaryDirectory() as root:
        place = run_virtual(life(Path(root), state, journals, note))
        ended = [one["session_id"] for one in place.results]
        assert {"todo", "ran", "last"} <= set(ended)
        assert len(ended) == len(set(ended))
        assert place.code == 0
        assert all(one["ended_at"] for one in place.results)
