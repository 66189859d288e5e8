"""The command line: `koreason SUBCOMMAND ...`.

koreason trace --help

A subcommand's module (see `koreason/commands.py`) offers `add_arguments(parser)` and `main(arguments)`; it is imported only
when asked for, so that no stage needs another stage's environment. Exit status: 0 done, 1 a defect, 2 the user's mistake (one
line on standard error), 75 interrupted and resumable, 130 ended by Ctrl-C, 141 nobody reads the output any more.
"""

import argparse
import contextlib
import difflib
import importlib
import logging
import os
import select
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from koreason.commands import COMMANDS, outputs, values
from koreason.errors import AGAIN, UserError, explain
from koreason.home import HOME
from koreason.identity import laid
from koreason.identity.code import code_digest
from koreason.records import attempts
from koreason.records.supervise import supervised
from koreason.shown import Screen, printable
from koreason.system import host, imports, neighbours

INTERRUPTED, UNREAD = 130, 141
MINE = Path(".koreason")  # in the run's folder: what is remembered there is believed


class Lines(logging.Formatter):
    """Lines of a log, in which what a stranger wrote is only shown."""

    def format(self, record: logging.LogRecord) -> str:
        """A record's line, and its traceback."""
        return printable(super().format(record))


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what `main` prints."""
        raise UserError(message, self.prog.removeprefix("koreason "), f"see `{self.prog} --help`")


def parser_for(name: str) -> argparse.ArgumentParser:
    """A subcommand's parser, with the documentation of its module as help.

    Raises:
        UserError: there is no such subcommand.
    """
    if name not in COMMANDS:
        near = max(COMMANDS, key=lambda known: (known.startswith(name), difflib.SequenceMatcher(None, name, known).ratio()))
        raise UserError(f"no subcommand '{name}'", do=f"the nearest is `koreason {near}`; `koreason --help` lists all")
    with imports.many():
        module = importlib.import_module(COMMANDS[name].module)
    parser = Parser(f"koreason {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_arguments(parser)
    parser.set_defaults(main=module.main)
    return parser


def overview() -> str:
    """What `koreason --help` prints."""
    lines = ["usage: koreason SUBCOMMAND ...", "       koreason SUBCOMMAND --help     what it does, with an example"]
    for title, kind in (("for people:", "people"), ("for the workflow's rules, and to try one by hand:", "rule")):
        lines += ["", title, *(f"  {command.name:<13} {command.summary}" for command in COMMANDS.values() if command.kind == kind)]
    lines += ["", "The rules' examples, in the order above, are a whole run of eight prompts, in the folder try."]
    return "\n".join([*lines, "koreason --version says which koreason this is."])


def version() -> str:
    """Version, where the package lies, and the digest of the code of all rules' commands."""
    project = HOME / "pyproject.toml"
    number = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"] if project.is_file() else "unknown"
    code = code_digest(*(command.module for command in COMMANDS.values() if command.kind == "rule"))
    return f"koreason {number}, {HOME}, code {code}"


def main(argv: Sequence[str], alone: bool = False) -> int:
    """Run one subcommand and return its exit status.

    Args:
        alone: the process is there for this: a rule's command may go on in a child of it, so that every attempt is recorded.
    """
    try:
        try:
            with contextlib.redirect_stdout(Screen(sys.stdout)) if sys.stdout else contextlib.nullcontext():  # none after `>&-`
                return _run(list(argv), alone)
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except UserError as error:
        for line in getattr(error, "lines", [error]):
            print(f"koreason: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if argv and argv[0] in COMMANDS and COMMANDS[argv[0]].kind == "rule":
            print(f"koreason: stopped by Ctrl-C: what was finished or saved before is kept; {AGAIN}", file=sys.stderr)
        return INTERRUPTED
    except BaseException as error:
        if isinstance(error, BrokenPipeError) and _unread():
            _write_no_more()
            return UNREAD
        if (line := explain(error)) is None:
            raise
        _write_no_more()
        print(f"koreason: {line}", file=sys.stderr)
        return 2


def _run(argv: list[str], alone: bool) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(overview())
        return 0
    if argv[0] == "--version":
        print(version())
        return 0
    logging.basicConfig(level=logging.INFO, handlers=[handler := logging.StreamHandler(sys.stderr)])
    handler.setFormatter(Lines("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    arguments = parser_for(argv[0]).parse_args(argv[1:])
    host.check(os.environ)
    if COMMANDS[argv[0]].kind == "rule" or argv[0] == "exec":
        _nobody_else(argv)
    if COMMANDS[argv[0]].kind != "people":
        # for run.json, and refused before anything is written
        package, code = laid.check(HOME), code_digest(COMMANDS[argv[0]].module)
        os.environ |= {"KOREASON_PACKAGE": package, "KOREASON_CODE": code}
    if alone and COMMANDS[argv[0]].kind == "rule" and not attempts.under_way(outs := outputs(argv)):
        status = supervised(outs, {"stage": argv[0], "code": code, "package": package})
        if status is not None:
            return status
    return int(arguments.main(arguments) or 0)


def _nobody_else(argv: list[str]) -> None:
    """Give a job no standard input, which in a rule is the workflow's, and refuse to write where others may.

    Raises:
        UserError: a folder that it writes may be written by others.
    """
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "rb") as nothing:  # it is no file in a test
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    if "KOREASON_IMAGE" not in os.environ:  # whoever entered the image has looked, and knew the host's groups
        neighbours.refuse([*outputs(argv), *map(Path, values(argv, "--journal")), *([MINE] if MINE.is_dir() else [])])


def _write_no_more() -> None:
    """Let what is still to be written to standard output go nowhere, without another complaint when the process ends."""
    with contextlib.suppress(OSError):  # it is no file in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unread() -> bool:
    """Whether standard output is a pipe that its reader has left, as `head` does."""
    look = select.poll()
    look.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in look.poll(0))
