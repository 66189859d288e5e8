"""A run and what was made again of it, output by output: the same, within what its class promises, or different.

rows = compared(Path("run"), Path("run/.koreason/rerun"), ["results/mixes/demo"])
rows[0].verdict       # "same"
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from koreason.archive.differing import first_difference, off
from koreason.archive.gathered.jobs import Job
from koreason.ops.kept.outputs import UNDECLARED
from koreason.records.repeating import FACT, JOURNAL, TOLERANCE, Repeats
from koreason.repeats import ALL, class_of, class_of_output

SAME, WITHIN, DIFFERS, GONE = "same", "within", "differs", "not made"
ORDER = (SAME, WITHIN, DIFFERS, GONE)


@dataclass(frozen=True)
class Row:
    """An output: the class that promises least of its files, how it compares, and the first difference that counts."""

    output: str
    kind: str
    verdict: str
    why: str = ""


def compared(run: Path, again: Path, before: dict[str, Job], after: dict[str, Job], folders: Iterable[str]) -> list[Row]:
    """A row for each output that was made again, in the order in which they were made.

    Args:
        before, after: jobs by their folders, of the run and of what was made again.
    """
    rows: dict[str, Row] = {}
    for folder in sorted(folders, key=lambda name: float(before[name].run.get("ended", 0))):
        job, new = before[folder], after.get(folder)
        changed = {rows[name].verdict for name in job.inputs if name in rows} - {SAME}
        rows[folder] = _row(run, again, job, new, changed)
    return list(rows.values())


def _row(run: Path, again: Path, job: Job, new: Job | None, changed: set[str]) -> Row:
    assert job.made is not None
    names = sorted(job.made["files"])
    kinds = {name: class_of(job.stage, name, job.run.get("spec")) for name in names}
    kind = class_of_output(job.stage, names, job.run.get("spec"))
    if new is None or new.made is None:
        return Row(job.folder, kind, GONE, "the rerun did not get that far")
    worst, why = SAME, ""
    for name in names:
        verdict, what = _of_file(run, again, job, new, name, kinds[name], changed)
        if ORDER.index(verdict) > ORDER.index(worst):
            worst, why = verdict, f"{name}: {what}" if what else ""
    if extra := sorted(new.made["files"].keys() - job.made["files"].keys()):
        worst, why = DIFFERS, f"{extra[0]}: is new"
    return Row(job.folder, kind, worst, why)


def _of_file(run: Path, again: Path, job: Job, new: Job, name: str, kind: str, changed: set[str]) -> tuple[str, str]:
    assert job.made is not None and new.made is not None
    if name not in new.made["files"]:
        return DIFFERS, "is not made any more"
    if job.made["files"][name]["sha256"] == new.made["files"][name]["sha256"] or kind == FACT:
        return SAME, ""
    one, other = run / job.folder / name, again / job.folder / name
    repeats = ALL.get(job.stage, Repeats({}))
    if kind == TOLERANCE or (changed and name in repeats.bounds):
        return _within(one, other, name, repeats)
    if kind == JOURNAL and not _has_journal(run, job):
        return WITHIN, "drawn anew without its journal: another sample"
    what = first_difference(one, other)
    if changed and DIFFERS not in changed and GONE not in changed:
        return WITHIN, f"{what}; what it was made of is within, and not the same"
    return DIFFERS, f"{what}; what it was made of differs" if changed else what


def _within(one: Path, other: Path, name: str, repeats: Repeats) -> tuple[str, str]:
    """A file of class `tolerance`: by its own bounds, or where it has none by those of the files beside it."""
    named = {name: repeats.bounds[name]} if name in repeats.bounds else repeats.bounds
    taken = [(*off(one.with_name(beside), other.with_name(beside), bounds), beside) for beside, bounds in named.items()]
    share, what, beside = max(taken, default=(float("inf"), "no bounds are stated", name))
    return WITHIN if share <= 1 else DIFFERS, what if beside == name else f"by {beside}: {what}"


def _has_journal(run: Path, job: Job) -> bool:
    folder = PurePosixPath(job.folder)
    return any((run / place / UNDECLARED[0]).is_dir() for place in (folder, folder.parent))


def table(rows: list[Row]) -> str:
    """The rows as they are printed."""
    width = max((len(row.output) for row in rows), default=6)
    lines = [f"{'output':<{width}}  {'class':<23}  verdict"]
    for row in rows:
        lines.append(f"{row.output:<{width}}  {row.kind:<23}  {row.verdict}{f': {row.why}' if row.why else ''}")
    counts = ", ".join(f"{count} {verdict}" for verdict in ORDER if (count := sum(row.verdict == verdict for row in rows)))
    return "\n".join([*lines, counts])


def failed(rows: list[Row]) -> bool:
    """Whether something is not what its class promises."""
    return any(row.verdict in (DIFFERS, GONE) for row in rows)
