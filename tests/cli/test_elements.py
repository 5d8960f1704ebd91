"""`dwarf-agent elements`, with a Minor Planet Center on this machine."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.cli import elements
from agent.cli.main import main
from agent.sky.catalogue.small_bodies import ELEMENTS
from agent.sky.ephemeris import place_on_orbit
from tests.sky.test_small_bodies import ASTEROIDS, COMETS

NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ELEMENTS, "path", None)
    monkeypatch.setattr(ELEMENTS, "_now", lambda: NOW)
    return tmp_path


@pytest.fixture
def center(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """What the server answers by path; anything else is not found."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in files else 404)
            self.end_headers()
            self.wfile.write(files.get(self.path, b"not here"))

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(elements, "COMETS_URL", f"{base}/comets")
    monkeypatch.setattr(elements, "ASTEROIDS_URL", f"{base}/bright/{{year}}")
    yield files
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_installed_and_its_age_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "CometEls.txt").write_text(COMETS)
    assert main(["elements", "CometEls.txt"]) == 0
    assert "comets: 7 orbits of 2026-03-01, 9 days old\n" in capsys.readouterr().out
    assert (here / "Astro_Sessions" / ".dwarf-agent" / "elements.csv").is_file()
    assert main(["elements"]) == 0
    assert "9 days old" in capsys.readouterr().out


def test_an_installed_comet_is_planned(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "CometEls.txt").write_text(COMETS)
    session = here / "comet.json"
    session.write_text(
        '{"command": {"id_command": {"description": "c"}, "goto_manual": {"do_action": true, "target": "2P"},'
        ' "setup_camera": {"do_action": true, "exposure": "15", "gain": "60", "count": 4}}}'
    )
    assert main(["validate", "comet.json"]) == 1
    assert "elements --update" in capsys.readouterr().out
    main(["elements", "CometEls.txt"])
    assert main(["validate", "comet.json"]) == 0
    assert "valid: 2P" in capsys.readouterr().out


