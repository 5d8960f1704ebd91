"""A Dwarf on the wire, without the telescope: for tests, for the demo, and for anybody's client."""

from agent.telescope.simulator.dwarf import SimulatedDwarf, patient, serve
from agent.telescope.simulator.faults import FAULTS, Fault, FaultError, fault_from_json, parse_fault
from agent.telescope.simulator.options import (
    HTTP_PORT,
    STREAM_PORT,
    WEBSOCKET_PORT,
    Generation,
    SimulatorError,
    SimulatorOptions,
)

__all__ = [
    "FAULTS",
    "HTTP_PORT",
    "STREAM_PORT",
    "WEBSOCKET_PORT",
    "Fault",
    "FaultError",
    "Generation",
    "SimulatedDwarf",
    "SimulatorError",
    "SimulatorOptions",
    "fault_from_json",
    "parse_fault",
    "patient",
    "serve",
]
