"""Every architecture, and the proportions of each published model, in every layout: as `transformers` has it, and as each other."""

import json
from pathlib import Path

import pytest
from train_scripts import HERE, start

from koreason.pretrained.published import PUBLISHED

WITHIN = 1e-5  # of a loss or a norm, where it is above one
FAMILIES = ("llama", "llama31", "qwen25", "qwen25_tied", "qwen3", "gemma3")
SAMPLE = ("A.X-3.1-Light", "Qwen2.5-7B-Instruct", "qwen3", "gemma-3-4b-it")  # of each architecture one
EVERY = (*FAMILIES, *(hub.rpartition("/")[2] for hub in PUBLISHED))


def steps(folder: Path, names: tuple[str, ...]) -> dict[str, dict[str, list[list[float]]]]:
    """Losses and gradient norms of ten steps, by model and layout."""
    script = ("-W", "ignore", HERE / "layouts.py", folder, *names)
    processes = [start(*script, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in range(4)]
    try:
        outputs = [process.communicate(timeout=3600) for process in processes]
    finally:
        for process in processes:
            process.kill()
    found = [line[8:] for line in outputs[0][0].splitlines() if line.startswith("RESULTS ")]
    assert found, "\n".join(errors for _, errors in outputs)
    return dict(json.loads(found[0]))


def off(found: list[list[float]], wanted: list[list[float]]) -> float:
    """The largest difference in the steps that both have."""
    both = ((mine, its) for pair in zip(found, wanted, strict=False) for mine, its in zip(*pair, strict=True))
    return max(abs(mine - its) / max(its, 1.0) for mine, its in both)


@pytest.mark.slow
@pytest.mark.parametrize("names", [pytest.param(SAMPLE, id="sample"), pytest.param(EVERY, id="all", marks=pytest.mark.soak)])
def test_no_layout_changes_what_is_learnt(tmp_path, names):
    widest = {"transformers": (0.0, "", ""), "one rank": (0.0, "", "")}
    for name, layouts in steps(tmp_path, names).items():
        assert len(layouts) == 9 and all(len(found) == 10 for layout, found in layouts.items() if layout != "transformers")
        assert layouts["one rank"][-1][0] < layouts["one rank"][0][0], (name, "it learns nothing")
        for against in widest:
            widest[against] = max(widest[against], *((off(found, layouts[against]), name, layout) for layout, found in layouts.items()))
    print(widest)
    assert all(found < WITHIN for found, _, _ in widest.values()), widest
