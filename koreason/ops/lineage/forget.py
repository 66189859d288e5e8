"""List everything that holds a prompt, and write the exclusion that the next run honours.

    koreason forget 5f0c31d2 --configfile config/demo.yaml
    koreason forget 5f0c31d2 91aa07 --with-twins --configfile config/demo.yaml

Type it in the run's folder. It writes withdrawn.yaml, a piece of configuration that is laid over the others (`run.withdrawn`), or adds to
the one that is there, and prints the command that honours it. It deletes nothing. Every pool is decided anew, and finished traces are
read again, which takes minutes and no teacher; where these come out as they were, nothing follows, else traces come from their journals,
and what was selected, packed and trained is made again. A twin of the prompt has the same text, or nearly, and would be kept in its
place: --with-twins excludes the whole group. The dump and what is made of it before the pool (source, cleaned texts, sketches) still hold
the text, and so do journals; what was made of the prompt (more options, a translation) goes with it, since it is made of the pool.
"""

import argparse
from pathlib import Path
from typing import Any

from koreason.config.files.exclusion import exclude, runs
from koreason.errors import UserError
from koreason.ops.lineage.holders import holders
from koreason.ops.lineage.life import Prompt, life, resolve
from koreason.ops.lineage.settings import settings

RESULTS = Path("results")
EXCLUSION = Path("withdrawn.yaml")
HEAD = """\
# Prompts that are excluded from every pool and from finished traces, written by `koreason forget`: laid over the other
# files, it stands last. To take one back, remove its line.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason forget`."""
    parser.add_argument("prompts", nargs="+", metavar="PROMPT_ID", help="ids of prompts, or their beginnings, in front of --configfile")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")
    parser.add_argument("--with-twins", action="store_true", help="exclude their twins, too")
    parser.add_argument("--dry-run", action="store_true", help="list only")


def main(arguments: argparse.Namespace) -> None:
    """List, and write the exclusion."""
    if not RESULTS.is_dir():
        raise UserError("there is no such folder", RESULTS.absolute(), "type it in the run's folder")
    # its own list would take the place of the others', as files that are laid over others do
    files = [path for path in arguments.configfile if path.resolve() != EXCLUSION.resolve()]
    config = settings(files)
    prompts = {prompt.prompt_id: prompt for prompt in (resolve(RESULTS, start) for start in arguments.prompts)}
    lives = {prompt_id: life(RESULTS, prompt, config) for prompt_id, prompt in prompts.items()}
    others = sorted({twin["prompt_id"] for known in lives.values() for row in known["twins"] for twin in row["others"]} - lives.keys())
    if arguments.with_twins:
        for twin in others:
            prompts[twin] = resolve(RESULTS, twin)
            lives[twin] = life(RESULTS, prompts[twin], config)
    for prompt_id, known in lives.items():
        print("\n".join(listed(prompts[prompt_id], known)))
    if others and not arguments.with_twins:
        print("\nthese twins have the same text, or nearly, and may be kept instead: --with-twins excludes them, too")
        print(f"  {' '.join(others)}")
    if arguments.dry_run:
        return
    ids = exclude(EXCLUSION, HEAD, ("run", "withdrawn"), set(lives) | set(config.get("run", {}).get("withdrawn", [])))
    print(f"\n{EXCLUSION} excludes {len(ids)} prompt{'s' * (len(ids) != 1)}. What it causes, and the run that honours it:")
    print(runs(EXCLUSION, files))


def listed(prompt: Prompt, known: dict[str, Any]) -> list[str]:
    """What holds a prompt: what the run makes again without it, and what goes on holding it."""
    found = holders(RESULTS, prompt, known)
    lines = ["", f"prompt {prompt.prompt_id} of source {prompt.source}"]
    for goes, title in ((True, "made again without it"), (False, "still holds it")):
        for row in (row for row in found if row["goes"] is goes):
            rows = "" if row["rows"] is None else f"{row['rows']} row{'s' * (row['rows'] != 1)}"
            lines.append(f"  {title:<22} {rows:>7}  {row['path']}")
    if known["dump"].get("path"):
        lines.append(f"  {'still holds it':<22} {'':>7}  {known['dump']['path']}, the dump: to have it gone there, edit it and its digest")
    lines += [f"  {'goes with it':<22} {'':>7}  prompt {child['prompt_id']} of source {child['source']}" for child in known["children"]]
    return lines
