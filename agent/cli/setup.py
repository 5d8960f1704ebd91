"""`dwarf-agent setup`: asks the few things the agent needs, tries them, and writes them down."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.common import Commands, add_command, perform
from agent.errors import AgentError
from agent.text import printable_lines

if TYPE_CHECKING:
    from agent.settings import Settings

_KNOCK_S = 3.0  # for a telescope to answer
_ASKED = (
    *("telescope_host", "mqtt_host", "mqtt_port", "mqtt_username", "mqtt_password", "latitude", "longitude"),
    *("timezone", "weather_topics", "weather_policy", "sessions_dir"),
)
_DESCRIPTION = """\
Asks for the telescope (and looks for it on the network), the MQTT broker, your place and the weather; tries
what you say; and writes ~/.config/dwarf-agent/config.yaml, which every other command reads. Enter takes what
stands in brackets. It may be repeated: what is there already is offered again."""
_EXAMPLES = """\
  dwarf-agent setup
  dwarf-agent setup --config garden.yaml     write another file"""


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody is asked and told. `ask` gets the question; `secret` does not show what is typed."""

    ask: Callable[[str], str]
    secret: Callable[[str], str]
    say: Callable[[str], None]

    def answer(self, question: str, default: str = "") -> str:
        """Ask; Enter means the default."""
        shown = f" [{default}]" if default else ""
        return self.ask(f"{question}{shown}: ").strip() or default

    def agrees(self, question: str, *, default: bool) -> bool:
        """Ask for a yes or no until it is one."""
        while True:
            given = self.ask(f"{question} [{'Y/n' if default else 'y/N'}]: ").strip().lower()
            if given in ("", "y", "yes", "n", "no"):
                return given[:1] == "y" if given else default


