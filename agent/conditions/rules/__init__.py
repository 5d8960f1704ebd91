"""One condition a file, which names its rule RULE. What stands in this folder is asked."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from agent.conditions.rule import SKY, Declared, Rule, SkyRule


def _found() -> list[type[Declared]]:
    rules: list[type[Declared]] = [
        import_module(f"{__name__}.{module.name}").RULE for module in iter_modules(__path__)
    ]
    return sorted(rules, key=lambda rule: (rule.about.order, rule.about.name))


_ALL = _found()
RULES = cast(tuple[type[Rule], ...], tuple(rule for rule in _ALL if rule.about.order < SKY))
"""What nobody can foresee, in the order in which it is asked."""
SKY_RULES = cast(tuple[type[SkyRule], ...], tuple(rule for rule in _ALL if rule.about.order >= SKY))
"""What depends on time and sky alone, in that order."""
