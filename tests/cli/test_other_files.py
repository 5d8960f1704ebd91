"""What a file is, is told even when it is no session: by `validate`, in ToDo/, and in the note in Error/."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.main import main
from agent.session.document import read_session
from agent.session.other_files import other_file
from tests.store.support import HandClock, drop, open_store

MOSAIC = """Pane, RA, DEC, Position Angle (East), Pane width (arcmins), Pane height (arcmins), Overlap, Row
Center, 5.5881hr, -5.3911º, 180.00, 176.40, 98.40, 15%, -
Pane 1, 5.4900hr, -5.9000º, 180.00, 176.40, 98.40, 15%, 1
"""
LIST = """Catalogue Entry,Familiar Name,Type,"Right Ascension (j2000)","Declination (j2000)",Magnitude
M 31,Andromeda Galaxy,Galaxy,"00h 42m 44s","+41° 16' 09''",3.4
"""
SOL = {
    "defaultListOlud": "{1}",
    "observingLists": {"{1}": {"name": "winter", "objects": [{"designation": "M 42", "ra": "5h35m"}]}},
    "shortName": "Observing list for Stellarium",
    "version": "2.1",
}
BOOKMARKS = {"bookmarks": {"{2}": {"name": "M 42", "ra": "5h35m17s", "dec": "-5d23m"}}}
NINA = {
    "$id": "1",
    "$type": "NINA.Sequencer.Container.DeepSkyObjectContainer, NINA.Sequencer",
    "Target": {"TargetName": "M 42", "InputCoordinates": {"RAHours": 5, "RAMinutes": 35}},
}
ESL = "<?xml version='1.0'?>\n<SchedulerList version='1.4'>\n<Job><Name>M 42</Name></Job>\n</SchedulerList>\n"
HORIZON = "# my horizon\n0 15\n90 30.5\n180 10\n270 5\n"

IMPORT = "make sessions of it with dwarf-agent import"

FILES: dict[str, tuple[bytes, str, str]] = {
    "mosaic.csv": (MOSAIC.encode(), "a mosaic of Telescopius", IMPORT),
    "semicolons.csv": (MOSAIC.replace(",", ";").encode("utf-8-sig"), "a mosaic of Telescopius", IMPORT),
    "excel.csv": (MOSAIC.encode("utf-16"), "a mosaic of Telescopius", IMPORT),
    "list.csv": (LIST.encode(), "an observing list of Telescopius", IMPORT),
    "other.csv": (b"name,ra,dec\nM 42,5.58,-5.39\n", "a table of targets", IMPORT),
    "winter.sol": (json.dumps(SOL).encode(), "an observing list of Stellarium", IMPORT),
    "winter.stel": (json.dumps(SOL, indent=4).encode(), "an observing list of Stellarium", IMPORT),
    "bookmarks.json": (json.dumps(BOOKMARKS).encode(), "bookmarks of Stellarium", IMPORT),
    "m42.json": (json.dumps(NINA).encode(), "a target or sequence of N.I.N.A.", IMPORT),
    "cut.json": (json.dumps(NINA).encode()[:-9], "a target or sequence of N.I.N.A.", IMPORT),
    "many.json": (json.dumps([NINA, NINA]).encode(), "a target or sequence of N.I.N.A.", IMPORT),
    "large.json": (json.dumps({**NINA, "x": "y" * 300_000}).encode(), "sequence of N.I.N.A.", IMPORT),
    "night.esl": (ESL.encode(), "a scheduler list of Ekos", IMPORT),
    "night.esq": (b"<?xml version='1.0'?><SequenceQueue/>", "a capture sequence of Ekos", "setup_camera"),
    "list.skylist": (b"SkySafariObservingListVersion=3.0\n", "list of SkySafari", "each target"),
    "garden.hrz": (HORIZON.encode(), "a horizon", "dwarf-agent import shows it"),
    "page.json": (b"\n<!DOCTYPE html><html><body>m31.json</body></html>", "a web page", "raw file"),
    "m31.fits": (b"SIMPLE  =                    T", "a picture (FITS)", "do not belong here"),
    "m31.jpg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture", "do not belong here"),
    "all.zip": (b"PK\x03\x04\x14\x00", "a packed archive", "Unpack it"),
    "any.xml": (b"<?xml version='1.0'?><a/>", "an XML file", "docs/importing.md"),
}


STRANGE = ["night.esq", "list.skylist", "m31.fits", "m31.jpg", "all.zip", "any.xml"]


@pytest.mark.parametrize("name", FILES)
def test_validate_says_what_a_file_is_and_what_to_do(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, what, remedy = FILES[name]
    (tmp_path / name).write_bytes(data)
    assert main(["validate", str(tmp_path / name), "--model", "D3", "--json"]) == 1
    ((problem,),) = [answer["problems"] for answer in json.loads(capsys.readouterr().out)]
    assert problem["code"] == "other_file"
    assert what in problem["message"]
    assert problem["message"].endswith(", not a session.")
    assert remedy in problem["hint"]


@pytest.mark.parametrize("name", STRANGE)
def test_in_todo_it_is_left_alone_and_named_once(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data, what, remedy = FILES[name]
    store = open_store(tmp_path, HandClock())
    drop(tmp_path, name, data)
    for _ in range(3):
        store.scan()
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said.startswith(f"{name} in ToDo is left alone: This is ")
    assert what in said
    assert remedy in said
    assert (tmp_path / "ToDo" / name).read_bytes() == data


@pytest.mark.parametrize("name", ["page.json", "cut.json"])
def test_what_cannot_be_used_is_rejected_with_what_it_is(name: str, tmp_path: Path) -> None:
    data, what, remedy = FILES[name]
    clock = HandClock()
    store = open_store(tmp_path, clock)
    drop(tmp_path, name, data)
    for _ in range(4):
        store.scan()
        clock.seconds += 6
    note = (tmp_path / "Error" / f"{name}.reason.txt").read_text()
    assert what in note
    assert (remedy if remedy != IMPORT else "Export it again") in note
    assert (tmp_path / "Error" / name).read_bytes() == data


@pytest.mark.parametrize(
    "data",
    [
        b'{"command": {"id_command": {"description": "from Stellarium, see NINA. <SchedulerList>"}}}',
        b'{"id_command": {}, "bookmarks": {}}',
        b'{"command": {"id_command": {}}, "observingLists": {}}',
    ],
)
def test_a_session_that_names_another_program_is_a_session(data: bytes) -> None:
    assert read_session(data).document is not None


@pytest.mark.parametrize(
    "data", [b"", b"x", b"{", b'{"comm', b"[1, 2]", b'{"goto_manual": {}}', b"notes\nra"]
)
def test_what_is_not_known_is_not_guessed(data: bytes) -> None:
    assert other_file(data) is None


SLOW = [
    "1" + " " * 4000,
    "az" * 2000,
    "az alt" * 600 + "\n1 x" * 100,
    '[{"ProfileId":' * 300,
    "ra,de" * 800,
]


@pytest.mark.parametrize(
    "text", ["\n" * 4096, "1 2\n" + " \n" * 2000, '{"' * 2048, '"target name"' * 300, *SLOW]
)
def test_a_strange_file_is_looked_at_quickly(text: str) -> None:
    began = time.process_time()
    assert other_file(text) is None
    assert time.process_time() - began < 0.5


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_no_file_raises(data: bytes | str) -> None:
    problem = other_file(data)
    assert problem is None or problem.hint
