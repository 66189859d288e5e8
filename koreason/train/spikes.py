"""Find the spikes of a model's loss, list the rows that were trained on there, and write the exclusion that the next selection honours.

    koreason spikes small/demo_mix/short                            # one training, of results/models
    koreason spikes small --dry-run                                 # all trainings of a model, listed only
    koreason spikes small --configfile config/demo.yaml             # one that has not ended, too

Type it in the run's folder. A step is up where its loss lies above the median of the calm steps before it, at most `--window` of them
and at least `--warm`, by `--factor` times their scatter: 1.4826 median absolute deviations, and 1 % of the median at least. A spike begins
where a step is up and the next one has not recovered, as in the paper. A loss that stays up for a whole window is the new level.

The loss of a step is taken before its update. So either its own rows are odd, or the update of the step before it did harm: rows of the
step, of the one before it and of the one after it are listed. Which rows these are follows from the training's own order of the data.
`koreason explain PROMPT_ID` shows one; a rule that names what is wrong with them, as a filter, does more than their exclusion.
"""

import argparse
import json
import statistics
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from koreason.arguments import above_zero
from koreason.config.files.exclusion import exclude, runs
from koreason.config.files.layers import layered
from koreason.config.load import load
from koreason.errors import UserError
from koreason.records.digests import sha256_file
from koreason.records.held import Held, held
from koreason.records.manifest import LIVE, MANIFEST, RUN
from koreason.tables import read_table
from koreason.train.documents.bins import plan_bins, read_packed
from koreason.train.documents.table import DOCUMENTS
from koreason.train.spec import Schedule

MODELS, PACKED = Path("results/models"), Path("results/packed")
METRICS = "metrics.jsonl"
EXCLUSION = Path("purged.yaml")
HEAD = """\
# Traces that mixes leave out, PROMPT_ID/SAMPLE, written by `koreason spikes`: laid over the other files, it stands last.
# To take one back, remove its line.
"""
SCALE = 1.4826  # of a median absolute deviation, to be a standard deviation where losses scatter normally
FLOOR = 0.01  # of the median: what a loss may scatter at least, where it hardly did


@dataclass(frozen=True)
class Rule:
    """When a loss spikes.

    Attributes:
        factor: standard deviations above the median of calm steps.
        window: calm steps that are looked at.
        warm: calm steps before the first that is looked at.
    """

    factor: float = 5.0
    window: int = 16  # few: while a loss falls fast, what it was long ago is no measure of what is calm
    warm: int = 8


@dataclass(frozen=True)
class Spike:
    """One spike: the step with which it begins, from 1, its loss, and the loss above which a step was up."""

    step: int
    loss: float
    limit: float


