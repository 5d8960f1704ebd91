"""What entities are called, in German, and which of them only wait until somebody wants them.

Home Assistant does not translate names that come over MQTT. Ids, states and payloads know no language.
"""

from __future__ import annotations

from typing import Literal

from agent.mqtt.discovery.model import Component

Language = Literal["en", "de"]

GERMAN = {
    "suggestions": "Heute am besten",
    # the telescope
    "running": "Läuft",
    "target": "Ziel",
    "problem": "Problem",
    "progress": "Fortschritt",
    "frames_taken": "Bilder aufgenommen",
    "frames_stacked": "Bilder gestapelt",
    "frames_total": "Bilder geplant",
    "pane": "Mosaikfeld",
    "time_remaining": "Restzeit",
    "estimated_end": "Voraussichtliches Ende",
    "integration": "Belichtung gesamt",
    "queue": "Warteschlange",
    "next_session": "Nächste Sitzung",
    "next_start": "Nächster Start",
    "own_schedule": "Eigener Zeitplan",
    "last_result": "Letztes Ergebnis",
    "darkness": "Dunkel ab",
    "download": "Herunterladen",
    "download_progress": "Herunterladen, Fortschritt",
    "light_total": "Licht gesammelt",
    "sessions_completed": "Sitzungen vollendet",
    "nights_imaged": "Nächte mit Bildern",
    "night": "Letzte Nacht",
    "night_picture": "Bestes Bild der Nacht",
    "connectivity": "Verbindung",
    "battery": "Akku",
    "charging": "Lädt",
    "storage_free": "Speicher frei",
    "temperature": "Temperatur",
    "weather": "Wetter",
    "enclosure": "Dach",
    "enclosure_mode": "Dach-Steuerung",
    "abort": "Abbrechen",
    "pause": "Pause",
    "resume": "Weiter",
    "skip": "Sitzung überspringen",
    "stop_after_this": "Nach dieser Sitzung aufhören",
    "end_night": "Nacht beenden",
    "run_selected": "Gewählte Sitzung starten",
    "remove_selected": "Gewählte Sitzung entfernen",
    "park": "Parken",
    "autofocus": "Scharfstellen",
    "calibrate": "Kalibrieren",
    "align": "Polausrichtung",
    "shutdown": "Ausschalten",
    "reboot": "Neu starten",
    "azimuth_error": "Azimutfehler",
    "altitude_error": "Höhenfehler",
    "provision": "Über Bluetooth verbinden",
    "scheduler": "Automatik",
    "armed": "Handsteuerung freigegeben",
    "max_wait": "Längste Wartezeit",
    "session_file": "Sitzungsdatei",
    "weather_policy": "Bei unsicherem Wetter",
    "filter": "Filter",
    "not_before": "Nicht vor",
    "submit": "Sitzung einreichen",
    "command": "Befehl",
    "session": "Sitzung",
    "image": "Letztes Bild",
    "last_response": "Letzte Antwort",
    # the agent
    "version": "Version",
    "started": "Gestartet",
    "telescopes": "Teleskope",
    "errors": "Fehler",
    "log_level": "Protokollstufe",
    "restart": "Neu starten",
    "announce": "Neu ankündigen",
}

_GERMAN_UNITS = {
    "waiting": "wartend",
    "taken": "aufgenommen",
    "stacked": "gestapelt",
    "planned": "geplant",
}

ON_DEMAND = frozenset(
    {
        "target",
        "frames_taken",
        "frames_stacked",
        "frames_total",
        "time_remaining",
        "estimated_end",
        "integration",
        "next_start",
        "pane",
        "download_progress",
        "sessions_completed",
        "nights_imaged",
        "night_picture",
        "own_schedule",
        "azimuth_error",
        "altitude_error",
        "charging",
        "skip",
        "stop_after_this",
        "autofocus",
        "calibrate",
        "align",
        "shutdown",
        "reboot",
        "provision",
        "max_wait",
        "filter",
        "not_before",
    }
)
"""Entities of a telescope that are there but disabled: a person switches on what he wants."""


def as_shown(
    components: dict[str, Component], language: Language, on_demand: frozenset[str] = frozenset()
) -> dict[str, Component]:
    """Return the components in that language, those on demand disabled until somebody enables them."""
    shown = {}
    for key, part in components.items():
        more: Component = {}
        if language == "de" and part.get("name") and key in GERMAN:
            more["name"] = GERMAN[key]
        if language == "de" and (unit := part.get("unit_of_measurement")) in _GERMAN_UNITS:
            more["unit_of_measurement"] = _GERMAN_UNITS[unit]
        if key in on_demand:
            more["enabled_by_default"] = False
        shown[key] = {**part, **more}
    return shown
