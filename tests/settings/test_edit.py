"""Writing a telescope into a configuration file somebody wrote by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.settings import load_settings
from agent.settings.edit import with_telescope, write_telescope
from agent.settings.problems import CannotEditError
from agent.settings.yaml_text import parse_yaml
from tests.support.chance import often

VALUES = {"host": "192.168.1.57", "model": "D3", "id": "dwarf3_1a2b3c"}
ROOT = Path(__file__).resolve().parents[2]


def test_values_are_changed_where_they_stand_and_nothing_else_is() -> None:
    before = (
        "# my telescope\n"
        "telescope_host: '10.0.0.1'   # balcony\n"
        "mqtt_host:   broker.local\n"
        "telescope_model: auto # asks\n"
        'telescope_id: "" \n'
        "\n# the end"
    )
    assert with_telescope(before, VALUES) == (
        "# my telescope\n"
        "telescope_host: '192.168.1.57'   # balcony\n"
        "mqtt_host:   broker.local\n"
        "telescope_model: D3 # asks\n"
        'telescope_id: "dwarf3_1a2b3c" \n'
        "\n# the end"
    )


def test_missing_keys_are_added_beside_the_ones_that_are_there() -> None:
    before = "log_level: info\ntelescope_host:\nmqtt_host: broker\n"
    assert with_telescope(before, VALUES) == (
        "log_level: info\ntelescope_host: 192.168.1.57\n"
        "telescope_model: D3\ntelescope_id: dwarf3_1a2b3c\nmqtt_host: broker\n"
    )


def test_a_file_without_a_telescope_gets_one_at_its_top() -> None:
    before = "# notes\nmqtt:\n  host: broker\n"
    assert with_telescope(before, VALUES) == (
        "# notes\ntelescope_host: 192.168.1.57\ntelescope_model: D3\ntelescope_id: dwarf3_1a2b3c\n"
        "mqtt:\n  host: broker\n"
    )


@pytest.mark.parametrize("before", ["", "# only a note", "# only a note\n"])
def test_an_empty_file_gets_the_telescope_at_its_end(before: str) -> None:
    after = with_telescope(before, VALUES)
    assert after.startswith(before)
    assert parse_yaml(after) == {f"telescope_{name}": value for name, value in VALUES.items()}


def test_one_of_several_telescopes_is_changed() -> None:
    before = "telescopes:\n  - name: Balcony\n    host: 10.0.0.1\n  -\n    # far away\n    name: Garden\n"
    after = with_telescope(before, VALUES, 1)
    assert "# far away" in after
    assert parse_yaml(after) == {
        "telescopes": [{"name": "Balcony", "host": "10.0.0.1"}, {"name": "Garden", **VALUES}]
    }


def test_a_single_telescope_may_stand_without_a_list() -> None:
    assert parse_yaml(with_telescope("telescopes:\n  name: Garden", VALUES)) == {
        "telescopes": {"name": "Garden", **VALUES}
    }


def test_windows_line_ends_and_a_byte_order_mark_stay() -> None:
    after = with_telescope("\ufefftelescope_host: ''\r\nlog_level: info\r\n", VALUES)
    assert after.startswith("\ufefftelescope_host: '192.168.1.57'\r\n")
    assert after.count("\n") == after.count("\r\n") == 4


def test_the_projects_own_manifest_can_be_written_and_still_loads(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    before = (ROOT / "config.yaml").read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")
    path.chmod(0o600)
    write_telescope(path, VALUES)
    (telescope,) = load_settings(path).telescopes
    assert (telescope.host, telescope.model, telescope.id) == tuple(VALUES.values())
    after = path.read_text(encoding="utf-8")
    kept = [line for line in before.splitlines() if line in after.splitlines()]
    assert len(kept) >= len(before.splitlines()) - 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("telescope_host: ''\n", encoding="utf-8")
    link = tmp_path / "config.yaml"
    link.symlink_to("real.yaml")
    write_telescope(link, VALUES)
    assert link.is_symlink()
    assert "192.168.1.57" in (tmp_path / "real.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("telescopes: [{host: a}]\n", 0),  # on one line: nothing can be added
        ("telescopes:\n  - host: a\n", 1),
        ("telescope_host: a\n", 1),
        ("telescope_host: [a]\n", 0),
        ("- host: a\n", 0),
        ("telescope_host: 'a\n", 0),
        ("x: &one\n  host: a\n  model: auto\n  id: ''\ntelescopes:\n  - *one\n", 0),  # would change x too
        ("telescope_host: &a a\nmqtt_host: *a\n", 0),
    ],
)
def test_what_cannot_be_changed_safely_is_left_alone(text: str, position: int, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CannotEditError):
        write_telescope(path, VALUES, position)
    assert path.read_text(encoding="utf-8") == text


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    for name, data in (("options.json", b"{}"), ("config.yaml", b"\xff\xfe")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CannotEditError, match=name):
            write_telescope(tmp_path / name, VALUES)
    with pytest.raises(CannotEditError, match=r"missing\.yaml"):
        write_telescope(tmp_path / "missing.yaml", VALUES)


KEYS = st.sampled_from(["telescope_host", "telescope_model", "telescope_id", "mqtt_host", "log_level", "x"])
PLAIN = st.sampled_from(["", "a", "'q'", '"d"', "~", "null", "1", "a # note", "|\n  block\n  text"])
FILES = st.lists(
    st.tuples(KEYS, PLAIN, st.sampled_from(["", "# note\n", "\n", "   \n"])), unique_by=lambda one: one[0]
)


@settings(deadline=None, max_examples=often(150))
@given(FILES, st.booleans())
def test_any_file_is_changed_as_meant_or_refused(lines: list[tuple[str, str, str]], ended: bool) -> None:
    text = "".join(f"{before}{key}: {value}\n" for key, value, before in lines)
    text = text if ended else text.rstrip("\n")
    old = parse_yaml(text) or {}
    try:
        after = with_telescope(text, VALUES)
    except CannotEditError:
        assert "|" in text, "only block texts may be beyond us here"
        return
    assert parse_yaml(after) == {**old, **{f"telescope_{name}": value for name, value in VALUES.items()}}
    assert text.count("# note") == after.count("# note")
