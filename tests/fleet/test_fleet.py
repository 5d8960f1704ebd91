"""Agents that share submissions: each goes to one of them, the best, whatever dies in between."""

from __future__ import annotations

import errno
import json
import logging
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.fleet.asking import OFFER_S
from agent.fleet.fleet import agent_word
from agent.fleet.held import Held, HeldSubmissions
from agent.mqtt.fleet_bodies import HandOver, OfferBody, Question, Taken, Totals, read
from agent.planner.goal_progress import Field, Light
from tests.fleet.stand import Club, club_of
from tests.support.virtual_loop import run_virtual

DEATHS = ("fleet/question", "fleet/+/offer", "fleet/+/hand_over", "fleet/+/taken")
KINDS = (Question, HandOver, OfferBody, Taken, Totals)


def test_no_two_agents_are_called_the_same() -> None:
    topics = ["dwarf", "club/a", "club_a", "club-a", "x" * 80 + "1", "x" * 80 + "2"]
    words = [agent_word(topic) for topic in topics]
    assert words[0] == "dwarf"
    assert len(set(words)) == len(topics)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", word) for word in words)


def test_submissions_are_spread_over_the_agents_and_each_has_one_place(tmp_path: Path) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        await club.start("north", "south", "west")
        for number in range(9):
            club.submit(session_id=f"s{number}")
            await club.clock.sleep(5)
        await club.close()
        return club

    club = run_virtual(night())
    assert club.where == {"north": 3, "south": 3, "west": 3}
    assert [one["code"] for one in club.answers] == ["queued"] * 9
    assert not list(tmp_path.rglob("*.json")), "what has its place is held no longer"


def test_many_in_a_few_seconds_are_spread_as_well(tmp_path: Path) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        names = [f"agent-{number:02}" for number in range(20)]  # more than are asked for one session
        await club.start(*names)
        for number in range(60):
            club.submit(session_id=f"s{number}")
            await club.clock.sleep(0.1)
        await club.clock.sleep(10)
        await club.close()
        return club

    club = run_virtual(night())
    assert sum(club.where.values()) == 60
    assert max(club.where.values()) <= 6, club.where


def test_a_folder_that_is_away_for_a_while_costs_no_submission_its_place_or_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(_self: HeldSubmissions, _held: Held) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    async def night() -> Club:
        club = club_of(tmp_path)
        await club.start("north")
        club.telescopes["north"].broken = {2}
        club.submit(session_id="s1")
        await club.clock.sleep(200)
        with monkeypatch.context() as patched:
            patched.setattr(HeldSubmissions, "forget", stuck)
            club.submit(session_id="s2")
            await club.clock.sleep(10)
        assert club.fleets["north"].without_place == 0
        await club.kill("north")
        await club.start("north")
        await club.clock.sleep(10)
        await club.close()
        return club

    club = run_virtual(night())
    assert [one["code"] for one in club.answers] == ["queued", "queued"]
    assert club.where == {"north": 2}
    assert not list(tmp_path.rglob("*.json"))


def test_an_agent_whose_clock_is_days_behind_is_not_given_everything(tmp_path: Path) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        await club.start("north", "south", "west")
        club.telescopes["west"].behind = timedelta(
            days=3
        )  # a small computer before it has the network's time
        for number in range(6):
            club.submit(session_id=f"s{number}")
            await club.clock.sleep(5)
        await club.close()
        return club

    assert run_virtual(night()).where["west"] <= 2


def test_an_agent_alone_keeps_what_it_takes_and_one_that_stays_silent_is_waited_for_twice(
    tmp_path: Path,
) -> None:
    async def night() -> list[float]:
        club = club_of(tmp_path)
        await club.start("north", "south")
        await club.kill("south")
        took = []
        for number in range(3):
            began, answers = club.clock.monotonic(), len(club.answers)
            club.submit(session_id=f"s{number}")
            while len(club.answers) == answers:
                await club.clock.sleep(0.05)
            took.append(club.clock.monotonic() - began)
        assert club.where == {"north": 3, "south": 0}
        await club.close()
        return took

    first, second, third = run_virtual(night())
    assert first == pytest.approx(OFFER_S, abs=0.2)
    assert second == pytest.approx(OFFER_S, abs=0.2)
    assert third < 0.2


def test_the_same_submission_again_is_known_whoever_takes_it(tmp_path: Path) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        await club.start("north", "south", "west")
        for name in ({"session_id": "m42"}, {"request_id": "r1"}):
            for _ in range(4):
                club.submit(**name)  # type: ignore[arg-type]
            await club.clock.sleep(1)
            club.submit(**name)  # type: ignore[arg-type]
            await club.clock.sleep(1)
        await club.close()
        return club

    club = run_virtual(night())
    assert sum(club.where.values()) == 2
    assert [one["code"] for one in club.answers].count("queued") == 2
    assert {one["code"] for one in club.answers} == {"queued", "duplicate"}


def test_what_another_agent_took_is_not_taken_again_while_that_one_is_silent(tmp_path: Path) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        await club.start("north", "south")
        for one in club.telescopes.values():
            one.slow_s = 0.5
        club.submit(session_id="one")
        await club.clock.sleep(0.2)
        first = json.loads(club.broker.all("club/fleet/question")[0].payload)["agent"]
        await club.kill(first)
        for _ in range(3):
            await club.clock.sleep(10)
            club.submit(session_id="one")
        await club.clock.sleep(10)
        assert {one["code"] for one in club.answers} == {"busy"}
        await club.start(first)
        await club.clock.sleep(10)
        club.submit(session_id="one")
        await club.clock.sleep(10)
        await club.close()
        return club

    club = run_virtual(night())
    assert sum("one" in one.has for one in club.telescopes.values()) == 1
    assert club.answers[-1]["code"] == "duplicate"


