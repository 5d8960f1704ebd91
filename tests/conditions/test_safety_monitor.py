from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.clock import LoopClock
from agent.conditions.safety.aggregator import SafetyConfigError, SafetyMonitor
from agent.conditions.safety.mapping import SafeWhen
from agent.conditions.safety.sources import HeartbeatSource, SafetySource, TopicSource
from agent.events import SafetyDecision, SafetyLevel, SafetyState
from agent.session.fields import WeatherPolicy
from tests.support.chance import often
from tests.support.virtual_loop import run_virtual

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
CLOUD = HeartbeatSource(name="cloud")
RAIN = TopicSource(
    name="rain", topic="garden/rain", safe_when=SafeWhen(path="wet", equals=False), level=SafetyLevel.ALERT
)
DRY, WET = b'{"wet": false}', b'{"wet": true}'


class Night:
    """A monitor under simulated time, and everything it said with the second at which it said it."""

    def __init__(self, *sources: SafetySource, **values: object) -> None:
        self.clock = LoopClock(START)
        self.said: list[tuple[float, SafetyDecision]] = []
        self.monitor = SafetyMonitor(
            self.clock,
            sources,
            policy=WeatherPolicy.WAIT,
            on_change=lambda decision: self.said.append((self.clock.monotonic(), decision)),
            **values,  # type: ignore[arg-type]
        )

    @property
    def state(self) -> SafetyState:
        return self.monitor.decision.state

    def states(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for at, decision in self.said:
            if not found or found[-1][1] != decision.state.value:
                found.append((round(at), decision.state.value))
        return found

    async def beat(self, seconds: float, payload: bytes = b"safe", every: float = 60.0) -> None:
        """Send a heartbeat of `cloud` again and again for that long."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.monitor.receive("cloud", payload, retained=False)
            await self.clock.sleep(min(every, end - self.clock.monotonic()))


def _night(story: Callable[[Night], Awaitable[None]], *sources: SafetySource, **values: object) -> Night:
    async def whole() -> Night:
        night = Night(*(sources or (CLOUD,)), **values)
        watch = asyncio.create_task(night.monitor.run())
        await story(night)
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        return night

    return run_virtual(whole())


def test_a_source_that_fell_silent_is_called_what_it_called_itself() -> None:
    async def story(night: Night) -> None:
        night.monitor.receive("cloud", b'{"safe": true, "name": "Cloud sensor"}', retained=False)
        await night.clock.sleep(200)
        assert night.monitor.decision.reasons == ("Cloud sensor: no news for more than 180 s",)

    _night(story)


def test_after_a_start_nothing_is_known_until_every_source_has_spoken() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(30)
        assert night.state is SafetyState.UNKNOWN
        assert not night.monitor.decision.safe
        night.monitor.receive("cloud", b"safe", retained=False)
        assert night.state is SafetyState.UNKNOWN
        night.monitor.receive_topic("garden/rain", DRY, retained=False)
        assert night.monitor.decision.safe
        assert night.monitor.decision.level is SafetyLevel.CLEAR

    _night(story, CLOUD, RAIN)


def test_a_retained_word_from_before_the_start_says_nothing() -> None:
    async def story(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=True)
        assert night.state is SafetyState.UNKNOWN
        assert night.monitor.decision.reasons == ("cloud: only an old message has been heard",)
        night.monitor.receive("cloud", b"safe", retained=False)
        assert night.state is SafetyState.SAFE
        night.monitor.receive("cloud", b"safe", retained=True)
        assert night.state is SafetyState.SAFE

    _night(story)


def _stamped(safe: bool, seconds: float) -> bytes:
    return json.dumps({"safe": safe, "ts": (START + timedelta(seconds=seconds)).isoformat()}).encode()


@pytest.mark.parametrize(
    ("payload", "retained"),
    [
        (_stamped(False, -9_999), False),
        (_stamped(False, 9_999), False),
        (b'{"safe": false, "ttl": 1e9}', False),
        (b"unsafe", True),
        (_stamped(False, -9_999), True),
        (_stamped(False, 9_999), True),
    ],
)
def test_bad_news_is_never_too_old(payload: bytes, retained: bool) -> None:
    async def story(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        assert night.state is SafetyState.SAFE
        night.monitor.receive("cloud", payload, retained=retained)
        assert night.state is SafetyState.UNSAFE
        assert night.monitor.decision.live
        await asyncio.sleep(179)
        assert night.monitor.decision.live
        await asyncio.sleep(2)
        assert night.state is SafetyState.UNSAFE
        assert not night.monitor.decision.live  # now it is silence

    _night(story)


def test_a_retained_bad_value_of_any_topic_counts_and_a_good_one_is_not_believed() -> None:
    async def story(night: Night) -> None:
        night.monitor.receive_topic("garden/rain", DRY, retained=False)
        night.monitor.receive_topic("garden/rain", WET, retained=True)
        assert night.monitor.decision.level is SafetyLevel.ALERT
        assert night.monitor.decision.live
        night.monitor.receive_topic("garden/rain", DRY, retained=True)
        assert night.monitor.decision.level is SafetyLevel.ALERT

    _night(story, RAIN)


def test_only_a_report_that_said_unsafe_is_live() -> None:
    async def silence(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        await asyncio.sleep(400)

    async def nonsense(night: Night) -> None:
        night.monitor.receive("cloud", b"?", retained=False)

    async def contradiction(night: Night) -> None:
        night.monitor.receive("cloud", b'{"safe": false, "safe": true}', retained=False)

    async def lost(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        night.monitor.lose("cloud", "the connection is gone")

    async def clearing(night: Night) -> None:
        night.monitor.receive("cloud", b"unsafe", retained=False)
        night.monitor.receive("cloud", b"safe", retained=False)

    for story in (silence, nonsense, contradiction, lost, clearing):
        night = _night(story)
        assert (night.state, night.said[-1][1].live) == (SafetyState.UNSAFE, False), story.__name__
        assert night.states()[-1][1] == "unsafe"


def test_bad_news_stands_when_its_source_is_lost_or_talks_nonsense() -> None:
    async def story(night: Night) -> None:
        night.monitor.receive("cloud", b'{"safe": false, "level": "alert"}', retained=False)
        night.monitor.receive("cloud", b"?", retained=False)
        night.monitor.lose("cloud", "the connection is gone")
        assert night.monitor.decision.level is SafetyLevel.ALERT
        assert night.monitor.decision.live
        night.monitor.receive("cloud", b"safe", retained=False)
        assert not night.monitor.decision.live

    _night(story)


def test_a_flutter_that_is_forgiven_is_not_live() -> None:
    async def story(night: Night) -> None:
        await night.beat(60)
        night.monitor.receive("cloud", b"unsafe", retained=False)
        assert (night.monitor.decision.safe, night.monitor.decision.live) == (True, False)
        await asyncio.sleep(91)
        assert (night.monitor.decision.safe, night.monitor.decision.live) == (False, True)

    _night(story, HeartbeatSource(name="cloud", delay_s=90.0))


def test_a_retained_heartbeat_holds_for_the_rest_of_its_time() -> None:
    async def story(night: Night) -> None:
        stamp = (START - timedelta(seconds=100)).isoformat()
        night.monitor.receive(
            "cloud", json.dumps({"safe": True, "ts": stamp, "ttl": 180}).encode(), retained=True
        )
        await asyncio.sleep(200)

    assert _night(story).states() == [(0, "safe"), (80, "unsafe")]


def test_a_source_goes_stale_within_a_second_of_its_deadline() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(17.25)
        night.monitor.receive("cloud", b'{"safe": true, "ttl": 45.5}', retained=False)
        assert night.monitor.next_deadline() == pytest.approx(17.25 + 45.5)
        assert night.monitor.decision.next_check == START + timedelta(seconds=62.75)
        await asyncio.sleep(300)

    night = _night(story)
    at, decision = night.said[-1]
    assert 62.75 <= at < 63.75
    assert decision.state is SafetyState.UNSAFE
    assert decision.reasons == ("cloud: no news for more than 46 s",)
    assert decision.level is SafetyLevel.WARNING


def test_unsafe_acts_at_once_and_safe_only_after_the_clear_time() -> None:
    async def story(night: Night) -> None:
        await night.beat(300)
        await night.beat(120, b'{"safe": false, "reason": "cloud 80 %"}')
        await night.beat(900)

    night = _night(story)
    assert night.states() == [(0, "safe"), (300, "unsafe"), (1020, "safe")]
    words = [reason for _, decision in night.said for reason in decision.reasons]
    assert "cloud: cloud 80 %" in words
    assert "clear since 20:07, safe from 20:17 on" in words


def test_one_bad_minute_starts_the_clear_time_again() -> None:
    async def story(night: Night) -> None:
        await night.beat(60, b"unsafe")
        await night.beat(540)
        await night.beat(60, b"unsafe")
        await night.beat(1200)

    assert _night(story).states() == [(0, "unsafe"), (660 + 600, "safe")]


def test_silence_breaks_the_clear_time_too() -> None:
    async def story(night: Night) -> None:
        await night.beat(60, b"unsafe")
        night.monitor.receive("cloud", b"safe", retained=False)
        await asyncio.sleep(400)  # stale after 180
        await night.beat(1200)

    assert _night(story).states() == [(0, "unsafe"), (460 + 600, "safe")]


def test_the_worst_source_decides_and_rain_is_an_alert() -> None:
    async def story(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        night.monitor.receive_topic("garden/rain", DRY, retained=False)
        assert night.state is SafetyState.SAFE
        night.monitor.receive("cloud", b"unsafe", retained=False)
        assert night.monitor.decision.level is SafetyLevel.WARNING
        night.monitor.receive_topic("garden/rain", WET, retained=False)
        assert night.monitor.decision.level is SafetyLevel.ALERT
        assert len(night.monitor.decision.reasons) == 2
        assert night.monitor.decision.sources["rain"].level is SafetyLevel.ALERT

    _night(story, CLOUD, RAIN)


@pytest.mark.parametrize("payload", [b"garbage", b"{", b"unavailable", b'{"safe": "?"}'])
def test_nonsense_is_unsafe_at_once(payload: bytes) -> None:
    async def story(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        night.monitor.receive("cloud", payload, retained=False)
        assert night.state is SafetyState.UNSAFE
        assert night.monitor.decision.reasons[0].startswith("cloud: ")

    _night(story)


def test_an_empty_message_clears_a_retained_one_and_says_nothing() -> None:
    async def story(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        assert night.monitor.receive("cloud", b"", retained=False)
        assert night.state is SafetyState.SAFE

    _night(story)


def test_a_delay_forgives_a_flutter_but_neither_silence_nor_an_alert() -> None:
    flutter = HeartbeatSource(name="cloud", delay_s=90.0)

    async def short(night: Night) -> None:
        await night.beat(120)
        await night.beat(60, b"unsafe")
        await night.beat(120)

    async def long(night: Night) -> None:
        await night.beat(120)
        await night.beat(300, b"unsafe")

    async def silent(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        await asyncio.sleep(400)

    async def alert(night: Night) -> None:
        await night.beat(120)
        night.monitor.receive("cloud", b'{"safe": false, "level": "alert"}', retained=False)

    async def never_safe(night: Night) -> None:
        night.monitor.receive("cloud", b"unsafe", retained=False)

    assert _night(short, flutter).states() == [(0, "safe")]
    assert _night(long, flutter).states() == [(0, "safe"), (210, "unsafe")]
    assert _night(silent, flutter).states() == [(0, "safe"), (180, "unsafe")]
    assert _night(alert, flutter).states() == [(0, "safe"), (120, "unsafe")]
    assert _night(never_safe, flutter).states() == [(0, "unsafe")]


def test_home_assistant_going_offline_makes_its_sources_unsafe_after_a_grace() -> None:
    theirs = HeartbeatSource(name="cloud", from_home_assistant=True, ttl_s=3000)

    async def gone(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        await asyncio.sleep(100)
        night.monitor.home_assistant(online=False)
        await asyncio.sleep(60)
        night.monitor.home_assistant(online=True)
        await asyncio.sleep(60)
        assert night.state is SafetyState.UNSAFE  # online alone is no news
        night.monitor.receive("cloud", b"safe", retained=False)
        await asyncio.sleep(700)

    async def blinked(night: Night) -> None:
        night.monitor.receive("cloud", b"safe", retained=False)
        night.monitor.home_assistant(online=False)
        await asyncio.sleep(10)
        night.monitor.home_assistant(online=True)
        await asyncio.sleep(100)

    assert _night(gone, theirs, trust_ttl=False).states() == [
        (0, "safe"),
        (115, "unsafe"),
        (220 + 600, "safe"),
    ]
    assert _night(blinked, theirs, trust_ttl=False).states() == [(0, "safe")]
    own = HeartbeatSource(name="cloud", ttl_s=3000)
    assert _night(blinked, own).states() == [(0, "safe")]


def test_a_report_outlives_home_assistant_for_its_time_and_not_a_second_longer() -> None:
    theirs = HeartbeatSource(name="cloud", from_home_assistant=True)

    async def gone(night: Night) -> None:
        night.monitor.receive("cloud", b'{"safe": true, "ttl": 900}', retained=False)
        await asyncio.sleep(100)
        night.monitor.home_assistant(online=False)
        await asyncio.sleep(1000)

    async def bad(night: Night) -> None:
        night.monitor.receive("cloud", b'{"safe": false, "level": "alert", "ttl": 900}', retained=False)
        night.monitor.home_assistant(online=False)
        await asyncio.sleep(800)
        assert night.monitor.decision.level is SafetyLevel.ALERT
        assert night.monitor.decision.live

    assert _night(gone, theirs).states() == [(0, "safe"), (900, "unsafe")]
    _night(bad, theirs)
    _night(bad, theirs, trust_ttl=False)


def test_a_retained_topic_value_may_be_any_age_and_is_not_believed() -> None:
    async def story(night: Night) -> None:
        night.monitor.receive_topic("garden/rain", DRY, retained=True)
        assert night.state is SafetyState.UNKNOWN
        night.monitor.receive_topic("garden/rain", DRY, retained=False)
        assert night.state is SafetyState.SAFE

    night = _night(story, RAIN)
    assert night.monitor.topics == ("garden/rain",)


def test_a_good_value_of_a_topic_is_as_old_as_its_message_and_good_for_its_whole_time() -> None:
    async def story(night: Night) -> None:
        night.monitor.receive_topic("garden/rain", DRY, retained=False)
        assert night.monitor.decision.sources["rain"].age_s == 0.0
        await asyncio.sleep(179.5)
        assert night.monitor.evaluate().sources["rain"].age_s == 179.5
        assert night.state is SafetyState.SAFE
        await asyncio.sleep(1)
        assert night.monitor.evaluate().reasons == ("rain: no news for more than 180 s",)

    _night(story, RAIN)


def test_only_changes_are_told() -> None:
    async def story(night: Night) -> None:
        await night.beat(3600)

    assert len(_night(story).said) == 1


def test_messages_for_nobody_are_refused() -> None:
    async def story(night: Night) -> None:
        assert not night.monitor.receive("clowd", b"safe", retained=False)
        assert not night.monitor.receive_topic("other/topic", b"1", retained=False)
        assert night.state is SafetyState.UNKNOWN

    _night(story)


def test_two_levels_come_from_two_sources_on_one_topic() -> None:
    breeze = TopicSource(name="breeze", topic="wind", safe_when=SafeWhen(below=20))
    storm = TopicSource(name="storm", topic="wind", safe_when=SafeWhen(below=40), level=SafetyLevel.ALERT)

    async def story(night: Night) -> None:
        for speed, level in ((b"10", "clear"), (b"25", "warning"), (b"50", "alert")):
            night.monitor.receive_topic("wind", speed, retained=False)
            assert night.monitor.decision.level == level

    _night(story, breeze, storm)


def test_a_policy_without_a_source_is_a_configuration_error_not_safe() -> None:
    clock = LoopClock(START)
    with pytest.raises(SafetyConfigError, match="no source"):
        SafetyMonitor(clock, (), policy=WeatherPolicy.WAIT)
    with pytest.raises(SafetyConfigError, match="same name"):
        SafetyMonitor(clock, (CLOUD, CLOUD), policy=WeatherPolicy.WAIT)

    async def story() -> None:
        monitor = SafetyMonitor(clock, (), policy=WeatherPolicy.IGNORE)
        assert monitor.evaluate().state is SafetyState.UNKNOWN
        assert monitor.next_deadline() is None

    run_virtual(story())


steps = st.lists(
    st.tuples(
        st.sampled_from(["safe", "unsafe", "alert", "nonsense", "retained", "offline", "online", "wait"]),
        st.sampled_from(["cloud", "wind"]),
        st.floats(0, 400),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=often(60))
@given(steps)
def test_whatever_comes_safe_means_every_source_was_heard_to_be_clear_just_now(
    steps: list[tuple[str, str, float]],
) -> None:
    payloads = {"safe": b"safe", "unsafe": b"unsafe", "alert": b'{"safe": false, "level": "alert"}'}
    clear_at: dict[str, float] = {}
    unsafe_at = -1e9

    async def story(night: Night) -> None:
        nonlocal unsafe_at
        for kind, name, pause in steps:
            if kind in {"offline", "online"}:
                night.monitor.home_assistant(online=kind == "online")
            elif kind != "wait":
                retained = kind == "retained"
                night.monitor.receive(
                    name, payloads.get(kind, b"?" if not retained else b"safe"), retained=retained
                )
                if kind == "safe":
                    clear_at[name] = night.clock.monotonic()
                elif not retained:
                    clear_at.pop(name, None)
                    unsafe_at = night.clock.monotonic()
                    assert night.state is SafetyState.UNSAFE
            await asyncio.sleep(pause)
            if night.monitor.decision.safe:
                now = night.clock.monotonic()
                assert set(clear_at) == {"cloud", "wind"}
                assert all(now - at < 180 + 1e-6 for at in clear_at.values())
                assert now - unsafe_at >= 600

    _night(story, CLOUD, HeartbeatSource(name="wind"))


def test_it_is_clear_at_the_very_instant_that_was_announced() -> None:
    odd = 844.736  # adding 300 to it and taking it away again leaves less than 300

    async def story(night: Night) -> None:
        night.monitor.receive("cloud", b"unsafe", retained=False)
        await night.clock.sleep(odd)
        night.monitor.receive("cloud", b'{"safe": true, "ttl": 3600}', retained=False)
        deadline = night.monitor.next_deadline()
        assert deadline is not None
        await night.clock.sleep(deadline - night.clock.monotonic())
        assert night.monitor.evaluate().safe

    _night(story, clear_for_s=300.0)
