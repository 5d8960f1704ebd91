"""Build the data files of the offline catalogue from the published catalogues.

    python tools/build_catalogue.py [--openngc DIR] [--sharpless FILE --barnard FILE]

`--openngc` is the folder `database_files` of OpenNGC (https://github.com/mattiaverga/OpenNGC, CC-BY-SA-4.0)
with NGC.csv and addendum.csv; `--sharpless` the file catalog.dat of CDS catalogue VII/20 (Sharpless 1959);
`--barnard` the file barnard.dat of CDS catalogue VII/220A (Barnard 1927). Popular names are our own tables
beside this script, catalogue_names.csv and, in other languages, catalogue_foreign_names.csv. What has no
source given stays as it is; the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import ephem

from agent.sky.catalogue.names import designation, key

OWN_NAMES = Path(__file__).with_name("catalogue_names.csv")
FOREIGN_NAMES = Path(__file__).with_name("catalogue_foreign_names.csv")
DATA = Path(__file__).parents[1] / "agent" / "sky" / "catalogue" / "data"
LIMIT_BYTES = 250_000  # the whole catalogue ships in the wheel

_WANTED_IDENTIFIERS = ("C ", "SH 2-", "Mel ", "Cl ", "LBN ")
_NOT_THERE = {"NonEx"}
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

Row = tuple[list[str], str, float, float]  # names, the name of another row it stands for, hours, degrees


def main() -> None:
    """Read the sources and write the data files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--openngc", type=Path)
    parser.add_argument("--sharpless", type=Path)
    parser.add_argument("--barnard", type=Path)
    given = parser.parse_args()
    _write("names.csv.gz", _own_names())
    _write("foreign.csv.gz", _foreign_names())
    if given.openngc:
        openngc = [*_openngc(given.openngc / "NGC.csv"), *_openngc(given.openngc / "addendum.csv")]
        _write("openngc.csv.gz", _with_whole_objects(openngc))
    if given.sharpless and given.barnard:
        sharpless = _sharpless(given.sharpless.read_text().splitlines())
        _write("nebulae.csv.gz", [*sharpless, *_barnard(given.barnard.read_text().splitlines())])
    total = sum(file.stat().st_size for file in DATA.glob("*.gz"))
    print(f"{total} bytes")
    if total > LIMIT_BYTES:
        raise SystemExit(f"more than {LIMIT_BYTES} bytes")


def _openngc(file: Path) -> Iterator[Row]:
    with file.open(newline="") as source:
        for row in csv.DictReader(source, delimiter=";"):
            if not row["RA"] or row["Type"] in _NOT_THERE:
                continue
            name = _shown(row["Name"])
            others = [f"M {int(row['M'])}"] if row["M"] else []
            found = (text.strip() for text in row["Identifiers"].split(","))
            others += [_shown(text) for text in found if text.startswith(_WANTED_IDENTIFIERS)]
            others += [
                _without_article(text.strip()) for text in row["Common names"].split(",") if text.strip()
            ]
            yield [name, *others], "", _sexagesimal(row["RA"]), _sexagesimal(row["Dec"])


def _with_whole_objects(rows: list[Row]) -> list[Row]:
    """Add "IC 80" where the catalogue lists only parts ("IC0080 NED01"), at the place of the first."""
    known = {key(row[0][0]) for row in rows}
    for names, _, ra, dec in list(rows):
        whole = re.sub(r" ?(NED\d+|(?<=\d)[A-Z])$", "", names[0])
        if key(whole) not in known:
            known.add(key(whole))
            rows.append(([whole], "", ra, dec))
    return rows


def _own_names() -> Iterator[Row]:
    for line in OWN_NAMES.read_text().splitlines():
        if line.startswith("#"):
            continue
        name, same_as, ra, dec = line.split(";")
        yield [name], same_as, _sexagesimal(ra or "0 0 0"), _sexagesimal(dec or "0 0 0")


def _foreign_names() -> Iterator[Row]:
    """Give each object's names in other languages once, umlauts also as "ae", "oe" and "ue"."""
    for line in FOREIGN_NAMES.read_text().splitlines():
        if line.startswith("#"):
            continue
        same_as, *languages = line.split(";")
        written = [name for language in languages for name in language.split("|") if name]
        by_key = {key(name): name for name in [*(n.translate(_SPELT_OUT) for n in written), *written]}
        by_key.pop(key(same_as), None)  # differs by accents alone
        if by_key:
            yield list(by_key.values()), same_as, 0.0, 0.0


def _sharpless(lines: Iterable[str]) -> Iterator[Row]:
    for line in lines:
        number = int(line[0:4])
        ra = int(line[20:22] or 0) + int(line[22:24]) / 60 + int(line[24:27]) / 36000
        dec = int(line[28:30]) + int(line[30:32]) / 60 + int(line[32:34]) / 3600
        yield [f"Sh2-{number}"], "", *_from_1900(ra, -dec if line[27] == "-" else dec)


def _barnard(lines: Iterable[str]) -> Iterator[Row]:
    for line in lines:
        ra = int(line[22:24]) + int(line[25:27]) / 60 + int(line[28:30].strip() or 0) / 3600
        dec = int(line[33:35]) + int(line[36:38]) / 60
        yield [f"B {line[1:5].strip()}"], "", ra, -dec if line[32] == "-" else dec


def _from_1900(ra_hours: float, dec_degrees: float) -> tuple[float, float]:
    place = ephem.Equatorial(math.radians(ra_hours * 15), math.radians(dec_degrees), epoch="1900")
    place = ephem.Equatorial(place, epoch=ephem.J2000)
    return math.degrees(place.ra) / 15 % 24, math.degrees(place.dec)


def _shown(name: str) -> str:
    """Write a designation as people do: "NGC0040" is "NGC 40", "Cl 050" "Cr 50", "SH 2-155" "Sh2-155"."""
    split = designation(name)
    if split is None:
        return name
    prefix, number = split
    if prefix == "sh2":
        return f"Sh2-{number}"
    shown = prefix.capitalize() if prefix in {"mel", "cr"} else prefix.upper()
    return f"{shown} {re.sub('ned', ' NED', number) if 'ned' in number else number.upper()}"


def _without_article(name: str) -> str:
    return name.removeprefix("the ")


def _sexagesimal(text: str) -> float:
    first, minutes, seconds = text.replace(":", " ").split()
    value = abs(float(first)) + float(minutes) / 60 + float(seconds) / 3600
    return -value if first.startswith("-") else value


def _write(file: str, rows: Iterable[Row]) -> None:
    lines = []
    for names, same_as, ra, dec in rows:
        keys = [key(name) for name in names]
        lines.append(f"{'|'.join(keys)};{'|'.join(names)};{key(same_as)};{ra:.5f};{dec:.4f}")
    data = gzip.compress("\n".join(lines).encode(), compresslevel=9, mtime=0)
    (DATA / file).write_bytes(data)
    print(f"{file}: {len(lines)} objects, {len(data)} bytes")


if __name__ == "__main__":
    main()
