"""What an agent that cannot work tells the people who could help: in the log, on MQTT, in Home Assistant."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agent import __version__
from agent.addon.supervisor import Supervisor, SupervisorError
from agent.clock import Clock
from agent.mqtt.encoding import encode
from agent.mqtt.payloads import short
from agent.mqtt.port import MqttPort, Publication
from agent.mqtt.topics import Topics
from agent.mqtt.vocabulary import API_VERSION

_LOGGER = logging.getLogger(__name__)

TITLE = "DWARF Agent cannot work yet"
REMEDY = "Open the add-on's Configuration tab, set it right, and restart the add-on."


class FailureNotice:
    """Tells one set of problems. `tell`, then `end`; `port` is a connection of its own, or None."""

    def __init__(
        self,
        problems: Sequence[str],
        *,
        port: MqttPort | None,
        topics: Topics,
        supervisor: Supervisor,
        clock: Clock,
    ) -> None:
        self.problems = tuple(problems)
        self._port = port
        self._topics = topics
        self._supervisor = supervisor
        self._clock = clock
        self._since = clock.now()
        self._notice: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Begin; returns at once."""
        for problem in self.problems:
            _LOGGER.error("%s", problem)
        _LOGGER.error("No session can run. %s", REMEDY)
        self._notice = asyncio.get_running_loop().create_task(self._notify(), name="notice")
        if self._port is not None:
            self._port.on_connected(self._say)
            self._port.start()

    async def end(self) -> None:
        """Let go of the broker; what was said stays until a working agent says otherwise."""
        if self._notice is not None:
            self._notice.cancel()
            await asyncio.gather(self._notice, return_exceptions=True)
        if self._port is not None:
            await self._port.stop()

    async def _notify(self) -> None:
        listing = "\n".join(f"- {problem}" for problem in self.problems)
        try:
            await self._supervisor.notify(TITLE, f"{listing}\n\n{REMEDY}")
        except SupervisorError as error:
            _LOGGER.debug("Home Assistant shows no notice: %s", error)

    def _say(self) -> None:
        assert self._port is not None
        self._port.publish(self._topics.will())
        for topic, body, retain in (
            (self._topics.info, self._info(), True),
            (self._topics.bridge_event, self._event(), False),
        ):
            self._port.publish(Publication(topic, encode(body), retain=retain, json=True))

    def _info(self) -> dict[str, Any]:
        assert self._port is not None
        return {
            "name": "dwarf-agent",
            "version": __version__,
            "api_version": API_VERSION,
            "started_at": _stamp(self._since),
            "time_zone": "UTC",
            "telescopes": [],
            "capabilities": [],
            "commands": [],
            "limits": {},
            "config_hash": "",
            "mqtt_protocol": self._port.protocol,
            "log_level": "info",
            "errors": len(self.problems),
            "problem": {"code": "settings", "message": short(" ".join(self.problems)), "hint": REMEDY},
        }

    def _event(self) -> dict[str, Any]:
        return {
            "event_type": "settings_wrong",
            "ts": _stamp(self._clock.now()),
            "message": short(" ".join(self.problems)),
            "details": {"problems": [short(problem) for problem in self.problems]},
        }


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
