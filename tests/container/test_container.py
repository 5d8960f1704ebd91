"""The image, really built and run: as an add-on beside a stand-in Supervisor, and as a plain container."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent import __version__
from agent.mqtt.broker_options import BrokerOptions
from agent.mqtt.paho_port import PahoPort
from agent.settings.manifest import options as form
from tests.addon.stand_in import TOKEN, StandIn, broker_data
from tests.container.buildah import Buildah, Inside, tools
from tests.support.brokers import Mosquitto

pytestmark = [pytest.mark.container, pytest.mark.timeout(1800)]

TIMEOUT_S = 60  # the manifest's `timeout`: the Supervisor waits no longer for the end
LIMIT_S = 90.0
MOST_MB = 160  # of ours; with python:3.13-slim the image has 330 at most


@pytest.fixture(scope="module")
def image() -> Iterator[Buildah]:
    """The image of this checkout."""
    with tools() as buildah:
        buildah.make_base()
        buildah.build()
        yield buildah


@pytest.fixture
def telescope(image: Buildah) -> Iterator[dict[str, Any]]:
    """A simulated telescope in a container of the same image, as options of the agent."""
    arguments = ("simulate", "--port", "0", "--http-port", "0", "--speed", "30")
    with image.container() as container, Inside(image, container, arguments) as simulator:
        line = simulator.wait_for("--telescope-port")
        control, http, card = re.findall(r"port (\d+)", line)
        yield {
            "telescope_host": "127.0.0.1",
            "telescope_port": int(control),
            "telescope_http_port": int(http),
            "telescope_card_port": int(card),
            "telescope_model": "D3",
            "telescope_id": "scope",
        }


def session(count: int) -> str:
    body = {
        "id_command": {"description": f"{count} frames"},
        "setup_camera": {
            "do_action": True,
            "exposure": "5",
            "gain": 60,
            "count": count,
            "without_goto": True,
        },
    }
    return json.dumps({"command": body})


class Folders:
    """What the Supervisor maps into the add-on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("data", "config", "share", "media"):
            (root / name).mkdir()

    def options(self, **chosen: Any) -> None:
        """Write them as the Supervisor does: every shown option of the form, readable by root alone."""
        path = self.root / "data" / "options.json"
        path.write_text(json.dumps({**form(), **chosen}), encoding="utf-8")
        path.chmod(0o600)

    @property
    def volumes(self) -> dict[Path, str]:
        return {self.root / name: f"/{name}" for name in ("data", "config", "share", "media")}

    def sessions(self, name: str) -> Path:
        return self.root / "config" / "Astro_Sessions" / name


class Listener:
    """A client of the broker that remembers everything below the base topic."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []

    def bodies(self, pattern: str) -> list[Any]:
        return [json.loads(body) for topic, body in self.heard if re.fullmatch(pattern, topic)]

    def last(self, topic: str) -> bytes | None:
        return next((body for name, body in reversed(self.heard) if name == topic), None)


@asynccontextmanager
async def listening(broker: Mosquitto, password: str) -> AsyncIterator[Listener]:
    listener = Listener()
    port = PahoPort(
        BrokerOptions(
            host="127.0.0.1", port=broker.port, client_id="ear", username="addons", password=password
        )
    )
    port.subscribe("dwarf/#", lambda message: listener.heard.append((message.topic, message.payload)))
    port.start()
    try:
        await until(lambda: port.connected)
        yield listener
    finally:
        await port.stop()


async def until(condition: Callable[[], Any], log: Callable[[], str] = str) -> None:
    try:
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # noqa: ASYNC110 - other processes wake nobody here
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"it never came to that:\n{log()}") from None


def guarded_broker(folder: Path, password: str) -> Mosquitto:
    """A broker that lets only the add-ons' user in; still to be started."""
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
    passwords = folder / "passwords"
    subprocess.run([program, "-b", "-c", str(passwords), "addons", password], check=True)
    return Mosquitto(folder, anonymous=False, extra=(f"password_file {passwords}",))


def supervised(house: StandIn) -> dict[str, str]:
    return {"SUPERVISOR_TOKEN": TOKEN, "SUPERVISOR_URL": house.url, "TZ": "Europe/Paris"}


