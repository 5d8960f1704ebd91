from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.errors import AgentError, Problem
from agent.events import Frames, Outcome, Reason, SessionBrief, SessionResult, Source, StepReport, Waited
from agent.session.document import read_session
from agent.session.writing import Process, to_bytes, with_fields, with_outcome, with_process

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 3, 12, 21, 0, tzinfo=UTC)
END = datetime(2026, 3, 12, 22, 30, 5, tzinfo=UTC)
BRIEF = SessionBrief("m42", "M 42", START, 5, Source.MQTT, "tonight-1")


def result(outcome: Outcome, **values: Any) -> SessionResult:
    return SessionResult("balcony", BRIEF, outcome, END, START, **values)


def ended(outcome: Outcome, **values: Any) -> dict[str, Any]:
    raw = {"command": {"id_command": {"process": "pending"}}}
    return json.loads(with_outcome(raw, result(outcome, **values), PARIS))["command"]


def test_a_completed_session_gets_the_fields_people_know() -> None:
    written = ended(Outcome.COMPLETED, attempts=1, device="D3")
    assert written["id_command"] == {
        "process": "ended",
        "result": True,
        "message": "Action completed successfully.",
        "nb_try": 1,
        "starting_date": "2026-03-12 22:00:00",
        "processed_date": "2026-03-12 23:30:05",
        "dwarf": "D3",
    }


@pytest.mark.parametrize("outcome", [Outcome.PARTIAL, Outcome.ABORTED, Outcome.FAILED, Outcome.SKIPPED])
def test_only_a_completed_session_has_the_result_true(outcome: Outcome) -> None:
    assert ended(outcome)["id_command"]["result"] is False


def test_the_message_says_what_went_wrong_and_what_to_do() -> None:
    failure = Problem("calibration", "Calibration failed.", "Wait for a darker sky.")
    assert (
        ended(Outcome.FAILED, error=failure)["id_command"]["message"]
        == "Calibration failed. Wait for a darker sky."
    )
    assert ended(Outcome.ABORTED, message="Stopped by Ana.")["id_command"]["message"] == "Stopped by Ana."


def test_result_details_hold_what_was_truly_taken() -> None:
    details = ended(
        Outcome.PARTIAL,
        reason=Reason.WEATHER,
        frames=Frames(100, 42, 40),
        integration_s=630.0,
        waits=(Waited(Reason.WEATHER, 61.26),),
        steps=(StepReport("goto_manual", START, END, "done", 2, "found after a second try"),),
        settings={"gain": 60},
        files=("/DWARF/x.fits",),
        firmware="1.5",
        attempts=2,
    )["result_details"]
    assert details["outcome"] == "partial"
    assert details["reason"] == "weather"
    assert details["frames"] == {"requested": 100, "taken": 42, "stacked": 40, "rejected": 2}
    assert details["started_at"] == "2026-03-12T22:00:00+01:00"
    assert details["waits"] == [{"reason": "weather", "seconds": 61.3}]
    assert details["steps"][0]["attempts"] == 2
    assert details["files"] == ["/DWARF/x.fits"]
    assert (details["request_id"], details["source"]) == ("tonight-1", "mqtt")


def test_conditions_and_target_are_recorded_when_known() -> None:
    raw = {"id_command": {}}
    text = with_outcome(
        raw, result(Outcome.COMPLETED), PARIS, conditions={"altitude": 41.5}, target={"name": "M 42"}
    )
    details = json.loads(text)["result_details"]
    assert details["conditions"] == {"altitude": 41.5}
    assert details["target"] == {"name": "M 42"}


def test_a_session_that_starts_gets_its_starting_date() -> None:
    raw = {"command": {"id_command": {"uuid": "1", "process": "wait", "message": {}}}}
    written = json.loads(with_process(raw, Process.PENDING, START, PARIS, attempt=1))["command"]["id_command"]
    assert written == {
        "uuid": "1",
        "process": "pending",
        "message": {},
        "nb_try": 1,
        "starting_date": "2026-03-12 22:00:00",
        "processed_date": "2026-03-12 22:00:00",
    }


def test_a_session_that_waits_again_keeps_its_starting_date() -> None:
    raw = {"id_command": {"process": "pending", "starting_date": "2026-03-12 22:00:00"}}
    written = json.loads(with_process(raw, Process.WAIT, END, PARIS, message="Put back."))["id_command"]
    assert written["process"] == "wait"
    assert written["message"] == "Put back."
    assert written["starting_date"] == "2026-03-12 22:00:00"
    assert read_session({"id_command": written}).ok


def test_fields_are_replaced_where_they_stand_and_added_last() -> None:
    raw = {"command": {"id_command": {"date": "2026-01-01", "uuid": "1"}, "x": 1}}
    assert with_fields(raw, {"date": "2026-02-02", "request_id": "a"}) == (
        b'{\n    "command": {\n        "id_command": {\n            "date": "2026-02-02",\n'
        b'            "uuid": "1",\n            "request_id": "a"\n        },\n        "x": 1\n    }\n}\n'
    )


def test_writing_leaves_its_input_alone() -> None:
    raw = {"command": {"id_command": {"process": "wait"}}}
    with_outcome(raw, result(Outcome.COMPLETED), PARIS)
    with_process(raw, Process.PENDING, START, PARIS)
    assert raw == {"command": {"id_command": {"process": "wait"}}}


def test_text_is_written_as_people_wrote_it() -> None:
    assert "Nébuleuse d'Orion ☆".encode() in to_bytes({"id_command": {"description": "Nébuleuse d'Orion ☆"}})


@pytest.mark.parametrize("raw", [{"command": 5}, {"id_command": []}, {"command": {"id_command": "x"}}])
def test_what_is_no_session_cannot_be_written_into(raw: dict[str, Any]) -> None:
    with pytest.raises(AgentError, match="id_command"):
        with_fields(raw, {"process": "ended"})
