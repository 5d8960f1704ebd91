"""`dwarf-agent run`: the agent itself."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, load

if TYPE_CHECKING:
    from agent.settings import Settings

_EXAMPLES = """\
  dwarf-agent run --telescope-host 192.168.1.50
  dwarf-agent run --config /config/agent.yaml
  dwarf-agent run --once                     run what is due, then stop
  dwarf-agent run --record night.jsonl       keep what the telescope said, for a report
  DWARF_TELESCOPE_HOST=192.168.1.50 DWARF_MQTT_HOST=broker.local dwarf-agent run"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "run",
        _run,
        summary="run sessions from the ToDo folder and MQTT until told to stop",
        examples=_EXAMPLES,
    )
    parser.add_argument("--once", action="store_true", help="stop when no session is left to run")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the telescope's messages to FILE")
    add_config_flags(
        parser,
        "telescope_host",
        "telescope_port",
        "telescope_http_port",
        "telescope_model",
        "mqtt_host",
        "mqtt_port",
        "sessions_dir",
        "log_level",
        "log_format",
    )


def _run(arguments: argparse.Namespace) -> int:
    settings = load(arguments)
    require_addresses(settings)

    from agent.app import run_agent
    from agent.cli.logging_setup import set_up_logging
    from agent.clock import SystemClock

    set_up_logging(settings.log_level, settings.log_format)
    return asyncio.run(run_agent(settings, clock=SystemClock(), once=arguments.once, record=arguments.record))


def require_addresses(settings: Settings) -> None:
    """Raise SettingsError for telescopes without an address: the agent never makes one up."""
    from agent.settings import SettingsError, SettingsProblem

    hint = (
        "Set telescope_host in config.yaml, DWARF_TELESCOPE_HOST in the environment, or --telescope-host. "
        "Without a telescope, try 'dwarf-agent demo' or 'dwarf-agent simulate'."
    )
    missing = [
        SettingsProblem(f"telescopes[{index}].host", "the telescope's address is not set.", hint)
        for index, telescope in enumerate(settings.telescopes)
        if not telescope.host
    ]
    if missing:
        raise SettingsError(missing)
