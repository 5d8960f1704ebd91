"""YAML in which every plain word stays text.

YAML 1.1 reads `22:30` as 1350, `no` as false and `2025.10` as a number. Here the settings give words their
type; only an empty value, `~` and `null` mean "not set".
"""

from __future__ import annotations

import re
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as SafeLoader  # a tenth of the time; wherever PyYAML has its C library
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

from agent.settings.text import TOO_DEEP


class _TextLoader(SafeLoader):
    """SafeLoader that guesses no types, makes none but text, and refuses a key given twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape
    yaml_constructors = {  # noqa: RUF012 - the same
        tag: make
        for tag, make in SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in ("null", "str", "seq", "map")
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if isinstance(key_node, yaml.ScalarNode) and key != "<<":
                if key in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"{key!r} is there twice", problem_mark=key_node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep)


_TextLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<"), ["<"])


def parse_yaml(text: str) -> Any:
    """Parse YAML with every plain word kept as text; ValueError with a sentence of what is wrong."""
    try:
        return yaml.load(text, Loader=_TextLoader)  # noqa: S506 - a SafeLoader with fewer resolvers
    except RecursionError:
        raise ValueError(f"is not valid YAML: {TOO_DEEP}.") from None
    except yaml.YAMLError as error:
        raise ValueError(_sentence(error)) from None


def _sentence(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}."
    return f"is not valid YAML: {error}."
