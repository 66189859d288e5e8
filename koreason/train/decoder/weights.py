"""Weights from a Hugging Face folder into the ranks of a model, and back into such a folder.

    load(model, shape, base)        # `base` is held against its manifest
    save(model, shape, base, out)

Both read the table `layout.weights`. Files are safetensors only.
"""

import json
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from safetensors import SafetensorError, safe_open
from torch import Tensor

from koreason.errors import UserError
from koreason.pretrained.files import INDEX, SINGLE, Stored, read_header
from koreason.pretrained.streamed import Entry, TensorFile, in_order
from koreason.pretrained.weights import is_carried, named, weights_of
from koreason.records.held import Held
from koreason.train.decoder.layout import Weight, weights
from koreason.train.decoder.shape import Shape

NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}


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
    """Fill this rank's part of `model`, converting to its dtype; one parameter is whole in memory at a time."""
    files = weight_files(base)
    opened: dict[str, Any] = {name: _open(base.path(name)) for name in set(files.values())}
    spelled = {plain: name for name, plain in named(files, shape).items()}
    own = dict(model.named_parameters())
    rank = _rank(model)
    for weight in weights(shape):
        full = [opened[files[spelled[name]]].get_tensor(spelled[name]) for name in weight.hugging_face]
        own[weight.megatron].data.copy_(weight.form.cut(full, shape)[rank])


def save(model: torch.nn.Module, shape: Shape, base: Held, out: Path) -> None:
    """Write the model as safetensors, laid out over files and named as its base is; every rank calls, the first one writes.

    What a wrapper holds beside the text model is carried through as it is. One parameter is whole in memory at a time.
    """
    files = weight_files(base)
    spelled = {plain: name for name, plain in named(files, shape).items()}
    by_file: dict[str, list[Weight]] = defaultdict(list)
    for weight in weights(shape):
        by_file[files[spelled[weight.hugging_face[0]]]].append(weight)
    carried = [name for name in files if is_carried(name, shape)]
    index: dict[str, str] = {}
    total = 0
    for file in sorted({*by_file, *(files[name] for name in carried)}):
        entries = _save_file(model, shape, base, out / file, by_file[file], [name for name in carried if files[name] == file], spelled)
        index.update(dict.fromkeys(entries, file))
        total += sum(entry.bytes for entry in entries.values())
    if len(set(index.values())) > 1 and torch.distributed.get_rank() == 0:
        text = json.dumps({"metadata": {"total_size": total}, "weight_map": dict(sorted(index.items()))}, indent=2)
        (out / INDEX).write_text(text + "\n", encoding="utf-8")


def _save_file(
    model: torch.nn.Module, shape: Shape, base: Held, path: Path, members: list[Weight], carried: list[str], spelled: dict[str, str]
) -> dict[str, Entry]:
    """Write one file, and say what is in it; all ranks gather in the order in which it lies there."""
    own, sizes = dict(model.named_parameters()), weights_of(shape)
    entries: dict[str, Entry] = {}
    source: dict[str, Weight | None] = {}
    for weight in members:
        dtype = NAMES[own[weight.megatron].dtype]
        entries |= {spelled[name]: Entry(dtype, sizes[name]) for name in weight.hugging_face}
        source |= dict.fromkeys((spelled[name] for name in weight.hugging_face), weight)
    if carried:
        stored = read_header(base.path(path.name))[0]
        entries |= {name: Entry(stored[name].dtype, stored[name].shape) for name in carried}
        source |= dict.fromkeys(carried)
    with TensorFile(path, entries) if torch.distributed.get_rank() == 0 else nullcontext() as file:
        before: Weight | None = None
        for name in in_order(entries):
            made = source[name]
            if made is None:
                if file:
                    _copy(file, name, base.path(path.name), stored[name])
            elif made is not before:  # of several tensors, which lie one after the other
                pieces = _gather(own[made.megatron], made, model)
                if file:
                    for one, tensor in zip(made.hugging_face, made.form.join(pieces, shape), strict=True):
                        file.write(spelled[one], tensor.contiguous().view(-1).view(torch.uint8).numpy().data)
            before = made
    return entries


def _copy(file: TensorFile, name: str, path: Path, stored: Stored) -> None:
    with open(path, "rb") as source:
        source.seek(stored.begin)
        file.write(name, source.read(stored.end - stored.begin))


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
