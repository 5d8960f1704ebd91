"""What the page keeps and tells of sessions: each frame's fate, the last picture, the log, the nights."""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from agent.afterwards import FrameMeasured
from agent.app.page_history import History
from agent.app.page_window import PageWindow
from agent.archive.manifest import Entry, Manifest, folder_of
from agent.events import EventBus, Frames, SessionBrief, SessionProgress, SessionStarted
from agent.mqtt.no_broker import NoBroker
from agent.mqtt.outbox import Outbox
from agent.mqtt.port import Publication
from agent.mqtt.topics import Topics
from agent.report.book import NightBook, Note
from agent.session.fields import DownloadWhat as What
from agent.store.ended import read_ended
from agent.store.folders import Folder, Tree
from agent.store.session_log import log_path
from agent.telescope.interface import Picture
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_page import PAGE, page_of
from tests.support.fake_telescope import FakeTelescope
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
AT = datetime(2026, 3, 12, 20, tzinfo=UTC)
BRIEF = SessionBrief("a", "M 42")


def _picture() -> bytes:
    shown = io.BytesIO()
    Image.new("RGB", (32, 18), (20, 20, 60)).save(shown, "JPEG")
    return shown.getvalue()


class Photographer(FakeTelescope):
    """A telescope of values that has a picture of what it stacked."""

    async def latest_picture(self, since: datetime, folders: Any = ()) -> Picture | None:
        stacked = self.captures[-1].stacked if self.captures else 0
        return Picture(_picture(), f"/stacked-{stacked}.jpg", self.clock.now()) if stacked else None


class _Clock:
    def now(self) -> datetime:
        return AT


def window() -> tuple[PageWindow, EventBus, Outbox]:
    outbox, bus = Outbox(NoBroker()), EventBus()
    return PageWindow(outbox, Topics(), bus, _Clock()), bus, outbox  # type: ignore[arg-type]


def progress(taken: int, stacked: int, session_id: str = "a") -> SessionProgress:
    return SessionProgress(
        telescope="scope",
        at=AT,
        session=SessionBrief(session_id, "M 42"),
        percent=0.0,
        frames=Frames(60, taken, stacked),
        integration_s=0.0,
        remaining_s=None,
        estimated_end=None,
        step="",
        index=1,
        count=1,
    )


def test_the_frame_that_was_stacked_is_the_newest_of_those_that_were_not() -> None:
    seen, bus, _ = window()
    bus.publish(SessionStarted(telescope="scope", at=AT, session=BRIEF))
    for taken, stacked in ((0, 0), (1, 0), (1, 1), (2, 1), (3, 2), (4, 3)):
        bus.publish(progress(taken, stacked))
    assert seen.frames("scope").frames == (True, False, True, True)
    assert seen.began("scope", "a") == AT
    bus.publish(progress(1, 1, "b"))
    assert seen.frames("scope").frames == (True,)
    assert seen.began("scope", "a") is None


def test_frames_from_before_the_agent_looked_are_told_as_such() -> None:
    seen, bus, _ = window()
    bus.publish(progress(30, 28))
    bus.publish(progress(31, 29))
    told = seen.frames("scope")
    assert (told.unseen, told.frames) == (30, (True,))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30))
def test_no_count_breaks_the_fates(steps: list[tuple[int, int]]) -> None:
    seen, bus, _ = window()
    taken = stacked = 0
    for more, kept in steps:
        taken, stacked = taken + more, min(taken + more, stacked + kept)
        bus.publish(progress(taken, stacked))
    told = seen.frames("scope")
    assert told.unseen + len(told.frames) == taken
    assert sum(told.frames) <= stacked


def test_what_is_said_is_seen_with_or_without_a_broker() -> None:
    seen, _, outbox = window()
    heard: list[Any] = []
    seen.listen(lambda news: heard.append((news.telescope, news.name, dict(news.body))))
    outbox.publish(Publication("dwarf/scope/status", b'{"state":"idle"}', retain=True))
    outbox.publish(Publication("dwarf/scope/availability", b"online", retain=True))
    outbox.publish(Publication("dwarf/scope/image", b"\xff\xd8", retain=True))
    outbox.publish(Publication("dwarf/bridge/info", b"{}", retain=True))
    outbox.publish(Publication("homeassistant/device/x/config", b"{}", retain=True))
    assert heard == [
        ("scope", "status", {"state": "idle"}),
        ("scope", "availability", {"state": "online"}),
        ("scope", "image", {}),
    ]
    assert seen.states("scope") == {"status": {"state": "idle"}, "availability": {"state": "online"}}
    outbox.publish(Publication("dwarf/scope/group/wall", b'{"group":"wall"}', retain=True))
    assert seen.groups("scope") == [{"group": "wall"}]
    outbox.publish(Publication("dwarf/scope/group/wall", b"", retain=True))
    assert seen.groups("scope") == seen.groups("other") == []
    assert seen.picture("scope") == b"\xff\xd8"
    assert seen.picture("other") is None


