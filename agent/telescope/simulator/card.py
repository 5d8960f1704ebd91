"""The memory card: sessions and photos as records; their files are rendered when somebody asks for them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import datetime

from agent.mosaics import Mosaic
from agent.telescope.simulator import sky
from agent.telescope.simulator.profiles import TELE, Profile

PHOTO = 1
ASTRO = 4
MOUNT = "/sdcard"  # older firmware names the card's place, newer starts at its root
_PHOTO_BYTES = 900_000  # told in listings; photos are rendered only when asked for
_STACKED_BYTES = 1_400_000


@dataclass(slots=True)
class SessionFolder:
    """One capture on the card. `stacked` lists the numbers of the frames that went into the stack."""

    path: str
    camera: int
    target: str
    ra_hours: float | None
    dec_degrees: float | None
    exposure_name: str
    exposure_s: float
    gain: int
    filter_value: int
    filter_name: str
    binning: int
    format: str
    total: int
    begun_at: datetime
    changed_at: datetime
    closed: bool = False
    taken: int = 0
    stacked: list[int] = field(default_factory=list)
    mosaic: Mosaic | None = None

    def frame_name(self, number: int) -> str:
        """Return the file name of one frame, counted from 1."""
        failed = "" if number in self.stacked else "failed_"
        exposure = self.exposure_name.replace("/", "-")
        base = f"{safe_name(self.target)}_{exposure}s{self.gain}_{self.filter_name}"
        suffix = "tiff" if self.format == "TIFF" else "fits"
        return f"{failed}{base}_{self.begun_at:%Y%m%d-%H%M%S}_{number:04d}.{suffix}"


@dataclass(slots=True)
class Photo:
    """One single picture on the card."""

    path: str
    camera: int
    taken_at: datetime


def safe_name(target: str) -> str:
    """Return a target's name as a part of a path."""
    return "".join("-" if one in '/\\:*?"<>|' or ord(one) < 32 else one for one in target) or "unknown"


