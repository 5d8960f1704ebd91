"""Each command imports only what it needs: a health check runs twice a minute, on a Pi, in mid-session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("DWARF_")}
SAMPLE = ROOT / "Astro_Sessions" / "samples" / "demo.json"
PLACE = ("--set", "latitude=48.85", "--set", "longitude=2.35", "--set", "timezone=Europe/Paris")
HEAVY = frozenset(
    {"PIL", "aiohttp", "apscheduler", "bleak", "ephem", "google", "paho", "pydantic", "websockets", "yaml"}
)
TELL = """
import sys
sys.argv[0] = "dwarf-agent"
from agent.cli import main
try:
    main()
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""
TELL_TWICE = """
import sys
import agent.addon.supervisor
import agent.app.mqtt_side
import agent.app.run
import agent.telescope.dwarf.telescope
print(*sys.modules)
import agent.app.setting_up
import agent.app.page_side
print(*sys.modules)
"""


def imported(*words: str, **environment: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    ended = subprocess.run(
        [sys.executable, "-c", TELL, *words],
        cwd=ROOT,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(ended.stderr.splitlines()[-1].split())


def test_a_health_check_in_a_container_imports_a_socket_and_json() -> None:
    found = imported("status", "--health", DWARF_DEFAULT_SESSIONS_DIR="/data")
    assert {one for one in found if one.startswith("agent.")} == {
        *("agent.cli", "agent.cli.main", "agent.cli.status", "agent.cli.common", "agent.cli.config_flags"),
        *("agent.errors", "agent.health", "agent.text"),
    }
    assert not found & (HEAVY | {"asyncio", "hashlib", "logging", "ssl"})


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["validate", "--help"], ["import", "--help"], ["run", "--help"]]
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    assert not imported(*words) & (HEAVY | {"asyncio", "ssl"})


def test_the_version_is_told_without_looking_at_commands() -> None:
    assert {one for one in imported("--version") if one.startswith("agent.")} == {
        *("agent.cli", "agent.cli.main", "agent.errors", "agent.text"),
    }


def test_status_asks_a_broker_without_the_sky_and_what_judges_by_it() -> None:
    found = imported("status", "--set", "mqtt_host=127.0.0.1", "--set", "mqtt_port=9")
    assert {"agent.mqtt.client", "paho.mqtt.client", "agent.settings.model"} <= found
    assert not found & (HEAVY - {"paho", "pydantic", "yaml"})
    assert not found & {
        "agent.events",
        "agent.mqtt.payloads",
        "agent.sky.ephemeris",
        "agent.session.sections",
    }
    rooms = {".".join(one.split(".")[:2]) for one in found if one.startswith("agent.")}
    assert not rooms & {"agent.app", "agent.planner", "agent.station", "agent.store", "agent.telescope"}
    judges = {one for one in found if one.startswith(("agent.conditions.", "agent.execute."))}
    assert judges == {
        *("agent.conditions.limits", "agent.conditions.requirements", "agent.conditions.safety"),
        *("agent.conditions.safety.errors", "agent.conditions.safety.mapping"),
    }


RUNNING = frozenset({"schedule", "execute.run", "fleet", "web", "addon", "report", "archive"})
"""Rooms, and a part of one, of which a command that runs nothing has no use."""


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        (["validate", "no-such-file.json"], {"asyncio", "ssl", "agent.events", "agent.planner"}),
        (["validate", str(SAMPLE)], {"asyncio", "agent.events", "agent.planner", "agent.store.store"}),
        (["plan", str(SAMPLE), *PLACE], {"agent.station.repeats", "agent.sky.chart", "agent.store.store"}),
    ],
)
def test_a_command_imports_only_what_it_uses(words: list[str], unneeded: set[str]) -> None:
    running = {f"agent.{room}" for room in RUNNING}
    assert sorted(imported(*words) & (HEAVY - {"pydantic", "yaml", "ephem"} | running | unneeded)) == []


def test_a_command_without_a_yaml_file_reads_no_yaml(tmp_path: Path) -> None:
    options = tmp_path / "options.json"
    options.write_text("{}", encoding="utf-8")
    assert "yaml" not in imported("validate", str(SAMPLE), "--config", str(options))


def test_an_agent_imports_what_its_settings_ask_for_alone() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", TELL_TWICE],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found, with_its_page = (set(line.split()) for line in ended.stdout.splitlines())
    assert not found & {
        "PIL",
        "aiohttp",
        "html",
        "attr",
        "bleak",
        "multidict",
        "yarl",
        "rich",
        "amqtt",
        "agent.app.page_side",
        "agent.archive",
        "agent.web",
        "difflib",
    }
    assert not with_its_page & {"PIL", "yaml", "xml", "agent.importing.reading", "agent.sky.chart_svg"}
    assert not found & {"agent.importing.reading", "agent.report.page", "agent.sky.chart_svg", "xml"}
    assert not {one for one in found if one.startswith(("agent.telescope.dwarf.bl", "agent.telescope.sim"))}
