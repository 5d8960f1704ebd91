"""The memory card: sessions and photos as records; their files are rendered when somebody asks for them."""

from __future__ import annotations

import io
import json
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.mosaics import Mosaic
from agent.telescope.simulator import sky
from agent.telescope.simulator.profiles import TELE, Profile

PHOTO = 1
ASTRO = 4
_NUMBER = re.compile(r"_(\d{4})\.(?:fits|tiff|jpg)$")
MOUNT = "/sdcard"  # older firmware names the card's place, newer starts at its root
_PHOTO_BYTES = 900_000  # told in listings; photos are rendered only when asked for
_STACKED_BYTES = 1_400_000
_KEPT = 2  # rendered files: one that is fetched in pieces is the same in each of them


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
    written: dict[int, datetime] = field(default_factory=dict)  # when each frame was
    mosaic: Mosaic | None = None

    def frame_name(self, number: int) -> str:
        """Return the file name of one frame, counted from 1."""
        failed = "" if number in self.stacked else "failed_"
        suffix = "tiff" if self.format == "TIFF" else "fits"
        return f"{failed}{self._base}_{self.begun_at:%Y%m%d-%H%M%S}_{number:04d}.{suffix}"

    def thumbnail_name(self, number: int) -> str:
        """Return the name of one frame's small picture, in a folder of its own."""
        return f"Thumbnail/{self.frame_name(number).rpartition('.')[0]}.jpg"

    def number_of(self, path: str) -> int:
        """Return which frame a file of it is of, by its path; 0 for what is of no single one."""
        found = _NUMBER.search(path)
        return int(found[1]) if found is not None else 0

    @property
    def stacks(self) -> tuple[str, str]:
        """The names of the stack at full depth: FITS and PNG."""
        name = f"stacked-16_{self._base}_{self.begun_at:%Y%m%d-%H%M%S}"
        return f"{name}.fits", f"{name}.png"

    @property
    def _base(self) -> str:
        exposure = self.exposure_name.replace("/", "-")
        return f"{safe_name(self.target)}_{exposure}s{self.gain}_{self.filter_name}"


@dataclass(slots=True)
class Photo:
    """One single picture on the card."""

    path: str
    camera: int
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class DarkMaster:
    """A stacked dark among the calibration frames of the card."""

    path: str
    camera: int
    binning: int
    written_at: datetime


def safe_name(target: str) -> str:
    """Return a target's name as a part of a path."""
    return "".join("-" if one in '/\\:*?"<>|' or ord(one) < 32 else one for one in target) or "unknown"


