"""The agent as an add-on: wrong settings, a broker that comes late, a restart that somebody asks for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent.addon.addon import RELOAD_S, RETRY_S, AddOn
from agent.addon.supervisor import Supervisor
from agent.app.health import station_report
from agent.clock import LoopClock
from agent.errors import AgentError
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.port import MqttPort
from agent.mqtt.schemas import schemas
from agent.mqtt.topics import Topics
from agent.settings import Settings, load_settings
from agent.settings.parts import MqttSettings
from tests.addon.stand_in import TOKEN, StandIn, broker_data
from tests.support.virtual_loop import run_virtual

START = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
GOOD = {"telescope_host": "192.0.2.1", "sessions_dir": "SESSIONS", "latitude": 48.85, "longitude": 2.35}


@dataclass
class Home:
    """An add-on with its options in a folder, its Supervisor, its broker, and a body that only waits."""

    folder: Path
    house: StandIn = field(default_factory=StandIn)
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    lives: list[Settings] = field(default_factory=list)
    dialled: list[MqttSettings] = field(default_factory=list)
    ports: list[MqttPort | None] = field(default_factory=list)
    fails: list[BaseException] = field(default_factory=list)
    restart: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.clock = LoopClock(START)
        self.stop = asyncio.Event()

    def options(self, **changes: Any) -> None:
        options = {**GOOD, **changes}
        options["sessions_dir"] = options["sessions_dir"].replace("SESSIONS", str(self.folder / "kept"))
        (self.folder / "options.json").write_text(json.dumps(options), encoding="utf-8")

    def add_on(self) -> AddOn:
        return AddOn(
            lambda: load_settings(self.folder / "options.json"),
            self._begin,
            station_report,
            Supervisor(TOKEN, url=self.house.url),
            self.clock,
            options=self.folder / "options.json",
            memory=self.folder / "place.json",
            kept=(self.folder / "kept",),
            dial=self._dial,
        )

    async def _begin(
        self,
        settings: Settings,
        *,
        port: MqttPort | None,
        ready: Callable[[Mapping[str, Any]], None],
        stop: asyncio.Event,
        restart: Callable[[], None],
    ) -> int:
        if self.fails:
            raise self.fails.pop(0)
        self.lives.append(settings)
        self.ports.append(port)
        self.restart = restart
        await stop.wait()
        return 0

    def _dial(self, settings: MqttSettings) -> MqttPort:
        self.dialled.append(settings)
        return MemoryPort(self.broker, will=Topics(settings.base_topic).will())

    def said(self, topic: str) -> list[Any]:
        return [json.loads(message.payload) for message in self.broker.all(topic)]


def live(home: Home, night: Callable[[Home, AddOn], Any]) -> int:
    """Run the add-on beside `night`, stop it when that is over, and return its exit code."""

    async def run() -> int:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(home.house)
            home.clock = LoopClock(START)
            home.stop = asyncio.Event()
            add_on = home.add_on()
            running = asyncio.create_task(add_on.run(home.stop))
            try:
                await night(home, add_on)
            finally:
                home.stop.set()
                code = await running
            return code

    return run_virtual(run())


async def until(home: Home, condition: Callable[[], bool], seconds: float = 3600) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await home.clock.sleep(0.5)


def test_good_options_run_the_agent_with_what_home_assistant_knows(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.options(latitude=None, longitude=None)

    async def night(home: Home, add_on: AddOn) -> None:
        await until(home, lambda: bool(home.lives))
        assert add_on.report()["state"] == "starting"

    assert live(home, night) == 0
    (settings,) = home.lives
    assert settings.site.latitude == 48.8534
    assert home.ports[0] is not None, "nobody set a broker, so the Supervisor is asked"


def test_a_broker_in_the_options_is_the_agents_own_affair(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.options(mqtt_host="192.0.2.7")

    async def night(home: Home, _: AddOn) -> None:
        await until(home, lambda: bool(home.lives))

    live(home, night)
    assert home.ports == [None]
    assert "/services/mqtt" not in home.house.asked


def test_wrong_options_are_told_everywhere_and_the_add_on_stays_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(tmp_path, StandIn(broker=broker_data()))
    home.options(min_altitude=123, mqtt_base_topic="garden/dwarf")

    async def night(home: Home, add_on: AddOn) -> None:
        await home.clock.sleep(1800)
        assert home.house.notices
        report = add_on.report()
        assert report["healthy"] is True
        assert "min_altitude" in report["problem"]

    assert live(home, night) == 0
    assert home.lives == []
    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 2, "told once, not every ten seconds"
    assert errors[0].startswith("Option min_altitude: 123 is not between")
    assert "Configuration tab" in errors[1]
    assert "min_altitude" in home.house.notices["dwarf_agent"]
    (event,) = home.said("garden/dwarf/bridge/event")
    assert event["event_type"] == "settings_wrong"
    info = home.said("garden/dwarf/bridge/info")[-1]
    assert "min_altitude" in info["problem"]["message"]
    jsonschema.validate(info, schemas()["info"])
    jsonschema.validate(event, schemas()["bridge_event"])
    assert home.broker.last("garden/dwarf/bridge/availability") == b"offline"


def test_settings_that_were_set_right_are_used_without_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.options(telescope_hots="192.0.2.1")

    async def night(home: Home, add_on: AddOn) -> None:
        await home.clock.sleep(100)
        assert home.lives == []
        assert home.house.notices
        home.options()
        await home.clock.sleep(2 * RELOAD_S)
        assert len(home.lives) == 1
        assert not home.house.notices, "the notice is taken back"
        assert "problem" not in add_on.report()

    assert live(home, night) == 0


def test_while_something_is_wrong_it_is_told_on_the_page_too(tmp_path: Path) -> None:
    home, told = Home(tmp_path), list[tuple[str, ...]]()

    @asynccontextmanager
    async def aside(problems: tuple[str, ...]) -> AsyncIterator[None]:
        told.append(problems)
        yield
        told.append(())

    async def night(home: Home, add_on: AddOn) -> None:
        add_on.aside = aside
        await until(home, lambda: bool(told))
        assert "telescope_hots" in told[0][0]
        home.options()
        await until(home, lambda: bool(home.lives))
        assert told[1:] == [()], "the agent's own page needs the port"

    home.options(telescope_hots="192.0.2.1")
    live(home, night)


def test_another_mistake_is_told_in_place_of_the_first(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.options(min_altitude=123)

    async def night(home: Home, _: AddOn) -> None:
        await home.clock.sleep(30)
        home.options(latitude=99)
        await home.clock.sleep(30)
        assert "latitude" in home.house.notices["dwarf_agent"]
        assert "min_altitude" not in home.house.notices["dwarf_agent"]

    live(home, night)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"mqtt_port": "many"}', '{"mqtt_base_topic": "#"}'])
def test_options_that_cannot_be_read_at_all_do_not_end_it_either(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path, StandIn(broker=broker_data()))
    (tmp_path / "options.json").write_text(text, encoding="utf-8")

    async def night(home: Home, _: AddOn) -> None:
        await until(home, lambda: bool(home.house.notices))
        await until(home, lambda: bool(home.said("dwarf/bridge/event")))

    assert live(home, night) == 0
    assert home.lives == []


def test_sessions_in_a_folder_that_an_update_would_wipe_are_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.options(sessions_dir="/Astro_Sessions", media_dir="/tmp/pictures")

    async def night(home: Home, _: AddOn) -> None:
        await until(home, lambda: bool(home.house.notices))

    live(home, night)
    notice = home.house.notices["dwarf_agent"]
    assert "sessions_dir: /Astro_Sessions would be lost" in notice
    assert "media_dir: /tmp/pictures would be lost" in notice


@pytest.mark.parametrize("grouped", [False, True])
def test_a_start_that_fails_is_told_and_tried_again(tmp_path: Path, grouped: bool) -> None:
    failure: BaseException = AgentError("Cannot prepare the session folders: no space left on device.")
    home = Home(tmp_path, fails=[ExceptionGroup("tasks", [failure]) if grouped else failure])
    home.options()

    async def night(home: Home, _: AddOn) -> None:
        await until(home, lambda: bool(home.house.notices))
        assert "no space left" in home.house.notices["dwarf_agent"]
        await home.clock.sleep(RETRY_S + RELOAD_S)
        assert len(home.lives) == 1
        assert not home.house.notices

    assert live(home, night) == 0


def test_a_bug_ends_the_add_on_with_its_traceback(tmp_path: Path) -> None:
    home = Home(tmp_path, fails=[ExceptionGroup("tasks", [AgentError("known"), KeyError("bug")])])
    home.options()

    async def night(home: Home, _: AddOn) -> None:
        await until(home, lambda: not home.fails)
        await home.clock.sleep(1)

    with pytest.raises(ExceptionGroup, match="tasks"):
        live(home, night)


def test_the_restart_button_starts_it_again_with_settings_read_afresh(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.options()

    async def night(home: Home, _: AddOn) -> None:
        await until(home, lambda: len(home.lives) == 1)
        home.options(telescope_host="192.0.2.2")
        assert home.restart is not None
        home.restart()
        await until(home, lambda: len(home.lives) == 2)

    assert live(home, night) == 0
    assert [life.telescopes[0].host for life in home.lives] == ["192.0.2.1", "192.0.2.2"]


def test_it_stops_at_once_while_it_waits_for_home_assistants_place(tmp_path: Path) -> None:
    home = Home(tmp_path, StandIn(core_up=False))
    home.options(latitude=None, longitude=None)

    async def night(home: Home, _: AddOn) -> None:
        await until(home, lambda: "/core/api/config" in home.house.asked)
        home.stop.set()

    assert live(home, night) == 0
    assert home.lives == []
