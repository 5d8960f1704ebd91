"""The album, and the record beside the frames."""

from __future__ import annotations

import json

from agent.telescope.dwarf.http import HttpError
from agent.telescope.errors import ProtocolError
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear, variant

_LIST = "/album/list/mediaInfos"
_PAGE: dict[str, object] = {"pageIndex": 0, "pageSize": 3}  # the newest are enough, and the rest is private
_FORMS: dict[str, dict[str, object]] = {
    "type_6": {"mediaType": 6},
    "type_4": {"mediaType": 4},
    "list_4": {"mediaTypeList": [4]},
}
_DETAILS = "astroImageDetails"


@check(
    "Which request to the album lists captures of the deep sky?",
    Feature.COUNTING,
    belief="type 6",
)
async def album(bench: Bench) -> Finding:
    listing: list[str] = []
    facts: dict[str, object] = {}
    for form, request in _FORMS.items():
        captures = await _captures(bench, request)
        facts[form] = None if captures is None else len(captures)
        if captures:
            listing.append(form)
            facts[f"{form}_media_types"] = sorted({str(one.get("mediaType")) for one in captures})
            facts[f"{form}_to_take"] = [_details(one).get("shotsToTake") for one in captures]
    if not listing:
        return unclear("None lists a capture; there may be none.", **facts)
    if listing == ["type_6"]:
        return agrees("Type 6.", {"album": "type_6"}, **facts)
    if len(listing) == 1:
        return variant(f"{listing[0].replace('_', ' ')}.".capitalize(), {"album": listing[0]}, **facts)
    if "type_6" in listing:
        return agrees(f"Several: {', '.join(listing)}.", {"album": "type_6"}, **facts)
    return variant(f"Several: {', '.join(listing)}.", {"album": listing[0]}, **facts)


@check(
    "Does each capture's folder hold a record of its frames (shotsInfo.json)?",
    Feature.COUNTING,
    belief="over port 80, with shotsTaken and shotsStacked",
)
async def frame_record(bench: Bench) -> Finding:
    for request in _FORMS.values():
        for one in await _captures(bench, request) or ():
            folder = _details(one).get("srcDir")
            if isinstance(folder, str) and folder:
                return await _record(bench, folder)
    return unclear("No capture is in the album.")


async def _record(bench: Bench, folder: str) -> Finding:
    try:
        raw = await bench.http.file(bench.place.files_port, f"{folder.rstrip('/')}/shotsInfo.json")
        record = json.loads(raw)
    except HttpError as error:
        return unclear(f"It cannot be fetched: {error.code}.")
    except ValueError:
        return differs("It is no JSON.")
    if not isinstance(record, dict):
        return differs("It is no JSON object.")
    numbers = {key: value for key, value in record.items() if key.startswith("shots")}
    facts: dict[str, object] = {"keys": sorted(map(str, record)), **numbers}
    if {"shotsTaken", "shotsStacked"} <= set(record):
        return agrees("It is there.", **facts)
    return differs("It is there without the numbers of frames.", **facts)


async def _captures(bench: Bench, request: dict[str, object]) -> list[dict[str, object]] | None:
    try:
        data = await bench.http.ask("POST", _LIST, {**request, **_PAGE})
    except (HttpError, ProtocolError):
        return None
    if isinstance(data, dict):
        data = next((value for value in data.values() if isinstance(value, list)), [])
    items = data if isinstance(data, list) else []
    return [one for one in items if isinstance(one, dict) and _details(one)]


def _details(item: dict[str, object]) -> dict[str, object]:
    found = item.get(_DETAILS)
    return found if isinstance(found, dict) else {}
