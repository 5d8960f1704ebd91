"""The plan of a night: which session has the telescope when, and why. Values in, values out.

`make_plan` is the one answer to that question; what is printed, published and carried out are its plans.
"""

from agent.planner.make import make_plan
from agent.planner.plan import Block, Left, PlannedNight, Wait
from agent.planner.request import Exposures, Place, Request, Running, request_of, shape_of
from agent.planner.reuse import Valid

__all__ = [
    "Block",
    "Exposures",
    "Left",
    "Place",
    "PlannedNight",
    "Request",
    "Running",
    "Valid",
    "Wait",
    "make_plan",
    "request_of",
    "shape_of",
]
