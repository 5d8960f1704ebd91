"""The kinds of values settings are made of."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

_HORIZON_POINT = re.compile(r"(-?[\d.]+)\s*:\s*(-?[\d.]+)")


def text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def listed(value: Any) -> Any:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return value


def _horizon(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    points = [item for item in re.split(r"[\s,;]+(?=-?[\d.]+\s*:)", value.strip()) if item]
    found = [_HORIZON_POINT.fullmatch(point.strip(" ,;")) for point in points]
    if not all(found):
        raise ValueError("must look like '0:15, 90:30, 180:10' (azimuth:altitude in degrees)")
    return [(match[1], match[2]) for match in found if match]


Text = Annotated[str, BeforeValidator(text)]
Secret = Annotated[SecretStr, BeforeValidator(text)]
Port = Annotated[int, Field(ge=1, le=65535)]
Words = Annotated[tuple[Text, ...], BeforeValidator(listed)]
HorizonPoint = tuple[Annotated[float, Field(ge=0, le=360)], Annotated[float, Field(ge=-10, le=90)]]
HORIZON_TYPE = tuple[HorizonPoint, ...]
Horizon = Annotated[HORIZON_TYPE, BeforeValidator(_horizon)]


def shown(**extra: Any) -> dict[str, Any]:
    """Mark a field as one the add-on's form always shows."""
    return {"form": True, **extra}


class Part(BaseModel):
    """A group of settings: immutable, unknown keys refused, values never echoed in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False)
