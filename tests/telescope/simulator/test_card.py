"""The card over HTTP: the index of its folders, ranges, and what can go wrong on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest

from agent.telescope.simulator import SimulatedDwarf
from tests.support.small_sensors import small_sensors as small_sensors
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import connected
from tests.telescope.simulator.test_newer_captures import STOPPED, aimed, start

_LINE = re.compile(r'<a href="([^"]+)">.*</a> +(\d\d-\w{3}-\d{4} \d\d:\d\d) +(\S+)')
Ask = Callable[..., Awaitable[tuple[int, Mapping[str, str], bytes]]]


def on_card(work: Callable[[SimulatedDwarf, str, Ask], Awaitable[Any]], **options: Any) -> Any:
    """Do this with a telescope whose card has one session of two frames."""

    async def run() -> Any:
        chosen = {"generation": "v3", "calibrated": True, "horizon": False, "card_port": 0, **options}
        async with connected(**chosen) as (sim, client):
            await aimed(client, frames=2)
            await start(client)
            await client.notice(15208, STOPPED)
            async with aiohttp.ClientSession(f"http://127.0.0.1:{sim.card_port}") as session:

                async def ask(path: str, method: str = "GET", **headers: str) -> Any:
                    given = {name.replace("_", "-"): value for name, value in headers.items()}
                    async with session.request(method, path, headers=given, allow_redirects=False) as answer:
                        return answer.status, answer.headers.copy(), await answer.read()

                return await work(sim, sim.device.card.sessions[0].path, ask)

    return run_virtual(run())


def listed(page: bytes) -> dict[str, str]:
    return {unquote(name): size for name, _, size in _LINE.findall(page.decode())}


def test_the_index_leads_to_every_file_and_tells_its_size() -> None:
    async def work(_sim: SimulatedDwarf, folder: str, ask: Ask) -> Any:
        status, _, page = await ask("/DWARF3/Astronomy/")
        assert (status, listed(page)) == (200, {folder.rpartition("/")[2] + "/": "-"})
        assert (await ask("/DWARF3/Astronomy"))[0] == 301
        files = listed((await ask(f"{folder}/"))[2])
        assert files.pop("Thumbnail/") == "-"
        files |= {
            f"Thumbnail/{name}": size for name, size in listed((await ask(f"{folder}/Thumbnail/"))[2]).items()
        }
        return {name: (size, len((await ask(f"{folder}/{name}"))[2])) for name, size in files.items()}

    sizes = on_card(work)
    assert all(int(told) == came for told, came in sizes.values())
    kinds = sorted({name.rpartition("/")[2].partition("_")[0] for name in sizes})
    assert "shotsInfo.json" in sizes
    assert "stacked-16" in kinds
    assert sum(name.endswith(".fits") for name in sizes) == 3  # two frames and the stack
    assert sum(name.startswith("Thumbnail/") for name in sizes) == 2


def test_a_range_and_its_validator_are_obeyed() -> None:
    async def work(_sim: SimulatedDwarf, folder: str, ask: Ask) -> Any:
        path = f"{folder}/stacked.jpg"
        _, headers, whole = await ask(path)
        tag = headers["ETag"]
        found = [
            await ask(path, Range="bytes=100-", If_Range=tag),
            await ask(path, Range="bytes=100-199"),
            await ask(path, Range="bytes=-10"),
            await ask(path, Range="bytes=100-", If_Range='"other"'),
            await ask(path, Range="bytes=9-3"),
            await ask(path, Range=f"bytes={len(whole)}-"),
            await ask(path, "HEAD"),
        ]
        assert found[0][1]["Content-Range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"
        assert found[-1][1]["Content-Length"] == str(len(whole))
        return whole, [(status, body) for status, _, body in found]

    whole, found = on_card(work)
    assert found == [
        (206, whole[100:]),
        (206, whole[100:200]),
        (206, whole[-10:]),
        (200, whole),
        (200, whole),
        (416, b""),
        (200, b""),
    ]


def test_firmware_without_ranges_or_index() -> None:
    async def work(_sim: SimulatedDwarf, folder: str, ask: Ask) -> Any:
        assert (await ask(f"{folder}/"))[0] == 404
        status, headers, body = await ask(f"{folder}/stacked.jpg", Range="bytes=100-")
        return status, "Accept-Ranges" in headers, body[:3]

    assert on_card(work, habits={"card_index": "none", "ranges": "ignored"}) == (200, False, b"\xff\xd8\xff")


@pytest.mark.parametrize("after", [0, 1, 65536, 65537])
def test_a_cut_breaks_the_connection_after_that_byte(after: int) -> None:
    async def work(sim: SimulatedDwarf, folder: str, _ask: Ask) -> Any:
        name = sim.device.card.sessions[0].frame_name(1)
        sim.faults.add(f"card-cut:after={after},path={name},times=1")
        reader, writer = await asyncio.open_connection("127.0.0.1", sim.card_port)
        path = f"{folder}/{name}".replace(" ", "%20")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return len(answer.partition(b"\r\n\r\n")[2])

    assert on_card(work) == after


def test_files_can_be_short_missing_changed_and_slow() -> None:
    async def work(sim: SimulatedDwarf, folder: str, ask: Ask) -> None:
        path = f"{folder}/stacked.jpg"
        _, before, whole = await ask(path)
        sim.faults.add("card-short:by=7,path=stacked.jpg,times=1")
        assert (await ask(path))[2] == whole[:-7]
        sim.faults.add("card-missing:path=stacked.jpg,times=1")
        assert (await ask(path))[0] == 404
        sim.faults.add("card-changes:path=stacked.jpg,after=10,times=1")
        with pytest.raises(aiohttp.ClientPayloadError):
            await ask(path)
        _, after, changed = await ask(path)
        assert after["ETag"] != before["ETag"]
        assert changed != whole
        sim.faults.add("card-slow:bytes_per_s=1000,path=shotsInfo,times=1")
        began = asyncio.get_running_loop().time()
        note = (await ask(f"{folder}/shotsInfo.json"))[2]
        assert asyncio.get_running_loop().time() - began == pytest.approx(len(note) / 1000, abs=0.3)

    on_card(work)
