"""What the documentation names is there: commands and flags, settings, files, headings, topics, entities."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.util import find_spec
from inspect import getsource
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from agent.app.handlers import AgentHandlers
from agent.cli.main import commands_of, main, whole_parser
from agent.mqtt.schemas import TOPICS
from agent.settings.flat import FLAT_SETTINGS
from agent.settings.model import Settings
from agent.station.switches import Switches
from agent.telescope.simulator import SimulatorOptions
from tests.mqtt.discovery.samples import bridge, components, telescope

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted(
    [*(ROOT / name for name in ("README.md", "DOCS.md", "CONTRIBUTING.md")), *(ROOT / "docs").glob("*.md")]
)
HISTORY = ROOT / "CHANGELOG.md"
HOME = ROOT / "docs" / "home-assistant.md"

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")


@cache
def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code(page: Path) -> Iterator[str]:
    """Every span of code, and every line of a block, that a page shows."""
    text = read(page)
    for block in _FENCE.findall(text):
        yield from block.replace("\\\n", " ").splitlines()[1:-1]
    for line in text.splitlines():
        if line.startswith("    "):
            yield line.strip()
    for span in _CODE.findall(_FENCE.sub("", text)):
        yield " ".join(span.split())


# -- links ------------------------------------------------------------------------------------


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", read(page)), re.MULTILINE)
    plain = [re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return frozenset(re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain)


@pytest.mark.parametrize("page", [*GUIDES, HISTORY], ids=lambda page: page.name)
def test_every_anchor_of_a_link_is_a_heading(page: Path) -> None:
    for file, anchor in re.findall(r"\]\(([\w./-]*\.md|)#([^)\s]+)\)", read(page)):
        assert anchor in anchors((page.parent / file).resolve() if file else page), f"{file}#{anchor}"


def test_every_page_can_be_found_from_the_readme() -> None:
    found, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in found:
            found.add(page)
            ahead += [
                (page.parent / link).resolve() for link in re.findall(r"\]\(([\w./-]+\.md)", read(page))
            ]
    assert set(GUIDES) <= found


def test_every_blueprint_is_offered_and_every_one_that_is_offered_is_there() -> None:
    urls = re.findall(r"blueprint_url=([^)\s]+)", read(HOME))
    offered = [unquote(url).split("/blob/main/")[1] for url in urls]
    shipped = (ROOT / "homeassistant" / "blueprints").glob("*/*.yaml")
    assert sorted(offered) == sorted(path.relative_to(ROOT).as_posix() for path in shipped)


# -- commands ---------------------------------------------------------------------------------


def command_lines(page: Path) -> Iterator[list[str]]:
    """The words behind `dwarf-agent` of each command that a page shows."""
    for line in code(page):
        for found in re.findall(r"(?:^|[\s/'(])dwarf-agent ([^|&;>#…]+)", line):
            try:
                yield shlex.split(found)
            except ValueError:
                yield found.split()


@pytest.mark.parametrize("page", [*GUIDES, HISTORY], ids=lambda page: page.name)
def test_every_command_and_flag_is_known(page: Path) -> None:
    commands = commands_of(whole_parser())
    for words in command_lines(page):
        if words[0] == "dwarf-agent":  # in the container of that name
            words = words[1:]
        if not words or not re.match(r"[a-z]", words[0]):
            continue
        name, *rest = words
        assert name in commands, words
        flags = commands[name]._option_string_actions
        for word in rest:
            if word.startswith("--"):
                assert word.partition("=")[0] in flags, words


# -- settings ---------------------------------------------------------------------------------

_OTHER_VARIABLES = {"DWARF_CONFIG", "DWARF_LIBRARY_PYTHON"}
_GROUPS = {name for name in Settings.model_fields if name not in FLAT_SETTINGS}


@pytest.mark.parametrize("page", [*GUIDES, HISTORY], ids=lambda page: page.name)
def test_every_setting_is_one(page: Path) -> None:
    variables = {setting.variable for setting in FLAT_SETTINGS.values()} | _OTHER_VARIABLES
    for line in code(page):
        assert set(re.findall(r"\bDWARF_[A-Z_]+\b", line)) <= variables, line
        assert set(re.findall(r"--set (\w+)=", line)) <= set(FLAT_SETTINGS), line
        for group, key in re.findall(rf"^({'|'.join(_GROUPS)})\.(?!py$|json$|publish$)(\w+)$", line):
            assert any(setting.path == (group, key) for setting in FLAT_SETTINGS.values()), line


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_piece_of_a_configuration_has_keys_that_there_are(page: Path) -> None:
    known = {(str(one.path[0]), str(one.path[-1])) for one in FLAT_SETTINGS.values()}
    for block in re.findall(r"^```yaml\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL):
        held = yaml.safe_load(block)
        if not isinstance(held, dict) or not set(held) <= _GROUPS | set(FLAT_SETTINGS):
            continue
        for group, inside in held.items():
            for keys in inside if isinstance(inside, list) else [inside]:
                assert not isinstance(keys, dict) or {(group, key) for key in keys} <= known, block


def test_every_option_that_the_add_ons_page_speaks_of_is_in_its_form() -> None:
    words = yaml.safe_load((ROOT / "translations" / "en.yaml").read_text(encoding="utf-8"))
    names = {option["name"] for option in words["configuration"].values()}
    asked = re.findall(r"(?:\bset|[Ww]ith|enter|[Ii]f|under)\s+\*\*([^*]+)\*\*", read(ROOT / "DOCS.md"))
    assert len(asked) >= 8
    assert {" ".join(name.split()) for name in asked} <= names


def test_the_first_sessions_of_an_add_on_are_taken_by_newer_firmware_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Newer firmware refuses a capture without a goto unless the session says that it is meant."""
    sessions = re.findall(r"^ *```json\n(.*?)```$", read(ROOT / "DOCS.md"), re.MULTILINE | re.DOTALL)
    assert len(sessions) == 2
    for session in sessions:
        (tmp_path / "first.json").write_text(session, encoding="utf-8")
        assert main(["validate", str(tmp_path / "first.json")]) == 0
        assert "Newer firmware" not in capsys.readouterr().out


