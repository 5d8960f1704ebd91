"""Whether a session may run now: conditions, the Sun guard, and the weather."""

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
