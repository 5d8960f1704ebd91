"""What the agent cannot do without: found on the network, checked, and written into its file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.clock import Clock, SystemClock
from agent.errors import AgentError
from agent.settings import Settings, SettingsError, load_settings
from agent.settings.flat import ENVIRONMENT_PREFIX, FLAT_SETTINGS
from agent.settings.problems import CannotEditError
from agent.text import escaped
from agent.web.agent import Answer, Neighbour

_LOGGER = logging.getLogger(__name__)

_STRONGER = (ENVIRONMENT_PREFIX, "--")  # how places begin that win over any file
FRESH_S = 10.0  # what was found stays so long: nobody makes the agent knock at every door again and again

Look = Callable[[], Awaitable[Sequence[Neighbour]]]


async def _around() -> Sequence[Neighbour]:
    from agent.telescope.dwarf.look_around import look_around, neighbours

    return [Neighbour(one.host, one.model, one.name) for one in await look_around(neighbours())]


class SettingUp:
    """Implements `agent.web.agent.SettingUp` on a file. `runs`: an agent runs with `settings` already."""

    def __init__(
        self,
        settings: Settings,
        file: Path | None,
        environment: Mapping[str, str],
        *,
        clock: Clock | None = None,
        look: Look = _around,
        runs: bool = False,
        problems: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        further = settings.config_file  # its values win, so that is where new ones belong
        self._file = Path(further) if further and file is not None else file
        self._environment = environment
        self._clock = clock or SystemClock()
        self._look = look
        self._runs = runs
        self._problems = tuple(problems)
        self._looking = asyncio.Lock()
        self._found: tuple[float, Sequence[Neighbour]] | None = None
        self.written = asyncio.Event()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self._settings.site.zone_name)

    @property
    def problems(self) -> Sequence[str]:
        return self._problems

    @property
    def file(self) -> str:
        return str(self._file) if self._file is not None else ""

    def values(self) -> Mapping[str, str]:
        settings, site = self._settings, self._settings.site
        return {
            "telescope_host": settings.telescopes[0].host,
            "latitude": _number(site.latitude),
            "longitude": _number(site.longitude),
            "timezone": site.zone_name,
            "mqtt_host": settings.mqtt.host,
            "mqtt_username": settings.mqtt.username,
            "mqtt_password": "set" if settings.mqtt.password.get_secret_value() else "",
            "weather_policy": settings.weather.policy.value,
        }

    async def look_around(self) -> Sequence[Neighbour]:
        async with self._looking:
            now = self._clock.monotonic()
            if self._found is None or now - self._found[0] > FRESH_S:
                self._found = (self._clock.monotonic(), await self._look())
            return self._found[1]

    async def write(self, values: Mapping[str, str], who: str) -> Answer:
        if self._file is None:
            return _refused("These settings are entered elsewhere.", "Use the add-on's Configuration tab.")
        chosen = {name: value.strip() for name, value in values.items()}
        if not chosen.get("mqtt_password"):
            chosen.pop("mqtt_password", None)  # an empty one is kept as it is
        try:
            changed = await asyncio.to_thread(self._write, self._file, chosen)
        except SettingsError as error:
            return _refused(" ".join(map(str, error.by_name().problems)), "")
        except AgentError as error:
            return _refused(error.message, error.hint)
        _LOGGER.info("Page: %s set %s in %s", escaped(who, 64), ", ".join(changed), self._file)
        message = f"Saved in {self._file}."
        if self._runs:
            return Answer(True, _body("done", message, "It counts when the agent is started again."))
        self.written.set()
        return Answer(True, _body("begins", message, "The agent begins."))

    def _write(self, file: Path, chosen: Mapping[str, str]) -> Sequence[str]:
        """Write what differs from what counts now; SettingsError, CannotEditError."""
        chosen = self._ours(chosen)
        if not (chosen.get("telescope_host") or self._settings.telescopes[0].host):
            raise CannotEditError("telescope_host: the telescope's address is not set.")
        from agent.settings.edit import write_settings  # it reads YAML, which an agent may have none of

        before = load_settings(file if file.is_file() else None)
        now = SettingUp(before, file, {}).values()
        changed = {name: value for name, value in chosen.items() if value != now.get(name, "")}
        load_settings(file if file.is_file() else None, environment=self._environment, assigned=changed)
        write_settings(file, changed)
        return tuple(changed)

    def _ours(self, chosen: Mapping[str, str]) -> Mapping[str, str]:
        """What the file decides about; CannotEditError for a change of what wins over it."""
        ours, now = dict(chosen), self.values()
        for name, value in chosen.items():
            place = self._settings.origins.get(FLAT_SETTINGS[name].dotted, "")
            if place.startswith(_STRONGER):
                if value != now.get(name, ""):
                    message = f"{name} is set by {place}, which wins over the file."
                    raise CannotEditError(message, hint="Change it there.")
                del ours[name]
        return ours


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


def _refused(message: str, hint: str) -> Answer:
    return Answer(False, {"status": "error", "code": "invalid", "message": message, "hint": hint})


def _body(code: str, message: str, hint: str) -> dict[str, Any]:
    return {"status": "done", "code": code, "message": message, "hint": hint}
