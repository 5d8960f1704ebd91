"""Templates become pages: escaped, in the viewer's language, below the viewer's base path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.web import static_files
from agent.web.guard import base_of
from agent.web.words import ENGLISH, Words, preferred, said_in

if TYPE_CHECKING:
    from jinja2 import Environment

THEMES = ("dark", "light", "night")
THEME_COOKIE = "dwarf_theme"
LANGUAGE_COOKIE = "dwarf_language"
_PACK_FROM = 1500  # bytes
_SENTENCES = frozenset({"message", "hint"})
_DOCUMENTS = frozenset({"session", "document"})  # a person's own texts


def page(
    request: web.Request, name: str, t: Words, values: Mapping[str, Any], status: int = 200
) -> web.Response:
    """Render a template as an answer."""
    theme = request.cookies.get(THEME_COOKIE, "")
    static = f"{base_of(request)}/static/{static_files.version()}"
    text = (
        _environment()
        .get_template(name)
        .render(
            t=t,
            base=base_of(request),
            theme=theme if theme in THEMES else THEMES[0],
            static=static,
            **values,
        )
    )
    response = web.Response(text=text, content_type="text/html", charset="utf-8", status=status)
    response.headers["Link"] = f"<{static}/style.css>; rel=preload; as=style"
    if len(text) > _PACK_FROM:
        response.enable_compression()
    return response


def language_of(request: web.Request) -> str:
    """The language to answer in: the one in the address, the chosen one, else what the browser asks for."""
    chosen = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    return preferred(request.headers.get("Accept-Language", ""), chosen)


def answer(request: web.Request, body: Any, status: int = 200) -> web.Response:
    """Answer with JSON, its messages and hints in the language that is asked for."""
    language = language_of(request)
    told = body if language == ENGLISH else _told(body, language)
    return web.json_response(
        told, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False, default=str)
    )


def _told(body: Any, language: str) -> Any:
    if isinstance(body, list | tuple):
        return [_told(one, language) for one in body]
    if not isinstance(body, Mapping):
        return body
    return {
        key: said_in(language, value)
        if key in _SENTENCES and isinstance(value, str)
        else value
        if key in _DOCUMENTS
        else _told(value, language)
        for key, value in body.items()
    }


@cache
def _environment() -> Environment:
    from jinja2 import (
        Environment,
        PackageLoader,
        StrictUndefined,
    )  # megabytes that an idle agent does without

    return Environment(
        loader=PackageLoader("agent.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
