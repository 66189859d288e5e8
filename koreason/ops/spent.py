"""Say what a run took on the cluster beside what it asked for, rule by rule, and suggest what to ask for next time.

    koreason spent                       # of the run in this folder
    koreason spent --since 2026-11-20 RUN_FOLDER

It takes memory, cores, GPU-hours and failed attempts from Slurm's accounting (`sacct`), for the jobs that the logs below
`logs/slurm` and each output's attempts name. Where there is no accounting it has what `attempts.jsonl` tells, and says so. The
suggestions are lines for `rules` in the site file: 1.2 times the most memory used and 1.5 times the longest time taken.
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from koreason.cluster.accounting import FAILED, LIVE, PUT_BACK, Attempt, of_folder, read_attempts
from koreason.config.rules import in_order, resources_of, rule_of
from koreason.errors import RESUMABLE, UserError
from koreason.records import attempts as lines
from koreason.records.whereabouts import job_of

LEAST_MB, LEAST_MINUTES = 1000, 5  # the Snakemake inside each job takes some, and starts anew each time


@dataclass(frozen=True)
class Told:
    """What an attempt's own line says; `job` is "" outside Slurm, `done` is its coming to its end, `saved` its asking to be run again.

    One that made several outputs has a line beside each, under one `name`; its seconds and tokens are shared by them.
    """

    name: tuple[Any, ...]
    rule: str
    output: str
    job: str
    seconds: float
    ended: float
    gpus: int
    tokens: float
    done: bool
    saved: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason spent`."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="RUN_FOLDER", help="folder of the run (default: this one)")
    parser.add_argument("--since", metavar="DATE", help="only what was written from then on, such as 2026-11-20 or 2026-11-20T18:00")


def main(arguments: argparse.Namespace) -> int:
    """Collect and print."""
    since = _since(arguments.since)
    told = [one for one in read_lines(arguments.folder / "results") if one.ended >= since]
    logged = dict(jobs_of_logs(arguments.folder / "logs" / "slurm", since))
    rules = {one.job: one.rule for one in told if one.job} | logged
    if not rules and not told:
        raise UserError("no job of a run", arguments.folder.resolve(), "name the folder that has its results and logs")
    attempts, silent = read_attempts(sorted(rules)) if rules else ([], "no job of it ran in Slurm")
    # asked for an array's id, sacct tells all of its tasks
    attempts = [attempt for attempt in of_folder(attempts, str(arguments.folder.resolve())) if attempt.job in rules]
    if attempts:
        known = {attempt.job for attempt in attempts}
        ended = [attempt for attempt in attempts if attempt.state not in LIVE]
        print("\n".join(table(ended, rules)))
        if live := len(attempts) - len(ended):
            print(f"{live} jobs have not ended yet and are not counted.")
        if lost := sorted(set(rules) - known, key=int):
            print(f"accounting does not know {len(lost)} of {len(rules)} jobs, such as {lost[0]}")
        print("\n".join(suggestions(ended, rules)))
        return 0
    print("\n".join(short_table(told)))
    print(f"From attempts.jsonl alone ({silent or 'accounting does not know these jobs'}): memory and cores are not known.")
    return 0


def _since(text: str | None) -> float:
    try:
        return datetime.fromisoformat(text).timestamp() if text else 0.0
    except ValueError:
        raise UserError(f"'{text}' is no date", "--since", "such as 2026-11-20 or 2026-11-20T18:00") from None


def read_lines(results: Path) -> Iterator[Told]:
    """Every attempt at every output below a folder; a line that lacks what is asked of it is left out."""
    for folder, attempts in lines.of_run(results):
        for line in attempts:
            try:
                stage = str(line["stage"])
                yield Told(
                    name=lines.name_of(line),
                    rule=rule_of(stage),  # an attempt is told of by its command's name
                    output=str(folder),
                    job=job_of(line),
                    seconds=lines.seconds(line),
                    ended=float(line["end"]),
                    gpus=lines.cards(line),
                    tokens=lines.tokens(line),
                    done=line.get("exit") == 0,
                    saved=line.get("exit") == RESUMABLE,
                )
            except (KeyError, TypeError, ValueError, AttributeError):
                continue


def jobs_of_logs(folder: Path, since: float = 0.0) -> Iterator[tuple[str, str]]:
    """(job id, rule) of the logs that Snakemake's Slurm plugin leaves, `rule_RULE/WILDCARDS/JOB.log`."""
    for path in sorted(folder.glob("rule_*/**/*.log")):
        if path.stem.isdigit() and path.stat().st_mtime >= since:
            yield path.stem, path.relative_to(folder).parts[0].removeprefix("rule_")


def by_rule(attempts: Iterable[Attempt], rules: dict[str, str]) -> dict[str, list[Attempt]]:
    """Attempts of each rule, in the pipeline's order."""
    found: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        found[rules[attempt.job]].append(attempt)
    return dict(sorted(found.items(), key=lambda item: in_order(item[0])))


