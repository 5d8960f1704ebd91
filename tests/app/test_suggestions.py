"""Tonight's best on MQTT: retained, bounded, and made again when what they stand on changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jsonschema

from agent.mqtt.schemas import schemas
from agent.sky.catalogue import lookup
from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
DARK = {"sun_below": None, "min_altitude": 20}


def lists(place: Observatory) -> list[dict[str, Any]]:
    return place.said("suggestions")


def test_the_list_is_retained_bounded_and_as_its_schema_says(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(suggestions=True, conditions=DARK)
        async with place.open():
            await place.until(lambda: bool(lists(place)), hours=0.1)
            (found,) = lists(place)
            jsonschema.validate(found, schemas()["suggestions"])
            assert found["night"] == "2026-03-12"
            assert found["count"] == len(found["suggestions"]) == 10
            assert found["best"].startswith(found["suggestions"][0]["target"])
            assert found["message"] == ""
            kept = place.broker.retained["dwarf/scope/suggestions"]
            assert json.loads(kept.payload) == found
            assert len(kept.payload) < 16_384
            assert not lookup.objects.cache_info().currsize  # megabytes, asked for once an hour

    run_virtual(night())


def test_it_is_made_again_when_something_has_set_and_for_the_next_night_at_dawn(observatory: Make) -> None:
    async def day() -> None:
        place = observatory(suggestions=True, conditions=DARK)
        async with place.open():
            await place.clock.sleep(17.5 * 3600)  # until 11:30 UTC; solar noon is at 11:50
            *tonight, tomorrow = lists(place)
            assert {found["night"] for found in tonight} == {"2026-03-12"}
            assert tomorrow["night"] == "2026-03-13"  # from dawn on
            assert 2 <= len(tonight) <= 8  # for what has set
            for found in tonight:
                assert all(one["end"] > found["made_at"] for one in found["suggestions"])
                assert len(found["suggestions"]) == 10
            before = len(lists(place))
            await place.clock.sleep(7 * 3600)  # the afternoon
            assert len(lists(place)) == before

    run_virtual(day())


def test_what_people_switch_makes_it_anew_only_where_it_matters(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(suggestions=True, conditions=DARK)
        async with place.open():
            await place.until(lambda: bool(lists(place)))
            place.say("scope/set/scheduler", "off")
            await place.clock.sleep(60)
            assert len(lists(place)) == 1

    run_virtual(night())


def test_a_session_that_waits_for_a_suggestion_marks_it(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(suggestions=True, conditions=DARK)
        async with place.open():
            await place.until(lambda: bool(lists(place)))
            target = lists(place)[0]["suggestions"][0]["target"]
            goto = {"do_action": True, "target": target}
            star = {"do_action": True, "target": "Polaris"}
            later = {"date": "2026-03-20", "time": "23:00:00"}
            place.drop("other.json", session(goto_manual=star, id_command=later))
            await place.clock.sleep(60)
            assert len(lists(place)) == 1  # what is not among them changes nothing
            place.drop("best.json", session(goto_manual=goto, id_command=later))
            await place.until(lambda: len(lists(place)) == 2, hours=0.1)
            assert [one["waits"] for one in lists(place)[1]["suggestions"]] == [True, *[False] * 9]

    run_virtual(night())


def test_what_a_session_collected_counts_when_it_ended(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(suggestions=True, conditions=DARK)
        camera = {"do_action": True, "exposure": "15", "gain": 80, "count": 60}
        async with place.open():
            await place.until(lambda: bool(lists(place)), hours=0.1)
            was = lists(place)[0]["suggestions"][0]
            goto = {"do_action": True, "target": was["target"]}
            place.drop("best.json", session(goto_manual=goto, setup_camera=camera))
            await place.sessions_ended(1)
            await place.clock.sleep(60)
            (there,) = [one for one in lists(place)[-1]["suggestions"] if one["target"] == was["target"]]
            assert there["collected_s"] == place.results[0]["integration_s"] > 0
            assert there["score"] < was["score"]
            assert not there["waits"]

    run_virtual(night())


def test_without_a_site_or_in_a_bright_night_it_says_why(observatory: Make) -> None:
    async def nowhere() -> None:
        place = observatory(suggestions=True, site={"timezone": "Europe/Paris"})
        async with place.open():
            await place.until(lambda: bool(lists(place)), hours=0.1)
            (found,) = lists(place)
            jsonschema.validate(found, schemas()["suggestions"])
            assert (found["count"], found["best"], found["night"]) == (0, None, None)
            assert "Set latitude and longitude" in found["message"]

    async def summer() -> None:
        place = observatory(
            suggestions=True,
            start=datetime(2026, 6, 21, 18, 0, tzinfo=UTC),
            site={"latitude": 69.65, "longitude": 18.96, "timezone": "Europe/Oslo"},
            conditions=DARK,
        )
        async with place.open():
            await place.until(lambda: bool(lists(place)), hours=0.1)
            assert lists(place)[0]["message"].startswith("It does not get dark enough")

    run_virtual(nowhere())
    run_virtual(summer())


def test_uptonights_attributes_merge_in(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(suggestions=True, conditions=DARK, uptonight_topic="uptonight/+/attributes")
        async with place.open():
            await place.until(lambda: bool(lists(place)), hours=0.1)
            eighth = lists(place)[0]["suggestions"][7]
            objects = [{"id": "", "target name": f"Somebody's Nebula ({eighth['target']})", "size": 9}]
            topic = "uptonight/backyard_objects_garyimm/attributes"
            place.broker.publish(topic, json.dumps({"darkness": "nautical", "objects": objects}))
            place.broker.publish("uptonight/backyard_comets/attributes", "not JSON")
            await place.until(lambda: len(lists(place)) == 2, hours=0.1)
            (advised,) = [one for one in lists(place)[1]["suggestions"] if one["advised"]]
            assert (advised["target"], advised["score"]) == (eighth["target"], eighth["score"])
            assert lists(place)[1]["suggestions"].index(advised) < 7
            assert place.said("status")[-1]["problem"] is None

    run_virtual(night())


def test_suggestions_queued_at_the_same_moment_are_not_doubled(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(suggestions=True, conditions=DARK)
        async with place.open():
            await place.until(lambda: bool(lists(place)), hours=0.1)
            for request_id in ("a", "b"):
                place.say("scope/command", {"command": "queue", "request_id": request_id, "number": 1})
            await place.clock.sleep(60)
            assert len(place.said("queue")[-1]["sessions"]) == 1
            codes = [one["code"] for one in place.said("command/response")]
            assert sorted(codes) == ["done", "not_allowed"]

    run_virtual(night())


def test_a_suggestion_is_queued_with_one_word_and_only_once(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(suggestions=True, conditions=DARK)
        async with place.open():

            async def told(body: Any) -> dict[str, Any]:
                before = len(place.said("command/response"))
                place.say("scope/command", body)
                await place.until(lambda: len(place.said("command/response")) > before, hours=0.1)
                answer: dict[str, Any] = place.said("command/response")[-1]
                return answer

            def targets() -> list[str]:
                return [one["target"] for one in place.said("queue")[-1]["sessions"]]

            assert (await told("queue"))["code"] == "not_allowed"  # nothing is suggested yet
            await place.until(lambda: bool(lists(place)), hours=0.1)
            first, second, third, *_ = (one["target"] for one in lists(place)[0]["suggestions"])
            assert (await told("queue"))["status"] == "done"
            assert targets() == [first]
            again = await told({"command": "queue", "number": 1})  # before the list is made anew
            assert again["code"] == "not_allowed"
            assert "waits in the queue already" in again["message"]
            assert (await told({"command": "queue", "number": 3}))["status"] == "done"
            assert (await told({"command": "queue", "target": second.lower()}))["status"] == "done"
            assert sorted(targets()) == sorted([first, second, third])
            for wrong in ({"number": 11}, {"number": "1"}, {"number": True}, {"target": "Vega"}):
                assert (await told({"command": "queue", **wrong}))["code"] == "invalid"
            await place.until(
                lambda: [one["waits"] for one in lists(place)[-1]["suggestions"][:3]] == [True] * 3
            )

    run_virtual(night())
