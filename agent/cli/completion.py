"""`dwarf-agent completion` and `dwarf-agent manual`: made from the parser, so that they say what it takes."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator

from agent.cli.common import Commands, add_command

_COMPLETION = """\
Prints what teaches a shell to complete dwarf-agent's commands and flags."""
_COMPLETION_EXAMPLES = """\
  dwarf-agent completion bash > ~/.local/share/bash-completion/completions/dwarf-agent
  dwarf-agent completion zsh > ~/.zfunc/_dwarf-agent
  dwarf-agent completion fish > ~/.config/fish/completions/dwarf-agent.fish"""
_MANUAL_EXAMPLES = """\
  dwarf-agent manual > ~/.local/share/man/man1/dwarf-agent.1
  dwarf-agent manual | man -l -"""

_BASH = """\
_dwarf_agent() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} words values
  case ${{COMP_CWORD}}:${{COMP_WORDS[1]}} in
    1:*) words={commands} ;;
{cases}
  esac
  if [[ $word == -* || $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  elif [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _dwarf_agent dwarf-agent
"""


def add_to(commands: Commands) -> None:
    """Add both commands."""
    parser = add_command(
        commands,
        "completion",
        _complete,
        summary="print what completes commands in a shell",
        description=_COMPLETION,
        examples=_COMPLETION_EXAMPLES,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell it is for")
    add_command(commands, "manual", _print_manual, summary="print the manual page", examples=_MANUAL_EXAMPLES)


def _complete(arguments: argparse.Namespace) -> int:
    from agent.cli.main import commands_of, whole_parser

    known = commands_of(whole_parser())
    if arguments.shell == "fish":
        print("\n".join(_fish(known)))
        return 0
    if arguments.shell == "zsh":
        print("#compdef dwarf-agent\nautoload -U +X bashcompinit && bashcompinit")
    print(bash_completion(known), end="")
    if arguments.shell == "zsh":
        print("_bash_complete -o filenames -F _dwarf_agent")  # zsh reads the file at the first completion
    return 0


def bash_completion(known: dict[str, argparse.ArgumentParser]) -> str:
    """Return a script for bash."""
    cases = []
    for name, one in known.items():
        words, values = (shlex.quote(" ".join(each)) for each in (_flags(one), _values(one)))
        cases.append(f"    *:{name}) words={words} values={values} ;;")
    return _BASH.format(commands=shlex.quote(" ".join(known)), cases="\n".join(cases))


def _fish(known: dict[str, argparse.ArgumentParser]) -> Iterator[str]:
    alone = "complete -c dwarf-agent"
    for name, parser in known.items():
        about = parser.get_default("summary")
        yield f"{alone} -n __fish_use_subcommand -a {name} -d {shlex.quote(about)}"
        if values := _values(parser):
            yield f"{alone} -n '__fish_seen_subcommand_from {name}' -f -a {shlex.quote(' '.join(values))}"
        for flag in _flags(parser):
            if flag.startswith("--"):
                yield f"{alone} -n '__fish_seen_subcommand_from {name}' -l {flag.removeprefix('--')}"


def _flags(parser: argparse.ArgumentParser) -> list[str]:
    return [flag for action in parser._actions for flag in action.option_strings]


def _values(parser: argparse.ArgumentParser) -> list[str]:
    """The words of which a command wants one."""
    return [str(one) for action in parser._get_positional_actions() for one in action.choices or ()]


def _print_manual(_: argparse.Namespace) -> int:
    from agent.cli.main import commands_of, whole_parser

    parser = whole_parser()
    print("\n".join(manual(parser, commands_of(parser))))
    return 0


def manual(parser: argparse.ArgumentParser, known: dict[str, argparse.ArgumentParser]) -> Iterator[str]:
    """Yield the lines of a manual page (section 1)."""
    from agent import __version__

    yield f'.TH DWARF-AGENT 1 "" "dwarf-agent {__version__}"'
    yield ".SH NAME"
    yield r"dwarf-agent \- unattended imaging sessions on DWARFLAB smart telescopes"
    yield ".SH SYNOPSIS"
    yield r".B dwarf-agent"
    yield r"\fICOMMAND\fR [\fIarguments\fR]"
    yield ".SH DESCRIPTION"
    yield _troff(parser.description or "")
    yield ".SH COMMANDS"
    for name, one in known.items():
        yield f".SS {_troff(name)}"
        yield _troff(one.description or "")
        for action in one._actions:
            if action.dest == "help":
                continue
            yield ".TP"
            yield rf"\fB{_troff(', '.join(action.option_strings) or str(action.metavar or action.dest))}\fR"
            yield _troff((action.help or "") % {"default": action.default})
        if one.epilog:
            yield from (".PP", ".nf", _troff(one.epilog), ".fi")
    yield from (".SH FILES", ".nf", _troff("~/.config/dwarf-agent/config.yaml   the configuration"), ".fi")


def _troff(text: str) -> str:
    """A text whose signs mean nothing to troff."""
    shown = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", shown, flags=re.MULTILINE)
