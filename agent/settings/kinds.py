"""The kinds of values settings are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def listed(value: Any) -> Any:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return value


Text = Annotated[str, BeforeValidator(text)]
Secret = Annotated[SecretStr, BeforeValidator(text)]
Port = Annotated[int, Field(ge=1, le=65535)]
Words = Annotated[tuple[Text, ...], BeforeValidator(listed)]


def shown(**extra: Any) -> dict[str, Any]:
    """Mark a field as one the add-on's form always shows."""
    return {"form": True, **extra}


class Part(BaseModel):
    """A group of settings: immutable, unknown keys refused, values never echoed in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=False)
