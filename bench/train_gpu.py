"""Training on one CUDA card: is it right, and how fast, against `transformers` on the same shape, weights and documents.

    bench/train_gpu.sh [OUT]                                              # all of it, in ten minutes at most
    envs/run megatron python bench/train_gpu.py exact|speed [--tiny]      # --tiny rehearses on a CPU

`exact`: attention's outputs and gradients by each way that this card has, in two layouts and odd lengths, within one process; float32 steps
against those of a CPU; the same steps twice, and from a copy of the states, to the same bytes. `speed`: tokens a second, share of the
card's peak in bfloat16 (6 operations for each weight of a product and token, and attention's), and memory, of Qwen2.5's shape with 1.5B and
3B and of two of 7B's layers in full width; over bins of 16k tokens met for the first time and again; beside it transformers with SDPA,
document by document, with Liger's kernels where they are installed. Prints one line of JSON for each, and says what it lacks.
"""

import argparse
import gc
import importlib.util
import json
import os
import sys
import tempfile
import time
import traceback
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from koreason.pretrained.configuration import understand
from koreason.train.cost import flops
from koreason.train.decoder import cuda
from koreason.train.decoder.layout import weights
from koreason.train.decoder.parts import attention
from koreason.train.decoder.parts.documents import Documents
from koreason.train.decoder.shape import Shape
from koreason.train.documents.bins import Bin, Packed, assemble, best_fit
from koreason.train.spec import Model, Schedule
from koreason.train.steps import states
from koreason.train.steps.step import Trainer, connect

SPEC = Model(tensor_parallel=1, data_parallel=1, sequence_parallel=False, dtype="bfloat16", recompute="none")
SCHEDULE = Schedule(
    epochs=1, max_steps=None, sequence_length=2**20, packing=True, global_batch=1, lr=1e-6, min_lr=0.0, warmup_share=0.0, decay="constant",
    weight_decay=0.01, beta1=0.9, beta2=0.95, clip=1.0, save_every=1, keep_checkpoints=1, seed=0,
)  # fmt: skip
QWEN = {"model_type": "qwen2", "rms_norm_eps": 1e-6, "rope_theta": 1e6, "max_position_embeddings": 32768}
NAMES = (
    "num_hidden_layers",
    "hidden_size",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "vocab_size",
    "tie_word_embeddings",
)
SIZES = {
    "1.5B": (28, 1536, 12, 2, 8960, 151936, True),
    "3B": (36, 2048, 16, 2, 11008, 151936, True),
    "7B, 2 layers": (2, 3584, 28, 4, 18944, 152064, False),
}
TINY = (2, 64, 4, 2, 96, 512, True)


def tell(what: str, **facts: Any) -> None:
    """One result."""
    print(json.dumps({"what": what} | {key: round(one, 5) if isinstance(one, float) else one for key, one in facts.items()}), flush=True)


def shape_of(sizes: tuple[Any, ...]) -> Shape:
    """A shape of Qwen2.5's family."""
    configuration, found = understand(QWEN | dict(zip(NAMES, sizes, strict=True)))
    assert configuration is not None, found
    return Shape(**vars(configuration), tensor_parallel=1)


