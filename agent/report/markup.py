"""Texts of strangers on a night's page."""

from __future__ import annotations

import html

from agent.text import printable


def as_html(text: object) -> str:
    """Return a text that anybody may have written as one printable line of HTML, escaped."""
    return html.escape(printable(" ".join(str(text).splitlines())), quote=True)