def table(attempts: list[Attempt], rules: dict[str, str]) -> list[str]:
    """One line for each rule, and their sum."""
    columns = f"{'rule':<10}{'jobs':>6}{'asked MB':>10}{'used MB':>9}{'asked min':>11}{'used min':>10}{'CPU':>6}"
    columns += f"{'core-hours':>12}{'GPU-hours':>11}{'failed':>8}{'put back':>10}{'lost hours':>12}"
    lines = [columns]
    lines += [_line(rule, of_rule) for rule, of_rule in by_rule(attempts, rules).items()]
    lines.append(_line("total", attempts, whole=True))
    notes = "CPU: processor time beside walltime times cores. put back: preempted, or told to save and queued again. lost: failed\n"
    return [*lines, notes + "attempts; of a stage that goes on from what it saved, the most that was lost."]


def _line(name: str, attempts: list[Attempt], whole: bool = False) -> str:
    walls = sum(attempt.seconds * attempt.cores for attempt in attempts)
    busy = sum(attempt.cpu_seconds for attempt in attempts)
    used = [attempt.used_mb for attempt in attempts if attempt.used_mb is not None]
    limits = [attempt.limit_minutes for attempt in attempts if attempt.limit_minutes]
    failed = [attempt for attempt in attempts if attempt.state in FAILED]
    each = [
        f"{max((attempt.asked_mb for attempt in attempts), default=0):,.0f}",
        f"{max(used):,.0f}" if used else "?",
        f"{max(limits):,}" if limits else "none",
        f"{max((attempt.seconds for attempt in attempts), default=0) / 60:,.1f}",
    ]
    each = ["", "", "", ""] if whole else each
    line = f"{name:<10}{len({attempt.job for attempt in attempts}):>6}{each[0]:>10}{each[1]:>9}{each[2]:>11}{each[3]:>10}"
    line += f"{busy / walls if walls else 0:>6.0%}{walls / 3600:>12,.2f}{_gpu_hours(attempts):>11,.2f}"
    put_back = sum(attempt.state in PUT_BACK for attempt in attempts)
    return line + f"{len(failed):>8}{put_back:>10}{sum(attempt.seconds for attempt in failed) / 3600:>12,.2f}"


def _gpu_hours(attempts: Iterable[Attempt]) -> float:
    return sum(attempt.gpus * attempt.seconds for attempt in attempts) / 3600


def suggestions(attempts: list[Attempt], rules: dict[str, str]) -> list[str]:
    """Lines for the site file where what was asked for is far from what was used."""
    lines = []
    for rule, of_rule in by_rule(attempts, rules).items():
        if changed := suggest(of_rule):
            values = ", ".join(f"{key}: {value}" for key, value in changed.items())
            lines.append(f"  {resources_of(rule)}: {{{values}}}")
    return ["", "For the site file (what a rule asks for here, in MB and minutes):", "rules:", *lines] if lines else []


def suggest(attempts: list[Attempt]) -> dict[str, int]:
    """Memory and walltime for a rule: 1.2 times and 1.5 times the most that a finished job used, in full 100 MB and 5 minutes.

    What is within a fifth of that is left alone. A job killed for memory or time shows that more is needed than it had.
    """
    ended = [attempt for attempt in attempts if attempt.state == "COMPLETED"]
    used = [1.2 * attempt.used_mb for attempt in ended if attempt.used_mb is not None]
    used += [1.5 * attempt.asked_mb for attempt in attempts if attempt.state == "OUT_OF_MEMORY"]
    taken = [1.5 * attempt.seconds / 60 for attempt in ended]
    taken += [1.5 * attempt.seconds / 60 for attempt in attempts if attempt.state == "TIMEOUT"]
    found = {}
    first = attempts[0]
    if used and _far(memory := max(math.ceil(max(used) / 100) * 100, LEAST_MB), first.asked_mb):
        found["mem_mb"] = memory
    if taken and first.limit_minutes and _far(minutes := max(math.ceil(max(taken) / 5) * 5, LEAST_MINUTES), first.limit_minutes):
        found["runtime"] = minutes
    return found


def _far(suggested: float, asked: float) -> bool:
    return not 0.8 * asked <= suggested <= asked


def short_table(told: list[Told]) -> list[str]:
    """Outputs, attempts and time of each rule where Slurm's accounting is not there to say more."""
    rows = [
        f"{'rule':<12}{'outputs':>8}{'attempts':>10}{'failed':>8}{'put back':>10}"
        f"{'hours':>9}{'lost hours':>12}{'GPU-hours':>11}{'tokens':>13}"
    ]
    for rule in sorted({one.rule for one in told}, key=in_order):
        mine = [one for one in told if one.rule == rule]
        failed = [one for one in mine if not (one.done or one.saved)]
        once = [len({one.name for one in some}) for some in (mine, failed, [one for one in mine if one.saved])]
        rows.append(
            f"{rule:<12}{len({one.output for one in mine}):>8}{once[0]:>10}{once[1]:>8}{once[2]:>10}"
            f"{sum(one.seconds for one in mine) / 3600:>9.2f}{sum(one.seconds for one in failed) / 3600:>12.2f}"
            f"{sum(one.seconds * one.gpus for one in mine) / 3600:>11.2f}{sum(one.tokens for one in mine):>13,.0f}"
        )
    return rows
