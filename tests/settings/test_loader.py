"""Settings from files, environment and flags, as a person meets them."""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli.common import add_config_flags
from agent.settings import Settings, SettingsError, find_file, load_settings, redacted
from agent.settings.flat import FLAT_SETTINGS
from agent.settings.manifest import schema
from tests.support.chance import often

ROOT = Path(__file__).resolve().parents[2]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def problems(file: Path | None = None, **layers: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(file, **layers)
    return [str(problem) for problem in caught.value.problems]


def test_nothing_set_gives_one_telescope_without_an_address_and_no_broker() -> None:
    found = load_settings()
    assert [telescope.host for telescope in found.telescopes] == [""]
    assert (found.telescopes[0].port, found.telescopes[0].http_port, found.mqtt.host) == (9900, 8082, "")
    assert found.site.site() is None


def test_the_shipped_manifest_is_a_valid_configuration_equal_to_the_built_in_one() -> None:
    assert load_settings(ROOT / "config.yaml") == Settings()


def test_flat_and_nested_files_say_the_same(tmp_path: Path) -> None:
    nested = write(
        tmp_path / "nested.yaml",
        "telescopes:\n  - host: 192.168.1.50\n    model: D3\nmqtt: {host: broker, port: 8883, tls: true}\n"
        "site: {latitude: 48.85, longitude: 2.35}\nconditions: {min_altitude: 25}\n",
    )
    flat = write(
        tmp_path / "flat.yaml",
        "telescope_host: 192.168.1.50\ntelescope_model: D3\nmqtt_host: broker\nmqtt_port: 8883\n"
        "mqtt_tls: yes\n"
        "latitude: 48.85\nlongitude: 2.35\nmin_altitude: 25\n",
    )
    found = load_settings(nested)
    assert found == load_settings(flat)
    assert found.mqtt.port == 8883
    assert found.site.latitude == 48.85


def test_the_options_of_an_add_on_are_used_and_its_empty_fields_mean_not_set(tmp_path: Path) -> None:
    options = {
        "telescope_host": "10.0.0.7",
        "mqtt_host": "",
        "mqtt_port": 1883,
        "latitude": None,
        "timezone": "",
    }
    found = load_settings(write(tmp_path / "options.json", json.dumps(options)))
    assert found.telescopes[0].host == "10.0.0.7"
    assert found.mqtt == Settings().mqtt


def test_flags_win_over_environment_and_environment_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", "mqtt_host: from-file\nmqtt_port: 1\ntelescope_host: from-file\n")
    found = load_settings(
        file,
        environment={"DWARF_MQTT_HOST": "from-env", "DWARF_MQTT_PORT": "2", "DWARF_TELESCOPE_HOST": ""},
        flags={"mqtt_port": "3"},
    )
    assert (found.mqtt.host, found.mqtt.port, found.telescopes[0].host) == ("from-env", 3, "from-file")


def test_the_file_that_config_file_names_wins_over_the_form_that_names_it(tmp_path: Path) -> None:
    further = write(tmp_path / "agent.yaml", "mqtt: {port: 8883}\ntelescopes: [{name: A}, {name: B}]\n")
    options = {"config_file": str(further), "mqtt_host": "broker", "mqtt_port": 1883, "telescope_host": ""}
    found = load_settings(write(tmp_path / "options.json", json.dumps(options)))
    assert (found.mqtt.host, found.mqtt.port) == ("broker", 8883)
    assert [telescope.name for telescope in found.telescopes] == ["A", "B"]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("mqtt_password: 22:30", "mqtt.password", "22:30"),
        ("mqtt_password: 20:59:17", "mqtt.password", "20:59:17"),
        ("mqtt_password: 0123", "mqtt.password", "0123"),
        ("mqtt_password: 1e3", "mqtt.password", "1e3"),
        ("mqtt_username: no", "mqtt.username", "no"),
        ("mqtt_username: 2026-03-12", "mqtt.username", "2026-03-12"),
        ("mqtt_username: 1_000", "mqtt.username", "1_000"),
        ("discovery_min_version: 2025.10", "discovery.min_version", "2025.10"),
        ("mqtt_protocol: 5", "mqtt.protocol", "5"),
    ],
)
def test_plain_words_are_never_taken_for_something_else(
    tmp_path: Path, text: str, name: str, value: str
) -> None:
    found = load_settings(write(tmp_path / "a.yaml", text))
    part, _, leaf = name.partition(".")
    got = getattr(getattr(found, part), leaf)
    assert (got.get_secret_value() if hasattr(got, "get_secret_value") else got) == value


