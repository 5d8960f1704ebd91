"""The command line. Commands import what they need when they run, so that `--help` is there at once."""

from agent.cli.main import main

__all__ = ["main"]
