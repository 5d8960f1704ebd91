"""Who is let in, and what a stranger, a foreign page or a flood gets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from agent.app.setting_up import SettingUp
from agent.clock import SystemClock
from agent.mqtt.schemas import TOPICS
from agent.mqtt.vocabulary import State
from agent.settings import Settings
from agent.web.door import Door
from agent.web.guard import MAX_BODY
from agent.web.password import Buckets, Password, hashed
from agent.web.server import AgentPages, make_app
from agent.web.stream import Feed
from agent.web.words import languages
from tests.web.conftest import VIEWS, FakeAgent

COMMAND = "/api/telescopes/scope/command"
STOP = {"command": "abort"}
_PREFETCH = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch"}
Served = Callable[..., Any]


async def test_every_view_is_whole_without_scripts_and_carries_a_strict_policy(served: Served) -> None:
    async with served() as page:
        for view in VIEWS:
            async with page.get(view) as answer:
                text = await answer.text()
                policy = answer.headers["Content-Security-Policy"]
            assert answer.status == 200, view
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "M 42" in text
            assert " style=" not in text
            assert " onclick=" not in text
            for script in text.split("<script")[1:]:
                assert ' src="/static/' in script.split(">")[0]


def _without_ways_out(text: str) -> str:
    """The page without links that a person may follow to Home Assistant; no browser fetches those."""
    return re.sub(
        r'<a href="https://my\.home-assistant\.io/[^"]*" target="_blank" rel="noopener">', "<a>", text
    )


async def test_nothing_is_fetched_from_outside(served: Served) -> None:
    async with served() as page:
        for view in VIEWS:
            text = _without_ways_out(await page.text(view))
            for part in ('src="http', "src='http", 'href="http', "url(http", 'src="//', 'href="//'):
                assert part not in text, (view, part)


async def test_a_name_that_was_made_to_point_here_is_refused(served: Served) -> None:
    async with served() as page:
        for host in ("evil.example", "evil.example:8480", "localhost.evil.example", "", "127.0.0.1.nip.io"):
            async with page.get("/now", headers={"Host": host}) as answer:
                assert answer.status in (400, 421), host
        for host in ("localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:80"):
            async with page.get("/now", headers={"Host": host}) as answer:
                assert answer.status == 200, host


def test_beyond_this_machine_addresses_and_known_names_are_answered() -> None:
    door = Door("0.0.0.0", 1, names=frozenset({"dwarf.example.org"}), only_here=False)
    assert door.is_called("192.168.1.7:8480")
    assert door.is_called("[fe80::1]:8480")
    assert door.is_called("dwarf.example.org")
    assert not door.is_called("evil.example")
    assert not Door("127.0.0.1", 1).is_called("192.168.1.7")


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ({}, True),
        ({"Origin": "SELF"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "SELF"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "SELF"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, False),
        ({"Origin": "http://[not an address"}, False),
    ],
)
async def test_only_our_own_page_changes_anything(
    served: Served, headers: dict[str, str], let_in: bool
) -> None:
    async with served() as page:
        sent = {name: page.address if value == "SELF" else value for name, value in headers.items()}
        async with page.post(COMMAND, json=STOP, headers=sent) as answer:
            assert answer.status == (200 if let_in else 403)
        assert bool(page.agent.asked) is let_in


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ({}, True),  # Home Assistant's camera, a viewer of MJPEG
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, True),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, False),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, False),
        ({"Sec-Fetch-Site": "cross-site", **_PREFETCH}, False),
        ({"Sec-Fetch-Site": "none", **_PREFETCH}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
    ],
)
async def test_another_sites_page_embeds_nothing_of_ours(
    served: Served, headers: dict[str, str], let_in: bool
) -> None:
    streams = ("/events", "/api/events", "/watch/events")
    async with served(watch=True) as page:
        for path in (*streams, "/now", "/picture"):
            async with page.get(path, headers=headers) as answer:
                assert answer.status == (200 if let_in else 403), path
        async with page.get("/api/telescopes/scope/live/tele", headers=headers) as answer:
            assert answer.status == (502 if let_in else 403)  # there is no telescope


async def test_what_other_sites_pages_ask_for_is_no_request_of_the_person_who_has_them_open(
    served: Served,
) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    async with served() as page:
        for _ in range(150):
            async with page.get("/api/telescopes", headers=foreign) as answer:
                assert answer.status == 403
        await page.text("/now")


async def test_what_a_foreign_form_can_send_is_no_command(served: Served) -> None:
    async with served() as page:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            async with page.post(COMMAND, data=json.dumps(STOP), headers={"Content-Type": kind}) as answer:
                assert answer.status == 415
        assert not page.agent.asked


async def test_too_large_too_slow_and_too_many_are_refused(served: Served) -> None:
    async with served() as page:
        headers = {"Content-Type": "application/json"}
        async with page.post(COMMAND, data=b"x" * (MAX_BODY + 2), headers=headers) as answer:
            assert answer.status == 413
            assert (await answer.json())["code"] == "too_large"
        refused = 0
        for _ in range(60):
            async with page.post(COMMAND, json=STOP) as answer:
                refused += answer.status == 429
        assert 20 <= refused <= 40
        async with page.post("/nowhere") as answer:
            assert answer.status in (404, 405, 429)


async def test_more_than_that_is_read_of_a_list_alone_and_of_who_may_come_in(served: Served) -> None:
    name = {"name": "x" * MAX_BODY * 2, "text": "x"}
    token = {"Authorization": "Bearer correct horse"}
    async with served(password=Password("correct horse")) as page:
        async with page.post("/new/import", json=name) as answer:
            assert answer.status == 401
        for path, status in (("/new/import", 200), ("/new/save", 413), ("/new/plan", 413), (COMMAND, 413)):
            async with page.post(path, json=name, headers=token) as answer:
                assert answer.status == status, path


async def test_a_body_that_never_ends_is_cut(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.web.guard.BODY_S", 0.1)
    async with served() as page:
        host, port = page.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {COMMAND} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        answer = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        assert b"408" in answer


async def test_a_connection_that_asks_for_nothing_is_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.web.server.HEAD_S", 0.05)
    monkeypatch.setattr("agent.web.server._LOOK_S", 0.05)
    async with served() as page:
        host, port = page.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /now HT")
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


# -- the password -----------------------------------------------------------------------------------------


def test_beyond_this_machine_it_does_not_listen_without_a_password() -> None:
    base = {"telescopes": [{"host": "192.0.2.1"}]}
    with pytest.raises(ValidationError, match="needs a password"):
        Settings.model_validate({**base, "page": {"host": "0.0.0.0"}})
    Settings.model_validate({**base, "page": {"host": "0.0.0.0", "password": "long enough"}})
    Settings.model_validate({**base, "page": {"host": "0.0.0.0", "enabled": False}})
    for here in ("127.0.0.1", "localhost", "::1", "127.3.2.1"):
        Settings.model_validate({**base, "page": {"host": here}})
    with pytest.raises(ValidationError, match="at least 8"):
        Settings.model_validate({**base, "page": {"password": "short"}})


def test_a_password_is_known_from_its_hash_and_the_hash_does_not_tell_it() -> None:
    kept = hashed("correct horse")
    assert "correct" not in kept
    assert kept != hashed("correct horse")
    for setting in ("correct horse", kept):
        password = Password(setting)
        assert password.fits("correct horse")
        assert password.fits("correct horse")
        assert not password.fits("correct horses")
        assert not password.fits("")


def test_a_cookie_is_good_after_a_restart_and_not_after_a_new_password_or_a_month() -> None:
    cookie = Password("correct horse").cookie(1000.0)
    assert Password("correct horse").knows(cookie, 1001.0)
    assert not Password("another horse").knows(cookie, 1001.0)
    assert not Password("correct horse").knows(cookie, 1000.0 + 31 * 86400)
    later, _, signature = cookie.partition(".")
    for forged in ("", ".", f"{int(later) + 1}.{signature}", f"{later}.", f"x.{signature}", f"{later}.ü"):
        assert not Password("correct horse").knows(forged, 1001.0)


async def test_with_a_password_nothing_is_shown_or_done_before_it_is_known(served: Served) -> None:
    async with served(password=Password("correct horse")) as page:
        for view in (*VIEWS, "/picture", "/events", "/nights/picture/m31"):
            async with page.get(view) as answer:
                assert answer.status == 302, view
                assert answer.headers["Location"] == "/sign-in"
        for path in ("/api/telescopes", "/api/diagnostics", "/api/openapi.json", "/api/events"):
            async with page.get(path) as answer:
                assert answer.status == 401, path
        async with page.post(COMMAND, json=STOP) as answer:
            assert answer.status == 401
        assert not page.agent.asked
        assert "M 42" not in await page.text("/sign-in")


async def test_who_knows_the_password_comes_in_by_form_or_as_a_bearer(served: Served) -> None:
    async with served(password=Password("correct horse")) as page:
        token = {"Authorization": "Bearer correct horse"}
        async with page.post(COMMAND, json=STOP, headers=token) as answer:
            assert answer.status == 200
        async with page.post("/sign-in", data={"password": "correct horse"}) as answer:
            assert answer.status == 303
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "M 42" in await page.text("/now")
        async with page.post("/sign-out") as answer:
            assert answer.status == 303
        async with page.get("/now") as answer:
            assert answer.status == 302


async def test_who_signed_in_stays_so_whatever_night_the_agent_tells_of(served: Served) -> None:
    class Earlier(FakeAgent):
        def now(self) -> datetime:
            return super().now() - timedelta(days=1000)

    async with served(Earlier(), password=Password("correct horse")) as page:
        async with page.post("/sign-in", data={"password": "correct horse"}) as answer:
            assert answer.status == 303
        async with page.get("/api/telescopes") as answer:
            assert answer.status == 200


async def test_guessing_is_slow_and_the_right_one_waits_as_well(served: Served) -> None:
    async with served(password=Password("correct horse")) as page:
        codes = []
        for guess in range(8):
            async with page.post("/sign-in", data={"password": f"guess {guess}"}) as answer:
                codes.append(answer.status)
        assert codes == [403] * 5 + [429] * 3
        async with page.post("/sign-in", data={"password": "correct horse"}) as answer:
            assert answer.status == 429
        headers = {"Authorization": "Bearer correct horse"}
        async with page.get("/api/telescopes", headers=headers) as answer:
            assert answer.status == 429


def test_a_bucket_fills_again_and_forgets_strangers() -> None:
    now = [0.0]
    bucket = Buckets(2, 10.0, lambda: now[0], names=2)
    assert [bucket.take("a") for _ in range(3)] == [True, True, False]
    now[0] = 10.0
    assert [bucket.take("a") for _ in range(2)] == [True, False]
    for name in ("b", "c"):
        bucket.take(name)
    assert bucket.take("a")


async def test_friends_may_watch_without_the_password_and_nothing_else(served: Served) -> None:
    async with served(password=Password("correct horse"), watch=True) as page:
        text = await page.text("/watch")
        assert "M 42" in text
        async with page.get("/watch/picture") as answer:
            assert answer.status == 200
        async with page.get("/now") as answer:
            assert answer.status == 302
        for method in (page.post, page.put):
            async with method("/watch") as answer:
                assert answer.status in (404, 405)
        for sends in ("data-command", "data-setting", "data-ask", "<form", "<input"):
            assert sends not in text, sends
        async with page.get("/watchful") as answer:
            assert answer.status == 302


# -- behind Home Assistant --------------------------------------------------------------------------------


async def test_in_an_add_on_only_the_gateway_is_answered(served: Served) -> None:
    async with served(gateway="172.30.32.2", only_here=False) as page:
        for path in ("/now", "/sign-in", "/static/x/style.css", "/api/telescopes"):
            async with page.get(path) as answer:
                assert answer.status == 403


async def test_behind_the_gateway_everything_lies_below_its_path_and_commands_carry_the_user(
    served: Served,
) -> None:
    async with served(gateway="127.0.0.1", only_here=False) as page:
        headers = {"X-Ingress-Path": "/api/hassio_ingress/Abc_-9", "Host": "homeassistant.local:8123"}
        for view in VIEWS:
            async with page.get(view, headers=headers) as answer:
                text = _without_ways_out(await answer.text())
                assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
            addresses = [part.split('"')[0] for part in text.replace("src=", "href=").split('href="')[1:]]
            assert addresses
            for address in addresses:
                assert address.startswith(("/api/hassio_ingress/Abc_-9/", "#")), (view, address)
        async with page.get("/", headers=headers) as answer:
            assert answer.headers["Location"] == "/api/hassio_ingress/Abc_-9/tonight"
        user = {**headers, "X-Remote-User-Display-Name": "Ada <b>", "Sec-Fetch-Site": "same-origin"}
        user |= {"Origin": "https://home.example.org"}
        async with page.post(COMMAND, json=STOP, headers=user) as answer:
            assert answer.status == 200
        assert page.agent.asked[0][3] == "Ada ?b?"
        outside = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
        async with page.get("/now", headers={**headers, **outside}) as answer:
            assert answer.status == 200  # its path is known to nobody else
        foreign = {**headers, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        async with page.post(COMMAND, json=STOP, headers=foreign) as answer:
            assert answer.status == 403


@pytest.mark.parametrize("path", ["//evil.example", "/a b", '/"><script>', "javascript:1", "/a//b", "x"])
async def test_a_base_path_that_is_none_is_not_used(served: Served, path: str) -> None:
    async with served(gateway="127.0.0.1", only_here=False) as page:
        text = await page.text("/now", headers={"X-Ingress-Path": path})
        assert 'href="/tonight"' in text


async def test_outside_an_add_on_the_gateways_headers_mean_nothing(served: Served) -> None:
    async with served() as page:
        text = await page.text("/now", headers={"X-Ingress-Path": "/elsewhere"})
        assert "/elsewhere" not in text


# -- hostile names ----------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "</title><b>",
    "\u202e'`",
)


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_name_becomes_markup(served: Served, name: str) -> None:
    agent = FakeAgent()
    agent.target = name
    agent.rows = (
        agent.row(name, "M 42", "imaging", 20, 22, recipe=(name,), sentence=name),
        agent.row("x", "M 31", "not_tonight", 20, 22, block=None, sentence=name, reason=name),
    )
    agent.rows = tuple(type(row)(**{**_values(row), "name": name}) for row in agent.rows)
    agent.more = {
        "response": {"status": "error", "message": name, "hint": name},
        "safety": {"safe": False, "sources": {name: {"safe": False, "level": name, "reason": name}}},
    }
    async with served(agent) as page:
        paths = (*VIEWS, f"/new/search?q={name}", f"/now?t={name}", f"/tonight?session={name}")
        for path in paths:
            text = await page.text(path)
            for raw in ("<script>alert", "<img src=x", "</title><b>", "onerror=alert(1)>"):
                assert raw not in text, (path, raw)
            assert ">49<" not in text
        async with page.get(f"/api/telescopes/{name.replace('/', '')}") as answer:
            assert answer.status == 404
            assert answer.content_type == "application/json"


def _values(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row).__dataclass_fields__}


async def test_a_report_is_shown_as_it_is_written(served: Served) -> None:
    async with served() as page:
        text = await page.text("/nights/2026-12-26/report")
        assert "&lt;script&gt;" in text
        for night in ("2026-12-25", "..", "%2e%2e%2fconfig", "x" * 300):
            async with page.get(f"/nights/{night}/report") as answer:
                assert answer.status == 404


async def test_the_pictured_report_can_do_nothing_but_be_looked_at(served: Served) -> None:
    async with served() as page:
        assert "/nights/2026-12-26/page" in await page.text("/nights/2026-12-26/report")
        async with page.get("/nights/2026-12-26/page") as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("sandbox; default-src 'none'")
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for night in ("2026-12-25", "..", "%2e%2e%2fconfig"):
            async with page.get(f"/nights/{night}/page") as answer:
                assert answer.status == 404


async def test_static_files_are_those_of_the_page_alone(served: Served) -> None:
    async with served() as page:
        for name in ("..%2fserver.py", "%2e%2e/server.py", ".hidden", "nothing.js", "..%5cserver.py"):
            async with page.get(f"/static/x/{name}") as answer:
                assert answer.status in (404, 400), name
        async with page.get("/static/x/style.css") as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.content_type == "text/css"


async def test_the_page_speaks_the_viewers_language(served: Served) -> None:
    assert set(languages()) >= {"en", "de"}
    async with served() as page:
        assert "Sessions" in await page.text("/tonight", headers={"Accept-Language": "fr, en;q=0.5"})
        german = await page.text("/tonight", headers={"Accept-Language": "de-AT,de;q=0.9"})
        assert 'lang="de"' in german
        assert "Sitzungen" in german
        async with page.get("/language/de") as answer:
            assert answer.status == 303
        assert "Sitzungen" in await page.text("/tonight")
        async with page.get("/language/xx") as answer:
            assert answer.status == 404


async def test_each_of_several_telescopes_has_its_own_pages(served: Served) -> None:
    agent = FakeAgent()
    one = agent.telescopes()[0]
    both = [one, type(one)("other", "Dwarf <II>", None)]
    agent.telescopes = lambda: both  # type: ignore[method-assign]
    async with served(agent) as page:
        text = await page.text("/now?t=other")
        assert 'href="/tonight?t=other"' in text
        assert 'data-telescope="other"' in text
        assert "Dwarf &lt;II&gt;" in text
        for view in (
            "/tonight?t=other",
            "/new?t=other&target=M%2042",
            "/settings?t=other",
            "/nights?t=other",
        ):
            assert 'data-telescope="other"' in await page.text(view)
        async with page.get("/api/telescopes") as answer:
            assert [each["id"] for each in (await answer.json())["telescopes"]] == ["scope", "other"]


async def test_while_nobody_looks_the_server_wakes_for_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.web.server._LOOK_S", 0.01)
    loop: Any = asyncio.get_running_loop()

    def alarms() -> list[Any]:
        return [one for one in loop._scheduled if not one.cancelled()]

    before = len(alarms())
    async with served() as page:
        await asyncio.sleep(0)
        assert len(alarms()) == before
        reader, writer = await asyncio.open_connection("127.0.0.1", int(page.address.rpartition(":")[2]))
        writer.close()
        async with asyncio.timeout(10):
            await reader.read()
            while len(alarms()) > before + 1:  # the timeout's own  # noqa: ASYNC110
                await asyncio.sleep(0)


async def test_every_retained_state_is_in_the_openapi_document(served: Served) -> None:
    async with served() as page, page.get("/api/openapi.json") as answer:
        document = await answer.json()
    states = document["paths"]["/api/telescopes/{telescope}"]["get"]["responses"]["200"]["content"]
    described = states["application/json"]["schema"]["properties"]
    rows = {row.topic: row for row in TOPICS}
    for name in State:
        schema = rows[f"<id>/{name}"].schema
        assert described[name] == (
            {"$ref": f"#/components/schemas/{schema}"} if schema else {"type": "object"}
        )
    assert set(described) == {*State, "availability"}


async def test_the_openapi_document_describes_every_address(served: Served) -> None:
    async with served() as page, page.get("/api/openapi.json") as answer:
        document = await answer.json()
    paths = document["paths"]
    assert "/api/telescopes/{telescope}/command" in paths
    known = set(document["components"]["schemas"])

    def refs(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(refs(each) for each in value.values()))
        return set().union(*map(refs, value)) if isinstance(value, list) else set()

    for ref in refs(document):
        parts = ref.removeprefix("#/components/schemas/").split("/")
        assert parts[0] in known, ref
        found: Any = document["components"]["schemas"][parts[0]]
        for part in parts[1:]:
            found = found[part]
    agent = FakeAgent()
    agent.setting_up = SettingUp(Settings(), None, {})
    pages = AgentPages(agent, Feed(agent))
    served_paths = {
        resource.canonical
        for resource in make_app(pages, Door("127.0.0.1", 0), SystemClock()).router.resources()
        if resource.canonical.startswith("/api/") and "openapi" not in resource.canonical
    }
    assert served_paths == set(paths)
