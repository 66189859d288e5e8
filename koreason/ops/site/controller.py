"""The Snakemake that submits a run's jobs, as a job of its own: where login nodes end what runs long, and jobs have a walltime, too.

    koreason controller -- --configfile my.yaml              # what would stand behind `snakemake --profile slurm`
    koreason controller --minutes 720 --mail me@example.org -- --configfile my.yaml models

It writes `.koreason/controller/job.sh` and submits it, with one core and 2 GB, to the site file's `cpu` partition. Before its walltime is
over it submits its successor and ends; the run's jobs go on meanwhile, and the successor waits for them. It says so in
`.koreason/controller/JOB.log`. `scancel` of it is Ctrl-C: the jobs save what they have, and nobody succeeds. With --mail Slurm writes when
a turn ends, and when one fails.
"""

import argparse
import os

from koreason.cluster.controller import FOLDER, turn, write
from koreason.cluster.job import submit
from koreason.config.site import FIRST_STEP, VARIABLE, read_site
from koreason.errors import UserError
from koreason.workflow.dryrun import site_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason controller`."""
    parser.add_argument("--minutes", type=int, metavar="N", help="walltime of a turn (default: the partition's limit, or a day)")
    parser.add_argument("--mail", metavar="ADDRESS", help="to whom Slurm writes when a turn ends or fails")
    parser.add_argument("--turn", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- SNAKEMAKE'S OPTIONS", help="of `snakemake --profile slurm`")


def main(arguments: argparse.Namespace) -> int:
    """Submit the first turn, or be one."""
    path = site_path()
    if path is None:
        raise UserError("there is none", "site file", FIRST_STEP)
    os.environ[VARIABLE] = str(path)
    site = read_site(path)
    command = arguments.command[arguments.command[:1] == ["--"] :]
    if arguments.turn:
        return turn(site, command)
    if not command:
        raise UserError("lacks what it is to run", "koreason controller", "as in: koreason controller -- --configfile my.yaml")
    if arguments.minutes is not None and arguments.minutes < 1:
        raise UserError(f"{arguments.minutes} is no walltime", "--minutes", "give a number of minutes")
    number = submit(write(site, command, arguments.minutes, arguments.mail))
    print(f"controller: job {number}; it says what it does in {FOLDER.absolute() / number}.log; `scancel {number}` stops the run")
    return 0
