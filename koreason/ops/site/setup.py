"""Make a workflow's folder ready to run: environments, the profile for Slurm, and the cluster's site file where there is one.

    koreason setup        # where koreason is on the PATH
    .koreason/home/bin/koreason setup        # in a folder with a Snakefile that takes koreason from a tag, once it was planned

KOREASON_ENVS says where the environments go, 3 GB of packages that several folders may share; else into .envs of the folder. What is
there already stays as it is, so this may be typed again, as after a change of the tag. It says what comes next.
"""

import argparse
import os
import shutil
import subprocess
from pathlib import Path

from koreason.cluster.slurm import is_there
from koreason.config.site import DEFAULT, VARIABLE
from koreason.errors import UserError
from koreason.home import HOME

NAMES = ("data", "vllm", "megatron")
PROFILES = ("default", "slurm")
LINK = Path("slurm")  # `--profile slurm` is looked for beside the command's folder
UNPACKED = (".koreason", "source")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason setup`."""
    parser.add_argument("names", nargs="*", metavar="ENV", help=f"environments (default: {' '.join(NAMES)})")


def main(arguments: argparse.Namespace) -> int:
    """Set up the folder that uses this package."""
    folder = folder_of(HOME)
    environments = Path(os.environ.get("KOREASON_ENVS") or folder / ".envs").resolve()
    create(environments, arguments.names or list(NAMES))
    if folder != HOME:
        for name in PROFILES:
            if copied := profile(name, folder):
                print(f"{copied}: written")
    if not (folder / LINK).is_symlink() and not (folder / LINK).exists():
        (folder / LINK).symlink_to("profiles/slurm")
        print(f"{folder / LINK}: link to profiles/slurm, for `snakemake --profile slurm`")
    site = Path(os.environ.get(VARIABLE) or folder / DEFAULT)
    if is_there() and not site.exists():
        from koreason.ops.site.doctor import init_site

        try:
            init_site(site, force=False)
        except UserError as error:
            print(f"no site file yet: {error}")
    print("\n".join(next_steps(folder, environments, site)))
    return 0


def folder_of(home: Path) -> Path:
    """The folder whose workflow uses the package `home`: a checkout itself, or where it was unpacked."""
    return home.parents[2] if home.parts[-3:-1] == UNPACKED else home


def create(environments: Path, names: list[str]) -> None:
    """Have `envs/create` make environments.

    Raises:
        UserError: it could not; it has said why.
    """
    environments.mkdir(parents=True, exist_ok=True)
    made = subprocess.run([HOME / "envs" / "create", *names], env={**os.environ, "KOREASON_ENVS": str(environments)}, check=False)
    if made.returncode:
        raise UserError("not all environments could be made", environments, "mend what is said above, and type the same command again")


def profile(name: str, folder: Path) -> Path | None:
    """Give a folder one of the package's profiles; returns the file, or None where there is one already."""
    there = folder / "profiles" / name / "config.yaml"
    if there.exists():
        return None
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HOME / there.relative_to(folder), there)
    return there


def next_steps(folder: Path, environments: Path, site: Path) -> list[str]:
    """What to type now."""
    tools = environments / "data" / "bin"
    steps = [f"ready. In {folder}:"]
    if environments != (folder / ".envs").resolve():
        steps.append(f"  export KOREASON_ENVS={environments}")
    steps.append(f"  export PATH={tools}:$PATH")
    steps.append("  snakemake --cores 2                                    # the demo; --configfile FILE for a run of your own")
    if site.exists():
        steps.append(f"  snakemake --profile slurm --configfile FILE            # on the cluster, once you have read {site}")
    return steps
