"""Check whether this login node can run the pipeline on its cluster, and say what to do for each thing that is missing.

    koreason doctor --init-site              # write profiles/slurm/site.yaml from what Slurm says
    koreason doctor --configfile config/demo.yaml

One line for each check: ok, warning or error, what was found, and what to do. Exit status 2 if there is an error. Without Slurm it is a
laptop's: environments, memory, space. With
--configfile the run's models, their chat templates and what each rule asks for are checked, too. Nothing is submitted.
"""

import argparse
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from koreason.cluster.checks import Check, fits, site_checks, slurm_checks
from koreason.cluster.sitefile import choose, render
from koreason.cluster.slurm import Cluster, ask, is_there, read_cluster
from koreason.config.joined.experiments import trained_bases
from koreason.config.pinned import is_folder, pinned
from koreason.config.site import DEFAULT, FIRST_STEP, VARIABLE, Site, read_site
from koreason.config.variables import expand
from koreason.errors import UserError
from koreason.home import HOME, environments
from koreason.images import enter, record
from koreason.ops.planning import templates
from koreason.ops.planning.bases import strange
from koreason.ops.site import machine
from koreason.records.digests import sha256_file, write_atomically
from koreason.shown import printable, signs
from koreason.workflow.dryrun import read_plan, site_path

