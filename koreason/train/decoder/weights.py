"""Weights from a Hugging Face folder into the ranks of a model, and back into such a folder.

    load(model, shape, base)        # `base` is held against its manifest
    save(model, shape, base, out)

Both read the table `layout.weights`. Files are safetensors only; one parameter is whole in memory at a time.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from koreason.errors import UserError
from koreason.neighbours import allowed
from koreason.pretrained.files import INDEX, SINGLE
from koreason.records.held import Held
from koreason.train.decoder.layout import Weight, weights
from koreason.train.decoder.shape import Shape


def weight_files(base: Held) -> dict[str, str]:
    """Name of each tensor of a Hugging Face folder to the file that holds it, one that its manifest names.

    Raises:
        UserError: there are no safetensors, they cannot be read, or are not what the manifest says.
    """
    if INDEX in base.names:
        path = base.path(INDEX)
        try:
            files: dict[str, str] = dict(json.loads(path.read_text(encoding="utf-8"))["weight_map"])
        except (ValueError, KeyError, TypeError):
            raise UserError("not an index of safetensors", path) from None
        if unknown := [file for file in files.values() if file not in base.names or not str(file).endswith(".safetensors")]:
            raise UserError(f"names {str(unknown[0])[:80]!r}, which is no safetensors file of its manifest", path)
        return files
    if SINGLE not in base.names:
        raise UserError(f"holds neither {SINGLE} nor {INDEX}", base.folder, "only weights in safetensors are read")
    with _open(base.path(SINGLE)) as file:
        return dict.fromkeys(file.keys(), SINGLE)


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise UserError(f"not readable safetensors ({error})", path) from None


def load(model: torch.nn.Module, shape: Shape, base: Held) -> None:
    """Fill this rank's part of `model`, converting to its dtype."""
    files = weight_files(base)
    opened: dict[str, Any] = {name: _open(base.path(name)) for name in set(files.values())}
    own = dict(model.named_parameters())
    rank = _rank(model)
    for weight in weights(shape):
        full = [opened[files[name]].get_tensor(name) for name in weight.hugging_face]
        own[weight.megatron].data.copy_(weight.form.cut(full, shape)[rank])


def save(model: torch.nn.Module, shape: Shape, base: Held, out: Path) -> None:
    """Write the model as safetensors, laid out over files as its base is; every rank calls, the first one writes."""
    files = weight_files(base)
    by_file: dict[str, list[Weight]] = defaultdict(list)
    for weight in weights(shape):
        by_file[files[weight.hugging_face[0]]].append(weight)
    own = dict(model.named_parameters())
    index: dict[str, str] = {}
    total = 0
    for file, members in sorted(by_file.items()):
        tensors: dict[str, Tensor] = {}
        for weight in members:
            pieces = _gather(own[weight.megatron], weight, model)
            if pieces:
                full = weight.form.join(pieces, shape)
                tensors.update((name, tensor.contiguous().clone()) for name, tensor in zip(weight.hugging_face, full, strict=True))
        if tensors:
            save_file(tensors, out / file, metadata={"format": "pt"})
            (out / file).chmod(allowed(0o666))  # safetensors makes it private
            index.update(dict.fromkeys(tensors, file))
            total += sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if len(by_file) > 1 and index:
        text = json.dumps({"metadata": {"total_size": total}, "weight_map": dict(sorted(index.items()))}, indent=2)
        (out / INDEX).write_text(text + "\n", encoding="utf-8")


def _group(model: Any) -> torch.distributed.ProcessGroup:
    group: torch.distributed.ProcessGroup = model.pg_collection.tp
    return group


def _rank(model: Any) -> int:
    return int(_group(model).rank())


def _gather(parameter: Tensor, weight: Weight, model: Any) -> list[Tensor]:
    """All ranks' pieces on the CPU of the first rank of all; elsewhere nothing."""
    piece = parameter.detach().contiguous()
    pieces = [piece]
    if weight.form.axis is not None:
        pieces = [torch.empty_like(piece) for _ in range(_group(model).size())]
        torch.distributed.all_gather(pieces, piece, group=_group(model))
    return [item.cpu() for item in pieces] if torch.distributed.get_rank() == 0 else []
