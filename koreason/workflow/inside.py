"""The Snakemake inside a job, which runs the rule's command there.

begin() if workflow.remote_exec else start_alone(HOME)      # while a Snakefile is read
"""

import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

STEP = Path("profiles/slurm/step")


def start_alone(home: Path) -> None:
    """Let jobs start the Snakemake that runs their shell at once, and not another one before it that waits for `srun` (2 s of CPU).

    `STEP` of the laid-down package starts it as the only step of its job, with the Snakefile that is laid down where the main one is of
    the package `home`. A job over several tasks starts its steps itself: there the Snakemake is what the
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
        code = Path(os.environ["KOREASON_PLANNED"])
        main = Path(self.workflow.main_snakefile)
        if main.is_relative_to(home):
            self.snakefile = str(code / main.relative_to(home))
        if job.resources.get("mpi"):
            return str(snakemake(self, job))
        layout = [get_cpu_setting(job, bool(job.resources.get("gpu"))), get_gpu_setting(job), get_node_setting(job)]
        return " ".join([shlex.quote(str(code / STEP)), *layout, snakemake(self, job)])

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
