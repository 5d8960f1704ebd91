"""What a person is told of a switch, select or number of a telescope that was set."""

from __future__ import annotations

from agent.session.fields import WeatherPolicy
from agent.station.start_brake import not_before_words
from agent.station.station import Station
from agent.station.switches import ARMED_FOR_S

NAMES = {  # as Home Assistant shows them
    "scheduler": "Scheduler",
    "armed": "Controls armed",
    "armed_minutes": "Controls armed",
    "weather_policy": "Weather policy",
    "max_wait": "Longest wait",
    "max_wait_min": "Longest wait",
    "session_file": "Session file",
    "not_before": "Not before",
    "enclosure": "Enclosure mode",
}
_POLICIES = {
    WeatherPolicy.IGNORE: "Sessions run whatever the weather, unless they say otherwise themselves.",
    WeatherPolicy.WAIT: "In bad weather sessions wait, unless they say otherwise themselves.",
    WeatherPolicy.ABORT: "In bad weather sessions end, unless they say otherwise themselves.",
}
_ENCLOSURE = {
    "auto": "The enclosure opens and closes by itself.",
    "open": "The enclosure is to be held open.",
    "closed": "The enclosure is to be kept closed.",
}


def armed_words(minutes: float) -> str:
    """Return that the controls are armed for so long; 0 for not."""
    return f"The controls are armed for {minutes:g} min." if minutes else "The controls are not armed."


def setting_words(station: Station, key: str) -> str:
    """Return how a switch of a station stands, as a sentence."""
    values = station.switches.values
    match key:
        case "scheduler":
            return "The scheduler is switched on." if values.scheduler else "The scheduler is switched off."
        case "armed":
            return armed_words(ARMED_FOR_S / 60 if values.armed else 0)
        case "weather_policy":
            return _POLICIES[values.weather_policy]
        case "session_file":
            name = values.session_file
            return f"Session {name} is selected." if name else "No session is selected."
        case "not_before":
            if values.not_before is None:
                return "No earliest start is set."
            when = not_before_words(values.not_before, station.clock.now(), station.zone)
            return f"No session begins by itself before {when}."
        case "enclosure":
            return _ENCLOSURE[values.enclosure]
    return f"Sessions wait up to {values.max_wait_min} min for the weather and the like."
