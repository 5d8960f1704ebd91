"""Parse the command line, run one command, turn errors into one clear sentence."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from agent import __version__
from agent.errors import AgentError
from agent.text import printable_lines

EXIT_OK = 0
EXIT_NEGATIVE = 1  # the command worked, and the answer is no: invalid file, failed session, refused command
EXIT_UNUSABLE = 2  # the command could not do its work: usage, configuration, nobody answers
EXIT_INTERRUPTED = 130  # Ctrl-C, as shells count it

_DESCRIPTION = """\
Runs imaging sessions on DWARFLAB smart telescopes, unattended, from JSON session
files or MQTT, and tells Home Assistant about it."""

_EPILOG = """\
first steps:
  dwarf-agent demo                          watch a whole session, with no telescope and no broker
  dwarf-agent setup                         find the telescope, ask the few things needed, write them down
  dwarf-agent validate my-session.json      would this session work, and if not, why
  dwarf-agent run                           run what waits in ToDo, until told to stop

`dwarf-agent <command> --help` shows examples of each command.
exit codes: 0 yes/done, 1 no/failed, 2 could not be tried (the message says what to do)."""

_MODULES = (
    *("setup", "service", "run", "demo", "simulate", "samples", "validate", "plan", "tonight", "import_"),
    *("submit", "status", "queue", "watch", "darks", "arm", "verbs", "park", "download", "history", "page"),
    *("provision", "first_light", "elements", "schema", "dashboard", "completion"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if not words:
        _parser(_MODULES).print_help()
        return EXIT_OK
    arguments = _parsed(words)
    try:
        return int(arguments.command(arguments))
    except AgentError as error:
        return _unusable([error])
    except BaseExceptionGroup as group:
        known, bugs = group.split(AgentError)
        if known is None or bugs is not None:
            raise
        return _unusable(_leaves(known))
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the shell's prompt begins behind ^C otherwise
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; keep the interpreter from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as error:  # a file that cannot be read or written, and that no part had more to say of
        if error.filename is None:
            raise
        return _unusable([AgentError(f"{error.filename}: {error.strerror or error}.")])


def _unusable(errors: Sequence[BaseException]) -> int:
    for error in errors:
        print(printable_lines(f"dwarf-agent: {error}"), file=sys.stderr)
    return EXIT_UNUSABLE


def _leaves(group: BaseExceptionGroup[AgentError]) -> list[BaseException]:
    """The errors themselves: tasks that run together wrap theirs."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _parsed(words: list[str]) -> argparse.Namespace:
    """Parse the words; what nobody knows is a usage error that names what was perhaps meant."""
    parser = _parser(_needed(words))
    known = commands_of(parser)
    first = words[0].partition("=")[0]
    if first.startswith("-") and not any(one.startswith(first) for one in parser._option_string_actions):
        command = next((word for word in words if word in known), "COMMAND")
        where = f"flags come after the command, as in `dwarf-agent {command} {first} ...`."
        parser.error(f"{where}{_meant(first, parser._option_string_actions, alike=0.8)}")
    if words[0] not in known and not words[0].startswith("-"):
        there_are = f"Commands: {', '.join(known)}."
        parser.error(f"there is no command {words[0]!r}.{_meant(words[0], known) or f' {there_are}'}")
    arguments, unknown = parser.parse_known_args(words)
    if unknown:
        own: argparse.ArgumentParser = arguments.parser
        flags = [word.partition("=")[0] for word in unknown if word.startswith("-")]  # a value may be secret
        own.error(f"unrecognized arguments: {' '.join(flags or unknown)}.{_flag_meant(unknown[0], own)}")
    return arguments


def whole_parser() -> argparse.ArgumentParser:
    """The command line with every command."""
    return _parser(_MODULES)


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each command that a parser knows, by name; argparse keeps them private."""
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(actions[0].choices) if actions else {}


def _meant(word: str, known: Iterable[str], *, alike: float = 0.6) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1, cutoff=alike)
    return f" Did you mean {near[0]}?" if near else ""


def _flag_meant(word: str, own: argparse.ArgumentParser) -> str:
    from agent.settings.flat import FLAT_SETTINGS

    flag = word.partition("=")[0]
    if not flag.startswith("-"):
        return f" Say --target {word!r}." if "--target" in own._option_string_actions else ""
    setting = flag.lstrip("-").replace("-", "_")
    if setting in FLAT_SETTINGS and "--set" in own._option_string_actions:
        return f" Say --set {setting}=..."
    return _meant(flag, own._option_string_actions)


def _needed(words: Sequence[str]) -> Sequence[str]:
    """The modules that know the command: its own where it has one, so that a health check starts fast."""
    if words[0] == "--version":
        return ()
    own = words[0].replace("-", "_")
    return [module for module in _MODULES if module.rstrip("_") == own] or _MODULES


def _parser(modules: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dwarf-agent",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dwarf-agent {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in modules:
        import_module(f"agent.cli.{module}").add_to(commands)
    return parser
