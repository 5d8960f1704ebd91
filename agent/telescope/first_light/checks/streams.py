"""Live pictures."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agent.telescope.first_light import modes
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, unclear, variant

_PICTURES = ("mainstream", "secondstream", "thirdstream")
_CONNECT_S = 3.0
_LISTEN_S = 3.0
_ENOUGH = 65536


@check(
    "Which addresses give live pictures?",
    Feature.STREAMS,
    belief="rtsp ch0 (tele) and ch1 (wide); pictures on port 8092 differ from model to model",
)
async def live_pictures(bench: Bench) -> Finding:
    await modes.enter(bench)
    facts: dict[str, object] = {}
    for channel in (0, 1):
        address = f"rtsp://{bench.place.host}:{bench.place.video_port}/ch{channel}/stream0"
        request = f"DESCRIBE {address} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
        answer = await _bytes(bench, bench.place.video_port, request)
        facts[f"ch{channel}"] = answer[:12].decode("ascii", "replace")
    for name in _PICTURES:
        request = f"GET /{name} HTTP/1.1\r\nHost: {bench.place.host}\r\nConnection: close\r\n\r\n"
        answer = await _bytes(bench, bench.place.pictures_port, request)
        facts[name] = len(answer.partition(b"\r\n\r\n")[2])
    video = [name for name in ("ch0", "ch1") if facts[name] == "RTSP/1.0 200"]
    pictures = [name for name in _PICTURES if facts[name]]
    if video:
        return agrees(f"Video on {' and '.join(video)}; pictures: {', '.join(pictures) or 'none'}.", **facts)
    if pictures:
        return variant(f"Pictures only: {', '.join(pictures)}.", {}, **facts)
    return unclear("No address gave any.", **facts)


async def _bytes(bench: Bench, port: int, request: str) -> bytes:
    """What a service sends in some seconds, at most; nothing where none listens."""
    received = b""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CONNECT_S):
            reader, writer = await asyncio.open_connection(bench.place.host, port)
        try:
            writer.write(request.encode())
            async with asyncio.timeout(_LISTEN_S):
                while len(received) < _ENOUGH and (chunk := await reader.read(8192)):
                    received += chunk
        finally:
            writer.close()
    return received
