"""`run` without a telescope's address: the page leads to one, and the agent begins with it."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import aiohttp
import pytest

from agent.cli import run
from agent.cli.common import load
from agent.cli.main import main
from agent.settings import load_settings


async def _said(caplog: pytest.LogCaptureFixture, words: str) -> None:
    while words not in caplog.text:  # noqa: ASYNC110 - a log is all that tells
        await asyncio.sleep(0.01)


async def test_the_page_leads_to_a_telescope_and_the_agent_begins(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    unused_tcp_port: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("DWARF_CONFIG", raising=False)
    port = ("page_port", str(unused_tcp_port))
    arguments = argparse.Namespace(config=None, settings=[port], once=False, record=None)
    caplog.set_level("INFO")
    agent = asyncio.create_task(run._run_alone(arguments, load(arguments)))
    try:
        async with asyncio.timeout(20), aiohttp.ClientSession() as http:
            page = f"http://127.0.0.1:{unused_tcp_port}"
            await _said(caplog, "Open http")
            home = {"telescope_host": "127.0.0.1", "latitude": "48.85", "longitude": "2.35"}
            async with http.get(page + "/api/telescopes") as answer:
                assert answer.status == 503
            async with http.post(page + "/api/setup", json=home) as answer:
                assert (await answer.json())["code"] == "begins"
            await _said(caplog, "The page is at")
            async with http.get(page + "/api/telescopes") as answer:
                assert len((await answer.json())["telescopes"]) == 1
            async with http.get(page + "/setup") as answer:
                assert 'value="127.0.0.1"' in await answer.text()
    finally:
        agent.cancel()
        await asyncio.gather(agent, return_exceptions=True)
    written = tmp_path / "config" / "dwarf-agent" / "config.yaml"
    assert load_settings(written).site.longitude == 2.35


@pytest.mark.parametrize("flags", [("--once",), ("--set", "page_enabled=false")])
def test_where_no_page_helps_the_address_is_asked_for(
    flags: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["run", *flags]) == 2
    assert "telescope's address is not set" in capsys.readouterr().err
