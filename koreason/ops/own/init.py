"""Look at dumps and at items of a benchmark, and write a configuration that runs as it is.

    koreason init dumps/forum.jsonl dumps/exams.csv --bench items.jsonl
    koreason init dumps/ --into study.yaml

Format, encoding, columns and category of each dump are guessed as by `koreason source try`, said, and written with digests into my.yaml,
at most 25 lines to read through and correct. Files that look alike are one source. It is the smallest run of all stages: 16 prompts, the
catalogue's little teacher, three steps of training. Nothing else is written, and a file that is there is not replaced without `--force`.
"""

import argparse
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from koreason.benches.bench import normalised
from koreason.benches.spec import Items
from koreason.config.checks.structure import ConfigError
from koreason.curate.guessing.guess import Guess, gathered, guess
from koreason.curate.sourcing.add import entry_of, files_of
from koreason.errors import UserError, printable
from koreason.ops.own.categories import category_of
from koreason.records.digests import sha256_file, write_atomically

LIMIT, STEPS = 16, 3
LEAST_SHARE = 0.3  # of the questions' letters that are the language's, as in the catalogue's pools
TWINS = {"Daily": "talk", "Exams": "exam", "Science": "stem", "Code": "code"}
MOST_LINES = 25
MOST_LEFT = 20  # files that are named as left out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the files and where the configuration goes."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE|FOLDER", help="dumps of prompts")
    parser.add_argument("--bench", type=Path, metavar="FILE", help="items of a benchmark: JSON Lines or CSV, with question and gold")
    parser.add_argument("--into", type=Path, default=Path("my.yaml"), metavar="FILE", help="where to write (default: my.yaml)")
    parser.add_argument("--licence", choices=("A", "B"), default="B", help="of all dumps: B may be trained on only, A redistributed")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def main(arguments: argparse.Namespace) -> None:
    """Guess, say, write."""
    if arguments.into.exists() and not arguments.force:
        raise UserError("is there already", arguments.into, "give another --into, or --force to replace it")
    sources, lines = dict[str, dict[str, Any]](), list[str]()
    for found in alike(arguments.files, arguments.bench):
        category = category_of(found)
        name = _free(_name(found, category.lower()), sources)
        sources[name] = _entry(found, category, arguments.licence, arguments.into)
        lines += [printable(f"{name}: category {category}"), *(f"  {printable(reason)}" for reason in found.reasons)]
    bench = bench_of(arguments.bench) if arguments.bench else None
    if bench:
        lines.append(f"benchmark: {bench['count']} items, {bench['entry']['like'].removeprefix('ko_')}")
    text = written(sources, bench and _relative(bench["entry"], "file", arguments.into), arguments)
    write_atomically(arguments.into.absolute(), text)
    print("\n".join(lines))
    print(f"\nwritten to {arguments.into.absolute()}: read it through, then")
    print(f"    koreason check --configfile {arguments.into}\n    make run CONFIG={arguments.into.absolute()}")


def alike(paths: list[Path], bench: Path | None = None) -> list[Guess]:
    """What the files are, those of the same kind and folder together.

    Args:
        bench: a benchmark's items, which are no prompts where they lie in one of the folders.

    Raises:
        UserError: with a line for each that cannot be read, or holds no questions, or is in a language that the catalogue does not have;
            of what merely lies in a folder, only where nothing else does.
    """
    root, names = gathered(paths)
    given = {path.parent.resolve() / path.name for path in paths if not path.is_dir()}
    kinds: dict[tuple[Any, ...], list[Path]] = {}
    bad, beside = list[str](), list[str]()
    for name in names:
        if bench and bench.exists() and root / name not in given and (root / name).samefile(bench):
            continue
        try:
            found = _understood(root / name)
        except UserError as error:
            (bad if root / name in given else beside).append(str(error))
            continue
        key = (found.root, found.format, found.encoding, found.separator, found.sheet, str(found.columns), found.html)
        kinds.setdefault(key, []).append(root / name)
    documents = [key for key in kinds if key[1] == "folder"]
    tables = sum(len(files) for key, files in kinds.items() if key not in documents)
    for key in documents:  # as `guess` weighs the files of a folder: beside tables they are notes
        if not given & set(kinds[key]) and len(kinds[key]) < 10 * tables:
            beside += [f"{file}: a text or page beside tables; name it to take it" for file in kinds.pop(key)]
    if bad or not kinds:
        raise ConfigError(bad + beside)
    more = [f"and {len(beside) - MOST_LEFT} more"] if len(beside) > MOST_LEFT else []
    for line in beside[:MOST_LEFT] + more:
        print(f"left out: {printable(line)}")
    return [guess(files) for files in kinds.values()]


def _understood(path: Path) -> Guess:
    """What a file is.

    Raises:
        UserError: it cannot be read, holds no questions, or is in a language that the catalogue does not have.
    """
    found = guess([path])
    if "question" not in found.columns:
        found.source()  # which says so
    if found.language_share < LEAST_SHARE:
        what = f"{found.language_share:.0%} of its questions' letters are Hangul"
        raise UserError(what, path, "leave it out, or write an entry by hand for a pool in its language: docs/configuration.md")
    return found


