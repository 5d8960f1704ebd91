"""The campaign sees what is broken, makes a failing night short, and goes on where it was stopped."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from agent.execute.journal import Journal
from agent.mqtt.port import Publication
from agent.session.document import read_session
from agent.session.plan import StepKind, make_plan
from agent.targets import SkyTarget
from tests.soak.campaign import dialects
from tests.soak.campaign.__main__ import Record, Worker, campaign, table
from tests.soak.campaign.night import play
from tests.soak.campaign.script import Event, Script, write
from tests.soak.campaign.shrink import kind_of, shrunk
from tests.soak.mortal import MortalPort
from tests.support.fake_telescope import CAPABILITIES

QUIET = write(2).with_events(())
FILE = {
    "telescope": "scope",
    "subject": "s1",
    "frames": 4,
    "exposure": 10,
    "priority": 0,
    "name": "s1.json",
    "dialect": dialects.some(random.Random(1), as_file=True),
}


def some_events() -> tuple[Event, ...]:
    """A session, and a kill in the middle of its capture."""
    return (Event(1, "session_by_file", FILE), Event(75, "kill", {"back_s": 1}))


def test_a_night_of_everything_breaks_no_promise(tmp_path: Path) -> None:
    whole = write(2)
    verdict = play(whole.with_events(whole.events[:14]), tmp_path)
    assert verdict.violations == ()
    assert verdict.figures["frames"] > 0
    assert verdict.figures["kills"] > 0


def test_a_script_is_plain_data_and_the_same_seed_writes_the_same() -> None:
    for seed in range(30):
        script = write(seed)
        assert Script.from_json(json.loads(json.dumps(script.to_json()))) == script
        assert write(seed) == script
        deeds = [one.deed for one in script.events]
        assert deeds.count("kill") == 10
        assert deeds.count("broker") == 5
        assert 6 <= sum(deed.startswith("session_by") for deed in deeds) <= 20


@pytest.mark.parametrize("seed", range(12))
def test_every_dialect_says_the_same(seed: int) -> None:
    dialect = dialects.some(random.Random(seed), as_file=True)
    session = json.loads(dialects.encoded(dialects.document({**FILE, "dialect": dialect}, {}), dialect))
    reading = read_session(session, name="s1")
    assert reading.document is not None, reading.problems
    plan = make_plan(reading.document, CAPABILITIES)
    [target] = plan.goto_targets
    assert isinstance(target, SkyTarget)
    assert (target.ra_hours, target.dec_degrees) == pytest.approx(dialects.place_of("s1"), abs=0.001)
    assert [step.count for step in plan.steps if step.kind is StepKind.CAPTURE] == [4]


def test_frames_that_a_restart_forgets_are_seen_to_be_taken_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgotten(_self: Journal) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(Journal, "_save", forgotten)
    violations = play(QUIET.with_events(some_events()), tmp_path).violations
    assert any("frames" in one for one in violations), violations


def test_the_same_night_is_clean_while_the_journal_is_kept(tmp_path: Path) -> None:
    verdict = play(QUIET.with_events(some_events()), tmp_path)
    assert (verdict.violations, verdict.figures["frames"], verdict.figures["kills"]) == ((), 4, 1)


def test_rubbish_that_is_a_session_after_all_is_waited_for(tmp_path: Path) -> None:
    """Whatever is dropped last, in weather that has to clear first: it takes nothing, and ends."""
    nothing = {"telescope": "scope", "text": '{"command": {"id_command": {}}}', "number": 1}
    events = (Event(60.0, "rain", {"level": "warning"}), Event(120.0, "rubbish", nothing))
    assert play(QUIET.with_events(events), tmp_path).violations == ()


def test_a_result_that_is_never_said_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = MortalPort.publish

    def silent(self: MortalPort, publication: Publication) -> bool:
        return "/result/" in publication.topic or said(self, publication)

    monkeypatch.setattr(MortalPort, "publish", silent)
    dialect = dialects.some(random.Random(1), as_file=False)
    event = Event(1, "session_by_mqtt", {**FILE, "dialect": dialect})
    violations = play(QUIET.with_events((event,)), tmp_path).violations
    assert [kind_of(one) for one in violations] == ["it was submitted and taken, and no result was said"]


def test_a_failing_night_is_shrunk_to_what_it_needs() -> None:
    events = tuple(Event(float(number), "junk", {"number": number}) for number in range(64))
    script = QUIET.with_events(events)
    tried: list[Script] = []

    def fails(candidate: Script) -> bool:
        tried.append(candidate)
        numbers = {one.with_["number"] for one in candidate.events}
        return {7, 40} <= numbers

    kept = shrunk(script, fails).events
    assert [one.with_["number"] for one in kept] == [7, 40]
    assert len(tried) < 100
    assert shrunk(script, lambda _: False) == script


def test_violations_are_of_one_kind_whatever_their_numbers() -> None:
    assert kind_of("s3 claims 4 frames of 3: /tmp/x") == kind_of("s12 claims 9 frames of 1: /tmp/y")
    assert kind_of("s3 claims 4 frames of 3") != kind_of("s3 stands 2 times")


class Scripted(Worker):
    """Plays nothing: what is asked for fails when its seed does."""

    def __init__(self, played: list[int], failing: set[int]) -> None:
        super().__init__()
        self._played = played
        self._failing = failing

    async def play(self, script: Script) -> dict[str, Any]:
        self._played.append(script.seed)
        violations = ["s1 stands 2 times"] if script.seed in self._failing else []
        return {"seed": script.seed, "violations": violations, "figures": {"kills": 10}, "story": "story"}


def test_nights_that_were_clean_are_not_played_again_and_failures_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[int] = []

    def run(failing: set[int]) -> int:
        monkeypatch.setattr("tests.soak.campaign.__main__.Worker", lambda: Scripted(played, failing))
        record = Record(tmp_path)
        record.load()
        seeds = iter(seed for seed in range(1, 7) if seed not in record.clean)
        failed = asyncio.run(campaign(record, seeds, 2, float("inf")))
        assert "kills" in table(record.verdicts)
        return failed

    assert run({4}) == 1
    kept = json.loads((tmp_path / "failed-4.json").read_text())
    assert kept["violations"] == ["s1 stands 2 times"]
    assert len(kept["events"]) == 1
    (tmp_path / "nights.jsonl").open("a").write('{"seed": 9, "viol')
    played.clear()
    assert run(set()) == 0
    assert played == [4]
