"""A hook of mkdocs: links that lead out of docs/ lead to the same file at the repository."""

from __future__ import annotations

import posixpath
import re
from typing import Any

_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Return the page with such links changed."""
    folder = posixpath.dirname(page.file.src_uri)
    base = f"{config['repo_url']}/blob/main"

    def led(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", folder, found[1]))
        inside = target.removeprefix("docs/")
        if target.startswith("docs/") and files.get_file_from_path(inside) is not None:
            return found[0]
        return f"]({base}/{target}{found[2] or ''})"

    return _LINK.sub(led, markdown)
