"""Whether the cap is on the lens, remembered between the lives of the agent."""

from __future__ import annotations

from agent.execute.cap import Cap
from agent.station.state_file import StateFile

_KEY = "capped"


def kept_cap(state: StateFile) -> Cap:
    """Return the cap as it was known last; what becomes known is kept."""
    return Cap(on=state.get(_KEY) is True, keep=lambda on: state.set(**{_KEY: on}))
