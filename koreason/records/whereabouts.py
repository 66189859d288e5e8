"""Where a job runs: its host, the Slurm job that it is part of, and the GPUs that it may use.

    whereabouts()["host"], job_of(whereabouts())      # the node, and the job's id

The one place below `cluster` that reads Slurm's variables, so that a stage's record needs to know no cluster. They are empty on a
laptop, and in an interactive step they are those of the shell's job.
"""

import os
import platform
from collections.abc import Mapping
from typing import Any

JOB = "SLURM_JOB_ID"
# Under Slurm's own names, so that a record reads as the job's environment did.
SLURM = (JOB, "SLURM_JOB_NODELIST", "SLURMD_NODENAME", "SLURM_RESTART_COUNT")
GPUS = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


def whereabouts(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Facts for `run.json`: `host`, `slurm` (job id, its nodes, this node, how often it was put back), `gpus` as the job sees them."""
    return {
        "host": platform.node(),
        "slurm": {name: environment[name] for name in SLURM if name in environment},
        "gpus": next((environment[name] for name in GPUS if environment.get(name)), ""),
    }


def job_of(facts: Mapping[str, Any]) -> str:
    """The Slurm job that made what a `run.json` describes; empty outside Slurm."""
    return str(facts["slurm"].get(JOB, ""))
