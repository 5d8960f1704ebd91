from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from agent.clock import LoopClock
from agent.conditions.safety.aggregator import SafetyMonitor
from agent.conditions.safety.entities import EntityReader, EntityReaderError, call_service
from agent.conditions.safety.mapping import SafeWhen
from agent.conditions.safety.sources import EntitySource
from agent.events import SafetyLevel, SafetyState
from agent.session.fields import WeatherPolicy
from tests.support.virtual_loop import run_virtual

START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
TOKEN = "a-long-lived-token"
CLOUD = EntitySource(name="cloud", entity_id="sensor.cloud", safe_when=SafeWhen(below=30))
RAIN = EntitySource(
    name="rain",
    entity_id="binary_sensor.rain",
    safe_when=SafeWhen(equals="off"),
    level=SafetyLevel.ALERT,
    max_age_s=600,
)


class FakeHomeAssistant:
    """As much of Home Assistant's WebSocket API as the reader needs, with faults."""

    def __init__(self, clock: LoopClock) -> None:
        self.clock = clock
        self.states = {"sensor.cloud": "12", "binary_sensor.rain": "off"}
        self.attributes: dict[str, object] = {}  # of an entity, {} where nothing else is said
        self.answers_pings = True
        self.restarts = False  # it answers nobody
        self.asked_at: list[float] = []  # of the monotonic clock
        self.logins = 0
        self.called: list[tuple[str, str, str]] = []  # services
        self.refusal: dict[str, str] = {}  # of the next ones: its code and message
        self.url = ""
        self._sockets: list[tuple[web.WebSocketResponse, int]] = []
        app = web.Application()
        app.router.add_get("/api/websocket", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start(self, port: int = 0) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"ws://127.0.0.1:{port}/api/websocket"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def drop(self) -> None:
        for socket, _ in self._sockets:
            await socket.close()
        self._sockets.clear()

    async def change(self, entity_id: str, state: str) -> None:
        self.states[entity_id] = state
        now = self.clock.now().timestamp()
        await self._tell({"c": {entity_id: {"+": {"s": state, "lc": now}}}})

    async def remove(self, entity_id: str) -> None:
        del self.states[entity_id]
        await self._tell({"r": [entity_id]})

    async def _tell(self, event: dict[str, Any]) -> None:
        for socket, number in self._sockets:
            await socket.send_json({"id": number, "type": "event", "event": event})

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        self.asked_at.append(self.clock.monotonic())
        if self.restarts:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required", "ha_version": "2026.11.0"})
        login = await socket.receive_json()
        self.logins += 1
        if login != {"type": "auth", "access_token": TOKEN}:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token"})
            await socket.close()
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2026.11.0"})
        async for message in socket:
            await self._answer(socket, message.json())
        return socket

    async def _answer(self, socket: web.WebSocketResponse, asked: dict[str, Any]) -> None:
        number = asked["id"]
        if asked["type"] == "ping":
            if self.answers_pings:
                await socket.send_json({"id": number, "type": "pong"})
            return
        if asked["type"] == "call_service" and asked["service"] == "close_cover":
            return  # one that answers only when all is done
        if asked["type"] == "call_service":
            self.called.append((asked["domain"], asked["service"], asked["target"]["entity_id"]))
            answer = {"success": False, "error": self.refusal} if self.refusal else {"success": True}
            await socket.send_json({"id": number, "type": "result", "result": None, **answer})
            return
        assert asked["type"] == "subscribe_entities"
        await socket.send_json({"id": number, "type": "result", "success": True, "result": None})
        now = self.clock.now().timestamp()
        there = {
            entity_id: {"s": self.states[entity_id], "a": self.attributes.get(entity_id, {}), "lc": now - 50}
            for entity_id in asked["entity_ids"]
            if entity_id in self.states
        }
        await socket.send_json({"id": number, "type": "event", "event": {"a": there}})
        self._sockets.append((socket, number))


class Night:
    """A reader connected to a Home Assistant, and the states the monitor went through."""

    def __init__(self, *sources: EntitySource) -> None:
        self.clock = LoopClock(START)
        self.home = FakeHomeAssistant(self.clock)
        self.seen: list[tuple[float, str]] = []
        self.monitor = SafetyMonitor(
            self.clock, sources, policy=WeatherPolicy.WAIT, on_change=self._changed, clear_for_s=120
        )
        self.sources = sources

    @property
    def state(self) -> SafetyState:
        return self.monitor.decision.state

    def _changed(self, decision: object) -> None:
        state = self.monitor.decision.state.value
        if not self.seen or self.seen[-1][1] != state:
            self.seen.append((self.clock.monotonic(), state))


def _night(story: Callable[[Night], Awaitable[None]], *sources: EntitySource, token: str = TOKEN) -> Night:
    async def whole() -> Night:
        night = Night(*sources)
        await night.home.start()
        reader = EntityReader(night.monitor, night.clock, sources, token, night.home.url)
        tasks = [asyncio.create_task(night.monitor.run()), asyncio.create_task(reader.run())]
        try:
            await story(night)
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
            await night.home.stop()
        return night

    return run_virtual(whole())


def test_entities_are_followed_and_a_change_acts_at_once() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(5)
        assert night.state is SafetyState.SAFE
        await night.home.change("sensor.cloud", "80")
        await asyncio.sleep(0.2)
        assert night.state is SafetyState.UNSAFE
        assert night.monitor.decision.reasons == ("cloud: 80",)
        await night.home.change("sensor.cloud", "10")
        await asyncio.sleep(119)
        assert night.state is SafetyState.UNSAFE
        await asyncio.sleep(2)
        assert night.state is SafetyState.SAFE

    _night(story, CLOUD)


@pytest.mark.parametrize(
    ("attributes", "called"),
    [
        ({"friendly_name": "Clouds"}, "Clouds"),
        ({"friendly_name": "C" * 60}, "C" * 60),
        ({"friendly_name": "C" * 61}, "C" * 59 + "…"),
        ({"friendly_name": 7}, "cloud"),
        (["friendly_name"], "cloud"),
    ],
)
def test_an_entity_is_called_what_people_call_it(attributes: object, called: str) -> None:
    async def story(night: Night) -> None:
        night.home.attributes["sensor.cloud"] = attributes
        await asyncio.sleep(5)
        await night.home.change("sensor.cloud", "80")
        await asyncio.sleep(0.2)
        assert night.monitor.decision.reasons == (f"{called}: 80",)

    _night(story, CLOUD)


@pytest.mark.parametrize(("service", "after_s"), [("open_cover", 0), ("close_cover", 10)])
def test_a_service_is_called_and_what_answers_late_was_called_all_the_same(
    service: str, after_s: float
) -> None:
    async def story(night: Night) -> None:
        began = night.clock.monotonic()
        await call_service(night.home.url, TOKEN, night.clock, "cover.roof", service)
        assert night.clock.monotonic() - began == pytest.approx(after_s, abs=0.5)

    _night(story, CLOUD)


def test_a_home_assistant_that_does_not_even_greet_is_given_up_after_half_a_minute() -> None:
    async def story(night: Night) -> None:
        callers: list[Any] = []  # kept: a connection that nobody holds is closed
        silent = await asyncio.start_server(lambda *ends: callers.append(ends), "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        began = night.clock.monotonic()
        with pytest.raises(EntityReaderError, match=r"does not answer \(TimeoutError\)"):
            await call_service(f"ws://127.0.0.1:{port}/", TOKEN, night.clock, "cover.roof", "open_cover")
        assert night.clock.monotonic() - began == pytest.approx(30, abs=0.5)
        silent.close()

    _night(story, CLOUD)


def test_an_entity_stays_good_for_hours_while_home_assistant_answers() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(3 * 3600)
        assert night.state is SafetyState.SAFE

    assert [state for _, state in _night(story, CLOUD).seen] == ["safe"]


def test_a_lost_connection_is_unsafe_at_once_and_found_again() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(5)
        await night.home.drop()
        await asyncio.sleep(0.5)
        assert night.state is SafetyState.UNSAFE
        assert "Home Assistant does not answer" in night.monitor.decision.reasons[0]
        await asyncio.sleep(200)
        assert night.state is SafetyState.SAFE
        assert night.home.logins == 2

    _night(story, CLOUD)


def test_a_home_assistant_that_restarts_is_asked_again_ever_less_often() -> None:
    async def story(night: Night) -> None:
        night.home.restarts = True
        await asyncio.sleep(90)
        asked = night.home.asked_at
        pauses = [after - before for before, after in pairwise(asked)]
        assert pauses == pytest.approx([1, 2, 5, 10, 30, 30], abs=0.5)

    _night(story, CLOUD)


def test_a_home_assistant_that_hangs_is_noticed_within_a_minute() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(5)
        night.home.answers_pings = False
        await asyncio.sleep(40)
        assert night.state is SafetyState.UNSAFE

    _night(story, CLOUD)


def test_an_entity_that_says_nothing_new_for_too_long_is_stale_on_the_second() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(700)

    seen = _night(story, RAIN).seen
    assert [state for _, state in seen] == ["safe", "unsafe"]
    assert 549 < seen[1][0] <= 551  # it was 50 s old at the start and may be 600


def test_missing_unavailable_and_removed_entities_are_unsafe() -> None:
    nowhere = EntitySource(name="wind", entity_id="sensor.wind", safe_when=SafeWhen(below=20))

    async def missing(night: Night) -> None:
        await asyncio.sleep(30)
        assert night.state is SafetyState.UNSAFE
        assert "no entity sensor.wind" in night.monitor.decision.reasons[0]

    async def unavailable(night: Night) -> None:
        await asyncio.sleep(5)
        await night.home.change("sensor.cloud", "unavailable")
        await asyncio.sleep(0.2)
        assert night.state is SafetyState.UNSAFE

    async def removed(night: Night) -> None:
        await asyncio.sleep(5)
        await night.home.remove("sensor.cloud")
        await asyncio.sleep(0.2)
        assert night.state is SafetyState.UNSAFE

    _night(missing, nowhere)
    _night(unavailable, CLOUD)
    _night(removed, CLOUD)


def test_rain_seen_by_an_entity_is_an_alert() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(5)
        await night.home.change("binary_sensor.rain", "on")
        await asyncio.sleep(0.2)
        assert night.monitor.decision.level is SafetyLevel.ALERT

    _night(story, CLOUD, RAIN)


def test_rain_that_an_entity_reported_long_ago_is_still_an_alert() -> None:
    async def story(night: Night) -> None:
        night.home.states["binary_sensor.rain"] = "on"
        await asyncio.sleep(700)  # it says nothing new, for longer than a good value would be believed
        assert night.monitor.decision.level is SafetyLevel.ALERT
        assert night.monitor.decision.live

    async def lost(night: Night) -> None:
        night.home.states["binary_sensor.rain"] = "on"
        await asyncio.sleep(5)
        await night.home.stop()
        await asyncio.sleep(60)
        assert night.state is SafetyState.UNSAFE
        assert not night.monitor.decision.live

    _night(story, RAIN)
    _night(lost, RAIN)


def test_a_wrong_token_is_unsafe_said_plainly_and_not_hammered() -> None:
    async def story(night: Night) -> None:
        await asyncio.sleep(250)
        assert night.state is SafetyState.UNSAFE
        assert "refuses the token" in night.monitor.decision.reasons[0]
        assert night.home.logins == 1

    _night(story, CLOUD, token="wrong")


def test_the_token_is_in_no_words_about_the_reader() -> None:
    async def story() -> None:
        monitor = SafetyMonitor(LoopClock(START), (CLOUD,), policy=WeatherPolicy.WAIT)
        assert TOKEN not in repr(EntityReader(monitor, LoopClock(START), (CLOUD,), TOKEN, "ws://home"))

    run_virtual(story())
