"""Ctrl-C is the polite stop: jobs are told, given the time that the site promises them, and not put back into the queue.

    politely(scheduler, telling, site)      # before the scheduler's first step

At a terminal the jobs of this machine have heard it themselves. Those on a cluster are sent SIGTERM, as when they have to make way; a file
in the run's folder tells them that it is for good. Once more, and they are killed.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from koreason.cluster.execute import STOPPING
from koreason.cluster.job import tell
from koreason.config.site import Site
from koreason.workflow import driver
from koreason.workflow.telling import Telling

AFTER = 30  # seconds for which a job may take longer to end than its notice says
LOOK = 1.0  # seconds between looks at the jobs


def politely(scheduler: Any, telling: Telling, site: Site | None) -> None:
    """Have Ctrl-C stop the jobs of a scheduler so."""
    remote, executor = not scheduler.workflow.local_exec, scheduler._executor
    cancel: Callable[[], None] = executor.cancel

    def stop() -> None:
        telling.stop("jobs save what they have" + (" and leave the queue" if remote else ""))
        try:
            if remote and site is not None:
                make_way(_ids(executor), site)
            cancel()
        except KeyboardInterrupt:
            cancel()

    executor.cancel = stop


def settle(scheduler: Any) -> None:
    """Take note of jobs that have come to their end while the run was stopped."""
    with scheduler._lock:
        scheduler._finish_jobs()
        scheduler._error_jobs()


def make_way(jobs: list[str], site: Site) -> None:
    """Let jobs in Slurm save and end; returns when none is left, or their time is over."""
    if not jobs:
        return
    STOPPING.parent.mkdir(exist_ok=True)
    STOPPING.touch()
    tell(jobs)
    deadline = time.monotonic() + site.notice + AFTER
    while time.monotonic() < deadline and driver.left_over(Path.cwd()) & set(jobs):
        time.sleep(LOOK)


def go_on() -> None:
    """Jobs of this run may go back into the queue again."""
    STOPPING.unlink(missing_ok=True)


def _ids(executor: Any) -> list[str]:
    with executor.lock:
        return [str(job.external_jobid) for job in executor.active_jobs if job.external_jobid]
