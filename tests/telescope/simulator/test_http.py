"""The HTTP side: who it is, what it takes, what it took, and the control endpoint."""

from __future__ import annotations

import asyncio
import ftplib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from PIL import Image

from agent.telescope.simulator import Generation, SimulatedDwarf, SimulatorOptions
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import client_of, connected, telescope
from tests.telescope.simulator.test_night import ORION, STOPPED, ready


@asynccontextmanager
async def web(sim: SimulatedDwarf) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{sim.http_port}", trust_env=False) as session:
        yield session


async def posted(session: aiohttp.ClientSession, path: str, body: dict[str, Any] | None = None) -> Any:
    async with session.post(path, json=body or {}) as response:
        assert response.status == 200
        answer = await response.json()
        assert answer["code"] == 0
        return answer["data"]


async def got(session: aiohttp.ClientSession, path: str) -> Any:
    async with session.get(path) as response:
        return (await response.json())["data"]


@pytest.mark.parametrize(
    ("model", "number", "name"), [("D2", 1, "DWARF II"), ("D3", 2, "DWARF3"), ("mini", 4, "DWARF MINI")]
)
def test_the_configuration_names_the_model_and_its_tables(model: str, number: int, name: str) -> None:
    async def run() -> Any:
        async with telescope(model=model, generation="v2") as sim, web(sim) as session:
            return await got(session, "/getDefaultParamsConfig")

    data = run_virtual(run())
    assert (data["id"], data["name"], data["majorVersion"]) == (number, name, 1)
    tele, wide = data["cameras"]
    exposures = next(one for one in tele["supportParams"] if one["id"] == 0)["gearMode"]["values"]
    assert {"index": 156, "name": "15"} in exposures
    gains = next(one for one in wide["supportParams"] if one["id"] == 1)["gearMode"]["values"]
    assert gains[0] == ({"index": 0, "name": "60"} if model == "D2" else gains[0])
    counts = next(one for one in data["featureParams"] if one["id"] == 1)["continueMode"]
    assert (counts["min"], counts["max"]) == (2 if model == "D2" else 1, 999)


def test_the_newer_configuration_has_no_tables_and_its_catalogue_needs_a_session() -> None:
    async def run() -> tuple[Any, int, Any, Any, int]:
        async with telescope(generation="v3", model="mini") as sim, web(sim) as session:
            config = await got(session, "/getDefaultParamsConfig")
            async with session.post("/shootingMode/getParamAndSetting", json={"modeId": 2}) as response:
                without = (await response.json())["code"]
            async with client_of(sim) as client:
                await client.ask(16405)
                catalogue = await posted(session, "/shootingMode/getParamAndSetting", {"modeId": 2})
                unknown = await posted(session, "/shootingMode/getParamAndSetting", {"modeId": 77})
            async with session.post("/shootingMode/getSupportedShootingModes") as response:
                status = response.status
            return config, without, catalogue, unknown, status

    config, without, catalogue, unknown, status = run_virtual(run())
    assert config["cameras"] == config["featureParams"] == []
    assert config["majorVersion"] == 2
    assert without != 0
    special = catalogue["cameraParams"][0]["specialParams"]
    assert {"name": "180", "value": 168} in special["exp"]["values"]
    assert 60 in special["gain"]["values"]
    assert special["gain"]["range"] == [{"techId": 2, "minValue": 40, "maxValue": 240}]
    count = catalogue["shootingTechSettings"][0]["generalParams"][0]
    assert (count["name"], count["paramId"], count["maxValue"]) == ("stackCount", 0x0202000000000010, 999)
    assert unknown["cameraParams"] is None
    assert status == 501


def test_identity_is_asked_by_post_only() -> None:
    async def run() -> tuple[int, Any]:
        async with telescope(model="mini", serial="ABC123") as sim, web(sim) as session:
            async with session.get("/deviceInfo") as response:
                status = response.status
            return status, await posted(session, "/deviceInfo")

    status, data = run_virtual(run())
    assert status in (404, 405)
    assert (data["deviceId"], data["sn"], data["sdCardInfo"]["hasSdcard"]) == (4, "ABC123", True)


