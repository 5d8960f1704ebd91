"""The album: which capture is meant, and files from whichever port serves them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from agent.capabilities import Camera
from agent.telescope.dwarf import http as dwarf_http
from agent.telescope.dwarf.generation_v3 import DialectV3
from agent.telescope.dwarf.http import DwarfHttp, HttpError
from agent.telescope.dwarf.media import Album, begun_after, newest_ended_since, newest_since, stream_addresses
from agent.telescope.errors import ProtocolError
from agent.telescope.interface import CaptureEnd

ZURICH = ZoneInfo("Europe/Zurich")
START = datetime(2026, 7, 1, 21, 0, tzinfo=UTC)
FOLDER = "/Astronomy/DWARF_RAW_TELE_M 31_EXP_15_GAIN_80_2026-07-01-23-00-00-123"


def item(**changes: object) -> dict[str, object]:
    base: dict[str, object] = {
        "filePath": f"{FOLDER}/stacked.jpg",
        "thumbnailPath": f"{FOLDER}/stacked_thumbnail.jpg",
        "modificationTime": int((START + timedelta(minutes=30)).timestamp()),
        "mediaType": 4,
        "astroImageDetails": {
            "target": "M 31",
            "shotsTaken": 12,
            "shotsStacked": 11,
            "shotsToTake": 12,
            "srcDir": FOLDER,
        },
    }
    return base | changes


@asynccontextmanager
async def served(album: object, files: dict[str, bytes] | None = None) -> AsyncIterator[DwarfHttp]:
    async def infos(_request: web.Request) -> web.StreamResponse:
        if isinstance(album, web.Response):
            return album
        return web.json_response({"code": 0, "data": album})

    async def file(request: web.Request) -> web.StreamResponse:
        content = (files or {}).get(request.path)
        if content is None:
            raise web.HTTPNotFound
        return web.Response(body=content)

    async def loop(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/loop")

    app = web.Application()
    app.router.add_post("/album/list/mediaInfos", infos)
    app.router.add_get("/loop", loop)
    app.router.add_get("/{path:.*}", file)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield DwarfHttp("127.0.0.1", port)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"total": 1, "list": items}])
async def test_captures_are_read_with_their_counts(wrap) -> None:
    async with served(wrap([item(), {"nonsense": 1}, "text"])) as client:
        (entry,) = await Album(client).captures(ZURICH)
    assert (entry.camera, entry.target, entry.taken, entry.stacked) == (Camera.TELE, "M 31", 12, 11)
    assert entry.folder == FOLDER
    assert START in entry.started


async def test_a_folder_of_the_app_tells_camera_target_and_beginning() -> None:
    """As a mini named one; its slash at the end is no part of the name."""
    folder = "/DWARF_mini/Astronomy/DWARF_RAW_TELE_SH 2-274_EXP_120_GAIN_60_2026-03-17-20-19-01-615"
    details = {"target": "SH 2-274", "srcDir": f"{folder}/", "shotsTaken": 70, "shotsToTake": -1}
    async with served([item(filePath=f"{folder}/stacked.jpg", astroImageDetails=details)]) as client:
        (entry,) = await Album(client).captures(UTC)
    assert (entry.camera, entry.target, entry.taken, entry.to_take) == (Camera.TELE, "SH 2-274", 70, 0)
    assert datetime(2026, 3, 17, 20, 19, 1, tzinfo=UTC) in entry.started
    assert entry.folder == folder


async def test_begun_after_goes_by_the_folders_stamp_in_local_time_or_utc() -> None:
    async with served([item()]) as client:
        (local,) = await Album(client).captures(ZURICH)
    assert begun_after(local, START - timedelta(minutes=1))
    assert begun_after(local, START)
    assert not begun_after(local, START + timedelta(minutes=1))
    stamped_in_utc = item(
        filePath=f"{FOLDER.replace('23-00-00', '21-00-00')}/stacked.jpg", astroImageDetails=None
    )
    async with served([stamped_in_utc]) as client:
        (utc,) = await Album(client).captures(ZURICH)
    assert begun_after(utc, START)
    assert not begun_after(utc, START + timedelta(minutes=1))


async def test_a_capture_without_a_stamp_goes_by_its_end() -> None:
    plain = item(filePath="/Astronomy/x.jpg", astroImageDetails=None)
    async with served([plain]) as client:
        entries = await Album(client).captures(None)
    assert newest_since(entries, START) is not None
    assert newest_since(entries, START + timedelta(hours=1)) is None
    assert newest_since(entries, START, Camera.WIDE) is None
    later = START + timedelta(hours=1)
    assert newest_ended_since(entries, START + timedelta(minutes=29), Camera.TELE, later) is not None
    assert newest_ended_since(entries, START + timedelta(minutes=31), Camera.TELE, later) is None


async def test_what_was_written_before_the_clock_was_set_back_is_older_than_what_was_since() -> None:
    before = item(modificationTime=int((START + timedelta(minutes=90)).timestamp()), target="M 33")
    now, since = START + timedelta(minutes=31), START + timedelta(minutes=29)
    async with served([before, item()]) as client:
        entries = await Album(client).captures(ZURICH)
    ours = newest_ended_since(entries, since, Camera.TELE, now)
    assert ours is not None
    assert ours.modified == START + timedelta(minutes=30)
    only = newest_ended_since(entries[:1], since, Camera.TELE, now)
    assert only is not None, "our clock may have been set back, and the telescope's not"


async def test_the_newest_comes_first_whatever_the_order_and_the_unit_of_time() -> None:
    older = item(modificationTime=int((START + timedelta(minutes=5)).timestamp() * 1000), camId=1)
    async with served([older, item()]) as client:
        entries = await Album(client).captures(ZURICH)
    assert [entry.camera for entry in entries] == [Camera.TELE, Camera.WIDE]


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500),
        web.Response(text="no json"),
        web.json_response({"code": -1, "data": None}),
        web.json_response([1]),
    ],
    ids=["error", "no json", "code", "no data"],
)
async def test_an_album_that_cannot_be_read_is_empty(answer: web.Response) -> None:
    async with served(answer) as client:
        assert await Album(client).captures(None) == []


async def test_the_stacked_picture_comes_before_the_thumbnail() -> None:
    jpeg, thumbnail = b"\xff\xd8\xff big", b"\xff\xd8\xff small"
    paths = {f"{FOLDER}/stacked.jpg": jpeg, f"{FOLDER}/stacked_thumbnail.jpg": thumbnail}
    async with served([item()], paths) as client:
        album = Album(client)
        (entry,) = await album.captures(None)
        picture = await album.picture(entry)
        assert picture is not None
        assert (picture.jpeg, picture.taken_at) == (jpeg, START + timedelta(minutes=30))
    del paths[f"{FOLDER}/stacked.jpg"]
    async with served([item()], paths) as client:
        picture = await Album(client).picture(entry)
        assert picture is not None
        assert picture.jpeg == thumbnail
    async with served([item()], {f"{FOLDER}/stacked.jpg": b"<html>"}) as client:
        assert await Album(client).picture(entry) is None


async def test_huge_files_and_endless_redirects_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dwarf_http, "MAX_FILE_BYTES", 1000)
    async with served([], {"/big": bytes(5000)}) as client:
        with pytest.raises(HttpError, match="larger"):
            await client.file(client.port, "/big")
        with pytest.raises(HttpError):
            await client.file(client.port, "/loop")
        with pytest.raises(HttpError, match="404"):
            await client.file(client.port, "/none")


async def test_a_dead_service_is_an_error_and_not_a_hang() -> None:
    with pytest.raises(HttpError):
        await DwarfHttp("127.0.0.1", 1).ask("GET", "/getDefaultParamsConfig")


async def test_an_answer_without_data_is_a_protocol_error() -> None:
    async with served([], {"/config": b"{}"}) as client:
        with pytest.raises(ProtocolError):
            await client.ask("GET", "/config")


def test_streams_have_addresses() -> None:
    assert stream_addresses("10.0.0.7", "mini") == {
        "tele": "rtsp://10.0.0.7:554/ch0/stream0",
        "wide": "rtsp://10.0.0.7:554/ch1/stream0",
        "tele_jpeg": "http://10.0.0.7:8092/mainstream",
        "wide_jpeg": "http://10.0.0.7:8092/thirdstream",
    }
    assert stream_addresses("[fe80::1]", "D2")["wide_jpeg"] == "http://[fe80::1]:8092/secondstream"


@asynccontextmanager
async def answering(
    by_type: dict[object, list[dict[str, object]]], note: bytes = b""
) -> AsyncIterator[DwarfHttp]:
    """An album that lists by the media type it is asked for; notes of sessions are on a port of their own."""

    async def infos(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        kind = asked.get("mediaType", tuple(asked.get("mediaTypeList", ())))
        return web.json_response({"code": 0, "data": by_type.get(kind, [])})

    async def file(request: web.Request) -> web.StreamResponse:
        if not note or not request.path.endswith("/shotsInfo.json"):
            raise web.HTTPNotFound
        return web.Response(body=note)

    ports = []
    runners = []
    for method, path, handler in (
        ("POST", "/album/list/mediaInfos", infos),
        ("GET", "/{path:.*}", file),
    ):
        app = web.Application()
        app.router.add_route(method, path, handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        ports.append(int(runner.addresses[0][1]))
    try:
        yield DwarfHttp("127.0.0.1", ports[0], card_port=ports[1])
    finally:
        for runner in runners:
            await runner.cleanup()


BARE = {"astroImageDetails": None, "mediaType": 0}
PHOTO = {"filePath": "/Normal_Photos/a.jpg", "mediaType": 0, "modificationTime": 1782000000}


@pytest.mark.parametrize("kind", [6, 4, (4,)])
async def test_a_session_is_found_by_whichever_question_lists_it_and_no_photo_is_taken_for_one(
    kind: object,
) -> None:
    async with answering({kind: [item(mediaType=9), PHOTO]}) as client:
        (entry,) = await Album(client, DialectV3.album).captures(ZURICH)
    assert (entry.target, entry.taken) == ("M 31", 12)


async def test_a_session_listed_twice_is_one_and_the_listing_with_counts_is_believed() -> None:
    async with answering({6: [item(**BARE)], 4: [item()]}) as client:
        (entry,) = await Album(client, DialectV3.album).captures(ZURICH)
    assert (entry.counted, entry.taken) == (True, 12)


async def test_frames_to_take_that_are_told_as_minus_one_are_unknown() -> None:
    details = {"target": "M 31", "shotsTaken": 7, "shotsStacked": 6, "shotsToTake": -1, "srcDir": FOLDER}
    async with answering({6: [item(astroImageDetails=details)]}) as client:
        (entry,) = await Album(client, DialectV3.album).captures(ZURICH)
    assert (entry.taken, entry.to_take, entry.report().end) == (7, 0, CaptureEnd.UNKNOWN)


async def test_counts_the_album_leaves_out_are_read_from_the_note_on_the_card() -> None:
    note = b'{"target":"M 31","exp":"15","shotsTaken":9,"shotsStacked":8,"shotsToTake":12}'
    async with answering({6: [item(**BARE)]}, note) as client:
        (entry,) = await Album(client, DialectV3.album).captures(ZURICH)
    assert (entry.taken, entry.stacked, entry.to_take, entry.exposure_s) == (9, 8, 12, 15.0)


@pytest.mark.parametrize("note", [b"", b"[]", b"\xff{", b"[" * 100_000, b'{"shotsTaken":"many"}'])
async def test_a_note_that_says_nothing_leaves_the_counts_unknown(note: bytes) -> None:
    async with answering({6: [item(**BARE)]}, note) as client:
        (entry,) = await Album(client, DialectV3.album).captures(ZURICH)
    assert (entry.taken, entry.to_take) == (0, 0)


NEWEST = FOLDER.rpartition("/")[2]
OLDER = NEWEST.replace("23-00-00", "21-00-00")


@pytest.mark.parametrize(
    "listings",
    [
        {"/": ["DWARF3/"], "/DWARF3/Astronomy/": [NEWEST, OLDER, "CALI_FRAME", "../"]},
        {"/": ["Astronomy/", "?C=M;O=A"], "/DWARF_mini/Astronomy/": [f"{OLDER}/", f"{NEWEST}/"]},
        {"/": ["Some other/"], "/Some other/Astronomy/": [f"/Some other/Astronomy/{NEWEST}/", f"{OLDER}/"]},
    ],
    ids=["listed", "no root told", "whole paths"],
)
async def test_an_album_that_lists_nothing_leaves_the_folders_of_the_card(
    listings: dict[str, list[str]],
) -> None:
    note = b'{"target":"M 31","exp":"15","shotsTaken":9,"shotsStacked":8,"shotsToTake":12}'
    files = {
        place: "".join(f'<a href="{quote(name, safe="/?=;.")}">x</a>' for name in names).encode()
        for place, names in listings.items()
    }
    place = next(one for one in listings if one.endswith("Astronomy/"))
    files[f"{place}{NEWEST}/shotsInfo.json"] = note
    async with served([], files) as client:
        client.card_port = client.port
        entries = await Album(client, DialectV3.album).captures(ZURICH)
    assert [(one.folder, one.taken) for one in entries] == [(place + NEWEST, 9), (place + OLDER, 0)]
    assert begun_after(entries[0], START)
    assert not begun_after(entries[0], START - timedelta(hours=1)), "it is not the one begun then"
    assert not begun_after(entries[0], START + timedelta(hours=3))


@pytest.mark.parametrize("page", [b"", b"\xff\xfe", b'href="' * 1000, b"<a href='%ff%00'>", b'<a href="">'])
async def test_a_listing_that_is_none_is_of_nothing(page: bytes) -> None:
    async with served([], {"/": page, "/DWARF3/Astronomy/": page}) as client:
        client.card_port = client.port
        assert await Album(client, DialectV3.album).captures(ZURICH) == []
