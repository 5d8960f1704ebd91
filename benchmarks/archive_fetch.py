"""A gigabyte of frames into the archive beside curl from the same server, and the memory it takes."""

from __future__ import annotations

import asyncio
import math
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import ephem
from aiohttp import web

from agent.archive.fetch import SessionFetch
from agent.archive.manifest import State
from agent.archive.pace import Pace
from agent.clock import SystemClock
from agent.session.fields import DownloadWhat
from agent.targets import Site
from agent.telescope.dwarf.card_files import HttpCard
from agent.telescope.dwarf.http import DwarfHttp
from benchmarks.reporting import quiet, say
from tests.archive.support import ended
from tests.end_to_end.conftest import Scene
from tests.support.brokers import Mosquitto

SITE = Site(48.85, 2.35, 35.0, "Europe/Paris")
FRAME = 3840 * 2160 * 2 + 2880
HEADER = b"".join(  # as sparse as firmware writes it: what it lacks is added to every copy
    card.ljust(80)
    for card in (
        b"SIMPLE  =                    T",
        b"BITPIX  =                   16",
        b"NAXIS   =                    2",
        b"NAXIS1  =                 3840",
        b"NAXIS2  =                 2160",
        b"END",
    )
).ljust(2880)
FRAMES = 60  # a gigabyte
SUGGESTED_S = 20.0  # after the start; ten seconds after the telescope is there
REPORTED_S = 10.0
LIMIT_S = 300.0
ROUNDS = 2  # of each; the best counts, for the disk is everybody's
FOLDER = "/DWARF3/Astronomy/DWARF_RAW_TELE_M 42_EXP_10_GAIN_80_2026-03-12-20-00-00-000"
_KIB_OR_BYTES = 1024 if sys.platform == "darwin" else 1  # macOS counts bytes


def measure(frames: int = FRAMES) -> None:
    """Fetch with curl and into the archive, in turn."""
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as root:
        card = Path(root) / "card"
        card.mkdir()
        noise = os.urandom(FRAME - len(HEADER))
        for number in range(frames):
            (card / f"f{number:03}.fits").write_bytes(HEADER + noise)
        ours, theirs = context.Pipe()
        server = context.Process(target=_serve, args=(card, theirs), daemon=True)
        server.start()
        port = ours.recv()
        curls, fetches, more_mb = [], [], 0.0
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            for number in range(ROUNDS):
                curls.append(_timed(lambda n=number: _curl(port, frames, Path(root) / f"curl{n}")))  # type: ignore[misc]
                lasted, more = pool.submit(_fetch, port, str(Path(root) / f"archive{number}")).result()
                fetches.append(lasted)
                more_mb = max(more_mb, more)
        server.terminate()
    size = frames * FRAME / 1e6
    say(
        "archive_fetch",
        mb=round(size),
        curl_mb_per_s=round(size / min(curls), 1),
        agent_mb_per_s=round(size / min(fetches), 1),
        share=round(min(curls) / min(fetches), 2),
        more_mb=round(more_mb, 1),
    )


async def measure_memory(frames: int = 10) -> None:
    """A whole agent (Linux) with a place, suggestions, archive and report: the most memory it had.

    Three sessions, the last one with both cameras, of full frames and pictures of a simulated telescope.
    """
    tele = {"do_action": True, "exposure": "1", "gain": 80, "count": frames}
    here, overhead = _midnight()
    with tempfile.TemporaryDirectory() as folder:
        broker = await Mosquitto(Path(folder)).start()
        scene = Scene(Path(folder), broker)
        try:
            card_port = str(_free_port())
            await scene.simulator("--speed", "20", "--set", f"card_port={card_port}")
            (archive := Path(folder) / "archive").mkdir()
            settings = {"archive_dir": str(archive), "archive_what": "all", "archive_siril": "true", **here}
            agent = await scene.agent(telescope_card_port=card_port, **settings)
            await asyncio.sleep(SUGGESTED_S)
            for name in "abc":
                goto = {"do_action": True, "target": f"Field {name}", **overhead}
                wide = {"setup_wide_camera": {**tele, "gain": 60}} if name == "c" else {}
                document = {"id_command": {}, "setup_camera": tele, "goto_manual": goto, **wide}
                scene.drop(f"{name}.json", {"command": document})
            await scene.until(lambda: _complete(archive) == 3, agent, LIMIT_S)
            await asyncio.sleep(REPORTED_S)
            status = (Path("/proc") / str(agent.process.pid) / "status").read_text()
        finally:
            for process in scene.processes:
                process.kill()
            broker.stop()
    most = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in status.splitlines() if " kB" in line}
    say("archive_memory", frames=4 * frames, most_mb=round(most["VmHWM"], 1), end_mb=round(most["VmRSS"], 1))