def test_a_capture_is_in_the_album_with_real_pictures_and_frames() -> None:
    async def run() -> tuple[Any, Any, bytes, bytes, int, Any]:
        async with (
            connected(model="mini", faults="stacks-fewer:every=2") as (sim, client),
            web(sim) as session,
        ):
            await ready(client, frames=2)
            await client.send(11005)
            await client.notice(15208, STOPPED)
            await client.ask(11010)
            listing = await posted(
                session, "/album/list/mediaInfos", {"mediaType": 4, "pageIndex": 0, "pageSize": 20}
            )
            item = listing[0]
            frames = await posted(
                session, "/album/astro/fitsList", {"srcDir": item["astroImageDetails"]["srcDir"]}
            )
            async with session.get(item["filePath"]) as response:
                jpeg = await response.read()
            async with session.get(frames["fitsInfo"][0]["filePath"]) as response:
                fits = await response.read()
            async with session.get(item["filePath"] + "x") as response:
                missing = response.status
            return (
                item,
                frames["fitsInfo"],
                jpeg,
                fits,
                missing,
                await posted(session, "/album/list/mediaCounts"),
            )

    item, frames, jpeg, fits, missing, counts = run_virtual(run())
    details = item["astroImageDetails"]
    assert (details["target"], details["shotsTaken"], details["shotsStacked"], details["shotsToTake"]) == (
        ORION.target_name,
        2,
        1,
        2,
    )
    assert [one["isFailed"] for one in frames] == [False, True]
    assert Image.open(io.BytesIO(jpeg)).size == (1920, 1080)
    assert fits.startswith(b"SIMPLE  =                    T")
    assert len(fits) % 2880 == 0
    assert b"OBJECT  = 'M 42 Gro" in fits[:2880]
    assert b"EXPTIME =                 10.0" in fits[:2880]
    assert len(fits) >= 2880 + 1920 * 1080 * 2
    assert missing == 404
    assert {"mediaType": 4, "count": 1} in counts


def test_the_stacked_picture_is_there_while_the_capture_runs_and_gets_better() -> None:
    async def run() -> tuple[bytes, bytes]:
        async with connected(model="mini") as (_, client), web(_) as session:
            await ready(client, frames=9)
            await client.send(11005)
            pictures = []
            for _frame in range(2):
                for _half in range(4):
                    await client.notice(15209)
                listing = await posted(session, "/album/list/mediaInfos", {"mediaType": 4})
                async with session.get(listing[0]["thumbnailPath"]) as response:
                    pictures.append(await response.read())
            return pictures[0], pictures[1]

    early, late = run_virtual(run())
    assert early != late
    assert len(late) < len(early)  # less noise packs smaller


def test_deleting_a_capture_takes_it_off_the_card() -> None:
    async def run() -> tuple[Any, Any]:
        async with connected(model="mini") as (sim, client), web(sim) as session:
            await ready(client, frames=1)
            await client.send(11005)
            await client.notice(15208, STOPPED)
            item = (await posted(session, "/album/list/mediaInfos"))[0]
            result = await posted(session, "/album/delete", {"datas": [item, {"filePath": "/etc/passwd"}]})
            return result, await posted(session, "/album/list/mediaInfos")

    result, listing = run_virtual(run())
    assert [one["isSuccess"] for one in result] == [True, False]
    assert listing == []


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/sdcard/../etc/passwd", "/etc/passwd", "/sdcard/DWARF_mini/"]
)
def test_only_the_card_is_served(path: str) -> None:
    async def run() -> int:
        async with telescope(model="mini") as sim, web(sim) as session, session.get(path) as response:
            return response.status

    assert run_virtual(run()) == 404


@pytest.mark.parametrize("path", ["/mainstream", "/thirdstream"])
def test_the_live_stream_delivers_pictures(path: str) -> None:
    async def run() -> bytes:
        async with telescope() as sim, web(sim) as session, session.get(path) as response:
            assert response.content_type == "multipart/x-mixed-replace"
            await response.content.readuntil(b"\r\n\r\n")
            first = await response.content.readuntil(b"\r\n--frame\r\n")
            return first.removesuffix(b"\r\n--frame\r\n")

    assert Image.open(io.BytesIO(run_virtual(run()))).format == "JPEG"


def test_faults_go_in_and_out_by_http() -> None:
    async def run() -> tuple[Any, Any, int, str, Any]:
        async with connected() as (sim, client), web(sim) as session:
            async with session.post("/simulator/faults", json={"fault": "busy:times=1"}) as response:
                number = (await response.json())["number"]
            async with session.post(
                "/simulator/faults", json={"fault": "goto-fails", "code": -11500}
            ) as response:
                assert response.status == 201
            async with session.get("/simulator/faults") as response:
                active = (await response.json())["active"]
            code = await client.code(11000)
            async with session.post("/simulator/faults", json={"fault": "nonsense"}) as response:
                complaint = (await response.json())["error"]
                assert response.status == 400
            async with session.delete("/simulator/faults") as response:
                assert response.status == 200
            return number, active, code, complaint, sim.faults.active

    number, active, code, complaint, left = run_virtual(run())
    assert active[str(number)] == {"fault": "busy", "times": 1}
    assert code == -11501
    assert "There is no fault 'nonsense'" in complaint
    assert left == {}


