"""Settings that decide whether a session may run: conditions and the weather."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from agent.conditions.requirements import ConfiguredConditions
from agent.session.fields import WeatherPolicy, WhenMissed
from agent.settings.kinds import Part, Text, Words, listed, shown

_RULE = re.compile(r"(?P<what>\S+)\s+(?P<word>is|below|above)\s+(?P<value>\S.*)")


class ConditionSettings(Part, ConfiguredConditions):
    """When a session may run, unless the session says otherwise. Empty means the rule is off."""

    when_missed: WhenMissed = Field(
        WhenMissed.RUN, description="What happens to a session whose start passed while the agent was off."
    )
    unsafe_action: Literal["stop", "stop_and_park", "shutdown"] = Field(
        "stop", description="What an unsafe sky does to the telescope."
    )


class _SourceRule(Part):
    equals: Text | None = Field(None, alias="is", description="Safe while the value is this word.")
    below: float | None = Field(None, description="Safe while the value is below this.")
    above: float | None = Field(None, description="Safe while the value is above this.")
    max_age_s: float | None = Field(
        None, gt=0, description="Seconds a value stays good; empty takes weather ttl_s."
    )
    delay_s: float = Field(0.0, ge=0, description="Seconds an unsafe value must last before it counts.")
    level: Literal["warning", "alert"] = Field(
        "warning", description="warning pauses the session; alert stops it and ends the night."
    )

    @model_validator(mode="after")
    def _says_what_is_safe(self) -> _SourceRule:
        if self.equals is None and self.below is None and self.above is None:
            raise ValueError("must say what is safe: one of is, below, above")
        return self


class EntitySource(_SourceRule):
    """A Home Assistant entity that tells of the weather; also written as `sensor.cloud below 40`."""

    entity_id: Text = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$", description="Entity id.")

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        return _rule_from_words(value, "entity_id")


class TopicSource(_SourceRule):
    """Any MQTT topic that tells of the weather; also written as `sky/rain is 0`."""

    topic: Text = Field(min_length=1, description="Topic.")
    value: Text = Field(
        "", description="Where the value stands in a JSON payload, such as sky.cloud; empty: all of it."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        return _rule_from_words(value, "topic")


class WeatherSettings(Part):
    """The weather, fail closed: a source that is silent, stale or unreadable counts as unsafe."""

    policy: WeatherPolicy = Field(
        WeatherPolicy.IGNORE,
        description="What unsafe weather does to sessions that do not say it themselves.",
        json_schema_extra=shown(),
    )
    inputs: Words = Field(
        (), description="Names of the safety inputs that must report, as in <base>/safety/input/<name>."
    )
    entities: Annotated[tuple[EntitySource, ...], BeforeValidator(listed)] = Field(
        (),
        description="Home Assistant entities, each with what is safe, such as sensor.cloud_cover below 40.",
    )
    topics: Annotated[tuple[TopicSource, ...], BeforeValidator(listed)] = Field(
        (), description="Other MQTT topics, each with what is safe, such as sky/rain is 0."
    )
    ttl_s: float = Field(
        180.0, gt=0, description="Seconds a report stays good when it does not say so itself."
    )
    trust_ttl: bool = Field(
        True,
        description="Trust a report for its time when Home Assistant goes offline; false ends it after 15 s.",
    )
    clear_for_min: float = Field(
        10.0, ge=0, description="Minutes the sky must stay safe before it counts as safe."
    )

    @property
    def has_sources(self) -> bool:
        """Whether anything tells of the weather."""
        return bool(self.inputs or self.entities or self.topics)

    @model_validator(mode="after")
    def _policy_needs_a_source(self) -> WeatherSettings:
        if self.policy is not WeatherPolicy.IGNORE and not self.has_sources:
            raise ValueError(
                f"policy {self.policy.value!r} needs a source: "
                "set inputs, entities or topics, or policy to ignore"
            )
        return self


def rule_words(text: str, subject: str) -> tuple[str, dict[str, str]]:
    """Read `<subject> is <word>` and its like: what it is about, and the limit by its word."""
    match = _RULE.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"must look like '<{subject}> is <word>', '... below <number>' or '... above <number>'"
        )
    return match["what"], {match["word"]: match["value"].strip()}


def _rule_from_words(value: Any, subject: str) -> Any:
    if not isinstance(value, str):
        return value
    what, limits = rule_words(value, subject)
    return {subject: what, **limits}
