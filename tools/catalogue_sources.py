"""What the published catalogues say: readers of their files, each giving `Thing`s."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ephem

from agent.sky.catalogue.entry import ObjectKind
from agent.sky.catalogue.names import designation, key, shown

_OPENNGC_KINDS = {
    "*": ObjectKind.STAR,
    "**": ObjectKind.DOUBLE_STAR,
    "*Ass": ObjectKind.ASTERISM,
    "OCl": ObjectKind.OPEN_CLUSTER,
    "GCl": ObjectKind.GLOBULAR_CLUSTER,
    "Cl+N": ObjectKind.CLUSTER_WITH_NEBULA,
    "G": ObjectKind.GALAXY,
    "GPair": ObjectKind.GALAXY_GROUP,
    "GTrpl": ObjectKind.GALAXY_GROUP,
    "GGroup": ObjectKind.GALAXY_GROUP,
    "PN": ObjectKind.PLANETARY_NEBULA,
    "HII": ObjectKind.EMISSION_NEBULA,
    "EmN": ObjectKind.EMISSION_NEBULA,
    "DrkN": ObjectKind.DARK_NEBULA,
    "Neb": ObjectKind.NEBULA,
    "RfN": ObjectKind.REFLECTION_NEBULA,
    "SNR": ObjectKind.SUPERNOVA_REMNANT,
    "Nova": ObjectKind.STAR,
}
_OPENNGC_OTHERS = re.compile(r"(C|SH 2-|Mel|Cl|LBN|UGC|UGCA|HCG) ?\d|(M|B|ESO) ?\d[\d-]*$", re.IGNORECASE)
_PREFIXES = {  # of d3-celestial, with how it is shown and the kind where the source does not say one
    "LDN": ("LDN ", ObjectKind.DARK_NEBULA),
    "B": ("B ", ObjectKind.DARK_NEBULA),
    "LBN": ("LBN ", ObjectKind.NEBULA),
    "VdB": ("vdB ", ObjectKind.REFLECTION_NEBULA),
    "VdBH": ("vdBH ", ObjectKind.REFLECTION_NEBULA),
    "RCW": ("RCW ", ObjectKind.EMISSION_NEBULA),
    "Ced": ("Ced ", ObjectKind.NEBULA),
    "Sh2": ("Sh2-", ObjectKind.EMISSION_NEBULA),
    "ACO": ("ACO ", ObjectKind.GALAXY_CLUSTER),
    "PK": ("PK ", ObjectKind.PLANETARY_NEBULA),
    "PN G": ("PN G", ObjectKind.PLANETARY_NEBULA),
    "SNR G": ("SNR G", ObjectKind.SUPERNOVA_REMNANT),
    "Cr": ("Cr ", ObjectKind.OPEN_CLUSTER),
    "UGC": ("UGC ", ObjectKind.GALAXY),
}
_BY_LONGITUDE = {"LDN": 15.0, "LBN": 15.0}  # numbered by galactic longitude: further off is a misprint
_BY_PLACE = {"PK", "PN G", "SNR G"}  # numbered by galactic longitude and latitude
_MISPRINTED = {"LBN 590"}  # a degree from where Lynds has it
_NUMBERS_DEG = 2.0  # between a place and its number, which is rounded
_NOT_MEASURED = 99.0


@dataclass(slots=True)
class Thing:
    """One object of the sky on its way into the data: hours and degrees J2000, sizes in arcminutes."""

    names: list[str]
    ra_hours: float
    dec_degrees: float
    kind: ObjectKind = ObjectKind.OTHER
    major: float | None = None
    minor: float | None = None
    angle: float | None = None
    magnitude: float | None = None
    surface: float | None = None
    keys: dict[str, str] = field(default_factory=dict)  # how each name is looked up, and shown


def openngc(database: Path) -> Iterator[Thing]:
    """Give the objects of OpenNGC from the database that the package pyongc brings."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    masters: dict[str, list[str]] = {}
    rows = list(connection.execute("SELECT * FROM objects ORDER BY id"))
    for row in rows:
        if row["type"] == "Dup":
            for master in _masters(row):
                masters.setdefault(key(master), []).append(shown(row["name"]))
    for row in rows:
        if row["ra"] is None or row["type"] in {"NonEx", "Dup"}:
            continue
        names = [_first_name(row["name"]), *([row["name"]] if re.match(r"H\d", row["name"]) else [])]
        names += [f"M {int(row['messier'])}"] if row["messier"] else []
        named = (text.strip() for text in (row["identifiers"] or "").split(","))
        names += [shown(text) for text in named if _OPENNGC_OTHERS.match(text)]
        names += masters.get(key(names[0]), [])
        names += [
            _without_article(text.strip()) for text in (row["commonnames"] or "").split(",") if text.strip()
        ]
        yield Thing(
            [name for name in names if name != "M 102"],
            math.degrees(row["ra"]) / 15 % 24,
            math.degrees(row["dec"]),
            _OPENNGC_KINDS.get(row["type"], ObjectKind.OTHER),
            row["majax"],
            row["minax"],
            row["pa"],
            _magnitude(row["vmag"], row["bmag"]),
            row["sbrightn"],
        )


