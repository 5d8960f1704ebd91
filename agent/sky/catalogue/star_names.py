"""Bayer letters and Flamsteed numbers: "alpha Lyr", "α Lyrae", "Alp Lyr", "61 Cyg"."""

from __future__ import annotations

import re

_GREEK = {
    letter: (name, name[:3])
    for letter, name in zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        (
            *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
            *("lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi"),
            *("chi", "psi", "omega"),
        ),
        strict=True,
    )
}
_LETTERS = {word: short for name, short in _GREEK.values() for word in (name, short)} | {
    "alf": "alp",
    "alfa": "alp",
    "ksi": "xi",
    "tet": "the",
    "khi": "chi",
    "o": "omi",
}
_GENITIVES = (
    "Andromedae And,Antliae Ant,Apodis Aps,Aquarii Aqr,Aquilae Aql,Arae Ara,Arietis Ari,Aurigae Aur,"
    "Bootis Boo,Caeli Cae,Camelopardalis Cam,Cancri Cnc,Canum Venaticorum CVn,Canis Majoris CMa,"
    "Canis Minoris CMi,Capricorni Cap,Carinae Car,Cassiopeiae Cas,Centauri Cen,Cephei Cep,Ceti Cet,"
    "Chamaeleontis Cha,Circini Cir,Columbae Col,Comae Berenices Com,Coronae Australis CrA,"
    "Coronae Borealis CrB,Corvi Crv,Crateris Crt,Crucis Cru,Cygni Cyg,Delphini Del,Doradus Dor,"
    "Draconis Dra,Equulei Equ,Eridani Eri,Fornacis For,Geminorum Gem,Gruis Gru,Herculis Her,"
    "Horologii Hor,Hydrae Hya,Hydri Hyi,Indi Ind,Lacertae Lac,Leonis Leo,Leonis Minoris LMi,"
    "Leporis Lep,Librae Lib,Lupi Lup,Lyncis Lyn,Lyrae Lyr,Mensae Men,Microscopii Mic,Monocerotis Mon,"
    "Muscae Mus,Normae Nor,Octantis Oct,Ophiuchi Oph,Orionis Ori,Pavonis Pav,Pegasi Peg,Persei Per,"
    "Phoenicis Phe,Pictoris Pic,Piscium Psc,Piscis Austrini PsA,Puppis Pup,Pyxidis Pyx,Reticuli Ret,"
    "Sagittae Sge,Sagittarii Sgr,Scorpii Sco,Sculptoris Scl,Scuti Sct,Serpentis Ser,Sextantis Sex,"
    "Tauri Tau,Telescopii Tel,Trianguli Tri,Trianguli Australis TrA,Tucanae Tuc,Ursae Majoris UMa,"
    "Ursae Minoris UMi,Velorum Vel,Virginis Vir,Volantis Vol,Vulpeculae Vul"
)
_OF = {short.lower(): genitive for genitive, short in (item.rsplit(" ", 1) for item in _GENITIVES.split(","))}
_CONSTELLATIONS = {short: short for short in _OF} | {
    genitive.lower(): short for short, genitive in _OF.items()
}
_WHERE = "|".join(sorted(_CONSTELLATIONS, key=len, reverse=True))
_BAYER = re.compile(rf"({'|'.join(sorted(_LETTERS, key=len, reverse=True))}) ?(\d{{0,2}}) ({_WHERE})")
_FLAMSTEED = re.compile(rf"0*(\d{{1,3}}) ?({_WHERE})")
_LETTER = re.compile(f"[{''.join(_GREEK)}ς]")


def spelt_letters(text: str) -> str:
    """Write Greek letters out: "α Lyr" is "alpha Lyr"."""
    return _LETTER.sub(lambda found: f"{_GREEK.get(found[0], ('sigma',))[0]} ", text)


def star_designation(plain: str) -> tuple[str, str] | None:
    """Split a plain name of a star: "alpha lyrae" is ("alp", "lyr"), "61 cygni" ("61", "cyg"); or None."""
    bayer = _BAYER.fullmatch(plain)
    if bayer:
        return f"{_LETTERS[bayer[1]]}{bayer[2].lstrip('0')}", _CONSTELLATIONS[bayer[3]]
    flamsteed = _FLAMSTEED.fullmatch(plain)
    return (flamsteed[1], _CONSTELLATIONS[flamsteed[2]]) if flamsteed else None


def shown_star(first: str, constellation: str) -> str:
    """Write a star's designation as people do: "Alpha Lyrae", "61 Cygni"."""
    letter, number = first[:3].rstrip("0123456789"), first.lstrip("abcdefghijklmnopqrstuvwxyz")
    name = next((name for name, short in _GREEK.values() if short == letter), "")
    return f"{name.capitalize()}{' ' if name and number else ''}{number} {_OF[constellation]}"
