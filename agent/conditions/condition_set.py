"""The conditions of one session: the configuration's, and what the session document says beyond them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agent.conditions.moment import Decision, Moment, Rule, Verdict
from agent.conditions.rules import (
    AltitudeRule,
    BatteryRule,
    DawnRule,
    HorizonRule,
    MoonAltitudeRule,
    MoonIlluminationRule,
    MoonSeparationRule,
    ReachableRule,
    StorageRule,
    SunDistanceRule,
    TemperatureRule,
    TwilightRule,
    WeatherRule,
    WindowRule,
)
from agent.conditions.sun_guard import (
    DEFAULT_LIMIT,
    OPEN_ENDED,
    capture_deadline,
    first_danger,
    first_dawn,
    permit_goto,
)
from agent.errors import AgentError
from agent.session.fields import OnLost, WeatherPolicy
from agent.session.sections import Conditions
from agent.sky.horizon import HorizonMask
from agent.sky.nights import CIVIL
from agent.targets import Site, SolarBody, SolarTarget, Target

_CHEAP = 1  # cost of the rules that only look at values at hand; sky rules compute hundreds of places


class ConditionConfigError(AgentError):
    """Conditions that contradict each other or ask for something that is not configured."""

    code = "invalid_conditions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionDefaults:
    """What the configuration asks of every session; None asks nothing.

    Degrees, percent, GB, degrees Celsius, seconds; `max_moon_illumination` is a fraction. `dawn_limit` is
    the Sun's altitude at which the captures of a night end; `sun_below` ends them earlier.
    """

    min_altitude: float | None = None
    max_altitude: float | None = None
    horizon: HorizonMask | None = None
    sun_below: float | None = None
    dawn_limit: float | None = CIVIL
    moon_separation: float | None = None
    moon_below: float | None = None
    max_moon_illumination: float | None = None
    weather: WeatherPolicy = WeatherPolicy.IGNORE
    min_battery: float | None = None
    min_free_gb: float | None = None
    max_temperature: float | None = None
    allowed_late_s: float | None = None
    wait_max_s: float | None = None
    on_lost: OnLost = OnLost.PAUSE
    sun_limit: float = DEFAULT_LIMIT
    allow_sun: bool = False


@dataclass(frozen=True, slots=True)
class ConditionSet:
    """The rules of one session, and what to do about a no.

    `wait_max_s` bounds the waiting after the start time (None: until the window closes), `on_lost` says
    what a running session does.
    """

    rules: tuple[Rule, ...]
    defaults: ConditionDefaults
    weather: WeatherPolicy
    wait_max_s: float | None
    on_lost: OnLost
    sun_below: float | None

    @classmethod
    def from_settings_and_session(
        cls, defaults: ConditionDefaults, session: Conditions | None = None
    ) -> ConditionSet:
        """Merge; ConditionConfigError for limits that contradict each other or miss their configuration."""
        if session is not None and not session.do_action:
            session = None
        merged = _Merged(defaults, session)
        weather = _weather(defaults, session)
        rules: list[Rule] = [
            WindowRule(defaults.allowed_late_s),
            ReachableRule(),
            WeatherRule(weather),
            SunDistanceRule(defaults.sun_limit, defaults.allow_sun),
        ]
        if defaults.dawn_limit is not None:
            rules.append(DawnRule(defaults.dawn_limit))
        rules += merged.sky_rules()
        rules += merged.device_rules()
        return cls(
            rules=tuple(sorted(rules, key=lambda rule: rule.cost)),
            defaults=defaults,
            weather=weather,
            wait_max_s=merged.number("wait_max", defaults.wait_max_s),
            on_lost=(session.on_lost if session else None) or defaults.on_lost,
            sun_below=merged.number("sun_below", defaults.sun_below),
        )

    def judge(self, moment: Moment) -> Decision:
        """Ask the rules, cheap ones first; the most decisive no comes first among the blocking ones.

        When a cheap rule says no, those that look ahead along the sky are not asked.
        """
        return _decide(self.rules, moment)

    def foresee(self, moment: Moment) -> Decision:
        """Ask only the rules that depend on time and sky: what a plan for later can know."""
        return _decide((rule for rule in self.rules if rule.foreseeable), moment)

    def permit_goto(
        self, target: Target, site: Site | None, now: datetime, *, until: datetime | None, sun_filter: bool
    ) -> None:
        """The Sun guard with this configuration's limit: return, or raise SunLimitError."""
        permit_goto(
            target,
            site,
            now,
            until=until,
            limit_deg=self.defaults.sun_limit,
            sun_filter=sun_filter,
            allow_sun=self.defaults.allow_sun,
        )

    def capture_deadline(
        self, site: Site | None, now: datetime, target: Target | None, *, began: datetime | None = None
    ) -> datetime | None:
        """Return when a session that goes on now must have stopped capturing and left its target, or None.

        The earliest of: the Sun reaching the twilight limit (the instant itself, when it already has), the
        first dawn after the session began (`began`, default now; it may be over), the target getting within
        the Sun limit. The Sun and the Moon as targets have no twilight and no dawn.
        """
        edges: list[datetime | None] = []
        body = target.body if isinstance(target, SolarTarget) else None
        if target is not None and body is not SolarBody.SUN:
            edges.append(first_danger(target, site, now, now + OPEN_ENDED, self.defaults.sun_limit))
        if site is not None:
            edges.append(capture_deadline(site, now, self.sun_below, target=target))
            dawn = self.defaults.dawn_limit
            if dawn is not None and body not in {SolarBody.SUN, SolarBody.MOON}:
                edges.append(first_dawn(site, began or now, dawn))
        return min((edge for edge in edges if edge is not None), default=None)


