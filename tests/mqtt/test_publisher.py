"""What is said over MQTT about what happens."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent.afterwards import (
    DownloadChanged,
    DownloadState,
    NightReported,
    PolarAlignmentMeasured,
    SessionArchived,
    SkyChanged,
    TotalsChanged,
)
from agent.app.darkness import darkness
from agent.errors import Problem
from agent.events import (
    AvailabilityChanged,
    EnclosureChanged,
    Event,
    Frames,
    Lid,
    NightOver,
    Outcome,
    QueueChanged,
    Reason,
    SafetyChanged,
    SafetyDecision,
    SafetyLevel,
    SafetySourceState,
    SafetyState,
    Saved,
    SessionBrief,
    SessionEnded,
    SessionProgress,
    SessionQueued,
    SessionRejected,
    SessionResult,
    SessionStarted,
    SessionWaiting,
    Status,
    StatusChanged,
    StepReport,
    StepStarted,
    Telemetry,
    TelemetryChanged,
    Waited,
)
from agent.group_progress import GoalReached, GroupProgress, GroupsChanged, PartProgress
from agent.mqtt.payloads import MAX_BODY, encode
from agent.mqtt.publisher import EVENT_EXPIRY_S, PROGRESS_EXPIRY_S, TELEMETRY_EVERY_S
from agent.mqtt.schemas import TOPICS, as_text, schemas, topic_table
from agent.mqtt.suggested import suggested
from agent.mqtt.topics import Topics
from agent.mqtt.vocabulary import EventType, State
from agent.requests import Code, Verb
from agent.targets import Site
from tests.mqtt.support import NOW, TELESCOPE, House, at_house, settle

DOCS = Path(__file__).parents[2] / "docs"
SESSION = SessionBrief("2026-11-22 M 31", "M 31", scheduled_for=NOW, priority=2, request_id="r1")
FRAMES = Frames(requested=100, taken=60, stacked=55)
RESULT = SessionResult(
    telescope=TELESCOPE,
    session=SESSION,
    outcome=Outcome.PARTIAL,
    ended_at=NOW + timedelta(hours=1),
    started_at=NOW,
    frames=FRAMES,
    integration_s=900.04,
    error=Problem("storage_full", "The storage is full.", "Delete old pictures."),
    reason=Reason.STORAGE,
    message="60 of 100 frames.",
    attempts=1,
    waits=(Waited(Reason.WEATHER, 61.23),),
    steps=(StepReport("goto", NOW, NOW, "done"),),
    settings={"exposure": "15", "gain": 60},
    files=("a.fits",),
    device="D3",
    firmware="1.4",
)


def _at(**more: Any) -> dict[str, Any]:
    return {"telescope": TELESCOPE, "at": NOW, **more}


def _progress(percent: float, *, index: int = 3, session: SessionBrief = SESSION) -> SessionProgress:
    return SessionProgress(
        **_at(),
        session=session,
        percent=percent,
        frames=FRAMES,
        integration_s=900.0,
        remaining_s=600.4,
        estimated_end=NOW,
        step="capture",
        index=index,
        count=5,
    )


def _decision(state: SafetyState) -> SafetyChanged:
    source = SafetySourceState(state is SafetyState.SAFE, SafetyLevel.CLEAR, 12.3, "dry")
    level = SafetyLevel.CLEAR if state is SafetyState.SAFE else SafetyLevel.ALERT
    return SafetyChanged(
        **_at(), decision=SafetyDecision(state, level, ("rain",), {"rain": source}, NOW, "wait", None)
    )


GROUP = GroupProgress(
    "M 31",
    "m_31",
    (
        PartProgress("M 31", "tele", "Astro", 240, 3600.0, 2, 15.0, None, 7200.0, ("m31",)),
        PartProgress("M 31", "tele", "", 10, 150.0, 1, 15.0, 40, None, ("m31-plain",)),
    ),
    2,
)

EVERY_EVENT: tuple[Event, ...] = (
    GoalReached(**_at(), session=SESSION),
    PolarAlignmentMeasured(
        **_at(), azimuth=0.12345, altitude=-0.5, turn="clockwise", lift="lower", message="Turn the mount."
    ),
    AvailabilityChanged(**_at(), online=True),
    AvailabilityChanged(**_at(), online=False, message="It does not answer."),
    StatusChanged(**_at(), status=Status.IMAGING, session=SESSION, step="capture", message="x" * 300),
    StatusChanged(**_at(), status=Status.PAUSED, session=SESSION, reason=Reason.WEATHER, message="rain"),
    NightOver(**_at(), message="All is done."),
    EnclosureChanged(**_at(), lid=Lid.BETWEEN, wanted_open=True, mains=False, message="It is stuck."),
    StatusChanged(
        **_at(),
        status=Status.ERROR,
        reason=Reason.TELESCOPE,
        problem=Problem("stuck", "It is stuck.", "Free it."),
    ),
    QueueChanged(**_at(), sessions=(SESSION,), next_at=NOW),
    GroupsChanged(**_at(), groups=(GROUP,)),
    SessionQueued(**_at(), session=SESSION, position=1),
    SessionRejected(**_at(), session=SESSION, failure=Problem("invalid", "No such exposure.")),
    SessionWaiting(**_at(), session=SESSION, reason=Reason.WEATHER, message="Rain.", until=NOW),
    SessionStarted(**_at(), session=SESSION),
    StepStarted(**_at(), session=SESSION, step="goto", index=1, count=5, why="until it tracks"),
    _progress(12.3456),
    TelemetryChanged(**_at(), telemetry=Telemetry(battery=12, storage_free_gb=1.23, temperature=11.06)),
    TelemetryChanged(**_at(), telemetry=Telemetry()),
    DownloadChanged(
        **_at(),
        state=DownloadState.FETCHING,
        session_id="m31",
        target="M 31",
        files=9,
        files_done=2,
        size=1000,
        size_done=1500,
        rate=12.7,
        message="x" * 300,
    ),
    DownloadChanged(**_at(), state=DownloadState.WAITING, reason=Reason.HELD_BY_OTHER),
    SessionArchived(
        **_at(),
        session_id="m31",
        target="M 31",
        complete=True,
        night=NOW.date(),
        files=9,
        size=10**12,
        folder="/share/dwarf/M 31/x",
        message="9 files are in the archive.",
    ),
    SkyChanged(
        **_at(), session=SESSION, degraded=True, kept=0.251, usual=1.0, sudden=True, message="x" * 300
    ),
    SkyChanged(**_at(), session=SESSION, degraded=False, kept=1, usual=1, sudden=False, message="Good."),
    TotalsChanged(**_at(), light_s=3600.5, sessions=3, completed=2, nights=1),
    NightReported(
        **_at(),
        night=NOW.date(),
        title="Night of 22 November: 1 of 1 session completed",
        message="x" * 300,
        sessions=1,
        completed=1,
        taken=3,
        stacked=3,
        integration_s=30.06,
        path="/x/report_night_2026-11-22.html",
        picture=b"\xff\xd8\xff",
        picture_target="M 31",
    ),
    _decision(SafetyState.UNKNOWN),
    _decision(SafetyState.UNSAFE),
    _decision(SafetyState.SAFE),
    SessionEnded(**_at(), result=RESULT),
    SessionEnded(**_at(), result=replace(RESULT, saved=(Saved("album", 3, 2, 10**10), Saved("note", 3, 3)))),
    SessionEnded(**_at(), result=replace(RESULT, outcome=Outcome.SKIPPED, started_at=None, error=None)),
)


def test_every_body_that_is_published_follows_its_schema() -> None:
    found = schemas()
    wanted = {row.topic: row.schema for row in TOPICS if row.schema and row.direction == "out"}
    seen: set[str] = set()

    async def test(house: House) -> None:
        for event in EVERY_EVENT:
            house.bus.publish(event)
            await asyncio.sleep(11)
        dark = darkness(Site(48.85, 2.35, 35.0, "Europe/Paris"), NOW)
        house.service.publisher.state(TELESCOPE, State.DARKNESS, dark)
        house.service.publisher.bridge_event("config_error", "A key is unknown.", key="x")
        nothing = suggested(house.service.payloads, None, "Nobody said where it stands.", NOW)
        house.service.publisher.state(TELESCOPE, State.SUGGESTIONS, nothing)
        await house.ask(f"{TELESCOPE}/session/submit", "{}")
        await house.ask(f"{TELESCOPE}/session/submit", "[]")
        await house.ask(f"{TELESCOPE}/command", "abort")
        await house.ask(f"{TELESCOPE}/command", "fly")
        await house.ask("bridge/request/health", "{}")
        await settle()
        for publication in house.broker.published:
            name = publication.topic.removeprefix("dwarf/").replace(TELESCOPE, "<id>")
            name = name.replace("result/2026-11-22 M 31", "result/<session_id>")
            name = name.replace("group/m_31", "group/<group>")
            name = name.replace("response/health", "response/<verb>")
            schema = wanted.get(name)
            if schema:
                body = json.loads(publication.payload)
                jsonschema.validate(body, found[schema], format_checker=jsonschema.FormatChecker())
                known = found[schema]["properties"]
                assert set(body) <= set(known), (name, set(body) - set(known))
                seen.add(name)

    at_house(test)
    assert seen == set(wanted) - {"session/response"}


def test_the_schemas_and_the_table_in_the_documents_are_current() -> None:
    for name, schema in schemas().items():
        assert (DOCS / "schemas" / f"{name}.json").read_text() == as_text(schema), (
            f"run: python -m agent.mqtt.schemas ({name})"
        )
    assert {path.stem for path in (DOCS / "schemas").glob("*.json")} >= set(schemas())
    assert topic_table() in (DOCS / "mqtt.md").read_text()


def test_every_code_event_and_command_is_explained() -> None:
    text = (DOCS / "mqtt.md").read_text()
    for word in (*Code, *EventType, *Verb, *Status, *Reason, *Outcome):
        assert f"`{word.value}`" in text, word


def test_every_topic_that_comes_in_stands_in_the_table() -> None:
    rows = {row.topic for row in TOPICS if row.direction == "in"}
    topics = Topics()
    for row in rows:
        filled = row.replace("<id>", "d3").replace("<", "").replace(">", "")
        assert topics.address(f"dwarf/{filled}") is not None, row


def test_a_session_ends_in_exactly_one_result() -> None:
    async def test(house: House) -> None:
        house.bus.publish(SessionStarted(**_at(), session=SESSION))
        house.bus.publish(_progress(50))
        house.bus.publish(SessionEnded(**_at(), result=RESULT))
        once = house.bodies(f"{TELESCOPE}/result/2026-11-22 M 31")
        assert len(once) == 1
        assert once[0] == house.body(f"{TELESCOPE}/result")
        assert once[0]["result"] == "partial"
        assert once[0]["request_id"] == "r1"
        assert once[0]["frames"] == {"requested": 100, "taken": 60, "stacked": 55, "rejected": 5}
        assert once[0]["ended_at"] == "2026-11-22T22:00:00+01:00"
        assert once[0]["agent_version"] == "1.2.3"
        assert f"dwarf/{TELESCOPE}/result" in house.broker.retained
        assert f"dwarf/{TELESCOPE}/result/2026-11-22 M 31" not in house.broker.retained
        assert house.events() == ["session_started", "session_completed"]

    at_house(test)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome.COMPLETED, "session_completed"),
        (Outcome.PARTIAL, "session_completed"),
        (Outcome.ABORTED, "session_aborted"),
        (Outcome.FAILED, "session_failed"),
        (Outcome.SKIPPED, "session_skipped"),
    ],
)
def test_each_outcome_has_its_event(outcome: Outcome, kind: str) -> None:
    async def test(house: House) -> None:
        house.bus.publish(SessionEnded(**_at(), result=replace(RESULT, outcome=outcome)))
        assert house.events() == [kind]

    at_house(test)


def test_progress_is_said_first_last_and_in_between_only_when_it_moved() -> None:
    async def test(house: House) -> None:
        said = f"{TELESCOPE}/progress"
        house.bus.publish(SessionStarted(**_at(), session=SESSION))
        for tenth in range(31):
            house.bus.publish(_progress(10 + tenth / 10))
        assert [body["percent"] for body in house.bodies(said)[1:]] == [10.0, 11.0, 12.0, 13.0]
        await asyncio.sleep(10)
        house.bus.publish(_progress(13.1))
        house.bus.publish(_progress(13.2, index=4))
        house.bus.publish(_progress(13.3, index=4))
        assert [body["percent"] for body in house.bodies(said)[5:]] == [13.1, 13.2]
        house.bus.publish(SessionEnded(**_at(), result=RESULT))
        last = house.body(said)
        assert (last["percent"], last["remaining_s"], last["estimated_end"]) == (13.3, 0, None)
        expiries = [found.expiry_s for found in house.broker.all(f"dwarf/{said}")]
        assert expiries == [None, *[PROGRESS_EXPIRY_S] * 6, None]
        assert {found.qos for found in house.broker.all(f"dwarf/{said}")} == {0}

    at_house(test)


def test_an_estimated_end_is_told_to_the_minute_and_only_when_it_moved_by_minutes() -> None:
    async def test(house: House) -> None:
        house.bus.publish(SessionStarted(**_at(), session=SESSION))
        for second in range(0, 400, 20):
            moved = NOW + timedelta(seconds=second)
            house.bus.publish(replace(_progress(10 + second), estimated_end=moved))
        told = [body["estimated_end"] for body in house.bodies(f"{TELESCOPE}/progress")[1:]]
        assert sorted(set(told)) == [f"2026-11-22T21:0{minute}:00+01:00" for minute in (0, 2, 4, 6)]

    at_house(test)


def test_imaging_a_pause_and_a_problem_are_told_once_each() -> None:
    async def test(house: House) -> None:
        stuck = Problem("stuck", "It is stuck.", "Free it.")
        imaging = StatusChanged(**_at(), status=Status.IMAGING, session=SESSION)
        house.bus.publish(imaging)
        house.bus.publish(replace(imaging, message="frames"))
        paused = StatusChanged(**_at(), status=Status.PAUSED, session=SESSION, reason=Reason.WEATHER)
        house.bus.publish(replace(paused, message="rain"))
        house.bus.publish(replace(paused, message="rain", problem=stuck))
        house.bus.publish(replace(paused, message="hail", problem=stuck))
        house.bus.publish(replace(imaging, problem=None))
        house.bus.publish(NightOver(**_at(), reason=Reason.WEATHER, message="rain"))
        assert house.events() == ["imaging", "paused", "problem", "imaging", "night_over"]
        (told,) = [body for body in house.bodies(f"{TELESCOPE}/event") if body["event_type"] == "paused"]
        assert (told["reason"], told["message"], told["target"]) == ("weather", "rain", "M 31")

    at_house(test)


def test_status_is_said_on_change_and_since_is_when_the_state_began() -> None:
    async def test(house: House) -> None:
        later = NOW + timedelta(minutes=5)
        imaging = StatusChanged(**_at(), status=Status.IMAGING, session=SESSION, step="capture")
        house.bus.publish(imaging)
        house.bus.publish(imaging)
        house.bus.publish(replace(imaging, at=later, step="dark frames"))
        bodies = house.bodies(f"{TELESCOPE}/status")
        assert [body["state"] for body in bodies] == ["offline", "imaging", "imaging"]
        assert {body["since"] for body in bodies[1:]} == {"2026-11-22T21:00:00+01:00"}
        assert bodies[-1]["running"] is True
        assert bodies[-1]["target"] == "M 31"

    at_house(test)


def test_unchanged_telemetry_is_said_again_only_before_it_would_expire() -> None:
    async def test(house: House) -> None:
        said = f"{TELESCOPE}/telemetry"
        house.bus.publish(AvailabilityChanged(**_at(), online=True))
        for _ in range(3):
            house.bus.publish(TelemetryChanged(**_at(), telemetry=Telemetry(battery=80)))
        assert len(house.bodies(said)) == 2  # unknown at start, then known
        await asyncio.sleep(2 * TELEMETRY_EVERY_S + 1)
        assert len(house.bodies(said)) == 4
        house.bus.publish(AvailabilityChanged(**_at(), online=False))
        await asyncio.sleep(2 * TELEMETRY_EVERY_S + 1)
        assert len(house.bodies(said)) == 4

    at_house(test)


def test_low_battery_and_storage_are_told_once_until_they_recover() -> None:
    async def test(house: House) -> None:
        for battery in (30, 19, 18, 21, 19, 40, 10):
            house.bus.publish(TelemetryChanged(**_at(), telemetry=Telemetry(battery=battery)))
        for free in (10.0, 1.9, 2.1, 1.9, 8.0, 0.5):
            house.bus.publish(TelemetryChanged(**_at(), telemetry=Telemetry(storage_free_gb=free)))
        assert house.events() == ["low_battery"] * 2 + ["storage_low"] * 2

    at_house(test)


def test_losing_and_finding_the_telescope_are_events_but_not_at_the_start() -> None:
    async def test(house: House) -> None:
        for online in (False, True, True, False):
            house.bus.publish(AvailabilityChanged(**_at(), online=online))
        assert house.events() == ["connection_restored", "connection_lost"]
        assert house.broker.last(f"dwarf/{TELESCOPE}/availability") == b"offline"

    at_house(test)


def test_the_weather_is_an_event_when_it_turns() -> None:
    async def test(house: House) -> None:
        safe, unsafe, unknown = (
            _decision(state) for state in (SafetyState.SAFE, SafetyState.UNSAFE, SafetyState.UNKNOWN)
        )
        for event in (unknown, safe, safe, unsafe, unknown, safe, unknown):
            house.bus.publish(event)
        assert house.events() == ["weather_safe", "weather_unsafe", "weather_safe", "weather_unsafe"]
        assert house.body(f"{TELESCOPE}/safety")["safe"] is False

    at_house(test)


def test_a_wait_that_goes_on_for_the_same_reason_is_one_event() -> None:
    async def test(house: House) -> None:
        rain = SessionWaiting(**_at(), session=SESSION, reason=Reason.WEATHER, message="Rain.")
        for event in (rain, rain, replace(rain, reason=Reason.TWILIGHT), rain):
            house.bus.publish(event)
        assert house.events() == ["session_waiting"] * 3

    at_house(test)


def test_bodies_stay_small_enough_to_be_recorded() -> None:
    async def test(house: House) -> None:
        long = SessionBrief("s" * 200, "t" * 400, scheduled_for=NOW)
        house.bus.publish(QueueChanged(**_at(), sessions=(long,) * 500, next_at=NOW))
        assert house.body(f"{TELESCOPE}/queue")["count"] == 500
        result = replace(
            RESULT,
            message="m" * 1000,
            files=tuple("f" * 250 + str(number) for number in range(1000)),
            steps=tuple(StepReport("s" * 50, NOW, NOW, "done", message="x" * 250) for _ in range(100)),
        )
        house.bus.publish(SessionEnded(**_at(), result=result))
        body = house.body(f"{TELESCOPE}/result")
        assert body["files_total"] == 1000
        assert body["steps"]
        for name in ("queue", "result"):
            payload = house.broker.last(f"dwarf/{TELESCOPE}/{name}")
            assert payload is not None
            assert len(payload) <= MAX_BODY
        assert len(body["message"]) == 255

    at_house(test)


def test_events_are_not_retained_and_expire() -> None:
    async def test(house: House) -> None:
        house.bus.publish(SessionQueued(**_at(), session=SESSION, position=1))
        event = house.broker.all(f"dwarf/{TELESCOPE}/event")[0]
        assert (event.retain, event.qos, event.expiry_s) == (False, 1, EVENT_EXPIRY_S)

    at_house(test)


def test_events_of_a_telescope_that_was_not_announced_are_left_out() -> None:
    async def test(house: House) -> None:
        house.bus.publish(SessionQueued(telescope="other", at=NOW, session=SESSION, position=1))
        assert not house.broker.all("dwarf/other/#")

    at_house(test)


def test_the_events_of_the_wire_are_all_said_by_someone() -> None:
    async def test(house: House) -> None:
        for event in EVERY_EVENT:
            house.bus.publish(event)
        house.bus.publish(AvailabilityChanged(**_at(), online=True))
        for outcome in Outcome:
            house.bus.publish(SessionEnded(**_at(), result=replace(RESULT, outcome=outcome)))
        await house.ask(f"{TELESCOPE}/command", "fly")
        assert set(house.events()) == {kind.value for kind in EventType}

    at_house(test)


def test_numbers_that_json_does_not_know_become_null() -> None:
    assert json.loads(encode({"a": float("nan"), "b": [float("inf"), 1.5]})) == {"a": None, "b": [None, 1.5]}


def test_a_group_is_told_in_all_and_by_filter_and_its_topic_goes_with_it() -> None:
    async def test(house: House) -> None:
        house.bus.publish(GroupsChanged(**_at(), groups=(GROUP,)))
        topic = f"dwarf/{TELESCOPE}/group/m_31"
        body = json.loads(house.broker.retained[topic].payload)
        assert body["filters"] == {
            "Astro": {"collected_s": 3600.0, "goal_s": 7200.0, "frames": 240},
            "": {"collected_s": 150.0, "goal_s": 600.0, "frames": 10},
        }
        assert (body["collected_s"], body["goal_s"], body["percent"], body["nights"]) == (3750, 7800, 48.1, 2)
        assert body["message"].startswith("M 31: 1.0 of 2.2 h in 2 nights, 48 %")
        house.bus.publish(GroupsChanged(**_at(), groups=()))
        await settle()
        assert topic not in house.broker.retained

    at_house(test)


def test_a_group_of_many_long_parts_stays_within_what_home_assistant_records() -> None:
    part = PartProgress("M" * 300, "tele", "Astro", 1, 15.0, 1, 15.0, None, 7200.0, ("s" * 200,) * 9)
    group = GroupProgress("G" * 300, "g", (part,) * 400, 9)

    async def test(house: House) -> None:
        house.bus.publish(GroupsChanged(**_at(), groups=(group,)))
        assert len(house.broker.retained[f"dwarf/{TELESCOPE}/group/g"].payload) <= MAX_BODY

    at_house(test)
