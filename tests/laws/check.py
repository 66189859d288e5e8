"""Hold a tree against the laws of the house, a line for each break: which law, why, and where the line belongs.

python tests/laws/check.py [FOLDER]        # status 1 where a law is broken; standard library only, two seconds
"""

import ast
import fnmatch
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import laws


@dataclass(frozen=True)
class Break:
    """One place where a law is broken."""

    place: str
    law: str
    what: str
    why: str
    belongs: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what} [law: {self.law}]. Why: {self.why}. Where it belongs: {self.belongs}."


@dataclass(frozen=True)
class Module:
    """A module of koreason: its name, its file below the tree, and the imports, calls and strings in it."""

    name: str
    file: str
    imports: tuple[ast.Import | ast.ImportFrom, ...]
    calls: tuple[ast.Call, ...]
    strings: tuple[ast.Constant, ...]

    @property
    def room(self) -> str:
        """The folder that it lies in, or its own name beside the folders."""
        return self.name.split(".")[1] if "." in self.name else "__init__"

    @property
    def below(self) -> str:
        """Its path below `koreason/`."""
        return self.file.removeprefix("koreason/")


def breaks(home: Path) -> list[Break]:
    """Everything in the tree at `home` that breaks a law."""
    modules = [module for module in read_modules(home) if module.name != "koreason"]
    found = [*arrows(modules), *circles(modules), *workflow(home), *sizes(home), *test_folders(home)]
    for module in modules:
        found += [*knowledge(module), *forbidden(module), *sidecars(module)]
    return sorted(found, key=lambda one: one.place)


def read_modules(home: Path) -> list[Module]:
    """Every module of koreason."""
    found = []
    for path in sorted((home / "koreason").rglob("*.py")):
        file = path.relative_to(home).as_posix()
        name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        found.append(_read(name, file, path.read_text(encoding="utf-8")))
    return found


