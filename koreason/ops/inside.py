"""The Snakemake inside a job, which runs the rule's command there.

if workflow.remote_exec:
    inside.begin()
else:
    inside.start_alone()
"""

import shlex
import sys
from contextlib import suppress
from typing import Any

from koreason.ops.site import HOME

STEP = HOME / "profiles" / "slurm" / "step"


def start_alone() -> None:
    """Let jobs start the Snakemake that runs their shell at once, and not another one before it that waits for `srun` (2 s of CPU).

    `STEP` starts it as the only step of its job. A job over several tasks starts its steps itself: there the Snakemake is what the
    batch script runs.
    """
    if "snakemake_executor_plugin_slurm" not in sys.modules:  # Snakemake reads all executors before a Snakefile; who only plans, none
        return
    from snakemake_executor_plugin_slurm import Executor
    from snakemake_executor_plugin_slurm_jobstep import get_cpu_setting, get_gpu_setting, get_node_setting

    if Executor.cores == "all":  # another workflow of this run has seen to it
        return
    snakemake = Executor.format_job_exec

    def command(self: Any, job: Any) -> str:
        if job.resources.get("mpi"):
            return str(snakemake(self, job))
        layout = [get_cpu_setting(job, bool(job.resources.get("gpu"))), get_gpu_setting(job), get_node_setting(job)]
        return " ".join([shlex.quote(str(STEP)), *layout, snakemake(self, job)])

    Executor.format_job_exec = command
    Executor.additional_general_args = lambda self: ""  # it names the executor that would start the other one
    Executor.cores = "all"  # of the job, not as many as there are where Snakemake was typed


def begin() -> None:
    """Make up for what it leaves undone."""
    _record()
    _hand_on()


def _record() -> None:
    """Note with which parameters and inputs an output was made.

    Else only the Snakemake that submitted the job does, when it sees the job's end. Where that one was killed, a later change of those
    parameters would rerun nothing.
    """
    from snakemake.persistence import PersistenceBase
    from snakemake.settings.types import ExecMode

    finished = PersistenceBase.finished

    async def recorded(self: Any, job: Any) -> None:
        settings = self.dag.workflow.workflow_settings
        mode, settings.exec_mode = settings.exec_mode, ExecMode.DEFAULT
        try:
            await finished(self, job)
        finally:
            settings.exec_mode = mode

    PersistenceBase.finished = recorded


def _hand_on() -> None:
    """Let the command hear that it has to make way, and its own end decide what the job's is.

    Slurm tells a step's first process only, which is Snakemake. That one would tell nobody, wait for the command, and end with status 1
    even where the command came to its end.
    """
    import psutil
    from snakemake.scheduling.job_scheduler import JobScheduler

    def told(*_: object) -> None:
        for child in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):
                child.terminate()

    JobScheduler.exit_gracefully = told
