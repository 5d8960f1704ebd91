"""JSON answers in the telescope's form, and the bodies of its requests."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

_INVALID = -2


def good(data: Any) -> web.Response:
    """Return an answer with data."""
    return web.json_response({"code": 0, "data": data}, dumps=_dumps)


def bad(what: str, code: int = _INVALID) -> web.Response:
    """Return a refusal."""
    return web.json_response({"code": code, "message": what, "data": None})


async def body_of(request: web.Request) -> dict[str, Any]:
    """Return the JSON object of a request; an empty one for anything else."""
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
