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


@pytest.mark.slow
@pytest.mark.parametrize("names", [pytest.param(SAMPLE, id="sample"), pytest.param(EVERY, id="all", marks=pytest.mark.soak)])
def test_no_layout_changes_what_is_learnt(tmp_path, names):
    widest = {"transformers": (0.0, ""), "one another": (0.0, "")}
    for name, layouts in steps(tmp_path, names).items():
        wanted, alone = layouts.pop("transformers"), layouts["one rank"]
        assert len(layouts) == 8 and all(len(found) == 10 for found in layouts.values())
        assert alone[-1][0] < alone[0][0], (name, "it learns nothing")
        for layout, found in layouts.items():
            for against, rows in (("transformers", wanted), ("one another", alone)):
                off = max(abs(mine - its) / max(its, 1.0) for pair in zip(found, rows, strict=False) for mine, its in zip(*pair, strict=True))
                widest[against] = max(widest[against], (off, f"{name}, {layout}"))
    print(widest)
    assert all(off < WITHIN for off, _ in widest.values()), widest
