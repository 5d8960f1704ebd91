"""What the simulated models are made of: sensors, optics, and what they call themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

TELE = 0
WIDE = 1

NORMAL, DEEP_SKY, SUN_AND_MOON, MILKY_WAY, STAR_TRAILS, SUN, MOON, PLANETS = 1, 2, 3, 4, 5, 8, 9, 10  # modes
SKY_MODES = (DEEP_SKY, MILKY_WAY, STAR_TRAILS)
SOLAR_MODES = (SUN, MOON, PLANETS)
CHILDREN = {SUN_AND_MOON: SUN}  # a parent that is entered lands on this child
SOLAR_PARENT = (SUN_AND_MOON, "Sun and Moon", (2, 3, 4, 5))


@dataclass(frozen=True, slots=True)
class Optics:
    """One camera: sensor pixels, pixel size in µm, focal length in mm, field in degrees as it tells it."""

    sensor: str
    width: int
    height: int
    pixel_um: float
    focal_mm: float
    h_fov: float
    v_fov: float


@dataclass(frozen=True, slots=True)
class Profile:
    """One model. `tables` names the model whose exposures and gains it has.

    `sky_filters` are those that newer firmware offers under the stars.
    """

    device_id: int
    config_name: str
    card_root: str
    photo_prefix: str
    ble_prefix: str
    ble_service: str
    firmware_v2: tuple[int, int, int]
    firmware_v3: tuple[int, int, int]
    tele: Optics
    wide: Optics
    preview: tuple[int, int]
    total_gb: int
    filters: tuple[tuple[int, str], ...]
    sky_filters: tuple[int, ...]
    modes: tuple[tuple[int, str, tuple[int, ...]], ...]
    tables: str

    def optics(self, camera: int) -> Optics:
        """Return the camera's optics: 0 tele, 1 wide."""
        return self.wide if camera == WIDE else self.tele


_COMMON_MODES: tuple[tuple[int, str, tuple[int, ...]], ...] = (
    (1, "Normal", (1, 3, 4, 5)),
    (2, "Deep sky", (2,)),
    (8, "Sun", (2, 3, 4, 5)),
    (9, "Moon", (2, 3, 4, 5)),
    (10, "Planet", (2, 3, 4, 5)),
)
_STAR_MODES: tuple[tuple[int, str, tuple[int, ...]], ...] = (
    (4, "Milky Way", (2, 5)),
    (5, "Star trails", (2,)),
)

PROFILES: dict[str, Profile] = {
    "D2": Profile(
        device_id=1,
        config_name="DWARF II",
        card_root="DWARF_II",
        photo_prefix="DWARF",
        ble_prefix="DWARF_",
        ble_service="0000daf2-0000-1000-8000-00805f9b34fb",
        firmware_v2=(2, 1, 6),
        firmware_v3=(2, 2, 18),
        tele=Optics("IMX415", 3840, 2160, 1.45, 100.0, 3.188, 1.794),
        wide=Optics("GC2053", 1920, 1080, 2.8, 6.7, 38.9, 22.4),
        preview=(1280, 720),
        total_gb=58,
        filters=((0, "Cut"), (1, "Pass")),
        sky_filters=(0, 1),
        modes=_COMMON_MODES,
        tables="D2",
    ),
    "D3": Profile(
        device_id=2,
        config_name="DWARF3",
        card_root="DWARF3",
        photo_prefix="DWARF3",
        ble_prefix="DWARF3_",
        ble_service="0000daf3-0000-1000-8000-00805f9b34fb",
        firmware_v2=(1, 0, 18),
        firmware_v3=(1, 5, 2),
        tele=Optics("IMX678", 3840, 2160, 2.0, 150.0, 2.95, 1.66),
        wide=Optics("IMX415", 1920, 1080, 2.9, 6.7, 43.3, 24.9),
        preview=(1920, 1080),
        total_gb=113,
        filters=((0, "VIS"), (1, "Astro"), (2, "Duo-Band")),
        sky_filters=(1, 2),
        modes=_COMMON_MODES + _STAR_MODES,
        tables="D3",
    ),
    "mini": Profile(
        device_id=4,
        config_name="DWARF MINI",
        card_root="DWARF_mini",
        photo_prefix="DWARF_mini",
        ble_prefix="DWARF_mini_",
        ble_service="0000daf4-0000-1000-8000-00805f9b34fb",
        firmware_v2=(1, 0, 2),
        firmware_v3=(1, 1, 3),
        tele=Optics("IMX662", 1920, 1080, 2.9, 150.0, 2.14, 1.20),
        wide=Optics("OS02K10", 1920, 1080, 2.9, 6.7, 43.3, 24.9),
        preview=(1920, 1080),
        total_gb=58,
        filters=((1, "Astro"), (2, "Duo-Band")),
        sky_filters=(1, 2),
        modes=_COMMON_MODES + _STAR_MODES,
        tables="mini",
    ),
}

# Telescopes of which nobody has published a message: what they would be like if they were like these.
PROFILES |= {
    "D3 Plus": replace(
        PROFILES["D3"],
        device_id=3,
        config_name="DWARF 3 PLUS",
        card_root="DWARF3_PLUS",
        ble_prefix="DWARF3P_",
    ),
    "foreign": replace(
        PROFILES["mini"], device_id=9, config_name="STARGAZER", card_root="STARGAZER", ble_prefix="STARGAZER_"
    ),
}
