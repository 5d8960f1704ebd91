"""What the Supervisor knows, used where nobody set it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.addon.supervised_port import LOOK_S, SupervisedPort, supervised_port
from agent.addon.supervisor import (
    SUPERVISOR_URL,
    FoundBroker,
    Supervisor,
    SupervisorError,
    complete_settings,
)
from agent.cli.common import broker_of
from agent.clock import LoopClock
from agent.errors import AgentError
from agent.mqtt.memory import MemoryBroker, MemoryPort
from agent.mqtt.port import Message, MqttPort, Publication
from agent.settings import Settings
from agent.settings.parts import MqttSettings
from tests.addon.stand_in import TOKEN, StandIn, broker_data
from tests.support.virtual_loop import run_virtual

START = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)


def settings(**site: Any) -> Settings:
    return Settings.model_validate({"site": site})


# -- asking ----------------------------------------------------------------


def test_the_supervisor_is_there_exactly_when_its_token_is() -> None:
    assert Supervisor.from_environment({}) is None
    found = Supervisor.from_environment({"SUPERVISOR_TOKEN": "t"})
    assert found is not None
    assert (found.token, found.url) == ("t", SUPERVISOR_URL)
    other = Supervisor.from_environment({"SUPERVISOR_TOKEN": "t", "SUPERVISOR_URL": "http://127.0.0.1:8099/"})
    assert other is not None
    assert other.url == "http://127.0.0.1:8099"


async def test_the_broker_is_none_until_it_is_installed_and_up() -> None:
    async with StandIn() as house:
        supervisor = Supervisor(TOKEN, url=house.url)
        assert await supervisor.broker() is None
        house.broker = {}
        assert await supervisor.broker() is None
        house.broker = broker_data(port=1884, ssl=True)
        found = await supervisor.broker()
    assert found == FoundBroker("127.0.0.1", 1884, "addons", "secret-1", tls=True)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    "broker", [{"host": "x"}, broker_data(port=0), broker_data(port=70000), broker_data(host="")]
)
async def test_a_broker_that_makes_no_sense_is_told_without_its_password(broker: dict[str, Any]) -> None:
    async with StandIn(broker=broker) as house:
        with pytest.raises(SupervisorError, match=r"cannot be read: (host|port)") as refused:
            await Supervisor(TOKEN, url=house.url).broker()
    assert "secret" not in str(refused.value)


async def test_a_refused_token_and_an_absent_supervisor_are_errors_with_words() -> None:
    async with StandIn() as house:
        with pytest.raises(SupervisorError, match="refuses"):
            await Supervisor("another", url=house.url).broker()
        gone = house.url
    with pytest.raises(SupervisorError, match="cannot be asked"):
        await Supervisor(TOKEN, url=gone).broker()


# -- the place ----------------------------------------------------------------


def completed(own: Settings, tmp_path: Path, **house: Any) -> tuple[Settings, StandIn]:
    async def start() -> tuple[Settings, StandIn]:
        async with StandIn(**house) as stand_in:
            supervisor = Supervisor(TOKEN, url=stand_in.url)
            memory = tmp_path / "place.json"
            return await complete_settings(own, supervisor, LoopClock(START), memory=memory), stand_in

    return run_virtual(start())


def test_place_and_zone_are_home_assistants_where_nobody_set_them(tmp_path: Path) -> None:
    found, _ = completed(settings(), tmp_path)
    site = found.site
    assert (site.latitude, site.longitude, site.altitude_m) == (48.8534, 2.3488, 35)
    assert site.timezone == "Europe/Paris"


def test_a_place_that_was_set_is_not_asked_for_nor_mixed_with_another(tmp_path: Path) -> None:
    found, house = completed(settings(latitude=-33.0, longitude=-70.0), tmp_path)
    assert (found.site.latitude, found.site.longitude, found.site.altitude_m) == (-33.0, -70.0, 0.0)
    assert "/core/api/config" not in house.asked


def test_a_zone_that_was_set_stays(tmp_path: Path) -> None:
    found, _ = completed(settings(timezone="America/Santiago"), tmp_path)
    assert found.site.timezone == "America/Santiago"
    assert found.site.latitude == 48.8534


def test_the_place_of_the_last_start_serves_while_home_assistant_restarts(tmp_path: Path) -> None:
    completed(settings(), tmp_path)
    found, house = completed(settings(), tmp_path, core_up=False)
    assert found.site.latitude == 48.8534
    assert len(house.asked) > 1, "it asks again before it falls back"
    nowhere, _ = completed(settings(), tmp_path / "empty", core_up=False)
    assert nowhere.site.latitude is None


@pytest.mark.parametrize(
    "place",
    [
        {"latitude": 0, "longitude": 0, "elevation": 0, "time_zone": "UTC"},
        {"latitude": 95, "longitude": 2},
        {"latitude": "here"},
        {"latitude": 1.0, "longitude": 2.0, "time_zone": "Mars/Olympus"},
    ],
)
def test_a_place_nobody_set_or_that_cannot_be_is_no_place(tmp_path: Path, place: dict[str, Any]) -> None:
    found, _ = completed(settings(), tmp_path, place=place)
    assert found.site.latitude is None
    assert not (tmp_path / "place.json").exists()


def test_a_broken_memory_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "place.json").write_text('{"latitude": ', encoding="utf-8")
    found, _ = completed(settings(), tmp_path, core_up=False)
    assert found.site.latitude is None


def test_entities_are_read_through_the_supervisor_unless_an_address_was_set(tmp_path: Path) -> None:
    found, house = completed(settings(), tmp_path)
    assert found.home_assistant.url == f"{house.url}/core"
    assert found.home_assistant.token.get_secret_value() == TOKEN
    own = Settings.model_validate({"home_assistant": {"url": "http://other:8123", "token": "mine"}})
    found, _ = completed(own, tmp_path)
    assert found.home_assistant == own.home_assistant


# -- the broker ----------------------------------------------------------------


class House:
    """A port under test, the broker behind it, and everything it was told."""

    def __init__(self) -> None:
        self.clock = LoopClock(START)
        self.brokers = {"secret-1": MemoryBroker(), "secret-2": MemoryBroker()}
        self.offered: FoundBroker | Exception | None = None
        self.questions = 0
        self.dialled: list[MemoryPort] = []
        self.connects = 0
        self.losses: list[str] = []
        self.heard: list[bytes] = []
        self.port = SupervisedPort(self._ask, self._connect, self.clock)
        self.port.on_connected(self._count)
        self.port.on_disconnected(self.losses.append)
        self.port.subscribe("asks/#", lambda message: self.heard.append(message.payload))

    async def _ask(self) -> FoundBroker | None:
        self.questions += 1
        if isinstance(self.offered, Exception):
            raise self.offered
        return self.offered

    def _connect(self, found: FoundBroker) -> MqttPort:
        self.dialled.append(MemoryPort(self.brokers[found.password]))
        return self.dialled[-1]

    def _count(self) -> None:
        self.connects += 1

    def offer(self, password: str = "secret-1") -> None:
        self.offered = FoundBroker("core-mosquitto", 1883, "addons", password)


def with_house(night: Callable[[House], Any]) -> House:
    async def run() -> House:
        house = House()
        house.port.start()
        try:
            await night(house)
        finally:
            await house.port.stop()
        return house

    return run_virtual(run())


def test_it_waits_for_a_broker_with_one_clear_line_and_connects_when_it_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def night(house: House) -> None:
        await house.clock.sleep(3600)
        assert not house.port.connected
        assert not house.port.publish(Publication("a", b"1"))
        assert house.port.protocol == ""
        house.offer()
        await house.clock.sleep(60)
        assert house.port.connected
        assert house.port.publish(Publication("a", b"2"))
        house.brokers["secret-1"].publish("asks/one", b"?")
        await house.clock.sleep(1)

    with caplog.at_level(logging.WARNING):
        house = with_house(night)
    assert 100 < house.questions < 200, "every half minute, not in a storm"
    assert house.connects == 1
    assert house.heard == [b"?"]
    (line,) = [record.message for record in caplog.records]
    assert "Mosquitto broker" in line
    assert "mqtt_host" in line


def test_a_connected_broker_is_not_asked_for_again() -> None:
    async def night(house: House) -> None:
        house.offer()
        await house.clock.sleep(24 * 3600)

    assert with_house(night).questions == 1


def test_credentials_that_changed_are_asked_for_and_used() -> None:
    async def night(house: House) -> None:
        house.offer("secret-1")
        await house.clock.sleep(1)
        house.dialled[0].cut("not authorized")
        house.offer("secret-2")
        await house.clock.sleep(4 * LOOK_S)
        assert house.port.connected
        house.brokers["secret-2"].publish("asks/two", b"!")
        house.brokers["secret-1"].publish("asks/old", b"never heard")
        await house.clock.sleep(1)

    house = with_house(night)
    assert len(house.dialled) == 2
    assert house.losses == ["not authorized"]
    assert house.heard == [b"!"]


def test_a_broker_that_restarts_with_the_same_credentials_keeps_its_connection() -> None:
    async def night(house: House) -> None:
        house.offer()
        await house.clock.sleep(1)
        house.dialled[0].cut()
        await house.clock.sleep(10 * LOOK_S)
        house.dialled[0].restore()
        await house.clock.sleep(1)
        assert house.port.connected

    house = with_house(night)
    assert len(house.dialled) == 1
    assert house.connects == 2


def test_a_supervisor_that_fails_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    async def night(house: House) -> None:
        house.offered = SupervisorError("The Supervisor cannot be asked (refused).")
        await house.clock.sleep(600)
        house.offer()
        await house.clock.sleep(60)
        assert house.port.connected

    with caplog.at_level(logging.WARNING):
        with_house(night)
    assert [record.message for record in caplog.records] == ["The Supervisor cannot be asked (refused)."]


def test_a_subscription_that_ended_is_not_made_at_a_new_broker() -> None:
    heard: list[Message] = []

    async def night(house: House) -> None:
        end = house.port.subscribe("later/#", heard.append)
        end()
        end()
        house.offer()
        await house.clock.sleep(1)
        end_now = house.port.subscribe("later/#", heard.append)
        end_now()
        house.brokers["secret-1"].publish("later/x", b"1")
        await house.clock.sleep(1)

    with_house(night)
    assert heard == []


async def test_what_a_person_set_comes_before_what_the_supervisor_says() -> None:
    dialled: list[MqttSettings] = []

    def dial(chosen: MqttSettings) -> MqttPort:
        dialled.append(chosen)
        return MemoryPort(MemoryBroker())

    async with StandIn(broker=broker_data(ssl=True)) as house:
        supervisor = Supervisor(TOKEN, url=house.url)
        clock = LoopClock(START)
        explicit = MqttSettings(host="elsewhere")
        assert supervised_port(explicit, supervisor, clock, dial=dial) is None
        for own in (MqttSettings(), MqttSettings.model_validate({"username": "me", "password": "mine"})):
            port = supervised_port(own, supervisor, clock, dial=dial)
            assert port is not None
            connected = asyncio.Event()
            port.on_connected(connected.set)
            port.start()
            await connected.wait()
            await port.stop()
    seen = [(one.host, one.username, one.password.get_secret_value(), one.tls) for one in dialled]
    assert seen == [("127.0.0.1", "addons", "secret-1", True), ("127.0.0.1", "me", "mine", True)]


def test_the_place_is_kept_as_plain_json(tmp_path: Path) -> None:
    completed(settings(), tmp_path)
    kept = json.loads((tmp_path / "place.json").read_text(encoding="utf-8"))
    assert kept["time_zone"] == "Europe/Paris"
    assert "token" not in kept


async def test_commands_inside_the_add_on_find_the_broker_the_same_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with StandIn() as house:
        monkeypatch.setenv("SUPERVISOR_TOKEN", TOKEN)
        monkeypatch.setenv("SUPERVISOR_URL", house.url)
        with pytest.raises(AgentError, match="address is not set"):
            await asyncio.to_thread(broker_of, Settings())
        house.broker = broker_data(port=1884)
        found = await asyncio.to_thread(broker_of, Settings())
    assert (found.host, found.port, found.username, found.password) == (
        "127.0.0.1",
        1884,
        "addons",
        "secret-1",
    )
