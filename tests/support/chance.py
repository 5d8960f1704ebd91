"""How often chance is tried: a little in each run, as often as is wanted in the long ones."""

from __future__ import annotations

_SHARE = 5
_FEW = 10
_long = False


def be_thorough() -> None:
    """From now on everything is tried as often as it says; before the tests are imported."""
    global _long
    _long = True


def often(examples: int, few: int = _FEW) -> int:
    """Return how many examples of a property are tried in this run; not many more than `few` by default."""
    return examples if _long else max(min(examples, few), examples // _SHARE)


def is_thorough() -> bool:
    """Whether this is one of the long runs."""
    return _long
