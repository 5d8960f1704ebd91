"""What differs between the two generations of firmware, as one interface. Nothing else asks which it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.targets import Site, SolarTarget
from agent.telescope.dwarf.channel import Channel
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.interface import CameraSettings

# Numbers the telescope gives to bodies of the solar system.
SOLAR_INDEX = {
    "mercury": 1,
    "venus": 2,
    "mars": 3,
    "jupiter": 4,
    "saturn": 5,
    "uranus": 6,
    "neptune": 7,
    "moon": 8,
    "sun": 9,
}


class Dialect(ABC):
    """One generation's way of saying things, with what it learnt on the present connection."""

    generation: ClassVar[Generation]
    minor_version: ClassVar[int]  # of the envelope
    calibration_reports_result: ClassVar[bool]  # success is a notification of its own
    focus_reports_states: ClassVar[bool]  # the answer to a focus search may come before its end
    one_count: ClassVar[bool]  # both cameras share one frame count
    single_client: ClassVar[bool]  # a connected client keeps others away; there is no lock to ask for

    @abstractmethod
    def reset(self) -> None:
        """Forget what holds for one connection only."""

    @abstractmethod
    async def query(self, device: Channel) -> Snapshot | None:
        """Ask what the telescope does now; None when it does not say. The state hears of it as usual."""

    @abstractmethod
    async def enter(self, device: Channel, camera: Camera) -> None:
        """Make the camera ready for settings, pointing and captures."""

    @abstractmethod
    async def apply(self, device: Channel, camera: Camera, settings: CameraSettings) -> None:
        """Set every setting that is not None."""

    @abstractmethod
    async def read(self, device: Channel, camera: Camera) -> CameraSettings:
        """Read the settings back; what the telescope does not tell is None."""

    @abstractmethod
    async def set_location(self, device: Channel, site: Site) -> None:
        """Tell the telescope where it stands, if it wants to know."""

    @abstractmethod
    def calibrate(self, site: Site | None) -> Message | None:
        """The request for a calibration; without a site the telescope uses the one it has."""

    @abstractmethod
    async def start_capture(self, device: Channel, camera: Camera, *, force: bool) -> Message | None:
        """The request for a capture; `force` goes on despite warnings about darks or a missing goto."""

    @abstractmethod
    def must_force(self, code: int) -> bool:
        """Whether a capture refused with this warning can be started with `force`."""

    @abstractmethod
    def park_pitch(self, model: str) -> float:
        """The pitch in degrees at which that model is parked."""

    @staticmethod
    def solar_index(target: SolarTarget) -> int:
        """The telescope's number for a body of the solar system."""
        return SOLAR_INDEX[target.body.value]
