"""A Dwarf on the wire, without the telescope: for tests, for the demo, and for anybody's client."""

from agent.telescope.simulator.broken_rules import BrokenRule, BrokenRulesError, HardwareRule
from agent.telescope.simulator.dwarf import SimulatedDwarf, clock_for, patient, serve, serve_recording
from agent.telescope.simulator.faults import FAULTS, Fault, FaultError, fault_from_json, parse_fault
from agent.telescope.simulator.habits import HABITS, Habit, HabitError, Habits
from agent.telescope.simulator.options import (
    HTTP_PORT,
    STREAM_PORT,
    WEBSOCKET_PORT,
    Generation,
    SimulatorError,
    SimulatorOptions,
)
from agent.telescope.simulator.replay import Recording, RecordingError, ReplayedDwarf

__all__ = [
    "FAULTS",
    "HABITS",
    "HTTP_PORT",
    "STREAM_PORT",
    "WEBSOCKET_PORT",
    "BrokenRule",
    "BrokenRulesError",
    "Fault",
    "FaultError",
    "Generation",
    "Habit",
    "HabitError",
    "Habits",
    "HardwareRule",
    "Recording",
    "RecordingError",
    "ReplayedDwarf",
    "SimulatedDwarf",
    "SimulatorError",
    "SimulatorOptions",
    "clock_for",
    "fault_from_json",
    "parse_fault",
    "patient",
    "serve",
    "serve_recording",
]
