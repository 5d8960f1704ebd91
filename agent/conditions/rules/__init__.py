"""One condition a file, which names its rule RULE. What stands in this folder is asked."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from agent.conditions.rule import Rule


def _found() -> tuple[type[Rule], ...]:
    rules: list[type[Rule]] = [
        import_module(f"{__name__}.{module.name}").RULE for module in iter_modules(__path__)
    ]
    return tuple(sorted(rules, key=lambda rule: (rule.about.order, rule.about.name)))


RULES = _found()
"""Every rule, in the order in which they are asked."""
