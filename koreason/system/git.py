"""What git knows of the package: its commit, and its states.

commit_of(HOME)                          # "4f1c…", with a + where files differ from it
unpack(HOME, "v0.1.0", Path("older"))
bundle(HOME, "4f1c…")                    # its history up to there, as one file that `git clone` takes
"""

import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from koreason.errors import UserError


def commit_of(home: Path) -> str:
    """A repository's commit with `+` where the tree differs from it; empty outside a checkout.

    In a job, which runs a copy, and in a container, where there is no git, KOREASON_COMMIT says what the planning process found. What
    was unpacked from a repository has a file that says it.
    """
    if "KOREASON_COMMIT" in os.environ:
        return os.environ["KOREASON_COMMIT"]
    if (unpacked := home / ".commit").is_file():
        return unpacked.read_text(encoding="utf-8").strip()
    git = ["git", "-C", str(home)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        dirty = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit + ("+" if dirty else "")


def unpack(home: Path, revision: str, folder: Path) -> None:
    """Put the package as it was at a revision of its repository into a folder.

    Raises:
        UserError: it is in no repository, or there is no such revision.
    """
    git = ["git", "-C", str(home), "archive", "--format=tar", revision, "koreason", "envs", "rules"]
    done = subprocess.run(git, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no answer"]
        raise UserError(f"git has no state '{revision}' of it ({said[-1]})", home, "name a tag or commit of this clone")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def bundle(home: Path, commit: str) -> bytes | None:
    """A repository's history up to a commit as a git bundle with the branch `archived`; None where there is none, or no such commit.

    The header is written here and the pack made anew, without what other packs have found: the same history gives the same bytes.
    """
    git = ["git", "-C", str(home)]
    try:
        known = subprocess.run([*git, "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True, check=False)
    except OSError:
        return None
    if known.returncode or not commit:
        return None
    pack = [*git, "pack-objects", "--revs", "--stdout", "-q", "--threads=1", "--no-reuse-delta", "--no-reuse-object", "--delta-base-offset"]
    made = subprocess.run(pack, input=f"{commit}\n".encode(), capture_output=True, check=True).stdout
    return f"# v2 git bundle\n{commit} refs/heads/archived\n\n".encode() + made