class Card:
    """What the card holds. Paths begin with /sdcard/<root>, or with /<root> on newer firmware."""

    def __init__(self, profile: Profile, seed: int, *, mounted: bool = True) -> None:
        self._profile = profile
        self._seed = seed
        self.root = f"{MOUNT if mounted else ''}/{profile.card_root}"
        self.sessions: list[SessionFolder] = []
        self.photos: list[Photo] = []

    # -- writing ----------------------------------------------------------------------------------------

    def open(self, folder: SessionFolder) -> None:
        """Begin a session's folder."""
        self.sessions.append(folder)

    def folder_name(self, camera: int, target: str, exposure: str, gain: int, when: datetime) -> str:
        """Return the path of a new session's folder."""
        lens = "TELE" if camera == TELE else "WIDE"
        safe = safe_name(target)
        stamp = f"{when:%Y-%m-%d-%H-%M-%S}-{when.microsecond // 1000:03d}"
        name = f"DWARF_RAW_{lens}_{safe}_EXP_{exposure.replace('/', '-')}_GAIN_{gain}_{stamp}"
        return f"{self.root}/Astronomy/{name}"

    def frame(self, folder: str, number: int, *, stacked: bool, when: datetime) -> None:
        """Write one frame."""
        session = self.session(folder)
        if session is None:
            return
        session.taken = number
        session.changed_at = when
        if stacked:
            session.stacked.append(number)

    def close(self, folder: str, when: datetime) -> None:
        """Close a session's folder."""
        session = self.session(folder)
        if session is not None:
            session.closed, session.changed_at = True, when

    def photo(self, camera: int, when: datetime) -> str:
        """Write a photo and return its path."""
        lens = "TELE" if camera == TELE else "WIDE"
        stamp = f"{when:%Y-%m-%d-%H-%M-%S}-{when.microsecond // 1000:03d}"
        path = f"{self.root}/Normal_Photos/{self._profile.photo_prefix}_{lens}_{stamp}.jpg"
        self.photos.append(Photo(path, camera, when))
        return path

    def delete(self, path: str) -> bool:
        """Delete a photo or a whole session by its path (or by a file of it); false when there is none."""
        for photo in self.photos:
            if photo.path == path:
                self.photos.remove(photo)
                return True
        for session in self.sessions:
            if path == session.path or path.startswith(session.path + "/"):
                self.sessions.remove(session)
                return True
        return False

    # -- reading ----------------------------------------------------------------------------------------

    def session(self, path: str) -> SessionFolder | None:
        """Return the session of that folder."""
        return next((one for one in self.sessions if one.path == path), None)

    def files(self, session: SessionFolder) -> list[str]:
        """Return the paths of a session's files, frames in the order they were taken."""
        frames = [f"{session.path}/{session.frame_name(number)}" for number in range(1, session.taken + 1)]
        if not session.stacked:
            return frames
        extras = ("stacked.jpg", "stacked_thumbnail.jpg", "shotsInfo.json")
        return frames + [f"{session.path}/{name}" for name in extras]

    def size(self, path: str) -> int:
        """Return the size a listing tells for a file: exact for FITS frames, about right for the rest."""
        if path.endswith(".fits"):
            session = self.session(path.rpartition("/")[0])
            if session is not None:
                optics, halved = self._profile.optics(session.camera), 2 if session.binning else 1
                return sky.fits_bytes(optics.width // halved, optics.height // halved)
        return _PHOTO_BYTES if "/Normal_Photos/" in path else _STACKED_BYTES

    def read(self, path: str) -> tuple[bytes, str] | None:
        """Render a file: bytes and content type; None when the card has no such file."""
        for photo in self.photos:
            if photo.path == path:
                field_seed = sky.field_seed(f"landscape {photo.path}", self._seed)
                picture = sky.picture(field_seed, self._profile.preview, depth=1)
                return sky.jpeg(picture), "image/jpeg"
        for session in self.sessions:
            if path.startswith(session.path + "/"):
                return self._read_session(session, path.removeprefix(session.path + "/"))
        return None

    def folder(self, path: str) -> list[str]:
        """Return the names in a folder, those of folders with a slash; empty when there is no such folder."""
        within = path.rstrip("/") + "/"
        kept = [file for session in self.sessions for file in (f"{session.path}/", *self.files(session))]
        kept += [photo.path for photo in self.photos]
        found = (one.removeprefix(within) for one in kept if one.startswith(within) and one != within)
        parts = (name.partition("/") for name in found)
        return sorted({f"{first}{slash}" for first, slash, _ in parts})

    def preview(self, camera: int, target: str, depth: int) -> bytes:
        """Render what the camera sees now as JPEG; `depth` is the number of stacked frames."""
        return sky.jpeg(
            sky.picture(sky.field_seed(f"{camera} {target}", self._seed), (640, 360), max(1, depth))
        )

    def _read_session(self, session: SessionFolder, name: str) -> tuple[bytes, str] | None:
        seed = sky.field_seed(f"{session.camera} {session.target}", self._seed)
        if name == "shotsInfo.json" and session.stacked:
            return json.dumps(self.shots_info(session), ensure_ascii=False).encode(), "application/json"
        if name in ("stacked.jpg", "stacked_thumbnail.jpg") and session.stacked:
            size = self._profile.preview if name == "stacked.jpg" else (320, 180)
            return sky.jpeg(sky.picture(seed, size, len(session.stacked))), "image/jpeg"
        for number in range(1, session.taken + 1):
            if session.frame_name(number) == name:
                return self._frame(session, seed, number)
        return None

    def _frame(self, session: SessionFolder, seed: int, number: int) -> tuple[bytes, str]:
        optics = self._profile.optics(session.camera)
        halved = 2 if session.binning else 1
        size = (optics.width // halved, optics.height // halved)
        pixels = sky.raw_frame(seed, size, number)
        if session.format == "TIFF":
            stream = io.BytesIO()
            sky.unsigned(pixels).save(stream, "TIFF")
            return stream.getvalue(), "image/tiff"
        header: dict[str, str | int | float | bool] = {
            "OBJECT": session.target,
            "EXPTIME": session.exposure_s,
            "GAIN": session.gain,
            "FILTER": session.filter_name,
            "DATE-OBS": f"{session.begun_at:%Y-%m-%dT%H:%M:%S}",
            "XBINNING": halved,
            "YBINNING": halved,
            "BAYERPAT": "RGGB",
            "TELESCOP": self._profile.config_name,
            "INSTRUME": optics.sensor,
            "FOCALLEN": optics.focal_mm,
            "XPIXSZ": optics.pixel_um * halved,
            "YPIXSZ": optics.pixel_um * halved,
        }
        if session.ra_hours is not None and session.dec_degrees is not None:
            header |= {"RA": session.ra_hours * 15, "DEC": session.dec_degrees}
        return sky.fits(pixels, header), "image/fits"

    def shots_info(self, session: SessionFolder) -> dict[str, object]:
        """Return what the card's own note of a session says."""
        return {
            "target": session.target,
            "RA": session.ra_hours,
            "DEC": session.dec_degrees,
            "exp": session.exposure_name,
            "gain": session.gain,
            "ir": session.filter_name,
            "binning": "2*2" if session.binning else "1*1",
            "format": session.format,
            "shotsToTake": session.total,
            "shotsTaken": session.taken,
            "shotsStacked": len(session.stacked),
        }
