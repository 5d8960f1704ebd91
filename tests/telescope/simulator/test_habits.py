"""Readings of the firmware that can be chosen, and the log of what a client did against its rules."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.telescope.simulator import (
    HABITS,
    BrokenRulesError,
    HabitError,
    Habits,
    HardwareRule,
    SimulatorOptions,
)
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import connected


def test_each_answer_is_tried_alone_and_all_together() -> None:
    every = Habits.one_by_one()
    assert str(every[0]) == "defaults"
    assert len(every) == len(set(every)) == len({str(one) for one in every})
    assert {str(one) for one in Habits.all("foreign_ids", "same_mode")} == {
        "defaults",
        "same_mode=silent",
        "foreign_ids=refused",
        "foreign_ids=refused,same_mode=silent",
    }


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), min_size=1, max_size=2))
def test_an_unknown_habit_or_answer_is_told_with_those_there_are(texts: dict[str, str]) -> None:
    with pytest.raises(HabitError, match="habit"):
        Habits.from_texts(texts)


@pytest.mark.parametrize("texts", [{"foreign_ids": "eaten"}, {"darks": "late"}])
def test_options_refuse_a_habit_they_do_not_know(texts: dict[str, str]) -> None:
    with pytest.raises(HabitError):
        SimulatorOptions.from_mapping({"habits": texts})


def test_a_strict_simulator_says_at_its_end_what_a_client_broke() -> None:
    async def run() -> None:
        async with connected(generation="v3", strict=True) as (sim, client):
            await client.send(10036)
            await client.ask(16405)
            assert [one.rule for one in sim.broken_rules] == [HardwareRule.SILENT_COMMAND]

    with pytest.raises(BrokenRulesError, match="10036"):
        run_virtual(run())


def test_the_control_endpoint_lists_broken_rules() -> None:
    async def run() -> bytes:
        async with connected(generation="v3") as (sim, client):
            await client.send(10038)
            await client.ask(16405)
            reader, writer = await asyncio.open_connection("127.0.0.1", sim.http_port)
            writer.write(b"GET /simulator/broken-rules HTTP/1.0\r\n\r\n")
            answer = await reader.read()
            writer.close()
            return answer

    [told] = json.loads(run_virtual(run()).partition(b"\r\n\r\n")[2])
    assert (told["code"], told["detail"]) == ("silent_command", "10038")


@pytest.mark.parametrize("known", [[one.name for one in HABITS], [one.name.lower() for one in HardwareRule]])
def test_every_habit_and_every_rule_is_in_the_manual(known: list[str]) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
    assert [name for name in known if f"| `{name}` |" not in manual] == []
