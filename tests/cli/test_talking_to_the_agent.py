"""submit, status and the verbs, against the agent's own MQTT room in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main
from agent.cli.status import status
from agent.cli.submit import submit
from agent.cli.verbs import send
from agent.clock import LoopClock
from agent.errors import AgentError, Problem
from agent.events import (
    EventBus,
    Frames,
    Outcome,
    OwnScheduleChanged,
    SessionBrief,
    SessionEnded,
    SessionResult,
)
from agent.group_progress import GroupProgress, GroupsChanged, PartProgress
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.client import CallerError
from agent.mqtt.handlers import Accepted
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.service import About, MqttService
from agent.mqtt.topics import Topics
from agent.own_schedule import OwnSchedule, ScheduledTask, ScheduleState
from agent.requests import Acknowledgement, Code, Command, Reply, Submission, Verb
from tests.support.virtual_loop import run_virtual

NOW = datetime(2026, 1, 20, 20, tzinfo=UTC)
NOWHERE = BrokerOptions("not used: the port is in memory")
SESSION = {"command": {"id_command": {"description": "M 42"}}}


class Answers:
    """Takes sessions named anything but "bad", and every command but shutdown."""

    def __init__(self) -> None:
        self.submitted: list[Submission] = []
        self.commands: list[tuple[str, Command]] = []

    async def submit(self, submission: Submission) -> Acknowledgement:
        self.submitted.append(submission)
        if submission.session_id == "bad":
            problem = Problem("out_of_range", "gain is 999.", "Use 0 to 240.", path="/setup_camera/gain")
            return Acknowledgement(
                False,
                Code.INVALID,
                "The session is not valid.",
                "garden",
                submission.request_id,
                errors=(problem,),
            )
        return Acknowledgement(
            True, Code.QUEUED, "Queued.", "garden", submission.request_id, "m42", position=1
        )

    async def command(self, telescope: str, command: Command, accepted: Accepted) -> Reply:
        self.commands.append((telescope, command))
        if command.verb is Verb.SHUTDOWN:
            return Reply(
                False, Code.NOT_ARMED, "The controls are not armed.", command.request_id, "Arm them first."
            )
        accepted("On it.")
        return Reply(True, Code.DONE, "Done.", command.request_id)

    async def set_value(self, telescope: str, key: str, value: object) -> Reply:
        raise AssertionError("nothing here sets a value")

    async def bridge_request(self, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        raise AssertionError("nothing here asks the bridge")

    def safety_input(self, source: str, payload: bytes, retained: bool, received_at: datetime) -> None:
        raise AssertionError("nothing here reports the weather")


class Agent:
    """A running agent with these telescopes, in memory."""

    def __init__(self, *telescopes: str) -> None:
        self.broker = MemoryBroker()
        self.answers = Answers()
        self.topics = Topics.below("dwarf")
        self.bus = EventBus()
        self.service = MqttService(
            MemoryPort(self.broker, will=self.topics.will()),
            self.topics,
            self.bus,
            self.answers,
            About("0.1.0", [{"id": telescope} for telescope in telescopes]),
            clock=LoopClock(NOW),
            zone=UTC,
        )

    async def __aenter__(self) -> Agent:
        self.service.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.service.stop()

    def port(self) -> MemoryPort:
        return MemoryPort(self.broker)

    def ended(self, outcome: Outcome, request_id: str, session_id: str = "m42") -> None:
        brief = SessionBrief(session_id, "M 42", request_id=request_id)
        frames = Frames(20, 20 if outcome is Outcome.COMPLETED else 7, 7)
        self.end(SessionResult("garden", brief, outcome, NOW, frames=frames))

    def end(self, result: SessionResult) -> None:
        self.bus.publish(SessionEnded(telescope="garden", at=NOW, result=result))


def test_a_session_that_is_taken_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk() -> int:
        async with Agent("garden") as agent:
            code = await submit(NOWHERE, "dwarf", SESSION, port=agent.port())
            assert agent.answers.submitted[0].telescope == "garden"
            return code

    assert run_virtual(talk()) == 0
    assert capsys.readouterr().out == "accepted: Queued.\n"


def test_a_session_that_is_refused_says_why_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk() -> int:
        async with Agent("garden") as agent:
            return await submit(
                NOWHERE, "dwarf", SESSION, port=agent.port(), telescope="garden", session_id="bad"
            )

    assert run_virtual(talk()) == 1
    told = capsys.readouterr().err
    assert "refused (invalid): The session is not valid." in told
    assert "error /setup_camera/gain: gain is 999. Use 0 to 240." in told


def test_what_stands_beside_the_session_is_sent_too(capsys: pytest.CaptureFixture[str]) -> None:
    beside = {"session_id": "mine", "telescope": "garden", "expires_at": "2026-01-19T20:00:00+00:00"}

    async def talk() -> tuple[int, list[Submission]]:
        async with Agent("garden", "roof") as agent:
            late = await submit(NOWHERE, "dwarf", SESSION | beside, port=agent.port())
            await submit(NOWHERE, "dwarf", SESSION | beside | {"expires_at": None}, port=agent.port())
            return late, agent.answers.submitted

    late, taken = run_virtual(talk())
    assert late == 1, "it expired yesterday"
    assert "expired" in capsys.readouterr().err
    assert [(one.session_id, one.telescope) for one in taken] == [("mine", "garden")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"command": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper"),
        (b'{"command": {"setup_camera": {"count": 5, "count": 6}}}', "stands twice"),
        (b'{"command": {"setup_camera": {"count": NaN}}}', "NaN is not a number"),
        (b"[]", "not a JSON object"),
    ],
    ids=["deep", "twice", "nan", "list"],
)
def test_a_file_that_the_folder_refuses_is_not_sent(
    tmp_path: Path, content: bytes, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m31.json"
    file.write_bytes(content)
    assert main(["submit", str(file), "--mqtt-host", "127.0.0.1", "--mqtt-port", "1"]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    "said", ["[" * 100_000 + "]" * 100_000, "[1]", '"x"', "7"], ids=["deep", "list", "text", "number"]
)
def test_what_others_say_on_our_topics_breaks_no_command(
    said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def talk() -> None:
        async with Agent("garden") as agent:
            agent.broker.publish("dwarf/garden/availability", "online", retain=True)
            for topic in ("status", "progress", "queue", "telemetry", "result", "night_over", "group/wall"):
                agent.broker.publish(f"dwarf/garden/{topic}", said, retain=True)
            for body in ({"percent": "x", "frames": [1]}, {"problem": "x"}, {"result": 5, "frames": "x"}):
                for topic in ("status", "progress", "result"):
                    agent.broker.publish(f"dwarf/foreign/{topic}", json.dumps(body), retain=True)
                await status(NOWHERE, "dwarf", port=agent.port())
            assert await send(NOWHERE, "dwarf", Verb.ABORT, {}, port=agent.port()) == 0

    async def nobody_is_there() -> int:
        broker = MemoryBroker()
        broker.publish("dwarf/bridge/info", said, retain=True)
        return await status(NOWHERE, "dwarf", port=MemoryPort(broker))

    run_virtual(talk())
    told = capsys.readouterr().out
    assert "telescope  offline" in told
    assert told.splitlines()[-1] == "done: Done."
    assert run_virtual(nobody_is_there()) == 1


@pytest.mark.parametrize(
    ("outcome", "code"), [(Outcome.COMPLETED, 0), (Outcome.PARTIAL, 1), (Outcome.FAILED, 1)]
)
def test_waiting_ends_with_the_sessions_own_result(
    outcome: Outcome, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async def talk() -> int:
        async with Agent("garden") as agent, asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(submit(NOWHERE, "dwarf", SESSION, port=agent.port(), wait=True))
            await asyncio.sleep(1)
            agent.ended(Outcome.SKIPPED, "somebody-else", "m31")
            await asyncio.sleep(3600)
            assert not waiting.done()
            agent.ended(outcome, agent.answers.submitted[0].request_id)
        return waiting.result()

    assert run_virtual(talk()) == code
    assert f"{outcome}: M 42" in capsys.readouterr().out


def test_without_an_agent_the_submission_is_not_answered() -> None:
    async def talk() -> None:
        await submit(NOWHERE, "dwarf", SESSION, port=MemoryPort(MemoryBroker()))

    with pytest.raises(CallerError, match="No agent answers"):
        run_virtual(talk())


def test_without_a_broker_that_is_said() -> None:
    async def talk() -> None:
        await status(NOWHERE, "dwarf", port=MemoryPort(MemoryBroker(), reachable=False))

    with pytest.raises(CallerError, match="broker cannot be reached"):
        run_virtual(talk())


def test_a_verb_finds_the_only_telescope_and_waits_until_it_is_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def talk() -> int:
        async with Agent("garden") as agent:
            agent.broker.publish("dwarf/garden/availability", "online", retain=True)
            code = await send(NOWHERE, "dwarf", Verb.ABORT, {"reason": "clouds"}, port=agent.port())
            ((telescope, command),) = agent.answers.commands
            assert (telescope, command.verb, command.reason) == ("garden", Verb.ABORT, "clouds")
            return code

    assert run_virtual(talk()) == 0
    assert capsys.readouterr().out.splitlines() == ["accepted: On it.", "done: Done."]


def test_a_verb_that_is_refused_says_why_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk() -> int:
        async with Agent("garden") as agent:
            return await send(NOWHERE, "dwarf", Verb.SHUTDOWN, {}, telescope="garden", port=agent.port())

    assert run_virtual(talk()) == 1
    assert capsys.readouterr().err == "error: The controls are not armed. Arm them first.\n"


def test_a_verb_for_one_of_several_telescopes_must_name_it() -> None:
    async def talk() -> None:
        async with Agent("balcony", "garden") as agent:
            for name in ("balcony", "garden"):
                agent.broker.publish(f"dwarf/{name}/availability", "online", retain=True)
            await send(NOWHERE, "dwarf", Verb.ABORT, {}, port=agent.port())

    with pytest.raises(AgentError, match="--telescope with one of: balcony, garden"):
        run_virtual(talk())


def test_status_shows_each_telescope_and_its_last_result(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk() -> tuple[int, int]:
        async with Agent("garden") as agent:
            agent.ended(Outcome.COMPLETED, "r1")
            first = await status(NOWHERE, "dwarf", port=agent.port())
            texts.append(capsys.readouterr().out)
            return first, await status(NOWHERE, "dwarf", as_json=True, port=agent.port())

    texts: list[str] = []
    assert run_virtual(talk()) == (0, 0)
    text, raw = texts[0], capsys.readouterr().out
    assert "agent 0.1.0: online" in text
    assert "completed: M 42, 20 of 20 frames" in text
    found = json.loads(raw)
    assert found["online"] is True
    assert found["telescopes"]["garden"]["result"]["session_id"] == "m42"


def test_status_tells_why_the_last_session_took_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk() -> None:
        async with Agent("garden") as agent:
            brief = SessionBrief("m42", "M 42")
            agent.end(SessionResult("garden", brief, Outcome.SKIPPED, NOW, message="A person removed it."))
            await status(NOWHERE, "dwarf", port=agent.port())

    run_virtual(talk())
    assert "last       skipped: M 42, A person removed it.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ScheduleState.WAITING, "the telescope's own: M 31 at 2026-11-22 22:00"),
        (ScheduleState.IMAGING, "the telescope's own: imaging M 31, until 2026-11-22 23:00"),
        (ScheduleState.OVER, ""),
    ],
)
def test_status_shows_what_the_telescope_keeps_to_do_by_itself(
    capsys: pytest.CaptureFixture[str], state: ScheduleState, said: str
) -> None:
    begins = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
    ends = begins + timedelta(hours=1)
    task = ScheduledTask(id="t", target="M 31", begins=begins, ends=ends)
    kept = OwnSchedule(id="s", name="app", begins=begins, ends=ends, state=state, tasks=(task,))

    async def talk() -> int:
        async with Agent("garden") as agent:
            agent.bus.publish(OwnScheduleChanged(telescope="garden", at=begins, schedules=(kept,)))
            return await status(NOWHERE, "dwarf", port=agent.port())

    assert run_virtual(talk()) == 0
    text = capsys.readouterr().out
    assert said in text
    assert ("telescope's own" in text) == bool(said)


def test_status_shows_how_far_a_goal_is(capsys: pytest.CaptureFixture[str]) -> None:
    part = PartProgress("M 31", "tele", "Astro", 240, 3600.0, 2, 15.0, None, 7200.0, ("m31",))
    group = GroupProgress("M 31", "m_31", (part,), 2)

    async def talk() -> int:
        async with Agent("garden") as agent:
            agent.bus.publish(
                GroupsChanged(telescope="garden", at=datetime(2026, 11, 22, tzinfo=UTC), groups=(group,))
            )
            return await status(NOWHERE, "dwarf", port=agent.port())

    assert run_virtual(talk()) == 0
    assert "goal       M 31: 1.0 of 2.0 h in 2 nights, 50 %" in capsys.readouterr().out


def test_status_of_an_agent_that_is_gone_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk() -> int:
        async with Agent("garden") as agent:
            pass
        return await status(NOWHERE, "dwarf", port=agent.port())

    assert run_virtual(talk()) == 1
    assert "offline" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["status"], ["abort"], ["submit", "x.json"]])
def test_commands_that_need_a_broker_say_how_to_name_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.json").write_text(json.dumps(SESSION))
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    assert "DWARF_MQTT_HOST" in capsys.readouterr().err