def add_to(commands: Commands) -> None:
    """Add this command."""
    parser = add_command(
        commands,
        "setup",
        _run,
        summary="find the telescope, ask the few things needed, and write them down",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the file to write")


def _run(arguments: argparse.Namespace) -> int:
    from agent.settings.loader import user_file

    if not sys.stdin.isatty():
        raise AgentError(
            "Setup asks questions, and there is nobody to answer them here.",
            hint="Run it in a terminal, or write the file yourself: docs/configuration.md.",
        )
    path = arguments.config or user_file(os.environ)
    if path is None:
        raise AgentError("Where this user's files are is not known.", hint="Set HOME, or give --config.")
    person = Person(input, getpass.getpass, lambda line: print(printable_lines(line), flush=True))
    try:
        return set_up(path, person)
    except EOFError:
        raise KeyboardInterrupt from None


def set_up(path: Path, person: Person) -> int:
    """Ask, try, write; return the exit code. Nothing is written before everything was asked."""
    from agent.settings import load_settings
    from agent.settings.edit import require_room, write_settings

    before = load_settings(path if path.is_file() else None)
    require_room(path, _ASKED)
    values: dict[str, str] = {}
    values["telescope_host"], wants_bluetooth = _telescope(before, person)
    values |= _broker(path, before, person)
    values |= _place(before, person)
    values |= _weather(before, person, has_broker=bool(values["mqtt_host"]))
    values["sessions_dir"] = _folder(
        before.sessions_dir if path.is_file() else Path.home() / "Astro_Sessions", person
    )
    write_settings(path, values)
    load_settings(path)
    person.say(f"written: {path}")
    if wants_bluetooth:
        person.say("Now onto the Wi-Fi: hold the telescope near and close its phone app.")
        _run_command("provision", "--config", str(path))
    _offer_service(path, person)
    return 0


def _telescope(before: Settings, person: Person) -> tuple[str, bool]:
    """The address, and whether the telescope has to be brought onto the Wi-Fi first."""
    from agent.telescope.dwarf.http import listens

    known = before.telescopes[0].host
    while True:
        host = person.answer(
            "Address of the telescope (Enter: look for it)" if not known else "Telescope", known
        )
        if host and (wrong := _wrong({"telescope_host": host})):
            person.say(wrong)
            known = ""
            continue
        if host:
            if perform(listens(host, before.telescopes[0].port, _KNOCK_S)):
                person.say(f"The telescope at {host} answers.")
                return host, False
            from agent.telescope.errors import WHAT_TO_CHECK

            person.say(f"Nothing answers at {host}. {WHAT_TO_CHECK}")
            if person.agrees("Keep this address all the same?", default=True):
                return host, False
            known = ""
            continue
        if found := _look(person):
            return found, False
        if person.agrees("Bring it here over Bluetooth at the end?", default=True):
            return "", True
        if person.agrees("Go on without an address?", default=False):
            return "", False


def _look(person: Person) -> str:
    from agent.telescope.dwarf.look_around import look_around, neighbours

    person.say("Looking for telescopes on this network ...")
    found = perform(look_around(neighbours()))
    for number, one in enumerate(found, start=1):
        person.say(f"  {number}  {one.host}  {one.name} {f'({one.model})' if one.model else ''}".rstrip())
    if not found:
        person.say("None is in this network.")
        return ""
    while True:
        given = person.answer("Which one (0: none of them)", "1")
        if given.isdecimal() and int(given) <= len(found):
            return found[int(given) - 1].host if int(given) else ""
        person.say(f"Type a number from 0 to {len(found)}.")


def _broker(path: Path, before: Settings, person: Person) -> dict[str, str]:
    mqtt = before.mqtt
    known, port, user = mqtt.host, str(mqtt.port), mqtt.username
    while True:
        host = person.answer(
            "MQTT broker (Enter: none)" if not known else "MQTT broker ('none' for none)", known
        )
        if host in ("", "none"):
            return {"mqtt_host": ""}
        if wrong := _wrong({"mqtt_host": host}):
            person.say(wrong)
            continue
        known = host
        values = {"mqtt_host": host, "mqtt_port": person.answer("  its port", port)}
        if wrong := _wrong(values):
            person.say(wrong)
            continue
        port = values["mqtt_port"]
        if user := person.answer("  user name (Enter: none)", user):
            values["mqtt_username"] = user
            kept = mqtt.password.get_secret_value()
            values["mqtt_password"] = person.secret(f"  password{' [as before]' if kept else ''}: ") or kept
        trouble = _tried_broker(path, values)
        person.say(trouble or f"The broker at {host} lets us in.")
        if not trouble or person.agrees("Keep it all the same?", default=False):
            return values


def _tried_broker(path: Path, values: Mapping[str, str]) -> str:
    """What keeps us from the broker, with what else the file says of it; "" for nothing."""
    from agent.mqtt.client import caller_id, calling
    from agent.settings import load_settings

    file = path if path.is_file() else None

    async def knock() -> None:
        options = load_settings(file, flags=values).mqtt.broker(client_id=caller_id())
        async with calling(options, needs_agent=False):
            pass

    try:
        perform(knock())
    except AgentError as error:
        return str(error)
    return ""


def _place(before: Settings, person: Person) -> dict[str, str]:
    site = before.site
    person.say(
        "With your place sessions wait for the dark and for their target's height, and keep off the Sun."
    )
    shown = f"{site.latitude}, {site.longitude}" if site.latitude is not None else ""

    def place() -> dict[str, str]:
        given = person.answer("Latitude, longitude in degrees, such as 48.85, 2.35 (Enter: none)", shown)
        return _coordinates(given) if given else {}

    def zone() -> dict[str, str]:
        return {"timezone": person.answer("Time zone of session times", site.zone_name)}

    return _until_right(place, person) | _until_right(zone, person)


def _coordinates(given: str) -> dict[str, str]:
    """Two numbers with a comma, a semicolon or a blank between them, with decimal points or commas."""
    given = given.replace("°", "")
    parts = re.split(r"\s*;\s*|\s+,\s*|,?\s+", given)
    latitude, longitude = parts if len(parts) == 2 else given.partition(",")[::2]
    return {"latitude": latitude.replace(",", "."), "longitude": longitude.strip().replace(",", ".")}


def _until_right(asked: Callable[[], dict[str, str]], person: Person) -> dict[str, str]:
    """Ask until nothing is wrong with the answer."""
    while trouble := _wrong(values := asked()):
        person.say(trouble)
    return values


def _folder(known: Path, person: Person) -> str:
    """The folder of the session files, made and tried."""
    from agent.store.folders import Tree

    while True:
        given = person.answer("Folder of the session files", str(known))
        try:
            folder = Path(given).expanduser().absolute()
            Tree(folder).make()
        except RuntimeError:
            person.say(f"{given} is the home of nobody.")
        except AgentError as error:
            person.say(str(error))
        else:
            return str(folder)


def _weather(before: Settings, person: Person, *, has_broker: bool) -> dict[str, str]:
    if before.weather.has_sources:
        person.say("The weather is asked of the sources that stand in the file.")
    if before.weather.has_sources or not has_broker:
        return {}
    question = "Weather: an MQTT topic and what is safe, such as sky/rain is 0 (Enter: ignore the weather)"

    def source() -> dict[str, str]:
        if not (given := person.answer(question)):
            return {}
        return {
            "weather_topics": given,
            "weather_policy": person.answer("  unsafe means: wait or abort", "wait"),
        }

    return _until_right(source, person)


def _wrong(values: Mapping[str, str]) -> str:
    """What is wrong with some settings; "" for nothing."""
    from agent.settings import SettingsError, load_settings

    try:
        load_settings(assigned=values)
    except SettingsError as error:
        return str(error.by_name())
    return ""


def _offer_service(path: Path, person: Person) -> None:
    from agent.cli.service import has_systemd, install

    if has_systemd() and person.agrees("Run it now and at every boot, as a systemd service?", default=False):
        try:
            install(path)
        except AgentError as error:
            person.say(str(error))
        else:
            return
    person.say("Start it with: dwarf-agent run")


def _run_command(*words: str) -> None:
    from agent.cli.main import main

    main(words)
