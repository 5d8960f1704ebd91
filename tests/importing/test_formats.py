"""What each format gives, read as its program means it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.errors import errors_of
from agent.importing.horizon_file import setting_text
from agent.importing.model import Imported, ImportedFile
from agent.importing.reading import read_other
from agent.sky.horizon import HorizonMask
from tests.importing import samples


def read(name: str, stem: str = "") -> ImportedFile:
    return read_other(samples.FILES[name], stem or name.partition(".")[0])


def places(file: ImportedFile) -> list[tuple[str, float | None, float | None]]:
    return [
        (one.target, one.ra_hours and round(one.ra_hours, 3), one.dec_deg and round(one.dec_deg, 3))
        for one in file.targets
    ]


def words(file: ImportedFile) -> str:
    found = [*file.problems, *(problem for one in file.targets for problem in one.problems)]
    return " | ".join(map(str, found))


@pytest.mark.parametrize("name", samples.FILES)
def test_every_sample_is_read_without_an_error(name: str) -> None:
    file = read(name)
    assert file.what
    assert not errors_of(file.problems)
    assert all(one.readable for one in file.targets)
    assert bool(file.targets) != bool(file.horizon)


def test_a_mosaic_is_called_after_its_file_and_its_centre_is_no_pane() -> None:
    file = read("mosaic.csv", "M 42")
    assert places(file) == [("M 42 Pane 1", 5.49, -5.9), ("M 42 Pane 2", 5.686, -5.9)]
    assert [(one.place, one.group, one.rotation) for one in file.targets] == [
        ("line 3", "M 42", 180),
        ("line 4", "M 42", 180),
    ]


def test_a_mosaic_of_one_pane_is_its_centre() -> None:
    assert places(read_other("\n".join(samples.MOSAIC.split("\n")[:2]).encode(), "M 42")) == [
        ("M 42", 5.588, -5.391)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Nom;AD;Déc\nM 31;00 42 44;+41 16 09\n",
        "Objekt;Rektaszension;Deklination\nM 31;00:42:44;+41:16:09\n",
        "nombre,ascensión recta,declinación\nM 31,00:42:44,41:16:09\n",
        "Nome;AR (h);Declinazione\nM 31;0,7123;41,269\n",
        "sep=;\nName;RA;Dec\nM 31;0,7123;41,269\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_table_of_another_language_or_of_excel_is_read(text: str, encoding: str) -> None:
    assert places(read_other(text.encode(encoding, "ignore"), "t")) == [("M 31", 0.712, 41.269)]


def test_a_list_goes_by_catalogue_numbers_and_tells_the_names() -> None:
    file = read("list.csv")
    assert places(file) == [("M 31", 0.712, 41.269), ("M 33", 1.564, 30.66)]
    assert file.targets[0].description == "M 31 Andromeda Galaxy"


def test_a_comet_in_a_list_moves_and_a_planetary_nebula_does_not() -> None:
    rows = "C/2023 A3,Comet,5h,10\nNGC 7293,Planetary Nebula,22h29m38s,-20d50m13s\n"
    file = read_other(f"Catalogue Entry,Type,Right Ascension,Declination\n{rows}".encode(), "t")
    assert [one.moves for one in file.targets] == [True, False]


def test_a_table_has_its_columns_in_any_order_with_exposures() -> None:
    file = read("table.csv")
    assert places(file) == [("M 42", 5.588, -5.391), ("M 81", 9.926, 69.065)]
    assert [(one.exposure, one.count) for one in file.targets] == [(30, 200), (None, None)]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("name,ra,dec", True),
        ("name,ra (deg),dec", False),
        ("name,RA_deg,dec", False),
        ("Name,RAJ2000,DEJ2000", True),
    ],
)
def test_right_ascensions_in_degrees_are_those_of_the_whole_column(header: str, told: bool) -> None:
    file = read_other(f"{header}\nM 31,10.6847,41.269\nM 42,83.822,-5.391\n".encode(), "t")
    assert places(file) == [("M 31", 0.712, 41.269), ("M 42", 5.588, -5.391)]
    assert ("degrees" in words(file)) is told


def test_a_column_that_says_hours_is_in_hours() -> None:
    file = read_other(b"name,ra (hours),dec\nM 31,10.6847,41.269\nM 42,83.822,-5.391\n", "t")
    assert file.targets[0].ra_hours == 10.6847
    assert not file.targets[1].readable


def test_coordinates_of_another_equinox_are_refused() -> None:
    file = read_other(b"name,ra (JNow),dec (JNow)\nM 31,0.74,41.4\n", "t")
    assert "not those of J2000" in words(file)
    assert file.what == "a table of targets (CSV)"


@pytest.mark.parametrize("column", ["Epoch", "equinox", "Äquinoktium"])
def test_a_column_of_another_equinox_leaves_out_its_lines(column: str) -> None:
    table = f"name,ra,dec,{column}\nM 31,0.74,41.4,JNow\nM 33,1.564,30.66,J2000\nM 57,,,JNow\n"
    file = read_other(table.encode(), "t")
    assert [one.readable for one in file.targets] == [False, True, True]
    assert "not those of J2000" in str(file.targets[0].problems[0])


@pytest.mark.parametrize("said", ["1950", "B1950.0", "J2025.9", "2025.9", "J2050", "JNow (2025)", "current"])
def test_a_year_of_another_equinox_leaves_out_its_line(said: str) -> None:
    file = read_other(f"name,ra,dec,equinox\nM 31,0.74,41.4,{said}\nM 33,1.564,30.66,2000.0\n".encode(), "t")
    assert [one.readable for one in file.targets] == [False, True]


@pytest.mark.parametrize("said", ["", "2000", "J2000.0", "ICRS", "2460000.5", "00:42:44.1950 +41 16 09"])
def test_a_column_that_says_no_other_equinox_leaves_out_nothing(said: str) -> None:
    file = read_other(f"name,ra,dec,coordinates\nM 31,0.74,41.4,{said}\n".encode(), "t")
    assert [one.readable for one in file.targets] == [True]


@pytest.mark.parametrize("unit", ["1950", "hours, J2025.5"])
def test_a_title_that_names_the_year_of_another_equinox_is_refused(unit: str) -> None:
    assert "not those of J2000" in words(
        read_other(f'name,"ra ({unit})",dec\nM 31,0.74,41.4\n'.encode(), "t")
    )


def test_panes_of_another_equinox_are_left_out() -> None:
    file = read_other(b"pane,ra,dec,equinox\n1,0.74,41.4,JNow\n2,0.8,41.4,J2000\n", "t")
    assert [one.readable for one in file.targets] == [False, True]


def test_a_line_that_cannot_be_read_is_named_and_the_others_are_read() -> None:
    file = read_other(b"name,ra,dec\nM 31,0.7123,41.269\nM 42,5h99m,-5.39\nM 81,9.92,\n", "t")
    assert [one.readable for one in file.targets] == [True, False, False]
    assert "line 3: " in words(file)
    assert "line 4: " in words(file)


def test_a_list_of_stellarium_is_a_group_and_what_moves_is_known() -> None:
    file = read("winter.sol")
    assert places(file)[0] == ("M 42", 5.588, -5.391)
    assert [(one.group, one.moves) for one in file.targets] == [("Winter", False), ("Winter", True)]
    assert file.targets[0].description == "M 42 Great Orion Nebula"


def test_bookmarks() -> None:
    assert places(read("bookmarks.json")) == [("NGC 281", 0.883, 56.622)]


def test_a_target_of_nina_with_its_exposures() -> None:
    (one,) = read("m42.json").targets
    assert places(read("m42.json")) == [("M 42", 5.588, -5.391)]
    assert (one.rotation, one.exposure, one.count) == (123.4, 60, 40)


@pytest.mark.parametrize(("degrees", "negative"), [(0, True), (-0.0, "True"), (0, "true")])
def test_a_declination_just_below_zero_stays_there(degrees: float, negative: Any) -> None:
    target = json.loads(json.dumps(samples.NINA))
    target["Target"]["InputCoordinates"] |= {"DecDegrees": degrees, "NegativeDec": negative}
    (one,) = read_other(samples.text(target), "t").targets
    assert one.dec_deg == pytest.approx(-(23 / 60 + 28 / 3600))


def test_a_sequence_of_nina_gives_each_target_and_no_placeholder() -> None:
    empty = {
        "$type": "NINA.Sequencer.Container.DeepSkyObjectContainer, NINA.Sequencer",
        "Target": {"TargetName": "", "InputCoordinates": {"RAHours": 0, "DecDegrees": 0}},
    }
    other = json.loads(json.dumps(samples.NINA))
    other["Target"]["TargetName"] = "M 43"
    other["Items"]["$values"].append(
        {"$type": "NINA.Sequencer.SequenceItem.Imaging.TakeExposure, X", "ExposureTime": 10.0}
    )
    whole = {
        "$type": "NINA.Sequencer.Container.SequenceRootContainer, X",
        "Items": [empty, samples.NINA, other],
    }
    file = read_other(samples.text(whole), "night")
    assert [(one.target, one.exposure, one.count) for one in file.targets] == [
        ("M 42", 60, 40),
        ("M 43", None, None),
    ]
    assert "10, 60 s" in words(file)


def test_an_older_target_set_of_nina() -> None:
    (one,) = read("set.ninaTargetSet").targets
    assert places(read("set.ninaTargetSet")) == [("M 42", 5.588, -5.391)]
    assert (one.exposure, one.count) == (30, 50)


def test_projects_of_the_target_scheduler_what_is_left_of_active_ones() -> None:
    file = read("projects.json")
    assert places(file) == [("M 42 Panel 1", 5.49, -5.9), ("M 42 Panel 2", 5.69, -5.9)]
    assert [(one.group, one.exposure, one.count) for one in file.targets] == [
        ("Orion", 30, 60),
        ("Orion", None, None),
    ]
    assert "'Old' is closed" in words(file)


def test_targets_of_another_equinox_are_named() -> None:
    projects = json.loads(json.dumps(samples.PROJECTS))
    projects[0]["Targets"][0]["Epoch"] = 0
    first, second = read_other(samples.text(projects), "p").targets
    assert (first.readable, second.readable) == (False, True)


def test_jobs_of_ekos_with_start_and_limits() -> None:
    file = read("night.esl")
    (one,) = file.targets
    assert places(file) == [("M 31 & M 110", 0.712, 41.269)]
    assert (one.group, one.date, one.time) == ("Autumn", "2026-11-22", "23:30:00")
    assert (one.min_altitude, one.moon_separation) == (30, 20)
    for said in ("M31 & co.esq", "Repeat", "1 jobs of further cameras"):
        assert said in words(file)


def test_a_report_of_uptonight_goes_by_names() -> None:
    assert places(read("uptonight-report.json")) == [("M 31", None, None), ("NGC 281", None, None)]


def test_an_older_report_of_uptonight_has_the_number_in_brackets() -> None:
    report = [{"target name": "Andromeda Galaxy (M 31, 178')", "hmsdms": "00h42m44.33s +41d16m07.5s"}]
    assert places(read_other(samples.text(report), "r")) == [("M 31", 0.712, 41.269)]


def test_a_horizon_has_one_altitude_a_direction_and_the_higher_one_counts() -> None:
    file = read("garden.hrz")
    assert file.horizon is not None
    assert setting_text(file.horizon) == "0:15, 90:30.5, 180:12, 270:5"
    assert HorizonMask.parse(setting_text(file.horizon)) == file.horizon
    assert "azimuth 180" in words(file)


@pytest.mark.parametrize("separator", [" ", "\t", ", ", ",", ";"])
def test_horizons_with_any_separator_say_no_more_than_needed(separator: str) -> None:
    lines = [f"{azimuth}{separator}{20 if azimuth < 100 else 10}.0" for azimuth in range(360)]
    file = read_other("\n".join(["az alt", *lines, ""]).encode(), "h")
    assert file.horizon is not None
    assert setting_text(file.horizon) == "0:20, 99:20, 100:10, 359:10"


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE S [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
        "<SchedulerList><Job><Name>&b;</Name></Job></SchedulerList>",
        '<!DOCTYPE S SYSTEM "http://192.0.2.1/x.dtd"><SchedulerList/>',
        "<SchedulerList><Job><Name>&undeclared;</Name></Job></SchedulerList>",
        f"<SchedulerList>{'<a>' * 60}{'</a>' * 60}</SchedulerList>",
        f"<SchedulerList>{'<a/>' * 60_000}</SchedulerList>",
        "<SchedulerList><Job>",
    ],
)
def test_xml_that_means_harm_or_breaks_off_is_refused_and_named(document: str) -> None:
    file = read_other(document.encode(), "x")
    coordinates = [one for one in file.targets if one.readable]
    assert not coordinates
    assert file.what == "a scheduler list of Ekos (KStars)"
    assert "aaaa" not in words(file)


def test_what_is_too_much_is_refused_with_what_it_is() -> None:
    lines = "\n".join(f"M 31 {n},0.7,41" for n in range(300))
    assert "200 are the most" in words(read_other(f"name,ra,dec\n{lines}\n".encode(), "t"))
    assert "the most that is taken" in words(read_other(b"name,ra,dec\n" + b"x" * 5_000_000, "t"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"command": {"id_command": {}}}', "a session already"),
        (b"SkySafariObservingListVersion=3.0\n", "SkySafari"),
        (b"PK\x03\x04", "a packed archive"),
        (b"hello", "neither a session nor a list"),
        (b"", "The file is empty"),
        (b"{'command': {'goto_manual': {'do_action': True}}}", "use | to_json in the template"),
        (b'{"id_command": {"process": "wait",}}', "Take out the comma"),
        (samples.text(samples.NINA)[:-9], "a target or sequence of N.I.N.A., and it cannot be read"),
        (b"name,ra,dec\n", "no target in it"),
        (b'{"bookmarks": 3}', "bookmarks of Stellarium, and it cannot be read"),
        (b'{"observingLists": {"a": 1, "b": {"objects": 3}}}', "no target in it"),
    ],
)
def test_what_a_file_is_is_told_even_when_it_cannot_be_read(data: bytes, said: str) -> None:
    file = read_other(data, "t")
    assert not file.targets
    assert said in words(file)
    assert data == b"" or errors_of(file.problems)[0].hint


def test_the_value_of_a_target_is_what_is_known_of_it() -> None:
    assert Imported("line 2", "M 31").ra_hours is None
    assert Imported("line 2", "M 31").readable