def celestial_objects(folder: Path) -> Iterator[Thing]:
    """Give the nebulae and clusters of d3-celestial that have a number in one of the catalogues we read."""
    features = json.loads((folder / "dsos.20.json").read_text())["features"]
    by_number: dict[str, list[tuple[int, Thing]]] = {name: [] for name in _BY_LONGITUDE}
    for feature in features:
        found = re.match(r"(PN G|SNR G|Sh2|[A-Za-z]+) ?(.+)", str(feature["id"]))
        if found is None or found[1] not in _PREFIXES:
            continue
        thing = _celestial_object(feature, *_PREFIXES[found[1]], found[2])
        if thing.names[0] in _MISPRINTED:
            continue
        if found[1] in _BY_PLACE and not _where_it_says(thing):
            print(f"left out, elsewhere: {thing.names[0]}")
        elif found[1] in by_number:
            by_number[found[1]].append((int(found[2]), thing))
        else:
            yield thing
    for name, numbered in by_number.items():
        yield from _in_order(numbered, _BY_LONGITUDE[name])


def celestial_names(folder: Path) -> Iterator[tuple[str, str]]:
    """Give popular names of d3-celestial in English, each with the number of an object."""
    for number, names in json.loads((folder / "dsonames.json").read_text()).items():
        name = _without_article(names["name"].removeprefix("The "))
        if designation(number) and name.isascii() and not designation(name):
            yield name, number


def celestial_stars(folder: Path) -> tuple[list[Thing], list[tuple[int, float, float, float]]]:
    """Return the stars with names of their own, and all others as Hipparcos number, place and magnitude."""
    names = json.loads((folder / "starnames.json").read_text())
    named, others = [], []
    for feature in json.loads((folder / "stars.8.json").read_text())["features"]:
        number, magnitude = int(feature["id"]), float(feature["properties"]["mag"])
        ra, dec = feature["geometry"]["coordinates"]
        words = _star_names(names.get(str(number), {}))
        if words:
            numbers = [f"HIP {number}", *words]
            named.append(Thing(numbers, ra % 360 / 15, dec, ObjectKind.STAR, magnitude=magnitude))
        else:
            others.append((number, ra % 360, dec, magnitude))
    return named, others


def hipparcos_numbers(lines: Iterable[str]) -> Iterator[tuple[int, int, float]]:
    """Give Draper's number, Hipparcos' and the magnitude of the stars of CDS I/239 that have both numbers."""
    for line in lines:
        columns = line.split("|")
        if columns[5].strip() and columns[71].strip():
            yield int(columns[71]), int(columns[1]), float(columns[5])


def sharpless(lines: Iterable[str]) -> Iterator[Thing]:
    """Give the nebulae of CDS VII/20."""
    for line in lines:
        number = int(line[0:4])
        ra = int(line[20:22] or 0) + int(line[22:24]) / 60 + int(line[24:27]) / 36000
        dec = int(line[28:30]) + int(line[30:32]) / 60 + int(line[32:34]) / 3600
        place = _from_equinox("1900", ra, -dec if line[27] == "-" else dec)
        yield Thing([f"Sh2-{number}"], *place, ObjectKind.EMISSION_NEBULA)


