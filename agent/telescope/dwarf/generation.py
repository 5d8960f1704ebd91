"""What differs between the two generations of firmware, as one interface. Nothing else asks which it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.targets import Site, SolarTarget
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.interface import CameraSettings

if TYPE_CHECKING:
    from agent.telescope.dwarf.device import Device

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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The telescope's answer to what it is doing. Captures by camera; None is "it did not say"."""

    capturing: dict[Camera, bool] = field(default_factory=dict)
    focusing: bool | None = None
    calibrated: bool | None = None


class Dialect(ABC):
    """One generation's way of saying things, with what it learnt on the present connection."""

    generation: ClassVar[Generation]
    minor_version: ClassVar[int]  # of the envelope
    calibration_reports_result: ClassVar[bool]  # success is a notification of its own
    focus_reports_states: ClassVar[bool]  # the answer to a focus search may come before its end
    one_count: ClassVar[bool]  # both cameras share one frame count
    single_client: ClassVar[bool]  # a connected client keeps others away, lock or no lock

    @abstractmethod
    def reset(self) -> None:
        """Forget what holds for one connection only."""

    @abstractmethod
    async def query(self, device: Device) -> Snapshot | None:
        """Ask what the telescope does now; None when it does not say. The state hears of it as usual."""

    @abstractmethod
    async def enter(self, device: Device, camera: Camera) -> None:
        """Make the camera ready for settings, pointing and captures."""

    @abstractmethod
    async def apply(self, device: Device, camera: Camera, settings: CameraSettings) -> None:
        """Set every setting that is not None."""

    @abstractmethod
    async def read(self, device: Device, camera: Camera) -> CameraSettings:
        """Read the settings back; what the telescope does not tell is None."""

    @abstractmethod
    async def set_location(self, device: Device, site: Site) -> None:
        """Tell the telescope where it stands, if it wants to know."""

    @abstractmethod
    def calibrate(self, site: Site | None) -> Message | None:
        """The request for a calibration; without a site the telescope uses the one it has."""

    @abstractmethod
    async def start_capture(self, device: Device, camera: Camera, *, force: bool) -> Message | None:
        """The request for a capture; `force` goes on despite warnings about darks or a missing goto."""

    @abstractmethod
    def must_force(self, code: int) -> bool:
        """Whether a capture refused with this warning can be started with `force`."""

    @staticmethod
    def solar_index(target: SolarTarget) -> int:
        """The telescope's number for a body of the solar system."""
        return SOLAR_INDEX[target.body.value]
