"""Every night here is about what the telescope does, not about what its pictures look like."""

from __future__ import annotations

from tests.support.small_pictures import small_pictures

__all__ = ["small_pictures"]
