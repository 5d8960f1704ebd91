"""The agent put together: one station a telescope, and what they share."""

from agent.app.run import run_agent

__all__ = ["run_agent"]
