"""The agent put together: one station a telescope, and what they share."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.app.run import run_agent

__all__ = ["run_agent"]


def __getattr__(name: str) -> Any:
    """Import what runs the agent when it is asked for: `validate` needs none of it."""
    if name == "run_agent":
        from agent.app.run import run_agent

        return run_agent
    raise AttributeError(name)
