"""Hold what lies below `results/` against its manifests: every byte is read, and what was made of something broken is named.

    koreason verify                              everything below results/
    koreason verify trace results/models/small   one stage, and one folder
    koreason verify --repair                     also take back the manifests of what is broken
    koreason verify --rerun --from select        in a restored run: make parts of it again, and compare

Exit status 2 where something is broken. `--repair` removes manifests and nothing else: the outputs that they described are then made
again, from their journals and checkpoints where those hold the work. What is remembered of files is not believed, but renewed.
"""

import argparse
import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from koreason import progress
from koreason.archive.rerun import rerun
from koreason.arguments import whole
from koreason.config.rules import RULES, in_order, rule_of, stage_of
from koreason.errors import UserError
from koreason.ops.kept.outputs import PLACES, RESULTS, Output, dependents, depending, find
from koreason.records.held import Held, readers
from koreason.records.manifest import MANIFEST, RUN

PICKED_BY_ENGINES = ("base", "train")  # stages whose folders are given to libraries that pick files by themselves
SHOWN = 8  # of what depends on something broken


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason verify`."""
    parser.add_argument("what", nargs="*", metavar="STAGE|PATH", help=f"only these: {', '.join(PLACES.values())}, a folder or a file")
    parser.add_argument("--repair", action="store_true", help="take back the manifests of what is broken; removes nothing else")
    parser.add_argument("--rerun", action="store_true", help="in a run restored from its archive: make it again beside itself, and compare")
    parser.add_argument("--from", dest="start", metavar="STAGE", help="with --rerun: this stage and all that was made of it")
    parser.add_argument("--only", nargs="+", default=[], metavar="STAGE", help="with --rerun: these stages alone")
    parser.add_argument("--cores", type=whole(1), default=os.cpu_count() or 1, help="with --rerun: for Snakemake (default: all)")


def main(arguments: argparse.Namespace) -> int:
    """Read, tell, and take back if asked to; or make again and compare."""
    if arguments.rerun:
        return rerun(Path.cwd(), arguments.start, arguments.only, arguments.cores)
    if arguments.start or arguments.only:
        raise UserError("are for --rerun", "--from, --only", "give it, too")
    roots, stages = chosen(arguments.what)
    outputs = [output for root in roots for output in find(root) if not stages or stage_of(output.stage) in stages]
    if not outputs:
        raise UserError("there is no stage's output", ", ".join(map(str, roots)), "type it in the run's folder, or name a folder")
    total = read(outputs)
    broken = [output for output in outputs if output.broken or output.gone]
    blocked = [output for output in outputs if output.also and output.stage in PICKED_BY_ENGINES]
    made_of = dependents(roots)
    for output in outputs:
        tell(output, made_of)
    print(f"{len(outputs)} outputs, {total / 1e9:.2f} GB read: {len(broken) or 'none'} broken")
    if broken and arguments.repair:
        repair(broken)
    elif broken:
        print("`koreason verify --repair` takes their manifests back, so that they can be made again")
    return 2 if broken or blocked else 0


def chosen(what: list[str]) -> tuple[list[Path], list[str]]:
    """The folders to look into, and the stages to look at there; none are all.

    Raises:
        UserError: something is neither a stage nor a path.
    """
    names = dict.fromkeys((*PLACES.values(), *RULES))
    stages = [stage_of(word) for word in what if word in names]
    paths = [Path(word) for word in what if word not in names]
    for path in paths:
        if not os.path.lexists(path) and (len(path.parts) == 1 or not path.parent.is_dir()):
            raise UserError("is neither a stage nor a path", path, f"stages: {', '.join(names)}")
    if not paths and not RESULTS.is_dir():
        raise UserError("there is no such folder", RESULTS.absolute(), "type it in the run's folder, or name a folder")
    return [path if path.is_dir() else path.parent for path in paths] or [RESULTS], stages


def read(outputs: list[Output]) -> int:
    """Read every declared file on all cores and note what is wrong; returns the bytes that the manifests state."""
    files = [(output, name) for output in outputs if output.made is not None for name in output.made.names]
    sizes = [int(output.made.fact(name, "bytes")) for output, name in files if output.made is not None]
    with progress.bar(total=sum(sizes), what="verify", unit="B", scale=True) as bar, ThreadPoolExecutor(readers()) as pool:

        def wrong(file: tuple[Output, str]) -> str:
            output, name = file
            assert output.made is not None
            return output.made.wrong(name, trust=False)

        for (output, name), size, found in zip(files, sizes, pool.map(wrong, files), strict=True):
            bar.update(size)
            if found:
                output.broken.append(f"{output.folder / name}: {found}")
    for output in outputs:
        if output.made is not None:
            look_around(output, output.made)
    return sum(sizes)


def look_around(output: Output, made: Held) -> None:
    """Note another shard's output, and files that the manifest does not name."""
    shards = {str(facts["shard"]) for facts in made.made["files"].values() if "shard" in facts}
    if shards - {output.folder.name}:
        output.broken.append(f"{output.folder}: holds the output of shard {' '.join(sorted(shards))}")
    foreign = [name for name in made.foreign() if output.stage in PICKED_BY_ENGINES or not _of_another(output.folder, name)]
    foreign = [f"{output.folder / name}: its manifest does not name it" for name in foreign]
    if output.stage in PICKED_BY_ENGINES:
        foreign = [f"{line}, and engines would read it: move it away" for line in foreign]
    output.also += foreign


def _of_another(folder: Path, name: str) -> bool:
    """Whether a file in an output's folder belongs to another output, whose folder lies in it."""
    return any((folder / above / MANIFEST).is_file() or (folder / above / RUN).is_file() for above in list(Path(name).parents)[:-1])


def tell(output: Output, made_of: dict[Path, set[Path]]) -> None:
    """Print what is wrong with an output, and what was made of it."""
    for line in output.broken:
        print(f"broken   {line}")
    if output.gone:
        print(f"gone     {output.folder / MANIFEST}: taken back or lost; what it described counts as not made")
    if output.broken or output.gone:
        after = depending(output.folder, made_of)
        more = f" and {len(after) - SHOWN} more" if len(after) > SHOWN else ""
        print(f"         made of it: {', '.join(after[:SHOWN]) or 'nothing'}{more}")
    for line in output.also:
        print(f"foreign  {line}")


def repair(broken: Iterable[Output]) -> None:
    """Take back manifests, and say how what they described is made again: stage after stage, so that an unchanged result reruns nothing."""
    targets: dict[str, list[str]] = defaultdict(list)
    for output in broken:
        manifest = output.folder / MANIFEST
        if os.path.lexists(manifest):
            manifest.unlink()
            print(f"removed  {manifest}")
        targets[rule_of(output.stage)].append(str(manifest))
    print("make them again, one line after the other; what then comes out as it was makes nothing else run:")
    for _, manifests in sorted(targets.items(), key=lambda item: in_order(item[0])):
        print(f"    snakemake --configfile YOURS -- {' '.join(manifests)}")
