"""Two sessions on a telescope that never answers one of its commands, or never tells one of its news."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.telescope.simulator import Habits
from agent.telescope.simulator.clients import Client
from tests.app.conftest import Observatory, session
from tests.app.test_every_firmware_on_the_wire import TELE, first, nights
from tests.support.tables import every

# 13000 is not among them: with a wrong clock nothing it does could be trusted.
ANSWERS = (
    *(11000, 11001, 11002, 11004, 11005, 11006, 11010, 11016, 11017, 11050, 15004),
    *(16402, 16403, 16404, 16405, 16700, 16701, 16703, 13001, 13010, 16102, 10050, 12036),
)
NEWS = (
    *(15201, 15202, 15203, 15208, 15209, 15210, 15211, 15212, 15223, 15230, 15234, 15255, 15256, 15257),
    *(15262, 15264, 15267, 15269, 15270, 15278, 15288, 15292),
)


def shot(place: Observatory, *faults: str, **simulated: Any) -> list[tuple[str, int]]:
    documents = first("D3"), session(setup_camera=TELE)
    results, _, frames = nights(place, "D3", Habits(), *documents, faults=faults, **simulated)
    assert len(frames) == 23, [one["message"] for one in results]
    return [(one["result"], one["frames"]["taken"]) for one in results]


@pytest.mark.parametrize("command", every(12, ANSWERS))
def test_a_command_that_is_never_answered_costs_no_frame(
    observatory: Callable[..., Observatory], command: int
) -> None:
    silent = f"no-answer:command={command},times=0"
    assert shot(observatory(), silent, darks=command != 11050) == [("completed", 13), ("completed", 10)]


@pytest.mark.parametrize("number", every(12, NEWS))
def test_news_that_is_never_told_costs_no_frame(
    observatory: Callable[..., Observatory], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    send = Client.send
    monkeypatch.setattr(
        Client, "send", lambda self, *items: send(self, *[one for one in items if one.cmd != number])
    )
    assert shot(observatory()) == [("completed", 13), ("completed", 10)]
