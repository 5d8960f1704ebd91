"""The add-on manifest and the settings model say the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import __version__
from agent.settings import Settings, load_settings
from agent.settings.flat import FLAT_SETTINGS
from agent.settings.manifest import options, schema
from agent.web.door import GATEWAY_PORT

ROOT = Path(__file__).resolve().parents[2]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))

# What the Supervisor takes as the type of an option.
_TYPE = re.compile(
    r"bool|email|url|port|device(\([^)]*\))?|str(\(\d*,\d*\))?|password(\(\d*,\d*\))?"
    r"|int(\(\d*,\d*\))?|float(\([\d.]*,[\d.]*\))?|match\(.*\)|list\(.+\)"
)
# The keys of a manifest that mean something to the Supervisor and that this one uses.
_KEYS = {
    "name",
    "version",
    "slug",
    "description",
    "url",
    "arch",
    "stage",
    "homeassistant",
    "services",
    "homeassistant_api",
    "ingress",
    "ingress_port",
    "panel_icon",
    "panel_title",
    "host_dbus",
    "timeout",
    "map",
    "backup_exclude",
    "options",
    "schema",
}


def test_options_and_schema_are_what_the_model_makes() -> None:
    assert MANIFEST["options"] == options()
    assert MANIFEST["schema"] == schema()


def test_the_made_files_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "update_manifest.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_option_has_a_type_the_supervisor_knows() -> None:
    assert set(MANIFEST["options"]) <= set(MANIFEST["schema"]) == set(FLAT_SETTINGS)
    for name, kind in MANIFEST["schema"].items():
        word = kind[0] if isinstance(kind, list) else kind
        assert _TYPE.fullmatch(word.removesuffix("?")), f"{name}: {kind}"
        value = MANIFEST["options"].get(name)
        assert word.endswith("?") == (value in ("", None, [])), (
            f"{name} must {'not ' if value else ''}be optional"
        )


def test_secrets_are_password_fields_of_the_form() -> None:
    secret = {name for name in FLAT_SETTINGS if name.endswith(("password", "token"))}
    assert {name for name, kind in MANIFEST["schema"].items() if kind == "password?"} == secret


def test_the_manifest_is_one_the_supervisor_takes() -> None:
    assert set(MANIFEST) == _KEYS
    assert MANIFEST["version"] == __version__
    assert MANIFEST["slug"] == "dwarf_agent"
    assert MANIFEST["arch"] == ["aarch64", "amd64"]
    assert MANIFEST["services"] == ["mqtt:want"]
    assert 10 <= MANIFEST["timeout"] <= 300
    assert MANIFEST["ingress_port"] == GATEWAY_PORT
    assert MANIFEST["homeassistant"] == "2025.10.0"
    assert {entry["type"] for entry in MANIFEST["map"]} == {"addon_config", "media", "share"}


@pytest.mark.parametrize("name", sorted(options()))
def test_the_form_sent_unchanged_is_the_built_in_configuration(name: str, tmp_path: Path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text(yaml.safe_dump({name: MANIFEST["options"][name]}), encoding="utf-8")
    assert load_settings(file) == Settings()
