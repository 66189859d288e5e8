"""Two runs compared: which inputs, options, code and environments differ, and what that did to rows, traces, mixes and scores.

    koreason diff run-a run-b             folders of runs, finished or not, restored ones, and archives that are folders
    koreason diff run-a run-b --all       every line, however many

Nothing but manifests and records is read, so it takes seconds for thousands of jobs. Lines that say the same of many jobs are one.
"""

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from koreason.archive.bag.opened import MINE
from koreason.archive.bag.tags import DATA
from koreason.archive.entries import RUN
from koreason.archive.gathered.inputs import inputs
from koreason.archive.gathered.jobs import Job, jobs
from koreason.archive.make import CONFIG, KEPT
from koreason.config.files.like import tables
from koreason.errors import UserError
from koreason.ops.kept.outputs import RESULTS
from koreason.records.digests import canonical

SHOWN = 12  # lines of a kind
LONGEST = 50  # characters of a value
SCORES = "scores.json"
SHARD_NAME = re.compile(r"\d{5}-of-\d{5}")
NOTHING = "nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason diff`."""
    parser.add_argument("one", type=Path, metavar="RUN_A", help="a run's folder")
    parser.add_argument("other", type=Path, metavar="RUN_B", help="another's")
    parser.add_argument("--all", action="store_true", help=f"every line, not only {SHOWN} of a kind")


def main(arguments: argparse.Namespace) -> int:
    """Print what differs."""
    one, other = folder_of(arguments.one), folder_of(arguments.other)
    told = dict(differences(one, other))
    for kind, lines in told.items():
        for line in lines if arguments.all else lines[:SHOWN]:
            print(f"{kind:<12} {line}")
        if len(lines) > SHOWN and not arguments.all:
            print(f"{'':<12} and {len(lines) - SHOWN} more; --all shows them")
    if not told:
        print("the same inputs, options, code, environments and counts")
    return 0


def folder_of(path: Path) -> Path:
    """The folder that holds `results/`: a run's, or the one in an archive.

    Raises:
        UserError: there is none.
    """
    found = next((folder for folder in (path, path / DATA / RUN) if (folder / RESULTS).is_dir()), None)
    if found is None:
        raise UserError("holds no results/", path, "name a run's folder, or an archive that is a folder")
    return found


def differences(one: Path, other: Path) -> Iterator[tuple[str, list[str]]]:
    """Kinds of differences with a line for each, causes before effects."""
    before, after = ({job.folder: job for job in jobs(folder) if job.made is not None} for folder in (one, other))
    both = [(before[name], after[name]) for name in before if name in after]
    kinds = {
        "inputs": _inputs(one, other),
        "options": _grouped((job.stage, line) for job, new in both for line in changed(job.run.get("spec"), new.run.get("spec"))),
        "code": _grouped(
            (job.stage, f"{job.run.get('code')} became {new.run.get('code')}")
            for job, new in both
            if job.run.get("code") != new.run.get("code")
        ),
        "environment": _grouped(
            (job.stage, f"{_short(job)} became {_short(new)}") for job, new in both if job.environment != new.environment
        ),
        "only in A": _only(before, after),
        "only in B": _only(after, before),
        "counts": _counts(before, after),
        "scores": [line for job, new in both if job.made != new.made for line in _scores(one, other, job.folder)],
        "contents": _contents(both),
    }
    yield from ((kind, lines) for kind, lines in kinds.items() if lines)


def changed(before: Any, after: Any, where: str = "") -> list[str]:
    """Keys of two JSON values whose values differ, with both."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        return [line for name in names for line in changed(before.get(name), after.get(name), f"{where}.{name}" if where else name)]
    return [] if before == after else [f"{where or 'all'}: {_value(before)} became {_value(after)}"]


def _value(value: Any) -> str:
    text = NOTHING if value is None else value if isinstance(value, str) else canonical(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _grouped(found: Iterator[tuple[str, str]] | Any) -> list[str]:
    """Lines of stages, each once, with how many jobs it is true of."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for stage, line in found:
        counts[stage, line] += 1
    return [f"{stage}: {line}{f' ({count} jobs)' if count > 1 else ''}" for (stage, line), count in counts.items()]


