"""The package, where Snakemake reads its Snakefile out of a git repository: unpacked beside the workflow that names it.

    HOME = runpy.run_path(path)["bring"](workflow)     # `path`: where Snakemake has put this very file

It runs before there is a package to import from: standard library, and what Snakemake itself reads git with. What a machine adds to a
package, environments and images, belongs to the folder of the workflow that uses it and outlives a change of the tag: the package
gets links there. Packages of earlier tags stay, a few MB each: jobs of another run may use them.
"""

import io
import os
import secrets
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(".koreason/source")
LINK = Path(".koreason/home")  # to the package of the last plan: what people type starts there
MACHINE = (".envs", "containers/images", "profiles/slurm/site.yaml")


def bring(workflow: Any) -> Path:
    """The package that the Snakefile being read belongs to, at its tag; unpacked unless it is there.

    A dry run needs it, too: it reads rules and schema, and the launcher that makes the environments for a first run is in it. Where the
    workflow's folder may not be written, it goes to Snakemake's cache.
    """
    import git

    here = workflow.current_basedir
    if not hasattr(here, "ref"):
        print(
            f"koreason: {here}: needs its whole repository; name it as github(..., tag=...), gitlab or git+file",
            file=sys.stderr,
            flush=True,
        )
        os._exit(2)
    repository = here.hosted_repo.repo if hasattr(here, "hosted_repo") else git.Repo(here.repo_path)
    commit = str(repository.commit(here.ref).hexsha)
    at = f"{commit}:{here.path}" if here.path.strip("/") else commit
    main = Path(workflow.main_snakefile)
    folder = main.parent if main.is_file() else Path.cwd()
    if folder.name == "workflow":
        folder = folder.parent
    try:
        return _unpack(repository, at, commit, folder.resolve())
    except OSError:
        return _unpack(repository, at, commit, Path(workflow.sourcecache.cache_path, "koreason").resolve())


def _unpack(repository: Any, at: str, commit: str, folder: Path) -> Path:
    home = folder / FOLDER / commit[:12]
    (folder / ".envs").mkdir(parents=True, exist_ok=True)
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=home.parent, prefix=".new-"))
        try:
            packed = io.BytesIO()
            repository.archive(packed, at)
            packed.seek(0)
            with tarfile.open(fileobj=packed) as archive:
                archive.extractall(new, filter="data")
            (new / ".commit").write_text(commit + "\n")
            for name in MACHINE:
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).symlink_to(os.path.relpath(folder / name, (home / name).parent))
            (folder / ".koreason" / ".gitignore").write_text("*\n")  # the tag in the Snakefile says it all
            new.chmod(_allowed(0o777))
            new.rename(home)
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            if not home.is_dir():  # else another Snakemake was faster
                raise
    _link(folder / LINK, home)
    return home


def _allowed(mode: int) -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return mode & ~umask


def _link(link: Path, home: Path) -> None:
    target = Path(os.path.relpath(home, link.parent))
    if link.is_symlink() and link.readlink() == target:
        return
    new = link.with_name(f".{link.name}.{secrets.token_hex(8)}")
    new.symlink_to(target)
    new.replace(link)
    print(f"koreason: {link} is the package now; `{link}/bin/koreason setup` makes its environments", file=sys.stderr, flush=True)
