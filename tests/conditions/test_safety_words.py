"""What safety sources are told to have said, word for word; and each edge of reading them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from agent.clock import LoopClock
from agent.conditions.safety.aggregator import SafetyConfigError, SafetyMonitor
from agent.conditions.safety.entities import EntityReader
from agent.conditions.safety.errors import UnreadableInputError
from agent.conditions.safety.inputs import Reading, age_on_arrival, read_heartbeat
from agent.conditions.safety.mapping import MappingError, SafeWhen
from agent.conditions.safety.sources import EntitySource, HeartbeatSource, SourceTracker, TopicSource
from agent.events import SafetyLevel, SafetySourceState, SafetyState
from agent.session.fields import WeatherPolicy
from tests.support.virtual_loop import run_virtual

AT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
CLEAR, WARNING, ALERT = SafetyLevel.CLEAR, SafetyLevel.WARNING, SafetyLevel.ALERT


# -- heartbeats ---------------------------------------------------------------------------------------------


def heartbeat(payload: str, *, retained: bool = False, ttl_s: float = 180.0) -> Reading:
    return read_heartbeat(
        payload.encode(), received_at=AT, retained=retained, ttl_s=ttl_s, unsafe_level=ALERT
    )


@pytest.mark.parametrize(
    ("payload", "reading"),
    [
        ("safe", Reading(CLEAR, "safe", 180.0)),
        (" ON ", Reading(CLEAR, "safe", 180.0)),
        ("off", Reading(ALERT, "unsafe", 180.0)),
        ('{"safe": "Safe "}', Reading(CLEAR, "safe", 180.0)),
        ('{"safe": true, "reason": " a\\n b ", "ttl": 60}', Reading(CLEAR, "a b", 60.0)),
        ('{"safe": true, "ttl": 3600}', Reading(CLEAR, "safe", 3600.0)),
        ('{"safe": false, "level": "warning", "ttl": 60}', Reading(WARNING, "unsafe", 180.0)),
        ('{"safe": false, "ttl": 600}', Reading(ALERT, "unsafe", 600.0)),
        ('{"safe": false, "ttl": "soon"}', Reading(ALERT, "unsafe", 180.0)),
        ('{"safe": false, "ttl": 3601}', Reading(ALERT, "unsafe", 180.0)),
        ('{"safe": true, "level": "clear", "ttl": "90"}', Reading(CLEAR, "safe", 90.0)),
    ],
)
def test_a_heartbeat_is_read_as_it_says(payload: str, reading: Reading) -> None:
    assert heartbeat(payload) == reading


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("perhaps", "'perhaps' is neither JSON nor safe or unsafe."),
        ("p" * 50, f"'{'p' * 40}' is neither JSON nor safe or unsafe."),
        ("[1]", "'[1]' is not an object with the key safe."),
        ("{}", "safe must be true or false, not 'None'."),
        ('{"safe": 1}', "safe must be true or false, not '1'."),
        ('{"safe": true, "level": "bad"}', "level must be warning or alert, not 'bad'."),
        ('{"safe": true, "level": 3}', "level must be warning or alert, not '3'."),
        ('{"safe": true, "level": "alert"}', "safe is True but level is alert."),
        ('{"safe": false, "level": "clear"}', "safe is False but level is clear."),
        ('{"safe": true, "ttl": 0}', "ttl must be above 0 and at most 3600 seconds, not 0."),
        ('{"safe": true, "ttl": 3601}', "ttl must be above 0 and at most 3600 seconds, not 3601."),
        ('{"safe": true, "ttl": "x"}', "ttl must be a number, not 'x'."),
        ('{"safe": true, "ttl": true}', "ttl must be a number, not 'True'."),
        ('{"safe": true, "ts": "soon"}', "ts must be an ISO 8601 time, not 'soon'."),
        ('{"safe": true, "ts": true}', "ts must be a number, not 'True'."),
        ('{"safe": true, "ts": 1e20}', "ts must be an ISO 8601 time, not '1e+20'."),
        (
            '{"safe": true, "ts": "2026-11-22T20:00:00"}',
            "ts '2026-11-22T20:00:00' has no offset from UTC, such as +01:00.",
        ),
    ],
)
def test_a_heartbeat_that_cannot_be_read_says_why(payload: str, words: str) -> None:
    with pytest.raises(UnreadableInputError) as caught:
        heartbeat(payload)
    assert caught.value.message == words


@pytest.mark.parametrize(
    ("ago_s", "retained", "age"),
    [
        (0, False, 0.0),
        (240, False, 0.0),  # the time to live, and the clocks' skew
        (241, False, 241.0),
        (-500, False, 0.0),
        (0, True, 0.0),
        (100, True, 100.0),
        (-60, True, 0.0),
        (-61, True, 180.0),
        (None, False, 0.0),
        (None, True, 180.0),
    ],
)
def test_how_old_good_news_is_when_it_arrives(ago_s: float | None, retained: bool, age: float) -> None:
    stamp = None if ago_s is None else (AT - timedelta(seconds=ago_s)).isoformat()
    assert age_on_arrival(stamp, received_at=AT, retained=retained, ttl_s=180.0) == age
    if ago_s is not None:
        seconds = (AT - timedelta(seconds=ago_s)).timestamp()
        for number in (seconds, str(seconds), f" {seconds:.0f} "):
            assert age_on_arrival(number, received_at=AT, retained=retained, ttl_s=180.0) == age


@pytest.mark.parametrize(("ago_s", "left"), [(100, 80.0), (300, 0.0)])
def test_a_retained_heartbeat_is_good_for_the_rest_of_its_time(ago_s: int, left: float) -> None:
    stamp = (AT - timedelta(seconds=ago_s)).isoformat()
    reading = heartbeat(f'{{"safe": true, "ts": "{stamp}"}}', retained=True)
    assert (reading.good_for_s, reading.age_s) == (left, float(ago_s))


# -- mappings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, "A safety mapping must say what is safe: above, below or equals."),
        ({"path": "a"}, "A safety mapping must say what is safe: above, below or equals."),
        ({"above": float("nan")}, "The limits of a safety mapping must be numbers."),
        ({"below": float("inf")}, "The limits of a safety mapping must be numbers."),
        ({"above": 5.0, "below": 5.0}, "Nothing is above 5 and below 5."),
        ({"above": 6.0, "below": 5.0}, "Nothing is above 6 and below 5."),
    ],
)
def test_a_mapping_that_says_nothing_says_so(limits: dict[str, Any], words: str) -> None:
    with pytest.raises(MappingError) as caught:
        SafeWhen(**limits)
    assert caught.value.message == words


@pytest.mark.parametrize(
    ("mapping", "payload", "answer"),
    [
        (SafeWhen(below=30), "29.9", (True, "29.9")),
        (SafeWhen(below=30), "30", (False, "30")),
        (SafeWhen(above=5), "5", (False, "5")),
        (SafeWhen(above=5), "5.1", (True, "5.1")),
        (SafeWhen(above=5, below=6), "5.5", (True, "5.5")),
        (SafeWhen(above=5, below=6), "6", (False, "6")),
        (SafeWhen(above=5, below=6), "5", (False, "5")),
        (SafeWhen(equals="dry"), " DRY ", (True, "DRY")),
        (SafeWhen(equals="dry"), "wet", (False, "wet")),
        (SafeWhen(equals=False), "off", (True, "off")),
        (SafeWhen(equals=1), "1.0", (True, "1.0")),
        (SafeWhen(equals=5, below=4), "5", (False, "5")),
        (SafeWhen(path="sky.cloud", below=30), '{"sky": {"cloud": 12}}', (True, "12")),
        (SafeWhen(path="$.list.1", below=30), '{"list": [50, 12]}', (True, "12")),
        (SafeWhen(path="wet", equals=False), '{"wet": false}', (True, "false")),
        (SafeWhen(path="wet", equals=False), '{"wet": true}', (False, "true")),
    ],
)
def test_what_a_mapping_calls_safe(mapping: SafeWhen, payload: str, answer: tuple[bool, str]) -> None:
    assert mapping.read(payload.encode()) == answer


@pytest.mark.parametrize(
    ("mapping", "payload", "words"),
    [
        (SafeWhen(below=30), "", "The value is empty."),
        (SafeWhen(below=30), "Unavailable", "The value is Unavailable."),
        (SafeWhen(below=30), "wet", "'wet' is not a number."),
        (SafeWhen(below=30), "on", "'on' is not a number."),
        (SafeWhen(below=30), "inf", "'inf' is not a number."),
        (SafeWhen(below=30), "x" * 50, f"'{'x' * 40}' is not a number."),
        (SafeWhen(below=30), "[1]", "The value is not a number, a word, true or false."),
        (SafeWhen(path="a.b", below=30), '{"a": {}}', "The message has no value at 'a.b'."),
        (SafeWhen(path="a.2", below=30), '{"a": [1, 2]}', "The message has no value at 'a.2'."),
        (SafeWhen(path="a", below=30), "5", "The message has no value at 'a'."),
    ],
)
def test_a_value_that_says_nothing_says_why(mapping: SafeWhen, payload: str, words: str) -> None:
    with pytest.raises(UnreadableInputError) as caught:
        mapping.read(payload.encode())
    assert caught.value.message == words


# -- one source ---------------------------------------------------------------------------------------------

CLOUD = HeartbeatSource(name="cloud", delay_s=30.0)


def test_a_source_goes_from_unheard_to_stale() -> None:
    source = SourceTracker(CLOUD)
    assert source.state(0.0) == SafetySourceState(False, WARNING, None, "nothing has been heard yet")
    assert (source.heard, source.deadline(0.0)) == (False, None)
    source.take(Reading(CLEAR, "old", 0.0), 5.0)
    assert source.state(5.0) == SafetySourceState(False, WARNING, None, "only an old message has been heard")
    assert not source.heard
    source.take(Reading(CLEAR, "12 %", 100.0, age_s=20.0), 10.0)
    assert source.heard
    assert source.state(15.0) == SafetySourceState(True, CLEAR, 25.0, "12 %")
    assert source.deadline(15.0) == 110.0
    assert source.within_its_time(109.0)
    source.take(Reading(CLEAR, "old", 0.0), 50.0)
    assert source.state(109.9) == SafetySourceState(True, CLEAR, pytest.approx(119.9), "12 %")
    stale = SafetySourceState(False, WARNING, 120.0, "no news for more than 120 s")
    assert source.state(110.0) == stale
    assert source.deadline(110.0) is None
    assert not source.within_its_time(110.0)


def test_a_delay_forgives_what_was_safe_for_a_while() -> None:
    source = SourceTracker(CLOUD)
    source.take(Reading(CLEAR, "12 %", 100.0), 0.0)
    source.take(Reading(WARNING, "80 %", 100.0), 10.0)
    assert source.level(39.9) is CLEAR
    assert not source.reports_unsafe(39.9)
    assert source.deadline(20.0) == 40.0
    source.take(Reading(WARNING, "85 %", 100.0), 30.0)
    assert source.level(40.0) is WARNING, "counted from the first"
    assert source.reports_unsafe(40.0)
    assert source.deadline(40.0) == 130.0
    source.take(Reading(CLEAR, "12 %", 100.0), 50.0)
    source.take(Reading(ALERT, "rain", 100.0), 60.0)
    assert source.level(60.0) is ALERT, "worse than usual is not forgiven"


def test_bad_news_stands_when_the_source_is_lost() -> None:
    source = SourceTracker(CLOUD)
    source.take(Reading(WARNING, "80 %", 100.0), 0.0)
    source.lose("gone", 10.0)
    assert source.state(20.0) == SafetySourceState(False, WARNING, 20.0, "80 %")
    source.lose("gone for good", 100.0)
    assert source.state(100.0) == SafetySourceState(False, WARNING, None, "gone for good")
    fresh = SourceTracker(CLOUD)
    fresh.lose("gone", 1.0)
    assert fresh.heard
    assert fresh.state(1.0).reason == "gone"


# -- the monitor --------------------------------------------------------------------------------------------


class Monitor:
    def __init__(self, *sources: Any, **more: Any) -> None:
        self.clock = LoopClock(AT)
        self.heard: list[Any] = []
        self.monitor = SafetyMonitor(
            self.clock,
            sources or (HeartbeatSource(name="cloud"),),
            **{
                "policy": WeatherPolicy.WAIT,
                "timezone": "Europe/Paris",
                "on_change": self.heard.append,
                **more,
            },
        )

    def beat(self, payload: bytes = b"safe", name: str = "cloud") -> bool:
        return self.monitor.receive(name, payload, retained=False)

    @property
    def said(self) -> tuple[SafetyState, SafetyLevel, tuple[str, ...]]:
        decision = self.monitor.decision
        return decision.state, decision.level, decision.reasons


def monitored(story: Callable[[Monitor], Awaitable[None]], *sources: Any, **more: Any) -> None:
    async def main() -> None:
        await story(Monitor(*sources, **more))

    run_virtual(main())


def test_each_step_back_to_safe_is_told() -> None:
    async def story(night: Monitor) -> None:
        unheard = ("cloud: nothing has been heard yet",)
        assert night.said == (SafetyState.UNKNOWN, WARNING, unheard)
        assert night.monitor.next_deadline() is None
        assert night.beat()
        assert night.said == (SafetyState.SAFE, CLEAR, ())
        assert night.monitor.next_deadline() == 180.0
        assert night.monitor.decision.next_check == AT + timedelta(seconds=180)
        await night.clock.sleep(60)
        assert night.beat(b'{"safe": false, "reason": "80 %"}')
        assert night.said == (SafetyState.UNSAFE, WARNING, ("cloud: 80 %",))
        assert night.monitor.decision.live
        assert night.monitor.decision.since == AT + timedelta(seconds=60)
        await night.clock.sleep(60)
        night.beat(b'{"safe": true, "ttl": 3600}')
        clear = ("clear since 21:02, safe from 21:12 on",)
        assert night.said == (SafetyState.UNSAFE, WARNING, clear)
        assert not night.monitor.decision.live
        assert night.monitor.next_deadline() == 720.0
        await night.clock.sleep(599)
        night.monitor.evaluate()
        assert night.said[0] is SafetyState.UNSAFE
        await night.clock.sleep(1)
        night.monitor.evaluate()
        assert night.said == (SafetyState.SAFE, CLEAR, ())
        assert [decision.state.value for decision in night.heard] == ["safe", "unsafe", "unsafe", "safe"]

    monitored(story)


def test_nonsense_and_strangers() -> None:
    async def story(night: Monitor) -> None:
        assert night.beat(b"") is True
        assert night.said[0] is SafetyState.UNKNOWN
        assert night.beat(b"maybe") is True
        words = ("cloud: 'maybe' is neither JSON nor safe or unsafe",)
        assert night.said == (SafetyState.UNSAFE, WARNING, words)
        assert night.beat(b"safe", "roof") is False
        assert night.monitor.receive_topic("roof", b"1", retained=False) is False

    monitored(story)


def test_home_assistant_takes_its_sources_along_after_a_grace() -> None:
    home = HeartbeatSource(name="home", from_home_assistant=True)
    own = HeartbeatSource(name="own")

    async def story(night: Monitor) -> None:
        night.beat(name="home")
        night.beat(name="own")
        night.monitor.home_assistant(online=False)
        assert night.monitor.next_deadline() == 15.0
        await night.clock.sleep(10)
        night.monitor.home_assistant(online=False)
        assert night.monitor.next_deadline() == 15.0
        night.monitor.home_assistant(online=True)
        assert night.monitor.next_deadline() == 180.0
        night.monitor.home_assistant(online=False)
        await night.clock.sleep(14)
        night.monitor.evaluate()
        assert night.said[0] is SafetyState.SAFE
        await night.clock.sleep(1)
        night.monitor.evaluate()
        assert night.said == (SafetyState.UNSAFE, WARNING, ("home: Home Assistant is offline",))

    monitored(story, home, own, trust_ttl=False)


def test_a_topic_has_its_own_time() -> None:
    rain = TopicSource(
        name="rain", topic="garden/rain", safe_when=SafeWhen(equals="dry"), level=ALERT, max_age_s=90.0
    )

    async def story(night: Monitor) -> None:
        assert night.monitor.topics == ("garden/rain",)
        assert night.beat(b"dry", "rain") is False, "it is no safety input"
        assert night.monitor.receive_topic("garden/rain", b"dry", retained=True)
        assert night.said[2] == ("rain: only an old message has been heard",)
        assert night.monitor.receive_topic("garden/rain", b"dry", retained=False)
        assert night.said == (SafetyState.SAFE, CLEAR, ())
        assert night.monitor.next_deadline() == 90.0
        assert night.monitor.receive_topic("garden/rain", b"wet", retained=True)
        assert night.said == (SafetyState.UNSAFE, ALERT, ("rain: wet",))
        assert night.monitor.decision.live

    monitored(story, rain)


def test_a_configuration_that_cannot_work_says_so() -> None:
    clock = LoopClock(AT)
    with pytest.raises(SafetyConfigError) as caught:
        SafetyMonitor(clock, [], policy=WeatherPolicy.ABORT)
    assert caught.value.message == "The weather policy is abort, but no source tells of the weather."
    assert caught.value.hint == "Name a safety input, a topic or an entity, or set the policy to ignore."
    with pytest.raises(SafetyConfigError) as caught:
        SafetyMonitor(clock, [CLOUD, CLOUD], policy=WeatherPolicy.WAIT)
    assert caught.value.message == "Two safety sources have the same name."


# -- Home Assistant -----------------------------------------------------------------------------------------


class Home:
    """Home Assistant's WebSocket, which says what a test makes it say."""

    def __init__(self, *talk: dict[str, Any]) -> None:
        self.talk = talk
        self.asked: list[dict[str, Any]] = []

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for message in self.talk:
            if message:
                await socket.send_json(message)
            else:
                self.asked.append(await socket.receive_json())
        with suppress(TypeError):
            while True:
                self.asked.append(await socket.receive_json())
        return socket


