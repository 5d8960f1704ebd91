"""The search for any way to the Sun or past the dawn, in hundreds of nights."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import settings

from agent.targets import Site
from tests.app.test_never import Act, cases, check, slowly


@pytest.mark.soak
@pytest.mark.timeout(7200)
@settings(max_examples=400, **slowly)
@cases
def test_no_goto_near_the_sun_nor_a_capture_past_dawn_in_hundreds_of_nights(
    site: Site, start: datetime, allow_sun: bool, told: list[Act]
) -> None:
    check(site, start, allow_sun, told)
