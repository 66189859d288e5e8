"""Every refusal in the code is held against the table that says what says it first."""

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

from first_said import TABLE, said_first

from koreason.checking.registry import CHECKS

RAISED = {"UserError", "ConfigError"}


def refusals(home: Path) -> Iterator[tuple[str, str]]:
    """File and function of each place that makes a `UserError` or one of its kind."""
    for path in sorted((home / "koreason").rglob("*.py")):
        yield from ((path.relative_to(home).as_posix(), name) for name in made(ast.parse(path.read_text(encoding="utf-8")), ()))


def made(node: ast.AST, within: tuple[str, ...]) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id in RAISED:
            yield ".".join(within)
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        yield from made(child, (*within, child.name) if named else within)


def test_every_refusal_stands_in_the_table(home: Path) -> None:
    found = sorted(set(refusals(home)))
    assert len(found) > 150
    unknown = [f"{file}:{function}" for file, function in found if said_first(file, function) is None]
    assert unknown == [], "say in tests/checking/first_said.py what says them first, and where a job does, why"


def test_the_table_holds_nothing_else(home: Path) -> None:
    places = [f"{file.removeprefix('koreason/')}:{function}" for file, function in refusals(home)]
    first = {next(pattern for pattern in TABLE if fnmatch.fnmatchcase(place, pattern)) for place in places}
    assert TABLE.keys() - first == set(), "no refusal is left that these lines are about"


def test_what_says_it_is_there_and_jobs_have_reasons() -> None:
    checks = {check.__name__ for check in CHECKS}
    for pattern, said in TABLE.items():
        kind, _, rest = said.partition(": ")
        assert kind in ("typed", "plan", "start", "check", "job"), pattern
        assert kind != "check" or rest in checks, pattern
        assert kind != "job" or len(rest.split()) > 5, pattern