@functools.cache
def _read(name: str, file: str, text: str) -> Module:
    nodes = list(ast.walk(ast.parse(text, file)))
    bare = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings are no strings that do anything
    strings = (node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare)
    imports = (node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    calls = (node for node in nodes if isinstance(node, ast.Call))
    return Module(name, file, tuple(imports), tuple(calls), tuple(strings))


# --- imports -----------------------------------------------------------------------------------------------------------------


def imported(module: Module, known: set[str] | None = None) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, those inside functions too; of ours (`known`) the module that a name is taken from or is."""
    for node in module.imports:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
            continue
        base = node.module or ""
        if node.level:
            base = ".".join([*module.name.split(".")[: -node.level], *filter(None, [node.module])])
        for name in node.names:
            whole = f"{base}.{name.name}"
            yield node.lineno, whole if known and whole in known else base


def floor_of(room: str) -> int | None:
    """Which floor a room is on, from the ground; None for what stands beside or above the floors."""
    return next((number for number, floor in enumerate(laws.FLOORS) if room in floor.rooms), None)


def understood(importer: str, target: str) -> bool:
    """Whether an arrow is listed with its reason."""
    return any(fnmatch.fnmatchcase(importer, left) and fnmatch.fnmatchcase(target, right) for left, right in laws.UNDERSTOOD)


def arrows(modules: list[Module]) -> Iterator[Break]:
    """Imports that climb, or that join rooms which are not to know each other."""
    known = {module.name for module in modules}
    for module in modules:
        if floor_of(module.room) is None and module.room not in (*laws.BESIDE, *laws.ABOVE, *laws.TOP):
            belongs = "in a room that stands already, or name the new one in tests/laws/laws.py, on its floor"
            yield Break(module.file, "every room has a floor", f"`{module.room}` is on none", "who may import it is not said", belongs)
            continue
        for line, target in imported(module, known):
            room = target.split(".")[1] if target.startswith("koreason.") else ""
            if room in ("", module.room) or understood(module.name, target):
                continue
            if problem := _arrow(module.room, room, target):
                yield Break(f"{module.file}:{line}", *problem)


def _arrow(mine: str, theirs: str, target: str) -> tuple[str, str, str, str] | None:
    """Law, what, why and where, if room `mine` may not import `target` in room `theirs`."""
    here, there = floor_of(mine), floor_of(theirs)
    listed = "or list the arrow with its reason in tests/laws/laws.py"
    if mine in laws.TOP:
        return None
    if mine in laws.ABOVE and theirs not in laws.TOP:
        if theirs not in laws.STAGES:
            return None
        why = "what plans and counts is not to load what computes"
        return "ops knows no stage's code", f"`{mine}` imports {target}, a stage's code", why, f"in koreason/{theirs}/, {listed}"
    if mine in laws.BESIDE and theirs in laws.BESIDE:
        why = "Slurm without containers and containers without Slurm are both in use"
        belongs = "in koreason/cluster/execute.py, which needs both, or in koreason/ops/"
        return "cluster and images do not know each other", f"`{mine}` imports {target}", why, belongs
    if theirs in (*laws.BESIDE, *laws.ABOVE, *laws.TOP):
        why = "what computes does not know how it is run, or each change of that would run it again"
        return "no arrow climbs", f"`{mine}` imports {target}, which stands above it", why, f"in koreason/{theirs}/; hand its result in"
    if there is None:
        return None  # its own break says that it has no floor
    if mine in laws.BESIDE:
        here = floor_of("identity")
    assert here is not None
    if here == there and (here == 0 or mine in laws.BESIDE):
        return None
    if here == there:
        why = "a stage's imports are its rerun key: a change of one would run the other again"
        belongs = f"in a room below both (koreason/tables.py, koreason/engine/ or a new leaf), {listed}"
        return "stages do not import each other", f"`{mine}` imports {target}, of another stage", why, belongs
    if there > here:
        names = f"`{mine}` ({laws.FLOORS[here].name}) imports {target} ({laws.FLOORS[there].name})"
        why = f"what stands on {laws.FLOORS[here].name} is imported from above: an edit up there would run all of that again"
        return "no arrow climbs", names, why, f"in koreason/{theirs}/, or hand its result in as an argument, {listed}"
    return None


def circles(modules: list[Module]) -> Iterator[Break]:
    """Modules that import each other, by whatever way round."""
    known = {module.name: module for module in modules}
    graph = {module.name: {target for _, target in imported(module, set(known)) if target in known} - {module.name} for module in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        why = "neither can be read, tested or changed without the other"
        belongs = "what both need belongs in a third module below them"
        yield Break(known[ring[0]].file, "no circle", " imports ".join(ring), why, belongs)


def workflow(home: Path) -> Iterator[Break]:
    """What the Snakefile and the rules import."""
    for path in [home / "Snakefile", *sorted((home / "rules").glob("*.smk")), *sorted((home / "workflow").rglob("Snakefile"))]:
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            room = re.match(r"\s*(?:from|import) koreason\.(\w+)", line)
            if room and room[1] not in laws.WORKFLOW:
                yield Break(
                    f"{path.relative_to(home)}:{number}",
                    "the workflow imports no stage",
                    f"imports koreason.{room[1]}",
                    "the Snakefile is read in every job, and in the environment `data`",
                    "in the stage, which the rule calls by its subcommand",
                )


# --- what is known and done where --------------------------------------------------------------------------------------------


def stands_in(file: str, places: tuple[str, ...]) -> bool:
    """Whether a file below `koreason/` is one of the places, or in a folder that is."""
    return any(file == place or (place.endswith("/") and file.startswith(place)) for place in places)


def knowledge(module: Module) -> Iterator[Break]:
    """Libraries and words outside of the rooms that may know them."""
    for knows in laws.KNOWS:
        if stands_in(module.below, knows.where):
            continue
        law, belongs = f"who may know {knows.what}", knows.belongs
        for line, name in imported(module):
            if any(fnmatch.fnmatchcase(name.split(".")[0], pattern) for pattern in knows.modules):
                yield Break(f"{module.file}:{line}", law, f"imports {name}", knows.why, belongs)
        if knows.words:
            for node in module.strings:
                if re.fullmatch(knows.words, node.value):
                    yield Break(f"{module.file}:{node.lineno}", law, f"names {node.value}", knows.why, belongs)


def forbidden(module: Module) -> Iterator[Break]:
    """Calls and imports that would run what a file says."""
    law, why = "nothing that is read is run", "dumps, models and configurations come from strangers"
    for line, name in imported(module):
        if belongs := laws.NEVER_IMPORTED.get(name.split(".")[0]):
            yield Break(f"{module.file}:{line}", law, f"imports {name}", why, belongs)
    for node in module.calls:
        called = ast.unparse(node.func)
        if called in laws.NEVER_CALLED:
            yield Break(f"{module.file}:{node.lineno}", law, f"calls {called}", why, laws.NEVER_CALLED[called])
        for keyword in node.keywords:
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg in laws.NEVER_TRUE and not off:
                what = f"sets {keyword.arg} to something else than False"
                yield Break(f"{module.file}:{node.lineno}", law, what, why, laws.NEVER_TRUE[keyword.arg])


def sidecars(module: Module) -> Iterator[Break]:
    """Writers of a stage's sidecars outside of `records`."""
    if module.room == "records":
        return
    for node in module.calls:
        called = ast.unparse(node.func)
        if called.split(".")[-1] not in laws.WRITERS or (called == "open" and not _writes(node)):
            continue
        words = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        words |= {part.value.split("/")[-1] for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}
        for constant, name in laws.SIDECARS.items():
            if constant in words or name in words:
                why = "where a manifest is, its stage is complete: one place sees to that"
                belongs = "in koreason/records/; a stage declares its files with `Stage.add`"
                yield Break(f"{module.file}:{node.lineno}", "only records writes sidecars", f"writes {name}", why, belongs)


def _writes(call: ast.Call) -> bool:
    modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and set("wax+") & set(str(mode.value)) for mode in modes)


