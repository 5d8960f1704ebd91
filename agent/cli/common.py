"""What several commands share: the configuration flags, and adding a command."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agent.cli.config_flags import TEXTS
from agent.errors import AgentError

if TYPE_CHECKING:
    from agent.mqtt.broker_options import BrokerOptions
    from agent.settings import Settings
    from agent.settings.parts import MqttSettings

Commands = Any  # argparse keeps the type of its subparsers private

T = TypeVar("T")


class _Help(argparse.RawDescriptionHelpFormatter):
    """Paragraphs fit the terminal; those with lines that are indented, such as examples, stay as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:  # noqa: ARG002
        from textwrap import fill

        paragraphs = text.split("\n\n")
        return "\n\n".join(one if "\n " in one else fill(one, min(width, 108)) for one in paragraphs)


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    summary: str,
    description: str = "",
    examples: str = "",
) -> argparse.ArgumentParser:
    """Add a command whose help shows examples; `run` gets the parsed arguments and returns the exit code."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description or summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{examples}" if examples else None,
        formatter_class=_Help,
    )
    parser.set_defaults(command=run, parser=parser, summary=summary)
    return parser


def add_config_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add `--config`, `--set` and a flag for each of these settings (flat names)."""
    group = parser.add_argument_group("configuration (each also as DWARF_... in the environment)")
    group.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration file (default: ~/.config/dwarf-agent/config.yaml, else ./config.yaml)",
    )
    for name in names:
        metavar, text = TEXTS[name]
        group.add_argument(f"--{name.replace('_', '-')}", dest=f"setting_{name}", metavar=metavar, help=text)
    group.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="any other setting by its flat name, see docs/configuration.md",
    )


def add_model_flag(parser: argparse.ArgumentParser) -> None:
    """Add `--model`."""
    parser.add_argument(
        "--model",
        type=model_word,
        metavar="MODEL",
        help="D2, D3 or mini (default: the configured one, else D3)",
    )


def perform(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end what a command does. Help does nothing, so it waits for no event loop to be imported."""
    import asyncio

    return asyncio.run(work)


def load(arguments: argparse.Namespace) -> Settings:
    """Read the settings as the flags, the environment and the configuration file have them."""
    from agent.settings import find_file, load_settings

    flags = {
        name.removeprefix("setting_"): value
        for name, value in vars(arguments).items()
        if name.startswith("setting_") and value is not None
    }
    return load_settings(
        arguments.config or find_file(os.environ),
        environment=os.environ,
        flags=flags,
        assigned=dict(arguments.settings),
    )


def interrupted_by() -> str:
    """Return the keys that end this process, "" where no terminal sends any (a service, a job)."""
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            ours = os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return ""
    return "Ctrl-C" if ours else ""


def in_add_on(environment: Mapping[str, str]) -> bool:
    """Whether Home Assistant's Supervisor started this process."""
    return bool(environment.get("SUPERVISOR_TOKEN"))


def in_container(environment: Mapping[str, str]) -> bool:
    """Whether this is the project's container image, where there is one agent and no other."""
    return in_add_on(environment) or bool(environment.get("DWARF_DEFAULT_SESSIONS_DIR"))


def broker_of(settings: Settings) -> BrokerOptions:
    """Return the broker to call the agent at, with a client id of our own; AgentError when none is set."""
    from agent.mqtt.client import caller_id

    broker = settings.mqtt if settings.mqtt.host else _supervisors_broker(settings.mqtt)
    if broker is None:
        raise AgentError(
            "The MQTT broker's address is not set.",
            code="no_broker",
            hint="Set mqtt_host in config.yaml, DWARF_MQTT_HOST in the environment, or --mqtt-host.",
        )
    return broker.broker(client_id=caller_id())


def _supervisors_broker(settings: MqttSettings) -> MqttSettings | None:
    """In an add-on, the broker that Home Assistant's Supervisor names."""
    if not in_add_on(os.environ):
        return None

    from agent.addon.supervised_port import with_broker
    from agent.addon.supervisor import Supervisor

    supervisor = Supervisor.from_environment(os.environ)
    found = perform(supervisor.broker()) if supervisor is not None else None
    return with_broker(settings, found) if found is not None else None


def model_word(text: str) -> str:
    """Read a telescope model for argparse, however people write it."""
    from agent.capabilities import MODEL_NAMES, read_model

    if (model := read_model(text)) is not None:
        return model
    raise argparse.ArgumentTypeError(f"must be {', '.join(MODEL_NAMES)}, not {text!r}")


def positive(text: str) -> float:
    """Read a number above 0 for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text!r}")
    return number


def port_number(text: str) -> int:
    """Read a port for argparse; 0 takes a free one."""
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be 0 to 65535, not {text!r}")


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"must look like NAME=VALUE, not {text!r}")
    return name.strip(), value
