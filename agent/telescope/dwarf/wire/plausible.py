"""What no telescope can mean: numbers beyond all reason are no news, wherever they were told."""

from __future__ import annotations

import math

from agent.telescope.dwarf.wire import notifications as say
from agent.telescope.dwarf.wire.notifications import Notification

_COLDEST, _HOTTEST = -60, 120  # °C of body and sensors
_LARGEST_GB = 100_000
_LONGEST_S = 24 * 3600.0  # of an exposure
_LONGEST_NAME = 1000  # letters


def plausible(news: Notification) -> bool:
    """Whether it may be true. Counts of frames are judged where they are counted, and told there."""
    match news:
        case say.BatteryLevel(percent):
            return 0 <= percent <= 100
        case say.BodyTemperature(celsius) | say.SensorTemperature(celsius=celsius):
            return _COLDEST <= celsius <= _HOTTEST
        case say.StorageSpace(free, total):
            return 0 <= free <= _LARGEST_GB and 0 <= total <= _LARGEST_GB and (free <= total or not total)
        case say.ExposureTick(total_s=total, exposed_s=exposed):
            return 0 <= total <= _LONGEST_S and 0 <= exposed <= _LONGEST_S
        case say.CalibrationDone(azimuth, altitude):
            return math.isfinite(azimuth) and math.isfinite(altitude)
        case say.Tracking(name=name) | say.GotoStep(name=name) | say.CaptureCount(target=name):
            return len(name) <= _LONGEST_NAME
        case _:
            return True