def _name(found: Guess, category: str) -> str:
    """A name after the file or folder; with the category before it where YAML would read it as a number or a truth value."""
    stem = found.files[0].split("/")[-1].split(".")[0] if len(found.files) == 1 else found.root.name
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:48]
    if not plain:
        return category
    return plain if plain[0].isalpha() and yaml.safe_load(plain) == plain else f"{category}_{plain}"


def _free(name: str, taken: Iterable[str]) -> str:
    taken = set(taken)
    return next(one for one in (name, *(f"{name}_{number}" for number in range(2, 10_000))) if one not in taken)


def _entry(found: Guess, category: str, licence: str, into: Path) -> dict[str, Any]:
    entry = entry_of(found, category, licence, files_of(found))
    entry["max_reject_share"] = 0.05
    if not entry["html"]:
        del entry["html"]
    entry = _relative(entry, "root", into)
    return {key: value for key, value in entry.items() if (key, value) != ("root", ".")}


def _relative(entry: dict[str, Any], key: str, into: Path) -> dict[str, Any]:
    """An entry whose path below the configuration's folder is written relative to it."""
    folder, path = into.absolute().parent.resolve(), entry.get(key, "")
    if path.startswith("/") and Path(path).is_relative_to(folder):
        entry = {**entry, key: os.path.relpath(path, folder)}
    return entry


def bench_of(path: Path) -> dict[str, Any]:
    """The entry of a benchmark, and how many items it has; its items are read as the stage `bench` reads them.

    Raises:
        UserError: it is no JSON Lines or CSV, or its items lack a question or a gold.
    """
    if path.suffix not in (".jsonl", ".csv"):
        raise UserError("is neither .jsonl nor .csv", path, "write its items as JSON Lines: id, question, options, gold")
    found = guess([path])
    passage = found.columns.get("passage", [])
    ours = {"question": passage + found.columns.get("question", []), "options": found.columns.get("options", [])}
    ours["cluster"] = passage[:1]  # items of one passage are not independent of each other
    ours["gold"] = found.columns.get("gold", found.columns.get("answer", []))[:1]
    columns: dict[str, Any] = {name: given[0] if len(given) == 1 else given for name, given in ours.items() if given}
    if "id" in found.found:
        columns["id"] = "id"
    kind = "choice" if "options" in columns else "math"
    sha256 = sha256_file(path)
    items = normalised(Items(kind=kind, file=str(path.absolute()), sha256=sha256, columns=columns))  # type: ignore[arg-type]
    entry: dict[str, Any] = {"like": f"ko_{kind}", "file": str(path.resolve()), "sha256": sha256}
    renamed = {name: given for name, given in columns.items() if name != given}
    return {"count": len(items), "entry": entry | ({"columns": renamed} if renamed else {})}


def written(sources: dict[str, dict[str, Any]], bench: dict[str, Any] | None, arguments: argparse.Namespace) -> str:
    """The configuration.

    Raises:
        UserError: the sources are too many for a file that is to be read through.
    """
    categories = sorted({entry["category"] for entry in sources.values()})
    pool: dict[str, Any] = {"like": "forum", "sources": list(sources), "min_chars": 10, "limit": LIMIT}
    pool |= {"mask_personal_data": [name for name in categories if name == "Daily"], "twins": {name: TWINS[name] for name in categories}}
    pool |= {"decontaminate": ["mine"]} if bench else {}
    mix = {"like": "laptop", "traces": [{"pool": "mine", "recipe": "smollm2_mixed"}], "quotas": dict.fromkeys(categories, LIMIT)}
    cell = {"models": ["smollm2"], "mixes": ["mine"], "schedules": ["mine"], "benches": ["mine"] if bench else [], "base": bool(bench)}
    lines = [
        "# Written by `koreason init`: the smallest run of all stages. `koreason config NAME` says what stands behind each `like`.",
        "# category: what masks, twins and quotas go by. licence: B may be trained on only. Both are yours to correct.",
        "sources:",
        *(f"  {name}: {_flow(entry)}" for name, entry in sources.items()),
        f"pools:  # limit: prompts that are answered; leave it out for all\n  mine: {_flow(pool)}",
        f"mixes:  # quotas: rows of each category\n  mine: {_flow(mix)}",
        f"schedules:\n  mine: {_flow({'like': 'laptop_short', 'max_steps': STEPS})}",
        *([f"benches:\n  mine: {_flow(bench)}"] if bench else []),
        f"run:\n  experiments:\n    - {_flow(cell)}",
        f"  report: {_flow({'title': arguments.into.stem, 'note': 'The smallest run of all stages: no figure here means anything yet.'})}",
    ]
    text = "\n".join(lines) + "\n"
    if text.count("\n") > MOST_LINES:
        raise UserError(
            f"{len(sources)} kinds of files are too many for one file", "init", "begin with fewer; `koreason source add` adds others"
        )

    return text


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=True, width=10**6)
    return text.strip()
