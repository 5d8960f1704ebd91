"""The nested parts of the settings. Each field's description is what the documentation and the form show."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator

from agent.capabilities import read_model
from agent.mqtt.broker_options import BrokerOptions, Protocol, TlsOptions
from agent.mqtt.topics import TopicError, Topics, check_telescope_id
from agent.settings.kinds import Part, Port, Secret, Text, Words, shown, text
from agent.targets import Site


def _address(value: str) -> str:
    """A host's name or address, and nothing beside it."""
    value = value.strip()
    if "/" in value or any(sign.isspace() for sign in value):
        raise ValueError("must be an address alone, such as 192.168.1.50, without http:// or a path")
    if value.count(":") == 1 or "]:" in value:  # those of IPv6 have more, and may stand in brackets
        raise ValueError("must be an address alone, such as 192.168.1.50; its port is a setting of its own")
    return value.removeprefix("[").removesuffix("]")


class TelescopeSettings(Part):
    """One telescope."""

    host: Text = Field(
        "",
        description="Address of the telescope on your network, such as 192.168.1.50.",
        json_schema_extra=shown(),
    )
    model: Literal["auto", "D2", "D3", "mini"] = Field(
        "auto",
        description="Model: D2 (Dwarf II), D3 (Dwarf 3), mini, or auto to ask the telescope.",
        json_schema_extra=shown(),
    )
    name: Text = Field(
        "",
        description="Name shown in Home Assistant; empty takes the telescope's own.",
        json_schema_extra=shown(),
    )
    id: Text = Field(
        "", description="Word used in MQTT topics; empty derives it from the telescope's own device number."
    )
    port: Port = Field(9900, description="Port of the telescope's control connection.")
    http_port: Port = Field(8082, description="Port of the telescope's HTTP service.")
    card_port: Port = Field(80, description="Port that serves the files of the telescope's card.")
    stream_port: Port = Field(8092, description="Port of the telescope's live pictures.")
    ftp_port: Port = Field(21, description="Port that serves the same files over FTP, where HTTP lists none.")
    driver: Literal["dwarf", "dwarf_python_api"] = Field(
        "dwarf", description="dwarf is the built-in driver; dwarf_python_api uses the community's library."
    )
    library_python: Text = Field(
        "", description="Interpreter that has dwarf_python_api installed; empty uses the agent's own."
    )
    sessions_dir: Path | None = Field(
        None, description="Session folder of this telescope; empty follows the general sessions_dir."
    )
    keep_control: bool = Field(
        False,
        description="Keep the telescope's control lock between sessions, which keeps the phone app out.",
    )
    dead_man: bool = Field(
        False,
        description="Keep the waiting sessions on the telescope too, in case the agent dies; "
        "never tried on a real one, and nothing stops it in the rain then.",
    )
    entity_prefix: Text = Field(
        "", description="First part of the entity ids in Home Assistant; empty makes it from the name."
    )

    @field_validator("model", mode="before")
    @classmethod
    def _model_as_people_write_it(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return read_model(value) or ("auto" if value.casefold() == "auto" else value)

    _host_is_an_address = field_validator("host")(_address)

    @field_validator("id")
    @classmethod
    def _id_fits_a_topic(cls, value: str) -> str:
        try:
            return check_telescope_id(value) if value else value
        except TopicError as error:
            raise ValueError(str(error)) from None


class MqttSettings(Part):
    """The MQTT broker."""

    _host_is_an_address = field_validator("host")(_address)

    host: Text = Field(
        "",
        description="Address of the MQTT broker. Empty: the add-on asks Home Assistant, others run without.",
        json_schema_extra=shown(),
    )
    port: Port = Field(
        1883, description="Port of the broker, usually 1883, or 8883 with TLS.", json_schema_extra=shown()
    )
    username: Text = Field("", description="User name at the broker.", json_schema_extra=shown())
    password: Secret = Field(SecretStr(""), description="Password at the broker.", json_schema_extra=shown())
    tls: bool = Field(False, description="Encrypt the connection to the broker.")
    ca_file: Path | None = Field(
        None, description="Certificate authority to trust; empty trusts the system's."
    )
    cert_file: Path | None = Field(None, description="Client certificate.")
    key_file: Path | None = Field(None, description="Key of the client certificate.")
    insecure: bool = Field(
        False, description="Accept any broker certificate. Only for tests in your own network."
    )
    protocol: Literal["auto", "5", "3.1.1"] = Field(
        "auto", description="MQTT version; auto tries 5 and falls back to 3.1.1."
    )
    base_topic: Text = Field("dwarf", min_length=1, description="First part of every topic of the agent.")
    client_id: Text = Field(
        "", description="Client id at the broker; empty uses base_topic with -agent behind it."
    )
    fleet_topic: Text = Field(
        "",
        description="First part of the topics that several agents on this broker share, such as club: each "
        "submission to club/any/session/submit runs on the telescope that does best. Empty: no fleet.",
    )
    response_prefixes: Words = Field(
        (),
        description="Topics below which MQTT 5 callers are answered, beside <base>/reply, such as callers.",
    )

    def broker(self, *, client_id: str = "") -> BrokerOptions:
        """Return the broker as the MQTT room takes it; `client_id` replaces the agent's own."""
        tls = TlsOptions(self.ca_file, self.cert_file, self.key_file, self.insecure) if self.tls else None
        return BrokerOptions(
            host=self.host,
            port=self.port,
            client_id=client_id or self.client_id or f"{self.base_topic.replace('/', '-')}-agent",
            username=self.username,
            password=self.password.get_secret_value(),
            protocol=Protocol(self.protocol),
            tls=tls,
        )

    @field_validator("protocol", mode="before")
    @classmethod
    def _protocol_as_text(cls, value: Any) -> Any:
        return text(value)

    @field_validator("base_topic")
    @classmethod
    def _base_is_a_topic(cls, value: str) -> str:
        try:
            return Topics.below(value).base
        except TopicError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _fleet_is_apart(self) -> MqttSettings:
        try:
            fleet = Topics.below(self.fleet_topic).base if self.fleet_topic else ""
        except TopicError as error:
            raise ValueError(str(error).replace("base topic", "fleet_topic")) from None
        if fleet == self.base_topic:
            raise ValueError("fleet_topic must differ from base_topic, which is each agent's own")
        return self

    @field_validator("response_prefixes")
    @classmethod
    def _prefixes_are_topics(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in value:
            try:
                Topics.below(prefix)
            except TopicError as error:
                raise ValueError(str(error).replace("base topic", "response prefix")) from None
        return value

    @model_validator(mode="after")
    def _key_has_its_certificate(self) -> MqttSettings:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: set both or neither")
        if not self.tls and (self.cert_file or self.ca_file):
            raise ValueError("certificates are only used with tls: set tls to true")
        return self


class DiscoverySettings(Part):
    """How Home Assistant finds the telescopes."""

    enabled: bool = Field(True, description="Announce the telescopes to Home Assistant.")
    prefix: Text = Field("homeassistant", min_length=1, description="Discovery prefix set in Home Assistant.")
    language: Literal["en", "de"] = Field("en", description="Language of the entities' names.")
    birth_topic: Text = Field(
        "homeassistant/status", description="Topic on which Home Assistant says it started."
    )
    birth_payload: Text = Field("online", description="What Home Assistant says there when it started.")
    death_payload: Text = Field("offline", description="What Home Assistant says there when it stops.")
    min_version: Text = Field(
        "2025.10",
        pattern=r"^20\d\d\.(1[0-2]|[1-9])$",
        description="Oldest Home Assistant that must understand the announcements (year.month).",
    )


class SiteSettings(Part):
    """Where the telescopes stand."""

    latitude: float | None = Field(
        None,
        ge=-90,
        le=90,
        description="Latitude in degrees, north positive.",
        examples=["48.8534"],
    )
    longitude: float | None = Field(
        None,
        ge=-180,
        le=180,
        description="Longitude in degrees, east positive.",
        examples=["2.3488"],
    )
    altitude_m: float = Field(0.0, ge=-450, le=9000, description="Height above sea level in metres.")
    timezone: Text = Field(
        "",
        description="Time zone of session times, such as Europe/Paris; empty takes the machine's.",
        json_schema_extra=shown(),
    )

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        if value:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError("must be a name of the time zone database, such as Europe/Paris") from error
        return value

    @model_validator(mode="after")
    def _both_or_neither(self) -> SiteSettings:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude belong together: set both or neither")
        return self

    @property
    def zone_name(self) -> str:
        """The time zone's name: the one set, else the machine's, else UTC."""
        return self.timezone or _machine_zone()

    def site(self) -> Site | None:
        """The place as a value; None while latitude and longitude are not set."""
        if self.latitude is None or self.longitude is None:
            return None
        return Site(self.latitude, self.longitude, self.altitude_m, self.zone_name)


class ArchiveSettings(Part):
    """Fetching what sessions left on the telescope's card."""

    dir: Path | None = Field(
        None,
        description="Folder that gets the sessions' files from the telescope, such as /share/dwarf; "
        "empty fetches nothing.",
    )
    what: Literal["stacked", "stacked_and_info", "all"] = Field(
        "stacked_and_info",
        description="How much of a session is fetched: the stack, with its notes and small pictures, "
        "or every frame.",
    )
    siril: bool = Field(
        False,
        description="Make each session's folder, where every frame is fetched, a project of Siril: with a "
        "script that stacks it and the telescope's dark that fits.",
    )
    delete_after: Literal["never", "verified"] = Field(
        "never",
        description="verified deletes a session on the telescope's card once every file of it is in the "
        "archive and was compared byte by byte a second time; needs what: all.",
    )
    max_mb_per_s: float = Field(
        0.0, ge=0, le=1000, description="Megabytes a second that fetching takes at most; 0 is no limit."
    )

    @model_validator(mode="after")
    def _deletes_nothing_that_is_not_fetched(self) -> Self:
        if self.delete_after == "verified" and self.what != "all":
            raise ValueError(
                "delete_after: verified needs what: all; otherwise it would delete frames that nobody has"
            )
        return self


class HomeAssistantSettings(Part):
    """Home Assistant's own API, for weather entities. The add-on needs neither."""

    url: Text = Field("", description="Address of Home Assistant, such as http://homeassistant.local:8123.")
    token: Secret = Field(SecretStr(""), description="Long-lived access token.")


class BluetoothSettings(Part):
    """Bringing a telescope back onto the Wi-Fi over Bluetooth."""

    enabled: bool = Field(False, description="Allow the agent to use Bluetooth.")
    unattended: bool = Field(
        False, description="Bring a telescope that stays silent back onto the Wi-Fi without being asked."
    )
    wifi_ssid: Text = Field("", description="Name of the Wi-Fi the telescope shall join.")
    wifi_password: Secret = Field(SecretStr(""), description="Password of that Wi-Fi.")
    password: Secret = Field(
        SecretStr(""), description="Bluetooth password of the telescope; empty takes the factory's."
    )

    @model_validator(mode="after")
    def _unattended_needs_a_network(self) -> BluetoothSettings:
        if self.unattended and not (self.enabled and self.wifi_ssid):
            raise ValueError("unattended needs enabled to be true and wifi_ssid to be set")
        return self


def _machine_zone() -> str:
    import tzlocal

    try:
        name = tzlocal.get_localzone_name()
        ZoneInfo(name)
    except (LookupError, ValueError, OSError, TypeError):
        return "UTC"
    return str(name)
