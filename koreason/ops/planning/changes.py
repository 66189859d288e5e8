"""What differs between two states of the package, as the rules see it.

    changed(Path("older"), HOME, "koreason.train.launch", "megatron")     # ["koreason/train/steps/loop.py", "envs/megatron.lock"]

What shows and does not compute is no difference, as in the rules' own keys.
"""

import re
from pathlib import Path
from typing import Any

from koreason.commands import COMMANDS, Command
from koreason.identity.code import meanings

STARTS = re.compile(r"\{resources\.start\} (\S+)")
RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^    shell:\n(.*?)(?=^    \w|\Z)", re.MULTILINE | re.DOTALL)


def command_of(rule: Any) -> Command | None:
    """The subcommand that one of Snakemake's rules starts; None for a rule of another workflow, or one that only collects."""
    found = STARTS.search(rule.shellcmd or "")
    return COMMANDS.get(found[1]) if found else None


def changed(older: Path, newer: Path, command: Command) -> list[str]:
    """Files of the package that decide what a subcommand makes and differ between two states of it, or stand in one of them only."""
    before, now = (meanings([command.module], home / "koreason") for home in (older, newer))
    names = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    files = [f"{name.replace('.', '/')}.py" if name.startswith("koreason.") else f"koreason/{name}" for name in names]
    lock = f"envs/{command.environment}.lock"
    return [*files, *([lock] if _bytes(older / lock) != _bytes(newer / lock) else [])]


def shells(home: Path) -> dict[str, str]:
    """Each rule's shell command, white space aside."""
    texts = (path.read_text(encoding="utf-8") for path in sorted((home / "rules").glob("*.smk")))
    found = {name: SHELL.search(body) for text in texts for name, body in RULE.findall(text)}
    return {name: " ".join(shell[1].split()) for name, shell in found.items() if shell}


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
