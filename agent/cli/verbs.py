"""The verbs a person can send to a running agent: abort, pause, resume, skip and the others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.cli.common import Commands, add_command, add_config_flags, broker_of, load, perform
from agent.errors import AgentError
from agent.requests import Verb
from agent.text import printable

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.mqtt.port import MqttPort


@dataclass(frozen=True, slots=True)
class _CommandVerb:
    """A verb as a command: its name, what it says of itself, and the arguments it takes."""

    name: str
    verb: Verb
    summary: str
    arguments: tuple[tuple[str, str], ...] = ()  # (name, help); positional unless it begins with --
    example: str = "--telescope garden"


_SESSION = ("session_id", "the session: its file name without .json")
_VERBS = (
    _CommandVerb("abort", Verb.ABORT, "stop the running session now", example='--reason "fog"'),
    _CommandVerb("pause", Verb.PAUSE, "suspend the running session and the queue"),
    _CommandVerb("resume", Verb.RESUME, "go on after pause"),
    _CommandVerb("skip", Verb.SKIP, "end the running session, go on with the next"),
    _CommandVerb("end-night", Verb.END_NIGHT, "stop now, and start nothing more tonight"),
    _CommandVerb(
        "stop-after-this", Verb.STOP_AFTER_THIS, "finish the running session, then start nothing more tonight"
    ),
    _CommandVerb(
        "run-now", Verb.RUN, "run a waiting session now, whatever its start time", (_SESSION,), "m31"
    ),
    _CommandVerb("remove", Verb.REMOVE, "take a waiting session out of the queue", (_SESSION,), "m31"),
    _CommandVerb(
        "reschedule",
        Verb.RESCHEDULE,
        "give a waiting session another start",
        (_SESSION, ("at", "new start, such as 2026-03-12T22:30:00+01:00")),
        "m31 2026-03-12T22:30:00+01:00",
    ),
    _CommandVerb(
        "prioritize",
        Verb.PRIORITIZE,
        "give a waiting session another priority",
        (_SESSION, ("priority", "a whole number; the higher goes first")),
        "m31 5",
    ),
    _CommandVerb(
        "goto",
        Verb.GOTO,
        "point the telescope (controls must be armed)",
        (
            ("--target", "name of the target"),
            ("--ra", "right ascension J2000: decimal hours or HH:MM:SS"),
            ("--dec", "declination J2000: decimal degrees or ±DD:MM:SS"),
        ),
        '--target "M 42"',
    ),
    _CommandVerb(
        "nudge",
        Verb.NUDGE,
        "turn the telescope a little, in the dark (controls must be armed)",
        (("direction", "right, left, up or down"), ("--seconds", "for how long, 0.1 to 2 (default: 0.5)")),
        "left --seconds 1",
    ),
    _CommandVerb(
        "focus-step",
        Verb.FOCUS_STEP,
        "turn the focus a little (controls must be armed)",
        (("direction", "near or far"), ("--steps", "how many, 1 to 20 (default: 1)")),
        "near --steps 3",
    ),
    _CommandVerb("autofocus", Verb.AUTOFOCUS, "search the focus on stars (controls must be armed)"),
    _CommandVerb("calibrate", Verb.CALIBRATE, "find out where it points (controls must be armed)"),
    _CommandVerb("align", Verb.ALIGN, "measure the polar alignment (controls must be armed)"),
    _CommandVerb("shutdown", Verb.SHUTDOWN, "power the telescope off (controls must be armed)"),
    _CommandVerb("reboot", Verb.REBOOT, "restart the telescope (controls must be armed)"),
)


def add_to(commands: Commands) -> None:
    """Add a command for each verb."""
    for spec in _VERBS:
        parser = add_command(
            commands,
            spec.name,
            _run,
            summary=spec.summary,
            examples=f"  dwarf-agent {spec.name} {spec.example}",
        )
        parser.set_defaults(verb=spec.verb)
        taken = [
            parser.add_argument(name, help=text, metavar=name.lstrip("-").upper()).dest
            for name, text in spec.arguments
        ]
        parser.set_defaults(verb_arguments=taken)
        parser.add_argument(
            "--telescope", default="", metavar="ID", help="which telescope, when there are several"
        )
        parser.add_argument(
            "--reason", default="", metavar="TEXT", help="why; it is shown and kept with the result"
        )
        add_config_flags(parser, "mqtt_host", "mqtt_port", "mqtt_base_topic")


def _run(arguments: argparse.Namespace) -> int:
    settings = load(arguments)
    given = {name: getattr(arguments, name) for name in (*arguments.verb_arguments, "reason")}
    return perform(
        send(
            broker_of(settings),
            settings.mqtt.base_topic,
            arguments.verb,
            {name: value for name, value in given.items() if value},
            telescope=arguments.telescope,
        )
    )


async def send(
    broker: BrokerOptions,
    base: str,
    verb: Verb,
    arguments: dict[str, Any],
    *,
    telescope: str = "",
    port: MqttPort | None = None,
) -> int:
    """Send one command, print the answers, and return the exit code: 0 done, 1 refused."""
    from agent.mqtt.client import calling

    async with calling(broker, base, port) as caller:
        known = telescope or only_telescope(await caller.status())
        answer = await caller.command(known, verb.value, arguments, on_accepted=_print_answer)
    _print_answer(answer)
    return 0 if answer.get("status") == "done" else 1


def _print_answer(answer: Mapping[str, Any]) -> None:
    text = f"{answer.get('status')}: {answer.get('message') or ''} {answer.get('hint') or ''}".rstrip(" :")
    print(printable(text), file=sys.stderr if answer.get("status") == "error" else sys.stdout, flush=True)


def only_telescope(retained: Mapping[str, Any]) -> str:
    """Return the one telescope that was announced; AgentError when there is none, or which is not known."""
    names = sorted(
        {topic.partition("/")[0] for topic in retained if topic.endswith("/availability")} - {"bridge"}
    )
    if len(names) == 1:
        return names[0]
    if not names:
        raise AgentError(
            "No telescope has been announced on this broker.", hint="Is 'dwarf-agent run' running?"
        )
    raise AgentError(
        "There are several telescopes.", hint=f"Add --telescope with one of: {', '.join(names)}."
    )
