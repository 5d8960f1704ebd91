"""The rules of the records: each end is written, then told, exactly once, whatever the disk says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.clock import LoopClock
from agent.errors import Problem
from agent.events import (
    Event,
    Frames,
    Outcome,
    Reason,
    ResultHanded,
    SessionBrief,
    SessionEnded,
    SessionResult,
    Source,
    StepReport,
)
from agent.session.steps import StepKind
from agent.station.records import TRY_AGAIN_S, Records
from agent.store import disk
from agent.store.collected import Collected
from agent.store.folders import Folder
from agent.store.ledger import Ledger
from agent.store.model import Rejected
from agent.store.results import Results
from agent.store.store import SessionStore
from agent.store.unreported import Unreported
from tests.store.support import PARIS, START, names, result, session
from tests.store.test_moves import _full
from tests.support.virtual_loop import run_virtual


class Desk:
    """The records of one telescope over real folders, what they tell, and what they say is wrong."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = LoopClock(START)
        self.store = SessionStore(root, self.clock, zone=PARIS)
        self.store.prepare()
        tree = self.store.tree
        self.ledger = Ledger(tree.ledger, self.clock)
        self.results = Results(tree, telescope="balcony", zone=PARIS)
        self.collected = Collected(tree, PARIS, None, lambda: None)
        self.notes = Unreported(tree)
        self.told: list[Event] = []
        self.problems: list[Problem | None] = []
        self.records = Records(
            *("balcony", self.store, self.results, self.collected, self.ledger, self.clock),
            publish=self.told.append,
            on_problem=self.problems.append,
        )

    def waits(self, name: str, raw: dict[str, Any] | None = None) -> None:
        self.store.add(name, raw or session())

    def runs(self, name: str, raw: dict[str, Any] | None = None) -> None:
        self.waits(name, raw)
        self.store.claim(name)

    @property
    def ends(self) -> list[SessionResult]:
        assert all(isinstance(event, SessionEnded) and event.telescope == "balcony" for event in self.told)
        return [event.result for event in self.told if isinstance(event, SessionEnded)]

    @property
    def noted(self) -> list[str]:
        return [one.session.session_id for one in self.notes.all()]


def kept(root: Path, story: Callable[[Desk], Awaitable[None]]) -> None:
    async def main() -> None:
        desk = Desk(root)
        try:
            await story(desk)
        finally:
            desk.store.close()

    run_virtual(main())