def barnard(lines: Iterable[str]) -> Iterator[Thing]:
    """Give the dark nebulae of CDS VII/220A."""
    for line in lines:
        ra = int(line[22:24]) + int(line[25:27]) / 60 + int(line[28:30].strip() or 0) / 3600
        dec = int(line[33:35]) + int(line[36:38]) / 60
        number = line[1:5].strip()
        yield Thing([f"B {number}"], ra, -dec if line[32] == "-" else dec, ObjectKind.DARK_NEBULA)


def _masters(row: sqlite3.Row) -> Iterator[str]:
    for column, prefix in (("messier", "M"), ("ngc", "NGC"), ("ic", "IC")):
        if row[column]:
            yield shown(f"{prefix} {row[column]}")


def _magnitude(visual: float | None, blue: float | None) -> float | None:
    """Return V, or B where there is no V or one that no galaxy or nebula has beside that B."""
    if visual is None or (blue is not None and visual > blue + 0.5):
        return blue
    return visual


def _first_name(name: str) -> str:
    return shown(re.sub(r"^Cl(?=\d)", "Cr ", re.sub(r"^H(?=\d)", "Harvard ", name)))


def _without_article(name: str) -> str:
    return name.removeprefix("the ")


def _celestial_object(feature: dict[str, Any], prefix: str, kind: ObjectKind, number: str) -> Thing:
    properties = feature["properties"]
    ra, dec = feature["geometry"]["coordinates"]
    sizes = [float(size) for size in re.findall(r"\d+(?:\.\d+)?", properties["dim"])][:2]
    sizes = sorted((round(size, 2) for size in sizes if size), reverse=True)
    if kind is ObjectKind.NEBULA and properties["type"] == "rn":
        kind = ObjectKind.REFLECTION_NEBULA
    magnitude = None if kind is ObjectKind.DARK_NEBULA else float(properties["mag"] or _NOT_MEASURED)
    return Thing(
        [f"{prefix}{number}"],
        ra % 360 / 15,
        dec,
        kind,
        sizes[0] if sizes else None,
        sizes[-1] if sizes else None,
        magnitude=magnitude if magnitude is not None and magnitude < _NOT_MEASURED else None,
    )


def _in_order(numbered: list[tuple[int, Thing]], allowed: float) -> Iterator[Thing]:
    """Give the things whose galactic longitude fits that of their neighbours by number."""
    numbered.sort(key=lambda item: item[0])
    longitudes = [_longitude(thing) for _, thing in numbered]
    for at, (_, thing) in enumerate(numbered):
        around = longitudes[max(0, at - 4) : at] + longitudes[at + 1 : at + 5]
        off = sorted(abs((one - longitudes[at] + 180) % 360 - 180) for one in around)
        if off[len(off) // 2] <= allowed:
            yield thing
        else:
            print(f"left out, out of order: {thing.names[0]}")


def _longitude(thing: Thing) -> float:
    return _galactic(thing)[0]


def _galactic(thing: Thing) -> tuple[float, float]:
    place = ephem.Equatorial(math.radians(thing.ra_hours * 15), math.radians(thing.dec_degrees))
    galactic = ephem.Galactic(place)
    return math.degrees(galactic.lon), math.degrees(galactic.lat)


def _where_it_says(thing: Thing) -> bool:
    found = re.search(r"(\d+(?:\.\d)?)([+-]\d+)", thing.names[0])
    if found is None or abs(thing.dec_degrees) > 90:
        return False
    longitude, latitude = _galactic(thing)
    off = (longitude - float(found[1]) + 180) % 360 - 180
    return math.hypot(off * math.cos(math.radians(latitude)), latitude - float(found[2])) < _NUMBERS_DEG


def _star_names(words: dict[str, str]) -> list[str]:
    constellation = words.get("c", "")
    found = [_without_article(words["name"])] if words.get("name") else []
    for column in ("bayer", "flam"):
        name = f"{words.get(column) or ''} {constellation}"
        if constellation and designation(name):
            found.append(name)
    if words.get("hd"):
        found.append(words["hd"].replace("\u2009", " "))
    return found


def _from_equinox(equinox: str, ra_hours: float, dec_degrees: float) -> tuple[float, float]:
    place = ephem.Equatorial(math.radians(ra_hours * 15), math.radians(dec_degrees), epoch=equinox)
    place = ephem.Equatorial(place, epoch=ephem.J2000)
    return math.degrees(place.ra) / 15 % 24, math.degrees(place.dec)
