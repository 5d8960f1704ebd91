"""The wall clock was set, as by the network's time after a boot: what was reckoned by the old one is anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from agent.station.station import Station


def clock_was_set(stations: Mapping[str, Station], by: timedelta) -> None:
    """Have every station reckon anew, before anything is judged by the new time."""
    for station in stations.values():
        station.night.clock_was_set()
        station.intake.clock_was_set(by)
        station.runner.clock_was_set(by)
        station.dead_man.clock_was_set()
        station.dispatcher.kick()
