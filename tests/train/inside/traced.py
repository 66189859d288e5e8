"""One rank of a real layout without its GPUs: the peak of its memory, traced with tensors that hold nothing.

    python tests/train/inside/traced.py '{"name": {"configuration": {...}, "model": {...}, "tokens": 16384}}'     # in `megatron`

Prints one line, `RESULTS` and JSON: bytes by name. Ranks that are not there answer at once (torch's fake backend); the paths are those of a
GPU, and what is one kernel there takes no memory of its own.
"""

import json
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
import torch.distributed
from megatron.core import parallel_state
from megatron.core.tensor_parallel import random
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from koreason.pretrained.configuration import understand
from koreason.train.decoder import cpu, cuda
from koreason.train.decoder.shape import Shape
from koreason.train.documents.bins import Packed, assemble
from koreason.train.spec import Model, Schedule
from koreason.train.steps import adam, states
from koreason.train.steps.step import Trainer, form_groups

BLOCK = 512  # bytes, to which CUDA's allocator rounds
DOCUMENTS = 4  # of a bin
SCHEDULE = Schedule(
    epochs=1, max_steps=None, sequence_length=2**20, packing=True, global_batch=1, lr=1e-2, min_lr=1e-3, warmup_share=0.0,
    decay="cosine", weight_decay=0.1, beta1=0.9, beta2=0.95, clip=1.0, save_every=1, keep_checkpoints=1, seed=0,
)  # fmt: skip


class Memory(TorchDispatchMode):
    """Bytes of the storages that are alive, and their peak."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[int, int] = {}
        self.now = self.peak = self.inside = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self.see(leaf.untyped_storage())
        return out

    def see(self, storage: Any) -> None:
        key = storage._cdata
        size = -(-storage.nbytes() // BLOCK) * BLOCK
        if key not in self.sizes:
            weakref.finalize(storage, self.forget, key)
        self.now += size - self.sizes.get(key, 0)
        self.sizes[key] = size
        if not self.inside:
            self.peak = max(self.peak, self.now)

    def forget(self, key: int) -> None:
        self.now -= self.sizes.pop(key, 0)

    @contextmanager
    def kernel(self) -> Iterator[None]:
        """What is made and gone within it takes no memory."""
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
            if not self.inside:
                self.peak = max(self.peak, self.now)

    @contextmanager
    def resizing(self) -> Iterator[None]:
        """See storages that are emptied and filled again by hand."""
        real, copy = torch.UntypedStorage.resize_, torch.UntypedStorage.copy_

        def resize(storage: Any, size: int) -> Any:
            out = real(storage, size)
            self.see(storage)
            return out

        torch.UntypedStorage.resize_, torch.UntypedStorage.copy_ = resize, lambda storage, *_: storage
        try:
            yield
        finally:
            torch.UntypedStorage.resize_, torch.UntypedStorage.copy_ = real, copy


def peak(facts: dict[str, Any], spec: Model, tokens: int) -> dict[str, int]:
    """Bytes before a step and at its peak, of rank 0."""
    configuration, found = understand(facts)
    assert configuration is not None, found
    shape = Shape(**vars(configuration), tensor_parallel=spec.tensor_parallel)
    ranks = spec.tensor_parallel * spec.data_parallel
    torch.distributed.init_process_group("fake", rank=0, world_size=ranks, store=FakeStore())
    form_groups(spec)
    length = tokens // DOCUMENTS
    bounds = np.arange(DOCUMENTS + 1) * length
    # odd lengths are padded in attention; a fifth is prompt
    bounds[1:-1] += 13
    mask = np.ones(tokens, np.uint8)
    for start in bounds[:-1]:
        mask[start : start + length // 5] = 0
    item = assemble(Packed(np.zeros(tokens, np.int32), mask, bounds), range(DOCUMENTS), spec.tensor_parallel)
    memory = Memory()
    with FakeTensorMode(allow_non_fake_inputs=True), memory, memory.resizing(), cuda.pretended(memory.kernel):
        trainer = Trainer(shape, spec, SCHEDULE, lambda _: None)
        for part in states.parts_of(trainer.model, trainer.sharing):
            trainer.optimizer.state[part.master] = {name: torch.zeros_like(part.master) for name in adam.STATES}
        trainer.model.config.finalize_model_grads_func = None  # sums over ranks, in place
        before = memory.peak = memory.now
        trainer.gather([item])
    del trainer
    parallel_state.destroy_model_parallel()
    torch.distributed.destroy_process_group()
    return {"before": before, "peak": memory.peak}


def answer_for_all(into: list[Any], one: Any, group: Any = None) -> None:
    """What every rank says is what this one says: Megatron asks for the names of groups of parameters."""
    into[:] = [one] * len(into)


if __name__ == "__main__":
    cpu.install()
    torch.distributed.all_gather_object = answer_for_all
    # states of generators are compared by their numbers, and nothing is drawn
    random.CudaRNGStatesTracker.fork = lambda *_: nullcontext()
    random._fork_rng, random._get_all_rng_states, random._set_all_rng_states = nullcontext, tuple, lambda *_: None
    results = {}
    for name, asked in json.loads(sys.argv[1]).items():
        started = time.perf_counter()
        results[name] = peak(asked["configuration"], Model(**asked["model"]), asked["tokens"])
        print(
            name,
            {key: round(size / 2**30, 2) for key, size in results[name].items()},
            round(time.perf_counter() - started, 1),
            "s",
            file=sys.stderr,
        )
    print("RESULTS " + json.dumps(results))
