"""What jobs run in and on: environments or images, graphics cards, free disk.

found = list(environments(run))
"""

import shutil
from collections.abc import Iterator

from koreason.checking.finding import Finding, Run
from koreason.commands import COMMANDS
from koreason.config.rules import RULES, resources_of
from koreason.config.site import asked
from koreason.errors import UserError
from koreason.home import ORIGIN
from koreason.images import record
from koreason.ops.planning import disk, expected
from koreason.ops.site import doctor
from koreason.ops.site.shared import written
from koreason.ops.watching.drawing import NINETY
from koreason.records.held import known_digest
from koreason.system import neighbours


def needed(run: Run) -> list[str]:
    """The environments that the jobs run in; that of a rule of another workflow is not ours."""
    commands = (COMMANDS.get(RULES[job.rule].command) for job in run.jobs if job.rule in RULES)
    return sorted({command.environment for command in commands if command})


def environments(run: Run) -> Iterator[Finding]:
    """Environments, or images where the site file has them, that are missing or of another lock."""
    names = needed(run)
    if run.site is None or run.site.containers is None:
        for name in names:
            check = doctor.environment(name)
            if check.state == "error":
                yield Finding.of(check.finding, check.what, check.do, True)
        return
    try:
        for name, image, state in record.states(ORIGIN / run.site.containers.images, ORIGIN, known_digest):
            if name in names and state != "ok":
                yield Finding.of(f"{image.file}: {state}" if image else state, f"image {name}", "make images, or copy it there", True)
    except UserError as error:
        yield Finding(str(error), True)


def folders(run: Run) -> Iterator[Finding]:
    """Folders that others may write, and so change what is made and run there."""
    trusted = run.config["run"].get("shared_group")
    for folder in dict.fromkeys(map(neighbours.nearest, written(run.site))):
        if wrong := neighbours.writers(folder, trusted):
            yield Finding.of(wrong, folder, neighbours.mend(folder), bool(run.jobs))


def ranks(run: Run) -> Iterator[Finding]:
    """Layouts that a schedule, or what a training job asks for, does not divide into."""
    each = asked(run.site, "train", run.config["resources"]["train"])
    tasks, gpus = each["nodes"] * each["tasks"], each["gpus"]
    for name, model in run.entries("models"):
        touches, shared = run.due("train", model=name), model["data_parallel"]
        count = model["tensor_parallel"] * shared
        for schedule, entry in run.entries("schedules"):
            if entry["global_batch"] % shared:
                what = f"{shared} does not divide global_batch {entry['global_batch']} of schedules.{schedule}"
                yield Finding.of(what, f"models.{name}.data_parallel", "accepted: a divisor of it", touches)
        if count % tasks:
            what = f"{tasks} tasks cannot share the {count} ranks of models.{name} evenly"
            yield Finding.of(what, "resources.train", "nodes × tasks must divide tensor_parallel × data_parallel", touches)
        elif gpus and count // each["nodes"] > gpus:
            what = f"asks for {gpus} GPUs a node, and models.{name} puts {count // each['nodes']} ranks on each"
            yield Finding.of(what, "resources.train.gpus", "ask for as many, or for more nodes, or lower the layout", touches)
    yield from _drawing(run)


def _drawing(run: Run) -> Iterator[Finding]:
    for table, rule, wildcard in (("recipes", "trace", "recipe"), ("benches", "generate", "bench")):
        gpus = asked(run.site, resources_of(rule), run.config["resources"][rule])["gpus"]
        for name, entry in run.entries(table):
            share = entry["engine"]["tensor_parallel"]
            if gpus and share > gpus:
                what = f"is {share}, and resources.{rule} asks for {gpus} GPUs"
                yield Finding.of(
                    what, f"{table}.{name}.engine.tensor_parallel", "lower it, or ask for more", run.due(rule, **{wildcard: name})
                )


def space(run: Run) -> Iterator[Finding]:
    """More than is free on the disk of the results."""
    folder = next(path for path in (run.results.absolute(), *run.results.absolute().parents) if path.is_dir())
    drawn = expected.of_plan(run.jobs, run.config, run.results)
    tokens = {recipe: one.tokens + NINETY * one.error for recipe, one in drawn.items()}
    need = sum(disk.peak(run.jobs, run.config, run.results, run.site.jobs if run.site else 1, tokens).values())
    free = shutil.disk_usage(folder).free
    if need > free:
        do = "free some, or let results/ be a link to a larger disk; `koreason plan --help` has the formula"
        yield Finding.of(f"the plan takes up to {need / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free", folder, do, True)