@pytest.mark.parametrize(
    ("word", "value"), [("no", False), ("off", False), ("yes", True), ("true", True), ("1", True)]
)
def test_truth_values_are_read_where_one_is_meant(tmp_path: Path, word: str, value: bool) -> None:
    assert load_settings(write(tmp_path / "a.yaml", f"mqtt: {{tls: {word}}}")).mqtt.tls is value


_LISTS = ["weather_inputs", "weather_entities", "weather_topics", "mqtt_response_prefixes", "page_names"]
_ITEMS = {"weather_entities": "sensor.cloud below 40", "weather_topics": "sky/rain is 0"}


def from_command_line(*words: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_config_flags(parser)
    arguments = parser.parse_args([word for setting in words for word in ("--set", setting)])
    return load_settings(assigned=dict(arguments.settings))


@pytest.mark.parametrize("name", _LISTS)
def test_a_list_may_be_json_or_words_with_commas_between(name: str) -> None:
    setting = FLAT_SETTINGS[name]
    items = [_ITEMS.get(name, "roof"), _ITEMS.get(name, "garden")]

    def value(found: Settings) -> object:
        return getattr(getattr(found, str(setting.path[0])), str(setting.path[1]))

    as_words = value(from_command_line(f"{name}={items[0]}, {items[1]}"))
    as_json = value(from_command_line(f"{name}={json.dumps(items)}"))
    assert as_words == as_json
    assert isinstance(as_json, tuple)
    assert len(as_json) == 2
    assert value(load_settings(environment={setting.variable: json.dumps(items)})) == as_json


@pytest.mark.parametrize("name", _LISTS)
@pytest.mark.parametrize(
    "text", ['["roof"', '[["roof"]]', '{"a": 1}', '["roof",]', "[1e999]", '[{"a": 1, "a": 2}]', "[null]"]
)
def test_a_list_that_is_none_is_refused_with_words_and_never_taken_for_a_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_command_line(f"{name}={text}")
    assert name.split("_")[-1] in str(caught.value).replace("-", "_")


def test_every_setting_that_is_a_list_is_tested_above() -> None:
    lists = [name for name, kind in schema().items() if isinstance(kind, list)]
    assert sorted(lists) == sorted(_LISTS)


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "---\n", "mqtt:\n", "mqtt_host: ~\nlatitude: null\n"])
def test_empty_files_and_empty_values_set_nothing(tmp_path: Path, text: str) -> None:
    assert load_settings(write(tmp_path / "a.yaml", text)) == Settings()


def test_a_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfmqtt_host: broker\n")
    assert load_settings(path).mqtt.host == "broker"


