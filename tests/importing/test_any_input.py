"""No input makes an import raise, and every session that is written is valid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.cli.documents import Surroundings, check_data
from agent.cli.main import main
from agent.errors import Problem, errors_of
from agent.importing import read_other
from agent.importing.sessions import Prepared, prepare
from agent.importing.template import Template, TemplateError
from agent.session.document import read_session
from agent.session.other_files import HEAD_BYTES, recognised
from agent.telescope.dwarf.models import MODELS, capabilities_for
from tests.cli.test_any_input import AROUND
from tests.importing import samples
from tests.session.test_numbers import JSON_VALUES
from tests.support.chance import often

OFTEN = settings(
    deadline=None, max_examples=often(150), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CELLS = st.sampled_from(
    [
        *(
            "M 31",
            "M 42 Pane 2",
            "M 102",
            "Sun",
            "Moon",
            "Nowhere",
            "",
            "0",
            "24",
            "83.8",
            "5hr 29' 24\"",
            "-0",
        ),
        *(
            "5:35:17",
            "-5º 54' 00\"",
            "nan",
            "1e999",
            "\x00",
            '"',
            "'",
            "=1+1",
            "é",
            "x" * 200,
            "-",
            "+41:16:09",
        ),
        *("9" * 400, "1.5e3", "180.00", "-30", "Center", "Pane 1", "../../x", "CON", "\u202e"),
    ]
)
TITLES = st.sampled_from(
    [
        *("Pane", "Name", "RA", "DEC", "ra (deg)", "Right Ascension (j2000)", "Declination (j2000)", "count"),
        *("Catalogue Entry", "Familiar Name", "exposure", "Position Angle (East)", "ra (jnow)", ""),
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    separator = draw(st.sampled_from([",", ";", "\t"]))
    rows = [
        draw(st.lists(TITLES, min_size=2, max_size=6)),
        *draw(st.lists(st.lists(CELLS, max_size=7), max_size=6)),
    ]
    said = "\n".join(separator.join(row) for row in rows)
    return said.encode(draw(st.sampled_from(["utf-8", "utf-16", "utf-8-sig"])), "replace")


@st.composite
def broken_samples(draw: st.DrawFn) -> bytes:
    """A sample with bytes cut out or put in."""
    data = draw(st.sampled_from(list(samples.FILES.values())))
    at = draw(st.integers(0, len(data)))
    gone = draw(st.integers(0, 30))
    return data[:at] + draw(st.binary(max_size=6)) + data[at + gone :]


def _spoilt(value: Any, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value with any part of it possibly replaced."""
    if isinstance(value, dict):
        same = st.fixed_dictionaries({key: _spoilt(inner, values) for key, inner in value.items()})
    elif isinstance(value, list):
        same = st.tuples(*(_spoilt(inner, values) for inner in value)).map(list)
    else:
        same = st.just(value)
    return st.one_of(same, same, same, same, same, values)


SPOILT = st.one_of(
    *(
        _spoilt(one, JSON_VALUES | CELLS)
        for one in (samples.STELLARIUM, samples.BOOKMARKS, samples.NINA, samples.PROJECTS, samples.UPTONIGHT)
    )
).map(lambda value: json.dumps(value).encode("utf-8", "replace"))

ANY = st.one_of(tables(), broken_samples(), SPOILT, st.binary(max_size=400))


def prepared_of(data: bytes, template: Template, around: Surroundings = AROUND) -> list[Prepared]:
    def judge(session: bytes, name: str) -> tuple[Problem, ...]:
        return check_data(session, Path(f"{name}.json"), around).problems

    return prepare(read_other(data, "list"), "list", template, judge)


@OFTEN
@given(ANY)
def test_what_is_written_is_valid_and_what_is_not_says_why(data: bytes) -> None:
    file = read_other(data, "list")
    assert file.targets or file.horizon or errors_of(file.problems)
    assert all(problem.code != "internal" for problem in file.problems)
    for one in prepared_of(data, Template.built_in()):
        assert one.name.endswith(".json")
        assert "/" not in one.name
        if one.data is not None:
            assert read_session(one.data).ok
            assert check_data(one.data, Path(one.name), AROUND).valid
        else:
            problem = errors_of(one.problems)[0]
            assert problem.path.startswith(one.imported.place)


@OFTEN
@given(broken_samples(), st.sampled_from(["--dry-run", "--name=a/b"]))
def test_the_command_ends_with_a_verdict(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, flag: str
) -> None:
    root = tmp_path_factory.mktemp("import")
    (root / "list.dat").write_bytes(data)
    to_do = root / "tree" / "ToDo"
    code = main(["import", str(root / "list.dat"), flag, "--to", str(to_do), "--model", "D3"])
    assert code in (0, 1)
    written = sorted(to_do.glob("*")) if to_do.exists() else []
    assert not (written and flag == "--dry-run")
    assert all(check_data(path.read_bytes(), path, AROUND).valid for path in written)


@OFTEN
@given(_spoilt({"command": {**samples.SESSION}}, JSON_VALUES))
def test_a_template_is_taken_or_refused_and_its_sessions_are_valid(template: Any) -> None:
    try:
        taken = Template.read(json.dumps(template).encode("utf-8", "replace"), "t.json")
    except TemplateError:
        return
    for one in prepared_of(samples.FILES["list.csv"], taken):
        assert errors_of(one.problems) or check_data(one.data or b"", Path(one.name), AROUND).valid


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", samples.FILES)
def test_the_built_in_values_fit_every_model(model: str, name: str) -> None:
    around = Surroundings(
        capabilities_for(model), False, AROUND.zone, AROUND.site, AROUND.now, AROUND.requirements
    )
    for one in prepared_of(samples.FILES[name], Template.built_in(), around):
        assert one.data or one.imported.moves


@given(tables())
def test_a_table_is_known_by_its_beginning(data: bytes) -> None:
    assert recognised(data) == recognised(data[:HEAD_BYTES])
