"""What a rule's jobs ask for, in the words of Snakemake's Slurm plugin.

need(site, "trace", config["resources"]["trace"])     # what Snakemake is to ask Slurm for
"""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from koreason.config.site import Overrides, Site, asked
from koreason.errors import UserError

OWN_JOBS = "KOREASON_OWN_JOBS"  # set where `koreason submit` makes the rules' commands its own jobs, and not Snakemake


def start(code: Path, site: Site | None, in_a_job: bool) -> str:
    """How a stage's command is started, as a shell reads it: at once, or as the site says, which in a job includes minding its walltime."""
    options = ["exec", "--job"] if in_a_job or OWN_JOBS in os.environ else ["exec"]
    return shlex.join([str(code / "bin" / "koreason"), *(options if site else [])])


def need(site: Site | None, rule: str, resources: dict[str, int]) -> dict[str, Any]:
    """What a rule's `resources:` are: the configuration's wishes, in the words of the site's Slurm if there is one.

    Raises:
        UserError: GPUs are asked for where the site has none.
    """
    ask = asked(site, rule, resources)
    if site is None:
        return {"mem_mb": ask["mem_mb"], "runtime": ask["runtime"], "gpu": ask["nodes"] * ask["gpus"]}
    if ask["gpus"] and site.gpu is None:
        raise UserError(f"asks for {ask['gpus']} GPUs, and the site file has no `gpu`", f"resources.{rule}", "add it, or set gpus: 0")
    place = site.gpu if ask["gpus"] and site.gpu else site.cpu
    override = site.rules.get(rule, Overrides())
    said: set[tuple[str, int]] = set()
    found: dict[str, Any] = {
        "mem_mb": _growing("mem_mb", "MB", ask["mem_mb"], place.max_mem_mb, rule, said),
        "runtime": _growing("runtime", "minutes", ask["runtime"], place.max_runtime, rule, said),
        "slurm_partition": override.partition or place.partition,
        "slurm_account": site.account,
        "constraint": place.constraint,
        "qos": place.qos,
        **_layout(ask, site),
    }
    return {key: value for key, value in found.items() if value is not None}


def _layout(ask: dict[str, int], site: Site) -> dict[str, Any]:
    """Nodes, tasks and GPUs in the words of Snakemake's Slurm plugin."""
    gpus, tasks = ask["gpus"], ask["nodes"] * ask["tasks"]
    style, model = (site.gpu.style, site.gpu.model) if gpus and site.gpu else (None, None)
    per_node = f"{model}:{gpus}" if model else str(gpus)
    if tasks > 1:
        # `mpi` keeps the plugin from starting one task of its own. It would make of `gpu` and `tasks` that many tasks per GPU,
        # so GPUs are asked for in `slurm_extra`.
        extra = f"--ntasks-per-node={ask['tasks']}" + (f" --gpus-per-node={per_node}" if gpus else "")
        return {"mpi": "srun", "nodes": ask["nodes"], "tasks": tasks, "slurm_extra": extra}
    if style == "gres":
        return {"gres": f"gpu:{per_node}"}
    if style == "gpus":
        return {"gpu": gpus, "gpu_model": model}
    return {}


def _growing(name: str, unit: str, first: int, most: int | None, rule: str, said: set[tuple[str, int]]) -> Callable[..., int]:
    """A resource that each new attempt asks more of, up to what the site has, and says so once."""

    def ask(wildcards: Any, attempt: int) -> int:
        now = min(first * attempt, most or first * attempt)
        key = (f"{name} {wildcards}", attempt)
        if attempt > 1 and key not in said:
            said.add(key)
            limit = ", the most there is" if now == most else ""
            print(f"koreason: {rule} {' '.join(wildcards)}: attempt {attempt} asks for {now} {unit}{limit}", file=sys.stderr, flush=True)
        return now

    return ask
