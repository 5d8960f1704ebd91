"""What a session asks of the sky where nobody said where the telescope stands."""

from __future__ import annotations

from agent.conditions.rules import SKY_RULES
from agent.errors import Problem, warning
from agent.session.condition_keys import ConditionKeys
from agent.session.document import SessionDocument
from agent.targets import Site

_KEYS = tuple(
    key for key in ConditionKeys.model_fields if any(f"`{key}`" in rule.about.set_by for rule in SKY_RULES)
)


def unasked_problems(document: SessionDocument, site: Site | None) -> list[Problem]:
    """Warn of conditions that cannot be judged; the session runs by the clock without them."""
    own = document.conditions
    if site is not None or own is None or not own.do_action:
        return []
    keys = [key for key in _KEYS if getattr(own, key) is not None]
    if not keys:
        return []
    message = f"Nobody said where the telescope stands, so nothing can be known of {', '.join(keys)}."
    hint = "Set latitude and longitude in the configuration; until then it runs without."
    return [warning("no_place", message, hint, document.pointer("conditions", keys[0]))]
