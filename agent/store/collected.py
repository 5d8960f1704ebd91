"""What the results of each group gave it, kept beside the folders and made from the files in them.

What was counted stays counted, wherever its file is now; each run counts once, whatever its file is called.
The file can be deleted: it is made anew of the results that are in Done/ and Error/.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.capabilities import Camera, Capabilities
from agent.planner.goal_progress import Field, Light
from agent.session.choices import exposure_seconds
from agent.session.document import SessionDocument, body_of, read_session
from agent.session.jsontext import MAX_BYTES
from agent.session.sections import CAMERA_SECTIONS, CameraSetup
from agent.session.writing import Process
from agent.sky.nights import night_of
from agent.store import disk
from agent.store.documents import process_of
from agent.store.folders import Folder, Tree, is_session_name
from agent.store.result_row import filter_name
from agent.targets import Site
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_VERSION = 1
_READ_LIMIT = 16 << 20  # bytes
_HINT = b'"group"'  # a file without it is of no group, and need not be read as JSON
_MOST = 1e9


class Collected:
    """Owner of what the groups of one telescope have. Methods block, and may be called from any thread."""

    def __init__(
        self, tree: Tree, zone: ZoneInfo, site: Site | None, capabilities: Callable[[], Capabilities | None]
    ) -> None:
        self._tree = tree
        self._zone = zone
        self._site = site
        self._capabilities = capabilities
        self._lock = threading.Lock()
        self._lights: dict[tuple[str, Camera], Light] | None = None
        self._owes = False

    def all(self) -> tuple[Light, ...]:
        """Return what every result gave."""
        with self._lock:
            return tuple(self._loaded().values())

    def catch_up(self) -> None:
        """Count the results in Done/ and Error/ that were not counted yet."""
        with self._lock:
            self._add(light for path in self._files() for light in self._of(path))

    def add(self, path: Path) -> None:
        """Count the result in this file."""
        with self._lock:
            self._add(self._of(path))

    # -- inside -----------------------------------------------------------------------------------------

    def _add(self, lights: Iterable[Light]) -> None:
        known = self._loaded()
        new = {key: light for light in lights if (key := (light.result, light.camera)) not in known}
        if not new and not self._owes:
            return
        known.update(new)
        data = {"version": _VERSION, "collected": [_plain(light) for light in known.values()]}
        try:
            disk.make_folder(self._tree.collected.parent)
            disk.write(self._tree.collected, json.dumps(data, ensure_ascii=False, indent=0).encode())
        except OSError as error:
            if not self._owes:
                _LOGGER.warning("What the groups have cannot be written now: %s", error)
            self._owes = True
        else:
            self._owes = False

    def _loaded(self) -> dict[tuple[str, Camera], Light]:
        if self._lights is None:
            self._lights = {(light.result, light.camera): light for light in self._read()}
        return self._lights

    def _read(self) -> Iterator[Light]:
        path = self._tree.collected
        try:
            content = disk.read(path, _READ_LIMIT)
            stored = json.loads(content[0])["collected"] if content else []
            yield from [_light(one) for one in stored]
        except FileNotFoundError:
            return
        except OSError as error:
            _LOGGER.warning("What the groups have cannot be read and is counted anew: %s", error)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._set_aside(path)

    def _set_aside(self, path: Path) -> None:
        try:
            kept = disk.move(path, path.parent, f"{path.stem}.broken{path.suffix}")
        except OSError as error:
            _LOGGER.warning("%s cannot be read nor set aside: %s", path.name, error)
        else:
            _LOGGER.warning(
                "%s cannot be read and is kept as %s; what the groups have is counted anew from the results",
                path.name,
                printable(kept.name),
            )

    def _files(self) -> Iterator[Path]:
        for folder in (Folder.DONE, Folder.ERROR):
            try:
                paths = sorted(self._tree[folder].iterdir())
            except OSError as error:
                _LOGGER.warning("The results in %s/ are not counted now: %s", folder, error)
                continue
            yield from (path for path in paths if is_session_name(path.name))

    def _of(self, path: Path) -> list[Light]:
        try:
            content = disk.read(path, MAX_BYTES)
        except OSError as error:
            _LOGGER.debug("%s is not counted: %s", printable(path.name), error)
            return []
        if content is None or _HINT not in content[0]:
            return []
        document = read_session(content[0], name=printable(path.stem)).document
        if document is None or process_of(document) != Process.ENDED:
            return []
        return list(lights_of(document, self._zone, self._site, self._capabilities()))


def lights_of(
    document: SessionDocument, zone: ZoneInfo, site: Site | None, capabilities: Capabilities | None
) -> Iterator[Light]:
    """Return what an ended session gave to its group; nothing for what sums others up."""
    details, group = body_of(document.raw).get("result_details"), document.id_command.group
    if not group or not isinstance(details, dict) or "made_of" in details:
        return
    ended_at, session_id = _instant(details.get("ended_at")), str(details.get("session_id") or document.name)
    if ended_at is None:
        return
    night = night_of(_instant(details.get("started_at")) or ended_at, site, zone).isoformat()
    setups = {key: setup for key in CAMERA_SECTIONS if (setup := getattr(document, key)) is not None}
    for key, setup in setups.items():
        camera = CAMERA_SECTIONS[key]
        taken, stacked, seconds = _counts(details, setup, camera, alone=len(setups) == 1)
        if not taken:
            continue
        yield Light(
            f"{session_id} {ended_at.isoformat()}",
            session_id,
            group,
            night,
            _field(document, details),
            camera,
            filter_name(setup, str(document.id_command.dwarf), capabilities) if camera is Camera.TELE else "",
            taken,
            stacked,
            seconds,
        )


def _counts(
    details: Mapping[str, Any], setup: CameraSetup, camera: Camera, *, alone: bool
) -> tuple[int, int, float]:
    """Frames taken and stacked by one camera, of a mosaic by its poorest pane, and the seconds of these."""
    each, frames = details.get("frames_by_camera"), details.get("frames")
    mine = each.get(camera.value) if isinstance(each, dict) else frames if alone else None
    counts = mine if isinstance(mine, dict) else {}
    taken, stacked = _count(counts.get("taken")), _count(counts.get("stacked"))
    exposure_s = exposure_seconds(setup.exposure) if setup.exposure is not None else None
    if alone and stacked and (told := details.get("integration_s")):
        exposure_s = _number(told) / stacked
    panes = details.get("panes")
    if camera is Camera.TELE and isinstance(panes, list) and panes:
        each_pane = [one for one in panes if isinstance(one, dict)]
        poorest = min(each_pane, key=lambda one: _count(one.get("stacked")), default={})
        taken, stacked = _count(poorest.get("taken")), _count(poorest.get("stacked"))
    return taken, stacked, round(stacked * (exposure_s or 0.0), 3)


def _field(document: SessionDocument, details: Mapping[str, Any]) -> Field:
    """Where the session looked: as it was told, else as the file says."""
    goto, told = document.goto_manual, details.get("target")
    place = told if isinstance(told, dict) else {}
    ra, dec = place.get("ra_hours"), place.get("dec_degrees")
    if goto is None:
        return Field(document.goto_solar.target.value if document.goto_solar is not None else "")
    if goto.ra_coord is not None:
        return Field(goto.target, goto.ra_coord, goto.dec_coord)
    if not isinstance(ra, int | float) or not isinstance(dec, int | float):
        return Field(goto.target)
    return Field(goto.target, float(ra), float(dec))


def _plain(light: Light) -> dict[str, Any]:
    return {
        "result": light.result,
        "session_id": light.session_id,
        "group": light.group,
        "night": light.night,
        "target": light.field.name,
        "ra_hours": light.field.ra_hours,
        "dec_degrees": light.field.dec_degrees,
        "camera": light.camera.value,
        "filter": light.filter,
        "taken": light.taken,
        "stacked": light.stacked,
        "seconds": light.seconds,
    }


def _light(stored: Mapping[str, Any]) -> Light:
    ra, dec = stored["ra_hours"], stored["dec_degrees"]
    return Light(
        str(stored["result"]),
        str(stored["session_id"]),
        str(stored["group"]),
        str(stored["night"]),
        Field(str(stored["target"]), None if ra is None else float(ra), None if dec is None else float(dec)),
        Camera(stored["camera"]),
        str(stored["filter"]),
        int(stored["taken"]),
        int(stored["stacked"]),
        float(stored["seconds"]),
    )


def _count(value: object) -> int:
    return int(_number(value))


def _number(value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MOST
    return float(value) if good else 0.0  # type: ignore[arg-type]


def _instant(value: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return read if read is not None and read.tzinfo is not None else None
