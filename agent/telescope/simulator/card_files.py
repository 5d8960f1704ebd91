"""The card's files over HTTP: an index of each folder as nginx makes it, and files whole or in ranges."""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
from datetime import datetime
from urllib.parse import quote

from aiohttp import web

from agent.telescope.simulator.card import MOUNT
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import CardChanges, CardCut, CardFault, CardMissing, CardShort, CardSlow

_CHUNK = 65536
_NAME_WIDTH = 50  # nginx cuts the names that it shows, not those it links to
_SIZE_WIDTH = 19
_PACE_S = 0.25
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class CardFiles:
    """Answers requests for files and folders of the card."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer with a file, the index of a folder, or 404."""
        path = "/" + request.match_info["path"].lstrip("/")
        bare = path.removeprefix(MOUNT)
        card = self._device.card
        for candidate in (path, bare, f"{MOUNT}{bare}", f"{card.root}{bare}"):
            found = await asyncio.to_thread(card.read, candidate)
            if found is not None:
                if self._fault(CardMissing, candidate):
                    raise web.HTTPNotFound
                return await self._file(request, candidate, *found)
        if self._device.options.habits.card_index != "none":
            entries = await asyncio.to_thread(self._entries, path.rstrip("/") + "/")
            if entries is not None and not path.endswith("/"):
                raise web.HTTPMovedPermanently(request.rel_url.path + "/")
            if entries is not None:
                return self._index(path, entries)
        raise web.HTTPNotFound

    # -- folders ----------------------------------------------------------------------------------------

    def _entries(self, folder: str) -> dict[str, tuple[datetime, int | None]] | None:
        """The names in a folder with time and size; folders end in a slash and have none. None: no folder."""
        card = self._device.card
        found: dict[str, tuple[datetime, int | None]] = {}
        always = f"{card.root}/Astronomy/"
        for path in card.paths():
            if not path.startswith(folder):
                continue
            name, slash, _ = path.removeprefix(folder).partition("/")
            when = card.modified(path)
            if slash:
                known = found.get(f"{name}/")
                found[f"{name}/"] = (max(when, known[0]) if known else when, None)
            else:
                found[name] = (when, card.exact_size(path))
        there = self._device.options.is_v3 and always.startswith(folder)
        return found if found or there else None

    def _index(self, path: str, entries: dict[str, tuple[datetime, int | None]]) -> web.Response:
        title = f"Index of {html.escape(path)}"
        lines = [f"<html>\r\n<head><title>{title}</title></head>\r\n<body>"]
        lines.append(f'<h1>{title}</h1><hr><pre><a href="../">../</a>')
        for name, (when, size) in sorted(entries.items(), key=lambda one: (one[1][1] is not None, one[0])):
            shown = name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 3] + "..>"
            told = "-" if size is None else self._told(size)
            pad = " " * (_NAME_WIDTH - len(shown))
            link = f'<a href="{quote(name)}">{html.escape(shown)}</a>{pad}'
            lines.append(f"{link} {when:%d-%b-%Y %H:%M} {told:>{_SIZE_WIDTH}}")
        body = "\r\n".join([*lines, "</pre><hr></body>\r\n</html>\r\n"])
        return web.Response(text=body, content_type="text/html", charset="utf-8")

    def _told(self, size: int) -> str:
        if self._device.options.habits.card_index == "exact" or size < 10_000:
            return str(size)
        return f"{(size + 512 * 1024) // 1024 // 1024}M" if size >= 10_000_000 else f"{(size + 512) // 1024}K"

    # -- files ------------------------------------------------------------------------------------------

    async def _file(self, request: web.Request, path: str, data: bytes, kind: str) -> web.StreamResponse:
        modified = self._device.card.modified(path)
        tag = f'"{int(modified.timestamp()):x}-{len(data):x}"'
        short = self._fault(CardShort, path)
        if isinstance(short, CardShort):
            data = data[: max(0, len(data) - short.by)]
        headers = {
            "ETag": tag,
            "Last-Modified": f"{modified:%a, %d %b %Y %H:%M:%S} GMT",
            "Content-Type": kind,
        }
        begin, end, status = 0, len(data), 200
        if self._device.options.habits.ranges == "taken":
            headers["Accept-Ranges"] = "bytes"
            asked = request.headers.get("Range", "") if request.headers.get("If-Range", tag) == tag else ""
            if wanted := _range(asked, len(data)):
                begin, end, status = *wanted, 206
                if begin >= len(data):
                    headers["Content-Range"] = f"bytes */{len(data)}"
                    return web.Response(status=416, headers=headers)
                headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = end - begin
        await response.prepare(request)
        if request.method != "HEAD":
            with contextlib.suppress(ConnectionError):  # whoever asked has gone
                await self._send(request, response, path, memoryview(data)[begin:end])
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, path: str, data: memoryview
    ) -> None:
        cut, changes = self._fault(CardCut, path), self._fault(CardChanges, path)
        breaks = [one.after for one in (cut, changes) if isinstance(one, CardCut | CardChanges)]
        most = min([len(data), *breaks])
        slow = self._fault(CardSlow, path)
        rate = slow.bytes_per_s if isinstance(slow, CardSlow) else 0
        chunk = max(1, int(rate * _PACE_S)) if rate else _CHUNK
        for at in range(0, most, chunk):
            if self._device.power != "on":
                break
            await response.write(data[at : min(at + chunk, most)])
            if rate:
                await self._device.clock.sleep(_PACE_S)
        else:
            if not breaks:
                await response.write_eof()
                return
        if changes is not None:
            self._device.card.rewrite(path)
        if request.transport is not None:
            # what was written is on its way; the rest never comes
            request.transport.close()

    def _fault(self, kind: type[CardFault], path: str) -> CardFault | None:
        return self._device.faults.use(kind, where=lambda rule: rule.path in path)


def _range(asked: str, size: int) -> tuple[int, int] | None:
    """The bytes asked for as begin and end; None for the whole file, as for what is no single range."""
    match = _RANGE.fullmatch(asked.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    begin = int(match[1])
    end = min(size, int(match[2]) + 1) if match[2] else size
    return None if match[2] and end <= begin < size else (begin, end)
