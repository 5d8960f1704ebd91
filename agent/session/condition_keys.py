"""The keys that say what must hold for a session to run, wherever they stand."""

from __future__ import annotations

from pydantic import BaseModel, Field, model_validator

from agent.session import fields as f
from agent.session.problems import BadValueError


class ConditionKeys(BaseModel):
    """What the configuration can ask of every session, and a session's `conditions` of itself.

    One line declares a condition for both: its key, its range and unit (the type), its built-in value, and
    what it means. None asks nothing. The rule that answers is a file of `agent/conditions/rules`.
    """

    sun_below: f.Twilight | None = Field(
        None,
        description="Image only while the Sun is below this altitude: -12 nautical, -18 astronomical night, "
        "90 at any hour. Empty: a deep-sky target waits for -12, with a start time of its own for -6.",
        examples=["-12"],
    )
    min_altitude: f.Altitude | None = Field(
        None,
        description="Lowest altitude of a target in degrees. Empty: 10 for a deep-sky target.",
        examples=["20"],
    )
    max_altitude: f.Height | None = Field(None, description="Highest altitude of a target in degrees.")
    moon_separation: f.Separation | None = Field(
        None, description="Smallest distance of a target from the Moon in degrees, while it is up."
    )
    moon_below: f.Altitude | None = Field(
        None, description="Image only while the Moon is below this altitude in degrees."
    )
    max_moon_illumination: f.Fraction | None = Field(
        None, description="Largest lit part of the Moon, 0 to 1, while it is up."
    )
    min_battery: f.Percent | None = Field(
        None, description="Lowest battery charge in percent.", examples=["20"]
    )
    min_free_gb: f.Gigabytes | None = Field(None, description="Least free storage on the telescope in GB.")
    max_temperature: f.Celsius | None = Field(
        None, description="Highest temperature of the telescope in degrees Celsius."
    )

    @model_validator(mode="after")
    def _altitudes_in_order(self) -> ConditionKeys:
        low, high = self.min_altitude, self.max_altitude
        if low is not None and high is not None and low >= high:
            raise BadValueError(
                f"min_altitude {low:g} is not below max_altitude {high:g}.",
                code="out_of_range",
                at="min_altitude",
            )
        return self
