"""The settings as one validated, immutable model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from agent.conditions.requirements import ConfiguredConditions, Requirements
from agent.mqtt.topics import is_filter
from agent.session.reuse_rules import ReuseRules
from agent.settings.conditions import ConditionSettings, WeatherSettings
from agent.settings.enclosure import EnclosureSettings
from agent.settings.kinds import Part, Text, shown
from agent.settings.page import PageSettings
from agent.settings.parts import (
    ArchiveSettings,
    BluetoothSettings,
    DiscoverySettings,
    HomeAssistantSettings,
    MqttSettings,
    SiteSettings,
    TelescopeSettings,
)

_NOT_IN_FOLDERS = re.compile(r"[^\w.-]+")


class Origins(dict[str, str]):
    """Where values came from; equal to any other, as the same values from elsewhere are the same settings."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origins)

    __hash__ = None


class Settings(Part):
    """Everything a person can set."""

    telescopes: tuple[TelescopeSettings, ...] = (TelescopeSettings(),)
    mqtt: MqttSettings = MqttSettings()
    discovery: DiscoverySettings = DiscoverySettings()
    site: SiteSettings = SiteSettings()
    conditions: ConditionSettings = ConditionSettings()
    weather: WeatherSettings = WeatherSettings()
    enclosure: EnclosureSettings = EnclosureSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
    bluetooth: BluetoothSettings = BluetoothSettings()
    archive: ArchiveSettings = ArchiveSettings()
    page: PageSettings = PageSettings()
    sessions_dir: Path = Field(
        Path("Astro_Sessions"),
        description="Folder with ToDo, Current, Done, Error and Results.",
        json_schema_extra=shown(),
    )
    media_dir: Path | None = Field(
        None,
        description="Folder that gets each session's last picture and the night's report, "
        "such as /media/dwarf; empty copies nothing.",
    )
    suggestions: bool = Field(
        True,
        description="Whether tonight's best targets are looked for and told, at noon and after each session: "
        "some seconds of work for a small computer.",
    )
    uptonight_topic: Text = Field(
        "",
        description="Topics on which uptonight publishes attributes, such as uptonight/+/attributes: what it "
        "advises is looked at for the suggestions too.",
    )
    reuse_calibration: float | None = Field(
        None,
        ge=0,
        le=24,
        description="Hours for which a calibration counts while nothing but gotos moved the telescope; 0 "
        "calibrates for each session that asks for it. Empty: for the night.",
    )
    reuse_focus: float = Field(
        2.0,
        ge=0,
        le=30,
        description="Kelvin by which the temperature may change before a session that asks for it is focused "
        "anew, within a night; 0 focuses for each one.",
    )
    poll_seconds: float = Field(
        3.0, ge=0.2, le=600, description="Seconds between two looks into the ToDo folder."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much the log tells.", json_schema_extra=shown()
    )
    log_format: Literal["plain", "json"] = Field(
        "plain", description="Log lines for people, or one JSON object a line."
    )
    config_file: Text = Field(
        "",
        description="A further configuration file whose values win over these, as for several telescopes.",
    )

    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def origins(self) -> Origins:
        """Where each value that is not built in came from, by its place, such as `mqtt.host`."""
        return self._origins

    @field_validator("uptonight_topic")
    @classmethod
    def _a_topic_filter(cls, value: str) -> str:
        if value and not is_filter(value):
            raise ValueError("must be a topic such as uptonight/+/attributes")
        return value

    @field_validator("telescopes", mode="before")
    @classmethod
    def _one_telescope_without_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _telescopes_differ(self) -> Settings:
        if not self.telescopes:
            raise ValueError("telescopes must list at least one telescope")
        if len(self.telescopes) == 1:
            return self
        for what, values in (
            ("id", [telescope.id for telescope in self.telescopes]),
            ("name", [telescope.name for telescope in self.telescopes]),
            ("host and port", [f"{one.host}:{one.port}" for one in self.telescopes if one.host]),
            ("sessions_dir", [str(self.sessions_dir_of(telescope)) for telescope in self.telescopes]),
        ):
            twice = sorted({value for value in values if value and values.count(value) > 1})
            if twice:
                raise ValueError(f"telescopes must differ in {what}: {twice[0]!r} is there more than once")
        return self

    @model_validator(mode="after")
    def _enclosure_has_its_telescope(self) -> Settings:
        box, known = self.enclosure, [telescope.id for telescope in self.telescopes]
        if box.exists and len(known) > 1 and box.telescope not in known:
            raise ValueError(
                "enclosure needs telescope: the id of the one inside, as it stands in telescopes"
            )
        return self

    @property
    def requirements(self) -> Requirements:
        """What is asked of every session."""
        asked = {name: getattr(self.conditions, name) for name in ConfiguredConditions.model_fields}
        return Requirements(**asked, weather=self.weather.policy)

    def enclosure_of(self, telescope: TelescopeSettings) -> EnclosureSettings:
        """The box around one telescope; one without anything in it when there is none."""
        return self.enclosure if self.enclosure.telescope in ("", telescope.id) else EnclosureSettings()

    @property
    def reuse(self) -> ReuseRules:
        """For how long a calibration and a focus count."""
        return ReuseRules(self.reuse_calibration, self.reuse_focus)

    def sessions_dir_of(self, telescope: TelescopeSettings) -> Path:
        """The session folder of one telescope that has none yet.

        One telescope uses `sessions_dir`; several use `Devices_Sessions/<name>/Astro_Sessions` beside it.
        """
        if telescope.sessions_dir is not None:
            return telescope.sessions_dir
        if len(self.telescopes) == 1:
            return self.sessions_dir
        word = telescope.name or telescope.id or telescope.host or str(self.telescopes.index(telescope) + 1)
        folder = _NOT_IN_FOLDERS.sub("_", word)
        return self.sessions_dir.parent / "Devices_Sessions" / folder / self.sessions_dir.name
