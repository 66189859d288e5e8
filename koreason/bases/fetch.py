"""Bring a teacher or student to disk in Hugging Face's layout: safetensors, configuration, tokenizer.

    envs/run vllm python -m koreason base --spec '{"hub": "Qwen/Qwen3-32B", "revision": "<commit>", ...}' --out results/bases/qwen3-32b

A model comes from the Hugging Face hub at a fixed commit, from a folder of this machine, or from an installed Python
package that carries a GGUF file (which is converted once). Only safetensors are taken, and no code of the model's
makers is ever run.
"""

import argparse
import importlib.util
import json
import logging
import re
from pathlib import Path

from koreason.bases.spec import Base
from koreason.errors import UserError
from koreason.manifest import Stage, sha256_file
from koreason.settings import add_spec, expand, read_spec

SUMMARY = "bring a teacher or student to disk"
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
        for name in sorted({path.name for pattern in WANTED for path in arguments.out.glob(pattern)}):
            stage.add(name)
        check_layout(arguments.out)
        stage.counts["parameters"] = base.parameters


def from_hub(base: Base, stage: Stage) -> None:
    """Download a snapshot at a commit; a branch name is refused because what it means moves.

    Raises:
        UserError: no full commit id, or the hub or the model cannot be reached.
    """
    if not re.fullmatch(r"[0-9a-f]{40}", base.revision or ""):
        raise UserError(
            f"revision {base.revision!r} is not a full commit id", base.hub, "copy the 40 hexadecimal digits from the model's history"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(str(base.hub), revision=base.revision, allow_patterns=list(WANTED), local_dir=stage.out)
    except (HfHubHTTPError, LocalEntryNotFoundError, ConnectionError) as error:
        raise UserError(
            f"not to be had from the hub at {base.revision} ({str(error).splitlines()[0]})",
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
    for path in sorted({path for pattern in WANTED for path in folder.glob(pattern)}):
        link = stage.path(path.name)
        link.unlink(missing_ok=True)
        link.symlink_to(path)


def from_package(base: Base, stage: Stage) -> None:
    """Convert the GGUF file of an installed package to bfloat16 safetensors. The package itself is not imported.

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
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    for name in (
        "model.safetensors",
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    ):
        stage.path(name)  # so that a failing conversion takes its half-written files with it
    log.info("converting %s", source.name)
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=base.gguf, quantization_config=GgufConfig(dequantize=True), dtype=torch.float32, trust_remote_code=False
    )
    model.to(torch.bfloat16).save_pretrained(stage.out)
    AutoTokenizer.from_pretrained(folder, gguf_file=base.gguf, trust_remote_code=False).save_pretrained(stage.out)


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
