"""Processor seconds of training on one core, against `transformers` on the same weights and documents.

    envs/run megatron python bench/train_cpu.py BASE [--bins 1024 4096] [--turns 3]

BASE is a base's folder with its manifest, such as results/bases/smollm2-135m; documents are random, a third of each a prompt. Against
`packed`: transformers with the documents of a bin in one row by their positions, SDPA and fused AdamW; and against `padded`: the same
documents as a batch, padded to the longest. All take a whole step: forward, backward, clipping, AdamW. Each in a process of its own, one
after the other, as 4,096 tokens take up to 17 GiB; the processor's seconds, which neighbours on the machine change less than the clock's.
Exit status 1 where the trainer is below 1.2 times packed or below padded at a bin's size.
"""

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from koreason.records.held import Held, held
from koreason.train.decoder import weights
from koreason.train.decoder.shape import read_shape
from koreason.train.documents.bins import Bin, Packed, assemble
from koreason.train.spec import Model, Schedule
from koreason.train.steps.step import Trainer, connect

# as a rank has them, and peers too; glibc and torch read them at the start of a process
RANK = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
LEAST = {"packed": 1.2, "padded": 1.0}
SPEC = Model(tensor_parallel=1, data_parallel=1, sequence_parallel=False, dtype="float32", recompute="none")
SCHEDULE = Schedule(
    epochs=1, max_steps=None, sequence_length=2**20, packing=True, global_batch=1, lr=1e-5, min_lr=0.0, warmup_share=0.0, decay="constant",
    weight_decay=0.01, beta1=0.9, beta2=0.95, clip=1.0, save_every=1, keep_checkpoints=1, seed=0,
)  # fmt: skip


def documents(tokens: int, vocabulary: int) -> tuple[Packed, int]:
    """Random documents that fill a bin, and how many."""
    rng = np.random.default_rng(tokens)
    lengths: list[int] = []
    while sum(lengths) < tokens:
        lengths.append(min(int(rng.lognormal(np.log(tokens / 5), 0.4)) + 16, tokens - sum(lengths)))
    bounds = np.cumsum([0, *lengths])
    mask = np.ones(tokens, np.uint8)
    for start, end in itertools.pairwise(bounds.tolist()):
        mask[start : start + (end - start) // 3] = 0
    return Packed(rng.integers(0, vocabulary, tokens).astype(np.int32), mask, bounds), len(lengths)


class Peer:
    """`transformers` with an optimizer of torch's."""

    def __init__(self, base: Held) -> None:
        from transformers import AutoModelForCausalLM

        self.model = AutoModelForCausalLM.from_pretrained(base.folder, dtype=torch.float32, attn_implementation="sdpa").train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, weight_decay=0.01, betas=(0.9, 0.95), fused=True)

    def step(self, **inputs: torch.Tensor) -> None:
        """A whole step."""
        self.optimizer.zero_grad()
        self.model(**inputs, use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


def packed_inputs(item: Bin) -> dict[str, torch.Tensor]:
    """One row of all documents; labels are shifted by the model, so a document's first token is not learnt."""
    lengths = np.diff(item.bounds)
    positions = np.arange(len(item.tokens)) - np.repeat(item.bounds[:-1], lengths)
    labels = np.full(len(item.tokens), -100)
    labels[1:] = np.where(item.mask[:-1] > 0, item.labels[:-1], -100)
    return {
        name: torch.from_numpy(array)[None] for name, array in (("input_ids", item.tokens), ("position_ids", positions), ("labels", labels))
    }


def padded_inputs(packed: Packed, count: int) -> dict[str, torch.Tensor]:
    """A row for each document."""
    items = [assemble(packed, [number], 1) for number in range(count)]
    longest = max(len(item.tokens) for item in items)
    rows: dict[str, list[np.ndarray[Any, Any]]] = {"input_ids": [], "attention_mask": [], "labels": []}
    for item in items:
        length, one = len(item.tokens), packed_inputs(item)
        for name, array, filler in (
            ("input_ids", item.tokens, 0),
            ("attention_mask", np.ones(length, int), 0),
            ("labels", one["labels"][0].numpy(), -100),
        ):
            rows[name].append(np.pad(array, (0, longest - length), constant_values=filler))
    return {name: torch.from_numpy(np.stack(found)) for name, found in rows.items()}


def way(name: str, base: Held, tokens: int) -> Callable[[], object]:
    """A whole step over a bin of so many tokens."""
    shape = read_shape(base, 1)
    packed, count = documents(tokens, shape.vocabulary)
    item = assemble(packed, range(count), 1)
    if name != "trainer":
        peer, inputs = Peer(base), packed_inputs(item) if name == "packed" else padded_inputs(packed, count)
        return lambda: peer.step(**inputs)
    with tempfile.TemporaryDirectory() as folder:
        connect(SPEC, 0, 1, f"{folder}/meet")
    trainer = Trainer(shape, SPEC, SCHEDULE, lambda model: weights.load(model, shape, base))
    return lambda: trainer.step([item], 1e-5)


def measured(name: str, base: Path, tokens: int, turns: int) -> tuple[float, float]:
    """Processor seconds of a step, the median of some after one to warm up, and GiB at the peak; in a process of its own."""
    program = "import sys, train_cpu; train_cpu.child(*sys.argv[1:])"
    command = [sys.executable, "-W", "ignore", "-c", program, name, str(base), str(tokens), str(turns)]
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, env=os.environ | RANK | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=True)
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, memory


def child(name: str, base: str, tokens: str, turns: str) -> None:
    """What `measured` starts."""
    torch.set_num_threads(1)
    step, seconds = way(name, held(Path(base) / "manifest.json"), int(tokens)), []
    for _ in range(int(turns) + 1):
        began = time.process_time()
        step()
        seconds.append(time.process_time() - began)
    print(json.dumps([statistics.median(seconds[1:]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]), flush=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path, help="folder of a converted model")
    parser.add_argument("--bins", type=int, nargs="+", default=[1024, 4096], help="tokens of a bin (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=3, help="of which the fastest counts (default: %(default)s)")
    arguments = parser.parse_args()
    slow = False
    for tokens in arguments.bins:
        own, memory = measured("trainer", arguments.base, tokens, arguments.turns)
        print(f"bins of {tokens}: trainer {tokens / own:.1f} tokens per processor second, {memory:.1f} GiB", flush=True)
        for name, least in LEAST.items():
            peer, memory = measured(name, arguments.base, tokens, arguments.turns)
            slow |= peer / own < least
            print(f"  {name} {tokens / peer:.1f}, {memory:.1f} GiB: {peer / own:.2f} times (goal {least})", flush=True)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
