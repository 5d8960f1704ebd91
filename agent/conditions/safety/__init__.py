"""Weather and safety, fail closed: inputs, mappings, sources, and the monitor that decides."""

from agent.conditions.safety.aggregator import SafetyConfigError, SafetyMonitor
from agent.conditions.safety.inputs import Reading, UnreadableInputError, read_heartbeat
from agent.conditions.safety.mapping import MappingError, SafeWhen
from agent.conditions.safety.sources import EntitySource, HeartbeatSource, SafetySource, TopicSource

__all__ = [
    "EntitySource",
    "HeartbeatSource",
    "MappingError",
    "Reading",
    "SafeWhen",
    "SafetyConfigError",
    "SafetyMonitor",
    "SafetySource",
    "TopicSource",
    "UnreadableInputError",
    "read_heartbeat",
]
