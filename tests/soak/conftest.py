"""Long runs are about what is kept and counted, not about what the pictures look like."""

from __future__ import annotations

from tests.support.small_pictures import small_pictures

__all__ = ["small_pictures"]