class Card:
    """What the card holds. Paths begin with /sdcard/<root>, or with /<root> on newer firmware."""

    def __init__(self, profile: Profile, seed: int, *, mounted: bool = True, bare: bool = False) -> None:
        self._profile = profile
        self._seed = seed
        self._bare = bare  # headers of FITS files say hardly anything
        self.root = f"{MOUNT if mounted else ''}/{profile.card_root}"
        self.sessions: list[SessionFolder] = []
        self.photos: list[Photo] = []
        self.darks: list[DarkMaster] = []
        self._gone: set[str] = set()  # files that were deleted one by one
        self._rewritten: dict[str, int] = {}  # how often each file was written anew
        self._sizes: dict[tuple[str, int, int], int] = {}
        self._rendered: OrderedDict[tuple[str, int, int], tuple[bytes, str]] = OrderedDict()

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
        session.changed_at = session.written[number] = when
        if stacked:
            session.stacked.append(number)

    def close(self, folder: str, when: datetime) -> None:
        """Close a session's folder."""
        session = self.session(folder)
        if session is not None:
            session.closed, session.changed_at = True, when

    def rewrite(self, path: str) -> None:
        """Write a file anew: as long as before, with another content and a later time."""
        self._rewritten[path] = self._rewritten.get(path, 0) + 1

    def photo(self, camera: int, when: datetime) -> str:
        """Write a photo and return its path."""
        lens = "TELE" if camera == TELE else "WIDE"
        stamp = f"{when:%Y-%m-%d-%H-%M-%S}-{when.microsecond // 1000:03d}"
        path = f"{self.root}/Normal_Photos/{self._profile.photo_prefix}_{lens}_{stamp}.jpg"
        self.photos.append(Photo(path, camera, when))
        return path

    def dark(
        self, camera: int, exposure_s: float, gain: int, binning: int, celsius: int, when: datetime
    ) -> str:
        """Write a stacked dark and return its path."""
        name = f"dark_exp_{exposure_s:.6f}_gain_{gain}_bin_{binning + 1}_{celsius}C_stack_10.fits"
        path = f"{self.root}/Astronomy/CALI_FRAME/dark/cam_{camera}/{name}"
        if any(one.path == path for one in self.darks):  # taken anew
            self.darks = [one for one in self.darks if one.path != path]
            self.rewrite(path)
        self.darks.append(DarkMaster(path, camera, binning, when))
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

    def delete_picture(self, path: str) -> bool:
        """Delete nothing but the stacked picture of a session; false when the path is none."""
        found = path.endswith("/stacked.jpg") and self._session_of(path) is not None
        if found:
            self._gone.add(path)
        return found

    # -- reading ----------------------------------------------------------------------------------------

    def session(self, path: str) -> SessionFolder | None:
        """Return the session of that folder."""
        return next((one for one in self.sessions if one.path == path), None)

    def files(self, session: SessionFolder) -> list[str]:
        """Return the paths of a session's files, frames in the order they were taken."""
        frames = [f"{session.path}/{session.frame_name(number)}" for number in range(1, session.taken + 1)]
        if not session.stacked:
            return frames
        extras = ("stacked.jpg", "stacked_thumbnail.jpg", "shotsInfo.json", *session.stacks)
        small = [session.thumbnail_name(number) for number in range(1, session.taken + 1)]
        found = frames + [f"{session.path}/{name}" for name in (*extras, *small)]
        return [path for path in found if path not in self._gone]

    def paths(self) -> list[str]:
        """Return the paths of all files."""
        files = [photo.path for photo in self.photos] + [dark.path for dark in self.darks]
        return files + [path for session in self.sessions for path in self.files(session)]

    def modified(self, path: str) -> datetime:
        """Return when a file was written last."""
        later = timedelta(seconds=self._rewritten.get(path, 0))
        for photo in self.photos:
            if photo.path == path:
                return photo.taken_at + later
        for dark in self.darks:
            if dark.path == path:
                return dark.written_at + later
        session = self._session_of(path)
        assert session is not None, path
        return session.written.get(session.number_of(path), session.changed_at) + later

    def exact_size(self, path: str) -> int:
        """Return a file's size as it is served, found by rendering it where no other way tells."""
        session = self._session_of(path)
        if session is not None and path.endswith(".fits"):
            name = path.removeprefix(session.path + "/")
            return self._fits_size(session, planes=3 if name in session.stacks else 1)
        key = self._key(path)
        if key not in self._sizes:
            found = self.read(path)
            self._sizes[key] = len(found[0]) if found is not None else 0
        return self._sizes[key]

    def _key(self, path: str) -> tuple[str, int, int]:
        session = self._session_of(path)
        depth = 0 if session is None or session.number_of(path) else len(session.stacked)
        return path, self._rewritten.get(path, 0), depth

    def _session_of(self, path: str) -> SessionFolder | None:
        return next((one for one in self.sessions if path.startswith(one.path + "/")), None)

    def _fits_size(self, session: SessionFolder, planes: int) -> int:
        width, height = self._pixels(session)
        return sky.fits_bytes(width, height * planes)

    def _pixels(self, session: SessionFolder | DarkMaster) -> tuple[int, int]:
        optics, halved = self._profile.optics(session.camera), 2 if session.binning else 1
        return optics.width // halved, optics.height // halved

    def size(self, path: str) -> int:
        """Return the size a listing tells for a file: exact for FITS frames, about right for the rest."""
        if path.endswith(".fits"):
            session = self.session(path.rpartition("/")[0])
            if session is not None:
                return self._fits_size(session, planes=1)
        return _PHOTO_BYTES if "/Normal_Photos/" in path else _STACKED_BYTES

    def read(self, path: str) -> tuple[bytes, str] | None:
        """Render a file: bytes and content type; None when the card has no such file."""
        key = self._key(path)
        if path in self._gone:
            return None
        if key not in self._rendered:
            found = self._render(path)
            if found is None:
                return None
            self._rendered[key] = found
            while len(self._rendered) > _KEPT:
                self._rendered.popitem(last=False)
        return self._rendered[key]

    def _render(self, path: str) -> tuple[bytes, str] | None:
        for photo in self.photos:
            if photo.path == path:
                field_seed = sky.field_seed(f"landscape {photo.path}", self._seed)
                picture = sky.picture(field_seed, self._profile.preview, depth=1)
                return sky.jpeg(picture), "image/jpeg"
        for dark in self.darks:
            if dark.path == path:
                pixels = sky.raw_dark(self._seed + self._rewritten.get(path, 0), self._pixels(dark))
                return sky.fits(pixels, {"TELESCOP": self._profile.config_name}), "image/fits"
        session = self._session_of(path)
        return self._read_session(session, path.removeprefix(session.path + "/")) if session else None

    def preview(self, camera: int, target: str, depth: int) -> bytes:
        """Render what the camera sees now as JPEG; `depth` is the number of stacked frames."""
        return sky.jpeg(
            sky.picture(sky.field_seed(f"{camera} {target}", self._seed), (640, 360), max(1, depth))
        )

    def _read_session(self, session: SessionFolder, name: str) -> tuple[bytes, str] | None:
        seed = sky.field_seed(f"{session.camera} {session.target}", self._seed)
        seed += self._rewritten.get(f"{session.path}/{name}", 0)
        if name == "shotsInfo.json" and session.stacked:
            return json.dumps(self.shots_info(session), ensure_ascii=False).encode(), "application/json"
        if name in ("stacked.jpg", "stacked_thumbnail.jpg") and session.stacked:
            size = self._profile.preview if name == "stacked.jpg" else (320, 180)
            return sky.jpeg(sky.picture(seed, size, len(session.stacked))), "image/jpeg"
        if name in session.stacks and session.stacked:
            return self._stack(session, seed, name)
        for number in range(1, session.taken + 1):
            if session.frame_name(number) == name:
                return self._frame(session, seed, number)
            if session.thumbnail_name(number) == name:
                return sky.jpeg(sky.picture(seed + number, (320, 180), 1)), "image/jpeg"
        return None

    def _stack(self, session: SessionFolder, seed: int, name: str) -> tuple[bytes, str]:
        picture = sky.picture(seed, self._pixels(session), len(session.stacked))
        if name.endswith(".fits"):
            bands = [band.convert("I").point(lambda value: value * 257) for band in picture.split()]
            header = self._header(session) | {"STACKCNT": len(session.stacked)}
            return sky.fits_cube(bands, header), "image/fits"
        stream = io.BytesIO()
        picture.save(stream, "PNG", compress_level=1)
        return stream.getvalue(), "image/png"

    def _frame(self, session: SessionFolder, seed: int, number: int) -> tuple[bytes, str]:
        pixels = sky.raw_frame(seed, self._pixels(session), number)
        if session.format == "TIFF":
            stream = io.BytesIO()
            sky.unsigned(pixels).save(stream, "TIFF")
            return stream.getvalue(), "image/tiff"
        return sky.fits(pixels, self._header(session)), "image/fits"

    def _header(self, session: SessionFolder) -> dict[str, str | int | float | bool]:
        optics = self._profile.optics(session.camera)
        halved = 2 if session.binning else 1
        header: dict[str, str | int | float | bool] = {
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
        if self._bare:
            return header | {"OBJECT": ""}
        header |= {
            "OBJECT": session.target,
            "EXPTIME": session.exposure_s,
            "GAIN": session.gain,
            "FILTER": session.filter_name,
        }
        if session.ra_hours is not None and session.dec_degrees is not None:
            header |= {"RA": session.ra_hours * 15, "DEC": session.dec_degrees}
        return header

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
