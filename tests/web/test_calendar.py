"""The calendar as other programs read it, and who may."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from agent.text import printable_lines
from agent.web.agent import Facts
from agent.web.icalendar import Event, calendar
from agent.web.night import NightRecord
from agent.web.password import Password
from agent.web.views.calendar import Told
from agent.web.words import words
from tests.web.conftest import NOW, FakeAgent, record
from tests.web.test_drawing import night

Served = Callable[..., Any]
BALCONY, GARDEN = Facts("balcony", "Balcony", None), Facts("garden", "Garden", None)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EVENTS = st.lists(
    st.builds(
        Event,
        uid=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
        start=INSTANTS,
        end=INSTANTS,
        summary=st.text(),
        description=st.text(),
        tentative=st.booleans(),
    ),
    max_size=4,
)


def read(text: bytes) -> list[Any]:
    return list(icalendar.Calendar.from_ical(text.decode()).walk("VEVENT"))


@given(st.text(), EVENTS)
def test_another_program_reads_what_was_written_whatever_the_texts_hold(
    name: str, events: list[Event]
) -> None:
    text = calendar(name, events, NOW)
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    found = read(text)
    assert len(found) == len(events)
    for event, one in zip(events, found, strict=True):
        assert one["UID"] == event.uid
        assert one.decoded("DTSTART") == event.start.replace(microsecond=0)
        assert one.decoded("DTEND") == event.end.replace(microsecond=0)
        assert one["SUMMARY"] == printable_lines(event.summary)
        assert one.get("DESCRIPTION", "") == printable_lines(event.description)
        assert one["STATUS"] == ("TENTATIVE" if event.tentative else "CONFIRMED")


def told(*rows: Any, records: tuple[NightRecord, ...] = (), scope: Facts = BALCONY) -> list[Event]:
    view = dataclasses.replace(night(), rows=rows)
    return list(Told(scope, words("en", ZoneInfo("UTC"))).events(view, records))


def test_a_block_keeps_its_uid_when_it_is_moved_and_when_it_is_over() -> None:
    (planned,) = told(FakeAgent.row("m31", "M 31", "planned", 20, 22))
    (moved,) = told(FakeAgent.row("m31", "M 31", "planned", 21, 23))
    (runs,) = told(FakeAgent.row("m31", "M 31", "imaging", 21, 23))
    (over,) = told(records=(record("m31"),))
    assert {one.uid for one in (moved, runs, over)} == {planned.uid}
    assert planned.tentative
    assert not over.tentative
    assert over.summary == "M 31 (Partly)"
    assert over.description == "Partly: 40 of 60 stacked, 40 min of light\nThe session's window closed."


def test_what_ended_before_it_began_as_the_clock_was_set_back_still_lasts() -> None:
    night = record("m31")
    one = dataclasses.replace(night.sessions[0], ended=NOW - timedelta(days=2))
    (event,) = told(records=(dataclasses.replace(night, sessions=(one,)),))
    assert event.start < event.end


def test_no_two_events_share_a_uid() -> None:
    block = FakeAgent.row("m31", "M 31", "planned", 20, 22)
    again = dataclasses.replace(block, more=(FakeAgent.row("", "M 31", "planned", 24, 25).block,))
    other = dataclasses.replace(block, session_id="m33")
    later = dataclasses.replace(
        block, session_id="later", block=None, state="not_tonight", starts=NOW + timedelta(days=3)
    )
    events = [
        *told(again, other, later, records=(record("m31"), record("m31", days=1))),
        *told(again, scope=GARDEN),
    ]
    assert len({one.uid for one in events}) == len(events) == 8
    (far,) = (one for one in events if one.start == NOW + timedelta(days=3))
    assert far.end - far.start == timedelta(hours=1)  # 60 frames of 60 s


async def test_on_this_machine_alone_the_calendar_needs_no_key(served: Served) -> None:
    async with served() as page, page.get("/calendar.ics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/calendar"
        assert [one["SUMMARY"] for one in read(await answer.read())] == ["M 31 (Partly)", "M 42", "NGC 2237"]


async def test_with_a_password_its_key_opens_the_calendar_and_nothing_else(served: Served) -> None:
    async with served(password=Password("correct horse"), calendar_key="k" * 64) as page:
        async with page.get("/calendar.ics?key=" + "k" * 64) as answer:
            assert answer.status == 200
        for path in (
            "/calendar.ics",
            "/calendar.ics?key=",
            "/calendar.ics?key=wrong",
            "/calendar.ics?key=%ff",
        ):
            async with page.get(path) as answer:
                assert answer.status == 401, path
                assert "NGC 2237" not in await answer.text()
        for path in ("/tonight", "/settings", "/api/telescopes"):
            async with page.get(path + "?key=" + "k" * 64) as answer:
                assert answer.status in (302, 401), path
        async with page.post("/calendar.ics?key=" + "k" * 64) as answer:
            assert answer.status == 401


async def test_in_an_add_on_the_link_leads_around_the_gateway(served: Served) -> None:
    async with served(gateway="172.30.32.2", only_here=False, calendar_key="k" * 64) as page:
        async with page.get("/calendar.ics?key=" + "k" * 64) as answer:
            assert answer.status == 200
        for path in ("/calendar.ics", "/calendar.ics?key=x", "/tonight?key=" + "k" * 64):
            async with page.get(path) as answer:
                assert answer.status == 403, path
    async with served(gateway="127.0.0.1", only_here=False, calendar_key="k" * 64) as page:
        text = await page.text("/settings")
        assert f":0/calendar.ics?key={'k' * 64}" in text  # the port of the door, not of the gateway
