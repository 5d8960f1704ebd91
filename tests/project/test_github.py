"""What GitHub, pre-commit and the documentation's site are told: files that parse, and name what there is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.release_notes import notes

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github").rglob("*.yml"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_no_file_is_taken_for_an_add_ons_configuration() -> None:
    names = {path.name for path in ROOT.rglob(".github/**/*") if path.is_file()}
    assert not {name for name in names if re.fullmatch(r"(config|build|repository)\.(ya?ml|json)", name)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_parses(path: Path) -> None:
    assert isinstance(read(path), dict)


def test_the_workflows_run_the_projects_own_scripts() -> None:
    steps = [
        step["run"]
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for job in read(path)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    scripts = {word for step in steps for word in step.split() if word.startswith(".ci/")}
    assert scripts == {".ci/run", ".ci/container", ".ci/docs"}
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)


def test_problems_come_with_diagnostics() -> None:
    body = read(ROOT / ".github" / "ISSUE_TEMPLATE" / "problem.yml")["body"]
    (asked,) = [one for one in body if one["attributes"]["label"] == "Diagnostics"]
    assert asked["validations"]["required"]


def test_what_runs_before_a_commit_is_what_the_checks_run() -> None:
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for hook in repository["hooks"]:
        assert hook["entry"].removesuffix(" --check") in checks, hook["id"]


def test_the_site_has_every_page_of_the_documentation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w-]+\.md", text))
    assert named == {path.name for path in (ROOT / "docs").glob("*.md")}


def test_a_release_has_its_versions_part_of_the_changelog() -> None:
    text = "# Changes\n\n## Unreleased\n- more\n\n## 0.2.0 (2026-01-01)\n- one\n- two\n\n## 0.1.0\n- first\n"
    assert notes("0.2.0", text) == "- one\n- two"
    assert notes("0.1.0", text) == "- first"
    with pytest.raises(ValueError, match=r"says nothing of 0\.3\.0"):
        notes("0.3.0", text)
