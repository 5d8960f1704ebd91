"""`dwarf-agent demo`: a whole imaging session without telescope, broker or set-up."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.common import Commands, add_command, positive
from agent.errors import AgentError

if TYPE_CHECKING:
    from agent.cli.demo_view import DemoView
    from agent.settings import Settings
    from agent.telescope.simulator import SimulatedDwarf

_DESCRIPTION = """\
Starts an MQTT broker, a simulated Dwarf 3 and the agent on free ports of this machine, in a temporary folder,
runs a sample session, and prints what is published while it happens. Exit code 0 when it was completed."""
_EXAMPLES = """\
  dwarf-agent demo
  dwarf-agent demo --speed 5 --keep demo-files   slower, and keep the session files to look at"""

SPEED = 20.0  # the sample session takes about six minutes of the telescope's time
START = datetime(2026, 1, 20, 20, 0, tzinfo=UTC)  # a winter evening on which the sample's target stands high
LIMIT_S = 240.0  # real seconds after which something is wrong

_SITE = {"latitude": 48.8534, "longitude": 2.3488, "altitude_m": 35, "timezone": "Europe/Paris"}
_LOOPBACK = "127.0.0.1"
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
        return asyncio.run(demo(arguments.keep, arguments.speed, DemoView()))
    with tempfile.TemporaryDirectory(prefix="dwarf-agent-demo-") as folder:
        return asyncio.run(demo(Path(folder), arguments.speed, DemoView()))


async def demo(folder: Path, speed: float, view: DemoView) -> int:
    """Run the sample session in `folder` and show it; return the exit code."""
    from agent.app.run import run_agent
    from agent.clock import ScaledClock
    from agent.mqtt.broker import embedded_broker
    from agent.telescope.simulator import Generation, SimulatedDwarf, SimulatorOptions, patient

    clock = ScaledClock(speed, START)
    options = patient(
        SimulatorOptions(model="D3", generation=Generation.V3, host=_LOOPBACK, card_port=0, speed=speed)
    )
    with _log_file(folder / "agent.log"), view:
        async with embedded_broker() as broker, SimulatedDwarf(options, clock) as telescope:
            settings = _settings(folder, broker.port, telescope)
            _put_sample(settings.sessions_dir)
            view.began(speed, broker.port, telescope.port)
            async with _listening(settings, view):
                try:
                    async with asyncio.timeout(LIMIT_S):
                        await run_agent(settings, clock=clock, once=True)
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
            "mqtt_host": _LOOPBACK,
            "mqtt_port": broker_port,
            "mqtt_protocol": "3.1.1",
            "sessions_dir": str(folder / "Astro_Sessions"),
            "poll_seconds": 1,
            **_SITE,
        }
    )


def _put_sample(sessions: Path) -> None:
    todo = sessions / "ToDo"
    todo.mkdir(parents=True, exist_ok=True)
    with (
        (files("agent.cli") / "demo_session.json").open("rb") as source,
        (todo / "orion.json").open("wb") as target,
    ):
        shutil.copyfileobj(source, target)


@contextlib.asynccontextmanager
async def _listening(settings: Settings, view: DemoView) -> AsyncIterator[None]:
    """Show every message below the base topic, as any client of the broker would see it."""
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
