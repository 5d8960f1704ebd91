"""`dwarf-agent import` as people type it, a running Stellarium included."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main
from tests.importing import samples

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name, data in samples.FILES.items():
        (tmp_path / name).write_bytes(data)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(["import", *words, "--set", f"sessions_dir={tmp_path / 'tree'}"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def made(root: Path) -> dict[str, Any]:
    return {
        path.name: json.loads(path.read_bytes())["command"] for path in sorted((root / "tree/ToDo").glob("*"))
    }


def test_a_dry_run_shows_everything_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "M 42.csv").write_bytes(samples.FILES["mosaic.csv"])
    code, said, note = run("M 42.csv", "--dry-run")
    assert code == 0
    for words in (
        "M 42.csv: a mosaic of Telescopius (CSV), 2 targets",
        "120 × 15 s, gain 80",
        "line 3  M 42 Pane 1  05:29:24.00 -05:54:00.0",
        "M-42-2-Pane-2.json",
    ):
        assert words in said
    assert "no model is configured" in note
    assert not (tmp_path / "tree").exists()


def test_the_sessions_take_the_template_and_one_group(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(samples.text({"command": samples.SESSION}))
    code, said, _ = run("mosaic.csv", "--template", "mine.json", "--name", "M 42", "--model", "D3")
    assert code == 0
    assert "with the values of mine.json" in said
    first, second = made(tmp_path).values()
    assert first["id_command"] == {
        "uuid": "M-42-1-Pane-1",
        "description": "M 42 Pane 1",
        "process": "wait",
        "time": "22:00:00",
        "group": "M 42",
    }
    assert second["goto_manual"] == {
        "do_action": True,
        "target": "M 42 Pane 2",
        "ra_coord": "05:41:10.00",
        "dec_coord": "-05:54:00.0",
        "wait_after": 30,
    }
    for key in ("setup_camera", "conditions", "auto_focus"):
        assert first[key] == samples.SESSION[key]
    assert "result_details" not in first
    assert main(["validate", str(tmp_path / "tree/ToDo"), "--model", "D3"]) == 0


@pytest.mark.parametrize(
    "mosaic",
    [
        {
            "setup_camera": {
                "doMosaic": "true",
                "framingX": 180,
                "framingY": 140,
                "mosaic_count": 45,
                "count": 0,
            }
        },
        {"mosaic": {"do_action": True, "columns": 2, "rows": 2}, "setup_camera": {"count": 45}},
    ],
)
def test_panes_are_single_fields_whatever_mosaic_the_template_orders(
    run: Run, tmp_path: Path, mosaic: dict[str, Any]
) -> None:
    setup = {**samples.SESSION["setup_camera"], **mosaic["setup_camera"]}
    template = {**samples.SESSION, **mosaic, "setup_camera": setup}
    (tmp_path / "mine.json").write_bytes(samples.text({"command": template}))
    code, said, _ = run("mosaic.csv", "--template", "mine.json", "--name", "M 42", "--model", "D3")
    assert code == 0
    assert "a pane of one is taken as a single field" in said
    for body in made(tmp_path).values():
        assert "mosaic" not in body
        assert body["setup_camera"]["count"] == 45
        assert body["setup_camera"].get("doMosaic", False) is False
    assert run("list.csv", "--template", "mine.json", "--model", "D3")[0] == 0  # each target a mosaic
    whole = made(tmp_path)["list-1-M-31.json"]
    assert "mosaic" in whole or whole["setup_camera"]["doMosaic"] == "true"


def test_what_is_imported_twice_is_there_once(run: Run, tmp_path: Path) -> None:
    assert run("list.csv")[0] == 0
    code, said, _ = run("list.csv")
    assert code == 0
    assert "list-1-M-31.json (is there already)" in said
    assert list(made(tmp_path)) == ["list-1-M-31.json", "list-2-M-33.json"]


def test_a_file_of_the_owner_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "tree/ToDo/list-1-M-31.json"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert "list-1-M-31--2.json" in run("list.csv", "--dry-run")[1]
    assert run("list.csv")[0] == 0
    assert mine.read_text() == "mine"
    assert sorted(path.name for path in mine.parent.iterdir()) == [
        "list-1-M-31--2.json",
        "list-1-M-31.json",
        "list-2-M-33.json",
    ]


def test_a_place_that_is_not_the_targets_is_left_out_with_the_slip(run: Run, tmp_path: Path) -> None:
    (tmp_path / "slips.csv").write_text("name,ra,dec\nM 31,10.6847,41.269\nM 33,1.5641,30.66\nFlam,,\n")
    code, said, _ = run("slips.csv")
    assert code == 1
    assert list(made(tmp_path)) == ["slips-2-M-33.json"]
    assert "error   line 2: M 31 stands at 0.7123 h" in said
    assert "10.6847 degrees would be 0.7123 hours" in said
    assert "error   line 4: The catalogue has no target 'Flam'. Did you mean" in said
    assert said.count("not imported") == 2


def test_exposures_that_the_telescope_has_are_taken_and_others_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "name,ra,dec,exposure,count\nM 42,5.588,-5.391,60,40\nM 81,9.926,69.07,300,9\n"
    )
    code, said, _ = run("t.csv", "--model", "D3")
    assert code == 0
    assert "40 × 60 s" in said
    assert "warning line 3: 9 frames of 300 s are not possible; the values of the template are taken." in said
    cameras = [body["setup_camera"] for body in made(tmp_path).values()]
    assert [(one["exposure"], one["count"]) for one in cameras] == [("60", 40), ("15", 120)]


def test_starts_and_limits_of_ekos_are_kept(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("night.esl")
    assert code == 0
    assert "M31 & co.esq" in said
    (body,) = made(tmp_path).values()
    assert (body["id_command"]["date"], body["id_command"]["time"]) == ("2026-11-22", "23:30:00")
    assert body["id_command"]["group"] == "Autumn"
    assert body["conditions"] == {"do_action": True, "min_altitude": 30, "moon_separation": 20}


def test_what_moves_is_gone_to_as_a_body_or_left_out(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("uptonight-bodies-report.json")
    assert code == 1
    (body,) = made(tmp_path).values()
    assert body["goto_solar"] == {"do_action": True, "target": "Jupiter", "wait_after": 10}
    assert "C/2023 A3 moves" in said


def test_a_horizon_is_shown_as_the_setting(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("garden.hrz")
    assert code == 0
    assert '  horizon: "0:15, 90:30.5, 180:12, 270:5"' in said
    assert not (tmp_path / "tree").exists()
    assert main(["validate", "bookmarks.json", "--set", "horizon=0:15, 90:30.5, 180:12, 270:5"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("missing.csv",), "missing.csv cannot be read: No such file"),
        ((".",), "cannot be read: Is a directory"),
        (("list.csv", "--template", "missing.json"), "missing.json cannot be read"),
        (("list.csv", "--template", "list.csv"), "The template list.csv cannot be read"),
        (("list.csv", "--template", "bookmarks.json"), "The template bookmarks.json has no section"),
        (("list.csv", "--telescope", "attic"), "No telescope is called attic"),
        (("stellarium://",), "The address names no host"),
        (("stellarium://127.0.0.1:x",), "The address names no host"),
    ],
)
def test_what_cannot_be_tried_says_why(run: Run, words: tuple[str, ...], said: str) -> None:
    code, _, error = run(*words)
    assert code == 2
    assert said in error


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"command": {"id_command": {}}}', "a session already"),
        (b"PK\x03\x04", "a packed archive, not a session. Unpack it"),
        (samples.text(samples.STELLARIUM)[:-40], "an observing list of Stellarium, and it cannot be read"),
    ],
)
def test_what_a_file_is_is_told_when_nothing_comes_of_it(
    run: Run, tmp_path: Path, data: bytes, said: str
) -> None:
    (tmp_path / "it").write_bytes(data)
    code, told, _ = run("it")
    assert code == 1
    assert said in told


class _Stellarium(HTTPServer):
    """Answers as Remote Control does; `asked` are the paths and passwords it was sent."""

    answer: tuple[int, bytes] = (404, b"no current selection, and no name parameter given")
    password = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Stellarium

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, body = self.server.answer
        wanted = base64.b64encode(f":{self.server.password}".encode()).decode()
        if self.server.password and self.headers.get("Authorization") != f"Basic {wanted}":
            status, body = 401, b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def stellarium() -> Iterator[_Stellarium]:
    server = _Stellarium()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


M31 = {"found": True, "name": "M 31", "object-type": "galaxy", "raJ2000": -349.3153, "decJ2000": 41.269}


def test_the_object_selected_in_a_running_stellarium(
    run: Run, tmp_path: Path, stellarium: _Stellarium
) -> None:
    stellarium.answer, stellarium.password = (200, samples.text(M31)), "se:cret"
    code, said, _ = run(f"stellarium://:se%3Acret@127.0.0.1:{stellarium.server_port}")
    assert code == 0
    assert "stellarium: the object selected in Stellarium, 1 target" in said
    assert "cret" not in said
    (body,) = made(tmp_path).values()
    assert (body["goto_manual"]["ra_coord"], body["goto_manual"]["dec_coord"]) == (
        "00:42:44.33",
        "+41:16:08.4",
    )
    assert stellarium.asked == ["/api/objects/info?format=json"]


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"name": "Jupiter", "object-type": "planet", "raJ2000": 60.0, "decJ2000": 20.0}, "Jupiter.json"),
        ({"name": "Europa", "object-type": "moon", "raJ2000": 60.0, "decJ2000": 20.0}, "Europa moves"),
        ({"name": "Sun", "object-type": "star", "raJ2000": 60.0, "decJ2000": 20.0}, "solar filter"),
        (
            {"name": "NGC 7293", "object-type": "planetary nebula", "raJ2000": 337.4, "decJ2000": -20.8},
            "NGC-7293",
        ),
    ],
)
def test_what_is_selected_may_move(
    run: Run, stellarium: _Stellarium, info: dict[str, Any], said: str
) -> None:
    stellarium.answer = 200, samples.text(info)
    assert said in run(f"stellarium://127.0.0.1:{stellarium.server_port}", "--dry-run")[1]


@pytest.mark.parametrize(
    ("answer", "password", "said"),
    [
        ((404, b"no current selection"), "", "Nothing is selected in Stellarium. Select an object"),
        ((200, samples.text(M31)), "secret", "asks for a password"),
        ((500, b""), "", "Stellarium answers 500"),
        ((200, b"<html>"), "", "is not understood"),
        ((200, b"[]"), "", "is not about an object"),
        ((200, b" " * 300_000), "", "is not understood"),
    ],
)
def test_a_stellarium_that_has_no_answer_says_what_to_do(
    run: Run, stellarium: _Stellarium, answer: tuple[int, bytes], password: str, said: str
) -> None:
    stellarium.answer, stellarium.password = answer, password
    code, _, error = run(f"stellarium://127.0.0.1:{stellarium.server_port}")
    assert code == 2
    assert said in error


def test_a_stellarium_that_is_not_there_is_told(run: Run, stellarium: _Stellarium) -> None:
    port = stellarium.server_port
    stellarium.server_close()
    code, _, error = run(f"stellarium://:secret@127.0.0.1:{port}")
    assert code == 2
    assert f"does not answer at 127.0.0.1:{port}" in error
    assert "Remote Control" in error
    assert "secret" not in error
