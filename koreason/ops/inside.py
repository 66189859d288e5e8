"""The Snakemakes inside a job, which run the rule's command there: one that waits for `srun`, and below it one that runs the shell.

if workflow.remote_exec:
    inside.begin(workflow.local_exec)
"""

from contextlib import suppress
from typing import Any


def begin(innermost: bool) -> None:
    """Make up for what they leave undone; `innermost` is the one that runs the shell."""
    _record()
    _hand_on(innermost)


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


def _hand_on(innermost: bool) -> None:
    """Let the command hear that it has to make way, and its own end decide what the job's is.

    Slurm tells a step's first process only, which is Snakemake. That one would tell nobody, wait for the command, and end with status 1
    even where the command came to its end.
    """
    import psutil
    from snakemake.scheduling.job_scheduler import JobScheduler

    def told(*_: object) -> None:
        # a SIGTERM to the outer one's child, `srun`, would end the step
        for child in psutil.Process().children() if innermost else []:
            with suppress(psutil.NoSuchProcess):
                child.terminate()

    JobScheduler.exit_gracefully = told