def test_the_plan_has_the_time_in_which_a_swift_body_is_pointed_again(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orbit = "(99001) Swift,e,30.705,165.694,261.439,1.2195,0.731887,0.4828,37.568,3/1/2026,2000,H 20,0.15"
    file = here / "Astro_Sessions" / ".dwarf-agent" / "elements.csv"
    file.parent.mkdir(parents=True)
    file.write_text(f"asteroid|2026-03-01|{orbit}\n")

    def planned(target: str) -> tuple[dict[str, Any], str]:
        goto = {"do_action": True, "target": target}
        setup = {"do_action": True, "exposure": "15", "gain": "60", "count": 600}
        body = {"id_command": {}, "goto_manual": goto, "setup_camera": setup}
        (here / "s.json").write_text(json.dumps({"command": body}))
        main(["plan", "s.json", "--model", "D3", "--json"])
        (answer,) = json.loads(capsys.readouterr().out)
        main(["plan", "s.json", "--model", "D3"])
        return answer["plan"], capsys.readouterr().out

    fixed, _ = planned("M 42")
    plan, told = planned("Swift")
    (capture,) = [step for step in plan["steps"] if step["step"] == "capture"]
    found = re.search(r"Swift moves ([\d.]+) arcseconds a minute: pointed again every (\d+) min", told)
    assert found is not None
    assert capture["recentre_every_s"] == pytest.approx(0.05 * 1.66 * 3600 / float(found[1]) * 60, rel=0.02)
    times = capture["estimate_s"] // capture["recentre_every_s"]
    assert times >= 4
    extra = plan["estimate_s"] - fixed["estimate_s"]
    assert 25 * (times - 1) < extra < 90 * times  # a goto, and the camera set up again
    assert "recentre_every_s" not in json.dumps(fixed)


@pytest.mark.parametrize(
    ("distance", "eccentricity"),
    [(1e-300, 0.5), (1e300, 0.5), (1e-6, 0.999999), (1e308, 1e308), (1e-9, 1e9), (0.001, 0.9999999)],
)
def test_an_orbit_that_cannot_be_is_left_out(
    here: Path, capsys: pytest.CaptureFixture[str], distance: float, eccentricity: float
) -> None:
    comet = {"Designation_and_name": "C/2026 Z9 (Evil)", "Perihelion_dist": distance, "e": eccentricity}
    comet |= {"Peri": 1, "Node": 2, "i": 3}
    comet |= {f"{part}_of_perihelion": one for part, one in (("Year", 2026), ("Month", 3), ("Day", 1))}
    rock = {
        "Number": "(99999)",
        "Name": "Tiny",
        "a": 1e-300,
        "e": 0.5,
        "M": 1,
        "Peri": 1,
        "Node": 2,
        "i": 3,
    }
    good = {**comet, "Designation_and_name": "C/2026 Z8 (Good)", "Perihelion_dist": 1, "e": 1}
    (here / "orbits.json").write_text(json.dumps([comet, {**rock, "Epoch": 2461100.5}, good]))
    main(["elements", "orbits.json"])
    installed = ELEMENTS.bodies()
    names = [body.name for body in installed]
    assert "C/2026 Z8 (Good)" in names
    assert "(99999) Tiny" not in names
    for body in installed:
        for days in (-100, 0, 100):
            place_on_orbit(body.orbit, NOW + timedelta(days))


def test_an_installed_orbit_that_was_damaged_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = here / "Astro_Sessions" / ".dwarf-agent" / "elements.csv"
    kept.parent.mkdir(parents=True)
    orbit = "Evil,e,88,45,120,1,5,0.999999,0,11/20.25/2026,2000,g 8.0,4.0"
    kept.write_text(f"comet|2026-03-01|{orbit}\ncomet|2026-03-01|Broken,e,no orbit\n")
    for name in ("Evil", "Broken"):
        goto = {"do_action": True, "target": name}
        (here / "s.json").write_text(json.dumps({"command": {"id_command": {}, "goto_manual": goto}}))
        assert main(["validate", "s.json"]) in (0, 1)
    assert "The orbit of Broken leads nowhere" in capsys.readouterr().out


def test_without_orbits_it_says_how_to_get_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["elements"]) == 1
    assert "elements --update" in capsys.readouterr().err


def test_old_orbits_are_told_to_be_too_old(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "CometEls.txt").write_text(COMETS)
    monkeypatch.setattr(ELEMENTS, "_now", lambda: NOW + timedelta(days=200))
    main(["elements", "CometEls.txt"])
    assert "209 days old; too old, they are refused after 120 days." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"), [(b"nothing", "There are no orbits in it"), (None, "No such file")]
)
def test_a_file_that_cannot_be_used_is_named(
    here: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    if content is not None:
        (here / "file.txt").write_bytes(content)
    assert main(["elements", "file.txt"]) == 2
    told = capsys.readouterr().err
    assert "file.txt" in told
    assert said in told


def test_an_update_fetches_comets_and_this_years_asteroids(
    center: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    center["/comets"] = COMETS.encode()
    center[f"/bright/{datetime.now(UTC).year}"] = ASTEROIDS.encode()
    assert main(["elements", "--update"]) == 0
    told = capsys.readouterr().out
    assert "comets: 7 orbits" in told
    assert "asteroids: 3 orbits" in told


def test_an_update_that_fails_says_why_and_keeps_what_there_is(
    here: Path, center: dict[str, bytes], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "CometEls.txt").write_text(COMETS)
    main(["elements", "CometEls.txt"])
    assert main(["elements", "--update"]) == 2
    assert "answers 404" in capsys.readouterr().err
    monkeypatch.setattr(elements, "COMETS_URL", "http://127.0.0.1:1/comets")
    assert main(["elements", "--update"]) == 2
    assert "cannot be reached" in capsys.readouterr().err
    assert len(ELEMENTS.bodies()) == 7
