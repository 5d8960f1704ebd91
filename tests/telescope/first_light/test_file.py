"""The file: a recording that plays back, that names nobody, and that is read again; the page beside it."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import LoopClock
from agent.targets import Site
from agent.telescope.dwarf.wire.envelope import Packet
from agent.telescope.first_light.check import Feature
from agent.telescope.first_light.checks import CHECKS
from agent.telescope.first_light.errors import FirstLightError
from agent.telescope.first_light.finding import Agreement, Finding, agrees, differs
from agent.telescope.first_light.line import Place
from agent.telescope.first_light.notebook import Notebook
from agent.telescope.first_light.page import features, page
from agent.telescope.first_light.walk import walk
from agent.telescope.simulator import Recording, ReplayedDwarf, SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.catalogue import identity
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual
from tests.telescope.first_light.support import HANDS, NIGHT, Script, light, place_of

ELSEWHERE = Site(46.812345, 8.234567, 280.0, "Europe/Zurich")
ROOT = Path(__file__).resolve().parents[3]
KEYS = ["check", "agreement", "saw", "about", "habits"]
REPLAYED = [
    "who-are-you",
    "known-modes",
    "same-mode",
    "going-live",
    "foreign-ids",
    "solar-ids",
    "whole-numbers",
]


def test_the_file_plays_back_to_the_same_findings(tmp_path: Path) -> None:
    path = tmp_path / "light.jsonl"
    lived = light(path, *REPLAYED)

    async def again() -> Notebook:
        clock = LoopClock(NIGHT)
        async with ReplayedDwarf(Recording.read(path), clock) as replayed:
            notebook = Notebook.open(tmp_path / "again.jsonl", clock.now)
            place = Place("127.0.0.1", replayed.port, replayed.http_port)
            await walk(place, notebook, Script(), clock, only=REPLAYED)
            notebook.close()
            assert replayed.unknown == []
            return notebook

    heard = run_virtual(again())
    agreements = {name: one.agreement for name, one in lived.notebook.findings.items()}
    assert {name: one.agreement for name, one in heard.findings.items()} == agreements


def test_it_holds_no_serial_no_name_no_network_and_no_place(tmp_path: Path) -> None:
    path = tmp_path / "light.jsonl"

    async def run() -> dict[str, object]:
        clock = LoopClock(NIGHT)
        options = SimulatorOptions.from_mapping(
            {"generation": "v3", "site": ELSEWHERE, "serial": "S3R1AL", "name": "ROOF TELESCOPE"}
        )
        async with SimulatedDwarf(options, clock) as sim:
            notebook = Notebook.open(path, clock.now)
            await walk(place_of(sim), notebook, Script(acts={**HANDS}), clock, site=ELSEWHERE)
            notebook.close()
            return identity(sim.device)

    known = run_virtual(run())
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    frames = [Packet.decode(bytes.fromhex(line["hex"])) for line in lines if "hex" in line]
    assert {11000, 11005, 11016, 13010} <= {frame.cmd for frame in frames}
    everything = path.read_text(encoding="utf-8") + "".join(frame.data.decode("latin-1") for frame in frames)
    for key in ("devicePwd", "staWifiName", "staWifiPwd", "macAddress", "deviceName", "sn"):
        assert str(known[key]) not in everything
    for degrees in (ELSEWHERE.latitude, ELSEWHERE.longitude, 47.0):
        assert degrees == 47.0 or str(degrees) not in everything
        assert not any(struct.pack("<d", degrees) in frame.data for frame in frames)


def test_a_file_cut_off_in_the_middle_of_a_word_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "light.jsonl"
    light(path, "known-modes", "same-mode")
    raw = path.read_bytes()
    path.write_bytes(raw[:-30])
    again = light(path, "going-live")
    assert {"known-modes", "going-live"} <= set(again.notebook.findings)
    assert Recording.read(path).exchanges


@pytest.mark.parametrize("text", ["a diary\n", "{}\n", '{"format": "other"}\n', "[1]\n"])
def test_a_file_of_somebody_else_is_not_written_to(tmp_path: Path, text: str) -> None:
    path = tmp_path / "light.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FirstLightError, match="no recording"):
        Notebook.open(path, lambda: NIGHT)
    assert path.read_text(encoding="utf-8") == text


def test_a_finding_that_is_none_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "light.jsonl"
    head = '{"format": "dwarf-agent recording", "version": 1, "at": ""}\n'
    path.write_text(
        head + '{"t": 0, "first_light": {"check": "album", "agreement": "odd"}}\n', encoding="utf-8"
    )
    with pytest.raises(FirstLightError, match="line 2"):
        Notebook.read(path)


@given(
    st.lists(
        st.one_of(
            st.text(max_size=40),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
                max_leaves=8,
            ).map(lambda value: json.dumps({"t": 0, "first_light": value})),
        ),
        max_size=5,
    )
)
def test_any_file_is_read_or_refused_in_words(lines: list[str]) -> None:
    head = '{"format": "dwarf-agent recording", "version": 1, "at": ""}'
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "light.jsonl"
        path.write_text("\n".join([head, *lines]), encoding="utf-8")
        with suppress(FirstLightError):
            assert all(isinstance(one, Finding) for one in Notebook.read(path).findings.values())


@pytest.mark.parametrize("agreement", list(Agreement))
def test_a_finding_is_read_as_it_was_written(tmp_path: Path, agreement: Agreement) -> None:
    path = tmp_path / "light.jsonl"
    found = Finding(agreement, "Gesehen: 3 × 0.5 s.", {"codes": [0, -11503]}, {"album": "type_6"})
    notebook = Notebook.open(path, lambda: NIGHT)
    notebook.put("album", found)
    notebook.close()
    assert Notebook.read(path).findings == {"album": found}


def test_what_was_found_is_not_forgotten_for_a_try_that_found_nothing(tmp_path: Path) -> None:
    notebook = Notebook({"album": agrees("Type 6.")}, {})
    notebook.put("album", Finding(Agreement.UNCLEAR, "The link broke."))
    assert notebook.findings["album"].agreement is Agreement.AGREES


def test_a_feature_is_safe_only_when_all_that_it_needs_is_found_true() -> None:
    everything = {one.name: agrees("So.") for one in CHECKS}
    assert features(everything) == ([one.value for one in Feature], [], [])
    assert features({}) == ([], [], [one.value for one in Feature])
    odd = everything | {"early-stop": differs("Not so.")}
    assert features(odd)[1] == [Feature.STOPPING.value]
    del odd["early-stop"]
    assert features(odd)[2] == [Feature.STOPPING.value]


def test_the_page_says_what_agrees_what_differs_and_what_is_safe() -> None:
    findings = {one.name: agrees("So.") for one in CHECKS} | {"album": differs("Type 9.")}
    told = page(
        findings, {"model": "D3", "firmware": "1.5.2", "agent": "0.1", "date": "2026-01-15"}, "me.jsonl"
    )
    assert told.startswith("# First light: Dwarf 3, firmware 1.5.2\n")
    assert "`me.jsonl`" in told
    safe, careful = told.index("## Safe to use"), told.index("## Take care")
    assert safe < told.index(Feature.STOPPING.value) < careful < told.index(Feature.COUNTING.value)
    assert "Believed: type 6. Seen: Type 9." in told


def test_every_feature_rests_on_a_check_and_every_check_on_a_feature() -> None:
    assert {feature for one in CHECKS for feature in one.features} == set(Feature)
    assert all(one.features for one in CHECKS)
    assert len({one.name for one in CHECKS}) == len(CHECKS)
    assert [one.outside for one in CHECKS] == sorted(one.outside for one in CHECKS)
    assert all(bool(one.moves) == one.outside for one in CHECKS)


@pytest.mark.parametrize(
    ("model", "simulated"), every(2, [("D3", "D3"), ("unknown (3)", "'D3 Plus'"), ("unknown (9)", "foreign")])
)
def test_the_tool_turns_a_file_into_rows_and_habits(tmp_path: Path, model: str, simulated: str) -> None:
    path = tmp_path / "light.jsonl"
    _write(path, model)
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "first_light_report.py"), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"| counting frames from the album | {model} | 1.5.2 |" in done.stdout
    assert "album as believed" in done.stdout
    assert "folded-position" in done.stdout
    habits = "--habit album=type_6 --habit go_live=leaves_mode"
    assert f"dwarf-agent simulate --generation v3 --model {simulated} {habits}" in done.stdout


def _write(path: Path, model: str) -> None:
    notebook = Notebook.open(path, lambda: NIGHT)
    notebook.describe(model=model, firmware="1.5.2")
    notebook.put("album", agrees("Type 6.", {"album": "type_6"}))
    notebook.put("going-live", agrees("The mode is left.", {"go_live": "leaves_mode"}))
    notebook.put("folded-position", differs("Pitch 169.", pitch=169.0))
    notebook.close()