def _short(job: Job) -> str:
    name, digest = job.environment
    return f"{name}:{digest[:16]}" if digest else NOTHING


def _only(mine: dict[str, Job], theirs: dict[str, Job]) -> list[str]:
    """Outputs that one of them has, shards as one line."""
    groups: dict[str, int] = defaultdict(int)
    for folder in mine:
        if folder not in theirs:
            groups[group_of(folder)] += 1
    return [f"{group}{f' ({count} shards)' if count > 1 else ''}" for group, count in groups.items()]


def group_of(folder: str) -> str:
    """What a folder's counts are added up by: itself, or that of all shards."""
    path = PurePosixPath(folder)
    return str(path.parent) if SHARD_NAME.fullmatch(path.name) else folder


def _counts(before: dict[str, Job], after: dict[str, Job]) -> list[str]:
    """What became of rows: counts of the manifests, added up over shards."""
    sums: tuple[dict[str, dict[str, float]], ...] = (defaultdict(lambda: defaultdict(float)), defaultdict(lambda: defaultdict(float)))
    for found, those in zip(sums, (before, after), strict=True):
        for folder, job in those.items():
            for key, value in numbers((job.made or {}).get("counts", {})):
                found[group_of(folder)][key] += value
    lines = []
    for group in [name for name in sums[0] if name in sums[1]]:
        one, other = sums[0][group], sums[1][group]
        keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        lines += [f"{group}: {key} {_number(one.get(key))} became {_number(other.get(key))}" for key in keys]
    return lines


def numbers(value: Any, where: str = "") -> Iterator[tuple[str, float]]:
    """Numbers in a JSON value, by their keys."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from numbers(item, f"{where}.{name}" if where else name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield where, value


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.6g}"


def _scores(one: Path, other: Path, folder: str) -> list[str]:
    paths = [path for path in (one / folder / SCORES, other / folder / SCORES) if path.is_file()]
    if len(paths) < 2:
        return []
    before, after = (dict(numbers(_read(path))) for path in paths)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [f"{folder}: {key} {_number(before.get(key))} became {_number(after.get(key))}" for key in keys]


def _contents(both: list[tuple[Job, Job]]) -> list[str]:
    """Files whose bytes differ, as a number for each group, where counts are the same."""
    groups: dict[str, int] = defaultdict(int)
    for job, new in both:
        one, other = ((each.made or {}).get("files", {}) for each in (job, new))
        groups[group_of(job.folder)] += sum(one[name]["sha256"] != other.get(name, {}).get("sha256") for name in one)
    return [f"{group}: {count} files in other bytes" for group, count in groups.items() if count]


def _inputs(one: Path, other: Path) -> list[str]:
    found = []
    for folder in (one, other):
        config = config_of(folder)
        given = inputs(config, folder / RESULTS) if config else []
        found.append({f"{item.table}/{item.name}": {"files": item.files} | item.facts for item in given})
    return [line for name in {**found[0], **found[1]} for line in changed(found[0].get(name), found[1].get(name), name)]


def config_of(folder: Path) -> dict[str, Any]:
    """The configuration of a run, kept, restored or archived; empty where there is none."""
    kept = sorted((folder / KEPT).glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in (*kept[-1:], folder / MINE / CONFIG, folder.parent / CONFIG):
        if path.is_file():
            found = _read(path)
            for table, _ in tables():  # a stranger's may have anything there
                entries = found.get(table, {})
                if not isinstance(entries, dict) or not all(_is_entry(table, entry) for entry in entries.values()):
                    raise UserError("is no table of entries", f"{path}: {table}", "get the run, or its archive, anew")
            return found
    return {}


def _is_entry(table: str, value: Any) -> bool:
    digests = {"sources": "files", "imported": "files", "pools": "sealed"}.get(table, "")  # a benchmark's `files` are patterns
    return isinstance(value, dict) and isinstance(value.get(digests) or {}, dict)


def _read(path: Path) -> dict[str, Any]:
    """An object of a JSON file, which may be a stranger's.

    Raises:
        UserError: it is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError("holds no JSON object", path, "get the run, or its archive, anew")
    return found
