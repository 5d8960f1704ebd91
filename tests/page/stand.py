"""A whole agent as a process, page and all: `python -m tests.page.stand FOLDER`.

It starts on an autumn evening some time before ten, when M 31 stands high, and time runs faster than life.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.app import run_agent
from agent.clock import ScaledClock
from agent.mqtt.broker import embedded_broker
from agent.mqtt.paho_port import PahoPort
from agent.mqtt.port import Publication
from agent.settings import load_settings
from agent.telescope.simulator import Generation, SimulatedDwarf, SimulatorOptions, patient

START = datetime(2026, 10, 20, 19, 35, tzinfo=UTC)
PLACE = {"latitude": 48.8534, "longitude": 2.3488, "altitude_m": 35, "timezone": "Europe/Paris"}
HORIZON = "0:10, 40:12, 58:14, 64:24, 86:26, 92:20, 104:14, 150:9, 196:8, 222:18, 236:21, 262:14, 300:10"


def waiting(target: str, count: int, exposure: str, start: str) -> dict[str, object]:
    """A session for later."""
    return {
        "command": {
            "id_command": {"date": start[:10], "time": start[11:]},
            "auto_focus": {"do_action": True},
            "goto_manual": {"do_action": True, "target": target},
            "setup_camera": {
                "do_action": True,
                "exposure": exposure,
                "gain": 60,
                "IRCut": "Astro",
                "count": count,
            },
        }
    }


SESSIONS = {
    "rosette": waiting("NGC 2237", 90, "60", "2026-10-21 02:30:00"),
    "m45": waiting("M 45", 60, "30", "2026-10-21 00:30:00"),
    "m101": waiting("M 101", 120, "60", "2026-10-23 22:00:00"),
}


async def stand(folder: Path, speed: float, port: int) -> None:
    clock = ScaledClock(speed, START)
    _log_by(clock)
    options = patient(
        SimulatorOptions(
            model="D3",
            generation=Generation.V3,
            host="127.0.0.1",
            card_port=0,
            strict=True,
            speed=speed,
            stream_port=0,
        )
    )
    todo = folder / "Astro_Sessions" / "ToDo"
    todo.mkdir(parents=True)
    for name, session in SESSIONS.items():
        (todo / f"{name}.json").write_text(json.dumps(session), encoding="utf-8")
    async with embedded_broker() as broker, SimulatedDwarf(options, clock) as telescope:
        settings = load_settings(
            flags={
                "telescope_name": "Dwarf 3",
                "telescope_id": "dwarf3",
                "telescope_host": "127.0.0.1",
                "telescope_port": telescope.port,
                "telescope_http_port": telescope.http_port,
                "telescope_card_port": telescope.card_port,
                "telescope_stream_port": telescope.stream_port,
                "mqtt_host": "127.0.0.1",
                "mqtt_port": broker.port,
                "mqtt_protocol": "3.1.1",
                "weather_inputs": "rain_roof",
                "weather_ttl_s": 600,
                "weather_clear_for_min": 0,
                "min_altitude": 20,
                "horizon": HORIZON,
                "sessions_dir": str(folder / "Astro_Sessions"),
                "poll_seconds": 1,
                "page_port": port,
                **PLACE,
            }
        )
        sensor = PahoPort(settings.mqtt.broker(client_id="rain-sensor"))
        sensor.start()
        reporting = asyncio.create_task(_report_dry(sensor, clock))
        await run_agent(settings, clock=clock, page_told=_say)
        reporting.cancel()
        await sensor.stop()


async def _report_dry(sensor: PahoPort, clock: ScaledClock) -> None:
    """Say every minute that it does not rain."""
    while True:
        sensor.publish(Publication("dwarf/safety/input/rain_roof", b'{"safe": true}'))
        await clock.sleep(60)


def _log_by(clock: ScaledClock) -> None:
    """Write the log in the time that the page shows."""
    usual = logging.getLogRecordFactory()

    def record(*args: Any, **more: Any) -> logging.LogRecord:
        made = usual(*args, **more)
        made.created = clock.now().timestamp()
        return made

    logging.setLogRecordFactory(record)


def _say(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, filename=arguments.folder / "agent.log")
    asyncio.run(stand(arguments.folder, arguments.speed, arguments.port))
