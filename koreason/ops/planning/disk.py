"""How much disk a plan may fill, from the configuration alone.

    peak(jobs, config, Path("results"), at_once=1)      # {"base": 0, "trace": 1300000, ...}

An upper estimate of what the planned jobs write below `results/`, in bytes:

    base      parameters x 2                                        weights in bfloat16
    trace     prompts of the shard x samples x tokens x 4 x 2       4 bytes of text a token; the table and its journal
    select    sum of quotas x max_tokens of the filters x 4
    pack      sum of quotas x max_tokens of the filters x 5         an int32 and a mask byte a token; of both, no more than what the
                                                                    mix draws from can be: traces of the length that passes, and
                                                                    imported files that are here (compressed ones x 20)
    train     parameters x (2 in bfloat16, 4 in float32)            the finished model
              parameters x 12 x (keep_checkpoints + 1)              weights and Adam's two states in float32, one more while it
                                                                    is written; removed at the end, so counted for as many
                                                                    trainings as can run at once

A trace has as many tokens as the recipe has drawn before, in the mean, and where it has drawn none, max_tokens. Most traces end long
before that. A shard has the pool's prompts (from its manifest, else its `limit`) divided by the shards, and where neither is known, 4,096.
Dumps, prompt pools and the answers to benchmarks are not counted: their sizes are in
no configuration.
"""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from koreason.config.variables import expand
from koreason.engine.spec import longest
from koreason.errors import UserError
from koreason.intake.named import is_glob, matching
from koreason.train.steps import adam
from koreason.workflow.dryrun import Planned

TEXT = 4  # bytes of UTF-8 that one token stands for
PLAIN, COMPRESSED = (".jsonl", ".json", ".csv", ".tsv"), 20  # files as they are read, and how much longer others may be when they are
SHARD = 4096  # prompts that a shard should have: see docs/trace.md
COUNTED = ("base", "trace", "select", "pack", "train")

Config = dict[str, Any]


def peak(jobs: Iterable[Planned], config: Config, results: Path, at_once: int, tokens: Mapping[str, float] | None = None) -> dict[str, int]:
    """Bytes that the jobs of each rule leave, and under `checkpoints` the most that trainings hold besides.

    `tokens` are those of a trace, by recipe, where they are known.
    """
    found = dict.fromkeys(COUNTED, 0)
    checkpoints = []
    for job in jobs:
        if job.rule in found:
            found[job.rule] += _written(job, config, results, tokens or {})
        if job.rule == "train":
            checkpoints.append(_checkpoints(job, config))
    return found | {"checkpoints": sum(sorted(checkpoints, reverse=True)[:at_once])}


def _written(job: Planned, config: Config, results: Path, tokens: Mapping[str, float]) -> int:
    names = job.wildcards
    match job.rule:
        case "base":
            return 2 * int(config["bases"][names["base"]]["parameters"])
        case "trace":
            recipe = config["recipes"][names["recipe"]]
            rows = prompts(names["pool"], recipe["shards"], config, results) * recipe["samples"]
            each = tokens.get(names["recipe"]) or longest(recipe)
            return int(rows * each * TEXT * 2)
        case "select" | "pack":
            mix = config["mixes"][names["mix"]]
            tokens_drawn = min(sum(mix["quotas"].values()) * mix["filters"]["max_tokens"], _supply(mix, config, results))
            return int(tokens_drawn * (TEXT if job.rule == "select" else 5))
        case _:
            model = config["models"][names["model"]]
            return _parameters(job, config) * (2 if model["dtype"] == "bfloat16" else 4)


def _supply(mix: Config, config: Config, results: Path) -> float:
    """Tokens that a mix can draw at most from its parts; infinity where that cannot be told."""
    found = 0.0
    for part in mix.get("traces") or [{}]:
        if "imported" in part:
            found += _imported(config["imported"][part["imported"]])
        elif part:
            recipe = config["recipes"][part["recipe"]]
            rows = prompts(part["pool"], recipe["shards"], config, results) * recipe["shards"] * recipe["samples"]
            found += rows * mix["filters"]["max_tokens"]
        else:
            found = math.inf
    return found


def _imported(entry: Config) -> float:
    """Tokens of imported files: no more than they have bytes."""
    try:
        root = expand(entry.get("root") or ".")
        paths = [root / one for name in entry.get("files") or () for one in (matching(name, root) if is_glob(name, root) else [name])]
    except (UserError, OSError):  # whoever reads them says so
        return math.inf
    if not paths or entry.get("hub") or not all(path.is_file() for path in paths):
        return math.inf
    return sum(path.stat().st_size * (1 if path.suffix in PLAIN else COMPRESSED) for path in paths)


def _checkpoints(job: Planned, config: Config) -> int:
    keep: int = config["schedules"][job.wildcards["schedule"]]["keep_checkpoints"]
    return _parameters(job, config) * adam.BYTES * (keep + 1)


def _parameters(job: Planned, config: Config) -> int:
    return int(config["bases"][config["models"][job.wildcards["model"]]["base"]]["parameters"])


def prompts(pool: str, shards: int, config: Config, results: Path) -> float:
    """Prompts of a shard of a pool that is cut into so many."""
    try:
        manifest = json.loads((results / "pools" / pool / "manifest.json").read_text(encoding="utf-8"))
        return float(manifest["files"]["prompts.parquet"]["rows"] / shards)
    except (OSError, ValueError, KeyError):
        limit = config["pools"][pool].get("limit")
        return limit / shards if limit else SHARD
