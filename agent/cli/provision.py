"""`dwarf-agent provision`: put a telescope onto the Wi-Fi over Bluetooth."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, add_config_flags, load, perform, positive
from agent.text import printable

if TYPE_CHECKING:
    from agent.clock import Clock
    from agent.settings import Settings
    from agent.telescope.dwarf.bluetooth.found import FoundTelescope, Provisioned
    from agent.telescope.dwarf.bluetooth.provisioning import HomeNetwork, TelescopeState
    from agent.telescope.dwarf.bluetooth.transport import BleTransport

_DESCRIPTION = """\
Finds telescopes over Bluetooth, puts one onto your Wi-Fi, waits for its address there, and writes address,
model and id into the configuration file. A telescope that is on a Wi-Fi already only tells its address.

Passwords are asked for when they are needed and not given. Give them in the environment
(DWARF_BLUETOOTH_WIFI_PASSWORD, DWARF_BLUETOOTH_PASSWORD) or in the configuration rather than as options,
which other users of this machine can see while the command runs. They are never shown or logged.
Exit code 0 when the telescope is on the network, 1 when --scan finds none, 2 when it could not be done."""
_EXAMPLES = """\
  dwarf-agent provision --scan
  dwarf-agent provision --ssid "My Wi-Fi"
  dwarf-agent provision --name DWARF3_1A2B3C --ssid "My Wi-Fi" --config /config/agent.yaml
  dwarf-agent provision --no-write            only tell what to write"""

_FACTORY_ID = re.compile(r"dwarf[a-z0-9]*_[0-9a-z]{6}")


@dataclass(frozen=True, slots=True)
class Prompts:
    """How a person is asked for what may be seen while it is typed, and for what may not."""

    visible: Callable[[str], str]
    hidden: Callable[[str], str]


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "provision",
        _run,
        summary="put a telescope onto the Wi-Fi over Bluetooth",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--scan", action="store_true", help="list the telescopes in range and stop")
    parser.add_argument(
        "--name", default="", help="the telescope's Bluetooth name, address, or its last six letters"
    )
    parser.add_argument(
        "--ssid", dest="setting_bluetooth_wifi_ssid", metavar="SSID", help="name of the Wi-Fi to join"
    )
    parser.add_argument(
        "--wifi-password",
        dest="setting_bluetooth_wifi_password",
        metavar="PASSWORD",
        help="password of the Wi-Fi",
    )
    parser.add_argument(
        "--ble-password",
        dest="setting_bluetooth_password",
        metavar="PASSWORD",
        help="Bluetooth password of the telescope (default: the factory's)",
    )
    parser.add_argument("--hidden", action="store_true", help="the Wi-Fi does not announce its name")
    parser.add_argument(
        "--seconds", type=positive, default=15.0, help="how long to look for telescopes (default: 15)"
    )
    parser.add_argument("--no-write", action="store_true", help="leave the configuration file alone")
    add_config_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from agent.clock import SystemClock
    from agent.telescope.dwarf.bluetooth.bleak_transport import BleakTransport

    settings = load(arguments)
    logging.getLogger("bleak").setLevel(logging.ERROR)  # its warnings are for developers
    clock = SystemClock()

    async def work() -> int:
        transport = BleakTransport(clock)
        if arguments.scan:
            return await list_telescopes(transport, arguments.seconds)
        provisioned = await provision(arguments, settings, transport, clock, _prompts())
        _tell(provisioned)
        _save(arguments, settings, provisioned)
        return 0

    return perform(work())


async def list_telescopes(transport: BleTransport, seconds: float) -> int:
    """Print the telescopes in range; return the exit code."""
    from agent.telescope.dwarf.bluetooth.provisioning import scan

    found = await scan(transport, seconds=seconds)
    for line in _table(found):
        print(printable(line))
    if not found:
        print(
            "No telescope in range. Switch it on, close the phone app, and bring it nearer.", file=sys.stderr
        )
    return 0 if found else 1


async def provision(
    arguments: argparse.Namespace,
    settings: Settings,
    transport: BleTransport,
    clock: Clock,
    prompts: Prompts | None,
) -> Provisioned:
    """Find the telescope, show its state, ask for what is missing, and make it join."""
    from agent.telescope.dwarf.bluetooth.provisioning import HomeNetwork, join_network

    telescope = await _choose(arguments, settings, transport)
    print(printable(f"{telescope.name} (model {telescope.model or 'unknown'}, {telescope.signal} dBm)"))
    state, ble_password = await _read(settings, transport, clock, telescope, prompts)
    print(printable(_state_line(state)))
    wanted = HomeNetwork(
        settings.bluetooth.wifi_ssid, settings.bluetooth.wifi_password.get_secret_value(), arguments.hidden
    )
    network = _completed(wanted, state, prompts)
    return await join_network(transport, clock, telescope, network, ble_password=ble_password, told=print)


async def _choose(
    arguments: argparse.Namespace, settings: Settings, transport: BleTransport
) -> FoundTelescope:
    from agent.telescope.dwarf.bluetooth.errors import WhichTelescopeError
    from agent.telescope.dwarf.bluetooth.provisioning import find, not_in_range, scan

    if arguments.name:
        return await find(transport, lambda one: one.answers_to(arguments.name), seconds=arguments.seconds)
    found = await scan(transport, seconds=arguments.seconds)
    if len(found) > 1:
        words = [word for one in settings.telescopes for word in (one.id, one.name) if word]
        found = [one for one in found if any(one.answers_to(word) for word in words)] or found
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise WhichTelescopeError(
            f"Several telescopes are in range: {names}.", hint="Choose one with --name."
        )
    if not found:
        raise not_in_range(found)
    return found[0]


async def _read(
    settings: Settings,
    transport: BleTransport,
    clock: Clock,
    telescope: FoundTelescope,
    prompts: Prompts | None,
) -> tuple[TelescopeState, str]:
    """Read the state; a person may give the Bluetooth password once when the factory's is refused."""
    from agent.telescope.dwarf.bluetooth.errors import BluetoothPasswordError
    from agent.telescope.dwarf.bluetooth.provisioning import read_state

    password = settings.bluetooth.password.get_secret_value()
    try:
        return await read_state(transport, clock, telescope, ble_password=password), password
    except BluetoothPasswordError:
        if prompts is None or password:
            raise
    password = prompts.hidden("Bluetooth password of the telescope: ")
    return await read_state(transport, clock, telescope, ble_password=password), password


