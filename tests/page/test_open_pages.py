"""A page that stays open: in many tabs, in two at once, behind a gateway that answers for the agent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.page.conftest import DESKTOP, PHONE
from tests.web.conftest import FakeAgent

Look = Callable[..., Any]
TABS = 6  # that a browser's connections to one place are enough for


def seen(page: Any, *, hidden: bool) -> None:
    """Have a page believe that somebody looks at it, or that nobody does."""
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def following(page_at: Any, look: Look, *, clock: bool = False) -> Any:
    """The Now page that has begun to follow its agent; `clock`: at the pace of the test.

    It is the first that asks for news: a second one's request could reach the agent that was started again.
    """
    page = look(f"{page_at.address}/manifest.webmanifest", PHONE)
    if clock:
        page.clock.install()
    with page.expect_response("**/events"):
        page.goto(f"{page_at.address}/now")
    return page


def test_a_gateways_answer_for_an_agent_that_restarts_is_not_the_end(serve: Look, look: Look) -> None:
    page_at = serve()
    page = following(page_at, look)
    page.route("**/events", lambda route: route.fulfill(status=502, body="502: Bad Gateway"))
    page_at.stop()
    page_at.start()
    page.wait_for_selector("#lost:not([hidden])", timeout=20_000)
    page.unroute("**/events")
    page.wait_for_selector("#lost", state="hidden", timeout=20_000)
    page.click("#pause")
    page.wait_for_selector("#answer:has-text('Done.')")


def test_tabs_that_nobody_looks_at_leave_room_for_another(serve: Look, look: Look) -> None:
    page_at = serve()
    first = look(f"{page_at.address}/now", DESKTOP)
    tabs = [first, *(first.context.new_page() for _ in range(TABS - 1))]
    for tab in tabs[1:]:
        tab.goto(f"{page_at.address}/now")
    for tab in tabs:
        seen(tab, hidden=True)
    another = first.context.new_page()
    another.goto(f"{page_at.address}/now", timeout=10_000)
    another.close()
    page_at.agent.target = "M 45"
    seen(first, hidden=False)
    first.wait_for_selector("h1:has-text('M 45')", timeout=10_000)
    assert first.locator("#lost").is_hidden()
    page_at.agent.target = "M 1"
    page_at.tell("status")
    first.wait_for_selector("h1:has-text('M 1')", timeout=10_000)


def test_who_comes_back_to_a_tab_may_press_at_once_and_is_told_when_nobody_answers(
    serve: Look, look: Look
) -> None:
    page_at = serve()
    page = following(page_at, look, clock=True)
    seen(page, hidden=True)
    page.clock.run_for(60_000)
    page.route("**/events", lambda _: None)  # neither an answer nor the end of one
    seen(page, hidden=False)
    page.clock.run_for(2_000)
    assert page.locator("#lost").is_hidden()
    page.clock.run_for(9_000)
    assert page.locator("#lost").is_visible()
    page.unroute("**/events")
    page.clock.run_for(10_000)
    page.wait_for_selector("#lost", state="hidden", timeout=10_000)


@pytest.mark.parametrize("site", ["127.0.0.1", "localhost"])
def test_a_foreign_page_in_the_same_browser_takes_no_place_of_the_agents_streams(
    serve: Look, look: Look, site: str
) -> None:
    page_at = serve()
    foreign = serve().address.replace("127.0.0.1", site)
    page = look(f"{foreign}/manifest.webmanifest", DESKTOP, bypass_csp=True)
    page.evaluate(
        "address => new Promise(done => Object.assign(new Image(), { onerror: done, src: address }))",
        f"{page_at.address}/events",
    )
    assert page_at.agent.listeners == []
    page.set_content(f'<a href="{page_at.address}/now">The telescope</a>')
    page.click("a")
    page.wait_for_selector("h1:has-text('M 42')")


def test_a_clock_that_is_set_neither_hides_a_lost_agent_nor_loses_one(serve: Look, look: Look) -> None:
    page_at = serve()
    page = following(page_at, look, clock=True)
    page.route("**/events", lambda _: None)  # what is open stays so
    page.clock.set_system_time(page.evaluate("Date.now() / 1000 + 3600"))
    page.clock.run_for(2_000)
    assert page.locator("#lost").is_hidden()
    page_at.stop()
    page.clock.set_system_time(page.evaluate("Date.now() / 1000 - 7200"))
    page.clock.run_for(11_000)
    assert page.locator("#lost").is_visible()


def test_a_goal_that_is_taken_out_and_put_back_keeps_what_was_collected(serve: Look, look: Look) -> None:
    class Keeper(FakeAgent):
        async def document(self, telescope: str, session_id: str) -> Mapping[str, Any]:
            return {"command": {"goal": {"do_action": True, "integration": "6 h"}, "id_command": {}}}

    page_at = serve(Keeper())
    page = look(f"{page_at.address}/tonight", DESKTOP)
    page.click("#s-rosette summary")
    page.click("#s-rosette [data-remove]")
    page.click("#toast button")

    page.wait_for_selector("#toast:has-text('Done.')")
    kind, _, payload, _ = page_at.agent.asked[-1]
    assert kind == "submit"
    assert json.loads(payload)["command"]["id_command"]["group"] == "rosette"
