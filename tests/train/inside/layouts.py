"""Ten steps of some tiny models in each layout of one, two and four ranks; one of four ranks:

    RANK=0 LOCAL_RANK=0 python tests/train/inside/layouts.py FOLDER NAME …     in the environment `megatron`

The first one prints one line, `RESULTS` and JSON: losses and gradient norms of the steps, by model and layout, and of the first step of
`transformers`.
"""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tiny
import torch
import torch.distributed
from megatron.core import parallel_state
from transformers import AutoModelForCausalLM

from koreason.records.held import held
from koreason.train.decoder import weights
from koreason.train.decoder.shape import read_shape
from koreason.train.documents.bins import Packed, Plan, assemble, plan_bins
from koreason.train.spec import Model, Schedule
from koreason.train.steps.step import Trainer, connect, form_groups, learning_rate

STEPS, DOCUMENTS = 10, 8  # all of them in each step, so that its loss tells what was learnt
SCHEDULE = Schedule(
    epochs=STEPS, max_steps=None, sequence_length=128, packing=True, global_batch=4, lr=1e-4, min_lr=1e-5, warmup_share=0.1,
    decay="cosine", weight_decay=0.1, beta1=0.9, beta2=0.95, clip=1.0, save_every=1, keep_checkpoints=1, seed=0,
)  # fmt: skip
ONE, TWO = {"tensor_parallel": 1}, {"tensor_parallel": 2}
LAYOUTS: dict[int, dict[str, dict[str, Any]]] = {
    1: {"one rank": ONE},
    2: {
        "TP2": TWO,
        "TP2, light": TWO | {"recompute": "light"},
        "TP2, SP": TWO | {"sequence_parallel": True},
        "TP2, SP, full": TWO | {"sequence_parallel": True, "recompute": "full"},
        "DP2": ONE | {"data_parallel": 2, "distributed_optimizer": False},
        "DP2, distributed": ONE | {"data_parallel": 2},
    },
    4: {"TP2, DP2, distributed": TWO | {"data_parallel": 2}},
}


def spec(layout: dict[str, Any]) -> Model:
    """The layout, and what all have in common."""
    common: dict[str, Any] = {"data_parallel": 1, "sequence_parallel": False, "dtype": "float32", "recompute": "none"}
    return Model(**common | layout)


def data() -> tuple[Packed, Plan]:
    """Documents of odd lengths, and the steps over them."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(9, 90, DOCUMENTS)
    bounds = np.cumsum([0, *lengths])
    mask = np.ones(bounds[-1], np.uint8)
    for start in bounds[:-1]:
        mask[start : start + 5] = 0
    tokens = rng.integers(0, tiny.SIZES["vocab_size"], bounds[-1]).astype(np.int32)
    return Packed(tokens, mask, bounds), plan_bins(lengths, SCHEDULE)


def steps(folder: Path, how: Model) -> list[list[float]]:
    """Loss and gradient norm of each."""
    base, (packed, plan) = held(folder), data()
    shape = read_shape(base, how.tensor_parallel)
    trainer = Trainer(shape, how, SCHEDULE, lambda model: weights.load(model, shape, base))
    rank, told = parallel_state.get_data_parallel_rank(), []
    for number in range(plan.steps):
        share = plan.share(number, rank, how.data_parallel)
        batch = [assemble(packed, documents, how.tensor_parallel if how.sequence_parallel else 1) for documents in share]
        sums = torch.tensor([sum(trainer.backward(batch)), sum(len(item.learnt[0]) for item in batch)], dtype=torch.float64)
        torch.distributed.all_reduce(sums, group=parallel_state.get_data_parallel_group())
        told.append([float(sums[0] / sums[1]), trainer.clip()])
        trainer.update(learning_rate(SCHEDULE, number, plan.steps))
    return told


def of_transformers(folder: Path) -> list[list[float]]:
    """Loss and gradient norm of the first step, document by document."""
    theirs, (packed, plan) = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa"), data()
    total, count = torch.tensor(0.0), 0
    for document in [document for documents in plan.step(0) for document in documents]:
        item = assemble(packed, [document], 1)
        labels = torch.from_numpy(np.where(item.mask > 0, item.labels, -100))
        scores = theirs(torch.from_numpy(item.tokens)[None]).logits[0]
        total = total + torch.nn.functional.cross_entropy(scores, labels, ignore_index=-100, reduction="sum")
        count += int(item.mask.sum())
    (total / count).backward()
    return [[float(total.detach() / count), float(torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1e9))]]


def main(folder: Path, *names: str) -> None:
    """Take all steps, and print."""
    rank = int(os.environ["RANK"])
    found: dict[str, dict[str, list[list[float]]]] = {name: {} for name in names}
    if rank == 0:  # before what stands in for CUDA is installed
        tiny.main(folder, *names)
        found = {name: {"transformers": of_transformers(folder / name)} for name in names}
    for ranks, layouts in LAYOUTS.items():
        if rank >= ranks:
            continue
        connect(spec(next(iter(layouts.values()))), rank, ranks, str(folder / f"meet-{ranks}"))
        for layout, changes in layouts.items():
            parallel_state.destroy_model_parallel()
            how = spec(changes)
            form_groups(how)
            for name in names:
                found[name][layout] = steps(folder / name, how)
        parallel_state.destroy_model_parallel()
        torch.distributed.destroy_process_group()
    if rank == 0:
        print("RESULTS " + json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.getLogger("megatron.core.transformer.transformer_layer").setLevel(logging.ERROR)  # wonders at an MLP of ours, once a layer
    main(Path(sys.argv[1]), *sys.argv[2:])
