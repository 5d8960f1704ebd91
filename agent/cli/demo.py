"""`dwarf-agent demo`: a whole imaging session without telescope, broker or set-up."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.common import Commands, add_command, perform, positive
from agent.errors import AgentError

if TYPE_CHECKING:
    from agent.cli.demo_view import DemoView
    from agent.settings import Settings
    from agent.telescope.simulator import SimulatedDwarf

_DESCRIPTION = """\
Starts an MQTT broker, a simulated Dwarf 3 and the agent on free ports of this machine, in a temporary folder,
runs a sample session, and prints where the page is and what is published while it happens. At a terminal the
page stays until Ctrl-C. Exit code 0 when the session was completed."""
_EXAMPLES = """\
  dwarf-agent demo
  dwarf-agent demo --speed 5 --keep demo-files   slower, and keep the session files to look at
  dwarf-agent demo --stay                        keep the page until Ctrl-C"""

SPEED = 20.0  # the sample session takes about six minutes of the telescope's time
START = datetime(2026, 1, 20, 20, 0, tzinfo=UTC)  # a winter evening on which the sample's target stands high
LIMIT_S = 240.0  # real seconds after which something is wrong

_SITE = {"latitude": 48.8534, "longitude": 2.3488, "altitude_m": 35, "timezone": "Europe/Paris"}
_LOOPBACK = "127.0.0.1"
_LATER = (
    ("rosette", "NGC 2237", "2026-01-20 23:00:00", 90),
    ("bode", "M 81", "2026-01-21 00:50:00", 60),
    ("m3", "M 3", "2026-01-21 03:10:00", 60),
)
_LOGGER = logging.getLogger(__name__)


class NotInstalledError(AgentError):
    """The demo's own extra is missing."""

    code = "not_installed"


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "demo",
        _run,
        summary="watch a whole session, with no telescope and no broker",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--speed", type=positive, default=SPEED, help="times as fast as life (default: %(default)s)"
    )
    parser.add_argument(
        "--stay",
        action=argparse.BooleanOptionalAction,
        default=sys.stdout.isatty(),
        help="keep the page after the session, with more of them for the night (default: at a terminal)",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the session files and the log in FOLDER"
    )


def _run(arguments: argparse.Namespace) -> int:
    try:
        import amqtt  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError as error:
        raise NotInstalledError(
            f"The demo needs {error.name}, which is not installed.",
            hint="Install the extra: pip install 'dwarf-agent[demo]', or in a checkout -e '.[demo]'.",
        ) from None

    from agent.cli.demo_view import DemoView

    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        return perform(demo(arguments.keep, arguments.speed, DemoView(), stay=arguments.stay))
    with tempfile.TemporaryDirectory(prefix="dwarf-agent-demo-") as folder:
        return perform(demo(Path(folder), arguments.speed, DemoView(), stay=arguments.stay))


async def demo(folder: Path, speed: float, view: DemoView, *, stay: bool = False) -> int:
    """Run the sample session in `folder` and show it; return the exit code.

    With `stay` more sessions wait for the night, and it goes on until SIGINT or SIGTERM.
    """
    import asyncio

    from agent.app.run import run_agent
    from agent.clock import ScaledClock
    from agent.mqtt.broker import embedded_broker
    from agent.telescope.simulator import Generation, SimulatedDwarf, SimulatorOptions, patient

    clock = ScaledClock(speed, START)
    options = patient(
        SimulatorOptions(
            model="D3",
            generation=Generation.V3,
            host=_LOOPBACK,
            card_port=0,
            stream_port=0,
            speed=speed,
        )
    )
    with _log_file(folder / "agent.log"), view:
        async with embedded_broker() as broker, SimulatedDwarf(options, clock) as telescope:
            settings = _settings(folder, broker.port, telescope)
            _put_sample(settings.sessions_dir, more=stay)
            view.began(speed, broker.port, telescope.port)
            async with _listening(settings, view):
                try:
                    async with asyncio.timeout(None if stay else LIMIT_S):
                        await run_agent(settings, clock=clock, once=not stay, page_told=view.page)
                        await view.heard_result()
                except TimeoutError:
                    view.problem(f"The session did not end within {LIMIT_S:.0f} s.")
    return view.ended()


def _settings(folder: Path, broker_port: int, telescope: SimulatedDwarf) -> Settings:
    from agent.settings import load_settings

    return load_settings(
        flags={
            "telescope_name": "Demo",
            "telescope_id": "demo",
            "telescope_host": _LOOPBACK,
            "telescope_port": telescope.port,
            "telescope_http_port": telescope.http_port,
            "telescope_card_port": telescope.card_port,
            "telescope_stream_port": telescope.stream_port,
            "mqtt_host": _LOOPBACK,
            "mqtt_port": broker_port,
            "mqtt_protocol": "3.1.1",
            "sessions_dir": str(folder / "Astro_Sessions"),
            "poll_seconds": 1,
            "page_port": 0,
            "min_altitude": 20,
            **_SITE,
        }
    )


def _put_sample(sessions: Path, *, more: bool) -> None:
    """Put the sample session into ToDo/, and `more` of its kind for later in the night."""
    todo = sessions / "ToDo"
    todo.mkdir(parents=True, exist_ok=True)
    sample = (files("agent.cli") / "demo_session.json").read_bytes()
    (todo / "orion.json").write_bytes(sample)
    for name, target, start, count in _LATER if more else ():
        session = json.loads(sample)
        command = session["command"]
        command["id_command"] |= {"description": target, "date": start[:10], "time": start[11:]}
        command["goto_manual"] = {"do_action": True, "target": target}
        command["setup_camera"] |= {"exposure": "60", "count": count}
        (todo / f"{name}.json").write_text(json.dumps(session), encoding="utf-8")


@contextlib.asynccontextmanager
async def _listening(settings: Settings, view: DemoView) -> AsyncIterator[None]:
    """Show every message below the base topic, as any client of the broker would see it."""
    import asyncio

    from agent.cli.common import broker_of
    from agent.mqtt.paho_port import PahoPort
    from agent.mqtt.port import Message

    port = PahoPort(broker_of(settings))
    base = settings.mqtt.base_topic

    def hear(message: Message) -> None:
        view.message(message.topic, message.payload)

    port.subscribe(f"{base}/#", hear)
    connected = asyncio.Event()
    port.on_connected(connected.set)
    port.start()
    await asyncio.wait_for(connected.wait(), LIMIT_S)
    try:
        yield
    finally:
        await port.stop()


@contextlib.contextmanager
def _log_file(path: Path) -> Any:
    """Send the log to a file: the screen belongs to the story."""
    from agent.cli.logging_setup import set_up_logging

    with path.open("w", encoding="utf-8") as stream:
        set_up_logging("info", stream=stream)
        try:
            yield
        finally:
            set_up_logging("warning")
