from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.session.schema import json_schema
from agent.session.sections import SECTIONS
from tests.session.golden_files import NAMES, source, written
from tests.session.test_samples import SAMPLES

VALIDATOR = Draft202012Validator(json_schema())


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize("name", NAMES)
def test_every_dialect_is_valid_before_and_after_it_ran(name: str) -> None:
    VALIDATOR.validate(json.loads(source(name).decode("utf-8-sig")))
    VALIDATOR.validate(json.loads(written(name)))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_valid(path: Any) -> None:
    VALIDATOR.validate(json.loads(path.read_bytes()))


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"command": {}},
        {"command": {"id_command": []}},
        {"id_command": {}, "calibration": True},
        {"id_command": {}, "conditions": {"do_action": True, "min_alt": 3}},
        {"id_command": {}, "goto_manual": {"ra_coord": [1, 2, 3]}},
    ],
)
def test_what_is_no_session_is_not_valid(value: object) -> None:
    assert not VALIDATOR.is_valid(value)


def test_every_section_and_key_is_described() -> None:
    schema = json_schema()
    session = schema["$defs"]["Session"]["properties"]
    assert set(SECTIONS) | {"id_command", "result_details"} == set(session)
    for name, definition in schema["$defs"].items():
        for key, value in definition["properties"].items():
            assert "description" in value or "$ref" in value or "anyOf" in value, (name, key)
    assert {"IRCut", "ircut"} <= set(schema["$defs"]["CameraSetup"]["properties"])


def test_a_section_that_is_off_may_leave_anything_out() -> None:
    VALIDATOR.validate({"id_command": {}, "goto_solar": {"do_action": False}, "setup_camera": {}})
