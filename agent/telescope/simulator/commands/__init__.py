"""What the telescope does with each request; importing this package fills the table of commands."""

from agent.telescope.simulator.commands import (
    astro,
    camera,
    camera_settings,
    captures,
    darks,
    focus,
    motor,
    parameters,
    schedule,
    system,
    tasks,
    tracking,
)

__all__ = [
    "astro",
    "camera",
    "camera_settings",
    "captures",
    "darks",
    "focus",
    "motor",
    "parameters",
    "schedule",
    "system",
    "tasks",
    "tracking",
]
