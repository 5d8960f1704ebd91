"""What the tests in a running Home Assistant share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.homeassistant.evening import Evening, an_evening


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    """An owner's evening."""
    async with an_evening(tmp_path) as one:
        yield one
