"""The page of a whole agent: what it says and does is what MQTT says and does."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import aiohttp
import pytest
from pydantic import SecretStr

from agent.app import page_night
from agent.app.building import Drivers
from agent.app.run import run_agent
from agent.importing.model import MAX_BYTES
from agent.mqtt.vocabulary import State
from tests.app.conftest import DUSK, NEVER_SETS, Observatory, session
from tests.support.scheduler_time import scheduler_reads
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
PAGE = {"page": {"port": 0}}
LONG = {"do_action": True, "exposure": "15", "gain": 80, "count": 400}


class Browser:
    """Asks a page."""

    def __init__(self, address: str, http: aiohttp.ClientSession) -> None:
        self.address = address
        self.http = http

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = body if isinstance(body, str | None) else json.dumps(body)
        headers = {"Content-Type": "application/json"} if data is not None else {}
        async with self.http.request(method, self.address + path, data=data, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def get(self, path: str) -> Any:
        status, body = await self.ask("GET", path)
        assert status == 200, (path, status, body)
        return body

    async def command(self, body: Any) -> Any:
        return (await self.ask("POST", "/api/telescopes/scope/command", body))[1]


@contextlib.asynccontextmanager
async def page_of(place: Observatory) -> AsyncIterator[Browser]:
    async with place.open():
        await place.until(lambda: bool(place.pages))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
            yield Browser(place.pages[-1], http)


def test_a_night_that_was_ended_goes_on_from_the_page(observatory: Make) -> None:
    async def story() -> Observatory:
        place = observatory(**PAGE)
        place.drop("a.json", session(id_command={"max_retries": 2, "time": "20:30"}))
        async with page_of(place) as browser:
            assert 'id="resume"' not in await browser.get("/now")
            await browser.command({"command": "end_night"})
            assert 'id="resume"' in await browser.get("/now")
            assert (await browser.command({"command": "resume"}))["message"] == "The night goes on."
            assert 'id="resume"' not in await browser.get("/now")
            await place.sessions_ended(1, hours=3)
        return place

    assert run_virtual(story()).results[0]["result"] == "completed"


COMMANDS = (
    {"command": "pause"},
    {"command": "skip", "request_id": "r1"},
    {"command": "run", "session_id": "nobody"},
    {"command": "goto", "target": "M 42"},
    {"command": "reschedule", "session_id": "b", "at": "never"},
    {"command": "fly"},
    {"command": 7},
    {},
    {"command": "abort", "expires_at": "2000-01-01T00:00:00+00:00"},
    "[1, 2",
    '"pause',
    "{}" * 3,
)


def test_every_command_is_answered_as_over_mqtt(observatory: Make) -> None:
    async def both() -> None:
        place = observatory(**PAGE)
        async with page_of(place) as browser:
            for body in COMMANDS:
                before = len(place.said("command/response"))
                place.say("scope/command", body)
                await place.until(lambda n=before: len(place.said("command/response")) > n, hours=0.1)
                await place.clock.sleep(2)
                over_mqtt = place.said("command/response")[-1]
                over_http = await browser.command(body)
                assert over_http == over_mqtt, body
                assert await browser.get("/api/telescopes/scope/state/response") == over_mqtt

    run_virtual(both())


SETTINGS = (
    ("scheduler", False),
    ("armed", True),
    ("max_wait_min", 30),
    ("max_wait_min", -1),
    ("colour", "red"),
)


def test_every_setting_is_answered_as_over_mqtt(observatory: Make) -> None:
    async def both() -> None:
        place = observatory(**PAGE)
        async with page_of(place) as browser:
            for key, value in SETTINGS:
                before = len(place.said("command/response"))
                place.say(f"scope/set/{key}", {"value": value})
                await place.until(lambda n=before: len(place.said("command/response")) > n, hours=0.1)
                _, over_http = await browser.ask(
                    "PUT", f"/api/telescopes/scope/settings/{key}", {"value": value}
                )
                assert over_http == place.said("command/response")[-1], key

    run_virtual(both())


def test_a_session_from_the_page_runs_and_everything_said_of_it_is_the_same(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(**PAGE)
        async with page_of(place) as browser:
            later = session(goto_manual=NEVER_SETS, id_command={"date": "2026-03-12", "time": "21:00"})
            document = {**later, "session_id": "mine", "request_id": "r1"}
            status, answer = await browser.ask("POST", "/api/telescopes/scope/sessions", document)
            assert (status, answer["status"], answer["code"]) == (202, "accepted", "queued")
            again = (await browser.ask("POST", "/api/telescopes/scope/sessions", document))[1]
            assert again["duplicate"] is True
            place.say("scope/session/submit", document)
            await place.until(lambda: bool(place.said("session/response")), hours=0.1)
            assert place.said("session/response")[-1] == again
            await place.sessions_ended(1)
            await place.clock.sleep(60)
            states = await browser.get("/api/telescopes/scope")
            for name in State:
                said = place.broker.last(f"dwarf/scope/{name.value}")
                assert states.get(name.value) == (json.loads(said) if said else None), name
            assert states["result"]["result"] == "completed"
            assert states["availability"] == {"state": "online"}
            nights = await browser.get("/api/telescopes/scope/nights")
            assert nights["nights"][0]["sessions"][0]["session_id"] == "mine"
            assert nights["nights"][0]["sessions"][0]["frames"]["taken"] == 12

    run_virtual(night())


def test_what_is_new_reaches_an_open_page_within_a_second(observatory: Make) -> None:
    async def night() -> float:
        place = observatory(**PAGE)
        async with page_of(place) as browser, browser.http.get(browser.address + "/events") as news:
            while (await news.content.readline()).strip() != b"event: hello":
                pass
            place.drop("a.json", session(goto_manual=NEVER_SETS, setup_camera=LONG))
            await place.until(lambda: place.said("status")[-1]["state"] == "imaging")
            await place.clock.sleep(30)  # what was not seen to begin would be waited for
            asked_at = place.clock.monotonic()
            await browser.command({"command": "pause"})
            while True:
                line = (await news.content.readline()).decode()
                if line.startswith("data:") and '"paused"' in line and '"name": "status"' in line:
                    return place.clock.monotonic() - asked_at

    assert run_virtual(night()) < 15  # the telescope's own time to stop; the news itself takes none


def test_stop_is_answered_at_once_and_again_when_the_telescope_obeyed(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(**PAGE)
        async with page_of(place) as browser:
            place.drop("a.json", session(goto_manual=NEVER_SETS, setup_camera=LONG))
            await place.until(lambda: place.said("status")[-1]["state"] == "imaging")
            first = await browser.command({"command": "stop", "request_id": "s"})
            assert (first["status"], first["code"]) == ("accepted", "accepted")
            await place.sessions_ended(1)
            await place.clock.sleep(5)
            last = await browser.get("/api/telescopes/scope/state/response")
            assert (last["status"], last["request_id"]) == ("done", "s")
            assert "Session a ended." in await browser.get("/now")

    run_virtual(night())


def test_every_nudge_that_the_page_offers_turns_the_telescope(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(start=DUSK + timedelta(hours=2), **PAGE)
        async with page_of(place) as browser:
            asked = re.findall(r"data-command=\"nudge\" data-args='([^']+)'", await browser.get("/now"))
            assert len(asked) == 4
            await browser.ask("PUT", "/api/telescopes/scope/settings/armed", {"value": True})
            for more in asked:
                await browser.command({"command": "nudge", **json.loads(more)})
                await place.clock.sleep(5)
            turns = [call for call in place.telescope.calls if call.startswith("nudge")]
            assert sorted(turns) == ["nudge 0", "nudge 180", "nudge 270", "nudge 90"]

    run_virtual(night())


def test_the_page_steps_the_focus(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(start=DUSK + timedelta(hours=2), **PAGE)
        async with page_of(place) as browser:
            asked = re.findall(r"data-command=\"focus_step\" data-args='([^']+)'", await browser.get("/now"))
            await browser.ask("PUT", "/api/telescopes/scope/settings/armed", {"value": True})
            for more in asked:
                await browser.command({"command": "focus_step", **json.loads(more)})
                await place.clock.sleep(8)
            steps = [call for call in place.telescope.calls if call.startswith("focus_step")]
            assert steps == ["focus_step near 5", "focus_step near 1", "focus_step far 1", "focus_step far 5"]

    run_virtual(night())


def test_other_nights_are_as_they_went_or_as_they_are_planned(observatory: Make) -> None:
    async def nights() -> None:
        place = observatory(start=DUSK, **PAGE)
        short = {**LONG, "count": 10}
        async with page_of(place) as browser:
            place.drop("done.json", session(goto_manual=NEVER_SETS, setup_camera=short))
            await place.sessions_ended(1)
            when = {"date": "2026-03-13", "time": "22:00"}
            place.drop("next.json", session(goto_manual=NEVER_SETS, setup_camera=short, id_command=when))
            await place.clock.sleep(60)
            tonight = await browser.get("/tonight")
            assert 'href="/tonight?night=2026-03-11"' in tonight
            later = await browser.get("/tonight?night=2026-03-13")
            assert 'id="s-next"' in later
            assert 'id="s-done"' not in later
            assert "data-command" not in later.split("<main")[1]
            assert 'id="s-next"' not in await browser.get("/tonight?night=2026-03-14")
            await place.clock.sleep(86400)
            past = await browser.get("/tonight?night=2026-03-12")
            assert 'id="s-done"' in past
            assert 'href="/nights/2026-03-12/report"' in past
            assert "data-remove" not in past
            assert (await browser.ask("GET", "/tonight?night=1999-01-01"))[0] == 409
            assert (await browser.ask("GET", "/tonight?night=tomorrow"))[0] == 404

    run_virtual(nights())


def test_what_runs_has_one_block_although_its_plan_begins_a_moment_later(
    observatory: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def night() -> None:
        place = observatory(**PAGE)
        planned = page_night.station_night

        async def late(*asked: Any) -> Any:
            await place.clock.sleep(2)
            return await planned(*asked)

        monkeypatch.setattr(page_night, "station_night", late)
        async with page_of(place) as browser:
            place.drop("a.json", session(goto_manual=NEVER_SETS, setup_camera=LONG))
            await place.until(lambda: place.said("status")[-1]["state"] == "imaging")
            await place.clock.sleep(30)
            row = (await browser.get("/tonight")).split('id="s-a"')[1].split("</summary>")[0]
            assert "Imaging." in row
            assert re.search(r">[0-9:]{5} – [0-9:]{5}<", row), row

    run_virtual(night())


def test_the_form_makes_one_session_file_and_an_edit_replaces_it(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(**PAGE)
        form = {
            "target": "M 81",
            "exposure": "15",
            "gain": "80",
            "filter": "Astro",
            "much": "frames",
            "count": "60",
            "when": "at",
            "time": "22:00",
            "calibration": "on",
            "weather": "",
            "min_altitude": "30",
        }
        async with page_of(place) as browser:
            planned = await browser.ask("POST", "/new/plan", form)
            assert planned[0] == 200
            assert "22:00 – " in planned[1]
            assert place.files("ToDo") == []
            status, answer = await browser.ask("POST", "/new/save", form)
            assert (status, answer["ok"]) == (200, True)
            (name,) = place.files("ToDo")
            made = json.loads((place.folder("ToDo") / name).read_text())["command"]
            assert made["goto_manual"]["target"] == "M 81"
            assert made["setup_camera"]["count"] == 60
            assert made["conditions"] == {"do_action": True, "min_altitude": 30}
            old = answer["session_id"]
            shown = await browser.get(f"/new?edit={old}")
            assert 'value="M 81"' in shown
            assert 'value="22:00"' in shown
            edited = {**form, "count": "90", "edit": old}
            status, answer = await browser.ask("POST", "/new/save", edited)
            assert answer["ok"] is True
            await place.until(lambda: len(place.files("ToDo")) == 1)
            (name,) = place.files("ToDo")
            assert (
                json.loads((place.folder("ToDo") / name).read_text())["command"]["setup_camera"]["count"]
                == 90
            )
            tonight = await browser.get("/tonight")
            assert "90 × 15 s" in tonight
            assert "60 × 15 s" not in tonight
            status, answer = await browser.ask("POST", "/new/save", {**edited, "count": "30"})
            assert (status, answer["ok"]) == (409, False), "another tab still has the old one open"
            assert "does not wait any more" in answer["message"]
            assert place.files("ToDo") == [name]

    run_virtual(evening())


def test_a_session_of_both_cameras_is_planned_and_saved(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(**PAGE)
        form = {
            "target": "M 81",
            "camera": "both",
            "exposure": "15",
            "gain": "80",
            "count": "60",
            "much": "frames",
            "wide_exposure": "15",
            "wide_gain": "80",
            "wide_count": "20",
        }
        async with page_of(place) as browser:
            assert "+ wide 20 × 15 s" in (await browser.ask("POST", "/new/plan", form))[1]
            wrong = await browser.ask("POST", "/new/plan", {**form, "wide_exposure": "120"})
            assert "no exposure of" in wrong[1]
            saved = (await browser.ask("POST", "/new/save", form))[1]
            assert saved["ok"] is True, saved
            (name,) = place.files("ToDo")
            made = json.loads((place.folder("ToDo") / name).read_text())["command"]
            wide = {"do_action": True, "exposure": "15", "gain": 80, "count": 20}
            assert made["setup_wide_camera"] == wide
            assert made["setup_camera"]["count"] == 60

    run_virtual(evening())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"target": "Nowhere"}, "no target"),
        ({"exposure": "14"}, "no exposure of"),
        ({"gain": "61"}, "no gain 61"),
        ({"count": "many"}, "count"),
        ({"count": "60", "time": "25:00", "when": "at"}, "25:00"),
        ({"min_altitude": "high"}, "high"),
        ({"target": "Sun"}, "Sun"),
    ],
)
def test_what_is_wrong_in_the_form_is_said_in_its_place_and_nothing_is_saved(
    observatory: Make, wrong: dict[str, str], told: str
) -> None:
    async def evening() -> None:
        place = observatory(**PAGE)
        form = {"target": "M 81", "exposure": "15", "gain": "80", "count": "60", "much": "frames"}
        async with page_of(place) as browser:
            shown = await browser.ask("POST", "/new/plan", {**form, **wrong})
            assert told in shown[1]
            status, answer = await browser.ask("POST", "/new/save", {**form, **wrong})
            assert (status, answer["ok"]) == (400, False)
            assert place.files("ToDo") == []

    run_virtual(evening())


def test_a_change_is_shown_before_it_is_kept(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(**PAGE)
        who = {"max_retries": 2, "date": "2026-03-12", "time": "22:00"}
        place.drop("a.json", session(goto_manual=NEVER_SETS, id_command=who))
        async with page_of(place) as browser:
            start = "2026-03-12T23:30:00+01:00"
            status, shown = await browser.ask("POST", "/tonight/change", {"move": "a", "minutes": 90})
            assert status == 200
            assert "M 81 runs 23:30" in shown
            assert "22:00 – " in await browser.get("/tonight")
            assert start[:16] in shown, "what Keep sends"
            for body in ("[]", "nothing", {"move": "a", "minutes": "x"}, {"move": "b", "minutes": 5}):
                status, _ = await browser.ask("POST", "/tonight/change", body)
                assert status in (400, 409), body
            answer = await browser.command({"command": "reschedule", "session_id": "a", "at": start})
            assert answer["status"] == "done"
            assert "23:30 – " in await browser.get("/tonight")

    run_virtual(evening())


def test_another_order_is_shown_and_kept_as_priorities(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(**PAGE)
        who, long = {"date": "2026-03-12", "time": "22:00"}, {**LONG, "count": 900}
        for name in ("a", "b"):
            place.drop(f"{name}.json", session(goto_manual=NEVER_SETS, id_command=who, setup_camera=long))
        async with page_of(place) as browser:
            before = await browser.get("/tonight")
            first, last = re.findall(r'id="s-([ab])"', before)
            status, shown = await browser.ask("POST", "/tonight/change", {"order": last, "before": first})
            assert status == 200
            assert "M 81 runs 22:00" in shown
            assert "M 81 moves to" in shown or "M 81 would not run tonight" in shown
            form = {"target": "M 81", "exposure": "15", "count": "900", "when": "at", "time": "22:00"}
            _, harmless = await browser.ask("POST", "/new/plan", form)
            _, rude = await browser.ask("POST", "/new/plan", {**form, "priority": "9"})
            assert ["Nothing else moves" in one for one in (harmless, rude)] == [True, False]
            assert "M 81 moves to" in rude
            assert re.findall(r'id="s-([ab])"', await browser.get("/tonight")) == [first, last]
            kept = json.loads(re.findall("data-commands='([^']+)'", shown)[0])
            assert kept == [{"command": "prioritize", "session_id": last, "priority": 1}]
            for command in kept:
                assert (await browser.command(command))["status"] == "done"
            await place.clock.sleep(60)
            assert re.findall(r'id="s-([ab])"', await browser.get("/tonight")) == [last, first]

    run_virtual(evening())


CSV = "Catalogue Entry,Familiar Name,Right Ascension,Declination\nM 81,Bode's,09h55m33s,+69d03m55s\n"
DROPPED = {
    "a.json": (json.dumps(session()), "", 1, None),
    "list.csv": (CSV * 1 + "M 82,Cigar,09h55m52s,+69d40m47s\n", "Telescopius", 2, None),
    "broken.json": ("{", "", 0, "JSON"),
    "nothing.txt": ("hello", "", 0, ""),
    "wrong.json": (
        json.dumps({"command": {"id_command": {}, "setup_camera": {"do_action": True, "count": 0}}}),
        "",
        0,
        "count",
    ),
}


@pytest.mark.parametrize("name", DROPPED)
def test_a_file_that_is_dropped_is_read_as_in_the_folder(observatory: Make, name: str) -> None:
    text, what, made, told = DROPPED[name]

    async def evening() -> None:
        place = observatory(**PAGE)
        async with page_of(place) as browser:
            status, answer = await browser.ask("POST", "/new/import", {"name": name, "text": text})
            assert status == 200
            assert what in answer
            usable = re.findall(r'data-save="([^"]+)"', answer)
            assert len(usable) == made
            if told is not None:
                assert told in answer
                assert "muted" in answer, "what is wrong"
            assert place.files("ToDo") == []
            for one in usable:
                document = json.loads(html.unescape(one))
                status, said = await browser.ask("POST", "/api/telescopes/scope/sessions", document)
                assert said["status"] == "accepted", said

    run_virtual(evening())


def test_a_list_as_large_as_the_folder_takes_is_read_and_one_that_is_larger_is_told(
    observatory: Make,
) -> None:
    async def evening() -> None:
        place = observatory(**PAGE)
        async with page_of(place) as browser:
            for size, told in ((MAX_BYTES, "M 81"), (MAX_BYTES + 1, f"{MAX_BYTES} are the most")):
                text = CSV.ljust(size, "\n")
                status, answer = await browser.ask("POST", "/new/import", {"name": "a.csv", "text": text})
                assert status == 200, answer
                assert told in answer

    run_virtual(evening())


def test_without_a_broker_the_page_knows_and_does_the_same(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(**PAGE)
        place.drop("a.json", session(goto_manual=NEVER_SETS))
        stop, pages = asyncio.Event(), asyncio.Queue[str]()
        with scheduler_reads(place.clock):
            agent = asyncio.create_task(
                run_agent(
                    place.settings,
                    clock=place.clock,
                    stop=stop,
                    drivers=Drivers(native=lambda _: place.telescope),
                    page_told=pages.put_nowait,
                )
            )
            async with aiohttp.ClientSession() as http:
                browser = Browser(await pages.get(), http)
                while not (await browser.get("/api/telescopes/scope")).get("result"):
                    await place.clock.sleep(20)
                states = await browser.get("/api/telescopes/scope")
                assert states["result"]["result"] == "completed"
                assert (await browser.command({"command": "pause"}))["code"] == "not_running"
            stop.set()
            assert await agent == 0

    run_virtual(night())


def test_without_a_place_the_night_says_so_and_the_rest_works(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(site={"timezone": "Europe/Paris"}, **PAGE)
        place.drop("a.json", session(id_command={"date": "2026-03-14"}))
        async with page_of(place) as browser:
            text = await browser.get("/tonight")
            assert "nobody said where the telescope stands" in text
            assert "M 42" in text
            for view in ("/now", "/new?target=M%2031", "/settings", "/nights", "/watch"):
                await browser.get(view)

    run_virtual(evening())


def test_a_port_that_another_has_is_tried_again(observatory: Make) -> None:
    async def evening() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        place = observatory(page={"port": port})
        async with place.open():
            await place.clock.sleep(200)
            assert place.pages == []
            server.close()
            await server.wait_closed()
            await place.until(lambda: bool(place.pages), hours=0.1)

    run_virtual(evening())


def test_the_page_can_be_off(observatory: Make) -> None:
    async def evening() -> None:
        place = observatory(page={"enabled": False})
        async with place.open():
            await place.clock.sleep(200)
            assert place.pages == []

    run_virtual(evening())


def test_diagnostics_and_settings_hold_no_secret(observatory: Make) -> None:
    async def evening() -> None:
        secret = "the very secret word"
        place = observatory(
            page={"port": 0, "password": ""},
            mqtt={"password": secret},
            home_assistant={"token": secret},
            bluetooth={"wifi_password": secret},
        )
        async with page_of(place) as browser:
            for path in ("/settings", "/api/diagnostics"):
                assert secret not in json.dumps(await browser.get(path))

    run_virtual(evening())


def test_a_session_that_began_meanwhile_is_not_edited(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(**PAGE)
        async with page_of(place) as browser:
            place.drop("a.json", session(goto_manual=NEVER_SETS, setup_camera=LONG))
            await place.until(lambda: place.said("status")[-1]["state"] == "imaging")
            form = {"target": "M 81", "exposure": "15", "gain": "80", "count": "60", "edit": "a"}
            status, answer = await browser.ask("POST", "/new/save", form)
            assert (status, answer["ok"]) == (409, False)
            assert "runs already" in answer["message"]
            assert place.files("ToDo") == []

    run_virtual(night())


def test_the_page_and_mqtt_tell_the_plan_that_is_carried_out(observatory: Make) -> None:
    """With what a person wants now, what runs, and the calibration that it does for those after it."""

    async def night() -> None:
        place = observatory(**PAGE, conditions={"sun_below": None, "min_altitude": None})
        camera = {"do_action": True, "exposure": "15", "gain": 80, "count": 100}
        wanted = session(goto_manual=NEVER_SETS, calibration={"do_action": True}, setup_camera=camera)
        for name in ("a", "b", "c"):
            place.drop(f"{name}.json", wanted)
        async with page_of(place) as browser:
            await place.until(lambda: place.said("status")[-1]["state"] == "imaging", every_s=1)
            runs = place.said("status")[-1]["session_id"]
            *_, last = [one["session_id"] for one in place.said("queue")[-1]["sessions"]]
            place.say("scope/command", {"command": "run", "session_id": last})
            await place.clock.sleep(120)
            place.say("bridge/request/plan", {})
            await place.until(lambda: bool(place.broker.all("dwarf/bridge/response/plan")), every_s=0.1)
            answer = json.loads(place.broker.all("dwarf/bridge/response/plan")[-1].payload)
            page = await browser.get("/tonight")
            await place.sessions_ended(3)
        told = {one["session_id"]: one["run"][0] for one in answer["data"]["sessions"]}
        begun = {one["session_id"]: one["started_at"] for one in place.results}
        assert sorted(begun, key=lambda one: begun[one])[:2] == [runs, last]
        for name in begun.keys() - {runs}:
            late = datetime.fromisoformat(begun[name]) - datetime.fromisoformat(told[name])
            assert abs(late.total_seconds()) <= 60
            (shown,) = re.findall(f'data-session="{name}"[^>]*><details.*?class="when">([0-9:]+)', page)
            assert shown == told[name][11:16]

    run_virtual(night())


def test_the_page_proposes_what_is_best_in_the_time_that_is_free(observatory: Make) -> None:
    async def night() -> None:
        place = observatory(**PAGE, suggestions=True, conditions={"sun_below": None, "min_altitude": 20})
        async with page_of(place) as browser:
            assert 'class="hit"' not in await browser.get("/tonight")
            await place.until(lambda: bool(place.said("suggestions")), hours=0.1)
            suggested = place.said("suggestions")[-1]
            assert await browser.get("/api/telescopes/scope/state/suggestions") == suggested

            async def proposed() -> list[str]:
                found = re.findall(r'class="hit" href="/new\?target=([^"]+)"', await browser.get("/tonight"))
                return [unquote_plus(one) for one in found]

            names = [one["target"] for one in suggested["suggestions"]]
            assert await proposed() == names[:3]  # all of the night is free
            goto = {"do_action": True, "target": names[0]}
            camera = {"do_action": True, "exposure": "15", "gain": 80, "count": 960}
            place.drop("best.json", session(goto_manual=goto, setup_camera=camera))
            await place.until(lambda: bool(place.said("status")[-1]["session_id"]), hours=0.1)
            await place.clock.sleep(60)
            (free,) = re.findall(r"<h2>([^<]+) is free</h2>", await browser.get("/tonight"))
            begins, _ = (60 * int(at[:2]) + int(at[3:]) for at in free.split(" to "))
            assert begins < 12 * 60  # after midnight
            later = await proposed()
            assert len(later) == 3
            assert names[0] not in later
            assert later != names[1:4]

    run_virtual(night())


def test_the_calendar_has_what_is_planned_and_its_key_outlives_a_restart(observatory: Make) -> None:
    async def night() -> None:
        password = "correct horse battery"
        place = observatory(page={"port": 0, "password": password})
        place.drop("m42.json", session())
        links = []
        for _ in range(2):
            async with page_of(place) as browser:
                headers = {"Authorization": f"Bearer {password}"}
                async with browser.http.get(f"{browser.address}/settings", headers=headers) as answer:
                    links += re.findall(r"/calendar\.ics\?key=[0-9a-f]{64}", await answer.text())
                text = await browser.get(links[-1])
                assert text.count("BEGIN:VEVENT") == 1
                assert "SUMMARY:M 42" in text
        assert len(links) == 2
        assert links[0] == links[1]
        place.settings = place.settings.model_copy(
            update={
                "page": place.settings.page.model_copy(update={"password": SecretStr("another one, longer")})
            }
        )
        async with page_of(place) as browser:
            status, _ = await browser.ask("GET", links[0])
            assert status == 401

    run_virtual(night())