READ: dict[str, Any] = {}  # read what the reader asks
GREETING, GREETED = {"type": "auth_required"}, {"type": "auth_ok"}
SUBSCRIBED = {"id": 1, "type": "result", "success": True}
SEEN = EntitySource(name="cloud", entity_id="sensor.cloud", safe_when=SafeWhen(below=30), max_age_s=600.0)
THERE = {"type": "event", "event": {"a": {"sensor.cloud": {"s": "12", "lu": AT.timestamp()}}}}


def changed(seconds_ago: float) -> list[dict[str, Any]]:
    """Home Assistant tells of a value that changed so long ago."""
    at = AT.timestamp() - seconds_ago
    there = {"type": "event", "event": {"a": {"sensor.cloud": {"s": "12", "lc": at}}}}
    return [GREETING, READ, GREETED, READ, SUBSCRIBED, there]


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (changed(599.5), "12"),
        (changed(600.5), "It has said nothing for 600 s"),
        ([{"type": "hello"}], "Home Assistant does not answer (Home Assistant did not ask for a token.)"),
        (
            [GREETING, READ, {"type": "auth_invalid"}],
            "Home Assistant refuses the token. Make a new long-lived token",
        ),
        (
            [GREETING, READ, GREETED, READ, {"id": 1, "type": "result", "success": False}],
            "Home Assistant does not answer (Home Assistant refuses subscribe_entities: no reason given)",
        ),
        (
            [
                GREETING,
                READ,
                GREETED,
                READ,
                {"id": 1, "type": "result", "success": False, "error": {"message": "not allowed"}},
            ],
            "Home Assistant does not answer (Home Assistant refuses subscribe_entities: not allowed)",
        ),
        ([GREETING, READ, GREETED, READ, SUBSCRIBED, THERE], "12"),
        ([GREETING, READ, GREETED, READ, THERE, SUBSCRIBED], "12"),  # an event may overtake the answer
        (
            [GREETING, READ, GREETED, READ, SUBSCRIBED, {"type": "event", "event": {"a": {}}}],
            "Home Assistant has no entity sensor.cloud",
        ),
    ],
)
def test_what_home_assistant_says_is_told(talk: list[dict[str, Any]], reason: str) -> None:
    async def main() -> None:
        home = Home(*talk)
        app = web.Application()
        app.router.add_get("/", home.serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        clock = LoopClock(AT)
        monitor = SafetyMonitor(clock, [SEEN], policy=WeatherPolicy.WAIT)
        url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
        reader = asyncio.create_task(EntityReader(monitor, clock, [SEEN], "secret", url).run())
        await clock.sleep(0.9)
        assert monitor.decision.sources["cloud"].reason == reason
        if len(talk) > 3:
            assert home.asked[:2] == [
                {"type": "auth", "access_token": "secret"},
                {"id": 1, "type": "subscribe_entities", "entity_ids": ["sensor.cloud"]},
            ]
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
        await runner.cleanup()

    run_virtual(main())
