"""One spelling for every way of writing a name: "M31", "m 31" and "Messier 031" are the same."""

from __future__ import annotations

import re
import unicodedata

_PREFIXES = {
    "messier": "m",
    "caldwell": "c",
    "barnard": "b",
    "melotte": "mel",
    "collinder": "cr",
    "cl": "cr",
    "trumpler": "tr",
    "van den bergh": "vdb",
}
_SHARPLESS = re.compile(r"(?:sharpless|sh)(?: ?2)? 0*(\d+)")
_DESIGNATION = re.compile(
    r"(messier|m|ngc|ic|caldwell|c|barnard|b|melotte|mel|collinder|cr|cl|trumpler|tr|lbn|ldn"
    r"|van den bergh|vdb|abell)"
    r" ?0*(\d+) ?([a-z]?|ned ?\d+)"
)


def designation(name: str) -> tuple[str, str] | None:
    """Split a designation: "NGC 0040" is ("ngc", "40"), "IC 186A" ("ic", "186a"). None for a name."""
    text = plain(name)
    sharpless = _SHARPLESS.fullmatch(text)
    if sharpless:
        return "sh2", sharpless[1]
    found = _DESIGNATION.fullmatch(text)
    if found is None:
        return None
    return _PREFIXES.get(found[1], found[1]), found[2] + found[3].replace(" ", "")


def key(name: str) -> str:
    """Return the one spelling under which a name is stored and looked up."""
    split = designation(name)
    if split is not None:
        return f"{split[0]} {split[1]}"
    return plain(name).removeprefix("the ").replace(" ", "")


def plain(name: str) -> str:
    """Lower case, no accents, no apostrophes, everything else that is no letter or digit a blank."""
    text = unicodedata.normalize("NFKD", name).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter) and letter not in "'’`")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())
