"""The OpenAPI document of the REST interface, from the schemas of the MQTT bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent import __version__
from agent.web.agent import SETUP_FIELDS

_STATES = (
    *("status", "progress", "telemetry", "queue", "own_schedule", "polar_alignment", "suggestions"),
    *("darkness", "enclosure", "result", "safety", "download", "night", "totals"),
)
_PLAIN_STATES = ("availability", "response", "settings", "image_info")  # which have no schema of their own

_SETUP = {
    "type": "object",
    "additionalProperties": False,
    "properties": {name: {"type": "string"} for name in SETUP_FIELDS},
    "description": "Settings by flat name; an empty text takes one back, but leaves the password.",
}


def document(schemas: Mapping[str, Any], base: str = "") -> dict[str, Any]:
    """Return the document. `base` is the path below which the page is seen."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dwarf-agent",
            "version": __version__,
            "description": "The agent's topics as addresses: the same bodies, commands and answers.",
        },
        "servers": [{"url": base or "/"}],
        "components": {
            "schemas": {name: _component(schema) for name, schema in schemas.items()} | {"setup": _SETUP},
            "securitySchemes": {
                "password": {"type": "http", "scheme": "bearer", "description": "The page's password."}
            },
        },
        "security": [{"password": []}, {}],
        "paths": _paths(),
    }


def _component(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as part of this document: what it defines for itself stays inside, under its own name."""
    name = str(schema.get("title", ""))
    moved: dict[str, Any] = _moved({key: value for key, value in schema.items() if key != "$schema"}, name)
    return moved


def _moved(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {
            key: f"#/components/schemas/{name}{item[1:]}"
            if key == "$ref" and isinstance(item, str) and item.startswith("#/$defs/")
            else _moved(item, name)
            for key, item in value.items()
        }
    return [_moved(item, name) for item in value] if isinstance(value, list) else value


def _paths() -> dict[str, Any]:
    telescope = _parameter("telescope", "its id")
    one = "/api/telescopes/{telescope}"
    states: dict[str, Any] = {name: _ref(name) for name in _STATES}
    states |= {name: {"type": "object"} for name in _PLAIN_STATES}
    return {
        "/api/telescopes": {"get": _get("the telescopes", {"type": "object"})},
        one: {
            "parameters": [telescope],
            "get": _get("every state of a telescope by its name", {"type": "object", "properties": states}),
        },
        one + "/state/{name}": {
            "parameters": [telescope, _parameter("name", "the last part of the state's topic")],
            "get": _get("one state", {"type": "object"}),
        },
        one + "/picture": {"parameters": [telescope], "get": _other("the newest stack", "image/jpeg")},
        one + "/live/{camera}": {
            "parameters": [telescope, _parameter("camera", "tele or wide")],
            "get": _other("the live picture", "multipart/x-mixed-replace"),
        },
        one + "/sessions": {"parameters": [telescope], "post": _send("submit a session", "submit", "answer")},
        one + "/sessions/{session}": {
            "parameters": [telescope, _parameter("session", "its id")],
            "get": _get("the document of a session that waits or runs", {"type": "object"}),
        },
        one + "/command": {
            "parameters": [telescope],
            "post": _send("carry out a command", "command", "command_answer"),
        },
        one + "/settings/{key}": {
            "parameters": [telescope, _parameter("key", "the setting, such as armed")],
            "put": _send("change a setting", "set", "command_answer"),
        },
        one + "/groups": {
            "parameters": [telescope],
            "get": _get("how far the goals are", _several("groups", _ref("group"))),
        },
        one + "/nights": {
            "parameters": [telescope],
            "get": _get("what was taken, night by night", {"type": "object"}),
        },
        "/api/requests/{verb}": {
            "parameters": [_parameter("verb", "health, plan, sessions/validate, …")],
            "post": _send("ask about the agent itself", "bridge_request", "bridge_answer"),
        },
        "/api/setup": {"post": _send("write settings for the first or the next start", "setup", "answer")},
        "/api/events": {"get": _other("what is new, as server-sent events", "text/event-stream")},
        "/api/diagnostics": {"get": _get("what helps to find a fault", {"type": "object"})},
    }


def _parameter(name: str, about: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": about, "schema": {"type": "string"}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _several(name: str, each: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "array", "items": dict(each)}}}


def _get(about: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"summary": about, "responses": {"200": _answer(about, schema)}}


def _other(about: str, kind: str) -> dict[str, Any]:
    return {"summary": about, "responses": {"200": {"description": about, "content": {kind: {}}}}}


def _send(about: str, body: str, answer: str) -> dict[str, Any]:
    return {
        "summary": about,
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(body)}}},
        "responses": {
            "200": _answer("done", _ref(answer)),
            "202": _answer("accepted", _ref(answer)),
            "default": _answer("refused, with the reason and the remedy", _ref(answer)),
        },
    }


def _answer(about: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": schema}}}
