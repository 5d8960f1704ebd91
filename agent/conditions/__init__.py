"""Whether a session may run now: conditions, the Sun guard, and the weather."""

from agent.conditions.condition_set import (
    ConditionConfigError,
    ConditionDefaults,
    ConditionSet,
)
from agent.conditions.moment import (
    Decision,
    Link,
    Moment,
    Rule,
    Verdict,
    Window,
)
from agent.conditions.sun_guard import SunLimitError, capture_deadline, first_danger, permit_goto

__all__ = [
    "ConditionConfigError",
    "ConditionDefaults",
    "ConditionSet",
    "Decision",
    "Link",
    "Moment",
    "Rule",
    "SunLimitError",
    "Verdict",
    "Window",
    "capture_deadline",
    "first_danger",
    "permit_goto",
]
