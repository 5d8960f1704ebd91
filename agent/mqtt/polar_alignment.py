"""The measured polar alignment as the body of its topic."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from agent.afterwards import PolarAlignmentMeasured
from agent.mqtt.bodies import Instant, ShortText
from agent.mqtt.payloads import Payloads


class PolarAlignmentBody(TypedDict):
    """The error in degrees as it was measured last, and which way to turn the mount, and to move it."""

    azimuth_error: float
    altitude_error: float
    turn: Literal["clockwise", "counter-clockwise"]
    lift: Literal["raise", "lower"]
    message: ShortText
    measured_at: Instant


def polar_alignment(payloads: Payloads, event: PolarAlignmentMeasured) -> PolarAlignmentBody:
    """Return the body of one measurement."""
    return {
        "azimuth_error": round(event.azimuth, 3),
        "altitude_error": round(event.altitude, 3),
        "turn": "clockwise" if event.turn == "clockwise" else "counter-clockwise",
        "lift": "raise" if event.lift == "raise" else "lower",
        "message": event.message,
        "measured_at": payloads.stamp(event.at),
    }
