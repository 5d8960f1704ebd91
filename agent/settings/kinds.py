"""The kinds of values settings are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from agent.json_in import JsonError, read_json


def text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def listed(value: Any) -> Any:
    """Return the items of a text: a JSON list, or words with commas between. What is no text stays."""
    if not isinstance(value, str):
        return value
    if value.lstrip()[:1] not in ("[", "{"):
        return [item.strip() for item in value.split(",") if item.strip()]
    try:
        items = read_json(value)
    except JsonError as error:
        raise ValueError(
            f'must be words with commas between or a JSON list, such as ["roof"]: {error}'
        ) from None
    if not isinstance(items, list):
        raise ValueError('must be a list, such as ["roof"]')  # noqa: TRY004 - pydantic takes it for bad input
    return items


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
