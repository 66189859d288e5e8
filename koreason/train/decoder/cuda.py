"""All that training asks of CUDA, and what it does where there is none; `cpu.py` stands in for what Megatron asks of it.

    cuda.device()              # where this rank computes
    cuda.fused(normalize)      # a function of tensors that a GPU computes in one kernel

`pretended()` takes a GPU's paths where there is none, for memory to be traced with tensors that hold nothing.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor

F = TypeVar("F", bound=Callable[..., Any])
CPU = torch.device("cpu")
# Dense products in bfloat16, operations a second: NVIDIA's data sheets. A card is known by a part of its name, the longer ones first.
PEAKS = {
    "H100 NVL": 835e12, "H100 PCIe": 756e12, "H100": 989e12, "H200": 989e12, "GH200": 989e12, "H20": 148e12, "H800": 989e12,
    "B200": 2250e12, "GB200": 2500e12, "B300": 2250e12, "A100": 312e12, "A800": 312e12, "A40": 150e12, "A30": 165e12, "A10": 125e12,
    "L40S": 362e12, "L40": 181e12, "L4": 121e12, "RTX 4090": 165e12, "RTX 3090": 71e12, "RTX A6000": 155e12,
}  # fmt: skip
_traced: Callable[[], Any] | None = None  # set by `pretended`: what goes on within one kernel


def present() -> bool:
    """Whether this process computes on a GPU, or pretends to."""
    return _traced is not None or real()


def real() -> bool:
    """Whether there is a GPU."""
    return bool(torch.cuda.is_available())


def device() -> torch.device:
    """Where this rank computes."""
    return torch.device("cuda", torch.cuda.current_device()) if real() else CPU


def count() -> int:
    """GPUs that this process sees."""
    return torch.cuda.device_count() if real() else 0


def take(number: int) -> None:
    """Compute on one of the GPUs; Slurm shows a task all of its node, or only its own."""
    if real():
        torch.cuda.set_device(number % torch.cuda.device_count())


def backend() -> str:
    """What ranks talk by."""
    return "nccl" if real() else "gloo"


def name() -> str:
    """The device's name."""
    return str(torch.cuda.get_device_name()) if real() else "cpu"


def synchronize() -> None:
    """Wait for what was begun."""
    if real():
        torch.cuda.synchronize()


def peak_memory() -> int | None:
    """Bytes that tensors have taken at most since the last call; None without a GPU."""
    if not real():
        return None
    most = int(torch.cuda.max_memory_allocated())
    torch.cuda.reset_peak_memory_stats()
    return most


def peak_flops(card: str) -> float | None:
    """Operations a second that a card could do in bfloat16; None where it is not known."""
    found = [part for part in PEAKS if part.lower() in card.lower()]
    return PEAKS[max(found, key=len)] if found else None


def has_cudnn_attention() -> bool:
    """Whether cuDNN's attention is there, which is the fastest; it wants Ampere or later."""
    if not real():
        return present()
    return bool(torch.backends.cudnn.is_available()) and torch.cuda.get_device_capability() >= (8, 0)


@functools.cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    # bins differ in length: after a second one the length is a variable of the kernel
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 64)
    return torch.compile(function)  # type: ignore[no-any-return]


def fused(function: F) -> F:
    """A function of tensors, elementwise but for sums: compiled on a GPU, as it is on a CPU."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        if real():
            return _compiled(function)(*arguments)
        with within_a_kernel():
            return function(*arguments)

    return call  # type: ignore[return-value]


def within_a_kernel() -> Any:
    """Around what takes no memory of its own on a GPU."""
    return _traced() if _traced is not None else nullcontext()


@contextmanager
def pretended(kernel: Callable[[], Any]) -> Iterator[None]:
    """Take a GPU's paths on tensors that hold nothing; `kernel` is entered around what would be one kernel."""
    global _traced
    _traced = kernel
    try:
        yield
    finally:
        _traced = None


def add_product(into: Tensor, one: Tensor, other: Tensor) -> None:
    """Add a product of matrices in place, in float32 whatever their type is: `into += one @ other`."""
    if one.is_cuda and one.dtype is not torch.float32:
        torch.addmm(into, one, other, out_dtype=torch.float32, out=into)
        return
    with within_a_kernel():
        into.addmm_(one.float(), other.float())
