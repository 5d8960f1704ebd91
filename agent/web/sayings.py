"""What the agent says, in another language: a sentence is taken apart by its form and put together anew.

A form is a sentence with {1}, {2}... where its values stand, as the source has it. Sentences outlive what
made them, in journals, results and on the broker; so it is the sentence that is read, not its maker asked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

_PLACE = re.compile(r"{\d}")
_NUMBER = re.compile(r"(-?\d+)\.(\d+)((?: ?\S{1,4})?)")
_BETWEEN = re.compile(r"(?<=[.!?]) (?=\S)|; |: |, | and ")
_MIDDLE = " ,;"
_LEAST = 2  # letters; a form of fewer would fit anything
_WEAK = 4  # letters; a form of so few says something of numbers only
_LEAST_PART = 3  # a third of its letters: a text that is understood less is better left as it is
_SWALLOWED = 40  # a value that holds a whole sentence is a poor guess
_LONGEST = 600  # letters; what is longer is nobody's sentence
_DEPTH = 5
_LOOKS = 120  # parts of one text that are looked at: a hostile one costs no more
_KEPT = 1024  # sentences that are remembered


@dataclass(frozen=True, slots=True)
class _Form:
    """`literals` stand around `places`; an empty one between two joins their values into the first."""

    literals: tuple[str, ...]
    places: tuple[str, ...]
    other: str

    @classmethod
    def of(cls, form: str, other: str) -> _Form:
        """Read a form. One that begins in the middle is the end of something else."""
        before = "{0}" if form[:1] in _MIDDLE else ""
        whole = before + form
        return cls(
            tuple(_PLACE.split(_core(whole))),
            tuple(_PLACE.findall(whole)),
            before + other.removesuffix("."),
        )

    @property
    def letters(self) -> int:
        """How much of a sentence the form itself understands."""
        return sum(len(one) for one in self.literals)

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in which place; None for another sentence."""
        first, *middle, last = self.literals
        at, end = len(first), len(text) - len(last)
        if at > end or not text.startswith(first) or not text.endswith(last):
            return None
        found: list[str] = []
        joined = 0
        for number, literal in enumerate(middle):
            if not literal:
                joined += 1
                continue
            if literal == " ":  # of "Dwarf 3 tele" the last word is the second value
                after = "".join(middle[number + 1 : number + 2])
                until = text.find(after, at + 1, end) if after else end
                there = text.rfind(" ", at + 1, until)
            else:
                there = text.find(literal, at + 1, end)
            if there < 0:
                return None
            found += [text[at:there], *[""] * joined]
            at, joined = there + len(literal), 0
        found += [text[at:end], *[""] * joined]
        if self.letters <= _WEAK and not any(value[:1].isdigit() for value in found):
            return None
        return dict(zip(self.places, found, strict=True))


class Sayings:
    """A language's way to say the forms it has; `point` stands in its numbers."""

    def __init__(self, forms: Mapping[str, str], point: str) -> None:
        self._point = point
        self._whole: dict[str, str] = {}
        self._by_word: dict[str, list[_Form]] = defaultdict(list)
        for form, other in forms.items():
            made = _Form.of(form, other)
            if not made.places:
                self._whole[made.literals[0]] = made.other
            elif made.letters >= _LEAST:
                self._by_word[_first_word(made.literals[0])].append(made)
        self._said = lru_cache(_KEPT)(self._read)

    def say(self, text: str) -> str:
        """The text in this language, as far as its forms are known. Many of them are slow: use a thread."""
        known = text and len(text) <= _LONGEST and (self._whole or self._by_word)
        return self._said(text) if known else text

    def _read(self, text: str) -> str:
        letters, said = _Reading(self._whole, self._by_word, self._point).best(text, _DEPTH)
        return said if letters * _LEAST_PART >= sum(one.isalpha() for one in text) else text


class _Reading:
    """The reading of one text: of all ways to take it apart, the one that understands most letters."""

    def __init__(self, whole: Mapping[str, str], by_word: Mapping[str, list[_Form]], point: str) -> None:
        self._whole = whole
        self._by_word = by_word
        self._point = point
        self._known: dict[tuple[str, int], tuple[int, str]] = {}

    def best(self, text: str, depth: int) -> tuple[int, str]:
        """The letters understood, and the text."""
        if number := _NUMBER.fullmatch(text):
            return 0, f"{number[1]}{self._point}{number[2]}{number[3]}"
        if depth == 0 or len(text) < 2 or not any(one.isalpha() for one in text):
            return 0, text
        key = (text, depth)
        if key not in self._known:
            if len(self._known) >= _LOOKS:
                return 0, text
            self._known[key] = 0, text
            letters, _, said = max(self._ways(text, depth), key=lambda way: way[:2])
            self._known[key] = letters, said
        return self._known[key]

    def _ways(self, text: str, depth: int) -> Iterator[tuple[int, int, str]]:
        """Each with the letters it understands, and those of its own form among them."""
        yield 0, 0, text
        core = _core(text)
        if core in self._whole:
            yield len(core), len(core), _dressed(self._whole[core], text)
            return
        for form in (*self._by_word.get(_first_word(core), ()), *self._by_word.get("", ())):
            values = form.values(core)
            if values is None:
                continue
            read = {place: self.best(value, depth - 1) for place, value in values.items()}
            swallowed = sum(". " in value for value in values.values())
            letters = form.letters + sum(score for score, _ in read.values()) - swallowed * _SWALLOWED
            yield letters, form.letters, _dressed(_filled(form.other, read), text)
        for cut in _BETWEEN.finditer(text):
            between = self._whole.get(cut[0].strip())
            before, after = (self.best(part, depth - 1) for part in (text[: cut.start()], text[cut.end() :]))
            glue = f" {between} " if between else cut[0]
            yield before[0] + after[0], 0, f"{before[1]}{glue}{after[1]}"


def _core(text: str) -> str:
    """A sentence without its capital and its full stop, which a part of another lacks."""
    return text[:1].lower() + text[1:].removesuffix(".")


def _first_word(text: str) -> str:
    word, space, _ = text.partition(" ")
    return word if space else ""


def _dressed(said: str, text: str) -> str:
    """With the capital and the full stop of the original."""
    if text[:1].isupper():
        said = said[:1].upper() + said[1:]
    return f"{said}." if text.endswith(".") and not said.endswith(".") else said


def _filled(other: str, read: Mapping[str, tuple[int, str]]) -> str:
    return _PLACE.sub(lambda place: read[place[0]][1], other)
