"""Dark frames that the telescope may still be taking; some firmware tells nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.capabilities import Camera
from agent.telescope.interface import Telescope


def _forget(_cameras: frozenset[Camera]) -> None:
    """Keep nothing."""


class DarksUnderWay:
    """Owner of which cameras may take darks; `keep` writes it down, for they outlive the agent."""

    def __init__(
        self, cameras: Iterable[Camera] = (), *, keep: Callable[[frozenset[Camera]], None] = _forget
    ) -> None:
        self._cameras = frozenset(cameras)
        self._keep = keep

    def begin(self, camera: Camera) -> None:
        """A camera is about to take darks."""
        self._are(self._cameras | {camera})

    def over(self, camera: Camera) -> None:
        """They were taken, or stopped."""
        self._are(self._cameras - {camera})

    async def stop(self, telescope: Telescope) -> None:
        """Stop what may have been left: in the dark nothing else is seen."""
        for camera in self._cameras:
            await telescope.stop_darks(camera)
            self.over(camera)

    def _are(self, cameras: frozenset[Camera]) -> None:
        if cameras != self._cameras:
            self._cameras = cameras
            self._keep(cameras)
