"""What each training of a run takes: parameters, memory of each card by its parts, arithmetic, GPU-hours; and layouts that fit.

    koreason plan --models --configfile config/paper.yaml --card 80

From closed forms (`koreason/train/cost.py`) of the base's configuration: of the folder that is at hand, else as it was published. Memory is
of bins of `sequence_length`. Hours are those of a stated utilization of an H100's peak (`--mfu`), over documents of 4,096 tokens where the
mix is not packed yet: what is not known is said to be taken. Exit status 2 where a layout does not fit its cards: one that does is named.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koreason.config.files.layers import layered
from koreason.config.load import load
from koreason.config.site import Site
from koreason.errors import UserError
from koreason.ops.planning.bases import folder_of
from koreason.pretrained.configuration import Configuration, read_configuration, understand
from koreason.pretrained.files import CONFIG
from koreason.pretrained.published import PUBLISHED
from koreason.records.manifest import MANIFEST
from koreason.train.cost import SPARE, Memory, fits, flops, layouts, memory, parameters
from koreason.train.spec import Model, Schedule

CARD = 79.0  # GiB, where no site file says it: what cards of 80 GB have
MFU = 0.4
PEAK = 989e12  # operations a second of an H100 in bfloat16
RECOMPUTED = ("none", "light", "full")
TOKENS = 4096  # of a document, where nothing is packed yet


@dataclass(frozen=True)
class Training:
    """One training of a run."""

    name: str
    configuration: Configuration
    model: Model
    schedule: Schedule
    needed: Memory
    tokens: float
    flops: float


def tell(files: list[Path], site: Site | None, card: float | None, mfu: float) -> int:
    """Print a table, and layouts in place of those that do not fit.

    Raises:
        UserError: one does not fit.
    """
    gib = card or (site.gpu.memory_gib if site and site.gpu else None) or CARD
    config = layered(files)
    found = list(trainings(config, Path("results")))
    print(f"cards of {gib:g} GiB, {SPARE:g} of them for CUDA itself; GPU-hours at {mfu:.0%} of an H100's peak")
    heads = f"{'billions':>9}{'ranks':>9}{'recompute':>11}{'held':>7}{'peak':>7}{'GFLOPs a token':>16}{'GPU-hours':>11}"
    print(f"{'model/mix/schedule':<52}{heads}")
    for one in found:
        layout = f"{one.model.tensor_parallel}x{one.model.data_parallel}"
        print(
            f"{one.name:<52}{parameters(one.configuration) / 1e9:>9.2f}{layout:>9}{one.model.recomputes:>11}"
            f"{one.needed.held / 2**30:>7.1f}{one.needed.total / 2**30:>7.1f}{one.flops / one.tokens / 1e9:>16.1f}"
            f"{one.flops / PEAK / mfu / 3600:>11,.0f}"
        )
    for name, one in {one.name.split("/")[0]: one for one in found}.items():
        faster = next(layouts(one.configuration, one.model, one.schedule.sequence_length, gib), None)
        if faster and fits(one.needed, gib) and RECOMPUTED.index(faster.recomputes) < RECOMPUTED.index(one.model.recomputes):
            print(f"{name} would compute less again with {_keys(faster)}")
    tight = {one.name.split("/")[0]: one for one in found if not fits(one.needed, gib)}
    for name, one in tight.items():
        proposed = next(layouts(one.configuration, one.model, one.schedule.sequence_length, gib), None)
        does = f"this does: {_keys(proposed)}" if proposed else "no layout over as many ranks does: take more cards, or larger ones"
        print(f"{name} does not fit cards of {gib:g} GiB; {does}")
    if tight:
        raise UserError(f"{', '.join(sorted(tight))} would not fit cards of {gib:g} GiB", "models", "see above; --card says another size")
    return 0


def _keys(model: Model) -> str:
    return (
        f"tensor_parallel: {model.tensor_parallel}, data_parallel: {model.data_parallel}, "
        f"sequence_parallel: {str(model.sequence_parallel).lower()}, recompute: {model.recomputes}"
    )


def trainings(config: dict[str, Any], results: Path) -> Iterator[Training]:
    """Each training of a run once; bases of which no configuration is known are told and left out."""
    seen = set()
    for experiment in config["run"]["experiments"]:
        for model in experiment["models"]:
            configuration = _configuration(config["models"][model]["base"], config, results)
            if configuration is None:
                print(f"{model}: the configuration of its base is not at hand: `koreason base` fetches it")
                continue
            for mix in experiment["mixes"]:
                for schedule in experiment["schedules"]:
                    name = f"{model}/{mix}/{schedule}"
                    if name not in seen:
                        seen.add(name)
                        yield _training(name, configuration, config, results)


def _configuration(base: str, config: dict[str, Any], results: Path) -> Configuration | None:
    entry = config["bases"][base]
    folder = folder_of(base, entry, results)
    if folder and (folder / CONFIG).is_file():
        return read_configuration(folder / CONFIG)[0]
    published = PUBLISHED.get(entry.get("hub") or "")
    return understand(published)[0] if published else None


def _training(name: str, configuration: Configuration, config: dict[str, Any], results: Path) -> Training:
    names = name.split("/")
    entry = {key: one for key, one in config["models"][names[0]].items() if key in Model.__dataclass_fields__}
    model, schedule = load(Model, entry), load(Schedule, config["schedules"][names[2]])
    documents, tokens = _size(names[1], config["models"][names[0]]["base"], config, results)
    epochs = schedule.epochs
    total = tokens * epochs
    return Training(
        name=name,
        configuration=configuration,
        model=model,
        schedule=schedule,
        needed=memory(configuration, model, schedule.sequence_length),
        tokens=total,
        # lengths scatter: the mean of squares is above the square of the mean, by half for traces
        flops=flops(configuration, int(total), int(1.5 * total * tokens / documents)),
    )


def _size(mix: str, base: str, config: dict[str, Any], results: Path) -> tuple[int, int]:
    """Documents and tokens of a mix, as packed, or as many as are drawn, of a length that is taken."""
    manifest = results / "packed" / mix / config["bases"][base]["tokenizer"] / MANIFEST
    try:
        counts = json.loads(manifest.read_text(encoding="utf-8"))["counts"]
        return int(counts["documents"]), int(counts["tokens"])
    except (OSError, ValueError, KeyError, TypeError):
        documents = sum(config["mixes"][mix]["quotas"].values())
        return documents, documents * TOKENS
