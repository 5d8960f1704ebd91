from __future__ import annotations

import pytest

from tests.contract.stage import KINDS, Contract


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name, scope="session")
def contract(request: pytest.FixtureRequest) -> Contract:
    """The contract, to be kept by each kind of driver."""
    return Contract(request.param)