def test_state_and_journal_can_be_read_and_the_power_button_pressed() -> None:
    async def run() -> tuple[Any, Any, Any]:
        async with connected(faults="power-off:after_s=5") as (sim, client), web(sim) as session:
            await client.ask(10039)
            async with session.get("/simulator/state") as response:
                state = await response.json()
            await sim.clock.sleep(10)
            with pytest.raises(aiohttp.ClientError):
                await got(session, "/getDefaultParamsConfig")
            async with session.post("/simulator/actions", json={"action": "power-on"}) as response:
                assert response.status == 200
            async with client_of(sim) as again:
                await again.ask(10039)
            async with session.get("/simulator/history") as response:
                return state, await response.json(), await got(session, "/getDefaultParamsConfig")

    state, journal, config = run_virtual(run())
    assert (state["power"], state["clients"][0]["client_id"]) == ("on", "one")
    assert [one["state"] for one in journal if one["what"] == "Powered"] == ["off", "on"]
    assert config["id"] == 2


def test_the_album_is_paged_and_filtered_newest_first() -> None:
    async def run() -> list[list[str]]:
        async with connected(generation="both") as (sim, client), web(sim) as session:
            await client.ask(10000)
            for _ in range(3):
                await client.ask(10002)
            bodies: list[dict[str, Any]] = [
                {"mediaType": 0, "pageIndex": 0, "pageSize": 0},
                {"mediaType": 1, "pageIndex": 0, "pageSize": 2},
                {"mediaType": 1, "pageIndex": 1, "pageSize": 2},
                {"mediaTypeList": [4]},
            ]
            found = [await posted(session, "/album/list/mediaInfos", body) for body in bodies]
            taken = [one.path for one in sim.device.card.photos]
            return [[item["filePath"] for item in page] for page in found] + [taken]

    everything, first, second, astro, taken = run_virtual(run())
    assert everything == taken[::-1] == first + second
    assert len(first) == 2
    assert astro == []


@pytest.mark.parametrize(("generation", "start"), [("v2", "/sdcard/DWARF_II/"), ("v3", "/DWARF_II/")])
def test_files_are_served_under_either_name_of_the_card(generation: str, start: str) -> None:
    async def run() -> tuple[str, list[int]]:
        async with (
            connected(generation=generation, model="D2", card_port=0) as (sim, client),
            web(sim) as session,
            aiohttp.ClientSession(f"http://127.0.0.1:{sim.card_port}", trust_env=False) as card,
        ):
            await client.ask(10050)
            await client.ask(10002)
            path = (await posted(session, "/album/list/mediaInfos"))[0]["filePath"]
            bare = path.removeprefix("/sdcard")
            statuses = []
            for name in (bare, f"/sdcard{bare}"):
                async with card.get(name) as response:
                    statuses.append(response.status)
            return path, statuses

    path, statuses = run_virtual(run())
    assert path.startswith(start)
    assert statuses == [200, 200]


def test_the_card_can_be_read_by_ftp() -> None:
    def download(port: int) -> tuple[list[str], list[str], int, bytes]:
        with ftplib.FTP() as ftp:
            ftp.connect("127.0.0.1", port, timeout=20)
            ftp.login()
            folders = ftp.nlst("/")
            ftp.cwd("/DWARF_mini/Astronomy")
            session = ftp.nlst()[0]
            ftp.cwd(session)
            lines: list[str] = []
            ftp.retrlines("LIST", lines.append)
            name = next(one for one in ftp.nlst() if one.endswith(".fits"))
            chunks: list[bytes] = []
            ftp.voidcmd("TYPE I")
            size = ftp.size(name) or 0
            ftp.retrbinary(f"RETR {name}", chunks.append)
            with pytest.raises(ftplib.error_perm):
                ftp.cwd("/etc")
            with pytest.raises(ftplib.error_perm):
                ftp.retrbinary("RETR /etc/passwd", chunks.append)
            return folders, lines, size, b"".join(chunks)

    async def run() -> tuple[list[str], list[str], int, bytes]:
        options = SimulatorOptions(
            model="mini", generation=Generation.V2, ftp_port=0, calibrated=True, speed=200
        )
        async with SimulatedDwarf(options) as sim, client_of(sim) as client:
            await ready(client, frames=1)
            await client.send(11005)
            await client.notice(15208, STOPPED)
            return await asyncio.to_thread(download, sim.ftp_port or 0)

    folders, lines, size, fits = asyncio.run(run())
    assert folders == ["DWARF_mini"]
    assert len(lines) == 7  # the frame, both pictures, the note, both stacks, and the small pictures
    assert len(fits) == size
    assert str(size) in next(line for line in lines if line.endswith(".fits"))
    assert fits.startswith(b"SIMPLE  =                    T")
