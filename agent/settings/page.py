"""Settings of the page."""

from __future__ import annotations

import ipaddress

from pydantic import Field, SecretStr, field_validator, model_validator

from agent.settings.kinds import Part, Secret, Text, Words

SHORTEST_PASSWORD = 8


class PageSettings(Part):
    """The page in the browser. As an add-on it is a panel of Home Assistant, and needs none of these."""

    enabled: bool = Field(True, description="Serve the page and its REST interface.")
    host: Text = Field(
        "127.0.0.1",
        description="Address on which the page listens; 0.0.0.0 lets your network in, and needs a password.",
    )
    port: int = Field(8480, ge=0, le=65535, description="Port of the page; 0 takes a free one.")
    password: Secret = Field(
        SecretStr(""),
        description="Password of the page, or what 'dwarf-agent page --hash' makes of it; "
        "needed where others can reach it.",
    )
    names: Words = Field(
        (), description="Further names under which browsers may ask for the page, such as dwarf.example.org."
    )
    watch: bool = Field(
        False, description="Let everybody who reaches the page watch, without the password, at /watch."
    )

    @property
    def only_here(self) -> bool:
        """Whether nobody but this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @field_validator("password")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < SHORTEST_PASSWORD:
            raise ValueError(f"must have at least {SHORTEST_PASSWORD} characters")
        if "scrypt" in value.get_secret_value():
            from agent.web.password import is_hash  # for the few that keep a hash

            is_hash(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _beyond_this_machine_only_with_a_password(self) -> PageSettings:
        if self.enabled and not self.only_here and not self.password.get_secret_value():
            raise ValueError(
                "a host that others can reach needs a password: set page_password, or page_host to 127.0.0.1"
            )
        return self
