"""`dwarf-agent park`: have the running agent fold the telescope, or fold it without any agent."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, broker_of, load, perform, positive
from agent.errors import AgentError
from agent.requests import Verb
from agent.text import printable

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.telescope.interface import Telescope

_DESCRIPTION = """\
Folds the telescope. Usually the running agent does it (its controls must be armed). With --direct this
command does it alone, without agent and broker, from any machine that reaches the telescope: it takes
control, stops whatever is captured, and parks, again and again until the telescope says that it did, or
the time is over.

It is the way out when the agent died in the rain; beside an agent that lives, the two would argue.
Exit code 0 when it is parked, 1 when the agent refused, 2 when it could not be done."""
_EXAMPLES = """\
  dwarf-agent park
  dwarf-agent park --direct --telescope-host 192.168.1.50
  ssh attic-pi dwarf-agent park --direct --telescope-host 192.168.1.50     from a shell_command"""

_SILENT = {"held_by_other": "Another client holds the telescope: stop the agent, or close the phone app."}
AGAIN_S = 10.0  # between two attempts
REACH_S = 30.0  # a telescope that is there answers by then


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "park",
        _run,
        summary="fold the telescope, with the agent or without one",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--direct", action="store_true", help="without the agent: connect, stop, park")
    parser.add_argument(
        "--minutes", type=positive, default=10.0, help="how long --direct goes on trying (default: 10)"
    )
    parser.add_argument(
        "--telescope", default="", metavar="ID", help="which telescope, when there are several"
    )
    parser.add_argument(
        "--reason", default="", metavar="TEXT", help="why; it is shown and kept with the result"
    )
    add_config_flags(
        parser,
        *("telescope_host", "telescope_port", "telescope_http_port", "telescope_model"),
        *("mqtt_host", "mqtt_port", "mqtt_base_topic"),
    )


def _run(arguments: argparse.Namespace) -> int:
    settings = load(arguments)
    if not arguments.direct:
        from agent.cli.verbs import send

        reason = {"reason": arguments.reason} if arguments.reason else {}
        base = settings.mqtt.base_topic
        work = send(broker_of(settings), base, Verb.PARK, reason, telescope=arguments.telescope)
        return perform(work)

    from agent.cli.logging_setup import set_up_logging
    from agent.clock import SystemClock
    from agent.telescope.dwarf.telescope import DwarfAddress, DwarfOptions, DwarfTelescope

    known = [one for one in settings.telescopes if arguments.telescope in ("", one.id) and one.host]
    if len(known) != 1:
        raise AgentError(
            "Which telescope is to be parked is not known."
            if known
            else "The telescope's address is not set.",
            hint="Add --telescope with its id." if known else "Give --telescope-host.",
        )
    set_up_logging("error")
    own, clock = known[0], SystemClock()
    address = DwarfAddress(own.host, own.port, own.http_port, own.card_port)
    telescope = DwarfTelescope(address, options=DwarfOptions(model=own.model), clock=clock)
    return perform(park_directly(telescope, clock, arguments.minutes * 60))


async def park_directly(telescope: Telescope, clock: Clock, limit_s: float) -> int:
    """Stop and park a telescope, however often it takes within the limit; return the exit code."""
    end, said = clock.monotonic() + limit_s, ""
    await telescope.open()
    try:
        while True:
            try:
                async with clock.timeout(max(1.0, min(REACH_S, end - clock.monotonic()))):
                    await telescope.wait_connected()
                await _stop(telescope)
                await telescope.park()
            except (AgentError, TimeoutError) as error:
                why = str(error) or _SILENT.get(telescope.connection, "The telescope does not answer.")
                if why != said:
                    said = why
                    print(printable(f"not yet: {why}"), file=sys.stderr, flush=True)
            else:
                print("The telescope is parked.", flush=True)
                return 0
            if clock.monotonic() + AGAIN_S >= end:
                raise AgentError(
                    f"It was not parked within {limit_s / 60:g} min: {said}", hint="Look after it."
                )
            await clock.sleep(AGAIN_S)
    finally:
        await telescope.close()


async def _stop(telescope: Telescope) -> None:
    """Stop what is captured; a telescope that does not stop is parked all the same, which ends it too."""
    from agent.capabilities import Camera

    await telescope.take_control()
    try:
        for camera in Camera:
            if await telescope.running_capture(camera) is not None:
                print(f"stopping the {camera.value} camera", flush=True)
                await telescope.stop_capture(camera)
        await telescope.halt()
    except AgentError as error:
        print(printable(f"not stopped: {error}"), file=sys.stderr, flush=True)
