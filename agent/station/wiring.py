"""Settings turned into what the rooms take."""

from __future__ import annotations

from agent.conditions import ConditionDefaults
from agent.session.fields import OnLost, WeatherPolicy
from agent.settings import Settings


def condition_defaults(settings: Settings) -> ConditionDefaults:
    """Return what the configuration asks of every session."""
    conditions = settings.conditions
    return ConditionDefaults(
        min_altitude=conditions.min_altitude,
        max_altitude=conditions.max_altitude,
        horizon=conditions.horizon_mask,
        sun_below=conditions.sun_below,
        dawn_limit=conditions.dawn_limit,
        moon_separation=conditions.moon_separation,
        moon_below=conditions.moon_below,
        max_moon_illumination=conditions.max_moon_illumination,
        weather=WeatherPolicy(settings.weather.policy),
        min_battery=conditions.min_battery,
        min_free_gb=conditions.min_free_gb,
        max_temperature=conditions.max_temperature,
        wait_max_s=conditions.max_wait_min * 60.0,
        on_lost=OnLost(conditions.on_lost),
        sun_limit=conditions.sun_limit,
        allow_sun=conditions.allow_sun,
    )