def test_every_option_of_the_simulator_is_explained() -> None:
    part = read(ROOT / "docs" / "simulator.md").split("## Options")[1].split("## Faults")[0]
    first = " ".join(re.findall(r"^\| (.*?) \|", part, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", first)) == {field.name for field in fields(SimulatorOptions)}


# -- files, modules, extras -------------------------------------------------------------------

_PLACES = "agent|tests|tools|docs|benchmarks|deploy|homeassistant|translations|\\.ci|\\.github"
_TOPICS_LIKE_PATHS = {"homeassistant/status"}


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_file_and_module_is_there(page: Path) -> None:
    for line in code(page):
        for path in re.findall(rf"(?<![\w/.<-])((?:{_PLACES})/[\w./-]+)", line):
            assert (ROOT / path.rstrip("./")).exists() or path in _TOPICS_LIKE_PATHS, line
        for module in re.findall(r"-m ((?:agent|tests|tools|benchmarks)[\w.]*)", line):
            assert find_spec(module.rstrip(".")), line


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_extra_is_one(page: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in code(page):
        for extra in re.findall(r"(?:'\.|dwarf-agent)\[(\w+)\]", line):
            assert extra in project["optional-dependencies"], line


# -- MQTT and Home Assistant ------------------------------------------------------------------


def is_topic(path: str) -> bool:
    """Whether a path below the base is a topic of the agent, or the beginning of one."""
    levels = path.split("/")
    for row in TOPICS:
        wanted = row.topic.split("/")
        pairs = list(zip(levels, wanted, strict=False))
        if len(levels) <= len(wanted) and all(is_ == to_be or to_be[0] == "<" for is_, to_be in pairs):
            return True
    return False


@pytest.mark.parametrize("page", [*GUIDES, HISTORY], ids=lambda page: page.name)
def test_every_topic_is_one(page: Path) -> None:
    for line in code(page):
        for path in re.findall(r"(?:<base>|(?<![\w/:.+-])dwarf)/([\w<>][\w<>/]*\w>?)", line):
            assert is_topic(path) or path == "reply", line


ENTITIES = {
    body["default_entity_id"]: body.get("enabled_by_default", True)
    for message in (telescope(), bridge())
    for body in components(message).values()
    if "default_entity_id" in body
}


@pytest.mark.parametrize("page", [*GUIDES, HISTORY], ids=lambda page: page.name)
def test_every_entity_is_announced(page: Path) -> None:
    kinds = "|".join({name.partition(".")[0] for name in ENTITIES})
    for line in code(page):
        for kind, name in re.findall(
            rf"\b({kinds})\.(?:dwarf_3|<telescope>)_(\w+)", line.replace("<group>", "m_31")
        ):
            assert f"{kind}.dwarf_3_{name}" in ENTITIES, line


def test_what_is_switched_off_at_first_stands_with_what_is_switched_off() -> None:
    """A row of the table that shows a disabled entity as if it were there would be looked for in vain."""
    rows = [line for line in read(HOME).splitlines() if line.startswith("| ") and "`" in line]
    (disabled,) = [row for row in rows if row.startswith("| Waiting, disabled")]
    named = set(re.findall(r"`(\w+)`", disabled))
    off = {name.split(".dwarf_3_")[1] for name, enabled in ENTITIES.items() if not enabled}
    assert named == off | {"not_before"}  # of which only newer releases of Home Assistant know the kind
    for row in rows:
        for name in re.findall(r"`(\w+\.dwarf_\w+)`", row):
            assert ENTITIES.get(name, True) or f"`{name}` (switch it on)" in row, name


def keys_below(heading: str) -> list[str]:
    """What the table of a part of docs/mqtt.md explains."""
    part = read(ROOT / "docs" / "mqtt.md").split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([a-z_/]+)` \|", part, re.MULTILINE)


def test_every_question_and_setting_over_mqtt_is_explained() -> None:
    verbs = re.findall(r'case "([a-z_/]+)":', getsource(AgentHandlers.bridge_request))
    assert keys_below("Questions to the agent") == verbs
    assert keys_below("Settings") == [field.name for field in fields(Switches)]


# -- messages ---------------------------------------------------------------------------------


def test_what_the_tables_of_troubles_quote_is_said() -> None:
    joined = re.sub(r'"\s*\n\s*f?"', "", "\n".join(read(path) for path in (ROOT / "agent").rglob("*.py")))
    rows = [
        line.split("|")[1]
        for page in (ROOT / "docs" / "troubleshooting.md", ROOT / "DOCS.md")
        for line in read(page).splitlines()
        if line.startswith("|")
    ]
    quoted = [
        part.strip().removeprefix("Cannot ")  # which is put before what is done
        for row in rows
        for quote in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", row)
        for part in quote.split("…")
        if part.strip()
    ]
    assert len(quoted) > 10
    assert [part for part in quoted if part not in joined] == []