def test_everything_wrong_is_told_at_once_with_place_and_nearest_name(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.yaml",
        "mqtt: {prot: 1883, tls: maybe}\ntelescop_host: x\nlatitude: 91\nlongitude: 0\nlog_level: loud\n",
    )
    told = problems(
        file, environment={"DWARF_MQTT_PROT": "1", "DWARF_TELESCOPE_PORT": "99999"}, assigned={"bas": "x"}
    )
    text = "\n".join(told)
    assert f"{file}, mqtt.prot: is not a setting. Did you mean port?" in told
    assert f"{file}, mqtt.tls: must be true or false." in told
    assert f"{file}, telescop_host: is not a setting. Did you mean telescope_host?" in told
    assert f"{file}, latitude: must be less than or equal to 90." in told
    assert f"{file}, log_level: must be 'debug', 'info', 'warning' or 'error'." in told
    assert "DWARF_MQTT_PROT: is not a setting. Did you mean DWARF_MQTT_PORT?" in told
    assert "DWARF_TELESCOPE_PORT: must be less than or equal to 65535." in told
    assert "--set bas: is not a setting." in text
    assert len(told) == 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", "line 2, column 1: 'a' is there twice."),
        ("mqtt: {host: a, host: b}\n", "'host' is there twice"),
        ("a: " + 2000 * "[", "nest"),
        ("mqtt: [unclosed\n", "line 2"),
        ("- a\n- b\n", "must hold settings as 'name: value' lines."),
        ("just words\n", "must hold settings as 'name: value' lines."),
        ("mqtt: words\n", "mqtt: must be a group of settings"),
        ("telescopes: []\n", "telescopes must list at least one telescope"),
        ("telescopes: words\n", "telescopes"),
        (
            "telescopes: [{host: a}]\ntelescope_port: 1\n",
            "telescope_port: stands beside a list of telescopes.",
        ),
        ("!!python/object/apply:os.system [ls]\n", "line 1"),
        ("telescope_host: !!timestamp soon\n", "line 1, column 17"),
        ("telescope_host: !!set [a]\n", "line 1, column 17"),
        ("telescope_port: !!int many\n", "line 1, column 17"),
    ],
)
def test_files_that_cannot_be_used_say_where_and_why(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in "\n".join(problems(write(tmp_path / "a.yaml", text)))


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    assert "none.yaml: cannot be read" in problems(tmp_path / "none.yaml")[0]
    binary = tmp_path / "a.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in problems(binary)[0]
    assert "is not valid JSON" in problems(write(tmp_path / "o.json", "{"))[0]
    assert "'a' is there twice" in problems(write(tmp_path / "p.json", '{"a": 1, "a": 2}'))[0]
    deep = '{"a": ' + 500_000 * "[" + 500_000 * "]" + "}"
    assert "nested too deeply" in problems(write(tmp_path / "q.json", deep))[0]


def test_one_telescopes_flat_name_is_refused_when_there_are_several(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", "telescopes: [{host: a}, {host: b}]\n")
    assert problems(file, environment={"DWARF_TELESCOPE_HOST": "c"}) == [
        "DWARF_TELESCOPE_HOST: names one telescope, but the configuration lists 2. "
        "Set it in the list of telescopes."
    ]


def test_several_telescopes_get_folders_of_their_own(tmp_path: Path) -> None:
    text = "telescopes: [{name: Balcony, host: a}, {host: 10.0.0.2}, {host: c, sessions_dir: /share/c}]\n"
    found = load_settings(write(tmp_path / "a.yaml", text))
    assert [str(found.sessions_dir_of(telescope)) for telescope in found.telescopes] == [
        "Devices_Sessions/Balcony/Astro_Sessions",
        "Devices_Sessions/10.0.0.2/Astro_Sessions",
        "/share/c",
    ]
    assert str(Settings().sessions_dir_of(Settings().telescopes[0])) == "Astro_Sessions"


@pytest.mark.parametrize("what", ["id: a", "name: A", "host: 10.0.0.1", "sessions_dir: /x"])
def test_two_telescopes_that_are_the_same_are_refused(tmp_path: Path, what: str) -> None:
    file = write(tmp_path / "a.yaml", f"telescopes: [{{{what}}}, {{{what}}}]\n")
    assert "telescopes must differ in" in problems(file)[0]


@pytest.mark.parametrize("word", ["bridge", "safety", "session", "a b", "Ä", "a/b", "+"])
def test_a_telescope_id_that_cannot_be_a_topic_is_refused(word: str) -> None:
    assert problems(flags={"telescope_id": word})


@pytest.mark.parametrize("topic", ["dwarf/#", "+", "/dwarf", "dwarf/", "$SYS/x"])
def test_a_base_topic_that_cannot_be_one_is_refused(topic: str) -> None:
    assert "cannot be used" in problems(flags={"mqtt_base_topic": topic})[0]


def test_settings_that_need_each_other_are_held_together() -> None:
    assert "set both or neither" in problems(flags={"latitude": 1})[0]
    assert "set both or neither" in problems(flags={"mqtt_tls": "true", "mqtt_cert_file": "c"})[0]
    assert "set tls to true" in problems(flags={"mqtt_ca_file": "c"})[0]
    assert "needs a source" in problems(flags={"weather_policy": "wait"})[0]
    assert "unattended needs" in problems(flags={"bluetooth_unattended": "true"})[0]
    assert (
        "min_altitude 50 is not below max_altitude 40"
        in problems(flags={"min_altitude": 50, "max_altitude": 40})[0]
    )
    assert "time zone" in problems(flags={"timezone": "Europe/Pariss"})[0]


def test_weather_sources_may_be_written_in_words(tmp_path: Path) -> None:
    words = load_settings(
        environment={"DWARF_WEATHER_ENTITIES": "sensor.cloud_cover below 40, binary_sensor.rain is off"}
    ).weather.entities
    text = "weather_entities: [{entity_id: sensor.cloud_cover, below: 40}, binary_sensor.rain is off]\n"
    assert words == load_settings(write(tmp_path / "a.yaml", text)).weather.entities
    assert (words[0].below, words[1].equals) == (40.0, "off")
    assert "must look like" in problems(environment={"DWARF_WEATHER_ENTITIES": "sensor.cloud nice"})[0]
    assert "must say what is safe" in problems(write(tmp_path / "b.yaml", "weather_topics: [{topic: a}]"))[0]


@pytest.mark.parametrize("text", ["0:15, 90:30, 180:10", "0:15 90:30 180:10", "0:15;90:30;180:10"])
def test_a_horizon_may_be_written_in_one_line(text: str) -> None:
    mask = load_settings(flags={"horizon": text}).conditions.horizon_mask
    assert mask is not None
    assert [mask.altitude_at(azimuth) for azimuth in (0, 90, 180)] == [15, 30, 10]


@pytest.mark.parametrize("text", ["abc", "0:15,abc", "0:15 90", "0:100"])
def test_a_horizon_that_is_none_is_refused(text: str) -> None:
    assert "horizon" in problems(flags={"horizon": text})[0]


@pytest.mark.parametrize(
    "lost", ["the end", "the salt, to a shell", "both, to a shell", "all but the mark", "a sign"]
)
def test_a_hash_that_was_not_copied_whole_is_no_password(lost: str) -> None:
    from agent.web.password import Password, hashed

    mark, salt, digest = (whole := hashed("correct horse")).split("$")
    part = {
        "the end": whole[:-6],
        "the salt, to a shell": f"{mark}${digest}",
        "both, to a shell": f"{mark}====",  # each up to a sign that no name has
        "all but the mark": f"{mark}${'x' * 8}",
        "a sign": f"{mark}${salt}${digest[1:]}",
    }[lost]
    for kept in (whole, f"{whole}\n"):
        page = load_settings(environment={"DWARF_PAGE_PASSWORD": kept}).page
        assert Password(page.password.get_secret_value()).fits("correct horse")
    with pytest.raises(SettingsError, match=r"DWARF_PAGE_PASSWORD: begins like .* copy it whole") as caught:
        load_settings(environment={"DWARF_PAGE_PASSWORD": part})
    assert digest[8:40] not in str(caught.value)


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    secret = "geheim-4711"
    names = [name for name in FLAT_SETTINGS if name.endswith(("password", "token"))]
    assert len(names) == 5
    found = load_settings(environment={f"DWARF_{name.upper()}": secret for name in names})
    assert found.mqtt.password.get_secret_value() == secret
    for text in (repr(found), str(found), json.dumps(redacted(found)), found.model_dump_json()):
        assert secret not in text
    file = write(
        tmp_path / "a.yaml", f"mqtt_password: [{secret}]\nbluetooth: {{wifi_password: {{a: {secret}}}}}\n"
    )
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert len(caught.value.problems) == 2
    assert secret not in str(caught.value)


def test_the_first_file_found_is_used(tmp_path: Path) -> None:
    assert find_file({}, tmp_path) is None
    here = write(tmp_path / "config.yaml", "")
    assert find_file({}, tmp_path) == here
    assert find_file({"HOME": str(tmp_path)}, tmp_path) == here
    for environment, folder in (
        ({"HOME": str(tmp_path)}, tmp_path / ".config"),
        ({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}, tmp_path / "xdg"),
    ):
        (folder / "dwarf-agent").mkdir(parents=True)
        own = write(folder / "dwarf-agent" / "config.yaml", "")
        assert find_file(environment, tmp_path) == own, "a checkout's own file is not the user's"
    assert find_file({"DWARF_CONFIG": "/some/where.yaml"}, tmp_path) == Path("/some/where.yaml")


def test_every_setting_can_be_set_by_its_environment_name() -> None:
    for setting in FLAT_SETTINGS.values():
        assert setting.field.description, f"{setting.name} says nothing of itself"
        problem_free = setting.field.default
        assert setting.variable == f"DWARF_{setting.name.upper()}"
        if isinstance(problem_free, str | int | float) and problem_free != "":
            load_settings(environment={setting.variable: str(problem_free)})


@settings(deadline=None, max_examples=often(150))
@given(
    st.dictionaries(
        st.sampled_from([s.variable for s in FLAT_SETTINGS.values()]) | st.text().map("DWARF_".__add__),
        st.text(max_size=30),
        max_size=6,
    )
)
def test_any_environment_gives_settings_or_a_settings_error(environment: dict[str, str]) -> None:
    with contextlib.suppress(SettingsError):
        assert isinstance(load_settings(environment=environment), Settings)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from([*FLAT_SETTINGS, *Settings.model_fields]) | st.text(max_size=8)


@settings(deadline=None, max_examples=often(150))
@given(data=st.dictionaries(_NAMES, _VALUES, max_size=4))
def test_any_json_options_give_settings_or_a_settings_error(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]
) -> None:
    data.pop("config_file", None)
    file = tmp_path_factory.getbasetemp() / "options.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    with contextlib.suppress(SettingsError):
        assert isinstance(load_settings(file), Settings)


@pytest.mark.parametrize("host", [" 192.168.1.50", "192.168.1.50 ", "192.168.1.50\n"])
def test_what_is_pasted_around_an_address_is_no_part_of_it(host: str) -> None:
    settings = load_settings(flags={"telescope_host": host, "mqtt_host": host}, environment={})
    assert (settings.telescopes[0].host, settings.mqtt.host) == ("192.168.1.50", "192.168.1.50")


@pytest.mark.parametrize("host", ["broker:1883", "192.168.1.50:9900", "[::1]:1883", "[fe80::1%eth0]:1883"])
def test_a_port_behind_an_address_is_told_its_place(host: str) -> None:
    for flag in ("telescope_host", "mqtt_host"):
        with pytest.raises(SettingsError, match="its port is a setting of its own"):
            load_settings(flags={flag: host}, environment={})


@pytest.mark.parametrize("host", ["::1", "[::1]", "fe80::1%eth0"])
def test_an_address_of_ipv6_is_taken_with_brackets_and_without(host: str) -> None:
    settings = load_settings(flags={"mqtt_host": host}, environment={})
    assert settings.mqtt.host == host.strip("[]")


@pytest.mark.parametrize("host", ["http://192.168.1.50:9900", "192.168.1.50/x", "192.168.1.50 9900"])
def test_a_telescope_host_that_is_no_address_is_told_with_the_remedy(host: str) -> None:
    with pytest.raises(SettingsError, match="without http"):
        load_settings(flags={"telescope_host": host}, environment={})
