"""What people can switch on a station while it runs; remembered across restarts, but for the arming."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from agent.clock import Clock
from agent.conditions.requirements import LONGEST_WAIT_MIN
from agent.session.fields import WeatherPolicy
from agent.session.problems import BadValueError
from agent.session.times import read_instant
from agent.station.state_file import StateFile

ENCLOSURE_MODES = ("auto", "open", "closed")  # by itself, held open for a person, kept closed
ARM_FIRST = "Switch on 'Controls armed' first, or run `dwarf-agent arm`; it switches itself off again."
ARMED_FOR_S = 600.0  # armed controls disarm themselves: nobody remembers to


@dataclass(frozen=True, slots=True)
class Switches:
    """The settings of a station as published. `not_before` is aware UTC, or None."""

    scheduler: bool = True
    armed: bool = False
    weather_policy: WeatherPolicy = WeatherPolicy.IGNORE
    max_wait_min: int = 120
    filter: str = ""
    session_file: str = ""
    not_before: datetime | None = None
    enclosure: str = "auto"


class SwitchBoard:
    """Owner of a station's switches."""

    def __init__(self, state: StateFile, defaults: Switches, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._listeners: list[Callable[[Switches], None]] = []
        self._disarm: asyncio.Task[None] | None = None
        self._armed_for_s = ARMED_FOR_S  # for how long the next arming holds
        self._configured = _configured(defaults)
        saved = state.get("switches")
        self.values = _restored(defaults, saved if isinstance(saved, dict) else {})
        if isinstance(saved, dict) and saved.get("configured") != self._configured:
            self._keep()  # what gave way to the configuration does not come back when that goes back

    def listen(self, listener: Callable[[Switches], None]) -> None:
        """Call back after each change."""
        self._listeners.append(listener)

    def change(self, **values: Any) -> None:
        """Change some switches; arming undoes itself after a while."""
        self.values = replace(self.values, **values)
        self._keep()
        if "armed" in values:
            self._arm(values["armed"])
        for listener in tuple(self._listeners):
            listener(self.values)

    def arm(self, seconds: float) -> None:
        """Arm the controls for that long; 0 disarms them."""
        self._armed_for_s = seconds
        self.change(armed=seconds > 0)

    def close(self) -> None:
        """Forget the timer."""
        if self._disarm is not None:
            self._disarm.cancel()

    def _keep(self) -> None:
        kept = asdict(self.values)
        kept.pop("armed")
        kept["not_before"] = self.values.not_before.isoformat() if self.values.not_before else None
        self._state.set(switches={**kept, "configured": self._configured})

    def _arm(self, armed: bool) -> None:
        self.close()
        if armed:
            self._disarm = asyncio.create_task(self._disarm_later(), name="disarm")

    async def _disarm_later(self) -> None:
        seconds, self._armed_for_s = self._armed_for_s, ARMED_FOR_S
        await self._clock.sleep(seconds)
        self._disarm = None
        self.change(armed=False)


def _configured(defaults: Switches) -> dict[str, Any]:
    """What the configuration says of those switches that it has as well."""
    return {"weather_policy": defaults.weather_policy.value, "max_wait_min": defaults.max_wait_min}


def _restored(defaults: Switches, saved: dict[str, Any]) -> Switches:
    scheduler, wait = saved.get("scheduler"), saved.get("max_wait_min")
    now, then = _configured(defaults), saved.get("configured", {})
    if not isinstance(then, dict) or then.get("max_wait_min", now["max_wait_min"]) != now["max_wait_min"]:
        wait = None  # the configuration was changed since, and its word is the later one
    return replace(
        defaults,
        scheduler=scheduler if isinstance(scheduler, bool) else defaults.scheduler,
        weather_policy=_policy(defaults.weather_policy, saved.get("weather_policy"), then),
        max_wait_min=wait if type(wait) is int and 0 <= wait <= LONGEST_WAIT_MIN else defaults.max_wait_min,
        session_file=file if isinstance(file := saved.get("session_file"), str) else defaults.session_file,
        not_before=_instant(saved.get("not_before")),
        enclosure=box if (box := saved.get("enclosure")) in ENCLOSURE_MODES else defaults.enclosure,
    )


def _policy(configured: WeatherPolicy, saved: object, then: object) -> WeatherPolicy:
    """The later word of the two; the stricter one where nobody noted what was configured when it was kept."""
    if not isinstance(saved, str) or saved not in set(WeatherPolicy):
        return configured
    kept, noted = WeatherPolicy(saved), then.get("weather_policy") if isinstance(then, dict) else None
    if noted is None:
        return max(configured, kept, key=list(WeatherPolicy).index)
    return kept if noted == configured else configured


def _instant(saved: object) -> datetime | None:
    try:
        return read_instant(saved, UTC) if isinstance(saved, str) else None
    except BadValueError:
        return None
