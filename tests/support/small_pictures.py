"""Small pictures for tests of whole nights: rendering and shrinking full ones took most of their time."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from agent.telescope.simulator import sky

_SIZE = (96, 54)


@pytest.fixture(autouse=True)
def small_pictures() -> Iterator[None]:
    """Let simulated telescopes serve pictures that an agent passes on as they are."""
    full = sky.picture
    with patch.object(sky, "picture", lambda seed, _size, depth: full(seed, _SIZE, depth)):
        yield
