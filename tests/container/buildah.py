"""Building and running the image with buildah, which needs no container engine and no daemon.

Everything lies in one folder on the disk, which is gone afterwards; with CONTAINER_TEST_CACHE in the one that
it names, to be used again. CONTAINER_TEST_BUILD_ARGS has further arguments of the build, such as volumes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = "localhost/dwarf-agent-base:bookworm"
IMAGE = "localhost/dwarf-agent:test"
_INCLUDED = "python3,python3-venv,python3-pip,ca-certificates"
_DISK = "/var/tmp"
_START_S = 60.0
_BUILD_S = 900.0


@dataclass
class Buildah:
    """buildah with a store of its own."""

    cache: Path
    driver: str = field(default="vfs", init=False)

    def __post_init__(self) -> None:
        """Layers share files where the disk can do that; with vfs each is a copy of all below it."""
        self.driver = "overlay"
        tried = self.run("from", "scratch", check=False)
        if tried.returncode == 0:
            self.run("rm", tried.stdout.strip())
        else:
            shutil.rmtree(self.cache / "store", ignore_errors=True)
            self.driver = "vfs"

    @property
    def environment(self) -> dict[str, str]:
        """Without what other tests are kept apart by: a configuration of nobody, and a disk in memory."""
        found = {name: value for name, value in os.environ.items() if name != "XDG_CONFIG_HOME"}
        return {**found, "TMPDIR": str(self.cache)}

    def remove(self) -> None:
        """Take away everything: what is mounted, then the files."""
        self.run("rm", "--all", check=False)
        shutil.rmtree(self.cache)

    def run(
        self, *arguments: str, check: bool = True, limit_s: float = 900
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(
                f"buildah {arguments[0]} failed:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
            )
        return done

    def command(self, *arguments: str) -> list[str]:
        store, run = str(self.cache / "store"), str(self.cache / "run")
        return ["buildah", "--root", store, "--runroot", run, "--storage-driver", self.driver, *arguments]

    def make_base(self) -> None:
        """Make a small Debian with Python, unless it is there already."""
        if self.run("images", "-q", BASE, check=False).stdout.strip():
            return
        with tempfile.TemporaryDirectory(dir=self.cache) as folder:
            subprocess.run(
                [
                    "debootstrap",
                    "--variant=minbase",
                    f"--include={_INCLUDED}",
                    "bookworm",
                    folder,
                    debian_mirror(),
                ],
                check=True,
                capture_output=True,
                timeout=_BUILD_S,
            )
            container = self.run("from", "scratch").stdout.strip()
            self.run("add", "-q", container, folder, "/")
        self.run("config", "--cmd", "/bin/bash", container)
        self.run("commit", "-q", "--rm", container, BASE)

    def build(self) -> None:
        """Build the image of this checkout, as it is now."""
        with tempfile.TemporaryDirectory() as folder:
            self.run(
                "bud",
                "--format",
                "docker",
                "--isolation",
                "chroot",
                "--layers",
                "--build-arg",
                f"BASE_IMAGE={BASE}",
                *certificate_volumes(Path(folder)),
                *shlex.split(os.environ.get("CONTAINER_TEST_BUILD_ARGS", "")),
                "-t",
                IMAGE,
                str(ROOT),
            )

    def settings(self) -> dict[str, Any]:
        """Return what the image says of itself: Entrypoint, Cmd, Env, Healthcheck, Labels ..."""
        about = json.loads(self.run("inspect", "--type", "image", IMAGE).stdout)
        config: dict[str, Any] = about["Docker"]["config"]
        return config

    @contextlib.contextmanager
    def container(self) -> Iterator[str]:
        """A container of the image, gone afterwards."""
        name = self.run("from", IMAGE).stdout.strip()
        try:
            yield name
        finally:
            self.run("rm", name, check=False)


@dataclass
class Inside:
    """A program in a container, started as an engine would start it: the image's own entry point."""

    buildah: Buildah
    container: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[Path, str] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _log: Path | None = None

    def __enter__(self) -> Inside:
        config = self.buildah.settings()
        command = [*config["Entrypoint"], *(self.arguments or config["Cmd"])]
        handle, name = tempfile.mkstemp(suffix=".log")
        self._log = Path(name)
        with os.fdopen(handle, "w") as log:
            self._process = subprocess.Popen(
                self._run(command),
                env=self.buildah.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._log is not None
        if self._process.poll() is None:
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(60)
        if self._process.poll() is None:
            self._process.kill()
        self._log.unlink()

    @property
    def log(self) -> str:
        """Everything it wrote."""
        assert self._log is not None
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def alive(self) -> bool:
        assert self._process is not None
        return self._process.poll() is None

    def wait_for(self, words: str) -> str:
        """Return the line with these words once it is written."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            for line in self.log.splitlines():
                if words in line:
                    return line
            if not self.alive:
                break
            time.sleep(0.1)
        raise AssertionError(f"never said {words!r}:\n{self.log}")

    def healthy(self) -> tuple[int, str]:
        """Run the image's own health check beside it; return its exit code and what it said."""
        test = self.buildah.settings()["Healthcheck"]["Test"]
        assert test[0] == "CMD"
        done = subprocess.run(
            self._run(test[1:]),
            env=self.buildah.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def terminate(self) -> None:
        """Send SIGTERM to the program itself, as an engine does."""
        assert self._process is not None
        for pid in _descendants(self._process.pid):
            if b"agent.cli.container" in _command_line(pid) and b"buildah" not in _command_line(pid):
                os.kill(pid, signal.SIGTERM)
                return

    def ended(self, limit_s: float) -> int:
        """Wait for its end and return its exit code; TimeoutExpired when it takes longer."""
        assert self._process is not None
        return self._process.wait(limit_s)

    def _run(self, command: list[str]) -> list[str]:
        options = ["--isolation", "chroot"]
        for name, value in self.environment.items():
            options += ["--env", f"{name}={value}"]
        for outside, inside in self.volumes.items():
            options += ["--volume", f"{outside}:{inside}"]
        return self.buildah.command("run", *options, self.container, "--", *command)


@contextlib.contextmanager
def tools() -> Iterator[Buildah]:
    """Lend buildah, or skip with a sentence that says what is missing."""
    missing = [name for name in ("buildah", "debootstrap") if shutil.which(name, path=_path()) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing (Debian: apt-get install buildah debootstrap)")
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a Debian base and to run a container without an engine")
    named = os.environ.get("CONTAINER_TEST_CACHE")
    cache = Path(named or tempfile.mkdtemp(prefix="dwarf-agent-container-", dir=_DISK))
    cache.mkdir(parents=True, exist_ok=True)
    buildah = Buildah(cache)
    try:
        yield buildah
    finally:
        if not named:
            buildah.remove()


def debian_mirror() -> str:
    """Return the mirror this machine itself uses."""
    for path in sorted(Path("/etc/apt").glob("sources.list*")):
        for file in [path] if path.is_file() else sorted(path.iterdir()):
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                words = line.split()
                if words[:1] == ["URIs:"]:
                    return words[1]
                found = [word for word in words if word.startswith(("http://", "https://"))]
                if words[:1] == ["deb"] and found:
                    return found[0]
    return "http://deb.debian.org/debian"


def certificate_volumes(folder: Path) -> list[str]:
    """Hand the certificate that this machine's pip trusts to the build's pip; it stays out of the image."""
    found = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.cert"],
        capture_output=True,
        text=True,
        check=False,
    )
    certificate = os.environ.get("PIP_CERT") or found.stdout.strip()
    if not certificate:
        return []
    settings = folder / "pip.conf"
    settings.write_text("[global]\ncert = /etc/build-certificates.crt\n", encoding="utf-8")
    return [
        *("-v", f"{Path(certificate).resolve()}:/etc/build-certificates.crt:ro"),
        *("-v", f"{settings}:/etc/pip.conf:ro"),
    ]


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        own = children.get(waiting.pop(), [])
        found += own
        waiting += own
    return found


def _command_line(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