HOSTS = ("megatron", "vllm")  # environments that jobs run in beside `data`, where they run in no image
NOT_HERE = "not on disk; a job would fetch it, and compute nodes often have no internet"
COLOURS = {"ok": "32", "warning": "33", "error": "31"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason doctor`."""
    parser.add_argument("--init-site", action="store_true", help="write the site file (KOREASON_SITE, or profiles/slurm/site.yaml)")
    parser.add_argument("--force", action="store_true", help="replace a site file that is there")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's: check this run, too")


def main(arguments: argparse.Namespace) -> int:
    """Check, or write the site file."""
    if arguments.init_site:
        return init_site(Path(os.environ.get(VARIABLE) or HOME / DEFAULT).resolve(), arguments.force)
    worst = 0
    for check in examine(arguments.configfile):
        signs(line(check, sys.stdout.isatty()) + "\n")
        worst = max(worst, ("ok", "warning", "error").index(check.state))
    return 2 if worst == 2 else 0


def line(check: Check, colour: bool) -> str:
    """A check as it is printed."""
    state = f"{check.state:<8}"
    if colour:
        state = f"\033[{COLOURS[check.state]}m{state}\033[0m"
    return f"{state} " + printable(f"{check.what:<20} {check.finding}" + (f"; {check.do}" if check.do else ""))


def init_site(path: Path, force: bool) -> int:
    """Write a site file from what Slurm says.

    Raises:
        UserError: there is one, or Slurm does not say enough.
    """
    if path.exists() and not force:
        raise UserError("is there already", path, "give --force to replace it")
    cluster = read_cluster()
    if not cluster.partitions:
        raise UserError("Slurm does not answer", "scontrol show partition", "run this on a login node of the cluster")
    cpu, gpu = choose(cluster)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, render(cpu, gpu, cluster, enter.version() is not None))
    print(f"{path}: written; read it, then run `koreason doctor`")
    return 0


def examine(configfiles: list[Path]) -> Iterator[Check]:
    """All checks, in the order in which a run would meet what they look at."""
    yield environment("data")
    site, cluster, path = None, read_cluster(), site_path()
    if path is None and not is_there():
        yield from machine.laptop()
        for name in HOSTS:
            yield environment(name)
        yield machine.driver()
        yield from machine.filesystem(Path("results"))
        yield from run_checks(configfiles, None, cluster) if configfiles else ()
        return
    yield from slurm_checks(cluster)
    if path is None:
        yield Check("error", "site file", "there is none", FIRST_STEP)
    else:
        try:
            site = read_site(path)
            yield Check("ok", "site file", str(path))
        except UserError as error:
            yield Check("error", "site file", str(error))
    if site:
        yield from site_checks(site, cluster)
        yield from machine.limits(cluster, site)
        yield from software(site)
    yield machine.driver(site)
    yield from machine.filesystem(Path("results"))
    if configfiles:
        yield from run_checks(configfiles, site, cluster)


def environment(name: str) -> Check:
    """An environment of `envs/create`: there, and of the present lock."""
    folder = environments() / name
    stamp = folder / ".lock-digest"
    if not stamp.is_file():
        return Check("error", f"environment {name}", f"{folder} is not there", f"run envs/create {name}")
    if stamp.read_text(encoding="utf-8").strip() != sha256_file(HOME / "envs" / f"{name}.lock"):
        return Check("error", f"environment {name}", f"{folder} is of another lock than envs/{name}.lock", f"run envs/create {name}")
    return Check("ok", f"environment {name}", str(folder))


def software(site: Site) -> Iterator[Check]:
    """What jobs run in: images with an Apptainer that works, or the host's environments."""
    if site.containers is None:
        yield Check("ok", "containers", "the site file has none: jobs run in the environments of envs/create")
        for name in HOSTS:
            yield environment(name)
        return
    version = enter.version()
    if version is None:
        yield Check("error", "Apptainer", "not found", "load the site's module, or set containers: null in the site file")
    else:
        yield Check("ok", "Apptainer", version)
        yield user_namespaces()
        yield machine.squashfuse()
    try:
        for name, image, state in record.states(HOME / site.containers.images, HOME):
            found = f"{image.file}: {state}" if image else state
            yield Check(
                "ok" if state == "ok" else "error", f"image {name}", found, "" if state == "ok" else "make images, or copy it there"
            )
    except UserError as error:
        yield Check("error", "images", str(error))


def user_namespaces() -> Check:
    """Whether an ordinary user can enter a container: by user namespaces, or by Apptainer's setuid program."""
    good, reason = ask("unshare", "--user", "true")
    if good:
        return Check("ok", "user namespaces", "can be made here")
    setuid = "APPTAINER_SUID_INSTALL=1" in ask("apptainer", "buildcfg")[1]
    if setuid:
        return Check("ok", "user namespaces", "none, and Apptainer is installed setuid, which does as well")
    return Check("error", "user namespaces", f"cannot be made ({reason}), and Apptainer is not setuid", "ask your site for either")


def run_checks(configfiles: list[Path], site: Site | None, cluster: Cluster) -> Iterator[Check]:
    """What one run needs: its models on disk, and jobs that fit their nodes."""
    if absent := [file for file in configfiles if not file.is_file()]:
        raise UserError("no such configuration", absent[0])
    try:
        # as Snakemake reads it; `bases` are all models that the run needs, and what is planned is not there yet, as are `benches`
        jobs, config = read_plan(HOME / "Snakefile", configfiles, ["bases", "benches"])
    except UserError as error:
        yield Check("error", "configuration", str(error))
        return
    if site and cluster.config:
        yield from fits(config, site, cluster)
    files = " ".join(map(str, configfiles))
    fetch = f"fetch it here, before the run: envs/run data snakemake {{}} --cores 1 --configfile {files}"
    models, benches = ([job.wildcards[rule] for job in jobs if job.rule == rule] for rule in ("base", "bench"))
    for name in sorted(models):
        yield model(name, config["bases"][name], fetch.format("bases"))
    for name in sorted(trained_bases(config) | set(models)):
        if found := strange(name, config, Path("results"), models):
            yield Check("error", f"model {name}", f"not understood: {'; '.join(map(str, found))}", f"choose another model for bases.{name}")
    if not models:
        yield Check("ok", "models", "all of the run's are below results/bases")
    yield from asked(config, Path("results"), models)
    for name in sorted(benches):
        yield bench(name, config["benches"][name], fetch.format("benches"))
    if not benches:
        yield Check("ok", "benchmarks", "all of the run's are below results/benches")


def asked(config: dict[str, Any], results: Path, made: Collection[str] = ()) -> Iterator[Check]:
    """Whether the teachers that are there, and not to be `made` anew, can be asked as the recipes ask them."""
    known = templates.known(config, results, made)
    wrong = list(templates.unfit(config, results, made))
    for what, where, do in wrong:
        yield Check("error", "template", f"{where}: {what}", do)
    if not wrong:
        for teacher, said in known.items():
            yield Check("ok", f"template {teacher}", said)


def model(name: str, base: dict[str, Any], fetch: str) -> Check:
    """A model that is not below results/bases yet: where it will come from."""
    what = f"model {name}"
    if base.get("path"):
        try:
            folder = expand(base["path"])
        except UserError as error:
            return Check("error", what, str(error), f"correct bases.{name}.path")
        if folder.is_dir():
            return Check("ok", what, f"will be copied from {folder}")
        return Check("error", what, f"{folder} is no folder", f"correct bases.{name}.path")
    if base.get("package"):
        return Check("ok", what, f"will be taken from the package {base['package']}")
    try:
        pinned(str(base.get("hub")), base.get("revision"))
    except UserError as error:
        return Check("error", what, str(error), f"correct bases.{name}.revision")
    return Check("warning", what, NOT_HERE, fetch)


def bench(name: str, entry: dict[str, Any], fetch: str) -> Check:
    """A benchmark that is not below results/benches yet: whether its source is the one that the configuration means."""
    what, where = f"benchmark {name}", str(entry.get("file") or entry.get("hub") or "")
    try:
        path = expand(where)
        if entry.get("file"):
            found = sha256_file(path) if path.is_file() else None
            wrong = f"{path} is no file" if found is None else f"{path} has the SHA-256 {found}"
            good = found is not None and found == entry.get("sha256")
            return Check("ok", what, str(path)) if good else Check("error", what, wrong, f"correct benches.{name}.file or sha256")
        if is_folder(where):
            return (
                Check("ok", what, str(path))
                if path.is_dir()
                else Check("error", what, f"{path} is no folder", f"correct benches.{name}.hub")
            )
        pinned(where, entry.get("revision"))
    except UserError as error:
        return Check("error", what, str(error), f"correct benches.{name}")
    return Check("warning", what, NOT_HERE, fetch)