def _midnight() -> tuple[dict[str, str], dict[str, float]]:
    """A place where it is midnight now, as settings, and what stands high there."""
    now = datetime.now(UTC)
    longitude = (180 - (now.hour + now.minute / 60) * 15) % 360 - 180  # 0 at midnight, 180 at noon
    there = ephem.Observer()
    there.lon, there.lat, there.date = str(longitude), "35", now
    hours = float(there.sidereal_time()) * 12 / math.pi
    place = {"latitude": "35", "longitude": str(round(longitude, 3)), "timezone": "UTC"}
    return place, {"ra_coord": round(hours, 3), "dec_coord": 20.0}


def _complete(archive: Path) -> int:
    return sum('"state": "complete"' in note.read_text() for note in archive.rglob("archive.json"))


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _curl(port: int, frames: int, folder: Path) -> None:
    folder.mkdir()
    url = f"http://127.0.0.1:{port}{FOLDER.replace(' ', '%20')}/f[000-{frames - 1:03}].fits"
    subprocess.run(["curl", "-sf", "-o", f"{folder}/f#1.fits", url], check=True)
    subprocess.run(["sync", "-f", str(folder)], check=True)  # the archive's files are on the disk, too
    shutil.rmtree(folder)


def _fetch(port: int, root: str) -> tuple[float, float]:
    """Seconds, and how much the peak of this process' memory grew."""
    folder = Path(root)
    folder.mkdir()
    before = _peak_mb()
    began = time.perf_counter()
    state = asyncio.run(_fetched(port, folder))
    lasted = time.perf_counter() - began
    shutil.rmtree(folder)
    assert state is State.COMPLETE, state
    return lasted, _peak_mb() - before


async def _fetched(port: int, folder: Path) -> State:
    clock = SystemClock()
    http = DwarfHttp("127.0.0.1", port, card_port=port)
    fetch = SessionFetch(
        HttpCard(http),
        folder,
        ended(FOLDER),
        DownloadWhat.ALL,
        clock=clock,
        pace=Pace(clock, 0),
        site=SITE,
    )
    return (await fetch.run()).state


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_OR_BYTES / 1024


def _serve(card: Path, told: Connection) -> None:
    asyncio.run(_server(card, told))


async def _server(card: Path, told: Connection) -> None:
    """A card of one folder as nginx serves it: an index, and files straight from the disk."""

    async def answer(request: web.Request) -> web.StreamResponse:
        name = re.sub(r".*/", "", request.path)
        if name:
            path = card / name
            return web.FileResponse(path) if path.exists() else web.Response(status=404)
        return web.Response(text=_index(card), content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.send(runner.addresses[0][1])
    await asyncio.Event().wait()


def _index(card: Path) -> str:
    lines = []
    for path in sorted(card.iterdir()):
        status = path.stat()
        when = f"{datetime.fromtimestamp(status.st_mtime, UTC):%d-%b-%Y %H:%M}"
        lines.append(f'<a href="{path.name}">{path.name}</a> {when} {status.st_size}')
    return "\r\n".join(lines)


if __name__ == "__main__":
    quiet()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # measured as what is installed: with its bytecode
    measure()
    asyncio.run(measure_memory())
