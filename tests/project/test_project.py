"""The repository as a whole: layout, versions, links, and what must not be in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agent import __version__

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXT = {".py", ".md", ".yaml", ".yml", ".toml", ".json", ".txt", ".proto", ".cfg", ".ini", ".sh", ".csv", ""}

# Spelt apart, so that this file does not hold what it forbids.
_FORBIDDEN = (
    "/wo" + "rk/",
    "/opt/" + "venv",
    "/root" + "/",
    ".." + "/shared",
    "pypi" + ".org",
    "python" + "hosted",
    "registry.npm" + "js",
    "test.py" + "pi",
    "index-" + "url",
    "TO" + "DO:",
    "FIX" + "ME",
    "XX" + "X ",
)


def tracked() -> list[Path]:
    """Files under version control, or about to be; all files where there is no version control."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git to know which files belong to the project")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


FILES = tracked()


def test_the_version_is_the_same_everywhere() -> None:
    changelog = re.findall(
        r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    manifest = re.search(
        r'^version: "(.+)"$', (ROOT / "config.yaml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert changelog[0] == __version__
    assert manifest
    assert manifest[1] == __version__


def test_home_assistant_finds_one_add_on_and_no_build_file() -> None:
    manifests = [path for path in FILES if re.fullmatch(r"config\.(yaml|yml|json)", path.name)]
    assert manifests == [ROOT / "config.yaml"]
    assert [path for path in FILES if re.fullmatch(r"build\.(yaml|yml|json)", path.name)] == []
    repositories = [path for path in FILES if re.fullmatch(r"repository\.(yaml|yml|json)", path.name)]
    assert repositories in ([], [ROOT / "repository.yaml"])


def test_the_folder_for_home_assistant_does_not_shadow_home_assistants_own_package() -> None:
    folder = ROOT / "homeassistant"
    assert [path for path in FILES if path.is_relative_to(folder) and path.suffix == ".py"] == []


def test_no_lock_file_is_committed() -> None:
    locks = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "package-lock.json"}
    assert [path for path in FILES if path.name in locks] == []


def test_nothing_of_one_machine_and_no_unfinished_note_is_committed() -> None:
    found = []
    for path in FILES:
        if path.suffix not in TEXT or path.stat().st_size > 2_000_000:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {word}" for word in _FORBIDDEN if word in text]
    assert found == []


def test_the_repository_stays_small_enough_to_be_cloned_by_every_add_on_user() -> None:
    large = [f"{path.relative_to(ROOT)}" for path in FILES if path.stat().st_size > 1_500_000]
    assert large == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in [path for path in FILES if path.suffix == ".md"]:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("#"):
                place = page.parent / target.partition("#")[0]
                if not place.exists():
                    broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def decisions() -> list[Path]:
    return sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def test_the_index_of_decisions_has_every_page_with_its_title_status_and_date() -> None:
    index = (ROOT / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")
    rows = [line for line in index.splitlines() if line.startswith("| [")]
    expected = []
    for page in decisions():
        head = re.match(
            r"# (\d+)\. (.+)\n\nStatus: (accepted|superseded by (\d{4})), (\d{4}-\d\d-\d\d)\.\n",
            page.read_text(encoding="utf-8"),
        )
        assert head, f"{page.name} must begin with its number, title, status and date"
        number, title, status, successor, day = head.groups()
        assert page.name.startswith(f"{int(number):04}-")
        assert successor is None or any(other.name.startswith(successor) for other in decisions())
        expected.append(f"| [{page.name[:4]}]({page.name}) | {title} | {status} | {day} |")
    assert rows == expected


def test_the_files_that_decisions_name_exist() -> None:
    """A page that names `store/watch.py` or `agent/station` means what is there today."""
    sources = [path.relative_to(ROOT).as_posix() for path in FILES]
    gone = []
    for page in decisions():
        for name in re.findall(
            r"`([\w/]+\.(?:py|md|csv\.gz)|agent/[\w/]+|tools/[\w/.]+)`", page.read_text("utf-8")
        ):
            known = any(path == name or path.endswith(f"/{name}") for path in sources)
            if not known and not (ROOT / name).is_dir():
                gone.append(f"{page.name}: {name}")
    assert gone == []


def test_decisions_are_numbered_once_and_say_context_options_outcome_and_cost() -> None:
    pages = decisions()
    numbers = [page.name[:4] for page in pages]
    assert len(set(numbers)) == len(numbers) >= 9
    for page in pages:
        text = page.read_text(encoding="utf-8").lower()
        for part in ("context", "option", "outcome", "cost"):
            assert part in text, f"{page.name} says nothing of {part}"


def test_the_checks_run_the_tests_exactly_as_the_readme_says() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert len(commands) == 2
    demo, tests = commands
    assert demo.endswith("dwarf-agent demo")
    assert tests.endswith("python -m pytest")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert tests in [line.strip() for line in script]


def test_the_checks_are_executable_and_stop_at_the_first_failure() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text) > 11_000


def test_what_the_project_declares_is_consistent() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["license"] == "Apache-2.0"
    assert project["project"]["scripts"] == {"dwarf-agent": "agent.cli:main"}
    assert project["tool"]["setuptools"]["packages"]["find"]["include"] == ["agent*"]
    extras = project["project"]["optional-dependencies"]
    assert set(extras["demo"]) <= set(extras["test"])


def test_every_folder_of_the_package_is_a_package_and_every_file_a_reader_can_hold() -> None:
    sources = [path for path in FILES if path.suffix == ".py" and path.is_relative_to(ROOT / "agent")]
    assert [path for path in sources if not (path.parent / "__init__.py").exists()] == []
    long = [
        f"{path.relative_to(ROOT)}"
        for path in sources
        if not path.name.endswith("_pb2.py") and len(path.read_text(encoding="utf-8").splitlines()) > 450
    ]
    assert long == []


def test_the_imports_point_one_way() -> None:
    pytest.importorskip("importlinter")
    # In a process of its own: import-linter sets logging up for itself, and for everything after it.
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_other_programs_may_import_is_pinned() -> None:
    import agent.app
    import agent.settings
    import agent.telescope.interface
    import agent.telescope.simulator

    assert agent.app.__all__ == ["run_agent"]
    assert set(agent.settings.__all__) == {
        "Settings",
        "SettingsError",
        "TelescopeSettings",
        "find_file",
        "load_settings",
        "redacted",
    }
    assert {"SimulatedDwarf", "SimulatorOptions", "parse_fault"} <= set(agent.telescope.simulator.__all__)
