"""`dwarf-agent submit`: give a session to a running agent over MQTT."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.common import Commands, add_command, add_config_flags, broker_of, load, perform
from agent.cli.live import Live
from agent.errors import AgentError
from agent.text import json_text, printable

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.port import MqttPort

_DESCRIPTION = """\
Sends a session document to a running agent. It answers at once whether it takes the session. With
--wait, the command stays until the session ended.

exit codes:
  0  the session was taken, or waits or runs already; with --wait: it was completed
  1  it was refused, or ended before under this --session-id (nothing runs then; give another); with
     --wait also: it ended, and was not completed
  2  it could not be sent: no file, no broker, no agent, no answer"""
_EXAMPLES = """\
  dwarf-agent submit m31.json
  dwarf-agent submit m31.json --wait && echo "all frames taken"
  dwarf-agent submit m31.json --telescope garden --session-id m31-tonight"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "submit",
        _run,
        summary="send a session to the running agent over MQTT",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="session document (JSON)")
    parser.add_argument("--wait", action="store_true", help="wait until the session ended")
    parser.add_argument(
        "--telescope", default="", metavar="ID", help="which telescope, when there are several"
    )
    parser.add_argument(
        "--session-id", default="", metavar="ID", help="name of the session, to submit it only once"
    )
    parser.add_argument("--json", action="store_true", help="print the answer (and the result) as JSON lines")
    add_config_flags(parser, "mqtt_host", "mqtt_port", "mqtt_base_topic")


def _run(arguments: argparse.Namespace) -> int:
    settings = load(arguments)
    body = _read(arguments.file)
    return perform(
        submit(
            broker_of(settings),
            settings.mqtt.base_topic,
            body,
            telescope=arguments.telescope,
            session_id=arguments.session_id,
            wait=arguments.wait,
            as_json=arguments.json,
        )
    )


async def submit(
    broker: BrokerOptions,
    base: str,
    body: dict[str, Any],
    *,
    telescope: str = "",
    session_id: str = "",
    wait: bool = False,
    as_json: bool = False,
    port: MqttPort | None = None,
) -> int:
    """Submit a decoded session, print the answer and (with `wait`) the result; return the exit code."""
    from agent.mqtt.client import calling

    live = Live() if wait and not as_json else None
    message = body | ({"session_id": session_id} if session_id else {})
    mine: dict[str, Any] = {}

    def told(answer: Mapping[str, Any]) -> None:
        mine.update(answer)
        _print_answer(answer, as_json)

    def hear(topic: str, body: Mapping[str, Any]) -> None:
        owner, _, name = topic.partition("/")
        same = owner == mine.get("telescope") and body.get("session_id") == mine.get("session_id")
        if live is not None and same and name in ("status", "progress"):
            with contextlib.suppress(BrokenPipeError):  # the result is still worth waiting for
                live.hear(name, body)

    async with calling(broker, base, port) as caller:
        sent = await caller.submit(
            message,
            telescope=telescope,
            wait=wait,
            on_answer=told,
            on_news=hear,
        )
    if live is not None:
        live.close()
    if sent.result is None:
        return 0 if sent.accepted else 1
    _print_result(sent.result, as_json)
    return 0 if sent.result.get("result") == "completed" else 1


def _read(file: Path) -> dict[str, Any]:
    from agent.session.jsontext import decode_object
    from agent.session.problems import BadValueError

    try:
        return decode_object(file.read_bytes())
    except OSError as error:
        raise AgentError(f"{file} cannot be read: {error.strerror or error}.") from None
    except BadValueError as error:
        hint = error.hint or f"Try 'dwarf-agent validate {file}'."
        raise AgentError(f"{file} is no session: {error.message}", hint=hint) from None


def _print_answer(answer: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print(json_text(answer), flush=True)
        return
    accepted = answer.get("status") == "accepted"
    stream = sys.stdout if accepted else sys.stderr
    word = "accepted" if accepted else f"refused ({answer.get('code')})"
    print(printable(f"{word}: {answer.get('message') or ''}"), file=stream, flush=True)
    for kind in ("errors", "warnings"):
        for problem in answer.get(kind) or ():
            told = f"{problem.get('path')}: {problem.get('message')} {problem.get('hint') or ''}"
            print(printable(f"  {kind.removesuffix('s')} {told}".rstrip()), file=stream, flush=True)


def _print_result(result: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print(json_text(result), flush=True)
    else:
        print(printable(result_sentence(result)), flush=True)


def result_sentence(result: Mapping[str, Any]) -> str:
    """Return a result as published in one sentence."""
    frames = result.get("frames") or {}
    counted = (
        f"{frames.get('taken')} of {frames.get('requested')} frames taken, {frames.get('stacked')} stacked"
    )
    return f"{result.get('result')}: {result.get('target')}: {result.get('message') or counted}"
