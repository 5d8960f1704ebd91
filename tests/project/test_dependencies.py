"""What the package imports is what it declares: an installation never lacks what it needs."""

from __future__ import annotations

import ast
import itertools
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# The distribution an import comes from, where the two are not spelt alike.
DISTRIBUTIONS = {
    "google.protobuf": "protobuf",
    "paho": "paho-mqtt",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "annotated_types": "annotated-types",
    "dwarf_python_api": "dwarf_python_api",
    "pydantic_core": "pydantic-core",
    "typing_extensions": "typing-extensions",
}
# Imports that one extra brings, and the only places that may need it.
EXTRAS = {
    "demo": ("agent/cli/demo", "agent/mqtt/broker.py"),
    "quality": ("agent/quality/",),
    "library": ("agent/telescope/library/outside/",),
}
# On no index, so no extra can bring it: the driver says how to install it.
UNPUBLISHED = {"dwarf_python_api"}
# Needed although nothing imports them: zoneinfo reads its data from there where the system has none.
DATA = {"tzdata"}


@cache
def imported() -> dict[str, set[str]]:
    """Return the distributions that the package imports, each with the files that do."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "agent").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                top = name.split(".")[0]
                ours = top == "agent" or (path.parent / f"{top}.py").exists()  # or beside a script of ours
                if not ours and top not in sys.stdlib_module_names:
                    found.setdefault(distribution(name), set()).add(path.relative_to(ROOT).as_posix())
    return found


def distribution(module: str) -> str:
    prefixes = [prefix for prefix in DISTRIBUTIONS if f"{module}.".startswith(f"{prefix}.")]
    return DISTRIBUTIONS[prefixes[0]] if prefixes else module.split(".")[0]


def declared(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=!~@\[;]", requirement)[0].lower() for requirement in requirements}


def test_every_import_is_declared_where_it_is_needed() -> None:
    everywhere = declared(PROJECT["dependencies"])
    missing = []
    for name, files in imported().items():
        if name.lower() in everywhere or name in UNPUBLISHED:
            continue
        extras = [
            extra
            for extra in EXTRAS
            if name.lower() in declared(PROJECT["optional-dependencies"][extra])
            and all(file.startswith(EXTRAS[extra]) for file in files)
        ]
        if not extras:
            missing.append(f"{name}: {', '.join(sorted(files))}")
    assert missing == []


def test_nothing_is_declared_that_nothing_imports() -> None:
    names = {name.lower() for name in imported()} | DATA
    assert declared(PROJECT["dependencies"]) - names == set()


def test_no_requirement_is_an_address_which_an_index_would_refuse() -> None:
    asked = [*PROJECT["dependencies"], *itertools.chain(*PROJECT["optional-dependencies"].values())]
    assert [requirement for requirement in asked if "@" in requirement or "://" in requirement] == []
