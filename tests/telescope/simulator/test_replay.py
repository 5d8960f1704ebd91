"""Replaying what a telescope once said."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from agent.clock import LoopClock
from agent.telescope.dwarf.link.recorder import Recorder
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.dwarf.proto import envelope_pb2 as envelope
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.simulator.replay import FORMAT, Recording, RecordingError, ReplayedDwarf
from tests.support.chance import often
from tests.support.virtual_loop import run_virtual
from tests.telescope.simulator.client import DUSK, WireClient

HEAD = json.dumps({"format": FORMAT, "version": 1, "at": DUSK.isoformat()})


def frame(direction: str, at: float, module: int, cmd: int, kind: int, data: bytes = b"") -> str:
    packet = envelope.Packet(
        major_version=1, minor_version=9, module_id=module, cmd=cmd, type=kind, data=data
    )
    return json.dumps({"t": at, "dir": direction, "hex": packet.SerializeToString().hex()})


def tracking(state: int, name: str) -> bytes:
    return notify.TrackingState(state=state, target_name=name).SerializeToString()


NIGHT = [
    HEAD,
    json.dumps({"t": 0.0, "event": "connected", "detail": ""}),
    json.dumps(
        {
            "t": 0.1,
            "http": "GET /getDefaultParamsConfig",
            "status": 200,
            "json": {"code": 0, "data": {"id": 2}},
        }
    ),
    frame("in", 0.2, 9, 15201, 2, b"\x08\x57"),
    frame("out", 1.0, 3, 11002, 0),
    frame("in", 1.5, 3, 11002, 3),
    frame("in", 31.0, 9, 15212, 2, tracking(1, "M 42")),
    frame("out", 40.0, 3, 11004, 0),
    frame("in", 40.1, 3, 11004, 3),
    frame("out", 50.0, 3, 11002, 0),
    frame("in", 51.0, 3, 11002, 3, common.ComResponse(code=-11505).SerializeToString()),
]


async def replayed() -> tuple[WireClient, ReplayedDwarf, list[int]]:
    async with ReplayedDwarf(Recording.parse(NIGHT), LoopClock(DUSK)) as telescope:
        async with connect(f"ws://127.0.0.1:{telescope.port}", proxy=None, ping_interval=None) as socket:
            client = WireClient(socket, minor=9, client_id="x")
            await client.notice(15201, b"\x08\x57")
            await client.send(11002)
            await client.notice(15212)
            codes = [await client.code(cmd) for cmd in (11004, 11002, 11002, 13500)]
            await client.socket.send("ping")
            assert await client.socket.recv() == "pong"
        return client, telescope, codes


def test_requests_get_the_answers_and_notifications_of_the_recording_at_their_time() -> None:
    client, telescope, codes = run_virtual(replayed())
    assert codes == [0, -11505, -11505, -1]
    assert telescope.unknown == [(5, 13500)]
    answer, tracked = (next(one for one in client.frames if one.cmd == cmd) for cmd in (11002, 15212))
    assert tracked.at - answer.at == pytest.approx(29.5, abs=0.1)


def test_http_answers_are_replayed() -> None:
    async def run() -> tuple[object, int]:
        async with (
            ReplayedDwarf(Recording.parse(NIGHT)) as telescope,
            aiohttp.ClientSession(f"http://127.0.0.1:{telescope.http_port}", trust_env=False) as session,
        ):
            async with session.get("/getDefaultParamsConfig") as response:
                config = await response.json()
            async with session.get("/unknown") as response:
                return config, response.status

    assert run_virtual(run()) == ({"code": 0, "data": {"id": 2}}, 404)


def test_a_recording_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    path.write_text("\n".join(NIGHT) + "\n", encoding="utf-8")
    assert len(Recording.read(path).exchanges[3, 11002]) == 2
    with pytest.raises(RecordingError, match="cannot be read"):
        Recording.read(tmp_path / "missing.jsonl")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2: this is no JSON"),
        ('{"t": NaN, "dir": "in", "hex": ""}', "line 2: a frame has a number t"),
        ('{"http": "GET /", "status": "ok"}', "line 2: an HTTP exchange has a number status"),
        ("[]", "line 2: a line is a JSON object"),
        ('{"t": 1, "dir": "in", "hex": "xyz"}', "line 2: a frame has a number t and a text hex"),
        ('{"dir": "in", "hex": ""}', "line 2: a frame has a number t"),
        ('{"t": 1, "dir": "up", "hex": ""}', 'line 2: dir is "in" or "out"'),
        ('{"format": "something else", "version": 1}', "not 'dwarf-agent recording' 1"),
        (json.dumps({"format": FORMAT, "version": 9}), "recording' 9, not"),
    ],
)
def test_a_recording_that_cannot_be_read_says_where(line: str, complaint: str) -> None:
    with pytest.raises(RecordingError) as caught:
        Recording.parse([HEAD, line])
    assert complaint in str(caught.value)


@settings(deadline=None, max_examples=often(100))
@given(
    st.lists(
        st.text()
        | st.sampled_from(NIGHT)
        | st.binary().map(lambda raw: json.dumps({"t": 0, "dir": "out", "hex": raw.hex()}))
    )
)
def test_reading_a_recording_never_fails_otherwise(lines: list[str]) -> None:
    with contextlib.suppress(RecordingError):
        Recording.parse(lines)


def test_what_the_driver_records_can_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    recorder = Recorder(path, lambda: DUSK)
    asked = envelope.Packet(module_id=4, cmd=13000)
    answer = envelope.Packet(module_id=4, cmd=13000, type=3)
    recorder.event("connected")
    recorder.frame("out", asked.SerializeToString())
    recorder.frame("in", answer.SerializeToString())
    recorder.http("GET", "/getDefaultParamsConfig", 200, {"code": 0, "data": {"id": 4}})
    recorder.close()

    recording = Recording.read(path)
    assert recording.exchanges[4, 13000][0].frames == [(0.0, answer.SerializeToString())]
    assert recording.web == {"GET /getDefaultParamsConfig": [(200, {"code": 0, "data": {"id": 4}})]}
