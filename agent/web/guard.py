"""What every request passes before anything looks at it, and what every answer carries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from agent.clock import Clock
from agent.errors import AgentError
from agent.json_in import MAX_BYTES, JsonError, read_json
from agent.text import escaped
from agent.web.door import Door
from agent.web.password import Buckets

_LOGGER = logging.getLogger(__name__)

MAX_BODY = MAX_BYTES
BODY_S = 10.0  # a body takes no longer to come in
HEAD_S = 35.0  # a connection that asks for nothing for so long is closed
COOKIE = "dwarf_page"
DOOR: web.AppKey[Door] = web.AppKey("door", Door)
CLOCK: web.AppKey[Clock] = web.AppKey("clock", Clock)  # by which cookies are given and looked at

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
)
_DOCUMENT = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_OPEN = ("/sign-in", "/static/", "/manifest.webmanifest", "/icon.png")
_WATCH = "/watch"
CALENDAR = "/calendar.ics"


class Refusal(web.HTTPException):
    """A request that is not looked at, with a sentence."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        self.status_code = status
        super().__init__(text=message)
        self.code = code
        self.message = message
        self.hint = hint


def guard(door: Door, clock: Clock) -> Middleware:
    """Return the middleware that lets in who may come in."""
    asked = Buckets(120, 0.05, clock.monotonic)
    changed = Buckets(30, 0.5, clock.monotonic)

    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = request.remote or ""
        safe = request.method in ("GET", "HEAD")
        invited = safe and request.path == CALENDAR and door.fits_calendar(request.query.get("key", ""))
        if not (door.lets_in(peer) or invited):
            raise Refusal(403, "not_allowed", "This page is a panel of Home Assistant; open it there.")
        if not door.is_called(request.headers.get("Host", "")):
            raise Refusal(
                421, "not_allowed", "This page is not known by that name.", "Add the name to page_names."
            )
        if door.is_embedded(request.headers) if safe else not door.comes_from_here(request.headers):
            raise Refusal(403, "not_allowed", "Another site's page may not do that.")
        if not asked.take(peer) or not (safe or changed.take(peer)):
            raise Refusal(429, "busy", "Too many requests.", "Wait a moment.")
        if not (invited or await signed_in(door, request) or _is_open(door, request.path)):
            if request.path == CALENDAR:
                hint = "Copy the whole link from the page's settings."
                raise Refusal(401, "not_allowed", "The calendar's key is missing or wrong.", hint)
            if request.path.startswith("/api/") or not safe:
                raise Refusal(
                    401, "not_allowed", "The password is missing or wrong.", "Send it as a bearer token."
                )
            raise web.HTTPFound(f"{base_of(request)}/sign-in")
        return await handler(request)

    return look


def base_of(request: web.Request) -> str:
    """The path below which the browser sees the page."""
    return request.app[DOOR].base(request.headers)


def who(request: web.Request) -> str:
    """Who asks, for the log."""
    return request.app[DOOR].user(request.headers, request.remote or "")


async def signed_in(door: Door, request: web.Request) -> bool:
    """Whether who asks has shown the password, by cookie or as a bearer token; true where none is needed."""
    password = door.password
    if password is None or door.gateway:
        return True
    if password.knows(request.cookies.get(COOKIE, ""), request.app[CLOCK].now().timestamp()):
        return True
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and bool(token) and await check_password(request, token)


TRIES: web.AppKey[Buckets] = web.AppKey("tries", Buckets)
ALL_TRIES: web.AppKey[Buckets] = web.AppKey("all_tries", Buckets)


async def check_password(request: web.Request, tried: str) -> bool:
    """Try a password, as often as tries are allowed; Refusal beyond that."""
    password = request.app[DOOR].password
    peer = request.remote or ""
    if password is None:
        return True
    if not (request.app[TRIES].take(peer) and request.app[ALL_TRIES].take("")):
        raise Refusal(429, "busy", "Too many wrong passwords.", "Wait a minute.")
    if await asyncio.to_thread(password.fits, tried[:256]):
        request.app[TRIES].give_back(peer)
        request.app[ALL_TRIES].give_back("")
        return True
    _LOGGER.warning("Page: a wrong password from %s", escaped(peer, 64))
    return False


def _is_open(door: Door, path: str) -> bool:
    return path.startswith(_OPEN) or (door.watch and (path == _WATCH or path.startswith(f"{_WATCH}/")))


def document_policy(request: web.Request) -> str:
    """Return what a whole document of the agent's may do, which brings its own style: be looked at."""
    return f"{_DOCUMENT}; frame-ancestors {_frames(request)}"


def _frames(request: web.Request) -> str:
    return "'self'" if request.app[DOOR].gateway else "'none'"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put on an answer what keeps a browser from doing more with it than show it."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _POLICY.format(frames=_frames(request)))
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("Server", None)


async def body_of(request: web.Request) -> bytes:
    """Read a body; Refusal when it is too large or too slow."""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise Refusal(408, "timeout", "The body took too long.") from None
    except web.HTTPRequestEntityTooLarge:
        raise Refusal(
            413, "too_large", f"The body is larger than {request.client_max_size // 1024} kB."
        ) from None


async def json_body(request: web.Request) -> bytes:
    """Read a JSON body; Refusal for another kind, which is what a foreign page's form could send."""
    if request.content_type != "application/json":
        raise Refusal(415, "invalid", "The body must be application/json.")
    return await body_of(request)


def json_object(payload: bytes, unreadable: str, other: str) -> dict[str, Any]:
    """Read a JSON object; AgentError, in the words for what is no JSON and for what is another value."""
    try:
        body = read_json(payload, max_bytes=len(payload))  # which were read: no more than were wanted
    except JsonError as error:
        raise AgentError(f"{unreadable}: {error.message}", code="invalid") from None
    if not isinstance(body, dict):
        raise AgentError(other, code="invalid")
    return body


def error_body(error: Exception) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON body of what went wrong."""
    match error:
        case Refusal():
            status, code, message, hint = error.status_code, error.code, error.message, error.hint
        case web.HTTPException():
            status, code, message, hint = error.status, "invalid", _WORDS.get(error.status, "No."), ""
        case AgentError():
            status, code, message, hint = 409, error.code, error.message, error.hint
        case _:
            _LOGGER.error("Page: a request met a defect", exc_info=error)
            status, code, hint = 500, "failed", ""
            message = "The agent met a defect; its log has the details."
    return status, {"status": "error", "code": code, "message": message, "hint": hint}


_WORDS = {404: "There is no such thing here.", 405: "That is not how it is asked for."}
