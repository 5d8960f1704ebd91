"""Who the container's program is, and what is its built-in sessions folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent.cli.container import owner_to_become
from agent.settings import load_settings

IMAGE = "DWARF_DEFAULT_SESSIONS_DIR"

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")


@needs_root
def test_it_becomes_the_owner_of_the_sessions(tmp_path: Path) -> None:
    nowhere = tmp_path / "no-bus"
    os.chown(tmp_path, 1234, 1235)
    assert owner_to_become({IMAGE: str(tmp_path)}, nowhere) == (1234, 1235)
    assert owner_to_become({IMAGE: "/", "DWARF_SESSIONS_DIR": str(tmp_path)}, nowhere) == (1234, 1235)


@needs_root
def test_it_stays_root_where_somebody_needs_it(tmp_path: Path) -> None:
    nowhere = tmp_path / "no-bus"
    bus = tmp_path / "bus"
    bus.touch()
    own = tmp_path / "own"
    own.mkdir()
    os.chown(tmp_path, 1234, 1235)
    sessions = {IMAGE: str(tmp_path)}
    assert owner_to_become({**sessions, "SUPERVISOR_TOKEN": "any"}, nowhere) is None
    assert owner_to_become(sessions, bus) is None
    assert owner_to_become({IMAGE: str(own)}, nowhere) is None
    assert owner_to_become({IMAGE: str(tmp_path / "missing")}, nowhere) is None


def test_the_images_sessions_folder_is_a_built_in_value_and_no_more(tmp_path: Path) -> None:
    image = {IMAGE: "/sessions"}
    assert load_settings(environment=image).sessions_dir == Path("/sessions")
    chosen = {**image, "DWARF_SESSIONS_DIR": "/nights"}
    assert load_settings(environment=chosen).sessions_dir == Path("/nights")
    file = tmp_path / "agent.yaml"
    file.write_text("sessions_dir: /elsewhere\n", encoding="utf-8")
    assert load_settings(file, environment=image).sessions_dir == Path("/elsewhere")


def test_an_add_on_keeps_its_sessions_where_its_user_sees_them(tmp_path: Path) -> None:
    environment = {IMAGE: "/sessions", "SUPERVISOR_TOKEN": "any"}
    file = tmp_path / "options.json"
    for chosen in ({}, {"sessions_dir": ""}, {"sessions_dir": "Astro_Sessions"}):
        file.write_text(json.dumps(chosen), encoding="utf-8")
        assert load_settings(file, environment=environment).sessions_dir == Path("Astro_Sessions")
