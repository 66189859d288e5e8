"""Checks of the model against `transformers`, one rank of them:  RANK=0 WORLD_SIZE=1 MEET=/tmp/meet python check_model.py FOLDER"""

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tiny
import torch
from harness import run_checks
from megatron.core import parallel_state
from megatron.core.tensor_parallel.mappings import gather_from_tensor_model_parallel_region as gather
from safetensors.torch import load_file, save_file

from koreason.records.held import held
from koreason.train.decoder import weights
from koreason.train.decoder.parts.attention import attend
from koreason.train.decoder.parts.documents import Documents
from koreason.train.decoder.shape import read_shape
from koreason.train.documents.bins import Bin, Packed, assemble
from koreason.train.spec import Model, Schedule
from koreason.train.steps.step import Stopped, Trainer, connect, learning_rate, model_inputs

RANKS = int(os.environ["WORLD_SIZE"])
FAMILIES = list(tiny.configs())
LENGTHS = [9, 40, 23]
SCHEDULE = Schedule(
    epochs=1, max_steps=None, sequence_length=128, packing=True, global_batch=1, lr=1e-2, min_lr=1e-3, warmup_share=0.0,
    decay="cosine", weight_decay=0.1, beta1=0.9, beta2=0.95, clip=1e9, save_every=1, keep_checkpoints=1, seed=0,
)  # fmt: skip


def spec(**changes: Any) -> Model:
    base = {"tensor_parallel": RANKS, "data_parallel": 1, "sequence_parallel": False, "dtype": "float32", "recompute": False}
    return Model(**(base | changes))


@cache
def packed() -> Packed:
    generator = np.random.default_rng(0)
    bounds = np.cumsum([0, *LENGTHS])
    tokens = generator.integers(0, tiny.SIZES["vocab_size"], bounds[-1]).astype(np.int32)
    mask = np.ones(bounds[-1], np.uint8)
    for start in bounds[:-1]:
        mask[start : start + 5] = 0
    return Packed(tokens, mask, bounds)


def trainer(folder: Path, family: str, **changes: Any) -> Trainer:
    base = held(folder / family)
    shape = read_shape(base, RANKS)
    return Trainer(shape, spec(**changes), SCHEDULE, lambda model: weights.load(model, shape, base))


def batch(multiple: int = 1) -> Bin:
    return assemble(packed(), range(len(LENGTHS)), multiple)


@torch.no_grad()
def logits(built: Trainer, item: Bin) -> torch.Tensor:
    """Logits of a bin's tokens over the real vocabulary, [tokens, vocabulary]."""
    inputs = model_inputs(item)
    full = gather(built.model(inputs["tokens"], inputs["bounds"]))
    if full.shape[-1] > tiny.SIZES["vocab_size"]:
        assert (full[:, tiny.SIZES["vocab_size"] :] == float("-inf")).all()
    return full[: item.size, : tiny.SIZES["vocab_size"]]


def reference(family: str) -> Any:
    return tiny.model(tiny.configs()[family])


def check_logits_agree_with_transformers(folder: Path) -> None:
    for family in FAMILIES:
        document = assemble(packed(), [1], 1)
        with torch.no_grad():
            wanted = reference(family)(torch.from_numpy(document.tokens)[None]).logits[0]
        assert (logits(trainer(folder, family), document) - wanted).abs().max() < 1e-4, family


def check_packed_documents_equal_each_alone(folder: Path) -> None:
    for family in FAMILIES:
        theirs = reference(family)
        with torch.no_grad():
            alone = [theirs(torch.from_numpy(assemble(packed(), [item], 1).tokens)[None]).logits[0] for item in range(len(LENGTHS))]
        assert (logits(trainer(folder, family), batch()) - torch.cat(alone)).abs().max() < 1e-4, family


def check_a_document_at_the_end_of_a_long_bin_equals_itself_alone(folder: Path) -> None:
    length = 256
    for family, size in (("llama31", 16384), ("qwen3", 32768)):
        count = size // length
        tokens = np.tile(np.arange(length, dtype=np.int32) * 5 % 250, count)
        many = Packed(tokens, np.ones(size, np.uint8), np.arange(count + 1) * length)
        built = trainer(folder, family)
        alone = logits(built, assemble(many, [0], 1))
        last = logits(built, assemble(many, range(count), 1))[-length:]
        assert (last - alone).abs().max() < 1e-5, (family, size, float((last - alone).abs().max()))


