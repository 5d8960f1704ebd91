"""Configuration files, environment and flags become one `Settings`.

Later layers win: built-in values, the file, the file it names in `config_file`, environment, flags. An empty
text or null anywhere means "not set". Everything wrong is collected and told at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent.errors import Problem
from agent.settings.flat import ENVIRONMENT_PREFIX, FLAT_SETTINGS, FlatSetting, dotted
from agent.settings.flat import Path as SettingPath
from agent.settings.model import Settings
from agent.settings.problems import SettingsError
from agent.settings.text import read_mapping

CONFIG_VARIABLE = "DWARF_CONFIG"
IMAGE_VARIABLE = (
    "DWARF_DEFAULT_SESSIONS_DIR"  # set by the container image: built-in sessions_dir outside add-ons
)
ADDON_OPTIONS = Path("/data/options.json")  # where Home Assistant's Supervisor puts an add-on's options
CONTAINER_FILE = Path("/config/agent.yaml")
CHECKOUT_FILE = Path("config.yaml")

_SUPERVISOR_VARIABLE = "SUPERVISOR_TOKEN"  # set by the Supervisor in every add-on, and only there
_SENTENCES = {
    "int_parsing": "must be a whole number.",
    "int_type": "must be a whole number.",
    "int_from_float": "must be a whole number.",
    "float_parsing": "must be a number.",
    "float_type": "must be a number.",
    "bool_parsing": "must be true or false.",
    "bool_type": "must be true or false.",
    "string_type": "must be text.",
    "finite_number": "must be a finite number.",
    "model_type": "must be a group of settings ('name: value' lines).",
    "tuple_type": "must be a list.",
    "path_type": "must be a path.",
    "missing": "is missing.",
}


@dataclass
class _Layers:
    """The merged tree, with where each value came from."""

    tree: dict[str, Any] = field(default_factory=dict)
    origins: dict[SettingPath, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def put(self, path: SettingPath, value: Any, place: str) -> None:
        """Set one value; `place` is what errors about it name."""
        node: Any = self.tree
        for part, following in itertools.pairwise(path):
            if isinstance(part, int):
                while len(node) <= part:
                    node.append({})
                node = node[part]
            else:
                if not isinstance(node.get(part), dict | list):
                    node[part] = [] if isinstance(following, int) else {}
                node = node[part]
        node[path[-1]] = value
        self.origins[path] = place

    def origin(self, path: SettingPath) -> str:
        """Where the value at `path` came from, or the path itself when it came from nowhere."""
        for length in range(len(path), 0, -1):
            place = self.origins.get(path[:length])
            if place is not None:
                rest = path[length:]
                return f"{place}, {dotted(rest)}" if rest else place
        return dotted(path) or "The configuration"


def load_settings(
    file: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
    assigned: Mapping[str, Any] | None = None,
) -> Settings:
    """Read settings from `file`, `environment`, `flags` and what `--set` has `assigned` (all by flat name).

    SettingsError has all problems, each by the name that was typed.
    """
    environment, flags, assigned = environment or {}, flags or {}, assigned or {}
    layers = _Layers()
    if environment.get(IMAGE_VARIABLE) and not environment.get(_SUPERVISOR_VARIABLE):
        layers.put(("sessions_dir",), environment[IMAGE_VARIABLE], IMAGE_VARIABLE)
    if file is not None:
        _add_file(layers, file)
    further = _further_file(layers, environment, {**flags, **assigned})
    if further:
        _add_file(layers, Path(further))
    _add_environment(layers, environment)
    for name, value in flags.items():
        _add_flat(layers, name, value, f"--{name.replace('_', '-')}")
    for name, value in assigned.items():
        _add_flat(layers, name, value, f"--set {name}")
    settings = _validated(layers)
    if layers.problems or settings is None:
        raise SettingsError(layers.problems)
    settings.origins.update({dotted(path): place for path, place in layers.origins.items()})
    return settings


def find_file(environment: Mapping[str, str], folder: Path | None = None) -> Path | None:
    """Return the configuration file to use when none is named, or None.

    In order: DWARF_CONFIG, the add-on's options, `/config/agent.yaml`, the user's own file, `config.yaml` in
    `folder` (or here).
    """
    named = environment.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    if environment.get(_SUPERVISOR_VARIABLE) and ADDON_OPTIONS.exists():
        return ADDON_OPTIONS
    candidates = (CONTAINER_FILE, user_file(environment), (folder or Path()) / CHECKOUT_FILE)
    return next((path for path in candidates if path is not None and path.is_file()), None)


def user_folder(environment: Mapping[str, str]) -> Path | None:
    """Return where a user's configuration files are, by the XDG convention; None when nothing tells."""
    named, home = environment.get("XDG_CONFIG_HOME", ""), environment.get("HOME", "")
    if named.startswith("/"):
        return Path(named)
    return Path(home) / ".config" if home else None


def user_file(environment: Mapping[str, str]) -> Path | None:
    """Return the user's own configuration file, whether it is there or not."""
    folder = user_folder(environment)
    return folder / "dwarf-agent" / "config.yaml" if folder is not None else None


