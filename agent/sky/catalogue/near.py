"""What may be meant by a name that is not known: near in meaning, or a slip of the fingers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from agent.sky.catalogue.lookup import bodies, distinct, find, objects, options
from agent.sky.catalogue.names import designation, key, plain

_MOST = 3
_SAYS_LITTLE = {
    *(
        "nebula",
        "galaxy",
        "cluster",
        "nebulae",
        "galaxies",
        "star",
        "the",
        "and",
        "dwarf",
        "open",
        "globular",
    ),
    *("great", "little", "small", "large", "blue", "red", "dark", "black", "white", "silver", "double"),
    *("north", "south", "east", "west", "northern", "southern", "eastern", "western", "head", "eye", "cloud"),
    *("nebuleuse", "galaxie", "amas", "nebulosa", "galaxia", "cumulo", "galassia", "ammasso", "nebel", "del"),
    *(
        "della",
        "dei",
        "des",
        "les",
        "las",
        "los",
        "grand",
        "grande",
        "gran",
        "petit",
        "petite",
        "alpha",
        "beta",
    ),
}


@lru_cache(maxsize=1000)
def near(asked: str) -> tuple[str, ...]:
    """Return at most three known names: part of what was asked, a typing error away, or sharing a word."""
    words = plain(asked).split()
    split = designation(asked)
    parts = [] if split else list(islice(_known_parts(words), 1))
    found = list(_numbers(*split)) if split else _typing_errors(key(asked))
    if not found and not parts:
        found = _sharing(set(words))
    targets = distinct(target for wanted in found if (target := find(wanted)))
    said = [*parts, *(target.name for target in targets if len(options(target.name)) == 1)]
    return tuple(dict.fromkeys(said))[:_MOST]


def slips(one: str, other: str, most: int = 99) -> int:
    """Count the letters wrong, missing, too many or swapped between two words; beyond `most` it stops."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, its in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its))
            if earlier and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
        if min(row) > most and min(before) > most:
            return most + 1
    return row[-1]


def _known_parts(words: list[str]) -> Iterator[str]:
    for count in range(len(words) - 1, 0, -1):
        for start in range(len(words) - count + 1):
            name = " ".join(words[start : start + count])
            meant = () if name in _SAYS_LITTLE else options(name)
            if len(meant) == 1:
                yield meant[0].name


def _numbers(prefix: str, number: str) -> Iterator[str]:
    """Give the numbers of the same catalogue with one digit less, or two of them swapped."""
    for at in range(len(number)):
        yield f"{prefix} {number[:at]}{number[at + 1 :]}"
        yield f"{prefix} {number[:at]}{number[at : at + 2][::-1]}{number[at + 2 :]}"


def _typing_errors(wanted: str) -> list[str]:
    """Give the names that are one letter in ten away, with or without their noun, the nearest first."""
    close = []
    digits = [*filter(str.isdigit, wanted)]
    for name in _names() if len(wanted) > 3 else ():
        for form in {name, name.removesuffix("nebula"), name.removesuffix("galaxy")}:
            allowed = 1 + max(len(form), len(wanted)) // 10
            if abs(len(form) - len(wanted)) > allowed or [*filter(str.isdigit, form)] != digits:
                continue  # another number is another object, not a slip
            if (count := slips(wanted, form, allowed)) <= allowed:
                close.append((count, name))
    return [name for _, name in sorted(close)]


def _sharing(words: set[str]) -> list[str]:
    """Give the names that share a word which says something, those with the most of them first."""
    said = {word for word in words - _SAYS_LITTLE if len(word) > 2 and not word.isdigit()}
    ranked = []
    for name in _names():
        if not any(word in name for word in said):
            continue  # seen before the name is looked up, which takes much longer
        target = find(name)
        own = set(plain(target.name).split()) if target else set()
        if own & said:
            ranked.append((-len(own & said), len(own), name))
    return [name for *_, name in sorted(ranked)]


def _names() -> Iterator[str]:
    """Give the key of every name that is no number of a catalogue."""
    yield from (spelling for spelling in objects() if " " not in spelling)
    yield from bodies()
