"""Each claim of docs/security.md is held by a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
CLAIMS = re.findall(r"`(tests/[\w/]+(?:\.py)?)(?:::(test_\w+))?`", PAGE)


def test_every_test_that_the_review_names_is_there() -> None:
    assert len(CLAIMS) > 30
    for path, test in CLAIMS:
        place = ROOT / path
        assert place.exists(), path
        assert not test or re.search(rf"def {test}\(", place.read_text()), (path, test)


def test_every_claim_about_the_product_names_one() -> None:
    held = PAGE.split("## The telescope's safety")[1].split("## What is not guarded")[0]
    for claim in re.split(r"\n(?=- )", held)[1:]:
        assert "`tests/" in claim, claim
