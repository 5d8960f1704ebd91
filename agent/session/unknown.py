"""What a session holds that the agent does not know: silent, unless it asks for something or is misspelt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent.errors import Problem, warning
from agent.session.numbers import read_boolean, shown
from agent.session.problems import BadValueError
from agent.session.sections import ENVELOPE, OUTPUT, SECTIONS, WAIT_TYPO, IdCommand, Section

_ALIKE = 0.82  # of two names: "expsure" is meant as exposure, "target_id" is a key of its own

_MEANT = {  # by other programs' names of what a session calls otherwise
    **dict.fromkeys(("filter", "ir_filter", "filter_name"), "IRCut"),
    **dict.fromkeys(("exposure_time", "exposure_seconds", "exptime", "exp"), "exposure"),
    **dict.fromkeys(("frames", "frame_count", "frames_count", "shots", "nb_frames", "nb_images"), "count"),
    **dict.fromkeys(("bin", "bining"), "binning"),
    **dict.fromkeys(("name", "object", "target_name", "planet"), "target"),
    **dict.fromkeys(("ra", "ra_hours", "right_ascension"), "ra_coord"),
    **dict.fromkeys(("dec", "dec_degrees", "declination"), "dec_coord"),
    **dict.fromkeys(("mosaic", "do_mosaic", "domosaic"), "doMosaic"),
    **dict.fromkeys(("stop_time", "until"), "end_time"),
}

_ON = {"true", "yes", "on"}
_ORDER = re.compile("do_?[A-Z]")  # doMosaic, doDither


def unknown_keys(key: str, section: dict[str, Any], model: type[Section], *, on: bool) -> Iterator[Problem]:
    """Tell of unknown keys in one section: misspelt ones, and those that are true in a section that is `on`.

    Those inside conditions are errors, found by the model.
    """
    if model.model_config.get("extra") == "forbid":
        return
    known = {field.alias or name for name, field in model.model_fields.items()}
    for name, value in section.items():
        if name in known or name in model.known_extras or (name.lower() == "ircut" and "IRCut" in known):
            continue
        path = f"/{key}/{escape(name)}"
        hint = near(name, known) or (_by_another_name(name, section, known) if on else "")
        if name == WAIT_TYPO and "wait_after" in known:
            if section.get("wait_after") in (None, ""):
                yield warning("misspelt", f"{name} is read as wait_after.", "Write wait_after.", path=path)
            else:
                message = f"{name} is kept, not used, as wait_after is given."
                yield warning("misspelt", message, f"Delete {name}.", path=path)
        elif on and model is not IdCommand and _asks(value):
            message = f"{key} asks for {shown(name)}, which this version cannot do."
            yield Problem("not_acted_on", message, hint or "Set it to false, or take it out.", path=path)
        elif hint and not (_means_do_action(name) and _asks(value)):
            yield warning("unknown_key", f"{key} has no key {shown(name)}; it is kept, not used.", hint, path)


def unknown_sections(body: dict[str, Any]) -> Iterator[Problem]:
    """Tell of unknown sections that are on, and of misspelt ones."""
    known = {"id_command", *SECTIONS}
    for name, value in body.items():
        if name in known | OUTPUT | ENVELOPE:
            continue
        path, hint = f"/{escape(name)}", near(name, known)
        if _asks(value) and (isinstance(value, dict) or _ORDER.match(name)):
            message = f"{name} is switched on, and a session has no such section."
            yield Problem("not_acted_on", message, hint or "Set its do_action to false.", path)
        elif hint:
            message = f"A session has no section {shown(name)}; it is kept, not used."
            yield warning("unknown_key", message, hint, path)


def unknown_around(raw: dict[str, Any]) -> Iterator[Problem]:
    """Tell of what stands beside the wrapper and belongs inside it."""
    if "command" not in raw:
        return
    for name, value in raw.items():
        if name not in SECTIONS and name != "id_command":
            continue
        message, hint = f"{name} stands beside command; it is kept, not used.", "Move it inside command."
        if isinstance(value, dict) and _is_on(value):
            yield Problem("not_acted_on", message, hint)
        else:
            yield warning("unknown_key", message, hint)


def near(name: str, known: set[str] | frozenset[str], cutoff: float = _ALIKE) -> str:
    """Return a hint with the known name that is meant, "" when none is alike."""
    from difflib import get_close_matches  # for mistakes alone

    close = get_close_matches(name.lower(), sorted(known), n=1, cutoff=cutoff)
    return f"Did you mean {close[0]}?" if close else ""


def _by_another_name(name: str, section: dict[str, Any], known: set[str]) -> str:
    """Return a hint with the key that is meant and not given, "" when there is none."""
    meant = _MEANT.get(name.lower(), "")
    given = {key.lower() for key, value in section.items() if value not in (None, "")}
    asked = section[name] not in (None, "", False)
    return f"Did you mean {meant}?" if asked and meant in known and meant.lower() not in given else ""


def escape(key: str) -> str:
    """Return a key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def spelt_otherwise(section: dict[str, Any]) -> str | None:
    """Return the key of a section that means do_action and is true, if there is one."""
    return next((name for name, value in section.items() if _means_do_action(name) and _asks(value)), None)


def _means_do_action(name: str) -> bool:
    return "".join(filter(str.isalpha, name.lower())) == "doaction"


def _asks(value: object) -> bool:
    """Whether a value that is not known asks for something: it is true, or a section that is on."""
    if isinstance(value, dict):
        return _is_on(value) or spelt_otherwise(value) is not None
    return value is True or (isinstance(value, str) and value.strip().lower() in _ON)


def _is_on(section: dict[str, Any]) -> bool:
    value = section.get("do_action")
    if value is None or value == "":
        return False
    try:
        return read_boolean(value)
    except BadValueError:
        return True
