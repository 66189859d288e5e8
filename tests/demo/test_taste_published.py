"""`make taste` published: the model is read alike by transformers 4 and 5 from the folder, the data set by `mlcroissant` and `datasets`."""

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
# Log-probabilities of the likeliest tokens of a conversation, and its tokens, as whatever transformers is here reads the folder.
READ = """
import json, sys, torch, transformers
from transformers import AutoModelForCausalLM, AutoTokenizer
model, tokenizer = AutoModelForCausalLM.from_pretrained(sys.argv[1]), AutoTokenizer.from_pretrained(sys.argv[1])
text = tokenizer.apply_chat_template([{"role": "user", "content": "1 + 1 = ? 한글"}], tokenize=False, add_generation_prompt=True)
tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
with torch.no_grad():
    best = model(torch.tensor([tokens])).logits[0].log_softmax(-1).topk(5)
ends = model.generation_config.to_dict()["eos_token_id"]
facts = [transformers.__version__, tokens, best.indices.tolist(), best.values.tolist(), ends]
print("READ " + json.dumps(facts))
"""


@pytest.fixture(scope="module")
def published(tasted: tuple[Path, str], home: Path) -> Path:
    """The folders of the model and of the data set."""
    out = tasted[0] / "published"
    shutil.rmtree(out, ignore_errors=True)
    for words in (
        ["model", "smollm2", "--repo", "lab/taste-ko"],
        ["data", "taste_mix", "--repo", "lab/taste-data-ko", "--redistributable"],
    ):
        done = subprocess.run([home / "bin/koreason", "publish", *words], cwd=tasted[0], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return out


def read(home: Path, environment: str, folder: Path) -> Any:
    done = subprocess.run([home / "envs/run", environment, "python", "-c", READ, folder], capture_output=True, text=True, check=False)
    lines = [line[5:] for line in done.stdout.splitlines() if line.startswith("READ ")]
    assert lines, done.stderr[-3000:]
    return json.loads(lines[0])


def test_transformers_4_and_5_read_the_model_alike(published: Path, home: Path) -> None:
    old, new = (read(home, environment, published / "model/taste-ko") for environment in ("interop", "megatron"))
    assert (old[0][0], new[0][0]) == ("4", "5")
    assert old[1] == new[1] and old[4] == new[4], "tokens, and what ends a turn"
    assert [place[0] for place in old[2]] == [place[0] for place in new[2]]
    assert max(math.dist(mine, its) for mine, its in zip(old[3], new[3], strict=True)) < 1e-3


def test_the_card_has_what_the_run_has(published: Path, tasted: tuple[Path, str]) -> None:
    card = (published / "model/taste-ko/README.md").read_text(encoding="utf-8")
    [scores] = (tasted[0] / "results/evals/smollm2/taste_mix/laptop_short").rglob("scores.json")
    mean = json.loads(scores.read_text())["accuracy"]["mean"]
    assert f"| {100 * mean:.2f} |" in card and "model-index:" in card and "a machine without GPUs" in card
    digest = json.loads((tasted[0] / "results/mixes/taste_mix/manifest.json").read_text())["files"]["mix.parquet"]["sha256"]
    assert digest in card


def test_the_data_set_is_valid(published: Path, home: Path) -> None:
    folder = published / "data/taste-data-ko"
    command = [home / "envs/run", "validators", "mlcroissant", "validate", "--jsonld", "croissant.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "warning" not in done.stderr.lower(), done.stderr[-3000:]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "demo\\_quiz" in card and "A handful of rows" in card
