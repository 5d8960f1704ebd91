"""`dwarf-agent tonight` as an owner uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main
from tests.cli.conftest import SITE

NIGHT = ("--night", "2027-03-10", "--model", "D3")


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask for tonight's best and return the exit code, what is printed, and what is warned of."""
    monkeypatch.chdir(tmp_path)

    def ask(*flags: str, site: tuple[str, ...] = SITE) -> tuple[int, str, str]:
        code = main(["tonight", *NIGHT, *flags, *site])
        told = capsys.readouterr()
        return code, told.out, told.err

    return ask


def waiting(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "Astro_Sessions" / "ToDo").glob("*.json"))


def test_the_list_tells_when_how_high_and_why(said: Any) -> None:
    code, told, _ = said()
    assert code == 0
    first = told.splitlines()
    assert first[0] == "Best of the night of 2027-03-10 (Europe/Paris)"
    assert first[1].startswith("  Dark 19:5")
    assert first[2].startswith(" 1. ")
    assert first[2].endswith(" of 100")
    assert "; highest " in first[3]
    assert "10. " in told


def test_the_best_become_sessions_that_are_valid_and_not_twice(
    said: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, _ = said("--queue", "3", "--json")
    assert code == 0
    found = json.loads(told)
    assert len(found["queued"]) == 3
    assert waiting(tmp_path) == sorted(found["queued"])
    for suggestion, name in zip(found["suggestions"], found["queued"], strict=False):
        body = json.loads((tmp_path / "Astro_Sessions" / "ToDo" / name).read_text())["command"]
        assert body["goto_manual"]["target"] == suggestion["target"]
        assert body["id_command"]["process"] == "wait"
    assert main(["validate", *(f"Astro_Sessions/ToDo/{name}" for name in waiting(tmp_path)), *SITE]) == 0
    capsys.readouterr()
    again = json.loads(said("--json")[1])
    assert [one["waits"] for one in again["suggestions"][:4]] == [True, True, True, False]
    more = json.loads(said("--queue", "1", "--json")[1])
    assert len(waiting(tmp_path)) == 4
    assert more["queued"] == [one for one in waiting(tmp_path) if one not in found["queued"]]


def test_queued_sessions_take_the_folders_defaults(said: Any, tmp_path: Path) -> None:
    folder = tmp_path / "Astro_Sessions"
    folder.mkdir()
    camera = {"do_action": True, "exposure": "30", "gain": 60, "count": 77}
    (folder / "defaults.json").write_text(json.dumps({"command": {"id_command": {}, "setup_camera": camera}}))
    assert said("--queue", "1")[0] == 0
    (name,) = waiting(tmp_path)
    body = json.loads((folder / "ToDo" / name).read_text())["command"]
    assert body["setup_camera"] == camera


def test_what_was_collected_is_read_from_the_results_under_any_of_its_names(
    said: Any, tmp_path: Path
) -> None:
    before = json.loads(said("--json")[1])["suggestions"]
    top = before[0]
    done = tmp_path / "Astro_Sessions" / "Done"
    done.mkdir(parents=True)
    for number, (name, seconds) in enumerate([(top["names"][1], 1800), (f"{top['target']} Pane 2", 600)]):
        body = {
            "id_command": {"process": "ended"},
            "goto_manual": {"do_action": True, "target": name},
            "result_details": {"integration_s": seconds},
        }
        (done / f"{number}.json").write_text(json.dumps({"command": body}))
    whole = {
        "goto_manual": {"target": top["target"]},
        "result_details": {"integration_s": 9e9, "made_of": ["a"]},
    }
    (done / "whole.json").write_text(json.dumps({"command": whole}))
    (done / "broken.json").write_text("{")
    after = {one["target"]: one for one in json.loads(said("--json")[1])["suggestions"]}
    assert after[top["target"]]["collected_s"] == 2400
    assert "0.7 h are collected already" in after[top["target"]]["words"]
    assert after[top["target"]]["score"] < top["score"]


def test_an_empty_list_says_why_and_exits_with_1(said: Any) -> None:
    code, told, _ = said("--set", "sun_below=-60")
    assert code == 1
    assert "It does not get dark enough" in told
    assert "(sun_below)" in told


def test_without_a_site_it_says_what_to_set(said: Any) -> None:
    code, told, error = said(site=())
    assert (code, told) == (2, "")
    assert "Set latitude and longitude" in error


def test_a_report_of_uptonight_merges_in_and_unknown_names_are_told(said: Any, tmp_path: Path) -> None:
    rows = [
        {"id": "LDN 1622", "target name": "Boogeyman Nebula"},
        {"id": "", "target name": "Jupiter", "visual magnitude": -2.0},
        {"id": "Nobody 7", "target name": "Nobody's Nebula"},
        {"id": "M 101", "target name": "Pinwheel Galaxy (M 101)"},
    ]
    (tmp_path / "report.json").write_text(json.dumps(rows))
    (tmp_path / "attributes.json").write_text(json.dumps({"darkness": "nautical", "objects": rows}))
    for name in ("report.json", "attributes.json"):
        code, told, error = said("--uptonight", name, "--json", "--set", "min_altitude=20")
        assert code == 0
        advised = {one["target"] for one in json.loads(told)["suggestions"] if one["advised"]}
        assert "M 101" in advised
        assert "Nobody" in error
        assert "Jupiter" not in error


@pytest.mark.parametrize("count", ["0", "11", "-1", "x", "1.5"])
def test_how_many_to_queue_is_checked(said: Any, count: str) -> None:
    with pytest.raises(SystemExit) as ended:
        said("--queue", count)
    assert ended.value.code == 2
