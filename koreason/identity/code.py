"""What a stage's code means, as one digest.

    code_digest("koreason.curate.clean")   # changes when the code that `clean` runs changes its meaning

What shows and does not compute is no part of it: comments, docstrings, layout, the marks of `typing.Annotated`, and the modules of
`LEFT_OUT`. What those import is followed all the same.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from koreason.home import PACKAGE
from koreason.identity.parsed import Parsed, Read
from koreason.records.digests import digest

# Modules that decide no byte of a result, with the reason. To edit one runs nothing again.
LEFT_OUT = {
    "koreason.home": "where the package lies",
    "koreason.errors": "messages, and the statuses by which a job goes on or does not: neither says what it writes",
    "koreason.progress": "bars",
    "koreason.system.imports": "how fast libraries are read",
    "koreason.system.locks": "who works at a time",
    "koreason.system.git": "which commit is noted",
    "koreason.config.marks": "what planning and the schema know of a field",
    "koreason.config.references": "marks, too",
}
# The room `records` says how a result came to be, holds files against what is known of them, and refuses. Only these decide bytes.
OF_RECORDS = ("koreason.records.digests", "koreason.records.form")


def left_out(module: str) -> bool:
    """Whether a module decides no byte of a result."""
    return module in LEFT_OUT or (module.startswith("koreason.records.") and module not in OF_RECORDS)


class _Bare(ast.NodeTransformer):
    """Takes away what means nothing: docstrings, imports that decide nothing, and what an annotation is marked with."""

    def __init__(self, importer: str) -> None:
        self._importer = importer

    def visit_body(self, node: ast.AST) -> ast.AST:
        match node:
            case ast.Module(body=[ast.Expr(ast.Constant(str())), *rest]):
                node.body = rest
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
        return self.generic_visit(node)

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = visit_body

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        module = _module(node, self._importer)
        if module == "typing" or left_out(module):
            return None
        node.names = [name for name in node.names if not left_out(f"{module}.{name.name}")]
        return node if node.names else None

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        node.names = [name for name in node.names if name.name != "typing" and not left_out(name.name)]
        return node if node.names else None

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if ast.unparse(node.value) in ("Annotated", "typing.Annotated") and isinstance(node.slice, ast.Tuple):
            return self.visit(node.slice.elts[0])  # type: ignore[no-any-return]
        return self.generic_visit(node)


def _module(node: ast.ImportFrom, importer: str) -> str:
    """The module that names are imported from."""
    package = importer.rsplit(".", node.level)[0] if node.level else ""
    return ".".join(part for part in (package, node.module) if part)


def _for_types(statement: ast.stmt) -> bool:
    """Whether only a type checker reads a statement: what it imports is no code of the stage."""
    guard = ast.unparse(statement.test) if isinstance(statement, ast.If) and not statement.orelse else ""
    return guard in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _imports(tree: ast.AST, importer: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = _module(node, importer)
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def parsed(module: str, text: str) -> Read:
    """A module's meaning, as a digest, and what it imports."""
    tree = ast.parse(text)
    tree.body = [statement for statement in tree.body if not _for_types(statement)]
    imports = list(dict.fromkeys(_imports(tree, module)))
    return "" if left_out(module) else hashlib.sha256(ast.dump(_Bare(module).visit(tree)).encode()).hexdigest(), imports


@functools.cache
def _remembered() -> Parsed:
    return Parsed(PACKAGE, Path(__file__).read_bytes(), parsed)


@functools.cache
def _read(module: str, package: Path) -> Read | None:
    """What a `koreason` module means and what it imports; None for anything else."""
    path = package.joinpath(*module.split(".")[1:]).with_suffix(".py")
    if not module.startswith("koreason.") or not path.is_file():
        return None
    return _remembered().read(module, path)


@functools.cache
def _beside(folder: Path, package: Path) -> dict[str, str]:
    """Digests of the files in a package's folder that are no Python, such as a style sheet."""
    files = (path for path in folder.iterdir() if path.is_file() and path.suffix not in (".py", ".pyc") and path.name[0] not in ".#")
    return {str(path.relative_to(package)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.name[-1] != "~"}


@functools.cache
def docstrings_digest(*modules: str) -> str:
    """Digest of the docstrings of `modules`, which `code_digest` leaves out: for the page, which shows some of them."""
    found = {}
    for module in modules:
        tree = ast.parse(PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py").read_text(encoding="utf-8"))
        documented = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef))
        found[module] = {node.name: ast.get_docstring(node) for node in documented}
    return digest(found)[:16]


def meanings(modules: Sequence[str], package: Path | None = None) -> dict[str, str]:
    """What `modules` and every `koreason` module they import mean, by name; see the module's docstring for what is aside.

    Args:
        package: the folder `koreason` to read; without it the one that runs.
    """
    package = package or PACKAGE
    seen: dict[str, str] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name in seen or (read := _read(name, package)) is None:
            continue
        seen[name] = read[0]
        todo += read[1]
        seen.update(_beside(package.joinpath(*name.split(".")[1:-1]), package))
    _remembered().keep()
    return {name: meaning for name, meaning in seen.items() if meaning}


@functools.cache
def code_digest(*modules: str) -> str:
    """Digest of what `modules` and every `koreason` module they import mean."""
    return digest(meanings(modules))[:16]