async def test_as_an_add_on_it_finds_the_broker_runs_a_session_and_stops_in_time(
    image: Buildah, telescope: dict[str, Any], tmp_path: Path
) -> None:
    folders = Folders(tmp_path)
    folders.options(**telescope, media_dir="/media/dwarf")
    broker = await guarded_broker(tmp_path, "right").start()
    try:
        async with StandIn() as house, listening(broker, "right") as listener:
            with (
                image.container() as container,
                Inside(image, container, environment=supervised(house), volumes=folders.volumes) as add_on,
            ):
                await asyncio.to_thread(add_on.wait_for, "has no MQTT broker yet")
                house.broker = broker_data(broker.port, password="right")
                await until(
                    lambda: listener.last("dwarf/bridge/availability") == b"online", lambda: add_on.log
                )
                code, told = await asyncio.to_thread(add_on.healthy)
                assert code == 0, told
                assert "running" in told

                (folders.sessions("ToDo") / "two.json").write_text(session(2), encoding="utf-8")
                await until(lambda: listener.bodies("dwarf/scope/result/.+"), lambda: add_on.log)
                (result,) = listener.bodies("dwarf/scope/result/.+")
                assert result["result"] == "completed"
                assert result["frames"]["taken"] == 2
                done = json.loads((folders.sessions("Done") / "two.json").read_text(encoding="utf-8"))
                assert done["command"]["id_command"]["process"] == "ended"
                media = folders.root / "media" / "dwarf"
                await until(lambda: list(media.glob("*/report_scope.md")), lambda: add_on.log)
                (picture,) = media.glob("*/*_two.jpg")
                assert picture.read_bytes().startswith(b"\xff\xd8")

                (folders.sessions("ToDo") / "many.json").write_text(session(500), encoding="utf-8")
                await until(
                    lambda: any(
                        body["session_id"] == "many" and (body["frames"]["taken"] or 0) >= 2
                        for body in listener.bodies("dwarf/scope/progress")
                    ),
                    lambda: add_on.log,
                )
                add_on.terminate()
                assert await asyncio.to_thread(add_on.ended, TIMEOUT_S) == 0, add_on.log
                assert "Traceback" not in add_on.log
                assert "right" not in add_on.log, "no password in the log"
            await until(lambda: listener.last("dwarf/bridge/availability") == b"offline")
        assert [path.name for path in folders.sessions("ToDo").iterdir()] == ["many.json"]
        assert list(folders.sessions("Current").iterdir()) == []
    finally:
        broker.stop()


async def test_as_an_add_on_with_wrong_options_it_stays_up_and_says_so(
    image: Buildah, tmp_path: Path
) -> None:
    folders = Folders(tmp_path)
    folders.options(telescope_host="", min_altitude=123)
    broker = await guarded_broker(tmp_path, "right").start()
    try:
        async with (
            StandIn(broker=broker_data(broker.port, password="right")) as house,
            listening(broker, "right") as listener,
        ):
            with (
                image.container() as container,
                Inside(image, container, environment=supervised(house), volumes=folders.volumes) as add_on,
            ):
                await until(lambda: listener.bodies("dwarf/bridge/event"), lambda: add_on.log)
                assert listener.bodies("dwarf/bridge/event")[0]["event_type"] == "settings_wrong"
                assert "Option min_altitude" in add_on.log
                await until(lambda: house.notices, lambda: add_on.log)
                code, told = await asyncio.to_thread(add_on.healthy)
                assert code == 0
                assert "cannot work" in told
                assert add_on.alive
                add_on.terminate()
                assert await asyncio.to_thread(add_on.ended, TIMEOUT_S) == 0, add_on.log
                assert "Traceback" not in add_on.log
    finally:
        broker.stop()


def test_as_a_plain_container_it_is_the_owner_of_the_sessions_and_not_root(
    image: Buildah, telescope: dict[str, Any], tmp_path: Path
) -> None:
    config, sessions = tmp_path / "config", tmp_path / "sessions"
    todo = sessions / "ToDo"
    config.mkdir()
    todo.mkdir(parents=True)
    lines = [f"{name}: {value}" for name, value in telescope.items() if name != "telescope_host"]
    (config / "agent.yaml").write_text("\n".join([*lines, "telescope_host: wrong.invalid"]), encoding="utf-8")
    (todo / "two.json").write_text(session(2), encoding="utf-8")
    for path in (tmp_path, sessions, todo, todo / "two.json"):
        os.chown(path, 1234, 1235)
    for parent in (tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    environment = {
        "DWARF_TELESCOPE_HOST": "127.0.0.1",
        "DWARF_LATITUDE": "48.85",
        "DWARF_LONGITUDE": "2.35",
    }
    with (
        image.container() as container,
        Inside(
            image,
            container,
            ("run", "--once"),
            environment,
            {config: "/config", sessions: "/sessions"},
        ) as agent,
    ):
        assert agent.ended(LIMIT_S) == 0, agent.log
    done = sessions / "Done" / "two.json"
    assert json.loads(done.read_text(encoding="utf-8"))["command"]["id_command"]["result"] is True
    assert (done.stat().st_uid, done.stat().st_gid) == (1234, 1235)
    owners = {path.stat().st_uid for path in sessions.rglob("*")}
    assert owners == {1234}, "nothing of root's is left behind"


def test_health_is_no_when_nobody_is_there(image: Buildah) -> None:
    with image.container() as container:
        code, told = Inside(image, container).healthy()
    assert code == 1
    assert "no agent answers" in told


def test_the_image_is_what_it_says_and_holds_nothing_else(image: Buildah) -> None:
    config = image.settings()
    assert config["Labels"]["io.hass.type"] == "app"
    assert config["WorkingDir"] == "/config"
    with image.container() as container:
        listing = image.run(
            "run",
            "--isolation",
            "chroot",
            container,
            "--",
            "sh",
            "-c",
            "dwarf-agent --version; python3 -c 'import agent.quality.measure' && echo measures frames;"
            " du -sm /app; find /app -name tests -o -name setuptools; ls / /app/bin",
        ).stdout
    version, measures, size, *names = listing.splitlines()
    assert (version, measures) == (f"dwarf-agent {__version__}", "measures frames")
    assert int(size.split()[0]) <= MOST_MB
    assert not {"pip", "source", "tests", "work"} & {Path(name).name for name in names}
    assert not [name for name in names if name.startswith("/app/lib")], "what only makes or tests others"
