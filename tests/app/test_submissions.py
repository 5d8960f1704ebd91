"""What is the same submission, and what becomes of one that comes again: now, later, after a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.cli.submit import submit as command
from agent.clock import LoopClock
from agent.errors import AgentError, Problem
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.memory import MemoryPort
from agent.requests import Acknowledgement, Code, Submission
from agent.session.problems import InvalidSessionError
from agent.station.intake import Intake
from agent.station.submissions import Submissions
from agent.store import disk
from agent.store.errors import StoreError
from agent.store.store import SessionStore
from tests.app.conftest import DUSK, Observatory, session
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
LATER = {"date": "2026-03-12", "time": "23:30:00"}


async def submit(place: Observatory, body: dict[str, Any]) -> dict[str, Any]:
    """Submit and return the answer."""
    before = len(place.said("session/response"))
    place.say("scope/session/submit", body)
    await place.until(lambda: len(place.said("session/response")) > before, every_s=0.1)
    answer: dict[str, Any] = place.said("session/response")[-1]
    return answer


@pytest.mark.parametrize(
    "named", [{"session_id": "m42"}, {"request_id": "r1"}], ids=["session_id", "request_id"]
)
def test_what_ended_and_is_sent_again_is_told_how_it_ended_and_how_to_run_it_again(
    observatory: Make, named: dict[str, str]
) -> None:
    async def night() -> tuple[Observatory, dict[str, Any]]:
        place = observatory()
        async with place.open():
            await submit(place, {**session(), **named})
            await place.sessions_ended(1)
            await place.clock.sleep(3600)
            answer = await submit(place, {**session(), **named})
            await place.clock.sleep(3600)
        return place, answer

    place, answer = run_virtual(night())
    assert (answer["status"], answer["code"], answer["duplicate"]) == ("error", "duplicate", True)
    ended = place.results[0]["ended_at"][:16].replace("T", " at ")
    assert f"ended as completed on {ended}" in answer["message"]
    (name,) = named
    assert answer["errors"][0]["path"] == f"/{name}"
    assert f"another {name}" in answer["errors"][0]["hint"]
    assert len(place.telescope.captures) == 1
    assert len(place.results) == 1


def test_what_ended_is_still_known_after_a_restart_and_under_another_telescope_id(observatory: Make) -> None:
    async def night() -> dict[str, Any]:
        place = observatory()
        async with place.open():
            await submit(place, {**session(), "session_id": "m42"})
            await place.sessions_ended(1)
        renamed = observatory(telescopes=[{"id": "balcony", "host": "192.0.2.1", "model": "D3"}])
        renamed.broker, renamed.clock, renamed.telescope = place.broker, place.clock, place.telescope
        renamed.telescope.online = True
        place.broker.forget()
        place.broker.publish("dwarf/scope/safety", "{}")  # what the fixture waits for, under the old id
        async with renamed.open():
            renamed.say("balcony/session/submit", {**session(), "session_id": "m42"})
            await renamed.until(lambda: bool(renamed.broker.all("dwarf/balcony/session/response")))
            (answer,) = renamed.broker.all("dwarf/balcony/session/response")
        return json.loads(answer.payload)

    assert run_virtual(night())["code"] == "duplicate"


def test_while_it_waits_or_runs_the_same_is_a_duplicate_that_is_well(observatory: Make) -> None:
    async def night() -> list[dict[str, Any]]:
        place = observatory()
        async with place.open():
            first = await submit(place, {**session(id_command=LATER), "session_id": "m42"})
            waits = await submit(place, {**session(id_command=LATER), "session_id": "m42"})
            place.say("scope/command", {"command": "run", "session_id": "m42"})
            await place.until(lambda: bool(place.telescope.captures))
            runs = await submit(place, {**session(id_command=LATER), "session_id": "m42"})
            await place.sessions_ended(1)
        assert len(place.telescope.captures) == 1
        return [first, waits, runs]

    first, waits, runs = run_virtual(night())
    assert [one["status"] for one in (first, waits, runs)] == ["accepted"] * 3
    assert (waits["code"], waits["position"]) == ("duplicate", 1)
    assert "waits" in waits["message"]
    assert "runs" in runs["message"]
    assert waits["warnings"] == []


def test_a_change_sent_under_the_id_of_a_session_that_waits_is_not_lost_in_silence(observatory: Make) -> None:
    async def night() -> dict[str, Any]:
        place = observatory()
        async with place.open():
            await submit(place, {**session(id_command=LATER), "session_id": "m42"})
            changed = {**session(id_command={**LATER, "priority": 9}), "session_id": "m42"}
            return await submit(place, changed)

    answer = run_virtual(night())
    assert answer["code"] == "duplicate"
    assert answer["warnings"][0]["code"] == "not_taken"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"request_id": "r1"}, {"request_id": "r2"}),
        ({"request_id": "r1"}, {}),
        ({}, {"request_id": "r1"}),
        ({}, {}),
    ],
)
def test_the_same_content_under_no_name_or_a_new_request_is_a_new_session(
    observatory: Make, first: dict[str, str], second: dict[str, str]
) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            one = await submit(place, {**session(), **first})
            await place.clock.sleep(60)
            two = await submit(place, {**session(), **second})
            assert (one["code"], two["code"]) == ("queued", "queued")
            assert one["session_id"] != two["session_id"]
            await place.sessions_ended(2)
        return place

    place = run_virtual(night())
    assert len({result["session_id"] for result in place.results}) == 2
    assert len(place.telescope.captures) == 2


def test_another_content_under_the_same_request_id_is_not_swallowed(observatory: Make) -> None:
    async def night() -> dict[str, Any]:
        place = observatory()
        async with place.open():
            await submit(place, {**session(), "request_id": "r1"})
            return await submit(place, {**session(id_command={"priority": 3}), "request_id": "r1"})

    assert run_virtual(night())["code"] == "queued"


@pytest.mark.parametrize("wait_s", [0.0, 5.0])
def test_a_message_that_the_broker_delivers_twice_runs_once(observatory: Make, wait_s: float) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            one = await submit(place, session(id_command=LATER))
            await place.clock.sleep(wait_s)
            two = await submit(place, session(id_command=LATER))
            assert (two["code"], two["session_id"]) == ("duplicate", one["session_id"])
        return place

    assert len(run_virtual(night()).files("ToDo")) == 1


def test_right_after_a_restart_what_waits_is_known_before_its_file_was_looked_at(
    observatory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sees_nothing_yet(_store: SessionStore, _limit: int | None = None) -> Any:
        raise StoreError("The disk is slow.")

    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            await submit(place, {**session(id_command=LATER), "request_id": "r1"})
        with monkeypatch.context() as patch:
            real = SessionStore.scan
            patch.setattr(SessionStore, "scan", sees_nothing_yet)
            patch.setattr(Intake, "looked", _at_once)
            async with place.open():
                answer = await submit(place, {**session(id_command=LATER), "request_id": "r1"})
                assert answer["code"] == "duplicate"
                patch.setattr(SessionStore, "scan", real)
                await place.clock.sleep(60)
        return place

    assert len(run_virtual(night()).files("ToDo")) == 1


async def by_hand(place: Observatory, body: dict[str, Any], *, wait: bool) -> int:
    """`dwarf-agent submit` against the running agent."""
    port = MemoryPort(place.broker)
    async with asyncio.timeout(12 * 3600):
        return await command(BrokerOptions("memory"), "dwarf", body, session_id="m42", wait=wait, port=port)


@pytest.mark.parametrize("wait", [False, True])
def test_the_command_never_passes_an_old_result_off_as_new(
    observatory: Make, capsys: pytest.CaptureFixture[str], wait: bool
) -> None:
    async def night() -> list[int]:
        place = observatory()
        async with place.open():
            first = await by_hand(place, session(), wait=True)
            assert "completed: M 42" in capsys.readouterr().out
            return [first, await by_hand(place, session(), wait=wait)]

    assert run_virtual(night()) == [0, 1]
    told = capsys.readouterr()
    assert told.out == ""
    assert "ended as completed on 2026-03-12" in told.err
    assert "another session_id" in told.err


def test_the_command_waits_for_the_result_of_a_session_that_waits_already(
    observatory: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older one of that name has left its result on the broker, and the agent says it again meanwhile."""

    async def night() -> tuple[int, int, bool]:
        place = observatory()
        async with place.open():
            assert await by_hand(place, session(), wait=True) == 0
            file = place.folder("Done") / "m42.json"
            again = json.loads(file.read_text())
            file.unlink()
            again["command"]["id_command"] |= {"process": "wait", **LATER}
            place.drop("m42.json", again)
            await place.until(lambda: bool(place.stations["scope"].dispatcher.queue))
            taken = await by_hand(place, session(id_command=LATER), wait=False)
            waiting = asyncio.create_task(by_hand(place, session(id_command=LATER), wait=True))
            await place.clock.sleep(60)
            place.broker.publish("homeassistant/status", "online")
            await place.clock.sleep(600)
            too_soon = waiting.done()
            return taken, await waiting, too_soon

    assert run_virtual(night()) == (0, 0, False)
    assert capsys.readouterr().out.count("completed: M 42") == 2


