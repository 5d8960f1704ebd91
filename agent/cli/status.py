"""`dwarf-agent status`: what a running agent says of itself and its telescopes."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from agent.cli.common import Commands, add_command, add_config_flags, broker_of, in_container, load, perform
from agent.text import json_text, printable

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.client import Caller
    from agent.mqtt.port import MqttPort

_DESCRIPTION = """\
Shows what the agent published last: per telescope its status, the running session, the queue, telemetry
and the last result. Exit code 0 when the agent is online, 1 when it is not, 2 when there is no broker.

With --health it asks the agent that runs on this machine itself, without any broker: exit code 0 when it is
alive and well, 1 when it is not."""
_EXAMPLES = """\
  dwarf-agent status
  dwarf-agent status --json | jq '.telescopes[].status.state'
  dwarf-agent status --health                is the agent on this machine alive"""

ASK_S = 2.0  # an agent that is there answers at once

_SHOWN = (
    "availability",
    "status",
    "progress",
    "queue",
    "own_schedule",
    "telemetry",
    "safety",
    "settings",
    "result",
)


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "status",
        _run,
        summary="show what the running agent and its telescopes do",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")
    parser.add_argument("--health", action="store_true", help="ask the agent on this machine, without MQTT")
    add_config_flags(parser, "mqtt_host", "mqtt_port", "mqtt_base_topic", "sessions_dir")


def _run(arguments: argparse.Namespace) -> int:
    if arguments.health:
        return _health(arguments)

    settings = load(arguments)
    return perform(status(broker_of(settings), settings.mqtt.base_topic, as_json=arguments.json))


async def status(
    broker: BrokerOptions, base: str, *, as_json: bool = False, port: MqttPort | None = None
) -> int:
    """Collect what is retained, print it, and return the exit code."""
    from agent.cli.colour import Ink, painted, print_lines
    from agent.mqtt.client import calling

    async with calling(broker, base, port, needs_agent=False) as caller:
        found = _arranged(await caller.status())
        if found["online"]:
            await _add_nights(caller, found["telescopes"])
    if as_json:
        print(json_text(found, 2))
    else:
        online = painted("online", Ink.GOOD) if found["online"] else painted("offline", Ink.BAD)
        print(f"{printable(_agent(found))}: {online}")
        print_lines(_lines(found))
    return 0 if found["online"] else 1


async def _add_nights(caller: Caller, telescopes: dict[str, dict[str, Any]]) -> None:
    """Add to each telescope whether its night is over, as the agent says when it is asked."""
    from agent.mqtt.client import CallerError

    with contextlib.suppress(CallerError):
        asked = await caller.question("health", {}, ASK_S)
        for name, facts in (asked.get("telescopes") or {}).items():
            if facts.get("night_over"):
                telescopes.setdefault(name, {})["night_over"] = facts["night_over"]


def _health(arguments: argparse.Namespace) -> int:
    from agent.health import ask_health, health_path

    sessions_dir = None if in_container(os.environ) else load(arguments).sessions_dir
    found = ask_health(health_path(sessions_dir, os.environ))
    if found is None:
        print("no agent answers on this machine", file=sys.stderr)
        return 1
    if arguments.json:
        print(json_text(found, 2))
    else:
        print(
            printable(
                f"agent {found.get('version')}: {found.get('state')}. {found.get('problem') or ''}"
            ).rstrip()
        )
        for name, about in (found.get("telescopes") or {}).items():
            print(printable(f"{name}: {about['status']}, {about['connection']}, {about['queue']} waiting"))
    return 0 if found.get("healthy") else 1


def _arranged(retained: dict[str, Any]) -> dict[str, Any]:
    telescopes: dict[str, dict[str, Any]] = {}
    for topic, body in retained.items():
        telescope, _, name = topic.partition("/")
        kind, _, word = name.partition("/")
        if not isinstance(body, dict) and name != "availability":
            continue  # nothing that an agent says
        if telescope != "bridge" and kind == "group" and word:
            telescopes.setdefault(telescope, {}).setdefault("groups", {})[word] = body
        if telescope != "bridge" and name in _SHOWN:
            telescopes.setdefault(telescope, {})[name] = body
    return {
        "online": retained.get("bridge/availability") == "online",
        "agent": info if isinstance(info := retained.get("bridge/info"), dict) else None,
        "telescopes": dict(sorted(telescopes.items())),
    }


def _agent(found: dict[str, Any]) -> str:
    version = (found["agent"] or {}).get("version")
    return f"agent {version}" if version else "agent"


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for name, topics in found["telescopes"].items():
        try:
            facts = _facts(topics)
        except (AttributeError, LookupError, TypeError, ValueError):  # others may write on our topics
            facts = [("telescope", "what is said of it on the broker cannot be read")]
        lines += [name, *(f"  {label:<10} {text}" for label, text in facts if text)]
    if not found["telescopes"]:
        lines.append("no telescope has been announced")
    return lines


def _facts(topics: dict[str, Any]) -> list[tuple[str, str]]:
    from datetime import UTC, datetime

    from agent.cli.live import time_words
    from agent.clock import aware_instant

    status, progress, queue, telemetry, result = (
        topics.get(name) or {} for name in ("status", "progress", "queue", "telemetry", "result")
    )
    doing = [status.get("state"), status.get("step"), status.get("message")]
    facts = [
        ("telescope", str(topics.get("availability", ""))),
        ("status", ", ".join(str(part) for part in doing if part)),
    ]
    if status.get("running"):
        facts.append(("session", f"{status.get('session_id')}: {status.get('target')}"))
        percent = progress.get("percent") or 0
        facts.append(("progress", f"{percent:.0f} %, {_counted(progress, 'taken', 'total')} frames"))
    if problem := status.get("problem"):
        facts.append(("problem", f"{problem.get('message')} {problem.get('hint') or ''}".strip()))
    waiting, next_at = f"{queue.get('count', 0)} waiting", aware_instant(queue.get("next_at"))
    if next_at is not None and next_at > datetime.now(UTC):
        waiting += f", next at {time_words(queue['next_at'])}"
    facts.append(("queue", waiting))
    if over := topics.get("night_over"):
        facts.append(("night", str(over.get("message"))))
    facts.append(("schedule", _own_schedule(topics.get("own_schedule") or {})))
    groups = (topics.get("groups") or {}).values()
    facts += [("goal", str((group or {}).get("message") or "")) for group in groups]
    if telemetry.get("battery") is not None:
        facts.append(
            ("battery", f"{telemetry['battery']} %{', charging' if telemetry.get('charging') else ''}")
        )
    if result:
        asked = (result.get("frames") or {}).get("requested")
        told = f"{_counted(result, 'taken', 'requested')} frames" if asked else result.get("message") or ""
        facts.append(
            ("last", ", ".join(filter(None, (f"{result.get('result')}: {result.get('target')}", told))))
        )
    return facts


def _own_schedule(body: dict[str, Any]) -> str:
    """What the telescope keeps to do by itself; "" when that is nothing."""
    from agent.cli.live import time_words

    target = body.get("target") or "?"
    match body.get("state"):
        case "imaging":
            return f"the telescope's own: imaging {target}, until {time_words(body.get('ends_at'))}"
        case "waiting":
            more = f", {body['count']} in all" if body.get("count", 0) > 1 else ""
            return f"the telescope's own: {target} at {time_words(body.get('next_at'))}{more}"
        case _:
            return ""


def _counted(body: dict[str, Any], part: str, whole: str) -> str:
    frames = body.get("frames") or {}
    return f"{frames.get(part)} of {frames.get(whole)}"