def redacted(settings: Settings) -> dict[str, Any]:
    """Return the settings as plain data that may be shown: secrets are stars, or "" when not set."""
    return settings.model_dump(mode="json")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known name most like `word`, or ""."""
    from difflib import get_close_matches  # for mistakes alone

    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def _further_file(layers: _Layers, environment: Mapping[str, str], flags: Mapping[str, Any]) -> str:
    setting = FLAT_SETTINGS["config_file"]
    named = flags.get(setting.name) or environment.get(setting.variable) or layers.tree.get(setting.name)
    return str(named or "")


def _add_file(layers: _Layers, path: Path) -> None:
    try:
        data = read_mapping(path)
    except SettingsError as error:
        layers.problems += error.problems
        return
    if "slug" in data and "options" in data:
        data = data["options"] or {}
        if not isinstance(data, dict):
            layers.problems.append(
                Problem("settings", "'options' must hold 'name: value' lines.", path=str(path))
            )
            return
    layered = _Layers()
    mixed = "telescopes" in data and [
        name for name in data if name.startswith("telescope_") and not _unset(data[name])
    ]
    if mixed:
        layers.problems.append(
            Problem(
                "settings",
                "stands beside a list of telescopes.",
                "Move it into the list.",
                path=f"{path}, {mixed[0]}",
            )
        )
        return
    for name, value in data.items():
        _add_named(layered, str(name), value, str(path))
    _merge(layers, layered)


def _add_named(layers: _Layers, name: str, value: Any, place: str) -> None:
    if _unset(value):
        if name not in FLAT_SETTINGS and name not in Settings.model_fields:
            layers.problems.append(_unknown(f"{place}, {name}", name, _file_names()))
        return
    if name in FLAT_SETTINGS:
        layers.put(FLAT_SETTINGS[name].path, value, f"{place}, {name}")
    elif name == "telescopes":
        items = value if isinstance(value, list) else [value]
        layers.put((name,), [_without_unset(item) for item in items], f"{place}, {name}")
    elif name in Settings.model_fields and isinstance(value, dict):
        for key, inner in value.items():
            if not _unset(inner):
                layers.put((name, str(key)), inner, f"{place}, {name}.{key}")
    elif name in Settings.model_fields:
        layers.problems.append(
            Problem("settings", "must be a group of settings ('name: value' lines).", path=f"{place}, {name}")
        )
    else:
        layers.problems.append(_unknown(f"{place}, {name}", name, _file_names()))


def _merge(layers: _Layers, newer: _Layers) -> None:
    layers.problems += newer.problems
    for path, place in newer.origins.items():
        value: Any = newer.tree
        for part in path:
            value = value[part]
        layers.put(path, value, place)


def _add_environment(layers: _Layers, environment: Mapping[str, str]) -> None:
    by_variable = {setting.variable: setting for setting in FLAT_SETTINGS.values()}
    for variable in sorted(environment):
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in (CONFIG_VARIABLE, IMAGE_VARIABLE):
            continue
        setting = by_variable.get(variable)
        if setting is None:
            layers.problems.append(_unknown(variable, variable, (*by_variable, CONFIG_VARIABLE)))
        else:
            _add_setting(layers, setting, environment[variable], variable)


def _add_flat(layers: _Layers, name: str, value: Any, place: str) -> None:
    setting = FLAT_SETTINGS.get(name)
    if setting is None:
        layers.problems.append(_unknown(place, name, FLAT_SETTINGS))
    else:
        _add_setting(layers, setting, value, place)


def _add_setting(layers: _Layers, setting: FlatSetting, value: Any, place: str) -> None:
    if _unset(value):
        return
    telescopes = layers.tree.get("telescopes", ())
    if setting.path[0] == "telescopes" and len(telescopes) > 1:
        message = f"names one telescope, but the configuration lists {len(telescopes)}."
        layers.problems.append(Problem("settings", message, "Set it in the list of telescopes.", path=place))
        return
    if telescopes and not isinstance(telescopes[0], dict):
        return  # the list itself is wrong, and will be told
    layers.put(setting.path, value, place)


def _validated(layers: _Layers) -> Settings | None:
    try:
        return Settings.model_validate(layers.tree)
    except ValidationError as error:
        layers.problems += [
            _problem(layers, details) for details in error.errors(include_url=False, include_input=False)
        ]
        return None


def _problem(layers: _Layers, details: ErrorDetails) -> Problem:
    path = details["loc"]
    place = layers.origin(path)
    kind = details["type"]
    if kind == "extra_forbidden":
        return _unknown(place, str(path[-1]), _siblings(path))
    message = _SENTENCES.get(kind)
    if message is None:
        message = details["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        if kind not in {"value_error", "assertion_error"}:
            message = f"must be {message}"
        message = message.rstrip(".") + "."
    return Problem("settings", message, path=place)


def _unknown(place: str, name: str, known: Iterable[str]) -> Problem:
    near = nearest(name, known)
    hint = f"Did you mean {near}?" if near else "See the list of settings in docs/configuration.md."
    return Problem("settings", "is not a setting.", hint, path=place)


def _siblings(path: SettingPath) -> tuple[str, ...]:
    """Names that would have been right where `path` ends."""
    inside = [setting.path for setting in FLAT_SETTINGS.values()]
    parent = tuple(0 if isinstance(part, int) else part for part in path[:-1])
    return tuple(str(known[-1]) for known in inside if known[:-1] == parent)


def _file_names() -> tuple[str, ...]:
    return (*FLAT_SETTINGS, *Settings.model_fields)


def _without_unset(item: Any) -> Any:
    return (
        {key: value for key, value in item.items() if not _unset(value)} if isinstance(item, dict) else item
    )


def _unset(value: Any) -> bool:
    return value is None or value == ""