def _completed(network: HomeNetwork, state: TelescopeState, prompts: Prompts | None) -> HomeNetwork:
    """Ask for the Wi-Fi's name and password where they are needed and not given."""
    from agent.telescope.dwarf.bluetooth.provisioning import HomeNetwork

    config = state.config
    if prompts is None or (config.is_station and network.ssid in ("", config.ssid)):
        return network
    ssid = network.ssid or prompts.visible("Name of the Wi-Fi to join: ").strip()
    password = network.password or prompts.hidden(f"Password of the Wi-Fi {ssid}: ")
    return HomeNetwork(ssid, password, network.hidden)


def _prompts() -> Prompts | None:
    return Prompts(_interruptible(input), _interruptible(getpass.getpass)) if sys.stdin.isatty() else None


def _interruptible(ask: Callable[[str], str]) -> Callable[[str], str]:
    """Let Ctrl-C and Ctrl-D end the command while it waits for a person: a running event loop would not."""

    def asked(question: str) -> str:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return ask(question)
        except EOFError:
            raise KeyboardInterrupt from None
        finally:
            signal.signal(signal.SIGINT, before)

    return asked


def _table(found: list[FoundTelescope]) -> list[str]:
    if not found:
        return []
    width = max(len(one.name) for one in found)
    lines = [f"{'NAME':<{width}}  MODEL  SIGNAL    ADDRESS"]
    lines += [
        f"{one.name:<{width}}  {one.model or '?':<5}  {one.signal:>4} dBm  {one.address}" for one in found
    ]
    return lines


def _state_line(state: TelescopeState) -> str:
    config = state.config
    if config.is_station:
        where = f"on the Wi-Fi {config.ssid}" + (f" at {config.ip}" if config.ip else ", without an address")
    else:
        where = "on no Wi-Fi (its own access point)"
    firmware = f", firmware {state.info.firmware}" if state.info.firmware else ""
    return f"now {where}{firmware}"


def _tell(provisioned: Provisioned) -> None:
    print(printable(f"{provisioned.name} is on the Wi-Fi {provisioned.ssid} at {provisioned.ip}"))
    facts = {"model": provisioned.model, "firmware": provisioned.firmware, "MAC": provisioned.mac}
    known = [f"{name} {value}" for name, value in facts.items() if value]
    print(printable(f"  {', '.join([*known, f'id {provisioned.stable_id}'])}"))


def _save(arguments: argparse.Namespace, settings: Settings, provisioned: Provisioned) -> None:
    """Write into the configuration file, or print what to put in where that cannot be done."""
    from agent.settings import find_file
    from agent.settings.edit import FLAT_PREFIX, write_telescope
    from agent.settings.problems import CannotEditError

    further = settings.config_file  # its values win, so that is where they belong
    path = Path(further) if further else arguments.config or find_file(os.environ)
    position = _position(settings, provisioned)
    values = _values(settings, position, provisioned)
    why = "--no-write was given." if arguments.no_write else ""
    if not why and path is None:
        why = "There is no configuration file."
    elif not why and position is None:
        why = "The configuration names another telescope, or several."
    if not why and path is not None:
        try:
            write_telescope(path, values, position or 0)
        except CannotEditError as error:
            why = error.message
        else:
            print(f"written to {path}: {', '.join(values)}")
            for name in values:
                variable = f"DWARF_{FLAT_PREFIX}{name}".upper()
                if os.environ.get(variable):
                    print(f"{variable} is set in the environment and wins over the file.", file=sys.stderr)
            return
    print(f"{why} Put this into the configuration:")
    for name, value in values.items():
        print(f"  {FLAT_PREFIX}{name}: {value}")


def _position(settings: Settings, provisioned: Provisioned) -> int | None:
    """Which configured telescope this is; None when nothing says so."""
    from agent.telescope.dwarf.bluetooth.found import FoundTelescope

    this = FoundTelescope(provisioned.name, provisioned.model, provisioned.bluetooth_address, 0)
    for index, one in enumerate(settings.telescopes):
        if any(this.answers_to(word) for word in (one.id, one.name)) or one.id == provisioned.stable_id:
            return index
    for index, one in enumerate(settings.telescopes):
        if one.host == provisioned.ip:
            return index
    if len(settings.telescopes) > 1:
        return None
    only = settings.telescopes[0]
    other_id = _FACTORY_ID.fullmatch(only.id) is not None
    other_model = bool(only.host) and only.model not in ("auto", provisioned.model)
    return None if other_id or other_model else 0


def _values(settings: Settings, position: int | None, provisioned: Provisioned) -> dict[str, str]:
    """What to write. The id only at the first setup: another one later would make it another device."""
    values = {"host": provisioned.ip}
    if provisioned.model:
        values["model"] = provisioned.model
    known = settings.telescopes[position] if position is not None else None
    if known is None or not (known.id or known.host):
        values["id"] = provisioned.stable_id
    return values
