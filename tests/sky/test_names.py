"""Names as owners type them: nicknames, several names at once, panes of mosaics, other languages."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import AgentError
from agent.session.place import apart
from agent.sky.catalogue import AmbiguousTargetError, UnknownTargetError, resolve
from agent.sky.catalogue.lookup import bodies, find, objects
from agent.sky.catalogue.names import key, plain
from agent.sky.catalogue.near import slips
from agent.targets import SkyTarget, SolarBody, SolarTarget, without_pane
from tests.support.chance import often
from tests.support.tables import every

BOUNDED = settings(deadline=None, max_examples=often(150))
FIELD_DEG = 0.6
ARC_MINUTE = 1 / 60

NICKNAMES = {
    "Flame": "NGC 2024",
    "Bubble": "NGC 7635",
    "Heart": "IC 1805",
    "Soul": "IC 1848",
    "Swan": "M 17",
    "Iris": "NGC 7023",
    "Crescent": "NGC 6888",
    "Pelican": "IC 5070",
    "Rosette": "NGC 2244",
    "Trifid": "M 20",
    "Lagoon": "M 8",
    "Eagle": "M 16",
    "Wizard": "NGC 7380",
    "Tulip": "Sh2-101",
    "Witch Head": "IC 2118",
    "Jellyfish": "IC 443",
    "California": "NGC 1499",
    "Cave": "Sh2-155",
    "Pacman": "NGC 281",
    "Seagull": "IC 2177",
    "Monkey Head": "NGC 2174",
    "Tadpole": "IC 410",
    "Flaming Star": "IC 405",
    "Christmas Tree": "NGC 2264",
    "Spaghetti": "Sh2-240",
    "Orion": "M 42",
    "Medusa": "Sh2-274",
    "Dolphin": "Sh2-308",
    "Veil": "NGC 6960",
    "Western Veil": "NGC 6960",
    "Eastern Veil": "NGC 6992",
    "Veil East": "NGC 6992",
    "Omega": "M 17",
    "Cat's Paw": "NGC 6334",
    "Cat's Eye": "NGC 6543",
    "Cats Eye": "NGC 6543",
    "Eskimo": "NGC 2392",
    "Skull": "NGC 246",
    "Little Dumbbell": "M 76",
    "Ghost of Jupiter": "NGC 3242",
    "Whirlpool": "M 51",
    "Cigar": "M 82",
    "Bode's": "M 81",
    "Black Eye": "M 64",
    "Sunflower": "M 63",
    "Fireworks": "NGC 6946",
    "Whale": "NGC 4631",
    "Needle": "NGC 4565",
    "Sombrero": "M 104",
    "Triangulum": "M 33",
    "Wild Duck": "M 11",
    "Beehive": "M 44",
    "Butterfly Cluster": "M 6",
    "Owl": "M 97",
    "Thor": "NGC 2359",
    "Elephant Trunk": "vdB 142",
    "Lagoon Neb.": "M 8",
    "Andromeda Gal.": "M 31",
    "Trapezium": "M 42",
    "the Flame": "NGC 2024",
    "Heart & Soul": "Heart and Soul Nebulae",
    "M81 & M82": "Bode's Nebulae",
    "Horsehead and Flame": "Flame and Horsehead",
    "Garnet Star": "Mu Cephei",
    "Fish Head": "IC 1795",
}
COMPOSITES = {
    "NGC 6992 Veil Nebula": "NGC 6992",
    "Veil Nebula (NGC 6960)": "NGC 6960",
    "M 66 - Leo Triplet": "M 66",
    "Orion Nebula M42/M43": "M 42",
    "IC434 Horsehead Nebula": "IC 434",
    "M31 - Galaxie d'Andromède": "M 31",
    "M 42 (Orionnebel)": "M 42",
    "NGC7000 NorthAmerica": "NGC 7000",
    "Heart Nebula NGC 896": "NGC 896",
    "NGC 7000 (North America)": "NGC 7000",
    "Andromeda Galaxy - M 31": "M 31",
    "M31_Andromeda": "M 31",
    "M 31, Andromeda": "M 31",
    "M31 Andromeda Galaxy": "M 31",
    "M_31_Andromeda_Galaxy": "M 31",
    "M 31 / NGC 224": "M 31",
    "NGC 224 = M 31": "M 31",
    "Galaxie M 31": "M 31",
    "M31 in Andromeda": "M 31",
    "M 42 Orion Nebula": "M 42",
    "Great Orion Nebula (M 42)": "M 42",
    "Messier 42 - Orion": "M 42",
    "IC 1396 Elephant's Trunk": "IC 1396",
    "Cone Nebula (NGC 2264)": "NGC 2264",
    "Rosette C 49": "C 49",
    "NGC 6992/5": "NGC 6992",
    "NGC 869/884": "Double Cluster",
    "M 65/66": "M 65",
    "M 13 in Hercules": "M 13",
    "Crab Nebula M1": "M 1",
    "B33 Horsehead": "B 33",
    "Barnard 33 (Horsehead)": "B 33",
    "M 8/20": "Lagoon and Trifid",
    "Sh2-155 Cave": "Sh2-155",
    "SH2-155 - Cave Nebula": "Sh2-155",
    "NGC 6960 Veil Nebula": "NGC 6960",
    "M 102 (NGC 5866)": "NGC 5866",
    "M 6 (Butterfly)": "M 6",
    "M 77 Squid": "M 77",
    "M57, Lyra": "M 57",
    "Omega Centauri (NGC 5139)": "NGC 5139",
    "M 45 - Pleiades": "M 45",
    "Caldwell 20/NGC 7000": "NGC 7000",
    "Kugelsternhaufen M 13": "M 13",
    "Tête de Cheval (B33)": "B 33",
    "M 8: Lagunennebel": "M 8",
    "M 16 - Eagle Nebula - Panel 2": "M 16",
    "IC 5070 Pelican": "IC 5070",
    "Flame Nebula [NGC 2024]": "NGC 2024",
}
PANES = {
    "M 31 Panel 2": "M 31",
    "M 31 panel A": "M 31",
    "NGC 7000 mosaic 1-2": "NGC 7000",
    "M 31 P2": "M 31",
    "M31_01": "M 31",
    "M31_01_02": "M 31",
    "M 31 (1/4)": "M 31",
    "M 31 #3": "M 31",
    "M 31 2x2": "M 31",
    "NGC7000-Panel-3": "NGC 7000",
    "Andromeda Galaxy Panel 1": "M 31",
    "M 31 mosaic": "M 31",
    "IC 1396 Pane 4": "IC 1396",
    "Veil Nebula - Tile 2": "NGC 6960",
    "M 45 Teil 2": "M 45",
    "Soul_03": "IC 1848",
    "Heart panneau 2": "IC 1805",
    "M 33 Mosaik 1/2": "M 33",
    "M 33 mosaïque": "M 33",
    "M 42 R1C2": "M 42",
    "Cygnus Loop (2 of 6)": "Cygnus Loop",
    "NGC 7000 mosaic panel 2": "NGC 7000",
    "Sh2-240_2": "Sh2-240",
}
LANGUAGES = {
    "Andromedagalaxie": "M 31",
    "Andromeda-Nebel": "M 31",
    "Orionnebel": "M 42",
    "Orion-Nebel": "M 42",
    "Der Orionnebel": "M 42",
    "Plejaden": "M 45",
    "Siebengestirn": "M 45",
    "Feuerradgalaxie": "M 101",
    "Pferdekopfnebel": "B 33",
    "Nordamerikanebel": "NGC 7000",
    "Zirrusbogen": "Cygnus Loop",
    "Östlicher Cirrusnebel": "NGC 6992",
    "Oestlicher Cirrusnebel": "NGC 6992",
    "Herznebel": "IC 1805",
    "Große Magellansche Wolke": "LMC",
    "Doppelhaufen": "Double Cluster",
    "Elefantenrüssel": "vdB 142",
    "Galaxie d'Andromède": "M 31",
    "Nébuleuse d’Orion": "M 42",
    "Nébuleuse de l'Aigle": "M 16",
    "Nebuleuse de la Lagune": "M 8",
    "Les Pléiades": "M 45",
    "Amas d'Hercule": "M 13",
    "Cœur": "IC 1805",
    "Nébuleuse du Croissant": "NGC 6888",
    "Tête de Cheval": "B 33",
    "Grandes Dentelles": "NGC 6992",
    "Galaxie du Tourbillon": "M 51",
    "L'Étoile Polaire": "Polaris",
    "Nébuleuse Oméga": "M 17",
    "Nebulosa de Orión": "M 42",
    "Cabeza de Caballo": "B 33",
    "Galaxia del Remolino": "M 51",
    "Nebulosa del Águila": "M 16",
    "Las Pléyades": "M 45",
    "Nebulosa de la Hélice": "NGC 7293",
    "Gran Nube de Magallanes": "LMC",
    "Cúmulo de Hércules": "M 13",
    "Nebulosa del Cangrejo": "M 1",
    "Galassia di Andromeda": "M 31",
    "Nebulosa di Orione": "M 42",
    "Le Pleiadi": "M 45",
    "Presepe": "M 44",
    "Testa di Cavallo": "B 33",
    "Nebulosa Nord America": "NGC 7000",
    "Proboscide d'Elefante": "vdB 142",
    "Galassia Sigaro": "M 82",
    "Ammasso Doppio": "Double Cluster",
}
ALL = {**NICKNAMES, **COMPOSITES, **PANES, **LANGUAGES}


def refusal(name: str) -> AgentError | None:
    """Return the error with which a name is refused; None when it is a target."""
    try:
        resolve(name)
    except (UnknownTargetError, AmbiguousTargetError) as error:
        return error
    return None


def place(name: str) -> SkyTarget:
    target = resolve(name)
    assert isinstance(target, SkyTarget)
    return target


def test_the_table_of_names_is_long() -> None:
    assert len(ALL) >= 150


@pytest.mark.parametrize(("name", "designation"), every(3, list(ALL.items())))
def test_a_name_as_owners_type_it_leads_to_its_place(name: str, designation: str) -> None:
    assert place(name).name == name
    assert apart(place(name), place(designation)) < ARC_MINUTE


@pytest.mark.parametrize(
    ("name", "hours", "degrees"),
    [
        ("Cone", 6.687, 9.4),
        ("Soap Bubble", 20.256, 38.05),
        ("Horsehead and Flame", 5.69, -2.2),
        ("Lagoon and Trifid", 18.05, -23.7),
        ("Double Double", 18.74, 39.64),
        ("Barnard's Star", 17.963, 4.69),
        ("Herz und Seele", 2.72, 60.9),
    ],
)
def test_a_name_that_has_no_number_leads_to_its_place(name: str, hours: float, degrees: float) -> None:
    assert apart(place(name), SkyTarget("", hours, degrees)) < FIELD_DEG


@pytest.mark.parametrize(
    ("name", "body"),
    [("Mond", "moon"), ("La Lune", "moon"), ("Luna", "moon"), ("Saturne", "saturn"), ("Giove", "jupiter")],
)
def test_a_planet_in_another_language_is_the_body(name: str, body: str) -> None:
    assert resolve(name) == SolarTarget(name, SolarBody(body))


@pytest.mark.parametrize(
    ("name", "both"),
    [
        ("Lobster", ("M 17", "NGC 6357")),
        ("Butterfly", ("M 6", "NGC 6302")),
        ("Squid", ("Ou 4", "M 77")),
        ("Spindle Galaxy", ("NGC 5866", "NGC 3115")),
        ("Nebulosa Medusa", ("IC 443", "Sh2-274")),
        ("NGC 7000 (Pelican)", ("NGC 7000", "Pelican")),
        ("M 31 - M 33", ("M 31", "M 33")),
        ("M 31 Whirlpool Galaxy", ("M 31", "Whirlpool Galaxy")),
        ("Andromeda, Pleiades", ("Andromeda", "Pleiades")),
        ("M 13/92", ("M 13", "M 92")),
        ("NGC 6992 Western Veil", ("NGC 6992", "Western Veil")),
        ("Little Gem", ("NGC 6445", "NGC 6818")),
        ("Moon (M 45)", ("Moon", "M 45")),
    ],
)
def test_names_of_different_places_are_refused_with_the_places(name: str, both: tuple[str, str]) -> None:
    with pytest.raises(AmbiguousTargetError) as caught:
        resolve(name)
    assert all(one in caught.value.hint for one in both)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Ring Galaxy",
            "Flame Galaxy",
            "Heart Soul",
            "Double",
            "Virgo",
            "Cygnus",
            "M 31 supernova",
            "M 31 (test)",
        ),
        *(
            "C/2023 A3",
            "C/2022 E3 (ZTF)",
            "12P/Pons-Brooks",
            "SN 2023ixf",
            "Antares region",
            "LBN 16000",
            "M 111",
        ),
        *("NGC", "Panel 2", "_01", "P2", "M", "galaxy", "Nebula (M)", "2024-03-12", "Andromeda II"),
    ],
)
def test_a_name_of_which_a_part_is_unknown_is_not_guessed(name: str) -> None:
    with pytest.raises(UnknownTargetError):
        resolve(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("M 31 (test)", "M 31"),
        ("Flame Galaxy", "Flame Nebula"),
        ("Horshead", "Horsehead"),
        ("Dumbell Nebula", "Dumbbell Nebula"),
        ("Siruis", "Sirius"),
        ("Pleides", "Pleiades"),
        ("Flme", "Flame Nebula"),
        ("Nort America Nebula", "North America Nebula"),
        ("M 310", "M 31"),
    ],
)
def test_a_hint_is_near_in_meaning(name: str, near: str) -> None:
    with pytest.raises(UnknownTargetError) as caught:
        resolve(name)
    assert near in caught.value.near


@BOUNDED
@given(st.sampled_from(sorted(spelling for spelling in objects() if " " not in spelling)), st.data())
def test_a_hint_shares_a_word_or_is_one_letter_in_ten_away_and_resolves(
    name: str, data: st.DataObject
) -> None:
    shown = objects().get(name)
    assert shown is not None
    at = data.draw(st.integers(0, len(shown.name)))
    asked = shown.name[:at] + data.draw(st.text("aeinorst -'", max_size=2)) + shown.name[at + 1 :]
    error = refusal(asked)
    said = plain(asked).split()
    parts = {key(" ".join(said[i:j])) for i, j in itertools.combinations(range(len(said) + 1), 2)}
    for near in error.near if isinstance(error, UnknownTargetError) else ():
        words = set(near.casefold().replace("-", " ").split())
        letters = near.casefold().replace(" ", "")
        allowed = 2 + len(letters) // 10 + sum(letters.count(mark) for mark in "'-.&’")
        shorter = letters.removesuffix("nebula").removesuffix("galaxy")
        wanted = "".join(asked.casefold().split())
        assert (
            words & set(asked.casefold().replace("-", " ").split())
            or min(slips(wanted, letters), slips(wanted, shorter)) <= allowed
            or not (asked + near).isascii()
            or key(near) in parts
        ), (asked, near)
        assert refusal(near) is None


@pytest.mark.parametrize("name", ["Cona", "Conne", "Irs", "Con", "Flume"])
def test_no_hint_is_a_name_that_only_sounds_alike(name: str) -> None:
    error = refusal(name)
    assert isinstance(error, UnknownTargetError)
    assert not {"Alcyone", "Sirius", "Dumbbell"} & set(error.near)


SEPARATORS = st.sampled_from([" - ", ", ", " / ", "_", " (", ": ", " ", " = ", " & ", "-", "/", ""])
KNOWN = st.sampled_from([*sorted(ALL), "M 31", "NGC 7000", "Lobster", "Moon", "Sirius", "C/2023 A3"])
PIECES = st.one_of(
    KNOWN, st.text(max_size=12), st.sampled_from(["Panel 2", "_01", "mosaic 1-2", ")", "nebula", "in"])
)


@BOUNDED
@given(st.lists(st.tuples(PIECES, SEPARATORS), max_size=6))
def test_no_combination_of_names_raises_anything_else(pieces: list[tuple[str, str]]) -> None:
    error = refusal("".join(itertools.chain.from_iterable(pieces)))
    assert error is None or error.hint


@BOUNDED
@given(
    st.sampled_from(sorted(ALL)),
    st.sampled_from(
        [str.upper, str.lower, str.title, str.swapcase, lambda text: f"  {text.replace(' ', '   ')} "]
    ),
    st.sampled_from(["", " Panel 3", " P1", "_02", " mosaic 2-1", " (1/4)"]),
)
def test_a_name_does_not_move_between_its_spellings(name: str, spelt: object, pane: str) -> None:
    assert callable(spelt)
    assert apart(place(spelt(name) + pane), place(name)) < ARC_MINUTE


@BOUNDED
@given(st.sampled_from(sorted(COMPOSITES)))
def test_the_order_of_names_does_not_matter(name: str) -> None:
    if " - " in name and "Panel" not in name:
        first, second = name.split(" - ")
        assert apart(place(f"{second}, {first}"), place(name)) < ARC_MINUTE


@pytest.mark.parametrize("first", every(4, range(4)))
def test_every_stored_name_leads_to_a_place(first: int) -> None:
    for spelling in itertools.islice(itertools.chain(objects(), bodies()), first, None, 4):
        found = objects().get(spelling)
        assert find(spelling) is not None, spelling
        assert found is None or key(found.name) == spelling, spelling


@pytest.mark.parametrize(
    "name", ["-" * 100_000, "M 31 " * 20_000, "_" * 140, "( " * 70, "M 31 M 31 " * 14, "a b " * 37]
)
def test_a_long_name_is_answered_at_once(name: str) -> None:
    began = time.process_time()
    error = refusal(name)
    assert time.process_time() - began < 1
    assert error is None or len(str(error)) < 400


@given(st.text(max_size=200))
def test_what_is_left_without_the_pane_begins_the_name(name: str) -> None:
    assert name.startswith(without_pane(name))
