"""What a trace's row and its request key are made of; no engine."""

import polars as pl
import pytest

from koreason.engine.drawing import Model
from koreason.engine.spec import Engine, Sampling
from koreason.tables import POOL
from koreason.trace.rows import split_thinking
from koreason.trace.shard import build_requests
from koreason.trace.spec import Recipe

PROMPT = {
    "prompt_id": "00a",
    "source": "s",
    "question": "사과 둘?",
    "category": "Exams",
    "licence": "A",
    "target_share": 0.8,
    "dup_group": "0",
}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<think>\n하나\n</think>\n\n둘", ("하나", "둘")),
        ("<think>\n끝나지 않음", ("끝나지 않음", None)),
        ("바로 답", (None, "바로 답")),
        ("생각</think>답", ("생각", "답")),
        ("<think>가</think>나</think>다", ("가", "나</think>다")),
    ],
)
def test_thinking_ends_at_the_first_mark(text, parts):
    assert split_thinking(text) == parts


@pytest.mark.parametrize(
    ("system", "prefill", "rest", "engine", "keys"),
    [
        (
            "생각하고 답하세요.",
            "<think>\n",
            (48, "\n</think>\n\n답: ", ["."], 4),
            Engine("float32", 512, 4, 1, 1, 0.5),
            [
                "556407fab27589351b0e28313c700082e1ab2841dfb5a52e981b44643b490e03",
                "b39d6eb61b9ebcd81d47ba5f2efc1bfc95055ad42e741242bfb217d547bb5b15",
            ],
        ),
        (None, "", (), Engine("bfloat16", 512, 4, 1, 1, 0.5, "fp8"), ["d111631bca4a970652948bf304efb0650838b9ab3360089f1b36d8f10b7c35ec"]),
    ],
)
def test_request_keys_never_change(system, prefill, rest, engine, keys):
    """Journals that were paid for are known by them."""
    recipe = Recipe("t", "ko", system, prefill, Sampling(0.6, 0.95, 20, 0.0, 96, 24, *rest), engine, len(keys), 3, 1)
    teacher = Model(None, "f" * 64, prefill, recipe.sampling, engine)
    assert [request.key for request in build_requests(pl.DataFrame([PROMPT], schema=POOL), recipe, teacher)] == keys
