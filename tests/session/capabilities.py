"""Two small telescope models, so that these tests need no driver."""

from __future__ import annotations

from agent.capabilities import Binning, Camera, CameraCapabilities, Capabilities, Exposure, Filter

_SECONDS = {"1/100": 0.01, "1/30": 1 / 30, "1/5": 0.2, "0.4": 0.4, "1": 1.0, "5": 5.0, "10": 10.0, "15": 15.0}
_LONG = {"30": 30.0, "60": 60.0}


def _exposures(table: dict[str, float]) -> tuple[Exposure, ...]:
    return tuple(Exposure(name, seconds, 3 * index) for index, (name, seconds) in enumerate(table.items()))


BIG = Capabilities(
    model="D3",
    cameras={
        Camera.TELE: CameraCapabilities(
            exposures=_exposures(_SECONDS | _LONG),
            gains=tuple(range(0, 250, 10)),
            filters=(Filter(0, "VIS"), Filter(1, "Astro"), Filter(2, "Duo-Band")),
            binnings=(Binning(0, "4k"), Binning(1, "2k")),
        ),
        Camera.WIDE: CameraCapabilities(exposures=_exposures(_SECONDS), gains=tuple(range(0, 250, 10))),
    },
)
"""Everything: filters, binning, a wide camera."""

SMALL = Capabilities(
    model="D2",
    cameras={
        Camera.TELE: CameraCapabilities(
            exposures=_exposures({"1/30": 1 / 30, "0.8": 0.8, "5": 5.0, "15": 15.0}),
            gains=(0, 30, 60, 90),
            filters=(Filter(0, "Cut"),),
            formats=(),
            min_count=2,
        ),
    },
    lacks=frozenset({"eq_solving", "power_down"}),
)
"""Little: one camera, few values, no binning, no alignment check."""
