"""Settings turned into what the rooms take."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from tzlocal import get_localzone_name

from agent.conditions import ConditionDefaults
from agent.mqtt.broker_options import BrokerOptions, Protocol, TlsOptions
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import MqttPort, Publication
from agent.session.fields import OnLost, WeatherPolicy
from agent.settings import Settings
from agent.settings.parts import MqttSettings
from agent.targets import Site

RESUME_WITHIN = timedelta(hours=12)  # an unfinished session older than a night is reported, not taken up


def zone_of(settings: Settings) -> ZoneInfo:
    """Return the zone of session times: the configured one, else the machine's, else UTC."""
    if settings.site.timezone:
        return ZoneInfo(settings.site.timezone)
    try:
        return ZoneInfo(get_localzone_name() or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def site_of(settings: Settings) -> Site | None:
    """Return where the telescopes stand; None when latitude or longitude is not configured."""
    site = settings.site
    if site.latitude is None or site.longitude is None:
        return None
    return Site(site.latitude, site.longitude, site.altitude_m, zone_of(settings).key)


def mqtt_port(settings: MqttSettings, *, client_id: str = "", will: Publication | None = None) -> MqttPort:
    """Return an unconnected client for the configured broker; BrokerError for unusable certificates."""
    tls = None
    if settings.tls:
        tls = TlsOptions(settings.ca_file, settings.cert_file, settings.key_file, settings.insecure)
    options = BrokerOptions(
        host=settings.host,
        port=settings.port,
        client_id=client_id or settings.client_id or f"{settings.base_topic.replace('/', '-')}-agent",
        username=settings.username,
        password=settings.password.get_secret_value(),
        protocol=Protocol(settings.protocol),
        tls=tls,
    )
    return PahoPort(options, will=will)


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
