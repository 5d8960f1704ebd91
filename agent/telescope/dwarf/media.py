"""The telescope's album over HTTP: records of captures, their files, the newest picture, stream addresses."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from agent.capabilities import Camera
from agent.events import Saved
from agent.telescope.dwarf.card import SESSION_FOLDER, session_folders
from agent.telescope.dwarf.http import DwarfHttp, HttpError, read_json
from agent.telescope.dwarf.models import seconds_of
from agent.telescope.errors import ProtocolError
from agent.telescope.interface import CaptureEnd, CaptureReport, Picture

_LOGGER = logging.getLogger(__name__)

PAGE_SIZE = 20  # newest first: a night's captures
MEDIA_PORT = 8092
RTSP_PORT = 554
_LONGEST_TEXT = 1024  # letters; paths have a tenth of that
_JPEG = b"\xff\xd8\xff"
_MILLISECONDS_FROM = 10**11  # times above this are no seconds
_SLACK = timedelta(seconds=5)  # the telescope's clock is set by us, to the second
_STAMP = re.compile(r"(\d{4})-(\d{2})-(\d{2})-(\d{2})-(\d{2})-(\d{2})(?:-(\d{1,6}))?")
_START_LIMIT = timedelta(minutes=15)  # from asking for a capture to its folder: a few minutes at the most
_SHOTS_INFO = "shotsInfo.json"
_LOOKED_INTO = 3  # folders, of the newest captures that the album lists without their counts

AlbumQuestion = Mapping[str, object]
_PAGE: AlbumQuestion = {"pageIndex": 0, "pageSize": PAGE_SIZE}
# Sources differ on the media type that lists deep-sky sessions; that of an item may be another one still.
SESSIONS_BY_TYPE_4: AlbumQuestion = {"mediaType": 4, **_PAGE}
SESSIONS_BY_TYPE_6: AlbumQuestion = {"mediaType": 6, **_PAGE}
SESSIONS_BY_LIST: AlbumQuestion = {"mediaTypeList": [4], **_PAGE}
SESSION_QUESTIONS = (SESSIONS_BY_TYPE_6, SESSIONS_BY_TYPE_4, SESSIONS_BY_LIST)


@dataclass(frozen=True, slots=True)
class AlbumEntry:
    """The telescope's record of one capture. `to_take` 0 and None are unknown; `modified` is aware UTC.

    `counted` is false when the album lists it without its counts, `noted` true when a note in its folder told
    them. `size` in bytes, 0 unknown.
    """

    camera: Camera
    path: str
    folder: str
    thumbnail: str
    target: str
    taken: int
    stacked: int
    to_take: int
    modified: datetime | None
    started: tuple[datetime, ...]  # the folder's time stamp, read as local time and as UTC
    exposure_s: float | None = None
    ra_hours: float | None = None
    dec_degrees: float | None = None
    counted: bool = True
    noted: bool = False
    size: int = 0

    @property
    def begun(self) -> tuple[datetime, ...]:
        """When the capture may have begun: the readings of its time stamp that fit its end."""
        latest = self.modified + _SLACK if self.modified is not None else None
        return tuple(start for start in self.started if latest is None or start <= latest)

    def report(self) -> CaptureReport:
        """The record as the interface tells it. The end of one that fell short is not recorded."""
        begun = set(self.begun)
        return CaptureReport(
            self.camera,
            self.taken,
            self.stacked,
            CaptureEnd.FINISHED if 0 < self.to_take <= self.taken else CaptureEnd.UNKNOWN,
            self.folder,
            self.to_take,
            target=self.target or None,
            ra_hours=self.ra_hours,
            dec_degrees=self.dec_degrees,
            exposure_s=self.exposure_s,
            began=begun.pop() if len(begun) == 1 else None,
        )


class Album:
    """Reads one telescope's album, by each of the questions. Remembers the port that served files."""

    def __init__(self, http: DwarfHttp, questions: Iterable[AlbumQuestion] = (SESSIONS_BY_TYPE_4,)) -> None:
        self._http = http
        self._questions = tuple(questions)
        self._file_port: int | None = None

    async def captures(self, zone: tzinfo | None) -> list[AlbumEntry]:
        """The newest captures, newest first; empty when the album cannot be read."""
        entries: list[AlbumEntry] = []
        for question in self._questions:
            if entries and question is SESSIONS_BY_LIST:
                break  # the last resort
            items = await self._listed(question)
            listed = [entry for item in items if (entry := _entry(item, zone)) is not None]
            if len(self._questions) > 1:  # one of them may list other things
                listed = [entry for entry in listed if entry.counted or entry.folder]
            counted = {entry.path for entry in listed if entry.counted}
            entries = [entry for entry in entries if entry.counted or entry.path not in counted]
            known = {entry.path for entry in entries}
            entries += [entry for entry in listed if entry.path not in known]
        if not entries and SESSIONS_BY_LIST in self._questions:
            entries = await self._on_card(zone)
        oldest = datetime.min.replace(tzinfo=UTC)
        entries.sort(key=lambda entry: entry.modified or oldest, reverse=True)
        uncounted = [position for position, entry in enumerate(entries) if not entry.counted]
        for position in uncounted[:_LOOKED_INTO]:
            entries[position] = await self._counted(entries[position])
        return entries

    async def saved(self, folder: str, zone: tzinfo | None) -> tuple[Saved, ...]:
        """What the album, and the note in the folder, say of the capture that is kept there."""
        bare = folder.rstrip("/")
        found = [
            Saved("album", entry.taken, entry.stacked, entry.size or None)
            for entry in await self.captures(zone)
            if entry.folder == bare and entry.counted and not entry.noted
        ][:1]
        note = await self._note(bare)
        if note.keys() >= {"shotsTaken", "shotsStacked"}:
            found.append(Saved(_SHOTS_INFO, _count(note, "shotsTaken"), _count(note, "shotsStacked")))
        return tuple(found)

    async def newest_picture(
        self, zone: tzinfo | None, since: datetime, folders: Collection[str]
    ) -> Picture | None:
        """The picture of the newest capture since then, or of the one in these folders, tele before wide."""
        entries = await self.captures(zone)
        entry = newest_since(entries, since)
        if folders:
            bare = {folder.rstrip("/") for folder in folders}
            own = sorted((one for one in entries if one.folder in bare), key=lambda one: one.camera.value)
            entry = own[0] if own else None
        return await self.picture(entry) if entry is not None else None

    async def picture(self, entry: AlbumEntry) -> Picture | None:
        """The stacked picture of a capture, else its thumbnail; None when neither is there (yet)."""
        for path in _pictures(entry):
            jpeg = await self._file(path)
            if jpeg is not None and jpeg.startswith(_JPEG):
                return Picture(jpeg, path, entry.modified, entry.target)
        return None

    async def _listed(self, question: AlbumQuestion) -> list[dict[str, object]]:
        try:
            return _items(await self._http.ask("POST", "/album/list/mediaInfos", dict(question)))
        except (HttpError, ProtocolError) as error:
            _LOGGER.debug("The album cannot be read: %s", error)
            return []

    async def _on_card(self, zone: tzinfo | None) -> list[AlbumEntry]:
        """The newest captures that have a folder on the card, their counts still to be read."""
        items: list[dict[str, object]] = [
            {"filePath": f"{folder}/stacked.jpg"} for folder in await session_folders(self._http)
        ]
        found = [entry for item in items if (entry := _entry(item, zone)) is not None and entry.started]
        return sorted(found, key=lambda entry: entry.started[0], reverse=True)[:_LOOKED_INTO]

    async def _counted(self, entry: AlbumEntry) -> AlbumEntry:
        """The entry with the counts of the note in its folder, if there is one."""
        note = await self._note(entry.folder) if entry.folder else {}
        if not note:
            return entry
        return replace(
            entry,
            target=entry.target or _text(note, "target"),
            taken=_count(note, "shotsTaken"),
            stacked=_count(note, "shotsStacked"),
            to_take=_count(note, "shotsToTake"),
            exposure_s=_exposure(note.get("exp")),
            counted=True,
            noted=True,
        )

    async def _note(self, folder: str) -> dict[str, object]:
        content = await self._file(f"{folder}/{_SHOTS_INFO}")
        try:
            note = read_json(content) if content is not None else None
        except (ValueError, RecursionError) as error:
            _LOGGER.debug("%s of %s cannot be read: %s", _SHOTS_INFO, folder, error)
            return {}
        return note if isinstance(note, dict) else {}

    async def _file(self, path: str) -> bytes | None:
        ports = [self._file_port] if self._file_port is not None else []
        ports += [port for port in (self._http.port, self._http.card_port, MEDIA_PORT) if port not in ports]
        for port in ports:
            try:
                content = await self._http.file(port, path)
            except HttpError as error:
                _LOGGER.debug("No file on port %d: %s", port, error)
                continue
            self._file_port = port
            return content
        return None


