"""One condition a file. Each answers yes or no with a reason, a sentence and, where known, an instant."""

from agent.conditions.rules.altitude import AltitudeRule
from agent.conditions.rules.battery import BatteryRule
from agent.conditions.rules.dawn import DawnRule
from agent.conditions.rules.horizon import HorizonRule
from agent.conditions.rules.moon_altitude import MoonAltitudeRule
from agent.conditions.rules.moon_illumination import MoonIlluminationRule
from agent.conditions.rules.moon_separation import MoonSeparationRule
from agent.conditions.rules.reachable import ReachableRule
from agent.conditions.rules.storage import StorageRule
from agent.conditions.rules.sun_distance import SunDistanceRule
from agent.conditions.rules.temperature import TemperatureRule
from agent.conditions.rules.twilight import TwilightRule
from agent.conditions.rules.weather import WeatherRule
from agent.conditions.rules.window import WindowRule

__all__ = [
    "AltitudeRule",
    "BatteryRule",
    "DawnRule",
    "HorizonRule",
    "MoonAltitudeRule",
    "MoonIlluminationRule",
    "MoonSeparationRule",
    "ReachableRule",
    "StorageRule",
    "SunDistanceRule",
    "TemperatureRule",
    "TwilightRule",
    "WeatherRule",
    "WindowRule",
]