def test_an_end_is_written_at_once_and_told_as_soon_as_somebody_listens(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        desk.ledger.record("k", session_id="a")
        desk.runs("a", session(group="M 31"))
        desk.records.on_learned = lambda: pytest.fail("one session tells no estimate")
        await desk.records.end(
            result("a", message="All taken.", by_camera={"tele": Frames(20, 20, 19)}),
            conditions={"clouds": 3},
            target={"ra": 1.5},
        )
        (path, document) = desk.store.find_ended("a") or pytest.fail("it has no file")
        assert path.parent.name == "Done"
        details = document.raw["command"]["result_details"]
        assert (details["conditions"], details["target"]) == ({"clouds": 3}, {"ra": 1.5})
        night = START.date()
        assert [row["session_id"] for row in desk.results.rows(night)] == ["a"]
        assert [light.taken for light in desk.collected.all()] == [20]
        assert (desk.ends, desk.noted) == ([], ["a"])
        await desk.clock.sleep(60)
        await desk.records.open()
        (told,) = desk.told
        assert told.at == START + timedelta(seconds=60)
        (ended,) = desk.ends
        assert (ended.session.session_id, ended.outcome) == ("a", Outcome.COMPLETED)
        entry = desk.ledger.by_session("a")
        assert entry is not None
        assert (entry.outcome, entry.ended_at) == ("completed", START + timedelta(minutes=10))
        desk.runs("b")
        await desk.records.end(result("b", Outcome.FAILED))
        assert [one.session.session_id for one in desk.ends] == ["a", "b"]
        assert desk.problems == []
        assert not desk.records.owes

    kept(tmp_path, story)


def test_a_result_is_kept_until_it_was_handed_on_by_its_own_telescope(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.records.open()
        for name in ("a", "b"):
            desk.runs(name)
            await desk.records.end(result(name))
        for event in (
            ResultHanded(telescope="attic", at=START, session_id="a"),
            SessionEnded(telescope="balcony", at=START, result=result("a")),
            ResultHanded(telescope="balcony", at=START, session_id="b"),
        ):
            desk.records.hear(event)
        await desk.clock.sleep(1)
        assert desk.noted == ["a"]

    kept(tmp_path, story)


def test_what_cannot_be_forgotten_is_said_and_told_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk) -> None:
        await desk.records.open()
        desk.runs("a")
        await desk.records.end(result("a"))
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", _full)
            desk.records.hear(ResultHanded(telescope="balcony", at=START, session_id="a"))
            await desk.clock.sleep(1)
        assert "will be told again" in caplog.text
        assert desk.noted == ["a"]

    kept(tmp_path, story)


def test_a_ledger_that_cannot_be_written_keeps_no_end_from_being_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(desk: Desk) -> None:
        await desk.records.open()
        desk.store.tree.ledger.mkdir()
        desk.runs("a")
        await desk.records.end(result("a"))
        assert len(desk.ends) == 1
        assert "ledger" in caplog.text
        await desk.records.end_submission("a", Reason.INVALID, Problem("gone", "It is gone."))
        assert len(desk.ends) == 1

    kept(tmp_path, story)


@pytest.mark.parametrize(
    ("waits", "ended_at", "told"),
    [
        (True, None, False),  # cut off between the note and the file: it goes on
        (True, START + timedelta(minutes=10), True),  # a new session of the same name waits beside its end
        (True, START, False),  # that end was another one's
        (False, None, True),  # its file was taken away
        (False, START, True),
    ],
)
def test_a_noted_end_is_told_unless_the_session_still_waits_to_go_on(
    tmp_path: Path, waits: bool, ended_at: Any, told: bool
) -> None:
    async def story(desk: Desk) -> None:
        if ended_at is not None:
            desk.runs("a")
            desk.store.finish("a", result("a", ended_at=ended_at))
        if waits:
            desk.store.tree[Folder.TO_DO].joinpath("a.json").write_text("{}")
        desk.notes.note(result("a"))
        await desk.records.open()
        assert len(desk.ends) == told
        assert desk.noted == (["a"] if told else [])

    kept(tmp_path, story)


def test_what_the_disk_refuses_is_held_and_written_as_soon_as_it_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    async def story(desk: Desk) -> None:
        for name in ("a", "b"):
            desk.runs(name)
        with monkeypatch.context() as patch:
            patch.setattr(disk, "_write_temporary", _full)
            await desk.records.end(result("a"), conditions={"clouds": 3}, target={"ra": 1.5})
            assert desk.records.owes
            await desk.records.end(result("b"))
            assert [problem and problem.code for problem in desk.problems] == ["disk_full"] * 2
            assert caplog.text.count("cannot be written") == 1, "one full disk is said once"
            task = asyncio.create_task(desk.records.run())
            await desk.clock.sleep(TRY_AGAIN_S + 1)
            assert len(desk.problems) == 4
            assert caplog.text.count("cannot be written") == 1
        assert (desk.ends, names(desk.root, Folder.CURRENT)) == ([], ["a.json", "b.json"])
        await desk.clock.sleep(TRY_AGAIN_S - 2)
        assert desk.ends == []
        await desk.clock.sleep(2)
        assert [one.session.session_id for one in desk.ends] == ["a", "b"]
        assert desk.problems[-1] is None
        assert not desk.records.owes
        details = (desk.store.find_ended("a") or pytest.fail("lost"))[1].raw["command"]["result_details"]
        assert (details["conditions"], details["target"]) == ({"clouds": 3}, {"ra": 1.5})
        desk.runs("c")
        with monkeypatch.context() as patch:
            patch.setattr(disk, "_write_temporary", _full)
            await desk.records.end(result("c"))
            assert caplog.text.count("cannot be written") == 2, "another full disk is said anew"
            await desk.clock.sleep(1)
        await desk.clock.sleep(TRY_AGAIN_S)
        assert [one.session.session_id for one in desk.ends] == ["a", "b", "c"]
        task.cancel()

    kept(tmp_path, story)


def test_the_end_of_a_session_without_a_file_is_told_and_its_journal_forgotten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk) -> None:
        await desk.records.open()
        desk.store.journal("a").save({"started_at": START.isoformat()})
        await desk.records.end(result("a"))
        assert [one.session.session_id for one in desk.ends] == ["a"]
        assert desk.store.journal("a").load() is None
        assert (desk.problems, desk.records.owes) == ([], False)
        desk.store.journal("b").save({"started_at": START.isoformat()})
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", _full)
            await desk.records.forget_journal("b")
        assert "no space left" in caplog.text

    kept(tmp_path, story)


