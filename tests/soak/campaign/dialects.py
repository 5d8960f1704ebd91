"""How the many programs and hands that write session files spell the same session."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
YES: tuple[Any, ...] = (True, "true", "True", 1, "1", "on", "yes")


def _hms(hours: float) -> str:
    minutes, seconds = divmod(round(hours * 3600), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


def _dms(degrees: float) -> str:
    return ("-" if degrees < 0 else "+") + _hms(abs(degrees))


COORDINATES: Mapping[str, Callable[[float, float], tuple[Any, Any]]] = {
    "numbers": lambda ra, dec: (ra, dec),
    "texts": lambda ra, dec: (f" {ra:.5f} ", f"{dec:.5f}"),
    "commas": lambda ra, dec: (f"{ra:.5f}".replace(".", ","), f"{dec:.5f}".replace(".", ",")),
    "sexagesimal": lambda ra, dec: (_hms(ra), _dms(dec)),
    "signs": lambda ra, dec: (f"{ra:.5f}hr", f"{dec:.5f}º"),
    "degrees": lambda ra, dec: (f"{ra * 15:.4f}°", f"{dec:.4f}°"),
}


def some(rng: random.Random, *, as_file: bool) -> dict[str, Any]:
    """A dialect; what only a file can be is left to files."""
    return {
        "coordinates": rng.choice(list(COORDINATES)),
        "yes": rng.choice(YES),
        "numbers": rng.choice(("numbers", "texts")),
        "wrapped": not as_file or rng.random() < 0.8,
        "encoding": rng.choice(ENCODINGS) if as_file else "utf-8",
        "old_keys": rng.random() < 0.5,
    }


def place_of(subject: str) -> tuple[float, float]:
    """Where a subject stands: right ascension in hours, declination in degrees; apart, and never setting."""
    number = int(subject[1:])
    return round(number * 1.1 % 24, 5), 50.0 + 10 * (number % 4)


def document(wanted: Mapping[str, Any], start: Mapping[str, str]) -> dict[str, Any]:
    """The session in its dialect; `start` holds its `date` and `time`, if it has one."""
    how = wanted["dialect"]
    yes = how["yes"]
    number: Callable[[Any], Any] = str if how["numbers"] == "texts" else (lambda value: value)
    ra, dec = COORDINATES[how["coordinates"]](*place_of(wanted["subject"]))
    session: dict[str, Any] = {
        "description": wanted["subject"],
        "max_retries": number(3),
        "priority": number(wanted["priority"]),
        **start,
    }
    camera: dict[str, Any] = {
        "do_action": yes,
        "exposure": str(wanted["exposure"]),
        "gain": number(80),
        "count": number(wanted["frames"]),
    }
    if "panes" in wanted:
        camera |= {"doMosaic": True, "framingX": 150, "framingY": 100, "mosaic_count": wanted["frames"]}
    body: dict[str, Any] = {
        "id_command": session,
        "goto_manual": {"do_action": yes, "target": wanted["subject"], "ra_coord": ra, "dec_coord": dec},
        "setup_camera": camera,
    }
    if how["old_keys"]:
        session |= {"uuid": "00000000-0000-0000-0000-000000000001", "process": "wait"}
        camera |= {"wait_after": number(1)}
        body["eq_solving"] = {"do_action": False, "wait_before": 10}
        body["setup_wide_camera"] = {"do_action": False, "exposure": "10"}
    if "wide" in wanted:
        body["setup_wide_camera"] = {"do_action": yes, "exposure": "5", "gain": 60, "count": wanted["wide"]}
    if "on_error" in wanted:
        session["on_error"] = wanted["on_error"]
    if wanted.get("shared"):
        session["telescope"] = "any"
    if wanted.get("calibration"):
        body["calibration"] = {"do_action": yes}
    if "goal" in wanted:
        body["goal"] = {"frames": wanted["goal"]}
    return {"command": body} if how["wrapped"] else body


def encoded(session: Mapping[str, Any], how: Mapping[str, Any]) -> bytes:
    """The file's bytes."""
    return json.dumps(session, ensure_ascii=False, indent=2).encode(how["encoding"])
