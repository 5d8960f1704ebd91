"""What must hold for a session to run: the configuration's conditions, and the session's own merged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from agent.conditions.limits import LOWEST, SUN_LIMIT
from agent.errors import AgentError
from agent.session import fields as f
from agent.session.condition_keys import ConditionKeys
from agent.sky.horizon import HorizonError, HorizonMask

if TYPE_CHECKING:
    from agent.session.sections import Conditions
from agent.sky.altitudes import CIVIL, NAUTICAL

LONGEST_WAIT_MIN = 1440


class ConditionConfigError(AgentError):
    """Conditions that contradict each other or ask for something that is not configured."""

    code = "invalid_conditions"


def _horizon(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = ", ".join(str(point) for point in value)
    if isinstance(value, str) and value:
        try:
            HorizonMask.parse(value)
        except HorizonError as error:
            raise ValueError(str(error)) from None
    return value


class ConfiguredConditions(ConditionKeys):
    """What the configuration can ask: the keys it shares with sessions, and those no session may loosen."""

    sun_limit: float = Field(
        SUN_LIMIT,
        ge=5,
        le=90,
        description="No goto nearer to the Sun than this, in degrees, while it is up.",
    )
    allow_sun: bool = Field(
        False, description="Allow sessions of the Sun itself, when they also declare a solar filter."
    )
    dawn_limit: float | None = Field(
        CIVIL,
        ge=-90,
        le=10,
        description="Altitude of the Sun at which a capture begun in the dark ends: -6 civil dawn.",
    )
    horizon: Annotated[str, BeforeValidator(_horizon)] = Field(
        "", description="Horizon around you, azimuth:altitude in degrees, such as 0:15, 90:30, 180:10."
    )
    least_block_min: int = Field(
        10,
        ge=1,
        le=240,
        description="Shortest time in minutes for which a session is begun, unless it needs less.",
    )
    max_wait_min: int = Field(
        120,
        ge=0,
        le=LONGEST_WAIT_MIN,
        description="Minutes a due session that could otherwise run waits for weather, battery and the like "
        "before it is given up. The sky is waited for without a limit.",
    )
    on_lost: f.OnLost = Field(
        f.OnLost.PAUSE,
        description="What a running session does when its conditions no longer hold. With pause, one that "
        "loses the sky gives its turn back and goes on later.",
    )
    watch_frames: f.WatchFrames = Field(
        f.WatchFrames.WARN,
        description="What happens when the telescope stacks clearly fewer frames than at the beginning, or "
        "they are clearly worse.",
    )

    @property
    def horizon_mask(self) -> HorizonMask | None:
        """The horizon as a value; None when there is none."""
        return HorizonMask.parse(self.horizon) if self.horizon else None


class Requirements(ConfiguredConditions):
    """What is asked of one session, or of every session that says nothing itself. Immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weather: f.WeatherPolicy = f.WeatherPolicy.IGNORE
    wait_max: float | None = None  # seconds, instead of max_wait_min

    @property
    def least_block_s(self) -> float:
        """The shortest time for which a session is begun."""
        return self.least_block_min * 60.0

    @property
    def wait_max_s(self) -> float:
        """How long a due session waits for its conditions."""
        return self.max_wait_min * 60.0 if self.wait_max is None else self.wait_max

    def with_session(self, session: Conditions | None) -> Requirements:
        """Let a session's own conditions win; ConditionConfigError for a horizon nobody configured."""
        if session is None or not session.do_action:
            return self
        own = session.model_fields_set & set(ConditionKeys.model_fields)
        changed: dict[str, Any] = {key: getattr(session, key) for key in own}
        if session.wait_max is not None:
            changed["wait_max"] = session.wait_max
        if session.on_lost is not None:
            changed["on_lost"] = session.on_lost
        if session.watch_frames is not None:
            changed["watch_frames"] = session.watch_frames
        if session.horizon is False:
            changed["horizon"] = ""
        elif session.horizon and not self.horizon:
            raise ConditionConfigError(
                "The session asks for the local horizon, but the configuration has none.",
                hint='Set the horizon there as azimuth:altitude pairs, or remove "horizon" from the session.',
            )
        return self.model_copy(update=changed | {"weather": self._weather(session)})

    def by_night(self, *, start_named: bool) -> Requirements:
        """Ask what a deep-sky target needs anyway, where nobody said anything: darkness, and some height."""
        dark = CIVIL if start_named else NAUTICAL
        low = LOWEST if self.max_altitude is None or self.max_altitude > LOWEST else None
        asked: dict[str, Any] = {"sun_below": dark} if self.sun_below is None else {}
        if self.min_altitude is None and low is not None:
            asked["min_altitude"] = low
        return self.model_copy(update=asked) if asked else self

    def _weather(self, session: Conditions) -> f.WeatherPolicy:
        if session.weather is False:
            return f.WeatherPolicy.IGNORE
        if session.weather_policy is not None:
            return session.weather_policy
        if session.weather and self.weather is f.WeatherPolicy.IGNORE:
            return f.WeatherPolicy.WAIT
        return self.weather
