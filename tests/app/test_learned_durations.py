"""Estimates from this telescope's own results: made of what really happened, shown with their error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.cli.main import main
from agent.session.document import read_session
from agent.store.durations import Durations
from agent.store.folders import Tree
from agent.telescope.dwarf.models import capabilities_for
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_mosaics_on_the_wire import Night, simulated
from tests.support.virtual_loop import run_virtual

ON = {"do_action": True}
SHOT = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "count": 10}
Make = Callable[..., Observatory]


def ended(folder: Path, number: int, *steps: dict[str, Any], dwarf: str = "D3") -> None:
    """A session that ended, as earlier versions wrote it when its steps name no kind."""
    folder.mkdir(parents=True, exist_ok=True)
    command = {
        "id_command": {"process": "ended", "dwarf": dwarf},
        "result_details": {"steps": list(steps)},
    }
    (folder / f"old{number}.json").write_text(json.dumps({"command": command}), encoding="utf-8")


def step(label: str, seconds: float, **more: Any) -> dict[str, Any]:
    began, over = (
        "2026-03-10T20:00:00+01:00",
        f"2026-03-10T20:{int(seconds) // 60:02}:{int(seconds) % 60:02}+01:00",
    )
    whole = {"step": label, "result": "done", "attempts": 1, "started_at": began, "ended_at": over}
    return {**whole, **more}


def known(root: Path) -> dict[str, Any]:
    durations = Durations(Tree(root))
    durations.load()
    return dict(durations.applied(capabilities_for("D3")).durations.learned)


def test_a_telescope_is_estimated_by_what_it_really_needed(observatory: Make) -> None:
    place = observatory()

    async def run() -> dict[str, Any]:
        async with simulated(place) as sim:
            Night(place, sim)
            async with place.open():
                for number in range(1, 4):
                    always = {**ON, "reuse_calibration": 0}
                    document = session(goto_manual=NEVER_SETS, calibration=always, setup_camera=SHOT)
                    place.drop(f"s{number}.json", document)
                    await place.sessions_ended(number)
                station = place.stations["scope"]
                document = session(goto_manual=NEVER_SETS, calibration=ON, setup_camera=SHOT)
                read = read_session(json.dumps(document), name="next").document
                assert read is not None
                plan = station.intake.plan(read, place.clock.now())
                assert plan is not None
                return {step.label.split()[0]: step for step in plan.steps}

    steps = run_virtual(run())
    assert steps["Calibration"].learned.sessions == 3
    assert (
        22 + 5 <= steps["Calibration"].estimate_s <= 44 + 5
    )  # two to four fields; it swings on after a stop
    assert steps["Go"].estimate_s == pytest.approx(9, abs=0.5)
    capture = steps["Capture"]
    assert capture.frame_s == pytest.approx(16, abs=0.1)
    assert capture.setup_s == pytest.approx(1.5, abs=0.6)
    assert capture.estimate_s == pytest.approx(161.5, abs=2)
    assert capture.learned.sessions == 3


def test_sessions_that_wait_are_planned_with_what_was_just_learned(observatory: Make) -> None:
    place = observatory()

    async def run() -> tuple[float, float]:
        place.drop("later.json", session(id_command={"date": "2026-03-20", "time": "22:00:00"}))
        async with place.open():
            station = place.stations["scope"]
            (waiting,) = station.dispatcher.queue
            assert waiting.plan is not None
            before = waiting.plan.estimate_s
            for number in range(1, 4):
                place.drop(f"s{number}.json", session())
                await place.sessions_ended(number)
            await place.clock.sleep(10)
            (waiting,) = station.dispatcher.queue
            assert waiting.plan is not None
            return before, waiting.plan.estimate_s

    before, after = run_virtual(run())
    assert after < before - 15  # the camera needs 2 s instead of 15, a goto 20 s instead of 30


def test_the_plan_shows_the_estimate_with_its_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "Astro_Sessions"
    for number, seconds in enumerate([28, 28, 22, 34, 24, 32, 28, 20, 36]):
        ended(root / ("Done" if number % 2 else "Error"), number, step("Go to M 42", seconds))
    file = tmp_path / "m31.json"
    file.write_text(json.dumps(session()))
    flags = ["--model", "D3", "--set", f"sessions_dir={root}"]
    assert main(["plan", str(file), *flags]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if "Go to M 42" in line)
    assert "28 s ± 6 s, from 9 sessions" in row
    assert main(["plan", str(file), *flags, "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)[0]["plan"]["steps"]
    goto = next(one for one in steps if one["step"] == "goto_manual")
    assert (goto["estimate_s"], goto["estimate_error_s"], goto["estimate_from"]) == (28.0, 5.9, 9)
    assert all("estimate_from" not in one for one in steps if one["step"] != "goto_manual")


def test_only_the_last_sessions_count_and_one_that_was_held_up_does_not_matter(tmp_path: Path) -> None:
    durations = Durations(Tree(tmp_path))
    durations.load()
    for number in range(30):
        seconds = 3000 if number == 25 else 100 if number < 20 else 40
        ended(tmp_path / "Done", number, step("Calibration", seconds))
        durations.record(tmp_path / "Done" / f"old{number}.json")
    learned = durations.applied(capabilities_for("D3")).durations.learned["calibration"]
    assert (learned.seconds, learned.error_s, learned.sessions) == (40, 0, 10)
    assert known(tmp_path)["calibration"] == learned  # what was written down


def test_what_was_learned_is_made_anew_when_its_file_is_gone_or_spoilt(tmp_path: Path) -> None:
    for number in range(4):
        ended(tmp_path / "Done", number, step("Autofocus", 17))
    tree = Tree(tmp_path)
    tree.durations.parent.mkdir()
    for spoilt in (b"", b"{", b'{"D3": {"auto_focus": ["x"]}}', b'{"D3": {"auto_focus": [-1, 1e99]}}'):
        tree.durations.write_bytes(spoilt)
        assert known(tmp_path)["auto_focus"].seconds == 17
    tree.durations.unlink()
    assert known(tmp_path)["auto_focus"].sessions == 4


def test_two_sessions_tell_too_little(tmp_path: Path) -> None:
    for number in range(2):
        ended(tmp_path / "Done", number, step("Autofocus", 17))
    assert known(tmp_path) == {}


def test_another_model_and_another_camera_have_their_own(tmp_path: Path) -> None:
    shot = {"kind": "capture", "exposure_s": 15, "took_s": 300, "setup_s": 4}
    for number in range(3):
        ended(tmp_path / "Done", number, step("Calibration", 50), dwarf="D2")
    for number in range(3, 6):
        tele = step("Capture", 300, **shot, camera="tele", frame_s=16.5)
        wide = step("Capture", 300, **shot, camera="wide", frame_s=15.5)
        ended(tmp_path / "Done", number, tele, wide)
    durations = Durations(Tree(tmp_path))
    durations.load()
    own, other = (durations.applied(capabilities_for(model)).durations for model in ("D3", "D2"))
    assert (own.of("calibration"), other.of("calibration")) == (70, 50)
    assert [own.of("frame_overhead", camera) for camera in Camera] == [1.5, 0.5]
    assert [other.of("frame_overhead", camera) for camera in Camera] == [1.0, 1.0]


def test_what_failed_was_tried_again_or_was_not_done_teaches_nothing(tmp_path: Path) -> None:
    for number in range(4):
        ended(
            tmp_path / "Done",
            number,
            step("Calibration", 5, result="failed"),
            step("Autofocus", 900, attempts=3),
            step("Go to M 1", 0, kind="goto_manual", result="skipped", took_s=None),
            step("Infinity focus", 800, kind="infinite_focus", attempts=2, took_s=6.0),
        )
    assert {name: one.seconds for name, one in known(tmp_path).items()} == {"infinite_focus": 6.0}


def test_any_result_is_survived(tmp_path: Path) -> None:
    chance = Random(3)
    odd: list[Any] = [None, True, -1, 1e308, "x", [], {}, "2026-03-10T20:00:00", {"kind": []}, [1]]
    for number in range(300):
        keys = ["step", "result", "attempts", "started_at", "ended_at", "took_s", "kind", "camera", "frame_s"]
        steps = [{key: chance.choice(odd) for key in keys} for _ in range(3)]
        ended(tmp_path / "Done", number, *steps)
    (tmp_path / "Done" / "torn.json").write_bytes(b'{"command": {"result_details"')
    for number, body in enumerate(["[]", "1", '{"command": []}', '{"command": {"result_details": [1]}}']):
        (tmp_path / "Done" / f"odd{number}.json").write_text(body)
    assert isinstance(known(tmp_path), dict)