@dataclass(frozen=True)
class Training:
    """A training: its losses by step, and what it was trained on in which order."""

    folder: Path
    metrics: list[dict[str, Any]]
    packed: Held
    schedule: Schedule

    @property
    def mix(self) -> str:
        """The mix's name."""
        return self.folder.parent.name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason spikes`."""
    parser.add_argument("model", metavar="MODEL[/MIX[/SCHEDULE]]", help="a folder of results/models, or some of them")
    parser.add_argument(
        "--factor", type=above_zero(), default=Rule.factor, metavar="K", help=f"deviations above the median ({Rule.factor:g})"
    )
    parser.add_argument("--window", type=int, default=Rule.window, metavar="N", help=f"calm steps that are looked at ({Rule.window})")
    parser.add_argument("--warm", type=int, default=Rule.warm, metavar="N", help=f"calm steps before the first spike ({Rule.warm})")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's, for what has not ended")
    parser.add_argument("--dry-run", action="store_true", help="list only")


def main(arguments: argparse.Namespace) -> None:
    """List, and write the exclusion."""
    rule = Rule(arguments.factor, arguments.window, arguments.warm)
    if rule.warm < 2 or rule.window < rule.warm:
        raise UserError("are out of bounds", "--window, --warm", "accepted: 2 <= warm <= window")
    files = [path for path in arguments.configfile if path.resolve() != EXCLUSION.resolve()]
    written = False
    for folder in trainings(arguments.model):
        training = read_training(folder, arguments.configfile)
        found = list(spikes([row["loss"] for row in training.metrics], rule))
        print(f"{folder.relative_to(MODELS)}: {len(found)} spike{'s' * (len(found) != 1)} in {len(training.metrics)} steps")
        if not found:
            continue
        rows = rows_of(training, [step for spike in found for step in around(spike, len(training.metrics))])
        for spike in found:
            print(f"  step {spike.step}: loss {spike.loss:.4f}, above {spike.limit:.4f}, and not recovered at the next step")
            of = rows.filter(pl.col("step").is_in(list(around(spike, len(training.metrics)))))
            for step, prompt_id, sample, tokens in of.iter_rows():
                print(f"    step {step:<6} {prompt_id}/{sample}  {tokens} tokens")
        if not arguments.dry_run:
            names = {f"{prompt_id}/{sample}" for prompt_id, sample in rows.select("prompt_id", "sample").iter_rows()}
            # its own list takes the place of another file's, as files that are laid over others do
            before = layered(files)["mixes"].get(training.mix, {}).get("purged", []) if files else []
            every = exclude(EXCLUSION, HEAD, ("mixes", training.mix, "purged"), names | set(before))
            print(f"  {EXCLUSION} leaves {len(every)} trace{'s' * (len(every) != 1)} out of {training.mix}")
            written = True
    if written:
        print(f"\nWhat it causes, and the run that honours it:\n{runs(EXCLUSION, files)}")


def spikes(losses: list[float], rule: Rule) -> Iterator[Spike]:
    """Where losses, one a step, rise abruptly and have not recovered at the next step."""
    calm: deque[float] = deque(maxlen=rule.window)
    up: list[Spike] = []
    for step, loss in enumerate(losses, start=1):
        limit = _limit(calm, rule) if len(calm) >= rule.warm else float("inf")
        if loss <= limit:
            calm.append(loss)
            up = []
            continue
        up.append(Spike(step, loss, limit))
        if len(up) == 2:
            yield up[0]
        if len(up) == rule.window:  # the new level
            calm.clear()
            up = []


def _limit(calm: deque[float], rule: Rule) -> float:
    middle = statistics.median(calm)
    scatter = SCALE * statistics.median(abs(loss - middle) for loss in calm)
    return middle + rule.factor * max(scatter, FLOOR * abs(middle))


def around(spike: Spike, steps: int) -> range:
    """The steps whose rows may have caused a spike."""
    return range(max(spike.step - 1, 1), min(spike.step + 1, steps) + 1)


def rows_of(training: Training, steps: list[int]) -> pl.DataFrame:
    """Rows of some steps, by the training's own order of the data: `step, prompt_id, sample, tokens`.

    Raises:
        UserError: what was trained on is not what lies there now.
    """
    packed = read_packed(training.packed)
    plan = plan_bins(packed.bounds[1:] - packed.bounds[:-1], training.schedule)
    documents = read_table(training.packed, "documents.parquet", DOCUMENTS)
    found = []
    for step in sorted(set(steps)):
        numbers = [document for group in plan.step(step - 1) for document in group]
        rows = documents[sorted(numbers)].select(pl.lit(step, pl.Int64).alias("step"), "prompt_id", "sample", "tokens")
        if rows["tokens"].sum() != training.metrics[step - 1]["tokens"]:
            raise UserError(
                f"was trained on {training.metrics[step - 1]['tokens']} tokens in step {step}, where its plan now has"
                f" {rows['tokens'].sum()}",
                training.folder,
                f"{training.packed.folder} or its schedule have changed since: train it again",
            )
        found.append(rows)
    return pl.concat(found)


def trainings(name: str) -> list[Path]:
    """The folders of trainings that a name means, by the metrics in them.

    Raises:
        UserError: there is none.
    """
    parts = Path(name).parts
    plain = len(parts) <= 3 and not any(part in ("..", "/") or set(part) & set("*?[") for part in parts)
    pattern = "/".join([*parts, *["*"] * (3 - len(parts)), METRICS])
    found = [path.parent for path in sorted(MODELS.glob(pattern))] if plain else []
    live = MODELS.glob(pattern.replace(METRICS, f"{LIVE}/{METRICS}")) if plain else ()
    found = sorted({*found, *(path.parents[1] for path in live)})
    if not found:
        raise UserError(f"no training with a {METRICS} is called {name!r}", MODELS.absolute(), "type it in the run's folder")
    return found


def read_training(folder: Path, files: list[Path]) -> Training:
    """What a training left; where it has not ended, the configuration says how it began.

    Raises:
        UserError: what is needed of it cannot be read.
    """
    live = folder / LIVE / METRICS
    metrics = read_metrics(live if live.is_file() else folder / METRICS)
    if (folder / MANIFEST).exists():
        held(folder / MANIFEST).path(METRICS)
        try:
            run = json.loads((folder / RUN).read_text(encoding="utf-8"))
            entry, inputs = run["spec"]["schedule"], {Path(path): str(digest) for path, digest in run["inputs"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise UserError("does not say what it was trained on", folder / RUN, "train it again") from None
        packed = [held(path) for path, digest in inputs.items() if path.is_file() and sha256_file(path) == digest]
        packed = [made for made in packed if made.made["stage"] == "pack"]
        if not packed:
            raise UserError("was trained on packed data that is not there any more", folder, f"looked for {', '.join(map(str, inputs))}")
        return Training(folder, metrics, packed[0], _schedule(entry))
    if not files:
        raise UserError("has not ended", folder, "say how it began: --configfile, with the run's files")
    config = layered(files)
    model_name, mix, schedule = folder.relative_to(MODELS).parts
    try:
        base = config["models"][model_name]["base"]
        manifest = PACKED / mix / config["bases"][base]["tokenizer"] / MANIFEST
        entry = config["schedules"][schedule]
    except (KeyError, TypeError):
        raise UserError(f"knows no {model_name} or no {schedule}", "--configfile", "give the files that the run was given") from None
    return Training(folder, metrics, held(manifest), _schedule(entry))


def _schedule(entry: dict[str, Any]) -> Schedule:
    """A schedule, whatever is known of how it was carried out."""
    names = Schedule.__dataclass_fields__
    known = {key: value for key, value in entry.items() if key in names}
    schedule: Schedule = load(Schedule, {"save_every": 1, "keep_checkpoints": 1, **known})
    return schedule


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of `metrics.jsonl`; the last may be half written.

    Raises:
        UserError: another one is no line of it.
    """
    rows: list[dict[str, Any]] = []
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            row = json.loads(line)
            if row["step"] != number or not isinstance(row["loss"], float) or not isinstance(row["tokens"], int):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            raise UserError(f"line {number} is none of a training's metrics", path) from None
        rows.append(row)
    return rows
