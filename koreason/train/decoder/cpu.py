"""Lets Megatron-core, which takes CUDA for granted, run on CPU and gloo; does nothing where CUDA exists.

    from koreason.train.decoder import cpu
    cpu.install()  # once per process, before a model is built

So training on a laptop and on a cluster is the same code. Each replacement below says which habit of Megatron it meets.
"""

import contextlib
import functools
import importlib
from typing import Any

import torch

from koreason.train.decoder.cuda import CPU, real

CONSTRUCTORS = ("tensor", "zeros", "ones", "empty", "full", "arange", "empty_like", "zeros_like")


@functools.cache
def install() -> None:
    """Replace what Megatron calls of `torch.cuda`; a second call does nothing."""
    if real():
        return
    importlib.import_module("torch._dynamo")  # it tabulates torch's functions, and must see the real ones
    _devices()
    _random_state()
    _tensor_types()


def _devices() -> None:
    """Megatron allocates on `torch.cuda.current_device()` or on the literal "cuda", and synchronizes streams."""
    torch.cuda.current_device = lambda: CPU
    torch.cuda.synchronize = lambda *_: None
    torch.cuda.stream = lambda *_: contextlib.nullcontext()
    torch.Tensor.cuda = lambda self, *_, **__: self
    torch.nn.Module.cuda = lambda self, *_, **__: self
    for name in CONSTRUCTORS:
        setattr(torch, name, _on_cpu(getattr(torch, name)))


def _on_cpu(constructor: Any) -> Any:
    @functools.wraps(constructor)
    def construct(*arguments: Any, **options: Any) -> Any:
        if options.get("device") is not None and torch.device(options["device"]).type == "cuda":
            options["device"] = CPU
        return constructor(*arguments, **options)

    return construct


def _random_state() -> None:
    """Megatron keeps a generator state per parallel group, and restores it when activations are recomputed."""
    torch.cuda.get_rng_state = lambda *_, **__: torch.get_rng_state()
    torch.cuda.set_rng_state = lambda state, *_, **__: torch.set_rng_state(state)
    torch.cuda.random.get_rng_state = torch.cuda.get_rng_state
    torch.cuda.manual_seed = lambda seed: torch.default_generator.manual_seed(seed)
    random: Any = importlib.import_module("megatron.core.tensor_parallel.random")
    random._set_cuda_rng_state = lambda state, *_, **__: torch.set_rng_state(state)


def _tensor_types() -> None:
    """Megatron's optimizers compare a tensor's type by name with `torch.cuda.FloatTensor`."""
    original = torch.Tensor.type

    def type_(self: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        answer = original(self, *arguments, **options)
        return answer.replace("torch.", "torch.cuda.", 1) if isinstance(answer, str) else answer

    torch.Tensor.type = type_
