"""Connects the box around a telescope with what shows and moves it: MQTT topics, Home Assistant entities."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.app.weather import Subscribe, home_assistant_address
from agent.clock import Clock
from agent.conditions.safety.errors import UnreadableInputError
from agent.conditions.safety.inputs import Reading
from agent.conditions.safety.sources import EntitySource
from agent.errors import AgentError
from agent.events import SafetyLevel
from agent.mqtt.port import Message, Publication, Urgency, always
from agent.settings import Settings
from agent.settings.enclosure import Actuator, Seen
from agent.station.enclosure import Enclosure

Publish = Callable[[Publication], bool]

_SERVICES = {"cover": ("open_cover", "close_cover"), "valve": ("open_valve", "close_valve")}
_SWITCHED = ("turn_on", "turn_off")


class EnclosureSide:
    """Owner of nothing: it tells one box what is seen, and its parts what the box wants."""

    def __init__(self, settings: Settings, enclosure: Enclosure, clock: Clock) -> None:
        self._enclosure = enclosure
        self._clock = clock
        self._home_assistant = settings.home_assistant
        self._seen: Mapping[str, Seen] = settings.enclosure.seen()
        self._actuators: Mapping[str, Actuator] = settings.enclosure.actuators()
        self._publish: Publish | None = None
        enclosure.use(self.tell)

    def listen(self, subscribe: Subscribe, publish: Publish) -> None:
        """Follow the configured topics, and tell those that are told over MQTT."""
        self._publish = publish
        for topic in sorted({seen.topic for seen in self._seen.values() if seen.topic}):
            subscribe(topic, self._take, always(Urgency.SAFETY))

    async def run(self) -> None:
        """Follow the configured entities for ever."""
        sources = [
            EntitySource(name=part, entity_id=seen.entity_id, safe_when=seen.true_when)
            for part, seen in self._seen.items()
            if seen.entity_id
        ]
        if sources:
            from agent.conditions.safety.entities import EntityReader

            url, token = home_assistant_address(self._home_assistant)
            await EntityReader(self, self._clock, sources, token, url).run()

    async def tell(self, part: str, on: bool) -> None:
        """Tell a part to be on, or open; AgentError when it is not reached."""
        actuator = self._actuators[part]
        if actuator.entity_id:
            from agent.conditions.safety.entities import call_service

            domain = actuator.entity_id.partition(".")[0]
            service = _SERVICES.get(domain, _SWITCHED)[0 if on else 1]
            url, token = home_assistant_address(self._home_assistant)
            await call_service(url, token, self._clock, actuator.entity_id, service)
            return
        payload = actuator.on if on else actuator.off
        if self._publish is None or not self._publish(Publication(actuator.topic, payload.encode())):
            raise AgentError("The MQTT broker is not connected.", code="no_broker")

    # -- what is seen -----------------------------------------------------------------------------------

    def report(self, name: str, read: Callable[[], Reading]) -> None:
        """Take what an entity says."""
        try:
            value: bool | None = read().level is SafetyLevel.CLEAR
        except UnreadableInputError:
            value = None
        self._enclosure.seen.see(name, value)

    def lose(self, name: str, why: str) -> None:  # noqa: ARG002 - the reader says it in the log
        """An entity says nothing any more."""
        self._enclosure.seen.see(name, None)

    def _take(self, message: Message) -> None:
        for part, seen in self._seen.items():
            if seen.topic == message.topic:
                try:
                    value: bool | None = seen.true_when.read(message.payload)[0]
                except UnreadableInputError:
                    value = None
                self._enclosure.seen.see(part, value)
