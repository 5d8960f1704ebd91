"""The box around the telescope keeps its order whatever its roof does: jams, lies, is slow, falls silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.telescope.interface import ConnectionState
from tests.app.conftest import Observatory, session
from tests.app.test_verbs import imaging, tell
from tests.app.test_weather import WEATHER, report
from tests.safety.roof import SETTINGS, Roof
from tests.support.virtual_loop import run_virtual

Story = Callable[[Observatory, Roof], Awaitable[Any]]
LONG = {"do_action": True, "exposure": "15", "gain": 80, "count": 200}


def night(tmp_path: Path, story: Story, *, box: dict[str, Any] | None = None, **settings: Any) -> Observatory:
    """Play a night under a roof; whatever happens, the two rules of the box must hold."""
    place = Observatory(tmp_path, enclosure={**SETTINGS, **(box or {})}, **settings)
    roof = Roof(place.broker, place.clock)
    watched = watch(place, roof, may_hit=bool((box or {}).get("lid_first")))

    async def play() -> None:
        roof.begin()
        watching = asyncio.create_task(watched())
        try:
            async with place.open():
                await story(place, roof)
        finally:
            watching.cancel()

    run_virtual(play())
    assert roof.closed_over == []
    return place


def watch(place: Observatory, roof: Roof, *, may_hit: bool) -> Callable[[], Awaitable[None]]:
    """Watch what must never be: a goto under a roof, and a roof that closes over the telescope."""
    seen_gotos = 0
    orders = 0

    async def look() -> None:
        nonlocal seen_gotos, orders
        while True:
            calls = place.telescope.calls
            gotos = calls.count("goto")
            if gotos != seen_gotos and roof.position != 1.0 and not roof.says:
                roof.closed_over.append("a goto under the roof")
            seen_gotos = gotos
            if len(roof.orders) > orders:
                orders = len(roof.orders)
                if roof.orders[-1][1] == "CLOSE" and not may_hit and not parked(place):
                    roof.closed_over.append(str(calls[-5:]))
            await place.clock.sleep(0.5)

    return look


def parked(place: Observatory) -> bool:
    calls = [call for call in place.telescope.calls if call in ("goto", "park", "start_capture", "calibrate")]
    return calls[-1:] == ["park"]


def problem(place: Observatory) -> str:
    told = place.said("status")[-1]["problem"]
    return told["code"] if told else ""


def test_the_order_of_a_good_night_is_kept(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        await place.clock.sleep(60)
        assert roof.orders == [], "nothing is opened for nobody"
        place.drop("a.json", session())
        place.drop("b.json", session())
        await place.sessions_ended(2)
        await place.until(lambda: roof.position == 0.0, hours=1)
        assert [word for _, word in roof.orders] == ["OPEN", "CLOSE"], "once a night, not once a session"
        assert parked(place)

    place = night(tmp_path, story)
    assert [result["result"] for result in place.results] == ["completed", "completed"]
    lids = [body["lid"] for body in place.said("enclosure")]
    story_of_lid = [lid for i, lid in enumerate(lids) if i == 0 or lids[i - 1] != lid]
    assert story_of_lid[-5:] == ["closed", "between", "open", "between", "closed"]


def test_a_slow_roof_is_waited_for(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        roof.travel_s = 55
        place.drop("a.json", session())
        await place.sessions_ended(1)

    place = night(tmp_path, story)
    (result,) = place.results
    assert result["result"] == "completed"
    assert "enclosure" in [wait["reason"] for wait in result["waits"]]


def test_an_order_that_is_not_heard_is_given_again(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        roof.deaf = 1
        place.drop("a.json", session())
        await place.sessions_ended(1)
        roof.deaf = 4
        await place.until(lambda: roof.position == 0.0, hours=2)
        assert roof.told("CLOSE") == 5, "closing is never given up"

    place = night(tmp_path, story)
    assert place.results[0]["result"] == "completed"


def test_a_roof_that_jams_on_its_way_up_is_left_after_three_orders_and_told(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        roof.jams_at = 0.45
        place.drop("a.json", session())
        await place.until(lambda: problem(place) == "lid_stuck", hours=0.1)
        await place.clock.sleep(1800)
        assert roof.told("OPEN") == 3
        assert place.said("status")[-1]["state"] == "paused"
        assert place.said("status")[-1]["reason"] == "enclosure"
        assert place.telescope.gotos == []
        roof.jams_at = None
        roof.push(1.0)  # a person helps
        await place.sessions_ended(1)

    assert night(tmp_path, story).results[0]["result"] == "completed"


def test_a_roof_that_jams_in_the_rain_is_told_again_and_again_and_cried_about(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.drop("a.json", session(setup_camera=LONG))
        report(place, True, ttl=3600)
        await place.until(imaging(place))
        roof.jams_at = 0.55
        report(place, False, ttl=3600)
        await place.until(lambda: problem(place) == "lid_stuck", hours=0.1)
        await place.clock.sleep(900)
        assert roof.told("CLOSE") >= 10
        roof.jams_at = None
        await place.until(lambda: roof.position == 0.0, hours=0.1)
        await place.until(lambda: problem(place) == "", hours=0.1)

    night(tmp_path, story, weather=WEATHER)


def test_rain_parks_then_closes_and_a_clear_sky_opens_and_goes_on(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.drop("a.json", session())
        await place.clock.sleep(120)
        assert roof.orders == [], "nobody has told yet that the sky is safe"
        report(place, True, ttl=3600)
        await place.until(imaging(place))
        report(place, False, ttl=3600)
        await place.until(lambda: roof.position == 0.0, hours=0.1)
        assert parked(place)
        report(place, True, ttl=3600)
        await place.sessions_ended(1, hours=2)
        assert [word for _, word in roof.orders][:3] == ["OPEN", "CLOSE", "OPEN"]

    place = night(tmp_path, story, weather=WEATHER)
    assert place.results[0]["result"] == "completed"
    assert place.results[0]["frames"]["taken"] == 12


@pytest.mark.parametrize("lid_first", [False, True])
def test_a_telescope_that_does_not_park_keeps_the_roof_open_unless_the_owner_chose_the_lid(
    tmp_path: Path, lid_first: bool
) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.drop("a.json", session(setup_camera=LONG))
        report(place, True, ttl=3600)
        await place.until(imaging(place))
        place.telescope.cut()
        report(place, False, ttl=3600, level="alert")
        await place.clock.sleep(300)
        if lid_first:
            assert roof.position == 0.0
            return
        assert roof.told("CLOSE") == 0
        assert problem(place) in ("lid_waits", "not_safe")
        place.telescope.restore()
        await place.until(lambda: roof.position == 0.0, hours=0.2)
        assert parked(place)

    night(tmp_path, story, box={"lid_first": lid_first}, weather=WEATHER)


def test_an_order_that_is_answered_late_keeps_nothing_waiting(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        box = place.stations["scope"].enclosure
        roof.travel_s = 40

        async def slow(_part: str, on: bool) -> None:
            place.broker.publish("shed/roof/set", "OPEN" if on else "CLOSE")
            await place.clock.sleep(40)

        box.use(slow)
        report(place, True, ttl=3600)
        place.drop("a.json", session())
        await place.until(lambda: roof.position > 0.2, hours=0.1)
        report(place, False, ttl=3600)
        before = place.clock.monotonic()
        await place.until(lambda: roof.told("CLOSE") == 1, hours=0.1, every_s=0.1)
        assert place.clock.monotonic() - before < 10

    night(tmp_path, story, weather=WEATHER)


def test_a_roof_that_says_open_and_closed_at_once_is_believed_in_neither(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        roof.says = {"open": "1"}
        roof.show()
        place.drop("a.json", session())
        await place.until(lambda: problem(place) == "lid_contradicts", hours=0.2)
        await place.clock.sleep(600)
        assert place.telescope.gotos == []
        assert roof.position == 0.0

    night(tmp_path, story)


def test_a_roof_that_says_open_as_soon_as_it_moves_is_believed_when_it_can_be(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.drop("a.json", session())
        await place.until(lambda: roof.position > 0, hours=0.1, every_s=0.1)
        roof.says = {"open": "1"}
        roof.show()
        await place.until(lambda: bool(place.telescope.gotos), hours=0.1, every_s=0.1)
        assert roof.position == 1.0
        roof.says = {}
        await place.sessions_ended(1)

    night(tmp_path, story, box={"lid_least_s": 20})


def test_a_roof_that_closes_by_itself_stops_what_runs_at_once_and_is_not_opened_against_anybody(
    tmp_path: Path,
) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.drop("a.json", session(setup_camera=LONG))
        await place.until(imaging(place))
        opened = roof.told("OPEN")
        roof.push(0.0)
        await place.clock.sleep(8)
        assert not place.telescope.captures[-1].running
        await place.clock.sleep(1200)
        assert roof.told("OPEN") == opened
        assert problem(place) == "lid_disagrees"
        assert place.said("status")[-1]["reason"] == "enclosure"
        roof.push(1.0)
        await place.until(lambda: place.telescope.captures[-1].running, hours=0.2)

    night(tmp_path, story)


def test_a_switch_that_flickers_stops_nothing(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.drop("a.json", session())
        await place.until(imaging(place))
        for _ in range(5):
            roof.says = {"open": "0"}
            roof.show()
            await place.clock.sleep(2)
            roof.says = {}
            roof.show()
            await place.clock.sleep(10)
        assert len(place.telescope.captures) == 1

    night(tmp_path, story)


def test_what_falls_silent_is_not_open_and_nothing_moves_until_it_speaks(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.drop("a.json", session(setup_camera=LONG))
        await place.until(imaging(place))
        roof.says = {"open": "unavailable"}
        roof.show()
        await place.clock.sleep(10)
        assert not place.telescope.captures[-1].running
        assert problem(place) == "lid_unknown"
        roof.says = {}
        roof.show()
        await place.until(lambda: place.telescope.captures[-1].running, hours=0.2)

    night(tmp_path, story)


def test_a_roof_that_a_person_opens_by_day_is_his_until_it_rains(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        report(place, True, ttl=3600)
        await place.clock.sleep(60)
        roof.push(1.0)
        await place.clock.sleep(600)
        assert roof.orders == []
        assert problem(place) == "lid_disagrees"
        report(place, False, ttl=3600)
        await place.until(lambda: roof.position == 0.0, hours=0.2)

    night(tmp_path, story, weather=WEATHER)


def test_an_agent_that_is_stopped_parks_and_closes_and_one_that_comes_back_goes_on(tmp_path: Path) -> None:
    place = Observatory(tmp_path, enclosure=SETTINGS)
    roof = Roof(place.broker, place.clock)
    roof.travel_s = 10

    async def play() -> None:
        roof.begin()
        place.drop("a.json", session())
        async with place.open():
            await place.until(imaging(place))
        assert roof.told("CLOSE") == 1
        assert parked(place)
        await place.clock.sleep(30)
        place.telescope.online = True
        async with place.open():
            await place.sessions_ended(1)

    run_virtual(play())
    assert place.results[0]["frames"]["taken"] == 12


def test_a_lid_that_was_left_open_is_closed_by_the_next_life(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        await place.until(lambda: roof.position == 0.0, hours=0.2)
        assert parked(place)

    place = Observatory(tmp_path, enclosure=SETTINGS)
    roof = Roof(place.broker, place.clock, position=1.0)

    async def play() -> None:
        roof.begin()
        async with place.open():
            await story(place, roof)

    run_virtual(play())


def test_a_person_holds_it_open_or_closed(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.say("scope/set/enclosure", "open")
        await place.until(lambda: bool(place.said("command/response")))
        assert "armed" in place.said("command/response")[-1]["message"]
        place.say("scope/set/armed", "on")
        place.say("scope/set/enclosure", "open")
        await place.until(lambda: roof.position == 1.0, hours=0.1)
        place.say("scope/set/enclosure", "closed")
        place.drop("a.json", session())
        await place.until(lambda: roof.position == 0.0, hours=0.1)
        await place.clock.sleep(600)
        assert place.telescope.gotos == []
        place.say("scope/set/enclosure", "auto")
        await place.sessions_ended(1)

    night(tmp_path, story)


def test_a_goto_by_hand_is_refused_under_a_closed_roof(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.say("scope/set/armed", "on")
        await place.clock.sleep(30)
        answer = await tell(place, "goto", target="M 42")
        assert answer["code"] == "not_allowed"
        assert "lid is closed" in answer["message"]

    assert night(tmp_path, story).telescope.gotos == []


POWER = {"power": "shed/plug/set ON OFF", "power_on": "shed/plug is ON"}


def test_power_comes_first_and_goes_last(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        said: list[str] = []

        async def plug() -> None:
            place.broker.publish("shed/plug", "OFF", retain=True)
            seen = 0
            while True:
                orders = place.broker.all("shed/plug/set")
                if len(orders) > seen:
                    seen = len(orders)
                    word = orders[-1].payload.decode()
                    said.append(f"{word} lid {roof.position}")
                    await place.clock.sleep(2)
                    place.broker.publish("shed/plug", word, retain=True)
                    if word == "ON":
                        await place.clock.sleep(60)
                        place.telescope.restore()
                    else:
                        place.telescope.cut()
                await place.clock.sleep(1)

        plugging = asyncio.create_task(plug())
        place.telescope.cut()
        await place.clock.sleep(60)
        assert said == []
        place.drop("a.json", session())
        await place.sessions_ended(1)
        await place.until(lambda: len(said) == 2, hours=2)
        plugging.cancel()
        assert said == ["ON lid 0.0", "OFF lid 0.0"]
        opened = next(at for at, word in roof.orders if word == "OPEN")
        assert opened > 60, "the telescope was there before the lid moved"

    place = night(tmp_path, story, box=POWER)
    assert place.results[0]["result"] == "completed"
    assert place.telescope.connection is not ConnectionState.CONNECTED


def test_mains_that_stay_away_end_the_night_and_a_flicker_does_not(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.broker.publish("shed/mains", "1", retain=True)
        place.drop("a.json", session(setup_camera=LONG))
        place.drop("b.json", session())
        await place.until(imaging(place))
        place.broker.publish("shed/mains", "0", retain=True)
        await place.until(lambda: problem(place) == "no_mains", hours=0.1)
        await place.clock.sleep(60)
        place.broker.publish("shed/mains", "1", retain=True)
        await place.clock.sleep(600)
        assert place.results == []
        place.broker.publish("shed/mains", "0", retain=True)
        await place.sessions_ended(1, hours=0.2)
        await place.until(lambda: roof.position == 0.0, hours=0.2)
        await place.clock.sleep(3600)
        assert len(place.results) == 1, "nothing more begins"

    place = night(tmp_path, story, box={"mains": "shed/mains is 1", "mains_min": 5})
    assert place.results[0]["reason"] == "mains"


def test_mains_that_nothing_tells_of_end_the_night_and_are_not_called_lost(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.broker.publish("shed/ups", '{"line": true}', retain=True)
        place.drop("a.json", session(setup_camera=LONG))
        await place.until(imaging(place))
        place.broker.publish("shed/ups", '{"line": null}', retain=True)
        await place.sessions_ended(1, hours=0.2)

    place = night(tmp_path, story, box={"mains": "shed/ups:line is true", "mains_min": 5})
    assert place.results[0]["reason"] == "mains"
    assert "Nothing tells whether there is mains power" in place.results[0]["message"]


def test_the_heater_follows_the_dew_while_something_is_imaged(tmp_path: Path) -> None:
    heat = {"heater": "shed/heater/set ON OFF", "heater_when": "shed/spread below 3"}

    async def story(place: Observatory, roof: Roof) -> None:
        place.broker.publish("shed/spread", "1.5", retain=True)
        await place.clock.sleep(120)
        words = lambda: [one.payload.decode() for one in place.broker.all("shed/heater/set")]  # noqa: E731
        assert words() == []
        place.drop("a.json", session())
        await place.until(imaging(place))
        assert words() == ["ON"]
        place.broker.publish("shed/spread", "8", retain=True)
        await place.clock.sleep(2)
        assert words() == ["ON", "OFF"]
        place.broker.publish("shed/spread", "2", retain=True)
        await place.sessions_ended(1)
        await place.clock.sleep(60)
        assert words() == ["ON", "OFF", "ON", "OFF"]

    night(tmp_path, story, box=heat)
