"""The weather for all stations: one monitor, fed by MQTT and Home Assistant, heard by every telescope."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from agent.clock import Clock
from agent.conditions.safety.aggregator import SafetyMonitor
from agent.conditions.safety.mapping import SafeWhen
from agent.conditions.safety.sources import EntitySource, HeartbeatSource, SafetySource, TopicSource
from agent.errors import Problem
from agent.events import EventBus, SafetyChanged, SafetyDecision, SafetyLevel
from agent.mqtt.port import Classify, Message, Urgency, always
from agent.session.fields import WeatherPolicy
from agent.settings import Settings
from agent.settings.parts import HomeAssistantSettings
from agent.station.station import Station
from agent.station.tasks import Loop, Tasks

_LOGGER = logging.getLogger(__name__)

_SUPERVISOR_URL = "ws://supervisor/core/websocket"  # where an add-on finds Home Assistant

Subscribe = Callable[[str, Callable[[Message], None], Classify], Callable[[], None]]


class Weather:
    """Owner of the safety monitor; tells every station what it decides."""

    def __init__(
        self, settings: Settings, stations: Mapping[str, Station], bus: EventBus, clock: Clock
    ) -> None:
        self._stations = stations
        self._bus = bus
        self._clock = clock
        self._home_assistant = settings.home_assistant
        self._sources = _sources(settings)
        self.monitor = SafetyMonitor(
            clock,
            self._sources,
            policy=WeatherPolicy(settings.weather.policy),
            clear_for_s=settings.weather.clear_for_min * 60.0,
            trust_ttl=settings.weather.trust_ttl,
            timezone=next(iter(stations.values())).zone.key,
            on_change=self._tell,
        )

    def safety_input(self, source: str, payload: bytes, retained: bool, received_at: datetime) -> None:
        """Take a report that came in on a safety input's topic."""
        self.monitor.receive(source, payload, retained=retained, received_at=received_at)

    def listen(self, subscribe: Subscribe) -> None:
        """Follow the configured topics."""
        for topic in self.monitor.topics:
            subscribe(topic, self._take, always(Urgency.SAFETY))

    def home_assistant(self, *, online: bool) -> None:
        """Home Assistant came or went."""
        self.monitor.home_assistant(online=online)

    def say_again(self) -> None:
        """Publish the current decision for listeners that came late."""
        self._tell(self.monitor.decision)

    async def run(self) -> None:
        """Watch every deadline, and Home Assistant's entities, until cancelled."""
        self.say_again()
        entities = [source for source in self._sources if isinstance(source, EntitySource)]
        loops: dict[str, Loop] = {"deadlines": self.monitor.run}
        if entities:
            from agent.conditions.safety.entities import EntityReader

            url, token = home_assistant_address(self._home_assistant)
            loops["entities"] = EntityReader(self.monitor, self._clock, entities, token, url).run
        await Tasks("weather", self._clock, self._give_up).keep(loops)

    def _give_up(self, part: str, problem: Problem) -> None:
        """Nobody watches over the sources any more: that is as bad as what they could not tell."""
        for source in self._sources:
            if part != "entities" or isinstance(source, EntitySource):
                self.monitor.lose(source.name, "the agent's watch over it failed")
        for station in self._stations.values():
            station.status.problem(f"weather {part}", problem)

    def _take(self, message: Message) -> None:
        self.monitor.receive_topic(message.topic, message.payload, retained=message.retain)

    def _tell(self, decision: SafetyDecision) -> None:
        for station in self._stations.values():
            policy = station.switches.values.weather_policy
            shown = replace(decision, policy=policy.value)
            if self._sources:
                try:
                    station.weather(shown)
                except Exception:
                    _LOGGER.exception("%s could not hear of the weather", station.id)
            self._bus.publish(SafetyChanged(telescope=station.id, at=self._clock.now(), decision=shown))


def _sources(settings: Settings) -> list[SafetySource]:
    weather = settings.weather
    heartbeats = [
        HeartbeatSource(name=name, ttl_s=weather.ttl_s, from_home_assistant=True) for name in weather.inputs
    ]
    entities = [
        EntitySource(
            name=entity.entity_id,
            entity_id=entity.entity_id,
            safe_when=SafeWhen(above=entity.above, below=entity.below, equals=entity.equals),
            max_age_s=entity.max_age_s,
            level=SafetyLevel(entity.level),
            delay_s=entity.delay_s,
        )
        for entity in weather.entities
    ]
    topics = [
        TopicSource(
            name=f"{topic.topic} {topic.value}".strip(),
            topic=topic.topic,
            safe_when=SafeWhen(topic.value, topic.above, topic.below, topic.equals),
            max_age_s=topic.max_age_s or weather.ttl_s,
            level=SafetyLevel(topic.level),
            delay_s=topic.delay_s,
        )
        for topic in weather.topics
    ]
    return [*heartbeats, *entities, *topics]


def home_assistant_address(settings: HomeAssistantSettings) -> tuple[str, str]:
    """Where Home Assistant's websocket is: as configured, else the add-on's Supervisor."""
    token = settings.token.get_secret_value()
    if settings.url and token:
        url = settings.url.rstrip("/").replace("http", "ws", 1)
        return f"{url}/api/websocket", token
    return _SUPERVISOR_URL, os.environ.get("SUPERVISOR_TOKEN", "")
