"""Whether a session may run now: conditions, the Sun guard, and the weather."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.conditions.condition_set import ConditionSet
    from agent.conditions.moment import Link, Moment, Window
    from agent.conditions.requirements import ConditionConfigError, ConfiguredConditions, Requirements
    from agent.conditions.sun_guard import SunLimitError, capture_deadline, first_danger, permit_goto

__all__ = [
    "ConditionConfigError",
    "ConditionSet",
    "ConfiguredConditions",
    "Link",
    "Moment",
    "Requirements",
    "SunLimitError",
    "Window",
    "capture_deadline",
    "first_danger",
    "permit_goto",
]

_FILES = {
    "condition_set": ("ConditionSet",),
    "moment": ("Link", "Moment", "Window"),
    "requirements": ("ConditionConfigError", "ConfiguredConditions", "Requirements"),
    "sun_guard": ("SunLimitError", "capture_deadline", "first_danger", "permit_goto"),
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what judges when it is asked for: settings only name conditions, and need no sky."""
    if name not in _FILE_OF:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
