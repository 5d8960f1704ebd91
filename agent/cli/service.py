"""`dwarf-agent service`: have systemd run the agent as this user, from every boot on."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.cli.common import Commands, add_command
from agent.errors import AgentError
from agent.text import printable

_DESCRIPTION = """\
Makes the agent a service of systemd for this user: started at every boot, started again when it ends. It
reads the configuration that `dwarf-agent setup` wrote, or the one of --config; settings in the environment
(DWARF_...) are written into the service's file, which only you can read.

`install` may be repeated, as after an upgrade; `uninstall` removes the service and nothing else: sessions,
results and the configuration stay."""
_EXAMPLES = """\
  dwarf-agent service install
  dwarf-agent service install --config /home/pi/garden.yaml
  dwarf-agent service status
  dwarf-agent service uninstall"""

UNIT = "dwarf-agent.service"
_TEXT = """\
# Written by `dwarf-agent service install`, which may be repeated.
[Unit]
Description=dwarf-agent: imaging sessions on DWARFLAB telescopes

[Service]
{environment}ExecStart={command}
Restart=always
RestartSec=10
# It brings the telescope to rest before it ends.
TimeoutStopSec=60

[Install]
WantedBy=default.target
"""


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "service",
        _run,
        summary="have systemd run the agent from every boot on",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("action", choices=("install", "uninstall", "status"), help="what to do")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration it reads")


def _run(arguments: argparse.Namespace) -> int:
    match arguments.action:
        case "install":
            return install(_config(arguments.config))
        case "uninstall":
            return uninstall()
        case _:
            _needs_systemd()
            if not _unit_file().exists():
                print("The agent is no service of yours: `dwarf-agent service install` makes it one.")
                return 1
            return 0 if _systemctl("status", "--no-pager", UNIT) == 0 else 1


def install(config: Path) -> int:
    """Write the unit for this configuration, start it now and at every boot; return the exit code."""
    from agent.settings import load_settings

    _needs_systemd()
    taken = _environment()
    load_settings(config, environment=taken)  # what does not hold would end it again and again
    path = _unit_file()
    before = path.read_bytes() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)  # passwords may stand in it
    path.write_text(unit_text(config, taken), encoding="utf-8")
    print(printable(f"written: {path}"))
    if taken:
        print(printable(f"with these of your environment: {', '.join(taken)}"))
    for words in (("daemon-reload",), ("enable", UNIT), ("restart", UNIT)):
        if _systemctl(*words) != 0:
            _put_back(path, before, begun=words[0] == "restart")
            raise AgentError(
                f"systemctl --user {' '.join(words)} failed.",
                hint="Log in as this user itself, not with su or sudo; `journalctl --user` may tell more.",
            )
    if _lingers():
        print("The agent runs, and will at every boot.")
    else:
        print("It runs while you are logged in. For every boot: sudo loginctl enable-linger $USER")
    print("Its log: journalctl --user -u dwarf-agent -f")
    return 0


def _put_back(path: Path, before: bytes | None, *, begun: bool) -> None:
    """Have the unit be what it was; `begun`: the new one is enabled, and an earlier service was ended."""
    if before is None and begun:
        _systemctl("disable", "--now", UNIT)
    if before is None:
        path.unlink()
    else:
        path.write_bytes(before)
    _systemctl("daemon-reload")
    if begun and before is not None:
        _systemctl("restart", UNIT)


def uninstall() -> int:
    """Stop the service and remove its unit; return 1 when there was none."""
    _needs_systemd()
    path = _unit_file()
    if not path.exists():
        print("There is no service to remove.", file=sys.stderr)
        return 1
    _systemctl("disable", "--now", UNIT)
    path.unlink()
    _systemctl("daemon-reload")
    print("The service is removed; sessions, results and the configuration are still there.")
    return 0


def unit_text(config: Path, environment: Mapping[str, str]) -> str:
    """Return the unit that runs this very installation with a configuration and these variables."""
    words = (sys.executable, "-P", "-m", "agent", "run", "--config", str(config.resolve()))
    command = " ".join(_quoted(word).replace("$", "$$") for word in words)
    lines = (f"Environment={_quoted(f'{name}={value}')}\n" for name, value in environment.items())
    return _TEXT.format(command=command, environment="".join(lines))


def _environment() -> dict[str, str]:
    """The settings that this environment gives, by variable: a service has another."""
    from agent.settings.flat import FLAT_SETTINGS

    variables = sorted(one.variable for one in FLAT_SETTINGS.values())
    return {name: os.environ[name] for name in variables if os.environ.get(name)}


def has_systemd() -> bool:
    """Whether there is a systemd to ask."""
    return shutil.which("systemctl") is not None


def _config(named: Path | None) -> Path:
    from agent.settings import find_file

    found = named or find_file(os.environ)
    if found is None or not found.is_file():
        what = f"{found} is not there." if found is not None else "There is no configuration yet."
        raise AgentError(what, hint="Run `dwarf-agent setup` first, or name a file with --config.")
    return found


def _quoted(word: str) -> str:
    """A word as systemd reads it back."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + "".join(f"\\x{ord(one):02x}" if one < " " or one == "\x7f" else one for one in escaped) + '"'


def _unit_file() -> Path:
    from agent.settings.loader import user_folder

    folder = user_folder(os.environ)
    if folder is None:
        raise AgentError("Where this user's files are is not known.", hint="Set HOME.")
    return folder / "systemd" / "user" / UNIT


def _needs_systemd() -> None:
    if not has_systemd():
        raise AgentError(
            "There is no systemd on this machine.", hint="Have `dwarf-agent run` started by what there is."
        )


def _lingers() -> bool:
    """Have this user's services run without a login; whether they do."""
    loginctl = shutil.which("loginctl")
    if loginctl is None:
        return True

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([loginctl, *words], check=False, capture_output=True, text=True)  # noqa: S603

    if ask("enable-linger").returncode == 0:
        return True
    return ask("show-user", str(os.getuid()), "--property=Linger", "--value").stdout.strip() == "yes"


def _systemctl(*words: str) -> int:
    command: Sequence[str] = ("systemctl", "--user", *words)
    return subprocess.run(command, check=False).returncode  # noqa: S603 - words of our own
