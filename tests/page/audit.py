"""What a person who cannot see well, or at all, needs of a page: measured in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_SCRIPT = (Path(__file__).with_name("audit.js")).read_text(encoding="utf-8")


def audit(page: Any) -> list[str]:
    """Return what is wrong, in words."""
    found: list[str] = page.evaluate(_SCRIPT)
    return found
