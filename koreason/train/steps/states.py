"""What of one rank a checkpoint keeps: the weights that the optimizer updates, in float32, and its states of them; of any layout.

    entries, tensors = snapshot(model, optimizer)      # on the host, copied
    restore([Path("00.safetensors"), ...], 1, trainer, shape)

With a distributed optimizer a rank updates a stretch of each parameter, laid flat: where it begins stands beside it. Put together from all
ranks that share a parameter it is what one rank holds without, and over tensor-parallel ranks it is joined and cut as weights are.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from koreason.pretrained.streamed import Entry
from koreason.train.decoder.layout import Weight, weights
from koreason.train.decoder.shape import Shape
from koreason.train.steps import adam

WEIGHT, PARTS = "weight", "parts"


@dataclass(frozen=True)
class Part:
    """What a rank updates of a parameter.

    Attributes:
        master: the float32 tensor in the optimizer, of the parameter's shape or a flat stretch of it.
        start: its first number's place in the parameter.
    """

    name: str
    parameter: Tensor
    master: Tensor
    start: int

    @property
    def whole(self) -> bool:
        """Whether it is all of the parameter, in its shape."""
        return tuple(self.master.shape) == tuple(self.parameter.shape)


def parts_of(model: torch.nn.Module, optimizer: Any) -> Iterator[Part]:
    """What this rank updates; `optimizer` is `Trainer.sharing`."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    if not hasattr(optimizer, "shard_fp32_groups"):
        for name, parameter in model.named_parameters():
            yield Part(name, parameter, getattr(parameter, "main_param", parameter), 0)
        return
    models = [*optimizer.model_fp32_groups, *optimizer.model_float16_groups]
    masters = [*optimizer.shard_fp32_groups, *optimizer.shard_fp32_from_float16_groups]
    for parameters, shards in zip(models, masters, strict=True):
        for parameter, shard in zip(parameters, shards, strict=True):
            yield Part(names[id(parameter)], parameter, shard, optimizer._get_model_param_range_map(parameter)["param"].start)


def snapshot(model: torch.nn.Module, optimizer: Any) -> tuple[dict[str, Entry], dict[str, Tensor], dict[str, str]]:
    """Entries, tensors on the host, and metadata of this rank's file; what follows in training does not change them."""
    tensors: dict[str, Tensor] = {}
    starts: dict[str, list[int]] = {}
    for part in parts_of(model, optimizer):
        state = optimizer.optimizer.state[part.master]
        tensors[f"{part.name}/{WEIGHT}"] = part.master
        tensors |= {f"{part.name}/{name}": state[name] for name in (*adam.STATES, adam.STEP)}
        if not part.whole:
            starts[part.name] = [part.start, *part.parameter.shape]
    host = {name: tensor.detach().to("cpu", torch.float32, copy=True).contiguous() for name, tensor in tensors.items()}
    entries = {name: Entry("F32", tuple(tensor.shape)) for name, tensor in host.items()}
    return entries, host, {"format": "pt", PARTS: json.dumps(starts)}


def restore(files: dict[int, list[Path]], model: Any, optimizer: Any, shape: Shape) -> None:
    """Put what was kept into a freshly built model and its optimizer.

    Args:
        files: of each tensor-parallel rank that wrote, those that share its parameters.
    """
    before, rank = replace(shape, tensor_parallel=len(files)), model.pg_collection.tp.rank()
    same = before.tensor_parallel == shape.tensor_parallel
    own, mine = dict(model.named_parameters()), {part.name: part for part in parts_of(model, optimizer)}
    with ExitStack() as stack:
        opened = {
            number: [_opened(stack.enter_context(safe_open(path, framework="pt"))) for path in paths]
            for number, paths in files.items()
            if not same or number == rank
        }
        for weight in weights(shape):

            def kept(state: str, weight: Weight = weight) -> Tensor:
                pieces = [_joined(group, f"{weight.megatron}/{state}") for _, group in sorted(opened.items())]
                return pieces[0] if same else weight.form.cut(weight.form.join(pieces, before), shape)[rank]

            parameter, part = own[weight.megatron], mine.get(weight.megatron)
            whole = kept(WEIGHT)
            parameter.data.copy_(whole)
            if part is None:
                continue
            part.master.data.copy_(_stretch(whole, part))
            states = {name: _stretch(kept(name), part).to(part.master.device, copy=True).contiguous() for name in adam.STATES}
            # of each tensor one of its own: one shared would count every parameter
            steps = _first(opened, f"{weight.megatron}/{adam.STEP}").to(part.master.device, copy=True)
            optimizer.optimizer.state[part.master] = states | {adam.STEP: steps}


@dataclass(frozen=True)
class _File:
    file: Any
    names: frozenset[str]
    starts: dict[str, list[int]]

    def part(self, tensor: str) -> tuple[int, tuple[int, ...], Tensor] | None:
        """Where it begins in its parameter, that one's shape, and what is there of it; None where it is not there."""
        if tensor not in self.names:
            return None
        found: Tensor = self.file.get_tensor(tensor)
        start, *shape = self.starts.get(tensor.rpartition("/")[0], [0, *found.shape])
        return start, tuple(shape), found


def _opened(file: Any) -> _File:
    return _File(file, frozenset(file.keys()), json.loads((file.metadata() or {}).get(PARTS, "{}")))


def _joined(files: list[_File], tensor: str) -> Tensor:
    found = sorted((part for file in files if (part := file.part(tensor))), key=lambda part: part[0])
    return torch.cat([piece.flatten() for _, _, piece in found]).view(found[0][1])


def _first(opened: dict[int, list[_File]], tensor: str) -> Tensor:
    return next(part[2] for group in opened.values() for file in group if (part := file.part(tensor)))


def _stretch(whole: Tensor, part: Part) -> Tensor:
    return whole.flatten()[part.start : part.start + part.master.numel()].view_as(part.master)
