from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from agent.store.session_log import SessionFilter, log_path, session_log, session_scope

LOGGER = logging.getLogger("agent.test")


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


async def test_each_session_keeps_what_it_logged_threads_and_tasks_included(tmp_path: Path) -> None:
    async def run(session_id: str) -> None:
        with session_log(log_path(tmp_path, session_id), session_id):
            LOGGER.info("begin %s", session_id)
            await asyncio.sleep(0)
            await asyncio.to_thread(LOGGER.info, "thread of %s", session_id)
            await asyncio.create_task(_say(session_id))

    await asyncio.gather(run("a"), run("b"))
    LOGGER.info("nobody's")
    for session_id in ("a", "b"):
        lines = (tmp_path / "logs" / f"{session_id}.log").read_text().splitlines()
        assert [line.partition("agent.test: ")[2] for line in lines] == [
            f"begin {session_id}",
            f"thread of {session_id}",
            f"task of {session_id}",
        ]


def test_every_line_can_carry_the_session(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(SessionFilter())
    LOGGER.info("outside")
    with session_scope("m31"):
        LOGGER.info("inside")
    assert [record.session for record in caplog.records] == ["-", "m31"]  # type: ignore[attr-defined]


def test_a_second_run_of_a_session_appends(tmp_path: Path) -> None:
    for word in ("first", "second"):
        with session_log(tmp_path / "m31.log", "m31"):
            LOGGER.info(word)
    assert [line.split()[-1] for line in (tmp_path / "m31.log").read_text().splitlines()] == [
        "first",
        "second",
    ]


def test_a_log_that_cannot_be_written_costs_the_log_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").write_text("a file where a folder should be")
    with session_log(tmp_path / "logs" / "m31.log", "m31"):
        LOGGER.info("goes on")
    assert "has no log of its own" in caplog.text


def test_a_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.store.session_log._MAX_BYTES", 500)
    with session_log(tmp_path / "m31.log", "m31"):
        for number in range(100):
            LOGGER.info("line %d", number)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1000
    assert "line 99" in (tmp_path / "m31.log").read_text()


def test_a_disk_that_fills_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_log(tmp_path / "m31.log", "m31"):
        monkeypatch.setattr("agent.store.session_log._SessionFile.shouldRollover", _full)
        LOGGER.info("one")
        LOGGER.info("two")
    assert caplog.text.count("can no longer be written") == 1


async def _say(session_id: str) -> None:
    LOGGER.info("task of %s", session_id)


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


def test_one_event_is_one_line_whatever_a_name_brings_along(tmp_path: Path) -> None:
    with session_log(tmp_path / "m31.log", "m31"):
        LOGGER.info("goto %s", "M 31\n2026-01-01 ERROR forged\x1b[2J\u2028")
        LOGGER.info("joining with wifi_password=%s", "geheim")
        try:
            raise ValueError("red\x1b[31m")
        except ValueError:
            LOGGER.exception("it failed")
    text = (tmp_path / "m31.log").read_text(encoding="utf-8")
    assert "goto M 31\\n2026-01-01 ERROR forged\\x1b[2J\\u2028\n" in text
    assert "ValueError: red\\x1b[31m" in text
    assert "\x1b" not in text
    assert "geheim" not in text
