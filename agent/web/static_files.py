"""Style sheet, scripts and pictures: read once, named by their content, so that browsers may keep them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from aiohttp import web

_KEEP = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".png": "image/png", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    data: bytes
    packed: bytes | None
    content_type: str
    tag: str


@cache
def static_file(name: str) -> StaticFile | None:
    """Return a file of `static/`."""
    entry = files(__package__) / "static" / name
    if "/" in name or name.startswith(".") or not entry.is_file():
        return None
    data = entry.read_bytes()
    suffix = name[name.rfind(".") :]
    content_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(data, mtime=0) if content_type.startswith("text/") else None
    return StaticFile(data, packed, content_type, hashlib.sha256(data).hexdigest()[:10])


@cache
def version() -> str:
    """Return one word for all files together: modules import each other by plain names."""
    names = sorted(entry.name for entry in (files(__package__) / "static").iterdir())
    tags = [found.tag for name in names if (found := static_file(name)) is not None]
    return hashlib.sha256("".join(tags).encode()).hexdigest()[:10]


async def serve(request: web.Request) -> web.Response:
    """Answer with a file."""
    return answer(request, request.match_info["name"])


def answer(request: web.Request, name: str) -> web.Response:
    """Answer with the file of that name."""
    found = static_file(name)
    if found is None:
        raise web.HTTPNotFound
    packs = found.packed is not None and "gzip" in request.headers.get("Accept-Encoding", "")
    body = found.packed if packs and found.packed is not None else found.data
    response = web.Response(body=body, headers={"Cache-Control": _KEEP, "Vary": "Accept-Encoding"})
    response.content_type = found.content_type
    if found.content_type.startswith("text/"):
        response.charset = "utf-8"
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    return response
