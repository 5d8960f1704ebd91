"""One spelling for every way of writing a name: "M31", "m 31" and "Messier 031" are the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from agent.sky.catalogue.star_names import shown_star, spelt_letters, star_designation

_CATALOGUES = {  # the catalogues that people name by number: how they spell them, the commonest first
    "m": ("messier", "m"),
    "ngc": ("ngc", "n g c"),
    "ic": ("ic", "i c"),
    "c": ("caldwell", "cald", "cal", "c"),
    "b": ("barnard", "b"),
    "mel": ("melotte", "mel"),
    "cr": ("collinder", "coll", "col", "cr", "cl"),
    "tr": ("trumpler", "tr"),
    "stock": ("stock", "st"),
    "lbn": ("lbn", "lynds bright nebula"),
    "ldn": ("ldn", "lynds dark nebula"),
    "vdb": ("vdb", "van den bergh"),
    "vdbh": ("vdbh",),
    "ced": ("ced", "cederblad"),
    "rcw": ("rcw",),
    "gum": ("gum",),
    "arp": ("arp",),
    "hcg": ("hcg", "hickson compact group", "hickson"),
    "aco": ("aco",),
    "a66": ("pn a66", "a66", "pn abell"),
    "abell": ("abell", "a"),
    "ugc": ("ugc",),
    "ugca": ("ugca",),
    "hip": ("hip", "hipparcos"),
    "hd": ("hd", "henry draper"),
}
_PREFIXES = {spelling: prefix for prefix, spellings in _CATALOGUES.items() for spelling in spellings}
_SHARPLESS = re.compile(r"(?:(?:sharpless|sh)(?: ?2)? |sh2|sharpless)0*(\d+)")
_DESIGNATION = re.compile(
    rf"({'|'.join(sorted(_PREFIXES, key=len, reverse=True))})(?: (?:no|nr))? ?0*(\d+) ?([a-z]?|ned ?\d+)"
)
_ESO = re.compile(r"eso ?0*(\d+) (?:g )?0*(\d+)")
_GALACTIC = re.compile(  # numbered by galactic longitude and latitude, whose sign must not be lost
    r"\s*(pk|pn\s*g|snr\s*g)\s*0*(\d+)(\.\d)?\s*([-+−–])\s*0*(\d+)(?:[. ]+(\d))?\s*", re.IGNORECASE
)
_POSSESSIVE = re.compile(r"['’`]s\b")
_OF_NO_WEIGHT = frozenset(
    {"and", "the", "nebula", "nebulae", "galaxy", "galaxies", "cluster", "clusters", "group", "region"}
)
_SHOWN = {  # where it is not upper case
    "mel": "Mel",
    "cr": "Cr",
    "tr": "Tr",
    "stock": "Stock",
    "vdb": "vdB",
    "vdbh": "vdBH",
    "ced": "Ced",
    "gum": "Gum",
    "arp": "Arp",
    "a66": "PN A66",
    "abell": "Abell",
    "sh2": "Sh2-",
    "png": "PN G",
    "snrg": "SNR G",
}


def designation(name: str) -> tuple[str, str] | None:
    """Split a designation: "NGC 0040" is ("ngc", "40"), "IC 186A" ("ic", "186a"). None for a name."""
    galactic = _GALACTIC.fullmatch(name)
    if galactic:
        kind, longitude, tenth, sign, latitude, last = galactic.groups()
        sign = "+" if sign == "+" else "-"
        return "".join(kind.lower().split()), f"{longitude}{tenth or ''}{sign}{latitude}.{last or '0'}"
    text = plain(name)
    sharpless = _SHARPLESS.fullmatch(text)
    if sharpless:
        return "sh2", sharpless[1]
    eso = _ESO.fullmatch(text)
    if eso:
        return "eso", f"{eso[1]}-{eso[2]}"
    found = _DESIGNATION.fullmatch(text)
    if found is None:
        return star_designation(text)
    return _PREFIXES[found[1]], found[2] + found[3].replace(" ", "")


def key(name: str) -> str:
    """Return the one spelling under which a name is stored and looked up."""
    split = designation(name)
    if split is not None:
        return f"{split[0]} {split[1]}"
    return plain(name).removeprefix("the ").replace(" ", "")


def shown(name: str) -> str:
    """Write a designation as people do: "NGC0040" is "NGC 40", "Cl 050" "Cr 50", "SH 2-155" "Sh2-155"."""
    split = designation(name)
    if split is None:
        return name
    return shown_key(f"{split[0]} {split[1]}")


def shown_key(spelling: str) -> str:
    """Write the key of a designation as people write the designation."""
    prefix, number = spelling.split(" ")
    if number.isalpha() and star_designation(spelling):
        return shown_star(prefix, number)
    word = _SHOWN.get(prefix, prefix.upper())
    written = number.upper().replace("NED", " NED")
    return f"{word}{'' if word[-1] in '-G' and prefix in _SHOWN else ' '}{written}"


def same_name(one: str, other: str) -> bool:
    """Whether two names say the same, in any order and but for "and", "'s" and the kind of object."""
    return _telling(one) == _telling(other)


def said_once(names: Iterable[str]) -> list[str]:
    """Return the names without those that say the same as one before them."""
    once: dict[frozenset[str], str] = {}
    for name in names:
        once.setdefault(_telling(name), name)
    return list(once.values())


def _telling(name: str) -> frozenset[str]:
    words = frozenset(plain(_POSSESSIVE.sub("", name)).split())
    return words - _OF_NO_WEIGHT or words


def plain(name: str) -> str:
    """Lower case, no accents, no apostrophes, everything else that is no letter or digit a blank."""
    text = unicodedata.normalize("NFKD", name).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter) and letter not in "'’`")
    return " ".join(re.sub(r"[^a-z0-9]+", " ", spelt_letters(text)).split())
