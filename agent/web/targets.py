"""What is known of targets, for people: the one place that asks the catalogue."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import ephem

from agent.errors import AgentError
from agent.sky.catalogue import resolve
from agent.sky.catalogue.lookup import bodies, find, places, stars
from agent.sky.catalogue.names import designation, key
from agent.targets import SkyTarget, Target

MOST = 8
_LARGEST = 100  # letters of what is searched for


@dataclass(frozen=True, slots=True)
class Known:
    """A target with what is told of it; degrees, and None or "" where nothing is."""

    target: Target
    name: str
    other_name: str = ""
    kind: str = ""
    constellation: str = ""
    size: tuple[float, float] | None = None
    angle: float = 0.0
    magnitude: float | None = None


# Until the catalogue tells sizes: what owners of these telescopes image most, best known first.
# name, other name, kind, long and short side in arcminutes, position angle, magnitude
_FAMOUS = """
M 31;Andromeda Galaxy;galaxy;190;60;35;3.4
M 42;Orion Nebula;emission_nebula;85;60;0;4.0
M 45;Pleiades;open_cluster;110;110;0;1.6
M 33;Triangulum Galaxy;galaxy;71;42;23;5.7
NGC 7000;North America Nebula;emission_nebula;120;100;0;4.0
NGC 2237;Rosette Nebula;emission_nebula;80;80;0;9.0
IC 434;Horsehead Nebula;emission_nebula;60;10;0;6.8
NGC 2024;Flame Nebula;emission_nebula;30;30;0;7.2
M 81;Bode's Galaxy;galaxy;27;14;157;6.9
M 82;Cigar Galaxy;galaxy;11;4;65;8.4
M 51;Whirlpool Galaxy;galaxy;11;7;163;8.4
M 101;Pinwheel Galaxy;galaxy;29;27;0;7.9
M 8;Lagoon Nebula;emission_nebula;90;40;90;6.0
M 20;Trifid Nebula;emission_nebula;28;28;0;6.3
M 16;Eagle Nebula;cluster_with_nebula;35;28;0;6.0
M 17;Omega Nebula;emission_nebula;46;37;0;6.0
M 13;Hercules Cluster;globular_cluster;20;20;0;5.8
M 3;;globular_cluster;18;18;0;6.2
M 5;;globular_cluster;23;23;0;5.7
M 27;Dumbbell Nebula;planetary_nebula;8;6;125;7.5
M 57;Ring Nebula;planetary_nebula;1.5;1;60;8.8
NGC 6960;Western Veil;supernova_remnant;70;6;10;7.0
NGC 6992;Eastern Veil;supernova_remnant;60;8;150;7.0
IC 1805;Heart Nebula;emission_nebula;90;90;0;6.5
IC 1848;Soul Nebula;emission_nebula;100;50;90;6.5
IC 1396;Elephant's Trunk;emission_nebula;170;140;0;3.5
NGC 281;Pacman Nebula;emission_nebula;35;30;0;7.4
NGC 7293;Helix Nebula;planetary_nebula;18;14;0;7.3
IC 443;Jellyfish Nebula;supernova_remnant;50;40;0;12
NGC 2264;Christmas Tree;cluster_with_nebula;60;30;0;3.9
M 35;;open_cluster;28;28;0;5.3
M 44;Beehive Cluster;open_cluster;95;95;0;3.7
M 1;Crab Nebula;supernova_remnant;6;4;125;8.4
M 63;Sunflower Galaxy;galaxy;13;7;105;8.6
M 64;Black Eye Galaxy;galaxy;10;5;115;8.5
M 65;;galaxy;10;3;174;9.3
M 66;;galaxy;9;4;173;8.9
M 78;;reflection_nebula;8;6;0;8.3
M 97;Owl Nebula;planetary_nebula;3.4;3.4;0;9.9
M 104;Sombrero Galaxy;galaxy;9;4;90;8.0
M 106;;galaxy;19;7;150;8.4
M 110;;galaxy;22;11;170;8.5
M 32;;galaxy;9;7;170;8.1
NGC 869;Double Cluster;open_cluster;60;30;90;4.3
NGC 891;;galaxy;14;3;22;10
NGC 253;Sculptor Galaxy;galaxy;27;7;52;7.1
NGC 4565;Needle Galaxy;galaxy;16;2;136;9.6
NGC 6888;Crescent Nebula;emission_nebula;20;10;45;7.4
NGC 7635;Bubble Nebula;emission_nebula;15;8;0;10
IC 5146;Cocoon Nebula;cluster_with_nebula;12;12;0;7.2
IC 405;Flaming Star Nebula;emission_nebula;37;19;0;6.0
IC 2118;Witch Head Nebula;reflection_nebula;180;60;0;13
M 22;;globular_cluster;32;32;0;5.1
M 15;;globular_cluster;18;18;0;6.2
M 92;;globular_cluster;14;14;0;6.3
M 2;;globular_cluster;16;16;0;6.5
M 53;;globular_cluster;13;13;0;7.6
M 36;;open_cluster;12;12;0;6.0
M 37;;open_cluster;24;24;0;5.6
M 38;;open_cluster;21;21;0;6.4
"""


@lru_cache(maxsize=1)
def famous() -> tuple[Known, ...]:
    """What people image most."""
    return tuple(found for line in _FAMOUS.split("\n") if line and (found := _read(line)) is not None)


def about(target: Target | None) -> Known | None:
    """What is known of a target; the nearest of the famous ones within a tenth of a degree counts."""
    if target is None:
        return None
    if isinstance(target, SkyTarget):
        here = _radians(target)
        for one in famous():
            if isinstance(one.target, SkyTarget):
                apart = math.degrees(float(ephem.separation(here, _radians(one.target))))
                if apart < 0.1:
                    return one
    return _bare(target)


def search(text: str, most: int = MOST) -> list[Known]:
    """Targets whose name begins with, or holds, what was typed; the best known first."""
    asked = " ".join(text.split())[:_LARGEST]
    if not asked:
        return []
    found: list[Known] = []
    seen: set[str] = set()
    for one in _matches(asked):
        word = key(one.name)
        if word not in seen:
            seen.add(word)
            found.append(one)
        if len(found) >= most:
            break
    return found


def named(text: str) -> Known | None:
    """The one target of that name; None when there is none, or several."""
    try:
        return about(find(key(text)) or resolve(text))
    except AgentError:
        return None


def _matches(asked: str) -> Iterator[Known]:
    wanted, split = key(asked), designation(asked)
    exact = named(asked)
    if split is not None and exact is not None:
        yield exact
    for one in famous():
        forms = [key(one.name), key(one.other_name)]
        if any(form.startswith(wanted) for form in forms if form) or wanted in forms[1]:
            yield one
    if exact is not None:
        yield exact
    for spelling in _spellings():
        if spelling.startswith(wanted) and (split is None or " " in spelling):
            target = find(spelling)
            if target is not None and (found := about(target)) is not None:
                yield found


def _spellings() -> Sequence[str]:
    return [*bodies(), *stars(), *places()]


def _read(line: str) -> Known | None:
    name, other, kind, long, short, angle, magnitude = line.split(";")
    target = find(key(name))
    if target is None:
        return None
    return Known(
        target,
        name,
        other,
        kind,
        _constellation(target),
        (float(long) / 60, float(short) / 60),
        float(angle),
        float(magnitude),
    )


def _bare(target: Target) -> Known:
    kind = "" if isinstance(target, SkyTarget) else "solar_system"
    return Known(target, target.name, kind=kind, constellation=_constellation(target))


def _constellation(target: Target) -> str:
    return str(ephem.constellation(_radians(target))[1]) if isinstance(target, SkyTarget) else ""


def _radians(target: SkyTarget) -> tuple[float, float]:
    return math.radians(15 * target.ra_hours), math.radians(target.dec_degrees)