@pytest.mark.parametrize(
    "dies_after", ["fleet/question", "fleet/+/offer", "fleet/+/hand_over", "fleet/+/taken"]
)
@pytest.mark.parametrize("who", ["taker", "other"])
def test_a_death_at_any_message_neither_loses_nor_doubles_a_submission(
    tmp_path: Path, dies_after: str, who: str
) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        await club.start("north", "south")
        club.telescopes["north"].has = {"a": None, "b": None}  # type: ignore[dict-item]
        club.telescopes["south"].has = {"c": None, "d": None}  # type: ignore[dict-item]
        for number in range(2):  # each agent takes one of them
            said = len(club.broker.all(f"club/{dies_after}"))
            busy = "north" if number else "south"
            club.telescopes[busy].has |= {f"{busy}{one}": None for one in range(3)}  # type: ignore[misc]
            club.submit(session_id=f"s{number}")
            for _ in range(400):
                if len(club.broker.all(f"club/{dies_after}")) > said:
                    break
                await club.clock.sleep(0.005)
            last = json.loads(club.broker.all(f"club/{dies_after}")[-1].payload)["agent"]
            taker = last if dies_after in ("fleet/question", "fleet/+/hand_over") else _other(last)
            victim = taker if who == "taker" else _other(taker)
            await club.kill(victim)
            await club.clock.sleep(20)
            await club.start(victim)
            await club.clock.sleep(120)
        await club.close()
        return club

    club = run_virtual(night())
    names = [name for one in club.telescopes.values() for name in one.has if name in ("s0", "s1")]
    assert sorted(names) == ["s0", "s1"]
    assert not list(tmp_path.rglob("*.json"))


def _other(agent: str) -> str:
    return "south" if agent == "north" else "north"


def test_one_that_refuses_what_it_offered_is_passed_over(tmp_path: Path) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        await club.start("north", "south")
        club.telescopes["south"].refuses = True
        club.telescopes["north"].has = {"busy": None}  # type: ignore[dict-item]
        club.submit(session_id="one")
        club.submit(session_id="two")
        await club.clock.sleep(5)
        await club.close()
        return club

    club = run_virtual(night())
    assert sorted(club.telescopes["north"].has) == ["busy", "one", "two"]


def test_a_broker_without_shared_subscriptions_is_told_of_and_takes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        club.broker.shares = False
        await club.start("north")
        club.submit(session_id="one")
        await club.clock.sleep(5)
        await club.close()
        return club

    with caplog.at_level(logging.WARNING):
        club = run_virtual(night())
    assert "shared subscriptions" in caplog.text
    assert club.where == {"north": 0}


def test_what_the_others_collected_for_a_group_is_known_and_retained(tmp_path: Path) -> None:
    def light(group: str, seconds: float, night: str) -> Light:
        where = Field("M 42", 5.59, -5.39)
        return Light(night, "s", group, night, where, Camera.TELE, "Duo", 12, 10, seconds)

    async def night() -> list[Light]:
        club = club_of(tmp_path)
        await club.start("north")
        club.telescopes["north"].lights = [
            light("orion", 150, "2026-03-10"),
            light("orion", 30, "2026-03-11"),
        ]
        await club.clock.sleep(60)
        await club.kill("north")
        await club.start("south")
        assert club.fleets["south"].totals.agents == {"north"}
        found = list(club.fleets["south"].totals.lights())
        await club.close()
        return found

    (found,) = run_virtual(night())
    assert (found.group, found.stacked, found.seconds, found.filter) == ("orion", 20, 180.0, "Duo")
    assert found.night == date(2026, 3, 11).isoformat()
    assert found.field.same(Field("Orion", 5.59, -5.39))


def test_offers_of_strangers_and_junk_count_for_nothing(tmp_path: Path) -> None:
    async def night() -> Club:
        club = club_of(tmp_path)
        await club.start("north", "south")
        club.telescopes["north"].has = {"busy": None}  # type: ignore[dict-item]
        club.telescopes["south"].has = {"busy": None, "very": None}  # type: ignore[dict-item]
        await club.kill("south")
        club.submit(session_id="one")
        await club.clock.sleep(0.05)
        asked = json.loads(club.broker.all("club/fleet/question")[-1].payload)["id"]
        fake: dict[str, Any] = {"agent": "mallory", "id": asked, "telescope": "x", "night": "2026-03-12"}
        for payload in (fake, {**fake, "agent": "../x"}, {"agent": "south", "known": 3}, [], "x" * 100_000):
            club.broker.publish("club/fleet/north/offer", json.dumps(payload))
            club.broker.publish("club/fleet/question", json.dumps(payload))
            club.broker.publish("club/fleet/north/hand_over", json.dumps(payload))
            club.broker.publish("club/fleet/mallory/collected", json.dumps(payload))
        await club.clock.sleep(5)
        await club.close()
        return club

    club = run_virtual(night())
    assert "one" in club.telescopes["north"].has
    assert len(club.telescopes["north"].has) == 2


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["agent", "id", "command", "telescope", "night", "groups", "light_s"]), inner
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)
def test_nothing_that_is_said_in_a_fleet_breaks_the_reader(payload: bytes) -> None:
    for kind in KINDS:
        found = read(kind, payload, 8192)  # type: ignore[type-var]
        assert found is None or isinstance(found, kind)
