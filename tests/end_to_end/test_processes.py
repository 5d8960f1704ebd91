"""The agent as people run it: processes, files, a real broker, a telescope on the wire."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Scene

SPEED = "60"


def session(count: int = 12, exposure: str = "10") -> dict[str, Any]:
    return {
        "command": {
            "id_command": {"uuid": "00001", "max_retries": "2"},
            "goto_manual": {
                "do_action": True,
                "target": "M 42",
                "ra_coord": "05:35:17",
                "dec_coord": "-05:23:28",
            },
            "setup_camera": {
                "do_action": True,
                "exposure": exposure,
                "gain": "80",
                "IRCut": "1",
                "count": count,
            },
        }
    }


def publish(scene: Scene, topic: str, body: str) -> None:
    subprocess.run(
        ["mosquitto_pub", "-p", str(scene.broker.port), "-t", topic, "-m", body, "-q", "1"],
        check=True,
        timeout=10,
    )


async def test_a_file_and_a_submission_both_run_to_done_with_their_frames_counted(
    scene: Scene, listening: Path
) -> None:
    await scene.simulator("--speed", SPEED, "--set", "calibrated=true")
    scene.drop("m42.json", session(5))
    agent = await scene.agent()
    await scene.until(lambda: "dwarf/bridge/availability online" in lines_of(listening), agent)
    publish(scene, "dwarf/session/submit", json.dumps({**session(4), "request_id": "r-1"}))
    await scene.until(lambda: len(scene.files("Done")) == 2, agent, 60)
    taken = sorted(
        scene.read("Done", name)["result_details"]["frames"]["taken"] for name in scene.files("Done")
    )
    assert taken == [4, 5]
    assert starts(scene) == 2
    assert await agent.end() == 0
    heard = lines_of(listening)
    states = [
        json.loads(line.split(" ", 1)[1])["state"] for line in heard if line.startswith("dwarf/scope/status ")
    ]
    for state in ("preparing", "slewing", "imaging", "finishing", "idle"):
        assert state in states
    results = [line for line in heard if line.startswith("dwarf/scope/result/")]
    assert len(results) == 2
    assert any('"request_id":"r-1"' in line for line in results)
    assert heard[-1] == "dwarf/bridge/availability offline"


async def test_sigterm_mid_capture_stops_the_telescope_and_leaves_everything_in_its_place(
    scene: Scene,
) -> None:
    await scene.simulator("--speed", SPEED, "--set", "calibrated=true")
    scene.drop("m42.json", session(60))
    agent = await scene.agent()
    await scene.until(lambda: frames_taken(scene) >= 3, agent, 60)
    assert await agent.end() == 0
    assert not capturing(scene)
    assert scene.files("ToDo") == ["m42.json"]
    assert scene.read("ToDo", "m42.json")["id_command"]["process"] == "wait"
    assert retained(scene, "dwarf/bridge/availability") == "offline"


@pytest.mark.parametrize("generation", [pytest.param("v2", marks=pytest.mark.soak), "v3"])
async def test_an_agent_killed_mid_capture_follows_the_same_capture_after_its_restart(
    scene: Scene, generation: str
) -> None:
    await scene.simulator("--speed", SPEED, "--set", "calibrated=true", "--generation", generation)
    scene.drop("m42.json", session(40))
    agent = await scene.agent()
    await scene.until(lambda: frames_taken(scene) >= 3, agent, 60)
    agent.kill()
    assert scene.files("Current") == ["m42.json"]
    again = await scene.agent()
    await scene.until(lambda: scene.files("Done"), again, 60)
    frames = scene.read("Done", "m42.json")["result_details"]["frames"]
    assert (frames["requested"], frames["taken"]) == (40, 40)
    assert starts(scene) == 1


@pytest.mark.soak
@pytest.mark.parametrize("generation", ["v2", "v3"])
async def test_a_link_dropped_at_frame_2_of_12_costs_no_frame(scene: Scene, generation: str) -> None:
    await scene.simulator(
        "--speed",
        SPEED,
        "--set",
        "calibrated=true",
        "--generation",
        generation,
        "--fault",
        "drop-link:frame=2,refuse_s=40",
    )
    scene.drop("m42.json", session(12))
    agent = await scene.agent()
    await scene.until(lambda: scene.files("Done") or scene.files("Error"), agent, 90)
    assert scene.files("Done") == ["m42.json"]
    assert scene.read("Done", "m42.json")["result_details"]["frames"]["taken"] == 12
    assert starts(scene) == 1


def lines_of(heard: Path) -> list[str]:
    return heard.read_text(errors="replace").splitlines()


def retained(scene: Scene, topic: str) -> str:
    command = ["mosquitto_sub", "-p", str(scene.broker.port), "-t", topic, "-C", "1", "-W", "5"]
    return subprocess.run(command, check=True, capture_output=True, timeout=10).stdout.decode().strip()


def frames_taken(scene: Scene) -> int:
    return len(scene.happened("FrameTaken"))


def starts(scene: Scene) -> int:
    return len(scene.happened("ShutterOpened"))


def capturing(scene: Scene) -> bool:
    cameras = scene.telescope("state")["state"]["cameras"]
    return any(camera["operation"] == 1 for camera in cameras.values())