EARLIER = {
    "started_at": (START - timedelta(hours=1)).isoformat(),
    "frames": {"tele": {"taken": 7, "stacked": 6}},
    "capture": {"camera": "wide", "started_at": START.isoformat(), "taken": 2, "stacked": 1},
}


def test_a_session_that_does_not_go_on_ends_with_what_its_journal_knows(tmp_path: Path) -> None:
    brief = SessionBrief("a", "M 31")
    failure = Problem("too_late", "It is too late.")

    async def story(desk: Desk) -> None:
        await desk.records.open()
        for name in ("a", "b", "c"):
            desk.runs(name)
        desk.store.journal("a").save(EARLIER)
        desk.store.journal("b").save(EARLIER)
        await desk.clock.sleep(60)
        await desk.records.end_unrun(brief, Outcome.SKIPPED, Reason.WEATHER, "It rains.", failure)
        cut_off = desk.records.end_from_journal
        file = desk.store.journal("b")
        await cut_off(replace(brief, session_id="b"), file, Reason.AGENT_RESTARTED, "Cut off.")
        file = desk.store.journal("c")
        await cut_off(replace(brief, session_id="c"), file, Reason.INVALID, "Spoilt.")
        unrun, partial, failed = desk.ends
        assert unrun == SessionResult(
            telescope="balcony",
            session=brief,
            outcome=Outcome.PARTIAL,
            ended_at=START + timedelta(seconds=60),
            started_at=START - timedelta(hours=1),
            frames=Frames(0, 9, 7),
            by_camera={"tele": Frames(0, 7, 6), "wide": Frames(0, 2, 1)},
            reason=Reason.WEATHER,
            message="It rains. 9 frames were taken before.",
            error=failure,
        )
        assert partial == replace(
            unrun,
            session=replace(brief, session_id="b"),
            outcome=Outcome.PARTIAL,
            reason=Reason.AGENT_RESTARTED,
            message="Cut off. 9 frames were taken before.",
            error=None,
        )
        assert (failed.outcome, failed.message) == (Outcome.FAILED, "Spoilt. 0 frames were taken before.")

    kept(tmp_path, story)


@pytest.mark.parametrize(
    ("reason", "outcome"), [(Reason.USER, Outcome.SKIPPED), (Reason.INVALID, Outcome.FAILED)]
)
def test_whoever_submitted_a_session_hears_that_its_file_is_lost(
    tmp_path: Path, reason: Reason, outcome: Outcome
) -> None:
    failure = Problem("gone", "Its file is gone.")

    async def story(desk: Desk) -> None:
        await desk.records.open()
        await desk.records.end_submission("a", reason, failure)
        assert desk.ends == [], "nobody submitted it"
        desk.ledger.record("k", session_id="a", request_id="r1")
        for _ in range(2):
            await desk.records.end_submission("a", reason, failure)
        (told,) = desk.ends
        assert told.session == SessionBrief("a", "a", source=Source.MQTT, request_id="r1")
        assert (told.outcome, told.reason, told.message) == (outcome, reason, "Its file is gone.")
        assert told.error == failure

    kept(tmp_path, story)


def test_files_that_could_not_be_used_are_in_the_nights_table(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.records.note_rejected([])
        assert not list(desk.store.tree[Folder.RESULTS].iterdir())
        await desk.clock.sleep(86400)
        failure = Problem("bad_value", "The gain is no number.")
        await desk.records.note_rejected([Rejected("x", "x", failure, (failure,), Path("x.json"))])
        (row,) = desk.results.refused(START.date() + timedelta(days=1))
        assert (row["session_id"], row["error"]) == ("x", "bad_value")

    kept(tmp_path, story)


def test_it_is_told_when_estimates_have_changed(tmp_path: Path) -> None:
    learned: list[int] = []

    async def story(desk: Desk) -> None:
        desk.records.on_learned = lambda: learned.append(len(names(desk.root, Folder.DONE)))
        for number in range(4):
            desk.runs(f"s{number}")
            step = StepReport("Autofocus", START, START, "done", kind=StepKind.AUTO_FOCUS, took_s=40.0)
            await desk.records.end(result(f"s{number}", steps=(step,)))
        assert learned == [3], "the third is the first to tell anything, and the fourth tells the same"

    kept(tmp_path, story)


def test_a_text_that_is_no_text_is_told_escaped(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.records.open()
        desk.runs("a")
        await desk.records.end(result("a", files=("/Astronomy/\ud83d",)))
        assert [one.files for one in desk.ends] == [("/Astronomy/\\ud83d",)]

    kept(tmp_path, story)
