"""A module's docstring opens with what it is and a line that one can run: the lines are collected here, and those that can run, run.

A line `expression     # literal` is evaluated in its module and compared. Of the others the names have to exist, and of a command its
subcommand and options.
"""

import argparse
import ast
import builtins
import functools
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from koreason.cli import COMMANDS, parser_for

HOME = Path(__file__).resolve().parents[2]
# Only a declaration, or only a door: what they hold is shown in docs/configuration.md, and by the module that they open.
WITHOUT_A_LINE = ("__init__.py", "__main__.py", "spec.py")
ENGINES = ("torch", "vllm", "megatron", "tensorboardX", "transformers", "safetensors")  # not in the environment of the tests
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:envs/run \w+ )?(?:\S*bin/koreason|koreason|python -m koreason\b|python -m koreason\.)")
BUILTINS = set(dir(builtins))
PLACES = sorted(path.relative_to(HOME).as_posix() for path in (HOME / "koreason").rglob("*.py") if path.name not in WITHOUT_A_LINE)


def usage(place: str) -> str:
    """The second paragraph of a module's docstring."""
    text = ast.get_docstring(ast.parse((HOME / place).read_text(encoding="utf-8"))) or ""
    paragraphs = text.split("\n\n")
    assert len(paragraphs) > 1, f"{place}: says what it is, and shows no line that one can run"
    return inspect.cleandoc("\n" + paragraphs[1])


def module_of(place: str) -> ModuleType | None:
    """The module, or None where it needs an engine."""
    try:
        return importlib.import_module(place.removesuffix(".py").replace("/", "."))
    except ImportError as error:
        assert (error.name or "").split(".")[0] in ENGINES, error
        return None


@pytest.mark.parametrize("place", PLACES)
def test_the_line_of_each_module_runs(place: str) -> None:
    lines = usage(place)
    if COMMAND.match(lines):
        return check_command(place, lines)
    tree = ast.parse(lines)
    module = module_of(place)
    source = ast.parse((HOME / place).read_text(encoding="utf-8"))
    defined = {name for node in ast.walk(source) for name in names_of(node)}
    used = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {name for node in ast.walk(tree) for name in names_of(node)}
    assert used <= defined | bound | BUILTINS, f"{place}: {used - defined - bound} is not there"
    if module is not None:
        for line in lines.splitlines():
            check_value(place, line, module)
    return None


def names_of(node: ast.AST) -> list[str]:
    """Names that a node defines or imports."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [name.asname or name.name.split(".")[0] for name in node.names]
    return [node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else []


def check_value(place: str, line: str, module: ModuleType) -> None:
    """Hold `expression  # literal` against what it gives."""
    expression, mark, expected = line.partition("  # ")
    if not mark:
        return
    try:
        value = ast.literal_eval(expected.strip())
        code = compile(expression.strip(), place, "eval")
    except (SyntaxError, ValueError):
        return
    if set(code.co_names) - set(vars(module)) - BUILTINS - attributes(expression):
        return  # about a value that is not here
    assert eval(code, dict(vars(module))) == value, f"{place}: {line}"  # noqa: S307 - a line of our own


def attributes(expression: str) -> set[str]:
    """Names behind a dot."""
    return {node.attr for node in ast.walk(ast.parse(expression.strip())) if isinstance(node, ast.Attribute)}


def check_command(place: str, lines: str) -> None:
    """Each command's subcommand is one of ours, and has the options."""
    for command in re.sub(r"\\\n\s*", " ", lines).splitlines():
        outside = re.sub(r"'[^']*'", "", command.split("  # ")[0])
        for part in re.split(r"koreason (?=[a-z])", outside)[1:]:
            word, *rest = part.split()
            assert word in COMMANDS, f"{place}: no subcommand is called {word}"
            # `exec` is given another command, with options of its own
            known = options(word).union(*(options(other) for other in rest if word == "exec" and other in COMMANDS))
            # what stands behind `--` is given to another program
            unknown = set(re.findall(r"--[a-z][a-z-]+", part.split(" -- ")[0])) - known
            assert not unknown, f"{place}: {', '.join(unknown)} is no option of {word}"


@functools.cache
def options(subcommand: str) -> frozenset[str]:
    """All options of a subcommand, as its parser knows them, and of the commands below it."""
    return frozenset(options_of(parser_for(subcommand)))


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """All options of a parser, and of those below it."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return set(parser._option_string_actions).union(*(options_of(choice) for action in below for choice in action.choices.values()))