# --- sizes and places --------------------------------------------------------------------------------------------------------


def files(home: Path) -> list[str]:
    """The tree's own files: what git follows or would, and in a copy without git everything."""
    command = ["git", "-C", str(home), "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    names = done.stdout.splitlines() if done.returncode == 0 else [str(path.relative_to(home)) for path in home.rglob("*")]
    return sorted(name for name in set(names) if (home / name).is_file() and not (home / name).is_symlink())


def sizes(home: Path) -> Iterator[Break]:
    """Files of too many lines, and lines of too many characters."""
    for name in files(home):
        suffix = Path(name).suffix
        measured = suffix in (*laws.PROSE_SUFFIXES, *laws.CODE_SUFFIXES)
        if not measured or any(fnmatch.fnmatchcase(name, pattern) for pattern in laws.UNMEASURED):
            continue
        try:
            lines = (home / name).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        if len(lines) > laws.LINES:
            what = f"has {len(lines)} lines, and {laws.LINES} are the most"
            belongs = "what has a name of its own belongs in a module of that name beside it"
            yield Break(name, "lines of a file", what, "a file is read in one sitting", belongs)
        prose = suffix in laws.PROSE_SUFFIXES
        for number, line in enumerate(lines, 1):
            most = laws.CODE if not prose else laws.ROW if line.startswith("|") else laws.PROSE
            if len(line) > most:
                what = f"has {len(line)} characters, and {most} are the most"
                yield Break(f"{name}:{number}", "characters of a line", what, "a line is read at a glance", "on two lines")


def test_folders(home: Path) -> Iterator[Break]:
    """Tests that lie in no room of koreason's and in no listed folder."""
    rooms = {path.name for path in (home / "koreason").iterdir() if path.is_dir()}
    for path in sorted((home / "tests").rglob("test_*.py")):
        folder = path.relative_to(home / "tests").parts[0]
        if folder not in rooms and folder not in laws.TEST_FOLDERS and folder != path.name:
            belongs = "in tests/ROOM/ of the room that it tests, or a folder that tests/laws/laws.py names with its reason"
            why = "who changes a room finds its tests under the same name"
            yield Break(path.relative_to(home).as_posix(), "tests mirror the package", f"lies in tests/{folder}", why, belongs)


def main(arguments: list[str]) -> int:
    """Print what breaks a law."""
    found = breaks(Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2])
    print("\n".join(map(str, found)) or "every law of the house holds")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
