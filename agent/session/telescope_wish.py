"""Which telescope a session is for: one of them, any of a model, or any at all."""

from __future__ import annotations

import re

from agent.session.document import SessionDocument

ANY = "any"

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_MODELS = {"d2": "D2", "2": "D2", "ii": "D2", "d3": "D3", "3": "D3", "iii": "D3", "mini": "mini"}


def wish_of(document: SessionDocument) -> str:
    """Return the word of the telescope a session is for, as it is written; "" where it names none."""
    beside = document.beside("telescope")
    return document.id_command.telescope or (beside.strip() if isinstance(beside, str) else "")


def model_of(word: str) -> str | None:
    """Return the model that a word names ("d3", "Dwarf 3"); None when it names none."""
    return _MODELS.get(_NOT_WORD.sub("", word.lower()).removeprefix("dwarf"))


def is_open(word: str) -> bool:
    """Whether a word leaves the choice among several telescopes."""
    return word.lower() == ANY or model_of(word) is not None


def suits(word: str, telescope_id: str, model: str | None) -> bool:
    """Whether a telescope is one that a word allows; of an unknown model it is no telescope of a model.

    An id comes before a model of that name.
    """
    if word in ("", telescope_id) or word.lower() == ANY:
        return True
    return model is not None and model_of(word) == model
