"""What a run says on the terminal, in every way of starting it: its jobs, how many are left and for how long, and at the end what failed.

    listen(workflow)        # before its scheduler's first step

Snakemake's own words are many or, with `--quiet`, none. The last line here is the failing job's own, with its log beside it: it is printed
when the process ends, after all that Snakemake and its plugins have to say. After Ctrl-C it says what was saved and how to go on.
"""

import atexit
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from koreason.errors import AGAIN
from koreason.ops.watching.shown import spell
from koreason.workflow.pace import Pace

SHOWN = 5  # failed jobs whose own lines are repeated at the end
END = 1 << 16  # bytes of a log in which its last words are looked for
SIGN = "koreason: "


class Telling:
    """One run's words."""

    def __init__(self, workflow: Any, names: dict[str, str]) -> None:
        from snakemake.settings.enums import Quietness

        self.names, self.quiet = names, Quietness.ALL in (workflow.output_settings.quiet or ())
        self.stopped = False
        self._began: dict[Any, float] = {}
        self._ended: dict[Any, tuple[str, list[Path]]] = {}
        self._total = sum(bool(job.output) for job in workflow.dag.needrun_jobs())
        self._done = 0
        self._page: Path | None = None
        self._pace = Pace(Path("benchmarks"))
        self.waiting = [self.rule(job) for job in workflow.dag.needrun_jobs() if job.output]
        atexit.register(self.close)

    def rule(self, job: Any) -> str:
        """What a job's rule is called here."""
        return self.names.get(job.rule.name, str(job.rule.name))

    def name(self, job: Any) -> str:
        """A job as people name it: its rule, and what its paths name."""
        return " ".join([self.rule(job), "/".join(job.wildcards_dict.values())]).strip()

    def start(self, jobs: list[Any]) -> None:
        """Say what is started; on a cluster, submitted."""
        for job in filter(lambda job: not job.is_group() and job.output, jobs):
            self._began[job] = time.time()
            self._say(f"starts: {self.name(job)}")

    def finish(self, jobs: list[Any]) -> None:
        """Say what has ended well, and how much is left."""
        for job in filter(lambda job: not job.is_group() and job.output, jobs):
            self._done += 1
            if self.rule(job) == "page":
                self._page = Path(str(job.output[0])).absolute().with_name("index.html")
            took = time.time() - self._began.pop(job, time.time())
            rule = self.rule(job)
            self._pace.took(rule, took)
            if rule in self.waiting:
                self.waiting.remove(rule)
            left = self._total - self._done
            coming = f", {self._pace.left(self.waiting, max(len(self._began), 1))}" if left else ""
            self._say(f"done in {spell(took)}: {self.name(job)}; {self._done} of {self._total} jobs{coming}")

    def fail(self, job: Any) -> None:
        """Keep what a job said that failed."""
        if job.is_group() or not job.output:
            return
        self._began.pop(job, None)
        self._ended[job] = (self.name(job), [Path(str(log)).absolute() for log in job.log])
        if not self.stopped:
            self._say(f"FAILED: {self.name(job)}")

    def again(self, job: Any) -> None:
        """A failed job is tried once more."""
        self._ended.pop(job, None)

    def stop(self, what: str) -> None:
        """The run is stopped by Ctrl-C."""
        from snakemake.logging import logger

        self.stopped = True
        logger.setLevel(logging.CRITICAL)  # what it says of jobs that end now is not what happened
        print(f"\n{SIGN}stopping: {what}; Ctrl-C once more kills them", file=sys.stderr, flush=True)

    def close(self) -> None:
        """The last lines."""
        lines = []
        for name, logs in list(self._ended.values())[-SHOWN:]:
            said = next(filter(None, map(last_words, logs)), "ended without a word")
            lines.append(f"{name}: {said}" + (f" (log: {logs[0]})" if logs else ""))
        if len(self._ended) > SHOWN:
            lines.insert(0, f"{len(self._ended) - SHOWN} more jobs failed before these")
        if self.stopped:
            lines.append(f"stopped: {self._done} of {self._total} jobs are done and kept; {AGAIN}")
        elif self._page and not lines:
            lines.append(f"report: {self._page}")
        for line in lines:
            print(SIGN + line, file=sys.stderr, flush=True)

    def _say(self, text: str) -> None:
        if not self.quiet:
            print(f"{SIGN}{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def last_words(log: Path) -> str:
    """What a job's log says last of itself: its own line, else the last one of all."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - END))
            lines = [line.strip() for line in file.read().decode(errors="replace").replace("\r", "\n").splitlines()]
    except OSError:
        return ""
    own = [line.removeprefix(SIGN) for line in lines if line.startswith(SIGN)]
    return (own or [line for line in lines if line] or [""])[-1]


def listen(scheduler: Any, names: dict[str, str]) -> Telling:
    """Have a scheduler tell what it does."""
    telling = Telling(scheduler.workflow, names)
    run, finish, handle = scheduler.run, scheduler._finish_jobs, scheduler._handle_error

    def told_run(jobs: Any, executor: Any = None) -> None:
        telling.start(list(jobs))
        run(jobs, executor)

    def told_finish() -> None:
        ended = list(scheduler._tofinish)
        finish()
        telling.finish([job for job in ended if job not in scheduler.failed])

    def told_error(job: Any, *args: Any, **options: Any) -> None:
        handle(job, *args, **options)
        telling.fail(job)
        if job not in scheduler.failed:
            telling.again(job)

    scheduler.run, scheduler._finish_jobs, scheduler._handle_error = told_run, told_finish, told_error
    return telling