def check_attention_and_its_gradients_do_not_depend_on_the_layout(_: Path) -> None:
    heads, groups, width, bounds = 6, 3, 16, [0, 1, 38, 97, 130]
    torch.manual_seed(1)
    plain = [torch.randn(bounds[-1], count, width, dtype=torch.float64) for count in (heads, groups, groups)]
    weights_of_sum = torch.randn(bounds[-1], heads * width, dtype=torch.float64)

    def gradients(layout: Any, function: Any, dtype: torch.dtype) -> list[torch.Tensor]:
        leaves = [tensor.clone().to(dtype).requires_grad_() for tensor in plain]
        out = function(*layout(leaves))
        (out * weights_of_sum.to(dtype)).sum().backward()
        return [out.detach(), *(leaf.grad for leaf in leaves)]

    def dense(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """The definition: one score for each pair of tokens, all but those of one document's past masked."""
        key, value = (tensor.repeat_interleave(heads // groups, 1) for tensor in (key, value))
        document = torch.bucketize(torch.arange(bounds[-1]), torch.tensor(bounds[1:]), right=True)
        allowed = (document[:, None] == document[None]).tril()
        scores = torch.einsum("qhw,khw->hqk", query, key) / width**0.5
        return torch.einsum("hqk,khw->qhw", scores.masked_fill(~allowed, float("-inf")).softmax(-1), value).flatten(1)

    layouts = {
        "contiguous": lambda leaves: leaves,
        "heads first": lambda leaves: [leaf.transpose(0, 1).contiguous().transpose(0, 1) for leaf in leaves],
        "parts of one": lambda leaves: torch.cat(leaves, 1).split([heads, groups, groups], 1),
        "width first": lambda leaves: [leaf.permute(2, 0, 1).contiguous().permute(1, 2, 0) for leaf in leaves],
    }
    wanted = gradients(layouts["contiguous"], dense, torch.float64)
    for name, layout in layouts.items():
        for dtype, rounding in ((torch.float64, 1e-12), (torch.float32, 1e-4)):
            found = gradients(layout, lambda *parts: attend(*parts, Documents(bounds, {})), dtype)
            assert all((mine - its).abs().max() < rounding for mine, its in zip(found, wanted, strict=True)), (name, dtype)


def check_documents_do_not_leak(folder: Path) -> None:
    built = trainer(folder, "llama")
    before = logits(built, batch())
    changed = batch()
    changed.tokens[9:49] = 7
    after = logits(built, changed)
    assert torch.equal(before[:9], after[:9]) and torch.equal(before[49:], after[49:])
    assert not torch.allclose(before[9:49], after[9:49])


def check_loss_and_gradient_norm_agree_with_transformers(folder: Path) -> None:
    for family in FAMILIES:
        theirs = reference(family)
        total, count = torch.tensor(0.0), 0
        for index in range(len(LENGTHS)):
            item = assemble(packed(), [index], 1)
            labels = torch.from_numpy(np.where(item.mask > 0, item.labels, -100))
            scores = theirs(torch.from_numpy(item.tokens)[None]).logits[0]
            total = total + torch.nn.functional.cross_entropy(scores, labels, ignore_index=-100, reduction="sum")
            count += int(item.mask.sum())
        (total / count).backward()
        norm = float(torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1e9))
        loss, own_norm = trainer(folder, family).step([batch()], 0.0)
        assert abs(loss / count - float(total.detach() / count)) < 1e-4, (family, loss / count, float(total.detach() / count))
        assert abs(own_norm - norm) < 1e-4 * norm, (family, own_norm, norm)


def check_round_trip_is_bit_exact(folder: Path) -> None:
    for family in FAMILIES:
        out = folder / f"export-{family}-{RANKS}"
        out.mkdir(exist_ok=True)
        built = trainer(folder, family)
        weights.save(built.model, read_shape(held(folder / family), RANKS), held(folder / family), out)
        if torch.distributed.get_rank() == 0:
            before, after = (load_file(path / "model.safetensors") for path in (folder / family, out))
            assert set(before) == set(after), family
            assert all(torch.equal(before[name], after[name]) for name in before), family
        torch.distributed.barrier()


def check_what_a_wrapper_carries_comes_out_as_it_was(folder: Path) -> None:
    """Gemma 3 as published: the text model inside of another, in two files, whose own weights nobody learns."""
    base, out = folder / f"wrapped-{RANKS}", folder / f"export-wrapped-{RANKS}"
    if torch.distributed.get_rank() == 0:
        base.mkdir(exist_ok=True)
        out.mkdir(exist_ok=True)
        text = {f"language_model.{name}": tensor for name, tensor in load_file(folder / "gemma3/model.safetensors").items()}
        vision = {"vision_tower.a": torch.randn(5, 3, dtype=torch.bfloat16), "multi_modal_projector.b": torch.randn(7)}
        last = {name: text.pop(name) for name in list(text) if ".layers.1." in name}
        files = {"model-00001-of-00002.safetensors": text, "model-00002-of-00002.safetensors": last | vision}
        for file, tensors in files.items():
            save_file(tensors, base / file)
        index = {"metadata": {}, "weight_map": {name: file for file, tensors in files.items() for name in tensors}}
        (base / "model.safetensors.index.json").write_text(json.dumps(index))
        facts = json.loads((folder / "gemma3/config.json").read_text())
        (base / "config.json").write_text(json.dumps({"model_type": "gemma3", "text_config": facts, "vision_config": {}}))
        tiny.declare(base)
    torch.distributed.barrier()
    shape = read_shape(held(base), RANKS)
    built = Trainer(shape, spec(), SCHEDULE, lambda model: weights.load(model, shape, held(base)))
    assert (logits(built, batch()) - logits(trainer(folder, "gemma3"), batch())).abs().max() == 0
    weights.save(built.model, shape, held(base), out)
    if torch.distributed.get_rank() == 0:
        for file in ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"):
            before, after = load_file(base / file), load_file(out / file)
            assert set(before) == set(after), file
            assert all(torch.equal(before[name], after[name]) and before[name].dtype == after[name].dtype for name in before), file
        maps = [json.loads((path / "model.safetensors.index.json").read_text())["weight_map"] for path in (base, out)]
        assert maps[0] == maps[1]
    torch.distributed.barrier()


def check_steps_keep_padding_zero_and_agree_with_one_rank(folder: Path) -> None:
    """Losses of several optimizer steps equal those of plain torch on the same model, so padding changes nothing."""
    for family in ("llama", "qwen25_tied", "qwen3", "gemma3"):
        built = trainer(folder, family)
        shape = read_shape(held(folder / family), RANKS)
        for _ in range(4):
            built.step([batch()], 1e-2)
        last = parallel_state.get_tensor_model_parallel_rank() == RANKS - 1
        padded = shape.padded_groups - shape.groups
        assert padded == (1 if RANKS == 2 and family != "gemma3" else 0)
        if padded and last:
            own = dict(built.model.named_parameters())
            group = (shape.heads_per_group + 2) * shape.head_width
            for name, parameter in own.items():
                if "linear_qkv" in name:
                    padding = parameter[-group:]
                elif "linear_proj" in name:
                    padding = parameter[:, -shape.heads_per_group * shape.head_width :]
                elif "word_embeddings" in name:
                    padding = parameter[-1:]
                else:
                    continue
                assert padding.abs().max() == 0, name
                state = built.optimizer.state[parameter]
                assert state["exp_avg"].abs().max() > 0 and parameter.abs().max() > 0, name
        losses = _plain_torch_losses(family)
        mine, _ = built.step([batch()], 0.0)
        assert abs(mine / batch().mask.sum() - losses) < 1e-4, (family, mine / batch().mask.sum(), losses)


def _plain_torch_losses(family: str) -> float:
    theirs = reference(family).train()
    decayed = [parameter for parameter in theirs.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in theirs.parameters() if parameter.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8)
    for _ in range(5):
        total, count = torch.tensor(0.0), 0
        for index in range(len(LENGTHS)):
            item = assemble(packed(), [index], 1)
            labels = torch.from_numpy(np.where(item.mask > 0, item.labels, -100))
            scores = theirs(torch.from_numpy(item.tokens)[None]).logits[0]
            total = total + torch.nn.functional.cross_entropy(scores, labels, ignore_index=-100, reduction="sum")
            count += int(item.mask.sum())
        optimizer.zero_grad()
        (total / count).backward()
        optimizer.step()
    return float(total.detach() / count)


def check_what_is_no_number_is_found_before_the_optimizer_takes_it_in(folder: Path) -> None:
    built = trainer(folder, "llama")
    names = dict(built.model.named_parameters())
    with torch.no_grad():
        names["decoder.layers.1.mlp.linear_fc2.weight"].view(-1)[3] = float("inf")
    before = {name: parameter.clone() for name, parameter in names.items()}
    losses, norm = built.backward([batch()]), built.clip()
    assert not np.isfinite([*losses, norm]).all()
    assert built.lost_at() == "model.layers.1.mlp.down_proj.weight itself"
    assert all(torch.equal(parameter, before[name]) for name, parameter in names.items())
    with torch.no_grad():
        names["decoder.layers.1.mlp.linear_fc2.weight"].view(-1)[3] = 0.0
    built.backward([batch()])
    names["decoder.layers.0.self_attention.linear_qkv.weight"].main_grad[0, 0] = float("nan")
    assert not np.isfinite(built.clip()) and built.lost_at() == "the gradient of model.layers.0.self_attn.q_proj.weight"


def check_a_stop_is_heeded_between_two_bins(folder: Path) -> None:
    built, asked = trainer(folder, "llama"), []

    def stopping() -> bool:
        asked.append(len(asked))
        return len(asked) == 2

    try:
        built.backward([batch()] * 4, stopping)
    except Stopped:
        assert asked == [0, 1]
    else:
        raise AssertionError("nobody stopped")
    assert np.allclose(built.step([batch()], 0.0), trainer(folder, "llama").step([batch()], 0.0)), "and nothing of it is left"


def check_a_step_of_which_nothing_is_learnt_is_a_step(folder: Path) -> None:
    item = batch()
    item.mask[:] = 0
    assert trainer(folder, "llama").step([item, item], 1e-3) == (0.0, 0.0)


def check_layout_options_change_nothing(folder: Path) -> None:
    wanted = [trainer(folder, "llama").step([batch(2)], 0.0)]
    split = {"sequence_parallel": True}
    for changes in ({"recompute": True}, {"recompute": "light"}, split, split | {"recompute": True}, split | {"recompute": "light"}):
        built = trainer(folder, "llama", **changes)
        assert np.allclose(wanted, [built.step([batch(2)], 0.0)], rtol=1e-5), changes


def check_bfloat16_trains_on_float32_copies(folder: Path) -> None:
    built = trainer(folder, "llama", dtype="bfloat16")
    losses = [built.step([batch()], 1e-3)[0] for _ in range(8)]
    assert losses[-1] < losses[0]
    parameter = next(built.model.parameters())
    assert parameter.dtype is torch.bfloat16 and parameter.main_param.dtype is torch.float32


def check_learning_rate_rises_and_falls(folder: Path) -> None:
    import dataclasses

    schedule = dataclasses.replace(SCHEDULE, warmup_share=0.2, lr=1.0, min_lr=0.1)
    rates = [learning_rate(schedule, step, 10) for step in range(10)]
    assert np.allclose(rates[:3], [1 / 3, 2 / 3, 1.0]) and rates[3:] == sorted(rates[3:], reverse=True)
    assert abs(rates[-1] - 0.1) < 1e-12
    linear = dataclasses.replace(schedule, decay="linear", warmup_share=0.0)
    assert np.allclose([learning_rate(linear, step, 4) for step in range(4)], [1.0, 0.7, 0.4, 0.1])
    constant = dataclasses.replace(schedule, decay="constant")
    assert learning_rate(constant, 9, 10) == 1.0


if __name__ == "__main__":
    torch.set_num_threads(1)
    connect(spec(), int(os.environ["RANK"]), RANKS, os.environ["MEET"])
    run_checks(globals(), Path(sys.argv[1]))
    os._exit(0)