def newest_since(
    entries: Iterable[AlbumEntry], since: datetime, camera: Camera | None = None
) -> AlbumEntry | None:
    """The newest capture begun after `since`; None when there is none."""
    return next((entry for entry in entries if _fits(entry, camera) and begun_after(entry, since)), None)


def newest_ended_since(
    entries: Iterable[AlbumEntry], since: datetime, camera: Camera, now: datetime
) -> AlbumEntry | None:
    """The newest capture that was still being written after `since`.

    One written after `now`, by a clock that was set back meanwhile, is older than any other.
    """
    written = ((one.modified, one) for one in entries if _fits(one, camera) and one.modified is not None)
    found = [(at > now + _SLACK, one) for at, one in written if at >= since - _SLACK]
    return min(found, key=lambda pair: pair[0], default=(False, None))[1]


def begun_after(entry: AlbumEntry, since: datetime) -> bool:
    """Whether a capture began after `since`, as far as its record tells."""
    if entry.modified is None:  # only its folder is known: it began when this one did, or is another
        return any(since - _SLACK <= one <= since + _START_LIMIT for one in entry.started)
    if entry.modified < since - _SLACK:
        return False
    # Whether folders are stamped in local time or UTC is not known: the reading that fits the end counts.
    return not entry.begun or max(entry.begun) >= since - _SLACK


