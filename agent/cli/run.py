"""`dwarf-agent run`: the agent itself."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.common import (
    Commands,
    add_command,
    add_config_flags,
    in_add_on,
    in_container,
    interrupted_by,
    load,
    perform,
)

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from agent.addon.supervisor import Supervisor
    from agent.settings import Settings
    from agent.station.station import Station

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
    parser.add_argument(
        "--once",
        action="store_true",
        help="stop when no session runs or is due; with code 1 if one went to Error/",
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the telescope's messages to FILE")
    add_config_flags(
        parser,
        "telescope_host",
        "telescope_port",
        "telescope_http_port",
        "telescope_card_port",
        "telescope_model",
        "mqtt_host",
        "mqtt_port",
        "sessions_dir",
        "log_level",
        "log_format",
    )


def _run(arguments: argparse.Namespace) -> int:
    from agent.addon.supervisor import Supervisor
    from agent.app.memory import return_large_allocations

    return_large_allocations()
    supervisor = Supervisor.from_environment(os.environ)
    if supervisor is not None:
        return perform(_run_in_add_on(arguments, supervisor))
    settings = load(arguments)
    if not _begins_on_the_page(arguments, settings):
        require_addresses(settings)
    _set_up_logging(settings)
    return perform(_run_alone(arguments, settings))


def _begins_on_the_page(arguments: argparse.Namespace, settings: Settings) -> bool:
    """Whether there is no telescope yet, and a page that somebody can open to set one up."""
    page = settings.page
    reachable = page.enabled and not (page.only_here and in_container(os.environ))
    return reachable and not arguments.once and not any(one.host for one in settings.telescopes)


async def _run_alone(arguments: argparse.Namespace, settings: Settings) -> int:
    import asyncio

    from agent.app.health import HealthDoor, station_report
    from agent.app.run import run_agent
    from agent.app.setting_up import SettingUp
    from agent.clock import SystemClock
    from agent.health import health_path
    from agent.settings.loader import find_file, user_file

    stations: dict[str, Station] = {}
    sessions_dir = None if in_container(os.environ) else settings.sessions_dir
    file = arguments.config or find_file(os.environ) or user_file(os.environ)
    async with HealthDoor(health_path(sessions_dir, os.environ), lambda: station_report(stations)):
        if _begins_on_the_page(arguments, settings):
            from agent.app.first_setup import set_up_first

            setting_up = SettingUp(settings, file, os.environ)
            if not await set_up_first(settings, setting_up, SystemClock(), asyncio.Event()):
                return 0
        settings = _settings(arguments)
        return await run_agent(
            settings,
            clock=SystemClock(),
            once=arguments.once,
            record=arguments.record,
            ready=stations.update,
            setting_up=SettingUp(settings, file, os.environ, runs=True),
            say=_say if settings.log_format == "plain" else logging.getLogger("agent").info,
            ended_by=interrupted_by(),
        )


async def _run_in_add_on(arguments: argparse.Namespace, supervisor: Supervisor) -> int:
    from agent.addon.addon import AddOn
    from agent.app.health import HealthDoor, station_report
    from agent.app.run import run_agent
    from agent.cli.logging_setup import set_up_logging
    from agent.clock import SystemClock
    from agent.health import health_path

    clock = SystemClock()
    set_up_logging("info")

    async def begin(settings: Settings, **parts: Any) -> int:
        _set_up_logging(settings)
        return await run_agent(settings, clock=clock, once=arguments.once, record=arguments.record, **parts)

    def aside(problems: tuple[str, ...]) -> AbstractAsyncContextManager[None]:
        from agent.app.first_setup import page_of_problems

        return page_of_problems(problems, clock)

    add_on = AddOn(lambda: _settings(arguments), begin, station_report, supervisor, clock, aside=aside)
    async with HealthDoor(health_path(None, os.environ), add_on.report):
        return await add_on.run()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _settings(arguments: argparse.Namespace) -> Settings:
    from agent.sky.catalogue.small_bodies import ELEMENTS

    settings = load(arguments)
    ELEMENTS.look_in(settings.sessions_dir)
    require_addresses(settings)
    return settings


def _set_up_logging(settings: Settings) -> None:
    from agent.cli.logging_setup import set_up_logging

    set_up_logging(settings.log_level, settings.log_format)


def require_addresses(settings: Settings) -> None:
    """Raise SettingsError for telescopes without an address: the agent never makes one up."""
    from agent.errors import Problem
    from agent.settings import SettingsError

    hint = (
        "Set telescope_host in config.yaml, DWARF_TELESCOPE_HOST in the environment, or --telescope-host. "
        "Without a telescope, try 'dwarf-agent demo' or 'dwarf-agent simulate'."
    )
    if in_add_on(os.environ):
        hint = "Enter it as telescope_host, such as 192.168.1.50; the telescope's phone app shows it."
    missing = [
        Problem("settings", "the telescope's address is not set.", hint, path=f"telescopes[{index}].host")
        for index, telescope in enumerate(settings.telescopes)
        if not telescope.host
    ]
    if missing:
        raise SettingsError(missing)
