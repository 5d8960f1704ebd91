"""A condition is declared once: what the configuration, a session and the rules know of it is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

import agent.conditions.rules
from agent.conditions import ConditionSet, Requirements
from agent.conditions.rules import RULES, SKY_RULES
from agent.session.condition_keys import ConditionKeys
from agent.session.document import read_session
from agent.session.fields import Range
from agent.session.schema import json_schema
from agent.settings import SettingsError, load_settings

KEYS = sorted(ConditionKeys.model_fields)


def bounds(key: str) -> Range | None:
    """The range of a number; None for a key that switches a rule on."""
    field = ConditionKeys.model_fields[key]
    optional = next(iter(get_args(field.annotation)), None)
    notes = [*field.metadata, *getattr(optional, "__metadata__", ())]
    return next((note for note in notes if isinstance(note, Range)), None)


def some(key: str) -> Any:
    """A value that asks something."""
    limits = bounds(key)
    return True if limits is None else limits.low + 0.4 * (limits.high - limits.low)


NUMBERS = [key for key in KEYS if bounds(key)]


def session(**conditions: Any) -> Any:
    return read_session({"id_command": {}, "conditions": {"do_action": True, **conditions}})


@pytest.mark.parametrize("key", KEYS)
def test_a_key_set_in_the_configuration_or_in_the_session_makes_the_same_rule(key: str) -> None:
    value = some(key)
    configured = ConditionSet.of(load_settings(environment={f"DWARF_{key.upper()}": str(value)}).requirements)
    reading = session(**{key: str(value)})
    wished = ConditionSet.of(load_settings().requirements, reading.document.conditions)
    plain = ConditionSet.of(load_settings().requirements)
    assert (configured.rules, configured.sky) == (wished.rules, wished.sky)
    assert {*configured.rules, *configured.sky} > {*plain.rules, *plain.sky}


@pytest.mark.parametrize("key", NUMBERS)
def test_a_value_out_of_range_is_refused_in_both_with_the_same_sentence(key: str) -> None:
    limits = bounds(key)
    assert limits is not None
    wrong = limits.high + 1
    with pytest.raises(SettingsError) as refused:
        load_settings(flags={key: wrong})
    (problem,) = session(**{key: wrong}).problems
    assert problem.path == f"/conditions/{key}"
    assert problem.message.removeprefix(f"{key}: ") in str(refused.value)


def test_a_session_leaves_alone_what_it_does_not_say() -> None:
    asked = load_settings(flags={"min_altitude": 30, "min_battery": 40, "max_wait_min": 7}).requirements
    document = session(min_battery=20, max_temperature=None).document
    merged = asked.with_session(document.conditions)
    assert (merged.min_altitude, merged.min_battery, merged.max_temperature) == (30, 20, None)
    assert merged.wait_max_s == 420
    assert asked.with_session(session(wait_max="00:01:30").document.conditions).wait_max_s == 90


def test_no_session_loosens_the_sun_limit() -> None:
    (problem,) = session(sun_limit=1).problems
    assert problem.path == "/conditions/sun_limit"


def test_every_file_of_the_folder_is_a_rule_of_its_own() -> None:
    folder = Path(agent.conditions.rules.__file__).parent
    files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    rules = (*RULES, *SKY_RULES)
    assert len(files) == len(rules) == len({rule.about.name for rule in rules})
    assert {Path(rule.__module__.replace(".", "/")).name for rule in rules} == {path.stem for path in files}


def test_rules_are_asked_in_an_order_that_is_theirs_alone() -> None:
    orders = [rule.about.order for rule in (*RULES, *SKY_RULES)]
    assert orders == sorted(set(orders))


def test_every_reason_a_rule_gives_is_one_it_declares() -> None:
    from tests.conditions.test_rules import EVENING, LMC, _moment

    values = {key: some(key) for key in KEYS}
    asked = Requirements(**(values | {"min_altitude": 10.0, "max_altitude": 80.0, "horizon": "0:5"}))
    declared = {rule.about.name: rule.about.reasons for rule in (*RULES, *SKY_RULES)}
    moments = (_moment(), _moment(EVENING), _moment(target=LMC), _moment(sky=None), _moment(target=None))
    for moment in moments:
        for verdict in ConditionSet.of(asked).judge(moment):
            if not verdict.allowed:
                assert verdict.reason in declared[verdict.rule]


def test_the_schema_of_sessions_tells_what_each_key_means() -> None:
    properties = json_schema()["$defs"]["Conditions"]["properties"]
    for key, field in ConditionKeys.model_fields.items():
        assert properties[key]["description"] == field.description