def stream_addresses(host: str, model: str, port: int = MEDIA_PORT) -> dict[str, str]:
    """The live streams of both cameras: RTSP, and JPEG pictures, which long exposures switch to."""
    wide = "secondstream" if model == "D2" else "thirdstream"
    return {
        "tele": f"rtsp://{host}:{RTSP_PORT}/ch0/stream0",
        "wide": f"rtsp://{host}:{RTSP_PORT}/ch1/stream0",
        "tele_jpeg": f"http://{host}:{port}/mainstream",
        "wide_jpeg": f"http://{host}:{port}/{wide}",
    }


def _fits(entry: AlbumEntry, camera: Camera | None) -> bool:
    return camera is None or entry.camera is camera


def _pictures(entry: AlbumEntry) -> list[str]:
    paths = [path for path in (entry.path,) if path.lower().endswith((".jpg", ".jpeg"))]
    if entry.folder:
        paths.append(f"{entry.folder.rstrip('/')}/stacked.jpg")
    if entry.thumbnail:
        paths.append(entry.thumbnail)
    return list(dict.fromkeys(paths))


def _entry(item: dict[str, object], zone: tzinfo | None) -> AlbumEntry | None:
    found, mosaic = item.get("astroImageDetails"), item.get("astroMosaicImageDetails")
    details = found if isinstance(found, dict) else mosaic if isinstance(mosaic, dict) else {}
    path = _text(item, "filePath")
    told = _text(details, "srcDir").rstrip("/")  # by some with a slash at its end
    folder = told or (path.rpartition("/")[0] if SESSION_FOLDER in path else "")
    if not path and not folder:
        return None
    held = details.get("params")
    params = held if isinstance(held, dict) else {}
    place = _place(details.get("floatHourRa"), details.get("floatDegreeDec"))
    camera_id = _number(item.get("camId"))
    wide = camera_id == 1 if camera_id is not None else "_WIDE_" in f"{folder} {path}".upper()
    return AlbumEntry(
        camera=Camera.WIDE if wide else Camera.TELE,
        path=path,
        folder=folder,
        thumbnail=_text(item, "thumbnailPath"),
        target=_text(details, "target"),
        taken=_count(details, "shotsTaken"),
        stacked=_count(details, "shotsStacked"),
        to_take=0 if details is mosaic else _count(details, "shotsToTake"),  # of a pane, or of all?
        modified=_instant(item.get("modificationTime")),
        started=_stamps(folder or path, zone),
        exposure_s=_exposure(params.get("exp")),
        ra_hours=place[0],
        dec_degrees=place[1],
        counted=bool(details),
        size=_count(details, "folderSize"),
    )


def _exposure(value: object) -> float | None:
    """Seconds, told as a number or as the name of an exposure; None for anything else."""
    try:
        return seconds_of(str(value)) if isinstance(value, str | int | float) else None
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def _place(ra: object, dec: object) -> tuple[float | None, float | None]:
    """J2000 hours and degrees; both None when they are no place, or the 0, 0 of a capture without a goto."""
    if not isinstance(ra, int | float) or not isinstance(dec, int | float) or not (ra or dec):
        return None, None
    return (float(ra), float(dec)) if 0 <= ra < 24 and -90 <= dec <= 90 else (None, None)


def _stamps(name: str, zone: tzinfo | None) -> tuple[datetime, ...]:
    found = _STAMP.findall(name)
    if not found:
        return ()
    year, month, day, hour, minute, second, _fraction = found[-1]
    try:
        naive = datetime(  # noqa: DTZ001 - the zone is what is in doubt
            int(year), int(month), int(day), int(hour), int(minute), int(second)
        )
    except ValueError:
        return ()
    zones = dict.fromkeys((zone or UTC, UTC))
    return tuple(naive.replace(tzinfo=each).astimezone(UTC) for each in zones)


def _instant(value: object) -> datetime | None:
    number = _number(value)
    if number is None or number <= 0:
        return None
    try:
        seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _items(data: object) -> list[dict[str, object]]:
    if isinstance(data, dict):
        data = next((value for value in data.values() if isinstance(value, list)), [])
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def _text(item: dict[str, object], key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) and len(value) <= _LONGEST_TEXT else ""


def _count(values: Mapping[str, object], key: str) -> int:
    """A count; 0 for what is not told, and for the -1 that some firmware tells of what it does not know."""
    return max(0, _number(values.get(key)) or 0)


def _number(value: object) -> int | None:
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return None
