"""The box around a telescope: what moves and powers it, and where that is seen."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import Field, model_validator

from agent.conditions.safety.mapping import MappingError, SafeWhen
from agent.settings.conditions import rule_words
from agent.settings.kinds import Part, Text

_ENTITY = re.compile(r"[a-z_]+\.[a-z0-9_]+")
_SHOWN_BY_ITSELF = frozenset({"cover", "switch", "input_boolean", "light"})


@dataclass(frozen=True, slots=True)
class Actuator:
    """Something that is switched on or opened: a Home Assistant entity, or a topic with two payloads."""

    entity_id: str = ""
    topic: str = ""
    on: str = ""
    off: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Where something is seen, an entity or a topic with the path of its value, and what makes it true."""

    entity_id: str
    topic: str
    true_when: SafeWhen


class EnclosureSettings(Part):
    """The box around the telescope: roof, cover or lid, plug, dew heater, mains. Empty: there is none.

    An entity (`cover.roof`) is told over Home Assistant's own API, a topic by its payload. What is seen is
    written like a weather source: `cover.roof is open`, `shed/roof is 1`, `shed/power:ups.volts above 200`.
    """

    telescope: Text = Field("", description="Id of the telescope inside, when there are several.")
    lid: Text = Field(
        "",
        description="What moves the roof, cover or lid: an entity such as cover.roof, or a topic with the "
        "payloads to open and to close it, such as shed/roof/set OPEN CLOSE.",
    )
    lid_open: Text = Field(
        "", description="When it is open, such as shed/roof is open; a cover entity tells it by itself."
    )
    lid_closed: Text = Field(
        "", description="When it is closed, such as shed/roof is closed; a cover entity tells it by itself."
    )
    lid_s: float = Field(60.0, gt=0, le=1800, description="Seconds that a move of the lid takes at most.")
    lid_least_s: float = Field(
        0.0,
        ge=0,
        le=1800,
        description="Seconds that opening takes at least; seen open sooner is not believed.",
    )
    lid_first: bool = Field(
        False,
        description="In a weather alert close the lid at once, parked telescope or not. "
        "Only where the lid cannot hit it.",
    )
    idle_min: float = Field(
        20.0, ge=0, le=720, description="Minutes the lid stays open for a session that is due that soon."
    )
    power: Text = Field(
        "", description="The telescope's plug: an entity such as switch.plug, or a topic with two payloads."
    )
    power_on: Text = Field(
        "", description="When it is on, such as shed/plug is ON; a switch entity tells it by itself."
    )
    heater: Text = Field("", description="A dew heater: an entity, or a topic with two payloads.")
    heater_when: Text = Field(
        "",
        description="When it heats, such as sensor.dew_spread below 3; empty is while the lid is open.",
    )
    mains: Text = Field(
        "", description="When there is mains power, such as binary_sensor.ups_mains is on; else unasked."
    )
    mains_min: float = Field(
        5.0, ge=0, le=240, description="Minutes without mains power after which the night is ended."
    )

    @property
    def exists(self) -> bool:
        """Whether there is a box at all."""
        return bool(self.lid or self.power or self.mains)

    def actuators(self) -> dict[str, Actuator]:
        """What can be told to do something: `lid`, `power`, `heater`."""
        words = {"lid": self.lid, "power": self.power, "heater": self.heater}
        return {name: _actuator(name, text) for name, text in words.items() if text}

    def seen(self) -> dict[str, Seen]:
        """What is looked at: `lid_open`, `lid_closed`, `power_on`, `heater_when`, `mains`."""
        words = {
            "lid_open": self.lid_open or _own(self.lid, "open"),
            "lid_closed": self.lid_closed or _own(self.lid, "closed"),
            "power_on": self.power_on or _own(self.power, "on"),
            "heater_when": self.heater_when,
            "mains": self.mains,
        }
        return {name: _seen(name, text) for name, text in words.items() if text}

    @model_validator(mode="after")
    def _can_be_told_and_seen(self) -> EnclosureSettings:
        self.actuators()
        seen = self.seen()
        for needed in ("lid_open", "lid_closed"):
            if self.lid and needed not in seen:
                raise ValueError(f"lid needs {needed}: nothing is moved that is not seen to have moved")
        if self.heater_when and not self.heater:
            raise ValueError("heater_when needs a heater")
        return self


def _own(actuator: str, state: str) -> str:
    """How an entity that shows its own state shows this one."""
    if not _ENTITY.fullmatch(actuator) or actuator.partition(".")[0] not in _SHOWN_BY_ITSELF:
        return ""
    words = {"open": "on", "closed": "off"} if not actuator.startswith("cover.") else {}
    return f"{actuator} is {words.get(state, state)}"


def _actuator(name: str, text: str) -> Actuator:
    words = text.split()
    if len(words) == 1 and _ENTITY.fullmatch(text):
        return Actuator(entity_id=text)
    if len(words) == 3:
        return Actuator(topic=words[0], on=words[1], off=words[2])
    raise ValueError(f"{name} must be an entity such as cover.roof, or a topic and two payloads")


def _seen(name: str, text: str) -> Seen:
    try:
        what, limits = rule_words(text, name)
        subject, _, path = what.partition(":")
        when = SafeWhen(
            path,
            above=float(limits["above"]) if "above" in limits else None,
            below=float(limits["below"]) if "below" in limits else None,
            equals=limits.get("is"),
        )
    except MappingError as error:
        raise ValueError(f"{name}: {error.message}") from None
    entity = subject if _ENTITY.fullmatch(subject) and not path else ""
    return Seen(entity, "" if entity else subject, when)
