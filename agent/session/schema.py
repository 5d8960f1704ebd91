"""The JSON Schema of a session document, generated from the model."""

from __future__ import annotations

from typing import Any

from agent.session.sections import SessionBody

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema (2020-12) of a session, with or without its `command` wrapper.

    It is as lenient as the reader about types; ranges and what a telescope model offers are for `validate`.
    """
    command = SessionBody.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions = {name: _section(section) for name, section in command.pop("$defs").items()}
    command["properties"]["result_details"] = {"description": "Written by the agent."}
    command["title"], command["type"] = "Session", "object"
    definitions["Session"] = command
    wrapper = {
        "title": "Wrapped session",
        "type": "object",
        "required": ["command"],
        "properties": {"command": {"$ref": "#/$defs/Session"}},
    }
    return {
        "$schema": _DIALECT,
        "title": "dwarf-agent session",
        "if": {"required": ["command"]},
        "then": wrapper,
        "else": {"$ref": "#/$defs/Session"},
        "$defs": definitions,
    }


def _section(section: dict[str, Any]) -> dict[str, Any]:
    """Let required keys of a section be missing: sections that are off may leave anything out."""
    section.pop("required", None)
    properties = section.get("properties", {})
    if "IRCut" in properties:
        properties["ircut"] = properties["IRCut"]
    return section
