"""What a task of `koreason submit` does on its node; submitit calls it.

    run("exec bin/koreason trace ... --shard 00000-of-00008 ...", ["00000-of-00008"], ["results/.../manifest.json"])

A task that was put back into the queue does this again: what its earlier turn finished is left alone.
"""

import shlex
import signal
import subprocess
from pathlib import Path


def run(commands: list[str], makes: list[str]) -> None:
    """Run a task's command for what it has yet to make; ends the process with the command's status where that is not 0.

    Args:
        commands: each unit's command, alike but for the unit's name.
        makes: the manifest of each unit, in a folder with the unit's name.
    """
    waiting = [(command, Path(made)) for command, made in zip(commands, makes, strict=True) if not Path(made).is_file()]
    if not waiting:
        return
    command, first = waiting[0]
    together = merge(command, [made.parent.name for _, made in waiting], first.parent)
    # as Snakemake starts the same command
    child = subprocess.Popen(["bash", "-euo", "pipefail", "-c", together])
    # submitit would let it pass
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
    status = child.wait()
    if status:
        raise SystemExit(status)


def merge(command: str, units: list[str], out: Path) -> str:
    """The command of one shard for several: `--shard A B C`, and `{shard}` in the folder that it writes."""
    if len(units) == 1:
        return command
    for option, one, all_of_them in (
        ("--shard", units[0], " ".join(map(shlex.quote, units))),
        ("--out", shlex.quote(str(out)), shlex.quote(str(out.parent / "{shard}"))),
    ):
        old, new = f" {option} {one} ", f" {option} {all_of_them} "
        if command.count(old) != 1:
            raise ValueError(f"{command}: has no single{old}")
        command = command.replace(old, new)
    return command
