from __future__ import annotations

import json

import pytest

from agent.session.document import read_session
from agent.session.writing import to_bytes
from tests.session.golden_files import NAMES, expected, reading, source, written


@pytest.mark.parametrize("name", NAMES)
def test_every_dialect_reads_as_expected(name: str) -> None:
    assert reading(name) == json.loads(expected(name, "reading"))


@pytest.mark.parametrize("name", NAMES)
def test_every_dialect_is_written_back_as_expected(name: str) -> None:
    assert written(name) == expected(name, "written")


@pytest.mark.parametrize("name", NAMES)
def test_writing_back_keeps_every_key_in_its_order_and_every_other_value(name: str) -> None:
    before, after = json.loads(source(name).decode("utf-8-sig")), json.loads(written(name))
    changed = {"process", "result", "message", "nb_try", "starting_date", "processed_date", "dwarf"}

    def compare(old: dict, new: dict, path: str = "") -> None:
        assert list(new)[: len(old)] == list(old), path
        for key, value in old.items():
            if isinstance(value, dict) and isinstance(new[key], dict):
                compare(value, new[key], f"{path}/{key}")
            elif key not in changed:
                assert new[key] == value, f"{path}/{key}"
                assert type(new[key]) is type(value), f"{path}/{key}"

    compare(before, after)


@pytest.mark.parametrize("name", NAMES)
def test_an_unchanged_document_is_the_same_after_writing_and_reading(name: str) -> None:
    first = read_session(source(name), name=name)
    again = read_session(to_bytes(first.raw or {}), name=name)
    assert again == first


def test_two_files_with_one_uuid_are_two_sessions() -> None:
    first = read_session(source("seed_strings"), name="orion")
    second = read_session(source("uuid_repeated"), name="vega")
    assert first.document is not None
    assert second.document is not None
    assert first.document.id_command.uuid == second.document.id_command.uuid
    assert first.document.name != second.document.name
