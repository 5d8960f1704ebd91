"""The stations on MQTT: service, discovery, settings, pictures."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from agent import __version__
from agent.app.advice import Advisor
from agent.app.darkness import Darkness
from agent.app.diagnostics import LEVELS, Diagnostics
from agent.app.handlers import AgentHandlers, published
from agent.app.pictures import Pictures
from agent.app.suggesting import Suggesting
from agent.app.weather import Weather
from agent.clock import Clock
from agent.errors import Problem
from agent.events import AvailabilityChanged, Event, EventBus, QueueChanged
from agent.fleet.fleet import Fleet, agent_word
from agent.fleet.held import HeldSubmissions
from agent.fleet.placing import Placing
from agent.group_progress import GroupsChanged
from agent.mqtt.discovery.announced import Announced
from agent.mqtt.discovery.announcer import Announcer
from agent.mqtt.discovery.bridge import bridge_prefix, build_bridge_device
from agent.mqtt.discovery.dashboard import dashboard
from agent.mqtt.discovery.model import (
    NO_FILE,
    BridgeFacts,
    DeviceMessage,
    DiscoveryOptions,
    TelescopeFacts,
    filter_names,
)
from agent.mqtt.discovery.telescope import build_telescope_device
from agent.mqtt.no_broker import NoBroker
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import Message, MqttPort
from agent.mqtt.service import About, BirthTopic, MqttService
from agent.mqtt.suggested import suggested
from agent.mqtt.topics import Topics
from agent.mqtt.vocabulary import State
from agent.planner.suggestions import Suggestions
from agent.session.fields import WeatherPolicy
from agent.settings import Settings, redacted
from agent.sky.nights import Interval
from agent.station.station import Station
from agent.station.switches import Switches
from agent.station.tasks import Loop, Tasks

_LOGGER = logging.getLogger(__name__)

SHOWN_FILES = 100  # a longer list of session files helps nobody on a dashboard


class MqttSide:
    """Owns everything of the agent that speaks MQTT. What it says is kept, with a broker or without."""

    def __init__(
        self,
        settings: Settings,
        stations: Mapping[str, Station],
        placing: Placing,
        bus: EventBus,
        clock: Clock,
        *,
        weather: Weather,
        restart: Callable[[], None],
        announced: Announced,
        warnings: Sequence[str] = (),
        port: MqttPort | None = None,
    ) -> None:
        self._settings = settings
        self._stations = stations
        self._bus = bus
        self._clock = clock
        self._weather = weather
        self._warnings = warnings
        topics = Topics(settings.mqtt.base_topic)
        self.port = port or _port(settings, topics)
        shown = redacted(settings)
        station = next(iter(stations.values()))
        self._diagnostics = Diagnostics(self._diagnose, clock)
        self.handlers = AgentHandlers(
            stations,
            placing,
            safety_input=weather.safety_input,
            resend_discovery=self._resend,
            restart=restart,
            set_log_level=self._diagnostics.set_level,
            settings_shown=shown,
            suggestions=self.suggestions,
        )
        self.service = MqttService(
            self.port,
            topics,
            bus,
            self.handlers,
            About(
                version=__version__,
                telescopes=[_about(each) for each in stations.values()],
                config_hash=hashlib.sha256(
                    json.dumps(shown, sort_keys=True, default=str).encode()
                ).hexdigest()[:12],
            ),
            clock=clock,
            zone=station.zone,
            birth=BirthTopic(
                settings.discovery.birth_topic,
                settings.discovery.birth_payload,
                settings.discovery.death_payload,
            ),
            discovery_prefix=settings.discovery.prefix,
            response_prefixes=settings.mqtt.response_prefixes,
            safety_inputs=settings.weather.inputs,
        )
        self._fleet = self._join(placing) if settings.mqtt.fleet_topic else None
        self._options = DiscoveryOptions(
            topics=topics,
            prefix=settings.discovery.prefix,
            ha_min_version=_version(settings.discovery.min_version),
            agent_version=__version__,
            language=settings.discovery.language,
        )
        self._waiting: dict[str, set[str]] = {}
        self._announced = announced
        self._advisor = Advisor(clock)
        self._suggesting = {
            station.id: Suggesting(station, partial(self._say_suggestions, station.id), self._advisor)
            for station in stations.values()
            if settings.suggestions
        }
        self._announcer = Announcer(self.port, announced, clock)

    async def run(self) -> None:
        """Speak until cancelled, then say goodbye."""
        ends = [self._bus.subscribe(self._hear)]
        for station in self._stations.values():
            self._say_settings(station.id, station.switches.values)
            station.switches.listen(partial(self._say_settings, station.id))
        self.service.on_birth(self._home_assistant_came)
        self.service.on_death(lambda: self._weather.home_assistant(online=False))
        self._weather.listen(self.port.subscribe)
        if self._settings.uptonight_topic:
            self.port.subscribe(self._settings.uptonight_topic, self._advised)
        if self._fleet is not None:
            ends.append(self._fleet.attach())
        self.service.start()
        for warning in self._warnings:
            self.service.publisher.bridge_event("sessions_left_behind", warning)
        for station in self._stations.values():
            station.say_again()
        self._weather.say_again()
        try:
            loops: dict[str, Loop] = {"discovery": self._announcer.run, "diagnostics": self._diagnostics.run}
            if self._fleet is not None:
                loops["fleet"] = self._fleet.run
            for station in self._stations.values():
                pictures = Pictures(station, self.service.publisher.image)
                ends.append(self._bus.subscribe(pictures.hear))
                loops[f"{station.id}: pictures"] = pictures.run
                if station.site is not None:
                    say = partial(self.service.publisher.state, station.id, State.DARKNESS)
                    loops[f"{station.id}: darkness"] = Darkness(station.site, self._clock, say).run
                if not self._settings.suggestions:
                    self._say_suggestions(station.id, None, "They are switched off (suggestions).")
            for name, suggesting in self._suggesting.items():
                ends.append(self._bus.subscribe(suggesting.hear))
                loops[f"{name}: suggestions"] = suggesting.run
            self._announce()
            await Tasks("mqtt", self._clock, self._give_up).keep(loops)
        finally:
            for end in ends:
                end()
            await self.service.stop()

    def _join(self, placing: Placing) -> Fleet:
        """Share submissions with other agents, and count what they collect for groups."""
        base, root = self._settings.mqtt.base_topic, next(iter(self._stations.values())).store.tree
        fleet = Fleet(
            *(agent_word(base), self._settings.mqtt.fleet_topic, self.port, self.service.outbox),
            *(self.service.payloads, placing),
            HeldSubmissions(root.ledger.with_name("fleet")),
            self._clock,
        )
        for station in self._stations.values():
            station.neighbours.lights_of_others = fleet.totals.lights
        return fleet

    def suggestions(self, telescope_id: str) -> Suggestions | None:
        """Return what is worth a picture tonight; None while that is not known."""
        suggesting = self._suggesting.get(telescope_id)
        return suggesting.latest if suggesting is not None else None

    def suggestions_within(self, telescope_id: str, stretch: Interval) -> Suggestions | None:
        """Return the best of a stretch of tonight; None while nothing is known. Slow: use a thread."""
        suggesting = self._suggesting.get(telescope_id)
        return suggesting.within(stretch) if suggesting is not None else None

    def _give_up(self, part: str, problem: Problem) -> None:
        for station in self._stations.values():
            station.status.problem(part, problem)

    def _advised(self, message: Message) -> None:
        if self._advisor.take(message):
            for suggesting in self._suggesting.values():
                suggesting.look()

    def _say_suggestions(self, telescope_id: str, found: Suggestions | None, message: str) -> None:
        body = suggested(self.service.payloads, found, message, self._clock.now())
        self.service.publisher.state(telescope_id, State.SUGGESTIONS, body)

    def _say_settings(self, telescope_id: str, switches: Switches) -> None:
        shown = published(switches)
        if not self._stations[telescope_id].enclosure.exists:
            del shown["enclosure"]
        queue = self._stations[telescope_id].dispatcher.queue
        if switches.session_file not in [waiting.session_id for waiting in queue[:SHOWN_FILES]]:
            shown["session_file"] = NO_FILE  # Home Assistant refuses a choice that it was not offered
        self.service.publisher.settings(telescope_id, shown)

    def _diagnose(self, log_level: str, errors: int) -> None:
        self.service.diagnose(log_level, errors)

    def _home_assistant_came(self) -> None:
        self._weather.home_assistant(online=True)
        self._resend()

    def _resend(self) -> None:
        self._announcer.resend()
        self.service.say_again()

    def _hear(self, event: Event) -> None:
        if isinstance(event, QueueChanged):
            self._forget_started(self._stations[event.telescope], event)
        if isinstance(event, QueueChanged | GroupsChanged) or (
            isinstance(event, AvailabilityChanged) and event.online
        ):
            if isinstance(event, AvailabilityChanged):
                self.service.inform([_about(each) for each in self._stations.values()])
            self._announce()

    def _forget_started(self, station: Station, event: QueueChanged) -> None:
        """Choose no file when the chosen one waits no more: the list that is offered has lost it."""
        waiting = {session.session_id for session in event.sessions}
        chosen, before = station.switches.values.session_file, self._waiting.get(station.id, set())
        self._waiting[station.id] = waiting
        if chosen in before - waiting:
            station.switches.change(session_file="")

    def _announce(self) -> None:
        messages: list[DeviceMessage] = []
        if self._settings.discovery.enabled:  # else what was announced before is taken back
            messages.append(build_bridge_device(BridgeFacts(log_levels=tuple(LEVELS)), self._options))
            messages += [
                build_telescope_device(self._facts(station), self._options)
                for station in self._stations.values()
            ]
        topics = self._options.topics
        groups = [
            topics.group(station.id, word)
            for station in self._stations.values()
            for word in station.parents.collecting.names
        ]
        self._announcer.announce(messages, (*topics.retained(self._stations), *groups))

    def dashboard(self, telescope: str) -> str:
        """Return a telescope's dashboard for Home Assistant; "" when nothing is announced to one."""
        if not self._settings.discovery.enabled or isinstance(self.port, NoBroker):
            return ""
        facts = self._facts(self._stations[telescope])
        return dashboard(facts.entity_prefix, bridge_prefix(self._options), facts.name)

    def _facts(self, station: Station) -> TelescopeFacts:
        identity = station.telescope.identity
        capabilities = station.capabilities()
        name = name_of(station)
        serial = identity.serial if identity else str(station.ground.state.get("serial") or "")
        pins = self._announced.pin(
            station.id, hardware_id=serial, name=name, entity_prefix=station.own.entity_prefix
        )
        return TelescopeFacts(
            telescope_id=station.id,
            name=name,
            model=capabilities.model if capabilities else "",
            hardware_id=pins.hardware_id,
            entity_prefix=pins.entity_prefix,
            firmware=identity.firmware if identity else "",
            serial=serial,
            filters=filter_names(capabilities) if capabilities else (),
            weather_policies=tuple(policy.value for policy in WeatherPolicy),
            can_provision=station.bluetooth is not None,
            groups=tuple(station.parents.collecting.names.items()),
            has_enclosure=station.enclosure.exists,
            archives=station.followers.archivist is not None,
            session_files=tuple(waiting.session_id for waiting in station.dispatcher.queue[:SHOWN_FILES]),
        )


def _port(settings: Settings, topics: Topics) -> MqttPort:
    return PahoPort(settings.mqtt.broker(), will=topics.will()) if settings.mqtt.host else NoBroker()


def name_of(station: Station) -> str:
    """What the owner calls the telescope, else what it called itself when it last answered."""
    identity = station.telescope.identity
    told = identity.name if identity else str(station.ground.state.get("name") or "")
    return station.own.name or told or station.id


def _about(station: Station) -> dict[str, Any]:
    """What is told of a telescope; of one whose driver has a defect, what is known without it."""
    known: dict[str, Any] = {"id": station.id, "driver": station.own.driver, "model": station.own.model}
    try:
        identity = station.telescope.identity
        known |= {"name": name_of(station), "streams": dict(station.telescope.streams)}
    except Exception:
        _LOGGER.exception("The driver of %s met a defect", station.id)
        return {**known, "name": station.own.name or station.id}
    if identity is not None:
        known |= {"model": identity.model, "firmware": identity.firmware}
    return {"firmware": "", **known}


def _version(text: str) -> tuple[int, int]:
    year, month = text.split(".")
    return int(year), int(month)
