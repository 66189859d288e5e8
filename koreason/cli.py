"""Command line: one subcommand per workflow rule.

    python -m koreason clean --help

A subcommand lives in its stage's module, which offers `SUMMARY`, `add_arguments(parser)` and `main(arguments)`;
it is imported only when asked for, so that no stage needs another stage's environment.
Exit status: 0 done, 2 the user's mistake (one line on standard error), 75 interrupted and resumable, 1 a defect.
"""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from koreason import imports
from koreason.errors import UserError, out_of_space
from koreason.workflow import code_digest

COMMANDS = {
    "base": ("koreason.bases.fetch", "bring a teacher or student to disk as Hugging Face safetensors"),
    "ingest": ("koreason.curate.ingest", "read one raw source into the common prompt table"),
    "clean": ("koreason.curate.clean", "filter and deduplicate sources into a prompt pool"),
    "trace": ("koreason.trace.shard", "let the teacher answer one shard of a pool"),
    "select": ("koreason.select.mix", "filter traces and draw a training mix"),
    "pack": ("koreason.train.pack", "tokenize a mix for one tokenizer, with its loss mask"),
    "train": ("koreason.train.launch", "train one model on one packed mix"),
    "train-rank": ("koreason.train.loop", "one rank of a training job (started by `train`)"),
    "generate": ("koreason.evaluate.generate", "let a model answer a benchmark"),
    "score": ("koreason.evaluate.score", "score a benchmark's answers"),
    "report": ("koreason.report.page", "write the report of a run"),
    "images": ("koreason.ops.images", "list the container images and what is wrong with them"),
    "build-images": ("koreason.ops.build", "build the container images"),
    "doctor": ("koreason.ops.doctor", "check whether this login node can run the pipeline, or write its site file"),
    "plan": ("koreason.ops.plan", "what a run would cost, and why each job would run"),
    "submit": ("koreason.ops.submit", "run one stage on the cluster as one array, without Snakemake"),
    "spent": ("koreason.ops.spent", "what a run took on the cluster, beside what it asked for"),
    "exec": ("koreason.ops.execute", "run a stage's command as the site says (used by the rules)"),
}


def parser_for(command: str | None) -> argparse.ArgumentParser:
    """Build the parser; only the module of `command` is imported, the others are listed by their summary."""
    parser = argparse.ArgumentParser(prog="koreason", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module_name, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == command:
            with imports.many():
                module = importlib.import_module(module_name)
            subparser.description = module.__doc__
            module.add_arguments(subparser)
            subparser.set_defaults(main=module.main)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        arguments = parser_for(argv[0] if argv and argv[0] in COMMANDS else None).parse_args(argv)
        os.environ["KOREASON_CODE"] = code_digest(arguments.main.__module__)  # for run.json
        return int(arguments.main(arguments) or 0)
    except UserError as error:
        print(f"koreason: {error}", file=sys.stderr)
        return 2
    except BaseException as error:
        if out_of_space(error):
            print(f"koreason: no space left on the disk ({error}); free some and run again, finished work is kept", file=sys.stderr)
            return 2
        raise
