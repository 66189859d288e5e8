"""Checks of what a layer is made of against its definitions, one rank of them.

RANK=0 WORLD_SIZE=1 MEET=/tmp/meet python check_parts.py FOLDER
"""

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from harness import run_checks
from megatron.core import parallel_state
from torch import Tensor

from koreason.train.decoder.parts import elementwise, gradients, head
from koreason.train.decoder.parts.attention import attend
from koreason.train.decoder.parts.documents import Documents
from koreason.train.spec import Model
from koreason.train.steps.step import connect

RANKS = int(os.environ["WORLD_SIZE"])
SPEC = Model(tensor_parallel=RANKS, data_parallel=1, sequence_parallel=False, dtype="float32", recompute="none")


def agree(mine: Callable[..., Tensor], definition: Callable[..., Tensor], *inputs: Tensor, rounding: float = 1e-10) -> None:
    """Hold outputs and gradients of two functions against each other, in float64."""
    found = []
    for function in (mine, definition):
        leaves = [one.clone().requires_grad_() for one in inputs]
        out = function(*leaves)
        torch.manual_seed(3)
        (out * torch.randn(out.shape, dtype=out.dtype)).sum().backward()
        found.append([out.detach(), *(leaf.grad for leaf in leaves)])
    assert all((one - other).abs().max() < rounding for one, other in zip(*found, strict=True))


def check_norms_gates_and_rotations_have_the_gradients_of_their_definitions(_: Path) -> None:
    torch.manual_seed(1)
    x, weight = torch.randn(7, 2, 12, dtype=torch.float64), torch.randn(12, dtype=torch.float64)
    # the definition's float() is of float32: rounding of a step there, and none of the formula
    for centred in (False, True):
        norm, plain = elementwise.Norm.apply, elementwise.normalize
        agree(lambda a, b: norm(a, b, 1e-6, centred), lambda a, b: plain(a, b, 1e-6, centred), x, weight, rounding=1e-5)  # noqa: B023
    for gelu in (False, True):
        agree(lambda a: elementwise.Gated.apply(a, gelu), lambda a: elementwise.gate(a, gelu), x)  # noqa: B023
    angles = torch.randn(7, 1, 4, dtype=torch.float64).repeat(1, 1, 2)
    cos, sin = angles.cos(), angles.sin()
    heads = torch.randn(7, 3, 8, dtype=torch.float64)
    agree(lambda a: elementwise.Rotate.apply(a, cos, sin), lambda a: elementwise.rotate(a, cos, sin), heads)
    mixed = torch.randn(7, 2, 5, 8, dtype=torch.float64)
    agree(
        lambda a: torch.cat(elementwise.SplitRotate.apply(a, cos, sin), 1),
        lambda a: torch.cat(elementwise.split_rotate(a, cos, sin), 1),
        mixed,
    )


