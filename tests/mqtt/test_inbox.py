"""What is asked over MQTT, and how it is answered."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import AgentError
from agent.mqtt.inbox import LIMITS, Work
from agent.mqtt.parsing import (
    MAX_PAYLOAD,
    BadRequestError,
    read_bridge,
    read_command,
    read_setting,
    read_submission,
)
from agent.mqtt.port import Urgency
from agent.mqtt.refusals import EACH_FOR
from agent.mqtt.schemas import schemas
from agent.requests import Verb
from tests.mqtt.support import NOW, TELESCOPE, House, at_house, settle
from tests.support.chance import often
from tests.support.tables import every

SUBMIT = f"{TELESCOPE}/session/submit"
RESPONSE = f"{TELESCOPE}/session/response"
COMMAND = f"{TELESCOPE}/command"
REPLY = f"{TELESCOPE}/command/response"
BARE = {"id_command": {"uuid": "x"}, "goto_manual": {"target": "M 31"}}


def test_a_session_is_acknowledged_at_once_and_the_answer_kept_for_late_readers() -> None:
    async def test(house: House) -> None:
        await house.ask(SUBMIT, json.dumps({"command": BARE, "request_id": "tonight-1", "session_id": "s1"}))
        submission = house.handlers.submissions[0]
        assert (submission.body, submission.request_id, submission.session_id, submission.telescope) == (
            {"command": BARE},
            "tonight-1",
            "s1",
            TELESCOPE,
        )
        assert house.body(RESPONSE) == {
            "request_id": "tonight-1",
            "status": "accepted",
            "code": "queued",
            "message": "Queued as number 1.",
            "session_id": "s1",
            "telescope": TELESCOPE,
            "position": 1,
            "scheduled_for": "2026-11-22T22:00:00+01:00",
            "duplicate": False,
            "errors": [],
            "warnings": [
                {
                    "path": "/calibration",
                    "code": "defaulted",
                    "message": "No calibration is asked for.",
                    "hint": "",
                }
            ],
        }
        assert f"dwarf/{TELESCOPE}/response" in house.broker.retained
        assert f"dwarf/{RESPONSE}" not in house.broker.retained

    at_house(test)


@pytest.mark.parametrize("alias", ["request_id", "transaction", "id"])
def test_a_bare_body_loses_its_envelope_only(alias: str) -> None:
    async def test(house: House) -> None:
        await house.ask(SUBMIT, json.dumps({**BARE, alias: 7, "expires_at": "2026-11-22T22:00:00+01:00"}))
        assert house.handlers.submissions[0].body == BARE
        assert house.handlers.submissions[0].expires_at is not None
        assert house.body(RESPONSE)["request_id"] == "7"

    at_house(test)


@pytest.mark.parametrize("wrapped", [True, False])
def test_id_command_may_be_left_out(wrapped: bool) -> None:
    steps = {"goto_manual": {"do_action": True, "target": "M 31"}}

    async def test(house: House) -> None:
        await house.ask(SUBMIT, json.dumps({"command": steps} if wrapped else {**steps, "request_id": "r"}))
        whole = {"id_command": {}, **steps}
        assert house.handlers.submissions[0].body == ({"command": whole} if wrapped else whole)

    at_house(test)


def test_what_a_template_printed_the_python_way_is_refused_with_the_remedy() -> None:
    async def test(house: House) -> None:
        await house.ask(SUBMIT, str({"command": {**BARE, "calibration": {"do_action": True}}}))
        assert "use | to_json in the template" in house.body(RESPONSE)["errors"][0]["hint"]

    at_house(test)


@pytest.mark.parametrize("payload", ["stop", "Cancel", '{"command": "stop"}', '{"command": "cancel"}'])
def test_stop_and_cancel_mean_abort(payload: str) -> None:
    assert read_command(payload.encode(), NOW).verb is Verb.ABORT


def test_without_a_telescope_in_the_topic_the_only_one_is_meant_and_both_topics_answer() -> None:
    async def test(house: House) -> None:
        await house.ask("session/submit", json.dumps(BARE))
        assert house.handlers.submissions[0].telescope == TELESCOPE
        assert house.body("session/response") == house.body(RESPONSE)

    at_house(test)


def test_of_two_telescopes_one_must_be_named() -> None:
    async def test(house: House) -> None:
        await house.ask("session/submit", json.dumps(BARE))
        answer = house.body("session/response")
        assert (answer["status"], answer["code"]) == ("error", "unknown_telescope")
        assert "one, two" in answer["errors"][0]["hint"]
        await house.ask("session/submit", json.dumps({**BARE, "telescope": "two"}))
        assert house.handlers.submissions[0].telescope == "two"

    at_house(test, telescopes=("one", "two"))


@pytest.mark.parametrize(
    ("payload", "code", "path", "place"),
    [
        (b"\xff\xfe", "invalid", "", "byte 0"),
        (b"[1]", "invalid", "", "object"),
        (b'{"a": 1, "a": 2}', "invalid", "", '"a"'),
        (b'{"goto": {"x": 1, "x": 2}}', "invalid", "/goto", '"x"'),
        (b'{"a": NaN}', "invalid", "/a", "NaN"),
        (b'{"a": 1e999}', "invalid", "/a", "1e999"),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid", "/a", "5000 digits"),
        (b'{"a": "\\ud800"}', "invalid", "/a", "surrogate"),
        (b"[" * 100_000, "invalid", "", "deeper"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "invalid", "", "deeper"),
        (b'{"command": {}', "invalid", "", "line 1"),
        (b"x" * (MAX_PAYLOAD + 1), "too_large", "", str(MAX_PAYLOAD)),
        (b'{"command": "abort"}', "invalid", "/command", "word"),
        (b'{"request_id": ["x"]}', "invalid", "/request_id", "text"),
        (b'{"transaction": true}', "invalid", "/transaction", "text"),
        (b'{"telescope": 5}', "invalid", "/telescope", "255"),
        (b'{"session_id": "' + b"x" * 256 + b'"}', "invalid", "/session_id", "255"),
        (b'{"expires_at": 1800000000}', "invalid", "/expires_at", "offset"),
        (b'{"command": 5}', "invalid", "/command", "object"),
        (b'{"request_id": "' + b"x" * 129 + b'"}', "invalid", "/request_id", "128"),
        (b'{"expires_at": "2026-11-22T19:59:59Z"}', "expired", "/expires_at", "expired"),
        (b'{"expires_at": "2026-11-22T23:00:00"}', "invalid", "/expires_at", "offset"),
        (b'{"telescope": "other"}', "invalid", "/telescope", "other"),
    ],
)
def test_a_submission_that_cannot_be_taken_is_refused_with_the_place(
    payload: bytes, code: str, path: str, place: str
) -> None:
    async def test(house: House) -> None:
        await house.ask(SUBMIT, payload)
        answer = house.body(RESPONSE)
        assert (answer["status"], answer["code"]) == ("error", code)
        assert answer["errors"][0]["path"] == path
        assert place in answer["message"]
        assert house.handlers.submissions == []
        assert house.events() == ["session_rejected"]

    at_house(test)


@pytest.mark.parametrize(
    "payload", ["abort", '"abort"', " ABORT\n", '{"command": "abort", "request_id": "r", "reason": "clouds"}']
)
def test_a_command_is_accepted_then_done(payload: str) -> None:
    async def test(house: House) -> None:
        await house.ask(COMMAND, payload)
        telescope, command = house.handlers.commands[0]
        assert (telescope, command.verb) == (TELESCOPE, Verb.ABORT)
        assert [body["status"] for body in house.bodies(REPLY)] == ["accepted", "done"]
        request_id = "r" if "request_id" in payload else None
        assert {body["request_id"] for body in house.bodies(REPLY)} == {request_id}
        assert house.body(f"{TELESCOPE}/response")["status"] == "done"

    at_house(test)


def test_a_command_keeps_its_arguments() -> None:
    async def test(house: House) -> None:
        await house.ask(COMMAND, '{"command": "reschedule", "session_id": "s", "at": "22:00", "id": "r"}')
        assert house.handlers.commands[0][1].arguments == {"session_id": "s", "at": "22:00"}
        assert house.handlers.commands[0][1].request_id == "r"

    at_house(test)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("fly", "unknown_command"),
        ('{"command": {"goto_manual": {}}}', "invalid"),
        ('{"verb": "abort"}', "invalid"),
        ('{"command": "abort"', "invalid"),
    ],
)
def test_a_command_that_is_none_is_refused_and_an_event_says_so(payload: str, code: str) -> None:
    async def test(house: House) -> None:
        await house.ask(COMMAND, payload)
        assert (house.body(REPLY)["status"], house.body(REPLY)["code"]) == ("error", code)
        assert house.events() == ["command_rejected"]
        assert house.handlers.commands == []

    at_house(test)


def test_the_handlers_own_refusal_keeps_its_code_and_hint() -> None:
    async def test(house: House) -> None:
        house.handlers.trouble = AgentError(
            "Manual controls are not armed.", code="not_armed", hint="Arm them."
        )
        await house.ask(COMMAND, '{"command": "park", "request_id": "r"}')
        reply = house.body(REPLY)
        assert (reply["code"], reply["hint"], reply["request_id"]) == ("not_armed", "Arm them.", "r")

    at_house(test)


def test_a_defect_of_the_handlers_is_answered_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    async def test(house: House) -> None:
        house.handlers.trouble = RuntimeError("secret detail")
        for topic in (SUBMIT, COMMAND, f"{TELESCOPE}/set/armed", "bridge/request/health"):
            await house.ask(topic, '{"command": "abort"}' if topic == COMMAND else '{"value": 1}')
        for topic in (RESPONSE, REPLY, "bridge/response/health"):
            assert house.body(topic)["code"] == "failed"
            assert "secret" not in json.dumps(house.body(topic))
        await house.ask("safety/input/rain", "OFF")

    at_house(test)
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("payload", "value"), [("ON", "ON"), ("30", "30"), ('{"value": 30}', 30), ("a b", "a b")]
)
def test_a_setting_arrives_as_text_or_as_decoded(payload: str, value: object) -> None:
    async def test(house: House) -> None:
        await house.ask(f"{TELESCOPE}/set/max_wait", payload)
        assert house.handlers.values == [(TELESCOPE, "max_wait", value)]
        assert (house.body(REPLY)["setting"], house.body(REPLY)["status"]) == ("max_wait", "done")

    at_house(test)


def test_a_question_to_the_agent_is_answered_on_its_own_topic() -> None:
    async def test(house: House) -> None:
        await house.ask("bridge/request/config/get", '{"request_id": "q", "section": "mqtt"}')
        assert house.handlers.questions == [("config/get", {"section": "mqtt"})]
        answer = house.body("bridge/response/config/get")
        assert (answer["status"], answer["request_id"]) == ("ok", "q")
        assert answer["data"]["verb"] == "config/get"
        assert answer["data"]["ratio"] is None

    at_house(test)


@pytest.mark.parametrize(
    ("topic", "answer"),
    [
        (SUBMIT, RESPONSE),
        (COMMAND, REPLY),
        (f"{TELESCOPE}/set/armed", REPLY),
        ("bridge/request/restart", "bridge/response/restart"),
    ],
)
def test_a_replayed_retained_request_moves_nothing_is_answered_and_removed(topic: str, answer: str) -> None:
    async def test(house: House) -> None:
        house.port.cut()
        house.broker.publish(f"dwarf/{topic}", '{"command": "park", "request_id": "old"}', retain=True)
        house.port.restore()
        await settle()
        assert (house.body(answer)["code"], house.body(answer)["request_id"]) == ("retained_replay", "old")
        assert f"dwarf/{topic}" not in house.broker.retained
        nothing: list[Any] = []
        handlers = house.handlers
        assert [*handlers.submissions, *handlers.commands, *handlers.values, *handlers.questions] == nothing

    at_house(test)


def test_a_live_request_whose_sender_ticked_retain_runs_once() -> None:
    async def test(house: House) -> None:
        await house.ask(COMMAND, "abort", retain=True)
        house.port.cut()
        house.port.restore()
        await settle()
        assert len(house.handlers.commands) == 1
        assert house.body(REPLY)["code"] == "retained_replay"

    at_house(test)


def test_empty_payloads_are_ignored() -> None:
    async def test(house: House) -> None:
        before = len(house.broker.published)
        for topic in (
            SUBMIT,
            COMMAND,
            f"{TELESCOPE}/set/armed",
            "bridge/request/health",
            "safety/input/rain",
        ):
            await house.ask(topic, b"")
        assert len(house.broker.published) == before + 5  # our own, and nothing in answer

    at_house(test)


def test_safety_reports_reach_the_handlers_with_their_retain_flag() -> None:
    async def test(house: House) -> None:
        await house.ask("safety/input/rain", "ON", retain=True)
        house.port.cut()
        house.port.restore()
        await settle()
        assert house.handlers.safety == [("rain", b"ON", False), ("rain", b"ON", True)]
        assert "dwarf/safety/input/rain" in house.broker.retained

    at_house(test)


def test_an_mqtt_5_caller_is_also_answered_where_it_asks() -> None:
    async def test(house: House) -> None:
        await house.ask(COMMAND, "abort", response_topic="dwarf/reply/7", correlation=b"\x01")
        answers = house.broker.all("dwarf/reply/7")
        assert [json.loads(found.payload)["status"] for found in answers] == ["accepted", "done"]
        assert {found.correlation for found in answers} == {b"\x01"}

    at_house(test)


@pytest.mark.parametrize(
    "topic",
    [f"dwarf/{COMMAND}", "dwarf/bridge/availability", "dwarf/reply/#", "dwarf/reply/+", "$SYS/x"],
)
def test_a_response_topic_that_could_reach_what_is_ours_gets_nothing(topic: str) -> None:
    async def test(house: House) -> None:
        await house.ask(COMMAND, "abort", response_topic=topic)
        assert len(house.handlers.commands) == 1
        own = {found.topic for found in house.broker.published if found.topic == topic}
        assert own <= {f"dwarf/{COMMAND}", "dwarf/bridge/availability"}
        assert len(house.broker.all(f"dwarf/{COMMAND}")) == 1
        assert house.broker.last("dwarf/bridge/availability") == b"online"

    at_house(test)


def test_beyond_the_limit_callers_hear_busy_and_an_abort_still_gets_through() -> None:
    async def test(house: House) -> None:
        house.handlers.gate = asyncio.Event()
        for number in range(LIMITS[Work.COMMAND] + 1):
            await house.ask(COMMAND, json.dumps({"command": "goto", "request_id": str(number)}))
        assert house.body(REPLY)["code"] == "busy"
        assert house.body(REPLY)["request_id"] == str(LIMITS[Work.COMMAND])
        await house.ask(COMMAND, "abort")
        assert house.handlers.commands[-1][1].verb is Verb.ABORT
        house.handlers.gate.set()
        await settle()
        done = [body for body in house.bodies(REPLY) if body["status"] == "done"]
        assert len(done) == LIMITS[Work.COMMAND] + 1

    at_house(test)


def test_a_telescope_that_is_not_there_is_named_and_leaves_nothing_retained() -> None:
    async def test(house: House) -> None:
        await house.ask("dwarf9/command", "abort")
        assert house.body("dwarf9/command/response")["code"] == "unknown_telescope"
        assert not [topic for topic in house.broker.retained if "dwarf9" in topic]

    at_house(test)


@pytest.mark.parametrize(
    "topic", ["callers/7", "homeassistant/status", "zigbee2mqtt/lamp/set", "dwarf/reply"]
)
def test_an_answer_goes_to_no_topic_that_is_not_for_answers(topic: str) -> None:
    async def test(house: House) -> None:
        await house.ask(COMMAND, "abort", response_topic=topic)
        assert house.body(REPLY)["status"] == "done"
        assert house.broker.all(topic) == []

    at_house(test)


def test_further_topics_for_answers_can_be_allowed_and_home_assistants_never() -> None:
    async def test(house: House) -> None:
        for topic in (
            "callers/7",
            "callers-of-others/7",
            "homeassistant/status",
            f"dwarf/{TELESCOPE}/status",
        ):
            before = len(house.broker.all(topic))
            await house.ask(COMMAND, "abort", response_topic=topic)
            assert (len(house.broker.all(topic)) > before) is (topic == "callers/7"), topic

    at_house(test, response_prefixes=("callers", "homeassistant", "dwarf"))


def test_what_is_said_on_a_reply_topic_is_no_request() -> None:
    async def test(house: House) -> None:
        mark = len(house.broker.published)
        for topic in ("reply/command", "reply/session/submit", "reply/set/armed"):
            await house.ask(topic, "abort")
        assert len(house.broker.published) == mark + 3
        assert house.handlers.commands == []

    at_house(test)


@pytest.mark.parametrize(
    ("topic", "body", "answers"),
    [
        (COMMAND, {"command": "goto", "request_id": "r"}, REPLY),
        (f"{TELESCOPE}/set/armed", {"value": True, "request_id": "r"}, REPLY),
        ("bridge/request/discovery/resend", {"request_id": "r"}, "bridge/response/discovery/resend"),
    ],
)
def test_a_request_that_is_delivered_twice_acts_once_and_is_answered_twice(
    topic: str, body: dict[str, Any], answers: str
) -> None:
    def asked(house: House) -> int:
        return len(house.handlers.commands) + len(house.handlers.values) + len(house.handlers.questions)

    async def test(house: House) -> None:
        house.handlers.gate = asyncio.Event()
        await house.ask(topic, json.dumps(body), response_topic="dwarf/reply/1")
        await house.ask(topic, json.dumps(body), response_topic="dwarf/reply/2")  # while the first is in work
        house.handlers.gate.set()
        await settle()
        await house.ask(topic, json.dumps(body), response_topic="dwarf/reply/3")  # after it
        assert asked(house) == 1
        first = [found.payload for found in house.broker.all("dwarf/reply/1")]
        assert json.loads(first[-1])["status"] in ("done", "ok")
        for number in "23":
            assert [found.payload for found in house.broker.all(f"dwarf/reply/{number}")] == first
        await house.ask(topic, json.dumps({**body, "expires_at": "2026-11-22T23:00:00Z"}))
        assert asked(house) == 2  # another body is another request
        await asyncio.sleep(121)
        await house.ask(topic, json.dumps(body))
        assert asked(house) == 3

    at_house(test)


def test_without_a_request_id_only_what_the_broker_flags_as_delivered_again_acts_once() -> None:
    async def test(house: House) -> None:
        await house.ask(COMMAND, "abort", dup=True)  # the first that arrives is the first, flagged or not
        await house.ask(COMMAND, "abort", dup=True)
        assert len(house.handlers.commands) == 1
        await house.ask(COMMAND, "abort")  # somebody pressed again
        assert len(house.handlers.commands) == 2
        assert [body["status"] for body in house.bodies(REPLY)] == ["accepted", "done"] * 3
        await house.ask(SUBMIT, json.dumps(BARE))
        await house.ask(SUBMIT, json.dumps(BARE), dup=True)
        assert len(house.handlers.submissions) == 1
        assert len(house.bodies(RESPONSE)) == 2

    at_house(test)


def test_a_request_that_found_no_room_may_come_again() -> None:
    async def test(house: House) -> None:
        house.handlers.gate = asyncio.Event()
        for number in range(LIMITS[Work.COMMAND] + 1):
            await house.ask(COMMAND, json.dumps({"command": "goto", "request_id": str(number)}))
        assert house.body(REPLY)["code"] == "busy"
        house.handlers.gate.set()
        await settle()
        await house.ask(COMMAND, json.dumps({"command": "goto", "request_id": str(LIMITS[Work.COMMAND])}))
        assert house.body(REPLY)["code"] == "done"

    at_house(test)


@pytest.mark.parametrize(
    ("topic", "answers", "junk"),
    every(
        2,
        [
            (SUBMIT, RESPONSE, b"{"),
            (COMMAND, REPLY, b"fly"),
            (f"{TELESCOPE}/set/armed", REPLY, b'{"value": []}'),
            ("bridge/request/health", "bridge/response/health", b"{"),
            ("dwarf9/command", "dwarf9/command/response", b"abort"),
        ],
    ),
)
def test_of_a_flood_one_refusal_stands_for_many(
    topic: str, answers: str, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def test(house: House) -> None:
        mark = len(house.broker.published)
        for _ in range(6000):
            house.broker.publish(f"dwarf/{topic}", junk)
        await settle()
        await asyncio.sleep(11)
        said = house.bodies(answers)
        assert len(said) == EACH_FOR + 1
        assert f"(and {6000 - EACH_FOR - 1:,} more like it)" in said[-1]["message"]
        assert len(house.events()) <= EACH_FOR + 1
        assert len(house.broker.published) - mark - 6000 <= 3 * (EACH_FOR + 1)
        await asyncio.sleep(60)
        await house.ask(topic, junk)  # the flood is over: the next one is answered at once
        assert "more like it" not in house.bodies(answers)[-1]["message"]
        assert len(house.bodies(answers)) == EACH_FOR + 2

    at_house(test)
    refused = [record for record in caplog.records if "refused a message" in record.getMessage()]
    assert len(refused) == EACH_FOR + 2


def test_a_handlers_own_refusals_are_summed_up_as_well() -> None:
    async def test(house: House) -> None:
        house.handlers.trouble = AgentError("There is no setting x.", code="unknown_setting")
        for _ in range(200):
            await house.ask(f"{TELESCOPE}/set/x", "1")
        await asyncio.sleep(11)
        assert len(house.bodies(REPLY)) == EACH_FOR + 1
        assert len(house.events()) == EACH_FOR + 1

    at_house(test)


def test_a_flood_that_goes_on_is_summed_up_again_and_again() -> None:
    async def test(house: House) -> None:
        for _ in range(600):
            for _ in range(10):
                house.broker.publish(f"dwarf/{COMMAND}", "fly")
            await asyncio.sleep(0.1)
        await asyncio.sleep(20)
        assert len(house.bodies(REPLY)) <= EACH_FOR + 8

    at_house(test)


def test_a_report_that_is_too_large_is_handed_on_as_news() -> None:
    async def test(house: House) -> None:
        await house.ask("safety/input/rain", b"x" * (MAX_PAYLOAD + 1))
        assert [name for name, *_ in house.handlers.safety] == ["rain"]

    at_house(test)


@pytest.mark.parametrize(
    "payload", [b"abort", b' "PAUSE" ', b"end-night", b'{"a":1,\n"command" : "stop after this"}']
)
def test_what_stops_is_the_most_urgent_of_the_commands(payload: bytes) -> None:
    async def test(house: House) -> None:
        classify = house.service._inbox.classify
        assert classify(f"dwarf/{COMMAND}", payload) is Urgency.STOP
        assert classify(f"dwarf/{COMMAND}", payload + b" " * 5000) is Urgency.COMMAND
        assert classify(f"dwarf/{COMMAND}", b'{"command": "goto", "reason": "abort"}') is Urgency.COMMAND
        assert classify(f"dwarf/{SUBMIT}", payload) is Urgency.SUBMISSION
        assert classify("dwarf/safety/input/rain", payload) is Urgency.SAFETY
        assert classify("other/topic", payload) is Urgency.REST

    at_house(test)


def test_the_reports_of_names_that_nobody_configured_are_not_urgent() -> None:
    async def test(house: House) -> None:
        classify = house.service._inbox.classify
        assert classify("dwarf/safety/input/roof", b"x") is Urgency.SAFETY
        assert classify("dwarf/safety/input/other", b"x") is Urgency.REST

    at_house(test, safety_inputs=("roof",))


def test_no_topic_or_payload_breaks_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    evil = "x\r\nERROR \x1b[31m\u202e"

    async def test(house: House) -> None:
        for topic in (
            f"{evil}/command",
            f"{TELESCOPE}/set/{evil}",
            f"bridge/request/{evil}",
            f"{evil}/session/submit",
        ):
            await house.ask(topic, json.dumps({"command": evil, "request_id": evil, "value": {evil: 1}}))
            await house.ask(topic, "{", response_topic=evil)
        house.handlers.trouble = RuntimeError("no")
        await house.ask(f"safety/input/{evil}", evil)

    at_house(test)
    for record in caplog.records:
        if record.name.startswith("agent."):
            assert not set("\r\n\x1b\u202e") & set(record.getMessage()), record.getMessage()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_KEYS = st.sampled_from(
    ["command", "request_id", "id", "transaction", "session_id", "telescope", "expires_at", "value"]
)
_HOSTILE = (
    st.binary(max_size=200)
    | st.dictionaries(_KEYS, _JSON, max_size=6).map(lambda body: json.dumps(body).encode())
    | st.text(max_size=50).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
_PLACES = st.sampled_from(
    [
        SUBMIT,
        COMMAND,
        "session/submit",
        "bridge/command",
        f"{TELESCOPE}/set/x",
        "bridge/request/a/b",
        "safety/input/x",
    ]
)


@settings(deadline=None, max_examples=often(60))
@given(messages=st.lists(st.tuples(_PLACES, _HOSTILE, st.booleans()), max_size=25))
def test_whatever_comes_in_every_message_is_answered_and_the_next_one_served(
    messages: list[tuple[str, bytes, bool]],
) -> None:
    logging.disable(logging.CRITICAL)

    async def test(house: House) -> None:
        for topic, payload, flagged in messages:
            answers = len(house.broker.published)
            if flagged:
                house.port.cut()
                house.broker.publish(f"dwarf/{topic}", payload, retain=True)
                house.port.restore()
                await settle()
            else:
                await house.ask(topic, payload)
            if payload and not topic.startswith("safety"):
                assert len(house.broker.published) >= answers + 2
        for topic in [topic for topic in house.broker.retained if not topic.startswith("dwarf/safety")]:
            assert not topic.endswith(("/submit", "/command")), topic
        await house.ask(COMMAND, '{"command": "abort", "request_id": "still-here"}')
        assert house.body(REPLY)["request_id"] == "still-here"

    try:
        at_house(test)
    finally:
        logging.disable(logging.NOTSET)


_REQUESTS = {
    "submit": lambda payload: read_submission(payload, "", NOW),
    "command": lambda payload: read_command(payload, NOW),
    "set": lambda payload: read_setting(payload, NOW),
    "bridge_request": lambda payload: read_bridge(payload, NOW),
}
_FIELDS = {
    "request_id": st.text(max_size=140) | st.integers() | st.booleans() | st.none() | st.just(1.5),
    "session_id": st.text(max_size=300) | st.none() | st.integers(),
    "telescope": st.sampled_from(["one", None, 5, [], "x" * 300]),
    "command": st.sampled_from([*Verb, "fly", {}, {"a": 1}, None, 5]),
    "reason": st.text(max_size=300) | st.none() | st.integers(),
    "value": st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just({}) | st.just([1]),
}


@settings(deadline=None)
@given(st.sampled_from(list(_REQUESTS)), st.fixed_dictionaries({}, optional=_FIELDS))
def test_the_published_schema_and_the_reader_take_the_same_requests(kind: str, body: dict[str, Any]) -> None:
    payload = json.dumps(body).encode()
    try:
        _REQUESTS[kind](payload)
        taken = True
    except BadRequestError:
        taken = False
    try:
        jsonschema.validate(json.loads(payload), schemas()[kind])
        fits = True
    except jsonschema.ValidationError:
        fits = False
    assert taken is fits
