"""What Home Assistant's Supervisor tells an add-on: the MQTT broker, and where the house stands."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, SecretStr, ValidationError

from agent.clock import Clock
from agent.errors import AgentError
from agent.settings import Settings
from agent.settings.parts import SiteSettings

_LOGGER = logging.getLogger(__name__)

SUPERVISOR_URL = "http://supervisor"  # the name the Supervisor has in every add-on's network
TOKEN_VARIABLE = "SUPERVISOR_TOKEN"  # noqa: S105 - a name; set in every add-on, and only there
URL_VARIABLE = "SUPERVISOR_URL"  # set only where a stand-in plays the Supervisor
PLACE_FILE = Path("/data/place.json")  # an add-on's own folder; outlives updates

_ANSWER_S = 10.0  # the Supervisor answers within milliseconds; a busy Raspberry Pi takes seconds
_PLACE_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)  # Home Assistant restarts within about half a minute
_NOTICE = "dwarf_agent"  # id of our one notice in Home Assistant: a newer one replaces it


class SupervisorError(AgentError):
    """The Supervisor, or Home Assistant behind it, does not answer as it should."""

    code = "supervisor"


@dataclass(frozen=True, slots=True)
class FoundBroker:
    """The broker that an add-on may use."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where Home Assistant says the house stands. Degrees, metres, name of the time zone ("" unknown)."""

    latitude: float
    longitude: float
    altitude_m: float
    timezone: str


class _BrokerBody(BaseModel):
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    ssl: bool = False
    username: str | None = None
    password: str | None = None


class _PlaceBody(BaseModel):
    latitude: float
    longitude: float
    elevation: float | None = None
    time_zone: str | None = None


class Supervisor:
    """Asks the Supervisor. Every call is one request; SupervisorError when it gets no good answer."""

    def __init__(self, token: str, *, url: str = SUPERVISOR_URL) -> None:
        self.token = token
        self.url = url.rstrip("/")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Supervisor | None:
        """Return the Supervisor that started this process; None when none did."""
        token = environment.get(TOKEN_VARIABLE)
        return cls(token, url=environment.get(URL_VARIABLE) or SUPERVISOR_URL) if token else None

    async def broker(self) -> FoundBroker | None:
        """Return the broker; None while there is none (not installed, or still starting)."""
        status, body = await self._request("GET", "/services/mqtt")
        if status in (400, 404):
            return None
        data = body.get("data") if isinstance(body, dict) else None
        if status != 200 or not isinstance(data, dict):
            raise SupervisorError(f"The Supervisor answers {status} when asked for the MQTT broker.")
        if not data:
            return None
        try:
            found = _BrokerBody.model_validate(data)
        except ValidationError as error:
            raise SupervisorError(_unreadable("The Supervisor's MQTT broker", error)) from None
        return FoundBroker(found.host, found.port, found.username or "", found.password or "", found.ssl)

    async def place(self) -> Place | None:
        """Return where the house stands; None when nobody has told Home Assistant."""
        status, body = await self._request("GET", "/core/api/config")
        if status != 200:
            raise SupervisorError(f"Home Assistant answers {status} when asked where it is.")
        return _place(body)

    async def notify(self, title: str, message: str) -> None:
        """Show a notice in Home Assistant, in place of the one before."""
        await self._notice("create", title=title, message=message)

    async def dismiss(self) -> None:
        """Take our notice back."""
        await self._notice("dismiss")

    async def _notice(self, verb: str, **words: str) -> None:
        path = f"/core/api/services/persistent_notification/{verb}"
        status, _ = await self._request("POST", path, {"notification_id": _NOTICE, **words})
        if status not in (200, 201):
            raise SupervisorError(f"Home Assistant answers {status} to a notice.")

    async def _request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        import aiohttp  # some 10 MB, of use in an add-on alone

        timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as http,
                http.request(method, self.url + path, json=body) as answer,
            ):
                text = await answer.text()
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            words = str(error) or type(error).__name__
            raise SupervisorError(f"The Supervisor cannot be asked ({words}).") from None
        if status in (401, 403):
            raise SupervisorError(
                f"The Supervisor refuses {path}.", hint="Update the add-on, or install it again."
            )
        try:
            return status, json.loads(text)
        except ValueError:
            return status, None


async def complete_settings(
    settings: Settings, supervisor: Supervisor, clock: Clock, *, memory: Path = PLACE_FILE
) -> Settings:
    """Return the settings with what Home Assistant knows in place of what nobody set.

    Place and time zone come from Home Assistant, or from `memory`, where they were kept last time; the way to
    its entities is the Supervisor's. Takes half a minute at most.
    """
    changes: dict[str, Any] = {}
    site = settings.site
    if site.latitude is None or site.longitude is None:
        place = await _known_place(supervisor, clock, memory)
        if place is not None:
            changes["site"] = site.model_copy(
                update={
                    "latitude": place.latitude,
                    "longitude": place.longitude,
                    "altitude_m": place.altitude_m,
                    "timezone": site.timezone or place.timezone,
                }
            )
    own = settings.home_assistant
    if not own.url and not own.token.get_secret_value():
        update = {"url": f"{supervisor.url}/core", "token": SecretStr(supervisor.token)}
        changes["home_assistant"] = own.model_copy(update=update)
    return settings.model_copy(update=changes)


async def _known_place(supervisor: Supervisor, clock: Clock, memory: Path) -> Place | None:
    for pause in (*_PLACE_PAUSES_S, None):
        try:
            place = await supervisor.place()
        except SupervisorError as error:
            _LOGGER.log(logging.WARNING if pause is None else logging.DEBUG, "%s", error)
        else:
            if place is None:
                _LOGGER.warning("Home Assistant does not know where it is. Set latitude and longitude.")
                return None
            _LOGGER.info("Place and time zone are Home Assistant's (%s)", place.timezone or "no time zone")
            await asyncio.to_thread(_remember, memory, place)
            return place
        if pause is not None:
            await clock.sleep(pause)
    place = await asyncio.to_thread(_remembered, memory)
    if place is None:
        _LOGGER.warning("Where the telescope stands is not known. Set latitude and longitude.")
    else:
        _LOGGER.info("Place and time zone are those of the last start")
    return place


def _place(body: Any) -> Place | None:
    try:
        found = _PlaceBody.model_validate(body)
        if found.latitude == 0 and found.longitude == 0:  # what Home Assistant has before anybody set it
            return None
        checked = SiteSettings(
            latitude=found.latitude,
            longitude=found.longitude,
            altitude_m=found.elevation or 0.0,
            timezone=found.time_zone or "",
        )
    except ValidationError as error:
        raise SupervisorError(_unreadable("Home Assistant's place", error)) from None
    return Place(found.latitude, found.longitude, checked.altitude_m, checked.timezone)


def _remember(memory: Path, place: Place) -> None:
    body = {
        "latitude": place.latitude,
        "longitude": place.longitude,
        "elevation": place.altitude_m,
        "time_zone": place.timezone,
    }
    try:
        memory.write_text(json.dumps(body), encoding="utf-8")
    except OSError as error:
        _LOGGER.debug("The place is not kept for the next start: %s", error)


def _remembered(memory: Path) -> Place | None:
    try:
        return _place(json.loads(memory.read_text(encoding="utf-8")))
    except (OSError, ValueError, SupervisorError):
        return None


def _unreadable(what: str, error: ValidationError) -> str:
    places = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors(include_input=False)})
    return f"{what} cannot be read: {', '.join(places) or 'no mapping'}."
