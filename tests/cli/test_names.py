"""A session whose target is only a name, as `validate` answers it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main

TELE = {"do_action": True, "exposure": "15", "gain": "80", "binning": "0", "ircut": "1", "count": "60"}


def problems(folder: Path, capsys: pytest.CaptureFixture[str], **goto: Any) -> list[dict[str, str]]:
    """Return what is wrong with a session that goes there."""
    body = {"id_command": {}, "goto_manual": {"do_action": True, **goto}, "setup_camera": TELE}
    file = folder / "session.json"
    file.write_text(json.dumps({"command": body}))
    main(["validate", str(file), "--model", "D3", "--json"])
    (answer,) = json.loads(capsys.readouterr().out)
    return list(answer["problems"])


@pytest.mark.parametrize(
    "name", ["Flame", "Andromeda Galaxy - M 31", "NGC 7000 mosaic 1-2", "Nébuleuse d'Orion", "Plejaden"]
)
def test_a_name_as_people_write_it_is_enough(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert problems(tmp_path, capsys, target=name) == []


def test_coordinates_are_compared_with_a_name_of_any_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (problem,) = problems(tmp_path, capsys, target="Flamme", ra_coord=10.68, dec_coord=-1.86)
    assert problem["code"] == "wrong_place"
    assert problem["message"].startswith("Flamme stands at 5.6952 h -1.86°")


def test_names_that_disagree_are_refused_with_both_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (problem,) = problems(tmp_path, capsys, target="NGC 7000 (Pelican)")
    assert problem["code"] == "ambiguous_target"
    assert problem["hint"] == "Say NGC 7000 (20.9881 h +44.53°) or Pelican (20.8502 h +44.40°)."


def test_a_hint_does_not_only_sound_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (problem,) = problems(tmp_path, capsys, target="Conn")
    assert problem["code"] == "unknown_target"
    assert "Alcyone" not in problem["hint"]