def test_a_night_leaves_its_picture_its_log_and_its_row(
    observatory: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "agent")

    async def night() -> None:
        place = observatory(**PAGE)
        place.driver = Photographer(place.clock)
        async with page_of(place) as browser:
            place.drop("a.json", session(goto_manual=NEVER_SETS))
            await place.until(lambda: place.said("status")[-1]["state"] == "imaging")
            assert "Step" in (await browser.get("/now")).partition('id="log"')[2]
            await place.sessions_ended(1)
            await place.clock.sleep(120)
            await asyncio.sleep(0)
            shown = await browser.get("/nights")
            assert "M 81" in shown
            assert "12 of 12" in shown
            pictures = [path.name for path in (place.folder("Results") / "pictures").glob("*")]
            assert pictures == ["a.jpg"]
            assert "/nights/picture/a" in shown
            for name in ("..", "%2e%2e%2fa", "b", "a.jpg"):
                status, _ = await browser.ask("GET", f"/nights/picture/{name}")
                assert status in (404, 200 if name == ".." else 404), name
            report = await browser.get("/nights/2026-03-12/report")
            assert "M 81" in report
            assert "/nights/2026-03-12/page" in report
            assert "<svg" in await browser.get("/nights/2026-03-12/page")
            async with browser.http.get(f"{browser.address}/nights/picture/a?small") as answer:
                assert (await answer.read()).startswith(b"\xff\xd8")
            small = place.folder("Results") / "pictures" / "small"
            assert [path.name for path in small.glob("*")] == ["a.jpg"]

    run_virtual(night())