async def _at_once(_intake: Any) -> None:
    return None


def test_an_old_file_of_that_name_does_not_pass_for_a_submission_that_never_reached_the_disk(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            place.drop("m42.json", session())
            await place.sessions_ended(1)
            await place.clock.sleep(60)
            station = place.stations["scope"]
            station.ledger.record("id/m42", session_id="m42")  # and then the power went
            answer = await submit(place, {**session(), "session_id": "m42"})
            assert answer["code"] == "queued"
            await place.sessions_ended(2)
        return place

    assert len(run_virtual(night()).files("Done")) == 2


def test_a_file_of_that_name_that_waits_does_not_pass_for_the_submission(
    observatory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(Exception):
        pass

    def cut(*_: Any) -> Any:
        raise PowerCutError

    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session(id_command=LATER))
        async with place.open():
            with monkeypatch.context() as patch:
                patch.setattr(SessionStore, "add", cut)
                await submit(place, {**session(id_command=LATER), "session_id": "m42"})
            answer = await submit(place, {**session(id_command=LATER), "session_id": "m42"})
            assert (answer["code"], answer["session_id"]) == ("queued", "m42--2")
        return place

    assert len(run_virtual(night()).files("ToDo")) == 2


@pytest.mark.parametrize("refused_write", every(4, range(1, 6)))
def test_whichever_write_the_disk_refuses_the_answer_is_true(
    observatory: Make, monkeypatch: pytest.MonkeyPatch, refused_write: int
) -> None:
    """An error means that nothing will run, and accepted that it runs once; sent again, it is taken."""
    real, counted = disk._write_temporary, 0

    def sometimes_full(folder: Path, data: bytes, *more: Any) -> Any:
        nonlocal counted
        counted += 1
        if counted == refused_write:
            raise OSError(28, "No space left on device")
        return real(folder, data, *more)

    async def night() -> tuple[Observatory, dict[str, Any], dict[str, Any]]:
        place = observatory()
        async with place.open():
            with monkeypatch.context() as patch:
                patch.setattr(disk, "_write_temporary", sometimes_full)
                first = await submit(place, {**session(id_command=LATER), "request_id": "r1"})
            waiting = len(place.files("ToDo"))
            assert waiting == (1 if first["status"] == "accepted" else 0)
            await place.clock.sleep(60)
            second = await submit(place, {**session(id_command=LATER), "request_id": "r1"})
            assert len(place.files("ToDo")) == 1
            await place.sessions_ended(1)
            await place.clock.sleep(6 * 3600)
        return place, first, second

    place, first, second = run_virtual(night())
    assert second["code"] == ("duplicate" if first["status"] == "accepted" else "queued")
    assert len(place.results) == 1
    assert len(place.telescope.captures) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreError("The journal cannot be read."), "failed"),
        (InvalidSessionError((Problem("y", "It cannot run.", path="/x"),)), "invalid"),
    ],
)
def test_what_is_stored_and_then_cannot_be_queued_is_taken_back_before_it_is_refused(
    observatory: Make, monkeypatch: pytest.MonkeyPatch, error: AgentError, code: str
) -> None:
    def refuse(*_: Any) -> Any:
        raise error

    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            with monkeypatch.context() as patch:
                patch.setattr(Intake, "plan", refuse)
                first = await submit(place, {**session(), "session_id": "m42"})
            assert (first["status"], first["code"]) == ("error", code)
            assert place.files("ToDo") == []
            second = await submit(place, {**session(), "session_id": "m42"})
            assert second["code"] == "queued"
            await place.sessions_ended(1)
        return place

    assert len(run_virtual(night()).telescope.captures) == 1


def test_ids_that_are_written_alike_on_disk_are_still_two_sessions(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            one = await submit(place, {**session(), "session_id": "a/b"})
            await place.sessions_ended(1)
            await place.clock.sleep(timedelta(minutes=1).total_seconds())
            two = await submit(place, {**session(), "session_id": "a:b"})
            assert (one["code"], two["code"]) == ("queued", "queued")
            await place.sessions_ended(2)
        return place

    assert len(run_virtual(night()).telescope.captures) == 2


def test_what_expires_on_its_way_to_its_station_is_refused_there() -> None:
    async def story() -> None:
        clock = LoopClock(DUSK)
        station: Any = SimpleNamespace(id="scope", clock=clock)
        expires_at = clock.now() - timedelta(seconds=1)
        late = Submission(session(), request_id="r1", session_id="m42", expires_at=expires_at)
        message = "The submission came after its expires_at."
        assert await Submissions(station).submit(late) == Acknowledgement(
            accepted=False,
            code=Code.EXPIRED,
            message=message,
            telescope="scope",
            request_id="r1",
            session_id="m42",
            errors=(Problem("expired", message),),
        )

    run_virtual(story())
