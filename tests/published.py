"""The workflow as a repository at a tag, from which other folders take it; no network: git is told that github.com is a folder.

published = publish(tmp_path)
published.snakemake(folder, "-n")        # in a folder whose Snakefile says github("lab/koreason", ..., tag="v1")
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from workflow_copy import HOME

from koreason.identity import laid

PARTS = (*laid.PARTS, "data", "LICENSE")
Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Published:
    """A bare repository at `root`/github.com/lab/koreason.git with the tag v1."""

    root: Path

    @property
    def bare(self) -> Path:
        return self.root / "github.com" / "lab" / "koreason.git"

    @property
    def commit(self) -> str:
        return git(self.bare, "rev-parse", "v1^{commit}").strip()

    def environment(self, **variables: str) -> dict[str, str]:
        """What a stranger's shell has: no folder of ours, and a cache of its own."""
        left_out = ("PYTHONDONTWRITEBYTECODE", "KOREASON_HOME", "KOREASON_SITE", "GITHUB_TOKEN")
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        redirected = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{self.root}/github.com/.insteadOf"}
        redirected |= {"GIT_CONFIG_VALUE_0": "https://github.com/", "XDG_CACHE_HOME": str(self.root / "cache")}
        environments = os.environ.get("KOREASON_ENVS") or str(HOME / ".envs")
        return {**kept, **redirected, "KOREASON_ENVS": environments, **variables}

    def call(self, folder: Path, *command: object, **variables: str) -> Result:
        """Type a command in a folder; programs are those of the environment that the tests run in."""
        tools = Path(sys.executable).parent
        program = [str(tools / str(command[0]) if (tools / str(command[0])).exists() else command[0]), *map(str, command[1:])]
        return subprocess.run(program, cwd=folder, env=self.environment(**variables), capture_output=True, text=True, timeout=300)

    def snakemake(self, folder: Path, *arguments: str, **variables: str) -> Result:
        return self.call(folder, "snakemake", "--cores", "2", *arguments, **variables)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    return subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True, text=True).stdout


def publish(root: Path) -> Published:
    """Publish the working tree as it is."""
    work = root / "work"
    for name in git(HOME, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS).split("\0"):
        if (HOME / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HOME / name, work / name)
    git(work, "init", "--quiet")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "A release")
    git(work, "tag", "v1")
    published = Published(root)
    git(root, "clone", "--quiet", "--bare", str(work), str(published.bare))
    return published
