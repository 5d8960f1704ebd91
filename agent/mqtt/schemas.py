"""JSON Schemas of every body, made from the types that write or read it, and the table of topics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from agent.mqtt import bodies, fleet_bodies, groups, request_bodies
from agent.mqtt.collected import PolarAlignmentBody
from agent.mqtt.suggested import SuggestionsBody


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One row of the table: a topic below the base, who publishes it, how, and what it holds."""

    topic: str
    direction: str
    retained: bool
    qos: int
    schema: str
    about: str


BODIES: dict[str, type] = {
    "answer": bodies.AnswerBody,
    "bridge_answer": bodies.BridgeAnswerBody,
    "bridge_event": bodies.BridgeEventBody,
    "bridge_request": request_bodies.QuestionBody,
    "darkness": bodies.DarknessBody,
    "command": request_bodies.CommandBody,
    "command_answer": bodies.CommandAnswerBody,
    "download": bodies.DownloadBody,
    "enclosure": bodies.EnclosureBody,
    "fleet_collected": fleet_bodies.Totals,
    "fleet_hand_over": fleet_bodies.HandOver,
    "fleet_offer": fleet_bodies.OfferBody,
    "fleet_question": fleet_bodies.Question,
    "fleet_taken": fleet_bodies.Taken,
    "event": bodies.EventBody,
    "group": groups.GroupBody,
    "info": bodies.InfoBody,
    "night": bodies.NightBody,
    "own_schedule": bodies.OwnScheduleBody,
    "polar_alignment": PolarAlignmentBody,
    "progress": bodies.ProgressBody,
    "queue": bodies.QueueBody,
    "result": bodies.ResultBody,
    "safety": bodies.SafetyBody,
    "set": request_bodies.SetBody,
    "status": bodies.StatusBody,
    "submit": request_bodies.SubmitBody,
    "suggestions": SuggestionsBody,
    "telemetry": bodies.TelemetryBody,
    "totals": bodies.TotalsBody,
}

TOPICS = (
    TopicRow(
        "bridge/availability", "out", True, 1, "", "`online` or `offline`: the agent itself, its last will"
    ),
    TopicRow(
        "bridge/info", "out", True, 1, "info", "version, telescopes, limits, time zone, log level, errors"
    ),
    TopicRow(
        "bridge/request/<verb>", "in", False, 1, "bridge_request", "a question to the agent, such as `health`"
    ),
    TopicRow("bridge/response/<verb>", "out", False, 1, "bridge_answer", "its answer"),
    TopicRow(
        "bridge/event",
        "out",
        False,
        1,
        "bridge_event",
        "what happened to the agent: `broker_back`, `settings_wrong`, `sessions_left_behind`",
    ),
    TopicRow("<id>/availability", "out", True, 1, "", "`online` or `offline`: whether the telescope answers"),
    TopicRow("<id>/status", "out", True, 1, "status", "what it is doing, and why"),
    TopicRow(
        "<id>/progress", "out", True, 0, "progress", "how far the session is; every percent, step or 10 s"
    ),
    TopicRow("<id>/telemetry", "out", True, 1, "telemetry", "battery, storage, temperature, tracking, focus"),
    TopicRow("<id>/queue", "out", True, 1, "queue", "the sessions that wait"),
    TopicRow("<id>/own_schedule", "out", True, 1, "own_schedule", "what the telescope keeps to do by itself"),
    TopicRow("<id>/polar_alignment", "out", True, 1, "polar_alignment", "its error, as it was measured last"),
    TopicRow("<id>/suggestions", "out", True, 1, "suggestions", "what is worth a picture tonight, and why"),
    TopicRow(
        "<id>/group/<group>", "out", True, 1, "group", "what a group has of its goals; empty when it is gone"
    ),
    TopicRow("<id>/darkness", "out", True, 1, "darkness", "when tonight is dark, and the Moon; with a site"),
    TopicRow("<id>/enclosure", "out", True, 1, "enclosure", "the box around it: lid, power, mains, heater"),
    TopicRow("<id>/night", "out", True, 1, "night", "the last night in two sentences and its sums"),
    TopicRow("<id>/night_picture", "out", True, 1, "", "its best picture, JPEG"),
    TopicRow("<id>/totals", "out", True, 1, "totals", "what was collected in all; only grows"),
    TopicRow("<id>/download", "out", True, 0, "download", "how far fetching into the archive is"),
    TopicRow("<id>/result", "out", True, 1, "result", "how the last session ended"),
    TopicRow("<id>/result/<session_id>", "out", False, 1, "result", "the same, once, for who waits for it"),
    TopicRow("<id>/event", "out", False, 1, "event", "what happened, for those who listen now"),
    TopicRow("<id>/response", "out", True, 1, "", "a copy of the latest answer of either kind"),
    TopicRow("<id>/settings", "out", True, 1, "", "the telescope's settings, by name"),
    TopicRow("<id>/safety", "out", True, 1, "safety", "may the sky be opened, and what speaks against it"),
    TopicRow("<id>/image", "out", True, 1, "", "the latest picture, JPEG"),
    TopicRow("<id>/image_info", "out", True, 1, "", "its true time, target and size"),
    TopicRow("<id>/session/submit", "in", False, 1, "submit", "a session"),
    TopicRow("<id>/session/response", "out", False, 1, "answer", "the immediate answer"),
    TopicRow("session/submit", "in", False, 1, "submit", "a session that names its telescope in the body"),
    TopicRow("session/response", "out", False, 1, "answer", "the immediate answer to that"),
    TopicRow("<id>/command", "in", False, 1, "command", "a command, as a bare word or a JSON object"),
    TopicRow(
        "<id>/command/response", "out", False, 1, "command_answer", "`accepted`, then `done` or `error`"
    ),
    TopicRow("<id>/set/<key>", "in", False, 1, "set", "a new value, bare or in a JSON object"),
    TopicRow("safety/input/<source>", "in", True, 1, "", "a report of a safety source"),
)


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema (draft 2020-12) of each body by its name."""
    found = {}
    for name, body in BODIES.items():
        schema = TypeAdapter(body).json_schema()
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
        found[name] = {**head, **_untitled(schema)}
    return found


def topic_table() -> str:
    """Return the table of topics as Markdown."""
    lines = ["| Topic | Direction | Retained | QoS | Body |", "| --- | --- | --- | --- | --- |"]
    for row in TOPICS:
        linked = f" ([schema](schemas/{row.schema}.json))" if row.schema else ""
        retained = "allowed" if row.retained and row.direction == "in" else "yes" if row.retained else "no"
        lines.append(
            f"| `<base>/{row.topic}` | {row.direction} | {retained} | {row.qos} | {row.about}{linked} |"
        )
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Write every schema into a folder, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / f"{name}.json").write_text(as_text(schema), encoding="utf-8")


def as_text(schema: dict[str, Any]) -> str:
    """Return a schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _untitled(schema: Any) -> Any:
    """Leave out the titles that only repeat the names of keys."""
    if isinstance(schema, dict):
        return {k: _untitled(v) for k, v in schema.items() if k != "title" or not isinstance(v, str)}
    return [_untitled(item) for item in schema] if isinstance(schema, list) else schema


if __name__ == "__main__":
    write(Path(__file__).parents[2] / "docs" / "schemas")