def values(name: str, size: tuple[int, ...]) -> torch.Tensor:
    """The same numbers for a tensor's name, whoever asks."""
    if len(size) == 1:
        return torch.zeros(size) if name.endswith("bias") else torch.ones(size)
    return torch.empty(size).normal_(0.0, 0.02, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def made(shape: Shape, spec: Model) -> Trainer:
    """A trainer of such weights."""
    from koreason.pretrained.weights import weights_of

    sizes = weights_of(shape)

    def fill(model: torch.nn.Module) -> None:
        own = dict(model.named_parameters())
        for weight in weights(shape):
            full = [values(name, sizes[name]) for name in weight.hugging_face]
            own[weight.megatron].data.copy_(weight.form.cut(full, shape)[0])

    return Trainer(shape, spec, SCHEDULE, fill)


def bins(vocabulary: int, count: int, size: int, seed: int) -> list[Bin]:
    """Full bins of random documents, of lengths as those of traces; a fifth of each is prompt."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(rng.lognormal(np.log(size / 5), 0.62, 12 * count + 40), size // 16, size - size // 4).astype(np.int64)
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    mask = np.ones(bounds[-1], np.uint8)
    for start, length in zip(bounds[:-1], lengths, strict=True):
        mask[start : start + length // 5] = 0
    packed = Packed(rng.integers(0, vocabulary, bounds[-1]).astype(np.int32), mask, bounds)
    full = [group for group in best_fit(lengths, size) if lengths[group].sum() > 0.95 * size]
    return [assemble(packed, group, 1) for group in full[:count]]


def squares(batch: list[Bin]) -> int:
    """Sum of squared lengths."""
    return int(sum((np.diff(item.bounds.astype(np.int64)) ** 2).sum() for item in batch))


def clean() -> None:
    """Let go of what nobody holds."""
    gc.collect()
    if cuda.real():
        torch.cuda.empty_cache()
    cuda.peak_memory()


def timed(call: Callable[[], Any]) -> float:
    """Seconds until the device is done."""
    cuda.synchronize()
    began = time.perf_counter()
    call()
    cuda.synchronize()
    return time.perf_counter() - began


# ---- exactness


def exact_attention() -> None:
    """Each way of attention against the others, gradients too, by turns of two layouts, as one process meets them."""
    device, dtype = cuda.device(), torch.bfloat16 if cuda.real() else torch.float64
    worst = 0.0
    for width, heads, groups in ((128, 12, 2), (64, 9, 3), (256, 8, 4)):
        bounds = [0, 1, 38, 295, 1000, 1257]
        torch.manual_seed(width)
        plain = [torch.randn(bounds[-1], count, width, dtype=torch.float64) for count in (heads, groups, groups)]
        pull = torch.randn(bounds[-1], heads * width, dtype=torch.float64)
        documents = Documents(bounds, {})

        def gradients(
            layout: int, kind: str, of: torch.dtype, plain: Any = plain, pull: Any = pull, documents: Any = documents
        ) -> list[torch.Tensor]:
            leaves = [tensor.to(device, of, copy=True).requires_grad_() for tensor in plain]
            parts = leaves if layout == 0 else [leaf.transpose(0, 1).contiguous().transpose(0, 1) for leaf in leaves]
            if kind == "varlen":
                out = attention._varlen(*parts, documents, None, None).flatten(1)
            else:
                out = attention.attend(*parts, documents, window=None if kind == "full" else 100)
            (out * pull.to(device, of)).sum().backward()
            return [out.detach(), *(leaf.grad for leaf in leaves)]

        for kind in ("full", "window"):
            wanted = gradients(0, kind, torch.float32)
            ways = ["full", "varlen"] if kind == "full" and cuda.real() else [kind]
            for way in ways:
                for layout in (0, 1, 0):
                    found = gradients(layout, way, dtype)
                    off = max(
                        float((one.double() - two.double()).norm() / two.double().norm()) for one, two in zip(found, wanted, strict=True)
                    )
                    worst = max(worst, off)
                    if off > 0.02:
                        tell("attention", wrong=True, way=way, width=width, layout=layout, off=off)
    tell("attention of all ways and layouts, gradients too", furthest=worst, right=worst < 0.02)


def exact_steps(tiny: bool) -> None:
    """float32 on this device: against the CPU, twice, and from a copy of the states."""
    torch.backends.cuda.matmul.allow_tf32 = False
    shape = shape_of(TINY if tiny or not cuda.real() else (4, 256, 8, 2, 704, 32000, True))
    spec, batch = replace(SPEC, dtype="float32"), bins(shape.vocabulary, 2, 1024, 3)

    def run(steps: int, trainer: Trainer | None = None) -> tuple[Trainer, list[float]]:
        trainer = trainer or made(shape, spec)
        return trainer, [trainer.step(batch, 1e-4)[0] for _ in range(steps)]

    def digest(trainer: Trainer) -> int:
        found = 0
        for parameter in trainer.model.parameters():
            found = zlib.crc32(parameter.detach().cpu().numpy().tobytes(), found)
        return found

    first, losses = run(6)
    again, _ = run(6)
    tell("float32 repeats to the same bytes", right=digest(first) == digest(again), losses=losses)
    half, _ = run(3)
    _, kept, _ = states.snapshot(half.model, half.sharing)
    fresh = made(shape, spec)
    for part in states.parts_of(fresh.model, fresh.sharing):
        part.master.data.copy_(kept[f"{part.name}/weight"])
        states_of = {name: kept[f"{part.name}/{name}"].to(part.master.device) for name in ("exp_avg", "exp_avg_sq", "step")}
        fresh.optimizer.state[part.master] = states_of
    run(3, fresh)
    tell("float32 resumes to the same bytes", right=digest(first) == digest(fresh))
    light = made(shape, replace(spec, recompute="light"))
    full = made(shape, replace(spec, recompute="full"))
    run(6, light)
    run(6, full)
    tell("what is computed again changes no byte", light=digest(light) == digest(first), full=digest(full) == digest(first))


# ---- speed


def speed(name: str, shape: Shape, spec: Model, size: int, count: int) -> float | None:
    """Tokens a second of the trainer; None where it fails."""
    clean()
    batch, other = bins(shape.vocabulary, count, size, 5), bins(shape.vocabulary, 2, size, 9)
    trainer = made(shape, spec)
    for item in other:
        trainer.step([item], 0.0)  # two lengths: the kernels are made
    first = timed(lambda: trainer.step(batch, 0.0))
    seconds = min(timed(lambda: trainer.step(batch, 1e-6)) for _ in range(2))
    tokens, peak = sum(item.size for item in batch), cuda.peak_flops(cuda.name())
    memory, work = cuda.peak_memory(), flops(shape, tokens, squares(batch))
    tell(
        name, tokens_per_second=tokens / seconds, first_visit=tokens / first, mfu=work / seconds / peak if peak else None,
        peak_gib=memory / 2**30 if memory else None, recompute=spec.recomputes, tokens=tokens,
    )  # fmt: skip
    return tokens / seconds


def peer(name: str, shape: Shape, sizes: tuple[Any, ...], size: int, count: int, checkpointing: bool) -> float:
    """Tokens a second of transformers, document by document, which is its fastest way on these lengths."""
    from transformers import AutoModelForCausalLM, Qwen2Config

    clean()
    batch = bins(shape.vocabulary, count, size, 5)
    config = Qwen2Config(**dict(zip(NAMES, sizes, strict=True)), use_cache=False)
    with torch.device(cuda.device()):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.bfloat16).train()
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
    learnt = torch.tensor(sum(len(item.learnt[0]) for item in batch), device=cuda.device())

    def step() -> None:
        for item in batch:
            for start, end in zip(item.bounds[:-1], item.bounds[1:], strict=True):
                labels = np.full(end - start, -100)
                labels[1:] = np.where(item.mask[start : end - 1] > 0, item.labels[start : end - 1], -100)
                inputs = (torch.from_numpy(array)[None].to(cuda.device()) for array in (item.tokens[start:end], labels))
                model(*(), **dict(zip(("input_ids", "labels"), inputs, strict=True)), num_items_in_batch=learnt).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    step()
    seconds = min(timed(step) for _ in range(2))
    tokens, peak = sum(item.size for item in batch), cuda.peak_flops(cuda.name())
    tell(name, tokens_per_second=tokens / seconds, mfu=flops(shape, tokens, squares(batch)) / seconds / peak if peak else None)
    return tokens / seconds


def speeds(tiny: bool) -> None:
    """All shapes, the trainer and its peers, each in what memory it fits."""
    size, count = (256, 2) if tiny else (16384, 4)
    liger = importlib.util.find_spec("liger_kernel") is not None
    for name, sizes in {"tiny": TINY}.items() if tiny else SIZES.items():
        shape, found = shape_of(sizes), {}
        what = f"trainer, {name}"
        for recompute in ("none", "light", "full"):
            found["trainer"] = guarded(what, partial(speed, what, shape, replace(SPEC, recompute=recompute), size, count))
            if found["trainer"]:
                break
        for checkpointing in (False, True):
            what = f"transformers, {name}{', checkpointing' * checkpointing}"
            found["transformers"] = guarded(what, partial(peer, what, shape, sizes, size, count, checkpointing))
            if found["transformers"]:
                break
        if liger:
            from liger_kernel.transformers import apply_liger_kernel_to_qwen2

            # for good: the next shape's plain peer is measured before, in a process of its own
            apply_liger_kernel_to_qwen2(rope=True, rms_norm=True, swiglu=True, cross_entropy=False, fused_linear_cross_entropy=True)
            found["Liger"] = guarded(f"Liger, {name}", partial(peer, f"Liger, {name}", shape, sizes, size, count, False))
        peers = [one for key, one in found.items() if key != "trainer" and one]
        if found["trainer"] and peers:
            tell(f"times the fastest peer, {name}", times=found["trainer"] / max(peers), goal=1.5)
    if not liger:
        tell("lacks", what_is_missing="liger_kernel: its peer was not measured")


def guarded(name: str, call: Callable[[], Any]) -> Any:
    """What `call` gives; a failure, such as too little memory, is told and the next one goes on."""
    try:
        return call()
    except Exception as error:
        tell(name, failed=f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")
        if not isinstance(error, torch.OutOfMemoryError):
            traceback.print_exc()
        return None
    finally:
        clean()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=["exact", "speed"], help="same numbers as the reference, or speed")
    parser.add_argument("--tiny", action="store_true", help="a rehearsal of tiny shapes, on a CPU too")
    parser.add_argument("--shape", choices=list(SIZES), help="one shape only")
    arguments = parser.parse_args()
    if not cuda.real() and not arguments.tiny:
        print("lacks a CUDA card: --tiny rehearses on a CPU", file=sys.stderr)
        return 1
    for name in [name for name in SIZES if arguments.shape not in (None, name)]:
        del SIZES[name]
    with tempfile.TemporaryDirectory() as folder:
        connect(SPEC, 0, 1, f"{folder}/meet")
        tell("machine", card=cuda.name(), torch=torch.__version__, cudnn=torch.backends.cudnn.version(), date=time.strftime("%Y-%m-%d"))
        if "exact" in arguments.what:
            guarded("attention", exact_attention)
            guarded("float32", lambda: exact_steps(arguments.tiny))
        if "speed" in arguments.what:
            guarded("speed", lambda: speeds(arguments.tiny))
        sys.stdout.flush()
        os._exit(0)  # not through Megatron's clean-up


if __name__ == "__main__":
    sys.exit(main())
