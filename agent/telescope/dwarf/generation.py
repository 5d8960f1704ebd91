"""What differs between the two generations of firmware, as one interface. Nothing else asks which it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.mosaics import Mosaic
from agent.targets import Site, SkyTarget, SolarTarget
from agent.telescope.dwarf.channel import Channel
from agent.telescope.dwarf.media import AlbumQuestion
from agent.telescope.dwarf.state import Snapshot
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.errors import RefusedError
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


def no_own_mosaic(model: str) -> RefusedError:
    """The error for a mosaic that the telescope would have to make by itself."""
    return RefusedError(
        f"This {model} makes no mosaics by itself.",
        code="no_own_mosaic",
        hint="Let each pane be a session of its own.",
    )


class Dialect(ABC):
    """One generation's way of saying things, with what it learnt on the present connection."""

    generation: ClassVar[Generation]
    minor_version: ClassVar[int]  # of the envelope
    calibration_reports_result: ClassVar[bool]  # success is a notification of its own
    focus_reports_states: ClassVar[bool]  # the answer to a focus search may come before its end
    exacting_mount: ClassVar[bool]  # calibrates from standstill only, and aligns freshly focused only
    one_count: ClassVar[bool]  # both cameras share one frame count
    single_client: ClassVar[bool]  # a connected client keeps others away; there is no lock to ask for
    own_schedule: ClassVar[bool]  # the telescope keeps schedules and carries them out by itself
    holds_captures: ClassVar[bool]  # without fitting darks a capture is held until it is told to go on
    stays_busy: ClassVar[bool]  # it calls itself busy for a while after something ended
    go_live: ClassVar[Mapping[Camera, Cmd]]  # what finishes the display of which camera's capture
    fast_stop: ClassVar[Mapping[Camera, Cmd]]  # the last resort against a capture that hears no stop
    album: ClassVar[tuple[AlbumQuestion, ...]]  # how deep-sky sessions may be asked for

    @abstractmethod
    def reset(self) -> None:
        """Forget what holds for one connection only."""

    @abstractmethod
    async def query(self, device: Channel) -> Snapshot | None:
        """Ask what the telescope does now; None when it does not say. The state hears of it as usual."""

    @abstractmethod
    def aim(self, target: SkyTarget | SolarTarget | None) -> None:
        """What is done from now on is for this target; None is wherever the telescope points."""

    @abstractmethod
    async def prepare(self, device: Channel, camera: Camera) -> None:
        """Learn what the camera takes for the target, where that depends on it."""

    @abstractmethod
    def went_live(self, device: Channel) -> None:
        """The telescope went back to live view."""

    @abstractmethod
    async def in_place(self, device: Channel) -> bool:
        """Whether the telescope, asked, is in the shooting mode that `enter` brings it to."""

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
        """The request for a capture; `force` goes on without a goto, on some models without darks."""

    def dark_gains(self, device: Channel, camera: Camera, gain: int) -> tuple[int, ...]:  # noqa: ARG002
        """How a displayed gain may have to be told for dark frames, the likeliest first, its index last."""
        return (gain,)

    async def start_mosaic(self, device: Channel, mosaic: Mosaic) -> Message:  # noqa: ARG002
        """The request for a mosaic by the telescope itself; RefusedError where it makes none."""
        raise no_own_mosaic(device.model)

    async def per_pane(self, device: Channel) -> int:  # noqa: ARG002
        """Frames of each pane that the telescope is set to; 0 where it does not say."""
        return 0

    @abstractmethod
    def park_pitch(self, model: str) -> float:
        """The pitch in degrees at which that model is parked."""

    @staticmethod
    def solar_index(target: SolarTarget) -> int:
        """The telescope's number for a body of the solar system."""
        return SOLAR_INDEX[target.body.value]