def check_windows_are_those_of_their_definition(_: Path) -> None:
    torch.manual_seed(2)
    bounds, heads, groups, width = [0, 1, 38, 97, 130], 6, 3, 16
    inputs = [torch.randn(bounds[-1], count, width, dtype=torch.float64) for count in (heads, groups, groups)]
    place, document = torch.arange(bounds[-1]), torch.bucketize(torch.arange(bounds[-1]), torch.tensor(bounds[1:]), right=True)
    for window, scale in itertools.product((1, 5, 16, 37, 500), (None, 0.2)):
        allowed = (document[:, None] == document[None]) & (place[:, None] - place < window)

        def dense(query: Tensor, key: Tensor, value: Tensor, allowed: Tensor = allowed, scale: float | None = scale) -> Tensor:
            key, value = (part.repeat_interleave(heads // groups, 1) for part in (key, value))
            scores = torch.einsum("qhw,khw->hqk", query, key) * (scale or width**-0.5)
            return torch.einsum("hqk,khw->qhw", scores.masked_fill(~allowed.tril(), float("-inf")).softmax(-1), value).flatten(1)

        agree(lambda *parts: attend(*parts, Documents(bounds, {}), scale, window), dense, *inputs)  # noqa: B023


def check_head_and_loss_in_chunks_over_ranks_are_those_of_their_definition(_: Path) -> None:
    torch.manual_seed(4)
    group, rank, vocabulary, chunk = parallel_state.get_tensor_model_parallel_group(), torch.distributed.get_rank(), 23, head.MOST
    hidden, weight = torch.randn(11, 8), torch.randn(vocabulary, 8)
    labels = torch.randint(0, vocabulary, (11,))
    rows = -(-vocabulary // RANKS)
    padded = torch.cat([weight, torch.full((rows * RANKS - vocabulary, 8), 9.0)])
    share = head.Share(group, rank * rows, min(rows, vocabulary - rank * rows))
    for cap, head.MOST in itertools.product((None, 3.0), (4, 4096)):
        theirs = [hidden.clone().requires_grad_(), weight.clone().requires_grad_()]
        wanted = head.plainly(*theirs, labels, cap)
        wanted.backward()
        for in_place in (False, True):
            mine, own = hidden.clone().requires_grad_(), padded[rank * rows : (rank + 1) * rows].clone().requires_grad_()
            if in_place:
                own.main_grad = torch.zeros_like(own)
            found = head.loss(mine, own, labels, share, cap)
            found.backward()
            gradient = own.main_grad if in_place else own.grad
            assert abs(found - wanted) < 1e-4 and (mine.grad - theirs[0].grad).abs().max() < 1e-5, (cap, head.MOST)
            real = theirs[1].grad[share.first : share.first + share.rows]
            assert (gradient[: share.rows] - real).abs().max() < 1e-5 and gradient[share.rows :].abs().sum() == 0, (
                cap,
                head.MOST,
                in_place,
            )
        with torch.no_grad():
            weight_of_none = own.detach().clone().requires_grad_()
            weight_of_none.main_grad = torch.zeros_like(own)
            assert abs(head.loss(hidden, weight_of_none, labels, share, cap) - wanted) < 1e-4
            assert weight_of_none.main_grad.abs().sum() == 0, "a loss that is only looked at teaches nothing"
    head.MOST, own.grad = chunk, None  # as Megatron clears it
    nothing = torch.zeros(0, 8, requires_grad=True)
    loss = head.loss(nothing, own, labels[:0], share)
    loss.backward()
    assert loss == 0 and nothing.grad.shape == (0, 8)


def check_gradients_that_are_added_in_place_are_those_of_autograd(_: Path) -> None:
    torch.manual_seed(5)
    weight, rows = torch.randn(9, 4), torch.tensor([3, 3, 0, 8, 3])
    plain = weight.clone().requires_grad_()
    (F.embedding(rows, plain).square()).sum().backward()
    own = weight.clone().requires_grad_()
    own.main_grad = torch.ones_like(own)
    heard: list[int] = []
    own.register_post_accumulate_grad_hook(lambda parameter: heard.append(parameter.grad.untyped_storage().size()))
    gradients.Lookup.apply(own, rows).square().sum().backward()
    assert (own.main_grad - 1 - plain.grad).abs().max() < 1e-6 and heard == [0], "who waits is told, with a gradient of no memory"
    assert own.grad_added_to_main_grad
    into, inputs, outputs = torch.ones(3, 4), torch.randn(6, 4), torch.randn(6, 3)
    gradients.wgrad_gemm_accum_fp32(inputs.bfloat16(), outputs.bfloat16(), into)
    assert (into - 1 - outputs.bfloat16().float().t() @ inputs.bfloat16().float()).abs().max() < 1e-5


if __name__ == "__main__":
    torch.set_num_threads(1)
    connect(SPEC, int(os.environ["RANK"]), RANKS, os.environ["MEET"])
    run_checks(globals(), Path(sys.argv[1]))
    os._exit(0)