def test_a_report_has_how_the_frames_came_out_and_the_stack_that_was_fetched(
    observatory: Make, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    stack = b"SIMPLE  = a stack"

    async def night() -> None:
        place = observatory(**PAGE, archive={"dir": str(archive)})
        async with page_of(place) as browser:
            place.drop("a.json", session(goto_manual=NEVER_SETS))
            await place.sessions_ended(1)
            _measured(place, [3.0 + number / 10 for number in range(5)])
            (path,) = place.folder("Done").glob("a.json")
            ended = read_ended(path, ZoneInfo("Europe/Paris"), None, None)
            assert ended is not None
            folder = folder_of(archive, ended)
            (folder / "stacked").mkdir(parents=True)
            (folder / "stacked" / "stacked.fits").write_bytes(stack)
            files = [
                Entry("f", "stacked.fits", "stacked/stacked.fits", len(stack), done=True),
                Entry("f", "b.fits", "stacked/b.fits", 5, done=False),
            ]
            manifest = Manifest("scope", "a", ended.target, ended.night, What.STACKED, ("f",), files=files)
            manifest.save(folder)
            report = await browser.get("/nights/2026-03-12/report")
            assert "Width of the stars: from 3.0 px to 3.4 px" in report
            assert "stacked.fits" in report
            assert "b.fits" not in report
            status, got = await browser.ask("GET", "/nights/2026-03-12/file/a/stacked.fits")
            assert (status, got) == (200, stack.decode())
            for other in ("a/b.fits", "b/stacked.fits", "a/..%2f..%2fa.json"):
                status, _ = await browser.ask("GET", f"/nights/2026-03-12/file/{other}")
                assert status == 404, other

    run_virtual(night())


def _measured(place: Observatory, widths: list[float]) -> None:
    """Note frames of session a that were measured."""
    notes = [
        Note(AT + timedelta(minutes=at), "quality", {"session_id": "a", "hfd": width, "stars": 200})
        for at, width in enumerate(widths)
    ]
    NightBook(Tree(place.root / "Astro_Sessions")).add(date(2026, 3, 12), notes)


def test_what_was_measured_of_the_frames_is_seen_while_they_are_taken() -> None:
    seen, bus, _ = window()
    bus.publish(SessionStarted(telescope="scope", at=AT, session=BRIEF))
    for number in range(400):
        at = AT + timedelta(minutes=2 * number)
        hfd = None if number == 399 else 3.0
        bus.publish(
            FrameMeasured(telescope="scope", at=at, session=BRIEF, stars=number, background=9.5, hfd=hfd)
        )
    by_name = {one.name: one.points for one in seen.frames("scope").courses}
    assert by_name["stars"][-1][1] == 399
    assert len(by_name["stars"]) == 300
    assert len(by_name["hfd"]) == 299
    bus.publish(progress(1, 1, "b"))
    assert not any(one.points for one in seen.frames("scope").courses)


def test_a_table_of_an_older_program_is_shown_and_gone_on_with(observatory: Make) -> None:
    older = (
        "id,description,dwarf,starting_date,processed_date,result,message,target,exposure,gain,IR,count\r\n"
        "u1,Galaxies,1,2026-03-{0} 19:00:00,2026-03-{0} 19:40:00,True,Done,M 81,15,60,1,40\r\n"
    )

    async def evening() -> None:
        place = observatory(**PAGE)
        results = place.folder("Results")
        results.mkdir(parents=True, exist_ok=True)
        for day in (10, 12):
            (results / f"results_session_night_2026-03-{day}.csv").write_text(older.format(day))
        async with page_of(place) as browser:
            for shown in ("/nights", "/nights/2026-03-10/report", "/tonight"):
                assert "M 81" in await browser.get(shown), shown
            assert "VCALENDAR" in await browser.get("/calendar.ics")
            place.drop("a.json", session(goto_manual=NEVER_SETS | {"target": "M 82"}))
            await place.sessions_ended(1)
            assert "M 82" in await browser.get("/nights")
        table = (results / "results_session_night_2026-03-12.csv").read_text()
        assert "M 81" in table
        assert "M 82" in table

    run_virtual(evening())


def test_numbers_that_are_none_in_a_table_hide_no_night(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(**PAGE)
        place.folder("Results").mkdir(parents=True, exist_ok=True)
        (place.folder("Results") / "results_session_night_2026-03-10.csv").write_text(
            "file,target,session_id,outcome,starting_date,frames_taken,frames_requested,integration_s,waited\n"
            "a.json,M 81,a,completed,2026-03-10 22:00:00,1e999,nan,inf,weather 1.2.3 s\n"
            "b.json,M 82,b,exploded,2026-03-10 23:00:00,-5,12,-1e300,\n"
        )
        async with page_of(place) as browser:
            for shown in ("/nights", "/nights/2026-03-10/report", "/api/telescopes/scope/nights"):
                assert "M 81" in str(await browser.get(shown)), shown
            assert "VCALENDAR" in await browser.get("/calendar.ics")

    run_virtual(evening())


def test_a_session_that_a_person_took_out_is_no_part_of_the_night(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(**PAGE)
        place.drop("a.json", session(id_command={"date": "2026-03-12", "time": "23:00"}))
        async with page_of(place) as browser:
            assert "23:00 – " in await browser.get("/tonight")
            await browser.command({"command": "remove", "session_id": "a"})
            await place.sessions_ended(1)
            assert (
                "M 42" not in (await browser.get("/tonight")).partition("<main")[2].partition('id="free"')[0]
            )
            assert "nightcard" not in await browser.get("/nights") or "M 42" not in await browser.get(
                "/nights"
            )

    run_virtual(evening())


@pytest.mark.parametrize("picture", [True, False])
def test_the_page_shows_whether_there_is_a_picture(observatory: Make, picture: bool) -> None:
    async def night() -> None:
        place = observatory(**PAGE)
        place.driver = Photographer(place.clock)
        async with page_of(place) as browser:
            status, _ = await browser.ask("GET", "/picture")
            assert status == 404
            if picture:
                place.drop("a.json", session(goto_manual=NEVER_SETS))
                await place.until(lambda: bool(place.said("image")), hours=2)
                async with browser.http.get(f"{browser.address}/picture") as answer:
                    assert answer.content_type == "image/jpeg"
                    assert (await answer.read())[:2] == b"\xff\xd8"
            assert ("No picture yet" in await browser.get("/now")) is not picture

    run_virtual(night())


def test_the_log_is_told_in_the_time_of_the_telescopes_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tree = Tree(tmp_path)
    path = log_path(tree[Folder.RESULTS], "a")
    path.parent.mkdir(parents=True)
    lines = ["2026-03-12 20:01:07,123 INFO    agent.x: Step 1", "2026-03-12 20:02:07,123 DEBUG   agent.x: no"]
    path.write_text("\n".join([*lines, "2026-99-99 20:03:00,000 WARNING agent.x: odd"]), encoding="utf-8")
    station = SimpleNamespace(zone=ZoneInfo("Europe/Paris"), store=SimpleNamespace(tree=tree))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        history = History(station, lambda _: None)  # type: ignore[arg-type]
        assert history.log("a") == [("", "odd"), ("21:01", "Step 1")]
    finally:
        monkeypatch.undo()
        time.tzset()
