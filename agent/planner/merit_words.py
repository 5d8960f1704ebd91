"""What a factor of an object says, in English. The page says it in the viewer's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.planner.merit import Factor

TEXTS: Final[Mapping[str, str]] = {
    "advised": "uptonight advises it",
    "brightness_magnitude": "of magnitude {magnitude}",
    "brightness_surface": "{surface} mag/arcsec²",
    "brightness_surface_narrow": "{surface} mag/arcsec², its light passes the narrow filter",
    "brightness_unknown": "its brightness is not known",
    "brightness_unknown_narrow": "its brightness is not known, its light passes the narrow filter",
    "collected": "{hours} h are collected already",
    "height": "up to {highest}°, {hours} h of it above {lowest}°",
    "kind": "{kind}",
    "kind_caldwell": "{kind}, in the Caldwell catalogue",
    "kind_little_known": "{kind} that few know",
    "kind_messier": "{kind}, a Messier object",
    "kind_named": "{kind} with a name of its own",
    "moon_little": "little light of the Moon, {lit} % lit",
    "moon_much": "much light of the Moon, {lit} % lit",
    "moon_none": "no moonlight",
    "moon_some": "some light of the Moon, {lit} % lit",
    "size_fills": "fills {percent} % of the field",
    "size_panes": "larger than the field: {columns} × {rows} panes",
    "size_unknown": "its size against the field is not known",
    "time": "{hours} h of time",
}
"""What each key of a factor says."""


def factor_words(factor: Factor) -> str:
    """Return the clause, "" for a factor with nothing to say."""
    if not factor.says:
        return ""
    values = {name: f"{one:.1f}" if isinstance(one, float) else one for name, one in factor.values.items()}
    if "kind" in values:
        values["kind"] = _with_article(str(values["kind"]))
    return TEXTS[factor.says].format(**values)


def _with_article(kind: str) -> str:
    kind = "moving object" if kind == "other" else kind
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"
