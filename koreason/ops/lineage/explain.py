"""Print a prompt's life: where it came from, what was changed, why it is in or out, and what was made of it.

    koreason explain 5f0c31d2                             the beginning of an id is enough
    koreason explain 5f0c31d2 --json                      the same for programs
    koreason explain --reason too_short --pool demo       what a filter ate, with the evidence
    koreason explain --reason not_json --source demo_webqa --sample 5 --seed 2

Type it in the run's folder, at any time: what a run has not made yet is left out. The dump is read again at the place that was
recorded and compared. Without --configfile the configuration is that of the last run here. Of a reason a sample is shown, the same one
for the same seed, from every pool, mix and source that has it, or from one; digits and mail addresses are blanked, because what was
dropped need not have been masked.
"""

import argparse
import json
from pathlib import Path

from koreason.errors import UserError
from koreason.ops.lineage.eaten import eaten, lines
from koreason.ops.lineage.life import life, resolve
from koreason.ops.lineage.settings import settings
from koreason.ops.lineage.tell import told

RESULTS = Path("results")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason explain`."""
    parser.add_argument("prompts", nargs="*", metavar="PROMPT_ID", help="id of a prompt, or its beginning, in front of --configfile")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")
    parser.add_argument("--json", action="store_true", help="print JSON, one object a prompt")
    parser.add_argument("--far", action="store_true", help="read the dump again also where much of it must be decompressed first")
    parser.add_argument("--reason", metavar="R", help="show what was dropped for this reason instead")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--pool", metavar="POOL", help="prompts that this pool dropped")
    where.add_argument("--mix", metavar="MIX", help="traces that this mix dropped")
    where.add_argument("--source", metavar="SOURCE", help="records that were rejected in this source")
    parser.add_argument("--sample", type=int, default=20, metavar="N", help="how many (20)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample (0)")


def main(arguments: argparse.Namespace) -> None:
    """Look and print."""
    if bool(arguments.prompts) == bool(arguments.reason):
        raise UserError("needs ids of prompts, or --reason", "explain", "see `koreason explain --help`")
    if arguments.sample < 1:
        raise UserError(f"is {arguments.sample}", "--sample", "accepted: at least 1")
    if not RESULTS.is_dir():
        raise UserError("there is no such folder", RESULTS.absolute(), "type it in the run's folder")
    if arguments.reason:
        chosen = {"pools": arguments.pool, "mixes": arguments.mix, "sources": arguments.source}
        places = eaten(RESULTS, arguments.reason, chosen, arguments.sample, arguments.seed)
        print(json.dumps(places, ensure_ascii=False, indent=1) if arguments.json else "\n".join(lines(places)))
        return
    config = settings(arguments.configfile)
    for number, start in enumerate(arguments.prompts):
        found = life(RESULTS, resolve(RESULTS, start), config, arguments.far)
        if arguments.json:
            print(json.dumps(found, ensure_ascii=False))
        else:
            print("\n".join([""] * bool(number) + told(found)))
