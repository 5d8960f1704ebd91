"""Every example that a `--help` shows: each parses, and those that need neither telescope nor broker run."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest

from agent.cli.main import commands_of, main, whole_parser
from agent.sky.catalogue.small_bodies import ELEMENTS
from tests.importing import samples
from tests.sky.test_small_bodies import COMETS

SAMPLE = Path(__file__).resolve().parents[2] / "Astro_Sessions" / "samples" / "demo.json"
ALONE = {  # commands whose examples run here, where there is neither network nor telescope
    *(
        "completion",
        "elements",
        "history",
        "import",
        "page",
        "plan",
        "samples",
        "schema",
        "tonight",
        "validate",
    ),
}
ELSEWHERE = re.compile(
    r"stellarium://|--update|--queue|tonight --night|--hash|--uptonight|first-light(?! --list)"
)
_COMMENT = re.compile(r"\s{2,}.*$|\s+[|>].*$|\s+&&.*$")
_BEFORE = re.compile(r"^.*?(?=dwarf-agent )")


def examples() -> list[str]:
    """The command lines in the epilogues, without what is behind and before them."""
    epilogs = [
        whole_parser().epilog or "",
        *(one.epilog or "" for one in commands_of(whole_parser()).values()),
    ]
    lines = [
        line for epilog in epilogs for line in epilog.splitlines() if re.match(r"  .*dwarf-agent ", line)
    ]
    return sorted({_BEFORE.sub("", _COMMENT.sub("", line.strip())) for line in lines})


def words_of(example: str) -> list[str]:
    """An example's words, without the program's name."""
    return shlex.split(example)[1:]


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the files that examples name, and a configuration with a place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(ELEMENTS, "path", None)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    sky = "latitude: 48.85\nlongitude: 2.35\ntimezone: Europe/Paris\n"
    Path("config.yaml").write_text(f"{sky}telescope_host: 192.0.2.1\n")
    Path("Astro_Sessions/ToDo").mkdir(parents=True)
    for name in ("m31.json", "m42.json", "my-session.json", "Astro_Sessions/ToDo/m31.json"):
        Path(name).write_bytes(SAMPLE.read_bytes())
    for name in ("winter.csv", "M 31.csv"):
        Path(name).write_text(samples.TABLE)
    Path("observingList.json").write_bytes(samples.text(samples.STELLARIUM))
    Path("night.esl").write_text(samples.EKOS)
    Path("projects.json").write_bytes(samples.text(samples.PROJECTS))
    Path("garden.hrz").write_text(samples.HORIZON)
    Path("CometEls.txt").write_text(COMETS)


def test_every_example_is_a_command_line() -> None:
    parser = whole_parser()
    assert len(examples()) > 60
    for example in examples():
        assert not re.search(r" [A-Z_]{2,}(?= |$)", example), f"{example!r} may be typed as it stands"
        try:
            parser.parse_args(words_of(example))
        except SystemExit:
            pytest.fail(f"{example!r} is no command line")


def test_examples_that_need_nothing_run(capsys: pytest.CaptureFixture[str]) -> None:
    ran = []  # the longer ones first: what is installed can be told afterwards
    for example in reversed(examples()):
        words = words_of(example)
        if (words[0] in ALONE or example.endswith(" --list")) and not ELSEWHERE.search(example):
            ended = main(words)
            nothing_yet = words[0] == "history"  # whose answer is no
            assert ended == int(nothing_yet), f"{example}: {capsys.readouterr().err}"
            ran.append(words[0])
    assert {*ran} >= ALONE
