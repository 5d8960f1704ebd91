"""The album, and the record beside the frames."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agent.telescope.dwarf.card_files import IndexEntry, read_index
from agent.telescope.dwarf.http import HttpError, MissingError
from agent.telescope.errors import ProtocolError
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Agreement, Finding, agrees, differs, unclear, variant

_LIST = "/album/list/mediaInfos"
_PAGE: dict[str, object] = {"pageIndex": 0, "pageSize": 3}  # the newest are enough, and the rest is private
_FORMS: dict[str, dict[str, object]] = {
    "type_6": {"mediaType": 6},
    "type_4": {"mediaType": 4},
    "list_4": {"mediaTypeList": [4]},
}
_DETAILS = "astroImageDetails"
_RECORD = "shotsInfo.json"
_FROM_BYTE = 2
_ROUNDED_FROM = 10_000  # bytes; nginx tells smaller sizes exactly in any case
_INDEX_WORDS = {
    "exact": "Folders are listed with exact sizes",
    "rounded": "Folders are listed with rounded sizes",
    "none": "Folders are not listed",
    None: "Folders are listed; their files are too small to tell how",
}


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
    folder = await _newest_folder(bench)
    return await _record(bench, folder) if folder else unclear("No capture is in the album.")


@check(
    "Does the card list its folders with exact sizes, and give files from some byte on?",
    Feature.FILES,
    belief="sizes in bytes, and parts of files",
)
async def card_files(bench: Bench) -> Finding:
    folder = await _newest_folder(bench)
    if not folder:
        return unclear("No capture is in the album.")
    port = bench.place.files_port
    try:
        page = (await bench.http.file(port, f"{folder}/")).decode("utf-8", "replace")
    except MissingError:
        page = None
    files = [one for one in read_index(page or "") if not one.is_folder]
    largest = max(files, key=lambda one: (one.size is None, one.size or 0), default=None)
    name = largest.name if largest is not None else _RECORD
    try:
        async with bench.http.stream(port, f"{folder}/{name}", _FROM_BYTE, "", 1) as part:
            in_parts = part.offset == _FROM_BYTE
    except HttpError as error:
        return unclear(f"The file {name} cannot be fetched: {error.code}.", index=page is not None)
    index = "none" if page is None else _sizes(files)
    facts: dict[str, object] = {"index": index, "files": len(files), "in_parts": in_parts}
    habits = {"ranges": "taken" if in_parts else "ignored"} | ({"card_index": index} if index else {})
    saw = f"{_INDEX_WORDS[index]}; files come {'in parts' if in_parts else 'whole'}."
    if index is None:
        return Finding(Agreement.UNCLEAR, saw, facts, habits)
    usual = index == "exact" and in_parts
    return agrees(saw, habits, **facts) if usual else variant(saw, habits, **facts)


def _sizes(files: Sequence[IndexEntry]) -> str | None:
    """How an index tells sizes; None when its files are too few or too small to tell."""
    if any(one.size is None for one in files):
        return "rounded"
    return "exact" if any(one.size and one.size >= _ROUNDED_FROM for one in files) else None


async def _newest_folder(bench: Bench) -> str:
    """The folder of the newest capture in the album; "" without any."""
    for request in _FORMS.values():
        for one in await _captures(bench, request) or ():
            folder = _details(one).get("srcDir")
            if isinstance(folder, str) and folder:
                return folder.rstrip("/")
    return ""


async def _record(bench: Bench, folder: str) -> Finding:
    try:
        raw = await bench.http.file(bench.place.files_port, f"{folder}/{_RECORD}")
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