class _Merged:
    """One value after the other: the session's if it says one, else the configuration's."""

    def __init__(self, defaults: ConditionDefaults, session: Conditions | None) -> None:
        self._defaults = defaults
        self._session = session

    def number(self, name: str, default: float | None) -> float | None:
        said: float | None = getattr(self._session, name) if self._session else None
        return default if said is None else float(said)

    def sky_rules(self) -> list[Rule]:
        defaults = self._defaults
        rules: list[Rule] = []
        lowest = self.number("min_altitude", defaults.min_altitude)
        highest = self.number("max_altitude", defaults.max_altitude)
        if lowest is not None or highest is not None:
            low, high = -90.0 if lowest is None else lowest, 90.0 if highest is None else highest
            if low >= high:
                raise ConditionConfigError(f"min_altitude {low:g} is not below max_altitude {high:g}.")
            rules.append(AltitudeRule(low, high))
        mask = self._mask()
        if mask is not None:
            rules.append(HorizonRule(mask))
        dark = self.number("sun_below", defaults.sun_below)
        if dark is not None:
            rules.append(TwilightRule(dark))
        apart = self.number("moon_separation", defaults.moon_separation)
        if apart is not None:
            rules.append(MoonSeparationRule(apart))
        low_moon = self.number("moon_below", defaults.moon_below)
        if low_moon is not None:
            rules.append(MoonAltitudeRule(low_moon))
        lit = self.number("max_moon_illumination", defaults.max_moon_illumination)
        if lit is not None:
            rules.append(MoonIlluminationRule(lit))
        return rules

    def device_rules(self) -> list[Rule]:
        defaults = self._defaults
        rules: list[Rule] = []
        battery = self.number("min_battery", defaults.min_battery)
        if battery is not None:
            rules.append(BatteryRule(battery))
        free = self.number("min_free_gb", defaults.min_free_gb)
        if free is not None:
            rules.append(StorageRule(free))
        hottest = self.number("max_temperature", defaults.max_temperature)
        if hottest is not None:
            rules.append(TemperatureRule(hottest))
        return rules

    def _mask(self) -> HorizonMask | None:
        wanted = self._session.horizon if self._session else None
        if wanted is False:
            return None
        if wanted and self._defaults.horizon is None:
            raise ConditionConfigError(
                "The session asks for the local horizon, but the configuration has none.",
                hint='Set the horizon there as azimuth:altitude pairs, or remove "horizon" from the session.',
            )
        return self._defaults.horizon


def _weather(defaults: ConditionDefaults, session: Conditions | None) -> WeatherPolicy:
    wanted = session.weather if session else None
    if wanted is False:
        return WeatherPolicy.IGNORE
    if session and session.weather_policy is not None:
        return session.weather_policy
    if wanted and defaults.weather is WeatherPolicy.IGNORE:
        return WeatherPolicy.WAIT
    return defaults.weather


def _decide(rules: Iterable[Rule], moment: Moment) -> Decision:
    verdicts: list[Verdict] = []
    vetoed = False
    for rule in rules:
        if vetoed and rule.cost > _CHEAP:
            break
        verdicts.append(rule.check(moment))
        vetoed = vetoed or (rule.cost <= _CHEAP and not verdicts[-1].allowed)
    blocking = sorted((verdict for verdict in verdicts if not verdict.allowed), key=lambda v: not v.final)
    return Decision(not blocking, tuple(blocking), tuple(verdicts))
