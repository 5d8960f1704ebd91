"""The album over HTTP: what was taken, newest first, and the files of a session."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from agent.telescope.simulator.answers import bad, body_of, good
from agent.telescope.simulator.card import ASTRO, PHOTO, Photo, SessionFolder
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import EmptyAlbum

_ALL, _VIDEO, _BURST, _PANORAMA = 0, 2, 3, 5
_NEWER_PHOTO = 0  # the newer firmware counts from 0, and uses it as "all" in a filter too


class Album:
    """The album's requests."""

    def __init__(self, device: Device) -> None:
        self.device = device

    async def counts(self, _request: web.Request) -> web.Response:
        """Tell how many items of each type there are."""
        photos = len(self.device.card.photos)
        sessions = len(self._sessions())
        numbers = {
            self._photo_type: photos,
            _VIDEO: 0,
            _BURST: 0,
            ASTRO: sessions,
            _PANORAMA: 0,
        }
        return good([{"mediaType": kind, "count": number} for kind, number in numbers.items()])

    async def infos(self, request: web.Request) -> web.Response:
        """List items, newest first, a page at a time."""
        body = await body_of(request)
        kinds, single = body.get("mediaTypeList"), body.get("mediaType", _ALL)
        page, size = body.get("pageIndex", 0), body.get("pageSize", 0)
        if not isinstance(page, int) or not isinstance(size, int) or page < 0 or size < 0:
            return bad("pageIndex or pageSize")
        if kinds is not None and not isinstance(kinds, list):
            return bad("mediaTypeList")
        items = [] if self.device.faults.use(EmptyAlbum) else self._items()
        if kinds is not None:
            items = [item for item in items if self._listed(item, "list", kinds)]
        elif single != _ALL:
            items = [item for item in items if self._listed(item, "type", [single])]
        return good(items[page * size : (page + 1) * size] if size else items)  # size 0: everything

    async def one(self, request: web.Request) -> web.Response:
        """Tell about one item by its path."""
        body = await body_of(request)
        path = body.get("filePath")
        for item in self._items():
            if item["filePath"] == path:
                return good(item)
        return bad("filePath", -1)

    async def frames(self, request: web.Request) -> web.Response:
        """List the frames of one session."""
        body = await body_of(request)
        session = self.device.card.session(str(body.get("srcDir", "")).rstrip("/"))
        if session is None:
            return bad("srcDir", -1)
        listed = [
            {
                "filePath": f"{session.path}/{session.frame_name(number)}",
                "url": f"{session.path}/{session.frame_name(number)}",
                "isFailed": number not in session.stacked,
            }
            for number in range(1, session.taken + 1)
        ]
        return good({"fitsInfo": listed, "total": len(listed)})

    async def delete(self, request: web.Request) -> web.Response:
        """Delete items. What is no list under `datas` is answered with nothing, and nothing happens."""
        wanted = (await body_of(request)).get("datas")
        if not isinstance(wanted, list):
            return good(None)
        return good([self._deleted(item) for item in wanted if isinstance(item, dict)])

    def _deleted(self, item: dict[str, Any]) -> dict[str, Any]:
        path, card = str(item.get("filePath", "")), self.device.card
        named = {key: item.get(key) for key in ("filePath", "fileName", "mediaType")}
        if self.device.options.habits.album_delete == "item" and card.delete_picture(path):
            return {**named, "isSuccess": True}
        return {**named, "isSuccess": card.delete(path)}

    def _listed(self, item: dict[str, Any], form: str, kinds: list[Any]) -> bool:
        """Newer firmware lists sessions under a number of its own, which is not that of the item."""
        if item["mediaType"] != ASTRO or not self.device.options.is_v3:
            return item["mediaType"] in kinds
        habit_form, _, number = self.device.options.habits.album.partition("_")
        return form == habit_form and int(number) in kinds

    @property
    def _photo_type(self) -> int:
        return _NEWER_PHOTO if self.device.options.is_v3 else PHOTO

    def _sessions(self) -> list[SessionFolder]:
        return [one for one in self.device.card.sessions if one.stacked]

    def _items(self) -> list[dict[str, Any]]:
        photos = [(photo.taken_at, self._photo(photo)) for photo in self.device.card.photos]
        sessions = [(one.changed_at, self._session(one)) for one in self._sessions()]
        newest_first = sorted(photos + sessions, key=lambda pair: pair[0], reverse=True)
        return [item for _, item in newest_first]

    def _photo(self, photo: Photo) -> dict[str, Any]:
        return {
            "fileName": photo.path.rpartition("/")[2],
            "filePath": photo.path,
            "fileSize": self.device.card.size(photo.path),
            "modificationTime": int(photo.taken_at.timestamp()),
            "fileState": 0,
            "mediaType": self._photo_type,
            "camId": photo.camera,
            "thumbnailPath": photo.path,
        }

    def _session(self, session: SessionFolder) -> dict[str, Any]:
        optics = self.device.profile.optics(session.camera)
        divided, mosaic = 2 if session.binning else 1, session.mosaic
        site = self.device.state.site
        return {
            "fileName": session.path.rpartition("/")[2],
            "filePath": f"{session.path}/stacked.jpg",
            "fileSize": self.device.card.size(session.path),
            "modificationTime": int(session.changed_at.timestamp()),
            "fileState": 0,
            "mediaType": ASTRO,
            "camId": session.camera,
            "astroSubType": 0,
            "astroTargetName": session.target,
            "thumbnailPath": f"{session.path}/stacked_thumbnail.jpg",
            "astroImageDetails" if mosaic is None else "astroMosaicImageDetails": {
                **({} if mosaic is None else {"subviewShotsToTake": mosaic.per_pane}),
                "target": session.target,
                "floatHourRa": session.ra_hours or 0.0,
                "floatDegreeDec": session.dec_degrees or 0.0,
                "params": {
                    "exp": session.exposure_s,
                    "gain": session.gain,
                    "binning": session.binning,
                    "filter": session.filter_value,
                    "format": int(session.format == "TIFF"),
                    "width": optics.width // divided,
                    "height": optics.height // divided,
                },
                "shotsTaken": session.taken,
                "shotsStacked": len(session.stacked),
                "shotsToTake": session.total if session.closed or not self.device.options.is_v3 else -1,
                "srcDir": f"{session.path}/",
                "totalExp": session.exposure_s * len(session.stacked),
                "minTemp": round(self.device.options.ambient_c),
                "maxTemp": round(self.device.state.body.temperature),
                "latitude": site.latitude if site else 0.0,
                "longitude": site.longitude if site else 0.0,
                "folderSize": self.device.card.size(session.path) * max(1, session.taken),
            },
        }


def routes(device: Device) -> list[web.RouteDef]:
    """Return the album's routes."""
    album = Album(device)
    return [
        web.post("/album/list/mediaCounts", album.counts),
        web.post("/album/list/mediaInfos", album.infos),
        web.post("/album/getMediaInfoByFilePath", album.one),
        web.post("/album/astro/fitsList", album.frames),
        web.post("/album/delete", album.delete),
        web.delete("/album/astro/deleteFits", album.delete),
    ]
