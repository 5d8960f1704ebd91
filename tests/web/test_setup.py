"""First-time set-up in the browser: find the telescope, say where it stands, and the agent begins."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.app.first_setup import page_of_problems, set_up_first
from agent.app.setting_up import SettingUp
from agent.clock import SystemClock
from agent.settings import Settings, load_settings
from agent.settings.edit import with_settings
from agent.settings.problems import CannotEditError
from agent.web.agent import Neighbour
from tests.web.conftest import FakeAgent

HOME = {"telescope_host": "192.168.1.50", "latitude": "48.85", "longitude": "2.35"}
SETUP = "/api/setup"


class Stand:
    """An agent that has no telescope yet, seen from a browser."""

    def __init__(self, file: Path, http: aiohttp.ClientSession, address: str) -> None:
        self.file = file
        self.http = http
        self.address = address

    async def save(self, body: Any, **more: Any) -> tuple[int, Any]:
        async with self.http.post(self.address + SETUP, json=body, **more) as answer:
            return answer.status, await answer.json()

    async def text(self, path: str) -> str:
        async with self.http.get(self.address + path) as answer:
            return await answer.text()


@contextlib.asynccontextmanager
async def first(file: Path, **page: Any) -> AsyncIterator[tuple[Stand, asyncio.Task[bool]]]:
    settings = Settings.model_validate({"page": {"port": 0, **page}})
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    setting_up = SettingUp(settings, file, {}, look=_two_telescopes)
    task = asyncio.create_task(
        set_up_first(settings, setting_up, SystemClock(), asyncio.Event(), told.set_result)
    )
    try:
        async with asyncio.timeout(20), aiohttp.ClientSession() as http:
            yield Stand(file, http, await told), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _two_telescopes() -> list[Neighbour]:
    return [Neighbour("192.168.1.50", "D3", "<b>balcony</b>"), Neighbour("192.168.1.51")]


async def test_without_an_address_the_page_leads_to_the_first_settings(tmp_path: Path) -> None:
    file = tmp_path / "dwarf-agent" / "config.yaml"
    async with first(file) as (stand, begun):
        assert 'id="setup"' in await stand.text("/tonight")  # whatever was bookmarked
        text = await stand.text("/setup?look=1")
        assert 'value="192.168.1.50"' in text
        assert "&lt;b&gt;balcony" in text
        status, told = await stand.save(HOME)
        assert (status, told["code"]) == (200, "begins"), told
        assert str(file) in told["message"]
        assert await begun
    settings = load_settings(file)
    assert settings.telescopes[0].host == "192.168.1.50"
    assert settings.site.latitude == 48.85
    assert file.stat().st_mode & 0o077 == 0, "a password may stand in it"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({**HOME, "telescope_host": ""}, "telescope_host"),
        ({**HOME, "latitude": "480"}, "latitude"),
        ({**HOME, "longitude": ""}, "longitude"),
        ({**HOME, "weather_topics": "rain?"}, "weather_topics"),
        ({**HOME, "page_password": "mine now"}, "page_password"),
        ({**HOME, "latitude": 48}, "latitude"),
        ([], "JSON object"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_written(tmp_path: Path, body: Any, says: str) -> None:
    file = tmp_path / "config.yaml"
    async with first(file) as (stand, begun):
        status, told = await stand.save(body)
        assert status == 400
        assert says in told["message"]
        assert not begun.done()
    assert not file.exists()


async def test_only_our_own_page_and_who_knows_the_password_sets_up(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    foreign = {"Origin": "https://evil.example"}
    async with first(file, password="a long word") as (stand, _):
        assert (await stand.save(HOME))[0] == 401
        assert 'id="password"' in await stand.text("/")
        known = {"Authorization": "Bearer a long word"}
        assert (await stand.save(HOME, headers={**known, **foreign}))[0] == 403
        async with stand.http.post(stand.address + SETUP, data="{}", headers=known) as form:
            assert form.status == 415
        assert not file.exists()
        assert (await stand.save(HOME, headers=known))[0] == 200


async def test_a_running_agent_keeps_what_is_set_for_its_next_start(served: Any, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("# mine\ntelescope_host: 10.0.0.9\nmqtt_password: secret-word\n", encoding="utf-8")
    agent = FakeAgent()
    agent.setting_up = SettingUp(load_settings(file), file, {}, look=_two_telescopes, runs=True)
    async with served(agent) as page:
        assert "/setup" in await page.text("/settings")
        text = await page.text("/setup")
        assert 'value="10.0.0.9"' in text
        assert "secret-word" not in text
        async with page.post(SETUP, json=HOME) as answer:
            told = await answer.json()
        assert told["code"] == "done"
        assert "start" in told["hint"]
    kept = file.read_text(encoding="utf-8")
    assert kept.startswith("# mine\n")
    assert load_settings(file).mqtt.password.get_secret_value() == "secret-word"
    assert load_settings(file).telescopes[0].host == "192.168.1.50"


async def test_what_wins_over_the_file_is_not_said_to_be_changed_in_it(served: Any, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    environment = {"DWARF_TELESCOPE_HOST": "10.0.0.9"}
    settings = load_settings(environment=environment, assigned={"latitude": "1", "longitude": "2"})
    agent = FakeAgent()
    agent.setting_up = SettingUp(settings, file, environment, look=_two_telescopes, runs=True)
    async with served(agent) as page:
        for body, place in (
            ({"telescope_host": "192.168.1.50"}, "DWARF_TELESCOPE_HOST"),
            ({"latitude": "48.85"}, "--set latitude"),
        ):
            async with page.post(SETUP, json=body) as answer:
                assert answer.status == 400
                assert place in (await answer.json())["message"]
        assert not file.exists()
        async with page.post(SETUP, json={"telescope_host": "10.0.0.9", "mqtt_host": "home"}) as answer:
            assert answer.status == 200
    assert file.read_text(encoding="utf-8").splitlines()[1:] == ["mqtt_host: home"]


async def test_who_only_watches_cannot_set_up(served: Any) -> None:
    async with served(watch=True, password=None) as page:
        async with page.post("/watch/setup", json=HOME) as answer:
            assert answer.status == 404
        assert "/setup" not in await page.text("/watch")


def test_values_go_where_the_file_has_them_and_the_rest_stays() -> None:
    before = "site:\n  latitude: 1  # roof\n  timezone: Europe/Paris\ntelescopes:\n  - host: old\n"
    after = with_settings(before, {"telescope_host": "fe80::1", "latitude": "48.85", "mqtt_host": "home"})
    assert "site:\n  latitude: 48.85  # roof\n  timezone: Europe/Paris\n" in after
    assert '  - host: "fe80::1"\n' in after
    assert "mqtt_host: home\n" in after
    odd = 'sky/"rain" is: 0 # x'
    assert with_settings("", {"weather_topics": odd}) == f"weather_topics: {json.dumps(odd)}\n"
    with pytest.raises(CannotEditError):
        with_settings("site: {latitude: 1}\n", {"longitude": "2"})


async def test_an_add_on_that_cannot_work_says_so_in_its_panel(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("SUPERVISOR_TOKEN", "word")
    monkeypatch.setattr("agent.app.page_door.GATEWAY", "127.0.0.1")
    monkeypatch.setattr("agent.app.page_door.GATEWAY_PORT", unused_tcp_port)
    monkeypatch.setattr("agent.app.page_door._EVERYWHERE", "127.0.0.1")
    address = f"http://127.0.0.1:{unused_tcp_port}"
    async with (
        page_of_problems(["<i>telescope_host</i> is not set."], SystemClock()),
        aiohttp.ClientSession(headers={"X-Ingress-Path": "/api/hassio_ingress/x"}) as http,
    ):
        async with http.get(address + "/", allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/api/hassio_ingress/x/setup"
        async with http.get(address + "/setup") as answer:
            text = await answer.text()
        assert "&lt;i&gt;telescope_host" in text
        assert 'id="save"' not in text
        async with http.post(address + SETUP, json=HOME) as answer:
            assert answer.status == 400
