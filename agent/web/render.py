"""Templates become pages: escaped, in the viewer's language, below the viewer's base path."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.web import static_files
from agent.web.guard import base_of
from agent.web.words import Words

if TYPE_CHECKING:
    from jinja2 import Environment

THEMES = ("dark", "light", "night")
THEME_COOKIE = "dwarf_theme"
LANGUAGE_COOKIE = "dwarf_language"
_PACK_FROM = 1500  # bytes


def page(
    request: web.Request, name: str, t: Words, values: Mapping[str, Any], status: int = 200
) -> web.Response:
    """Render a template as an answer."""
    theme = request.cookies.get(THEME_COOKIE, "")
    text = (
        _environment()
        .get_template(name)
        .render(
            t=t,
            base=base_of(request),
            theme=theme if theme in THEMES else THEMES[0],
            static=f"{base_of(request)}/static/{static_files.version()}",
            **values,
        )
    )
    response = web.Response(text=text, content_type="text/html", charset="utf-8", status=status)
    if len(text) > _PACK_FROM:
        response.enable_compression()
    return response


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
