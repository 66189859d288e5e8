"""What a trace's row and its request key are made of; no engine."""

import polars as pl
import pytest
from played_tokenizer import Tokenizer

from koreason.engine.drawing import Model
from koreason.engine.prompts.rendering import Renderer
from koreason.engine.spec import Engine, Sampling
from koreason.tables import POOL
from koreason.trace.shard import build_requests
from koreason.trace.spec import Recipe

PROMPT = {
    "prompt_id": "00a",
    "source": "s",
    "question": "사과 둘?",
    "target_share": 0.8,
    "dup_group": "0",
}


@pytest.mark.parametrize(
    ("system", "prefill", "rest", "engine", "former", "keys"),
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
            [
                "1b0fc4ab8e01911efd06638d68414426a0ccb07e2a9acd8a952c7a11646bf117",
                "6c5f524e2aa8bc183b9b91055d68028c215c96f348e4e2f14b4b459c7b869fc4",
            ],
        ),
        (
            None,
            "",
            (),
            Engine("bfloat16", 512, 4, 1, 1, 0.5, "fp8"),
            ["d111631bca4a970652948bf304efb0650838b9ab3360089f1b36d8f10b7c35ec"],
            ["9190913cd0c94678dcd921e7b17a5df2f09ede60beac3329e0408a6e86855dc1"],
        ),
    ],
)
def test_request_keys_never_change(system, prefill, rest, engine, former, keys):
    """Journals that were paid for are known by them, those of version 0.2.0 and before by the former ones."""
    sampling = Sampling(0.6, 0.95, 20, 0.0, 96, 24, *rest)
    recipe = Recipe(system=system, prefill=prefill, sampling=sampling, engine=engine, samples=len(keys), seed=3)
    teacher = Model(None, "f" * 64, "e" * 64, prefill, recipe.sampling, engine)
    vars(teacher)["renderer"] = Renderer(Tokenizer())
    requests = list(build_requests(pl.DataFrame([PROMPT], schema=POOL), recipe, teacher))
    assert [request.former for request in requests] == former
    assert [request.key for request in requests] == keys
