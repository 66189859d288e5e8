"""What a run was made by, as a picture that one can read: stages with their counts, not thousands of jobs.

    figure = draw(stages_of(found))      # jobs, as `koreason.archive.gathered.jobs` finds them
    figure.standalone()                  # an SVG file

An arrow that follows from others is left out: what is packed was selected, so no arrow leads from the traces to it.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from koreason.archive.gathered.jobs import Job, tries
from koreason.report.charts.svg import WIDTH, Canvas, Figure, clip, short

BOX, GAP, ROW = 42.0, 26.0, 68.0  # heights of a box and between two; of a row in all
MOST = 108.0  # the widest box
PASSING = 0.35  # of a box's room, for an arrow that passes
PASSES = ">"  # in its name
HOW_MANY = ("kept", "items", "answers", "steps", "documents", "records")  # of a manifest's counts; else the rows of its largest table


@dataclass(frozen=True)
class Stage:
    """A stage: how many outputs it made, in how many attempts, how much they hold, and the stages that it read."""

    name: str
    outputs: int
    attempts: int
    rows: int
    unit: str
    reads: tuple[str, ...]


def stages_of(found: Iterable[Job]) -> list[Stage]:
    """The stages of a run, each after those that it reads; a stage that goes round, as prompts of prompts do, reads the earlier pool."""
    jobs = {job.folder: job for job in found if job.made is not None}
    depth: dict[str, int] = {}
    for folder in jobs:
        _depth(folder, jobs, depth)
    order = {stage: min(depth[job.folder] for job in jobs.values() if job.stage == stage) for stage in {job.stage for job in jobs.values()}}
    reads: dict[str, set[str]] = defaultdict(set)
    for job in jobs.values():
        reads[job.stage] |= {jobs[folder].stage for folder in job.inputs if folder in jobs} - {job.stage}
    stages = []
    for name in sorted(order, key=lambda name: (order[name], name)):
        mine = [job for job in jobs.values() if job.stage == name]
        counts = [_rows(job) for job in mine]
        unit = Counter(unit for _, unit in counts if unit).most_common(1)
        known = tuple(sorted(one for one in reads[name] if order[one] < order[name]))
        rows = sum(number for number, its in counts if unit and its == unit[0][0])
        stages.append(Stage(name, len(mine), tries(mine), rows, unit[0][0] if unit else "", known))
    return stages


def _depth(folder: str, jobs: dict[str, Job], known: dict[str, int]) -> int:
    """The longest way from what reads nothing; without recursion, as a chain may be long."""
    todo = [folder]
    while todo:
        name = todo[-1]
        known.setdefault(name, 0)
        if waiting := [one for one in jobs[name].inputs if one in jobs and one not in known]:
            todo += waiting
            continue
        known[name] = max((known[one] + 1 for one in jobs[name].inputs if one in jobs), default=0)
        todo.pop()
    return known[folder]


def _rows(job: Job) -> tuple[int, str]:
    made = job.made or {}
    unit = next((name for name in HOW_MANY if isinstance(made.get("counts", {}).get(name), int)), "")
    if unit:
        return int(made["counts"][unit]), unit
    rows = [int(facts["rows"]) for facts in made.get("files", {}).values() if isinstance(facts.get("rows"), int)]
    return (max(rows), "rows") if rows else (0, "")


def bare(stages: list[Stage]) -> dict[str, set[str]]:
    """What each stage reads, without what it reads through another."""
    reads = {stage.name: set(stage.reads) for stage in stages}

    def beyond(name: str, seen: set[str]) -> set[str]:
        for one in reads.get(name, ()):
            if one not in seen:
                seen.add(one)
                beyond(one, seen)
        return seen

    return {name: {one for one in mine if not any(one in beyond(other, set()) for other in mine - {one})} for name, mine in reads.items()}


def layers(stages: list[Stage]) -> list[list[str]]:
    """The stages in rows, each as late as what reads it allows, so that arrows are short; where an arrow passes a row it has a place in it.

    Such a place is called `FROM>TO`.
    """
    reads = bare(stages)
    readers: dict[str, set[str]] = defaultdict(set)
    for name, mine in reads.items():
        for one in mine:
            readers[one].add(name)
    early: dict[str, int] = {}
    for stage in stages:  # what it reads stands before it
        early[stage.name] = max((early[one] + 1 for one in reads[stage.name]), default=0)
    row_of: dict[str, int] = {}
    for stage in reversed(stages):
        row_of[stage.name] = min((row_of[name] - 1 for name in readers[stage.name]), default=early[stage.name])
    found: list[list[str]] = [[] for _ in range(max(row_of.values(), default=-1) + 1)]
    for stage in stages:
        found[row_of[stage.name]].append(stage.name)
        for one in sorted(reads[stage.name]):
            for number in range(row_of[one] + 1, row_of[stage.name]):
                found[number].append(f"{one}{PASSES}{stage.name}")
    place: dict[str, float] = {}

    def below(name: str) -> float:
        """Where what it reads stands on the average; for a passing arrow, where it comes from."""
        if PASSES in name:
            return place.get(name, place[name.split(PASSES)[0]])
        places = [place.get(f"{one}{PASSES}{name}", place[one]) for one in reads[name]]
        return sum(places) / len(places) if places else 0.5

    for row in found:
        row.sort(key=below)
        place |= {name: (place_in + 1) / (len(row) + 1) for place_in, name in enumerate(row)}
    return found


def draw(stages: list[Stage]) -> Figure:
    """The picture, from what reads nothing at the top to what nothing reads at the bottom."""
    canvas, rows, by_name, reads = Canvas(), layers(stages), {stage.name: stage for stage in stages}, bare(stages)
    centres: list[dict[str, float]] = []
    for row in rows:
        unit, left = WIDTH / sum(PASSING if PASSES in name else 1.0 for name in row), 0.0
        centres.append({})
        for name in row:
            wide = unit * (PASSING if PASSES in name else 1.0)
            centres[-1][name], left = left + wide / 2, left + wide
    row_of = {name: number for number, row in enumerate(rows) for name in row if PASSES not in name}
    for name, mine in reads.items():
        for one in sorted(mine):
            points = [(centres[row_of[one]][one], row_of[one] * ROW + BOX)]
            for number in range(row_of[one] + 1, row_of[name]):
                x = centres[number][f"{one}{PASSES}{name}"]
                points += [(x, number * ROW), (x, number * ROW + BOX)]
            points.append((centres[row_of[name]][name], row_of[name] * ROW - 3))
            for (x1, y1), (x2, y2) in itertools.pairwise(points):
                canvas.line(x1, y1, x2, y2, "link")
            canvas.dot(*points[-1], 3, "whole")
    for number, row in enumerate(rows):
        width = min(MOST, WIDTH / sum(PASSING if PASSES in name else 1.0 for name in row) - 6)
        for name in (name for name in row if PASSES not in name):
            stage, x, y = by_name[name], centres[number][name], number * ROW
            canvas.bar(x - width / 2, y, width, BOX, "cell", told(stage))
            canvas.text(x, y + 17, clip(name, int(width / 6.6)), "strong", "middle")
            canvas.text(x, y + 33, clip(counted(stage), int(width / 6.1)), "tick", "middle")
    summary = "; ".join(told(stage) for stage in stages) or "nothing was made"
    caption = "Stages from top to bottom, with how much each made. An arrow that follows from others is left out."
    return Figure("provenance", "What it was made by", caption, summary, max(len(rows) * ROW - GAP, 0), canvas.body)


def counted(stage: Stage) -> str:
    """What a stage made, short."""
    outputs = f"{stage.outputs:,} output{'s' if stage.outputs != 1 else ''}"
    return f"{short(stage.rows)} {stage.unit}" if stage.unit else outputs


def told(stage: Stage) -> str:
    """What a stage made, in words."""
    rows = f", {stage.rows:,} {stage.unit}" if stage.unit else ""
    more = f" in {stage.attempts:,} attempts" if stage.attempts > stage.outputs else ""
    return f"{stage.name}: {stage.outputs:,} output{'s' if stage.outputs != 1 else ''}{more}{rows}"
